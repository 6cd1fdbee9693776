package web

import (
	"encoding/xml"
	"net/http"
	"strings"
	"time"

	"postdesk/core"
)

// What machines read: the sitemap, the rules for robots, and the feed. All three
// tell a stranger's view, whoever asks.

type sitemapURL struct {
	Loc     string `xml:"loc"`
	LastMod string `xml:"lastmod,omitempty"`
}

// mostURLs is what one file of a sitemap may hold (sitemaps.org).
const mostURLs = 50_000

func (s *server) sitemap(v *visit) error {
	home, err := s.desk.HelpHome(v.ctx(), core.Actor{})
	if err != nil {
		return err
	}
	articles, err := s.desk.HelpSitemap(v.ctx())
	if err != nil {
		return err
	}
	urls := []sitemapURL{{Loc: s.publicURL + "/"}}
	for _, c := range home.Categories {
		urls = append(urls, sitemapURL{Loc: s.publicURL + pathOfCategory(c.ID, c.Title)})
		for _, section := range c.Sections {
			urls = append(urls, sitemapURL{Loc: s.publicURL + pathOfSection(section.ID, section.Title)})
		}
	}
	for _, a := range articles {
		path := core.ArticleRef{ID: a.ID, Slug: a.Slug}.Path()
		urls = append(urls, sitemapURL{s.publicURL + path, a.UpdatedAt.UTC().Format(time.RFC3339)})
	}
	return v.sendXML("application/xml; charset=utf-8", struct {
		XMLName xml.Name     `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
		URLs    []sitemapURL `xml:"url"`
	}{URLs: urls[:min(len(urls), mostURLs)]})
}

// sendXML answers with a document for machines, the same for everybody.
func (v *visit) sendXML(kind string, document any) error {
	text, err := xml.MarshalIndent(document, "", " ")
	if err != nil {
		return err
	}
	v.actor = core.Actor{} // told to nobody in particular
	v.w.Header().Del("Vary")
	v.w.Header().Set("Cache-Control", "public, max-age=3600")
	v.sendText(kind, append([]byte(xml.Header), text...))
	return nil
}

// closed is where robots have no business.
var closed = []string{"/agent", "/admin", "/api/", "/conversations", "/profile", "/accept/", "/reset", "/signin", "/signout", "/files/", "/frame/", "/search"}

func (s *server) robots(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, _ = w.Write([]byte("User-agent: *\nDisallow: " + strings.Join(closed, "\nDisallow: ") + "\n\nSitemap: " + s.publicURL + "/sitemap.xml\n"))
}

// A feed is an Atom feed (RFC 4287).
type feed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  string      `xml:"author>name"`
	Links   []feedLink  `xml:"link"`
	Entries []feedEntry `xml:"entry"`
}

type feedLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
}

type feedEntry struct {
	ID        string   `xml:"id"`
	Title     string   `xml:"title"`
	Published string   `xml:"published,omitempty"`
	Updated   string   `xml:"updated"`
	Link      feedLink `xml:"link"`
	Summary   string   `xml:"summary"`
}

const mostInFeed = 20

// feed tells of the articles that changed last.
func (s *server) feed(v *visit) error {
	settings, err := s.desk.Settings(v.ctx())
	if err != nil {
		return err
	}
	articles, _, err := s.desk.Articles(v.ctx(), core.Actor{}, core.ArticleFilter{Status: core.ArticlePublished, Page: core.Page{Limit: mostInFeed}})
	if err != nil {
		return err
	}
	here := s.publicURL + "/articles.atom"
	f := feed{ID: here, Title: settings.Name, Author: settings.Name, Updated: time.Unix(0, 0).UTC().Format(time.RFC3339),
		Links: []feedLink{{"self", here}, {"alternate", s.publicURL + "/"}}}
	for _, a := range articles {
		e := feedEntry{ID: s.publicURL + core.ArticleRef{ID: a.ID, Slug: "article"}.Path(), Title: a.Title, Summary: excerptOf(a.Excerpt),
			Updated: a.UpdatedAt.UTC().Format(time.RFC3339), Link: feedLink{"alternate", s.publicURL + a.Path()}}
		if a.PublishedAt != nil {
			e.Published = a.PublishedAt.UTC().Format(time.RFC3339)
		}
		f.Updated = max(f.Updated, e.Updated)
		f.Entries = append(f.Entries, e)
	}
	return v.sendXML("application/atom+xml; charset=utf-8", f)
}
