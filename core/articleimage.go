package core

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
)

// An ArticleImage is a picture of an article.
type ArticleImage struct {
	Article     ArticleID
	Digest      []byte // SHA-256 of the bytes
	Filename    string
	ContentType string // one of image/png, image/jpeg, image/gif, image/webp
	Width       int    // pixels
	Height      int
	Size        int // bytes
	AddedBy     PersonRef
	CreatedAt   time.Time
}

// Path is the address of the picture: its bytes never change.
func (i ArticleImage) Path() string { return ArticleImagePath + hex.EncodeToString(i.Digest) }

// ArticleImagePath is what the address of every picture begins with; the digest
// follows in hexadecimal.
const ArticleImagePath = "/help/images/"

// Bounds of pictures.
const (
	MaxArticleImageBytes = 5 << 20
	maxArticleImageSide  = 10_000 // pixels
	maxArticleImageArea  = 40_000_000
	maxArticleImages     = 200
)

// inspect tells what a picture is by its bytes, never by what it is called, and
// reads no more of it than its head. SVG is none: it can act.
func inspect(content []byte) (contentType string, width, height int, err error) {
	for _, kind := range []struct {
		contentType string
		magic       string
		size        func([]byte) (int, int, error)
	}{
		{"image/png", "\x89PNG\r\n\x1a\n", pngSize},
		{"image/jpeg", "\xff\xd8\xff", jpegSize},
		{"image/gif", "GIF87a", gifSize},
		{"image/gif", "GIF89a", gifSize},
		{"image/webp", "RIFF", webpSize},
	} {
		if !bytes.HasPrefix(content, []byte(kind.magic)) {
			continue
		}
		width, height, err = kind.size(content)
		if err != nil || width <= 0 || height <= 0 || width > maxArticleImageSide || height > maxArticleImageSide || width*height > maxArticleImageArea {
			break
		}
		return kind.contentType, width, height, nil
	}
	return "", 0, 0, Invalid{Field: "image", Code: CodeInvalid, Problem: "This is no PNG, JPEG, GIF or WebP picture that can be shown: up to 10,000 pixels wide and high."}
}

func pngSize(content []byte) (width, height int, err error) {
	c, err := png.DecodeConfig(bytes.NewReader(content))
	return c.Width, c.Height, err
}

func jpegSize(content []byte) (width, height int, err error) {
	c, err := jpeg.DecodeConfig(bytes.NewReader(content))
	return c.Width, c.Height, err
}

func gifSize(content []byte) (width, height int, err error) {
	c, err := gif.DecodeConfig(bytes.NewReader(content))
	return c.Width, c.Height, err
}

var errNoWebP = errors.New("no webp picture")

// webpSize reads the head of a WebP file (RFC 9649, sections 2.4 to 2.7).
func webpSize(b []byte) (width, height int, err error) {
	if len(b) < 30 || string(b[8:12]) != "WEBP" {
		return 0, 0, errNoWebP
	}
	switch {
	case string(b[12:16]) == "VP8 " && b[23] == 0x9d && b[24] == 0x01 && b[25] == 0x2a:
		return int(binary.LittleEndian.Uint16(b[26:])) & 0x3fff, int(binary.LittleEndian.Uint16(b[28:])) & 0x3fff, nil
	case string(b[12:16]) == "VP8L" && b[20] == 0x2f:
		bits := binary.LittleEndian.Uint32(b[21:])
		return int(bits&0x3fff) + 1, int(bits>>14&0x3fff) + 1, nil
	case string(b[12:16]) == "VP8X":
		three := func(i int) int { return int(b[i]) | int(b[i+1])<<8 | int(b[i+2])<<16 }
		return three(24) + 1, three(27) + 1, nil
	}
	return 0, 0, errNoWebP
}

