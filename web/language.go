package web

import (
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"postdesk/core"
	"postdesk/core/language"
)

// languageCookie remembers what a visitor chose in the footer. It names a
// language and nobody.
const languageCookie = "postdesk_language"

// languageOf chooses the language of an answer: the one that the address asks for,
// else the person's own, else what this browser chose before, else what it asks
// for, else the instance's. The panel is in English.
func (s *server) languageOf(v *visit) (language.Tag, error) {
	v.w.Header().Set("Vary", "Accept-Language, Cookie")
	if v.actor.Role.Staff() && isPanel(v.r.URL.Path) {
		return language.English, nil
	}
	chosen := ""
	if c, err := v.r.Cookie(languageCookie); err == nil {
		chosen = c.Value
	}
	for _, locale := range []string{v.query("lang"), v.actor.Locale, chosen} {
		if t, ok := language.Known(locale); ok {
			return t, nil
		}
	}
	if t, ok := language.Accepted(v.r.Header.Get("Accept-Language")); ok {
		return t, nil
	}
	settings, err := s.desk.Settings(v.ctx())
	return settings.Language, err
}

func isPanel(path string) bool {
	return strings.HasPrefix(path, "/agent") || strings.HasPrefix(path, "/admin")
}

// t says a sentence in the language of the visit.
func (v *visit) t(sentence string, values ...any) string { return v.lang.Say(sentence, values...) }

// setLanguage is the switcher in the footer. Who is signed in is written to in
// that language from then on.
func (s *server) setLanguage(v *visit) error {
	chosen, ok := language.Known(v.field("language"))
	if !ok {
		return core.Invalid{Field: "language", Code: core.CodeInvalid, Problem: "Postdesk does not speak that language."}
	}
	if v.actor.ID != 0 {
		locale := string(chosen)
		if _, err := s.desk.UpdateProfile(v.ctx(), v.actor, core.ProfileChanges{Locale: &locale}); err != nil {
			return err
		}
	}
	const year = 365 * 24 * 3600
	http.SetCookie(v.w, &http.Cookie{Name: languageCookie, Value: string(chosen), Path: "/", MaxAge: year,
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode})
	return v.see(v.cameFrom(), "")
}

// Languages are those of the switcher.
func (b base) Languages() []language.Tag { return language.All() }

// cameFrom is the page of ours that a form was sent from, "/" where that is not
// known or was itself the answer to a form. It stands in the header and not in the
// form, because the address of a page can hold a secret.
func (v *visit) cameFrom() string {
	u, err := url.Parse(v.r.Referer())
	if err != nil || !chi.RouteContext(v.ctx()).Routes.Match(chi.NewRouteContext(), http.MethodGet, u.Path) {
		return "/"
	}
	q := u.Query()
	q.Del("lang")
	q.Del("said")
	u.RawQuery = q.Encode()
	return firstOf(localPath(u.RequestURI()), "/")
}

// funcsIn are the functions of templates that speak.
func funcsIn(tag language.Tag) template.FuncMap {
	return template.FuncMap{
		"t":          tag.Say,
		"rich":       func(sentence string, values ...any) []richPiece { return rich(tag, sentence, values) },
		"size":       func(n int64) string { return sizeIn(tag, n) },
		"roleName":   func(r core.Role) string { return tag.Translate(roleName(r)) },
		"statusName": func(s any) string { return tag.Say("status." + strings.ToLower(words(s))) },
	}
}

// pagesIn are the pages of a language.
func (s *server) pagesIn(tag language.Tag) pages {
	if tag == language.German {
		return s.german
	}
	return s.pages
}

// A richPiece is a stretch of a sentence: bold, a link, or neither. Its text is
// escaped by the template.
type richPiece struct {
	Text string
	Bold bool
	Link string
}

var richMark = regexp.MustCompile(`\*\*(.+?)\*\*|\[([^\]]+)\]\((\w+)\)`)

// rich reads the marks of a sentence: **bold** and [words](name of a value). A
// value makes no mark.
func rich(tag language.Tag, sentence string, values []any) (pieces []richPiece) {
	open := tag.Open(sentence, values...)
	fill := func(text string) string {
		return language.Fill(text, func(value string) string { return value }, values...)
	}
	at := 0
	for _, m := range richMark.FindAllStringSubmatchIndex(open, -1) {
		if m[0] > at {
			pieces = append(pieces, richPiece{Text: fill(open[at:m[0]])})
		}
		if m[2] >= 0 {
			pieces = append(pieces, richPiece{Text: fill(open[m[2]:m[3]]), Bold: true})
		} else {
			pieces = append(pieces, richPiece{Text: fill(open[m[4]:m[5]]), Link: fill("{" + open[m[6]:m[7]] + "}")})
		}
		at = m[1]
	}
	if at < len(open) {
		pieces = append(pieces, richPiece{Text: fill(open[at:])})
	}
	return slices.Clip(pieces)
}
