package eml

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/emersion/go-message/mail"
)

// What another library writes by the book must come back word for word: its
// encoded words, parameters, boundaries and transfer encodings are not ours.
func TestWhatGoMessageWritesIsReadBack(t *testing.T) {
	t.Parallel()
	const subject, name, file = "Ärger – der Drucker raucht schon wieder, und zwar seit Montag früh: 日本語の件名", "Cára, \"Doe\" Ünal", "Прайс 2026 – neu.txt"
	words, content := "It smokes – hélp!\r\n=3D stays, a line = too.  \r\n.\r\nFrom here on\r\n", "\x00\xff\r\nbytes\n"
	var raw bytes.Buffer
	var h mail.Header
	h.SetSubject(subject)
	h.SetAddressList("From", []*mail.Address{{Name: name, Address: "cara@acme.test"}})
	h.SetMsgIDList("References", []string{"a@desk.test", "b@desk.test"})
	w, err := mail.CreateWriter(&raw, h)
	if err != nil {
		t.Fatal(err)
	}
	var text mail.InlineHeader
	text.SetContentType("text/plain", map[string]string{"charset": "utf-8"})
	text.Set("Content-Transfer-Encoding", "quoted-printable")
	var attached mail.AttachmentHeader
	attached.SetFilename(file)
	attached.Set("Content-Transfer-Encoding", "base64")
	fill := func(part io.WriteCloser, err error, s string) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, s); err != nil {
			t.Fatal(err)
		}
		if err := part.Close(); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateSingleInline(text)
	fill(part, err, words)
	part, err = w.CreateAttachment(attached)
	fill(part, err, content)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l := Parse(raw.Bytes())
	sound(t, l)
	if l.Subject != subject || fmt.Sprint(l.From) != fmt.Sprintf("[{%s cara@acme.test}]", name) || !slices.Equal(l.References, []string{"a@desk.test", "b@desk.test"}) {
		t.Errorf("%q from %q, references %q", l.Subject, l.From, l.References)
	}
	if got := l.PlainText; got != newlines(words) {
		t.Errorf("text %q", got)
	}
	if len(l.Attachments) != 1 || l.Attachments[0].Filename != file || string(l.Attachments[0].Content) != content || len(l.Defects) > 0 {
		t.Errorf("files %+v, defects %q", l.Attachments, l.Defects)
	}
}