// AddArticleImage keeps a picture for an article and gives its address. Who may
// save the article may add one. The same bytes again are the same picture.
// ErrNotFound, ErrForbidden, Invalid for what is no picture or too large.
func (d *Desk) AddArticleImage(ctx context.Context, actor Actor, id ArticleID, filename string, from io.Reader) (added ArticleImage, err error) {
	defer d.attempt(ctx, &err, actor, "add a picture to", object("article", id))
	if err := d.writes(ctx, actor, id); err != nil {
		return ArticleImage{}, err
	}
	content, err := io.ReadAll(io.LimitReader(from, MaxArticleImageBytes+1))
	if err != nil {
		return ArticleImage{}, err
	}
	if len(content) > MaxArticleImageBytes {
		return ArticleImage{}, Invalid{Field: "image", Code: CodeInvalid, Problem: fmt.Sprintf("The picture is too large: at most %d MiB.", MaxArticleImageBytes>>20)}
	}
	contentType, width, height, err := inspect(content)
	if err != nil {
		return ArticleImage{}, err
	}
	digest := sha256.Sum256(content)
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if _, err := lockEditable(ctx, tx, actor, id); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			insert into article_images (article_id, digest, content_type, filename, width, height, size, content, added_by)
			select @article, @digest, @type, @filename, @width, @height, @size, @content, @actor
			where (select count(*) from article_images where article_id = @article) < @most
			on conflict (article_id, digest) do nothing`,
			pgx.StrictNamedArgs{"article": id, "digest": digest[:], "type": contentType, "filename": cleanFilename(filename),
				"width": width, "height": height, "size": len(content), "content": content, "actor": actor.ID, "most": maxArticleImages})
		if err != nil {
			return err
		}
		added, err = one[ArticleImage](ctx, tx, articleImagesSQL+` and i.digest = $2`, id, digest[:])
		if errors.Is(err, ErrNotFound) {
			return Invalid{Field: "image", Code: CodeInvalid, Problem: "This article has as many pictures as one can have."}
		}
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		return audit(ctx, tx, actor, "article.picture_added", object("article", id), map[string]any{"picture": added.Filename, "size": added.Size})
	})
	return added, err
}

const articleImagesSQL = `
	select i.article_id as article, i.digest, i.filename, i.content_type, i.width, i.height, i.size, i.created_at,
		coalesce((select ` + personOf + theUser + `i.added_by), '{}') as added_by
	from article_images i where i.article_id = $1`

// ArticleImages lists the pictures of an article, newest first. ErrNotFound for who
// is no staff.
func (d *Desk) ArticleImages(ctx context.Context, actor Actor, id ArticleID) (_ []ArticleImage, err error) {
	defer wrap(&err, "pictures of article %d", id)
	if err := actor.Can(DoReadDraft); err != nil {
		return nil, err
	}
	if _, err := articleSeen(ctx, d.pool, actor, id); err != nil {
		return nil, err
	}
	return rows[ArticleImage](ctx, d.pool, articleImagesSQL+` order by i.id desc`, id)
}

// DeleteArticleImage takes a picture from an article. The right is that of adding
// one. ErrNotFound, ErrForbidden.
func (d *Desk) DeleteArticleImage(ctx context.Context, actor Actor, id ArticleID, digest []byte) (err error) {
	defer d.attempt(ctx, &err, actor, "take a picture from", object("article", id))
	if err := d.writes(ctx, actor, id); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		if _, err := lockEditable(ctx, tx, actor, id); err != nil {
			return err
		}
		name, err := value[string](ctx, tx, `delete from article_images where article_id = $1 and digest = $2 returning filename`, id, digest)
		if err != nil {
			return err
		}
		return audit(ctx, tx, actor, "article.picture_removed", object("article", id), map[string]any{"picture": name})
	})
}

// HelpImage gives a picture with its bytes to who may read one of the articles that
// have it. ErrNotFound.
func (d *Desk) HelpImage(ctx context.Context, reader Actor, digest []byte) (_ File, err error) {
	defer wrap(&err, "picture")
	if len(digest) != sha256.Size {
		return File{}, ErrNotFound
	}
	args := reader.helpSight()
	args["digest"] = digest
	found, err := one[struct {
		Filename, ContentType string
		Content               []byte
	}](ctx, d.pool, `
		select i.filename, i.content_type, i.content from article_images i
		join articles a on a.id = i.article_id join sections s on s.id = a.section_id
		where i.digest = @digest and `+seesArticle+` limit 1`, args)
	return File{Name: found.Filename, ContentType: found.ContentType, Content: found.Content}, err
}
