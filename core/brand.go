package core

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"

	"postdesk/core/language"
)

// A Brand is how an instance shows itself to customers.
type Brand struct {
	Language language.Tag // of who has chosen none
	Accent   string       // "#rrggbb"; empty: the program's own
	LogoHash string       // names the bytes of the logo; empty: there is none
}

const brandColumns = `language, coalesce(accent, '') as accent, coalesce(logo_hash, '') as logo_hash`

// A Logo is a picture that was checked to be what its type says.
type Logo struct {
	Type    string // image/png, image/jpeg, image/webp or image/gif
	Content []byte
	Hash    string
}

// maxLogo is the largest logo, in bytes: every first visit loads it.
const maxLogo = 256 << 10

// BrandChanges are new values; nil leaves one as it is.
type BrandChanges struct {
	Name     *string
	Language *string
	Accent   *string // "#rrggbb" or "rrggbb"; empty: the program's own
	Logo     []byte
	NoLogo   bool // take it away
}

// UpdateBrand changes how the instance shows itself. ErrForbidden; Invalid with the
// fields name, language, accent and logo.
func (d *Desk) UpdateBrand(ctx context.Context, actor Actor, c BrandChanges) (err error) {
	defer d.attempt(ctx, &err, actor, "update", "settings")
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	logo, err := c.check()
	if err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		before, err := one[Settings](ctx, tx, `select `+settingsColumns+` from instance for no key update`)
		if err != nil {
			return err
		}
		after, err := one[Settings](ctx, tx, `
			update instance set name = coalesce(@name, name), language = coalesce(@language, language),
				accent = case when @accent::text is null then accent else nullif(@accent, '') end,
				logo = case when @unset then null else coalesce(@logo, logo) end,
				logo_type = case when @unset then null else coalesce(@type, logo_type) end,
				logo_hash = case when @unset then null else coalesce(@hash, logo_hash) end
			returning `+settingsColumns,
			pgx.StrictNamedArgs{"name": c.Name, "language": c.Language, "accent": c.Accent, "unset": c.NoLogo && logo == nil,
				"logo": logo.content(), "type": logo.kind(), "hash": logo.hash()})
		if err != nil {
			return err
		}
		return recordBrand(ctx, tx, actor, before, after)
	})
}

func recordBrand(ctx context.Context, tx pgx.Tx, actor Actor, before, after Settings) error {
	c := changes{}
	c.note("name", before.Name, after.Name)
	c.note("language", before.Language, after.Language)
	c.note("accent", before.Accent, after.Accent)
	c.note("logo", before.LogoHash, after.LogoHash)
	if len(c) == 0 {
		return nil
	}
	return audit(ctx, tx, actor, "settings.appearance", "settings", c)
}

// BrandLogo gives the logo. ErrNotFound where there is none.
func (d *Desk) BrandLogo(ctx context.Context) (_ Logo, err error) {
	defer wrap(&err, "logo")
	return one[Logo](ctx, d.pool, `select logo_type as type, logo as content, logo_hash as hash from instance where logo is not null`)
}

func (c *BrandChanges) check() (*Logo, error) {
	if c.Name != nil {
		name := cleanLine(*c.Name, 100)
		if name == "" {
			return nil, Invalid{Field: "name", Code: CodeEmpty, Problem: "A name is needed."}
		}
		c.Name = &name
	}
	if c.Language != nil {
		tag, ok := language.Known(*c.Language)
		if !ok {
			return nil, Invalid{Field: "language", Code: CodeInvalid, Problem: "Postdesk does not speak that language."}
		}
		known := string(tag)
		c.Language = &known
	}
	if c.Accent != nil {
		accent, ok := cleanColour(*c.Accent)
		if !ok {
			return nil, Invalid{Field: "accent", Code: CodeInvalid, Problem: "A colour is written #rrggbb, such as #3353c4."}
		}
		c.Accent = &accent
	}
	return checkLogo(c.Logo)
}

var colour = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// cleanColour writes a colour as it is kept; empty stays empty.
func cleanColour(typed string) (string, bool) {
	typed = strings.ToLower(strings.TrimSpace(typed))
	if typed == "" {
		return "", true
	}
	typed = "#" + strings.TrimPrefix(typed, "#")
	return typed, colour.MatchString(typed)
}

// checkLogo looks at the bytes, never at the name or type that came with them. An
// SVG is a document that can hold scripts: it is refused.
func checkLogo(content []byte) (*Logo, error) {
	if len(content) == 0 {
		return nil, nil
	}
	invalid := func(problem string) error {
		return Invalid{Field: "logo", Code: CodeInvalid, Problem: problem}
	}
	if len(content) > maxLogo {
		return nil, invalid("The picture is larger than 256 KB.")
	}
	kind := pictureType(content)
	if kind == "" {
		return nil, invalid("That is no picture that can be shown: a PNG, JPEG, WebP or GIF is needed.")
	}
	sum := sha256.Sum256(content)
	return &Logo{Type: kind, Content: content, Hash: hex.EncodeToString(sum[:8])}, nil
}

// pictureType is what the first bytes of a picture say that it is, "" for what is
// none of the four.
func pictureType(content []byte) string {
	switch {
	case bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png"
	case bytes.HasPrefix(content, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	case bytes.HasPrefix(content, []byte("GIF87a")), bytes.HasPrefix(content, []byte("GIF89a")):
		return "image/gif"
	case len(content) > 12 && bytes.HasPrefix(content, []byte("RIFF")) && string(content[8:12]) == "WEBP":
		return "image/webp"
	}
	return ""
}

// content, kind and hash are null where there is no new logo.
func (l *Logo) content() []byte {
	if l == nil {
		return nil
	}
	return l.Content
}

func (l *Logo) kind() *string {
	if l == nil {
		return nil
	}
	return &l.Type
}

func (l *Logo) hash() *string {
	if l == nil {
		return nil
	}
	return &l.Hash
}
