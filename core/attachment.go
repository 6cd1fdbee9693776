package core

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// An Upload is a file that somebody attaches.
type Upload struct {
	Filename    string
	ContentType string
	Content     []byte
}

// Bounds of what is attached to one message: a mail carries it, a third larger,
// and most servers take 25 to 35 MiB.
const (
	maxFiles     = 50
	maxFileBytes = 18 << 20
	maxFilename  = 200 // bytes
)

// attach stores files with a message, public like its words.
func attach(ctx context.Context, tx pgx.Tx, post PostID, files []Upload) error {
	if err := fit(files); err != nil {
		return err
	}
	batch := &pgx.Batch{}
	for _, f := range files {
		digest := sha256.Sum256(f.Content)
		batch.Queue(`
			insert into attachments (message_id, filename, content_type, size, sha256, content)
			values ($1, $2, $3, $4, $5, $6)`,
			post, cleanFilename(f.Filename), cleanMediaType(f.ContentType), len(f.Content), digest[:], notNil(f.Content))
	}
	return tx.SendBatch(ctx, batch).Close()
}

func fit(files []Upload) error {
	size := 0
	for _, f := range files {
		size += len(f.Content)
	}
	return FilesFit(len(files), int64(size))
}

// FilesFit tells whether one message can carry so many files of so many bytes
// together: Invalid of "files" if not.
func FilesFit(files int, size int64) error {
	if files > maxFiles || size > maxFileBytes {
		return Invalid{Field: "files", Code: CodeInvalid, Problem: "The files are too many or too large for a mail: at most 50, and 18 MiB together."}
	}
	return nil
}

// notNil keeps an empty file from being no file.
func notNil(content []byte) []byte {
	if content == nil {
		return []byte{}
	}
	return content
}

// cleanFilename is the last part of a path, on one line, of bounded length.
func cleanFilename(name string) string {
	name = cleanLine(name[strings.LastIndexAny(name, `/\`)+1:], maxFilename)
	for len(name) > maxFilename {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	if name == "" || strings.Trim(name, ".") == "" {
		return "file"
	}
	return name
}

// cleanMediaType is the bare type, or the one that says nothing.
func cleanMediaType(given string) string {
	media, _, err := mime.ParseMediaType(given)
	if err != nil || !strings.Contains(media, "/") {
		return "application/octet-stream"
	}
	return media
}

// storedFile is a File whose bytes stand in the row or in the raw mail.
type storedFile struct {
	Filename    string
	ContentType string
	ContentID   string
	Inline      bool
	SHA256      []byte `db:"sha256"`
	Ordinal     int
	Content     []byte
	InboundID   InboundID // 0: the bytes stand in the row
}

// seenFile is the file @id where the actor may have it: of a message for its
// conversation's requester, for those whose organization shares it and for staff who
// may view it, of a note for the latter only, of a draft for its author.
const seenFile = ` from attachments f
	left join messages m on m.id = f.message_id
	left join notes n on n.id = f.note_id
	left join drafts r on r.id = f.draft_id
	join conversations c on c.id = coalesce(m.conversation_id, n.conversation_id, r.conversation_id)
	where f.id = @id and (
		f.message_id is not null and ` + seesThread + `
		or @staff and ` + seesConversation + ` and (f.draft_id is null or r.user_id = @actor))`

func (a Actor) fileSight(id AttachmentID) pgx.StrictNamedArgs {
	args := a.sight()
	args["id"], args["staff"] = id, a.Can(DoView) == nil
	return args
}

const storedColumns = `select f.filename, f.content_type, f.content_id, f.inline, f.sha256, f.ordinal, f.content,
	coalesce(f.inbound_id, 0) as inbound_id`

// Attachment gives a file with all of its bytes, to those of OpenAttachment.
func (d *Desk) Attachment(ctx context.Context, actor Actor, id AttachmentID) (_ File, err error) {
	defer wrap(&err, "attachment %d", id)
	if err := actor.Can(DoUsePortal); err != nil {
		return File{}, err
	}
	f, err := one[storedFile](ctx, d.pool, storedColumns+seenFile, actor.fileSight(id))
	if err != nil {
		return File{}, err
	}
	parts, err := d.partsOf(ctx, d.pool, f.InboundID)
	if err != nil {
		return File{}, err
	}
	return f.file(parts)
}

// filesOfSQL reads the files of a message, for its copies.
const filesOfSQL = storedColumns + ` from attachments f where f.message_id = $1 order by f.ordinal, f.id`

// withContent gives files with their bytes. Those of a mail that is gone are left
// out.
func (d *Desk) withContent(ctx context.Context, q querier, stored []storedFile) ([]File, error) {
	read := map[InboundID][]Attachment{} // a mail has many files, and is large
	var files []File
	for _, s := range stored {
		parts, known := read[s.InboundID]
		if !known {
			var err error
			if parts, err = d.partsOf(ctx, q, s.InboundID); err != nil {
				return nil, err
			}
			read[s.InboundID] = parts
		}
		f, err := s.file(parts)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		files = append(files, f)
	}
	return files, nil
}

// partsOf reads the files of a raw mail. None of a mail that is gone.
func (d *Desk) partsOf(ctx context.Context, q querier, id InboundID) ([]Attachment, error) {
	if id == 0 || d.cfg.Read == nil {
		return nil, nil
	}
	source, err := sourceOf(ctx, q, `i.id = $1`, id)
	if err != nil || source == nil {
		return nil, err
	}
	l, err := d.readSource(ctx, source)
	return l.Attachments, err
}

// file takes the bytes, if need be from the files of the raw mail: by ordinal, or
// by digest where a newer reader counts otherwise. ErrNotFound if the mail holds
// no such file any more.
func (s storedFile) file(parts []Attachment) (File, error) {
	f := File{Name: s.Filename, ContentType: s.ContentType, ContentID: s.ContentID, Inline: s.Inline, Content: s.Content}
	if s.Content != nil {
		return f, nil
	}
	part, err := s.part(parts)
	if err != nil {
		return File{}, err
	}
	f.Content, err = part.Bytes()
	return f, err
}

// part finds the file among those of its mail.
func (s storedFile) part(parts []Attachment) (*Attachment, error) {
	is := func(i int) bool {
		parts[i].Sum()
		return bytes.Equal(parts[i].SHA[:], s.SHA256)
	}
	if s.Ordinal >= 0 && s.Ordinal < len(parts) && is(s.Ordinal) {
		return &parts[s.Ordinal], nil
	}
	for i := range parts {
		if is(i) {
			return &parts[i], nil
		}
	}
	return nil, ErrNotFound
}

// MessageHTML gives the HTML of a mail as it came, NOT safe to show outside of a
// sandbox, to staff who may view where it was filed. Empty if it has none.
// ErrNotFound.
func (d *Desk) MessageHTML(ctx context.Context, actor Actor, id InboundID) (_ string, err error) {
	defer wrap(&err, "HTML of mail %d", id)
	if err := actor.Can(DoView); err != nil {
		return "", err
	}
	args := actor.sight()
	args["id"] = id
	source, err := sourceOf(ctx, d.pool, `
		i.id = @id and i.raw is not null and exists (
			select from conversations c where `+seesConversation+` and c.id in (
				select conversation_id from messages where inbound_id = @id
				union all select conversation_id from notes where inbound_id = @id
				union all select conversation_id from drafts where inbound_id = @id and user_id = @actor))`, args)
	if err != nil || d.cfg.Read == nil {
		return "", err
	}
	l, err := d.readSource(ctx, source)
	if err != nil {
		return "", err
	}
	return hideLinksIn(ctx, d.pool, l.HTML)
}
