package web

import (
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"postdesk/core"
)

// The public site of the Help Center. What a reader may see is core's to say; here
// it is laid out, and told to browsers and to search engines.

// helpBase is what every page of the Help Center knows besides.
type helpBase struct {
	base
	Crumbs      []crumb // the way down to this page, without the page itself
	Canonical   string  // the one address of this page, absolute; empty: none
	Description string  // in a sentence or two, for search engines
	NoIndex     bool    // search engines keep away
	Query       string  // what stands in the search box
	IsArticle   bool    // the page is one text, not a list
}

// A crumb is a page above this one.
type crumb struct{ Title, Path string }

// helpPage makes the base of a page that stands at path and that strangers read
// too, unless told otherwise.
func (s *server) helpPage(v *visit, title, path string) (helpBase, error) {
	b, err := s.page(v, title, "help")
	return helpBase{base: b, Canonical: s.publicURL + path}, err
}

// placeID reads the number of a path like /articles/12-some-words.
func placeID[T ~int64](v *visit) (T, error) {
	digits, _, _ := strings.Cut(chi.URLParam(v.r, "place"), "-")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 {
		return 0, core.ErrNotFound
	}
	return T(n), nil
}

func pathOfCategory(id core.CategoryID, title string) string {
	return fmt.Sprintf("/categories/%d-%s", id, slugOf(title, "category"))
}

func pathOfSection(id core.SectionID, title string) string {
	return fmt.Sprintf("/sections/%d-%s", id, slugOf(title, "section"))
}

// slugOf is the title in an address; a title in a script without Latin letters has
// none, and gets the word of what it is.
func slugOf(title, what string) string {
	if slug := core.Slug(title); slug != "article" {
		return slug
	}
	return what
}

// moved sends a reader who came by another address of the same thing to its own, and
// tells whether it had to. The path is one that we made: it leads to no other site.
func (v *visit) moved(path string) bool {
	if v.r.URL.Path == path {
		return false
	}
	if v.r.URL.RawQuery != "" {
		path += "?" + v.r.URL.RawQuery
	}
	http.Redirect(v.w, v.r, path, http.StatusMovedPermanently)
	return true
}

// showHelp answers with a page of the Help Center. A browser that has it already is
// told so: the tag is made of what the page says and of whom it is for, so that no
// change and no other person is missed.
func (s *server) showHelp(v *visit, name string, data any) error {
	page, err := s.markup(v, name, data)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Language", v.lang.Code())
	if v.impersonal() {
		v.w.Header().Set("Cache-Control", "public, max-age=60")
	}
	v.sendText("text/html; charset=utf-8", page)
	return nil
}

// impersonal tells that the page is the same for every stranger: nothing in the
// request but a language names this one, and nothing was done or asked.
func (v *visit) impersonal() bool {
	for _, c := range v.r.Cookies() {
		if c.Name != languageCookie {
			return false
		}
	}
	return v.actor.ID == 0 && v.r.URL.RawQuery == ""
}

// sendText answers with a text that may be in the browser's cache. Strangers get it
// compressed: there is no secret in their pages that the length could tell of (BREACH).
func (v *visit) sendText(kind string, text []byte) {
	head := v.w.Header()
	digest := sha256.Sum256(fmt.Appendf(nil, "%d %s %s", v.actor.ID, v.lang, text))
	tag := fmt.Sprintf(`W/"%x"`, digest[:12]) // weak: the same text, compressed or not
	head.Set("ETag", tag)
	head.Add("Vary", "Accept-Encoding")
	if hasTag(v.r, tag) {
		v.w.WriteHeader(http.StatusNotModified)
		return
	}
	head.Set("Content-Type", kind)
	if v.actor.ID != 0 || !takesGzip(v.r) {
		_, _ = v.w.Write(text) // the reader may have left
		return
	}
	head.Set("Content-Encoding", "gzip")
	packed := gzip.NewWriter(v.w)
	_, _ = packed.Write(text)
	_ = packed.Close()
}

// hasTag tells that the browser has what the tag names (RFC 9110, section 13.1.2).
func hasTag(r *http.Request, tag string) bool {
	for _, had := range r.Header.Values("If-None-Match") {
		for one := range strings.SplitSeq(had, ",") {
			if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == strings.TrimPrefix(tag, "W/") {
				return true
			}
		}
	}
	return false
}

// takesGzip reads Accept-Encoding (RFC 9110, section 12.5.3).
func takesGzip(r *http.Request) bool {
	for one := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(one, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			_, q, _ := strings.Cut(strings.ReplaceAll(weight, " ", ""), "=")
			n, err := strconv.ParseFloat(q, 64)
			return err != nil || n > 0
		}
	}
	return false
}

// excerptOf makes one line of the beginning of a text, that ends with a word.
func excerptOf(text string) string {
	words := strings.Fields(text)
	if len(words) > 1 && len([]rune(text)) >= excerptRunes {
		words[len(words)-1] = "…"
	}
	return strings.Join(words, " ")
}

// excerptRunes is where core cuts the beginning of a text off.
const excerptRunes = 200
