package eml

import "testing"

// RFC 2557: a page may name its files by where they came from.
func TestAFileWithoutAnIDIsKnownByItsLocation(t *testing.T) {
	t.Parallel()
	const mail = "From: a@x.test\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<img src=a.png>\n" +
		"--b\nContent-Type: image/png\nContent-Location: a.png\n\nx\n--b\nContent-Type: image/png\nContent-ID: <b@x>\nContent-Location: b.png\n\ny\n" +
		"--b\nContent-Type: image/png\nContent-Location:\n https://acme.test/\n c.png\n\nz\n--b--\n"
	l := Parse(crlf(mail))
	if len(l.Attachments) != 3 {
		t.Fatalf("%d files", len(l.Attachments))
	}
	for i, want := range []string{"a.png", "b@x", "https://acme.test/c.png"} {
		if got := l.Attachments[i].ContentID; got != want {
			t.Errorf("file %d is known as %q, not %q", i, got, want)
		}
	}
}
