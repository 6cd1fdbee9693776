package main

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// A browser is a person in front of the panel: it follows links, fills in forms
// that are there, and keeps cookies. It runs no scripts.
type browser struct {
	s    *story
	http *http.Client
	at   *url.URL
	page *html.Node
	code int
	text string // of the last answer
}

func (s *story) stranger() *browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	at, err := url.Parse("http://" + s.at.HTTP + "/")
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{s: s, http: &http.Client{Jar: jar}, at: at}
}

// signedIn is a browser of somebody who signed in by the form.
func (s *story) signedIn(email string) *browser {
	s.t.Helper()
	b := s.stranger()
	b.open("/signin")
	b.submit("/signin", url.Values{"email": {email}, "password": {password}})
	if b.code != 200 || strings.HasSuffix(b.at.Path, "/signin") {
		s.t.Fatalf("%s cannot sign in: %d at %s", email, b.code, b.at)
	}
	return b
}

func (b *browser) do(r *http.Request) {
	b.s.t.Helper()
	r.Header.Set("Origin", b.at.Scheme+"://"+b.at.Host)
	answer, err := b.http.Do(r)
	if err != nil {
		b.s.t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		b.s.t.Fatal(err)
	}
	b.code, b.text, b.at = answer.StatusCode, string(raw), answer.Request.URL
	b.page, _ = html.Parse(bytes.NewReader(raw))
}

// open follows a link, as it stands on a page or in a mail. Links of mails name
// localhost and the panel's port.
func (b *browser) open(link string) {
	b.s.t.Helper()
	u, err := b.at.Parse(link)
	if err != nil {
		b.s.t.Fatal(err)
	}
	u.Host = b.s.at.HTTP
	r, err := http.NewRequest("GET", u.String(), nil)
	if err != nil {
		b.s.t.Fatal(err)
	}
	b.do(r)
}

// form finds the form of the page with this action.
func (b *browser) form(action string) *html.Node {
	if b.page == nil {
		return nil
	}
	for n := range b.page.Descendants() {
		if n.Type == html.ElementNode && n.Data == "form" && strings.EqualFold(attribute(n, "method"), "post") {
			if u, err := b.at.Parse(attribute(n, "action")); err == nil && u.Path == action {
				return n
			}
		}
	}
	return nil
}

// submit fills in a form that is on the page and sends it: what the page has
// filled in already goes with it. A field that the form lacks fails the story.
func (b *browser) submit(action string, values url.Values, files ...file) {
	b.s.t.Helper()
	form := b.form(action)
	if form == nil {
		b.s.t.Fatalf("%s has no form for %s:\n%s", b.at, action, b.text)
	}
	all := filledIn(form)
	for name, value := range values {
		if _, there := all[name]; !there {
			b.s.t.Fatalf("the form for %s at %s has no field %q", action, b.at, name)
		}
		all[name] = value
	}
	if len(files) == 0 && attribute(form, "enctype") != "multipart/form-data" {
		b.post(action, all)
		return
	}
	b.postFiles(action, all, files)
}

// post sends a form that may not be there: what somebody crafts.
func (b *browser) post(action string, values url.Values) {
	b.s.t.Helper()
	b.send(action, "application/x-www-form-urlencoded", strings.NewReader(values.Encode()))
}

type file struct{ field, name, content string }

func (b *browser) postFiles(action string, values url.Values, files []file) {
	b.s.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, list := range values {
		for _, value := range list {
			_ = w.WriteField(name, value)
		}
	}
	for _, f := range files {
		part, err := w.CreateFormFile(f.field, f.name)
		if err != nil {
			b.s.t.Fatal(err)
		}
		_, _ = io.WriteString(part, f.content)
	}
	_ = w.Close()
	b.send(action, w.FormDataContentType(), &body)
}

func (b *browser) send(action, contentType string, body io.Reader) {
	b.s.t.Helper()
	u, err := b.at.Parse(action)
	if err != nil {
		b.s.t.Fatal(err)
	}
	r, err := http.NewRequest("POST", u.String(), body)
	if err != nil {
		b.s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	b.do(r)
}

// filledIn are the fields of a form as a browser would send them untouched.
func filledIn(form *html.Node) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		name := attribute(n, "name")
		if n.Type != html.ElementNode || name == "" {
			continue
		}
		switch n.Data {
		case "input":
			switch attribute(n, "type") {
			case "checkbox", "radio":
				if has(n, "checked") {
					values.Add(name, attribute(n, "value"))
				} else if _, there := values[name]; !there {
					values[name] = nil
				}
			case "file", "submit":
			default:
				values.Add(name, attribute(n, "value"))
			}
		case "textarea":
			values.Add(name, words(n))
		case "select":
			values[name] = chosen(n)
		case "button":
			if _, there := values[name]; !there {
				values[name] = nil
			}
		}
	}
	return values
}

func chosen(selection *html.Node) (values []string) {
	for n := range selection.Descendants() {
		if n.Data == "option" && has(n, "selected") {
			return []string{attribute(n, "value")}
		}
	}
	for n := range selection.Descendants() {
		if n.Data == "option" {
			return []string{attribute(n, "value")}
		}
	}
	return nil
}

// words are the text below a node.
func words(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// says tells whether the page shows these words.
func (b *browser) says(text string) bool {
	return b.page != nil && strings.Contains(words(b.page), text)
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

// accept uses a link of a mail: looks at it, as mail scanners do too, and sets a
// password.
func (b *browser) accept(link string) {
	b.s.t.Helper()
	b.open(link)
	b.submit(b.at.Path, url.Values{"password": {password}})
	if b.code != 200 {
		b.s.t.Fatalf("accept: %d %s", b.code, b.text)
	}
}
