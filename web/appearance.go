package web

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"

	"postdesk/core"
	"postdesk/core/language"
)

type appearancePage struct {
	base
	S       core.Settings // as typed
	Palette core.Palette
	Own     bool // an accent of its own is set
}

func (s *server) appearance(v *visit) error { return s.showAppearance(v, http.StatusOK, nil, nil) }

func (s *server) showAppearance(v *visit, status int, typed *core.Settings, f faults) (err error) {
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return err
	}
	p := appearancePage{}
	if p.S, err = s.desk.Settings(v.ctx()); err != nil {
		return err
	}
	p.Palette, p.Own = core.PaletteOf(p.S.Accent)
	if typed != nil {
		p.S.Name, p.S.Language, p.S.Accent = typed.Name, typed.Language, typed.Accent
	}
	if p.base, err = s.page(v, "Appearance", "settings"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "appearance", p)
}

func (s *server) updateAppearance(v *visit) error {
	typed := core.Settings{Name: v.field("name"), Brand: core.Brand{Language: language.Tag(v.field("language")), Accent: v.field("accent")}}
	tag := string(typed.Language)
	changes := core.BrandChanges{Name: &typed.Name, Language: &tag, Accent: &typed.Accent, NoLogo: v.field("no_logo") == "yes"}
	logo, err := logoOf(v.r)
	if err == nil {
		changes.Logo = logo
		err = s.desk.UpdateBrand(v.ctx(), v.actor, changes)
	}
	return v.after(err, "/admin/appearance", "updated", func(status int, f faults) error {
		return s.showAppearance(v, status, &typed, f)
	})
}

// logoOf reads the picture of the form; nil if there is none. More than core
// takes is read no further than to know that.
func logoOf(r *http.Request) ([]byte, error) {
	if r.MultipartForm == nil {
		return nil, nil
	}
	file, head, err := r.FormFile("logo")
	if errors.Is(err, http.ErrMissingFile) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, 1<<20))
	if err == nil && len(content) == 0 && head.Filename != "" {
		return nil, core.Invalid{Field: "logo", Code: core.CodeInvalid, Problem: "The file is empty."}
	}
	return content, err
}

// logoPath names the bytes, so that a browser asks once for each.
func logoPath(s core.Settings) string {
	if s.LogoHash == "" {
		return ""
	}
	return "/brand/logo?v=" + s.LogoHash
}

// brandStyle is the style sheet of the instance's colour. It is empty where the
// colour is the program's own.
func (s *server) brandStyle(v *visit) error {
	settings, err := s.desk.Settings(v.ctx())
	if err != nil {
		return err
	}
	return v.brand("text/css; charset=utf-8", []byte(styleOf(settings.Accent)))
}

func styleOf(accent string) string {
	p, ok := core.PaletteOf(accent)
	if !ok {
		return ""
	}
	return fmt.Sprintf(`:root { %s }
@media (prefers-color-scheme: dark) { :root { %s } }
.button.primary { background: %s; border-color: %[3]s; color: %[4]s; }
.button.primary:hover { background: %[3]s; border-color: %[4]s; color: %[4]s; }
.mark-ground { fill: %[3]s; }
`, tokensOf(p.Light), tokensOf(p.Dark), p.Ground, p.Ink)
}

func tokensOf(s core.Shades) string {
	return fmt.Sprintf("--accent: %s; --accent-strong: %s; --accent-ink: %s; --accent-soft: %s; --focus: %[1]s;", s.Accent, s.Strong, s.Ink, s.Soft)
}

func (s *server) brandLogo(v *visit) error {
	logo, err := s.desk.BrandLogo(v.ctx())
	if err != nil {
		return err
	}
	return v.brand(logo.Type, logo.Content)
}

// brandIcon is what stands in the browser's tab: the logo, else the program's mark
// in the accent colour.
func (s *server) brandIcon(v *visit) error {
	logo, err := s.desk.BrandLogo(v.ctx())
	if err == nil {
		return v.brand(logo.Type, logo.Content)
	}
	if !errors.Is(err, core.ErrNotFound) {
		return err
	}
	settings, err := s.desk.Settings(v.ctx())
	if err != nil {
		return err
	}
	return v.brand("image/svg+xml", []byte(iconOf(settings.Accent)))
}

func iconOf(accent string) string {
	ground, paper, fold := "#3353c4", "#ffffff", "#e8704a"
	if p, ok := core.PaletteOf(accent); ok {
		ground, paper, fold = p.Ground, p.Ink, p.Ground
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="%s"/><path d="M7 11.5h18v11a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 7 22.5z" fill="%s"/><g fill="none" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"><path d="M7 11.5 16 18l9-6.5" stroke="%s"/><path d="M12 7.500h8" stroke="%[2]s"/></g></svg>`, ground, paper, fold)
}

// brandPreview shows a button and a link on both grounds.
func (s *server) brandPreview(v *visit) error {
	settings, err := s.desk.Settings(v.ctx())
	if err != nil {
		return err
	}
	p, ok := core.PaletteOf(settings.Accent)
	if !ok {
		return core.ErrNotFound
	}
	half := func(x int, ground string, shades core.Shades) string {
		return fmt.Sprintf(`<g transform="translate(%d)"><rect width="270" height="120" rx="10" fill="%s"/><rect x="20" y="24" width="110" height="38" rx="7" fill="%s"/>`+
			`<text x="75" y="48" text-anchor="middle" fill="%s">Button</text><text x="20" y="96" fill="%s" text-decoration="underline">A link</text>`+
			`<rect x="150" y="24" width="100" height="38" rx="7" fill="%s"/><text x="200" y="48" text-anchor="middle" fill="%s">Open</text></g>`,
			x, ground, p.Ground, p.Ink, shades.Accent, shades.Soft, shades.Strong)
	}
	return v.brand("image/svg+xml", []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 560 120" font-family="sans-serif" font-size="15" font-weight="600">`+
		half(0, "#f5f4f1", p.Light)+half(290, "#15161a", p.Dark)+`</svg>`))
}

// brand gives bytes of the brand, the same for everybody. What a browser has
// already it gets no second time.
func (v *visit) brand(kind string, content []byte) error {
	h := fnv.New64a()
	_, _ = h.Write(content)
	tag := fmt.Sprintf(`"%x"`, h.Sum64())
	head := v.w.Header()
	head.Set("Cache-Control", "public, max-age=300")
	head.Set("ETag", tag)
	head.Del("Vary")
	if v.r.Header.Get("If-None-Match") == tag {
		v.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	head.Set("Content-Type", kind)
	head.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = v.w.Write(content) // the reader may have left
	return nil
}
