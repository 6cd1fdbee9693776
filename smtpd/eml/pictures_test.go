package eml

import (
	"fmt"
	"strings"
	"testing"
)

// withPictures is a mail in text and HTML with pictures of its own.
func withPictures(text, page string, ids ...string) []byte {
	var b strings.Builder
	b.WriteString("From: abe@desk.test\nContent-Type: multipart/related; boundary=r\n\n--r\nContent-Type: multipart/alternative; boundary=a\n\n")
	if text != "" {
		b.WriteString("--a\nContent-Type: text/plain; charset=utf-8\n\n" + text + "\n")
	}
	b.WriteString("--a\nContent-Type: text/html; charset=utf-8\n\n" + page + "\n--a--\n")
	for _, id := range ids {
		b.WriteString("--r\nContent-Type: image/png; name=" + id + ".png\nContent-ID: <" + id + "@x>\nContent-Disposition: inline\n\n" + id + "\n")
	}
	return crlf(b.String() + "--r--\n")
}

func TestAPictureIsWhereThePageShowsIt(t *testing.T) {
	t.Parallel()
	img := func(id string) string { return `<img src="cid:` + id + `@x" alt="">` }
	for name, c := range map[string]struct {
		text, page string
		want       string // id folded below
	}{
		"among the words":                 {"", "<p>See " + img("a") + " here</p>", "a false 4"},
		"in a signature":                  {"", "<p>New.</p><div class=gmail_signature>Abe<br>" + img("a") + "</div>", "a true 0"},
		"a signature of a picture alone":  {"", "<p>New.</p><div class=gmail_signature>" + img("a") + "</div>", "a true 0"},
		"in a signature under two dashes": {"New.\n\n-- \nAbe\n", "<p>New.</p><p>-- <br>Abe<br>" + img("a") + "</p>", "a true 0"},
		"in a quote":                      {"New.\n\n> old\n", "<p>New.</p><blockquote type=cite>old " + img("a") + "</blockquote>", "a true 0"},
		"in the words and in the quote":   {"", "<p>New " + img("a") + " words.</p><blockquote type=cite>old " + img("a") + "</blockquote>", "a false 6"},
		"in Outlook's quote":              {"", "<p>New.</p><div id=divRplyFwdMsg><b>From:</b> x<br><b>Sent:</b> y<br><b>To:</b> z<br></div><div>old " + img("a") + "</div>", "a true 0"},
		"one of each":                     {"", "<p>" + img("a") + "</p><p>New.</p><div class=moz-signature>Abe " + img("b") + "</div>", "a false 4, b true 0"},
		"a mark that somebody wrote":      {"", "<p>\uFFFC \uFFFC New " + img("a") + "</p>", "a false 0"},
	} {
		var ids []string
		for _, id := range []string{"a", "b"} {
			if strings.Contains(c.page, "cid:"+id) {
				ids = append(ids, id)
			}
		}
		l := Parse(withPictures(c.text, c.page, ids...))
		sound(t, l)
		var got []string
		for _, f := range l.Attachments {
			if f.Inline {
				got = append(got, fmt.Sprintf("%s %t %d", strings.TrimSuffix(f.ContentID, "@x"), f.Folded, f.Below))
			}
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %s, want %s (%q)", name, s, c.want, l.Text)
		}
	}
}

func TestAPageKnowsTheSignatureOfItsText(t *testing.T) {
	t.Parallel()
	const page = `<div>New words.</div><div id="Signature"><b>Abe Agent</b><br>Acme <a href="https://acme.test/">acme.test</a><br><a href="mailto:abe@private.test">abe@private.test</a><br>+49 30 1234567</div>`
	for name, text := range map[string]string{
		"as it is":               "New words.\n\nAbe Agent\nAcme acme.test\nabe@private.test\n+49 30 1234567\n",
		"with marks and links":   "New words.\n\n*Abe Agent*\nAcme acme.test<https://acme.test/>\nabe@private.test <mailto:abe@private.test>\n+49 30 1234567\n",
		"over a quote":           "New words.\n\nAbe Agent\nAcme acme.test\nabe@private.test\n+49 30 1234567\n\nOn Mon, 5 Jan 2026, S wrote:\n> old\n",
		"in lines that are else": "New words.\n\nAbe Agent Acme\nacme.test abe@private.test +49 30\n1234567\n",
	} {
		l := Parse(withPictures(text, page))
		sound(t, l)
		if got := l.NewText(); got != "New words." {
			t.Errorf("%s: %q", name, got)
		}
	}
	// What is all signature, and what only begins alike, stays.
	for _, text := range []string{"Abe Agent\nAcme acme.test\nabe@private.test\n+49 30 1234567\n", "New words.\nAbe Agent\nis ill.\n"} {
		if l := Parse(withPictures(text, page)); l.NewText() != strings.TrimSpace(text) {
			t.Errorf("%q became %q", text, l.NewText())
		}
	}
}
