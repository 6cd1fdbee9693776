package eml

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"strings"
	"time"
	"unicode/utf8"

	"postdesk/core"
)

// WriteContact writes what came by the contact form as a mail that Parse reads back
// word for word. Nothing of it can end a header line or a part: what a stranger
// typed is encoded.
func WriteContact(m core.ContactMail) []byte {
	var b bytes.Buffer
	field := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	field("From", mailbox(m.From))
	field("To", m.To.String())
	field("Subject", encoded(m.Subject))
	field("Date", m.Date.Format(time.RFC1123Z))
	field("Message-ID", "<"+m.MessageID+">")
	field("MIME-Version", "1.0")
	if len(m.Files) == 0 {
		field("Content-Type", "text/plain; charset=utf-8")
		field("Content-Transfer-Encoding", "quoted-printable")
		b.WriteString("\r\n")
		writeWords(&b, m.Text)
		return b.Bytes()
	}
	parts := multipart.NewWriter(&b)
	field("Content-Type", `multipart/mixed; boundary="`+parts.Boundary()+`"`)
	b.WriteString("\r\n")
	head := textproto.MIMEHeader{"Content-Type": {"text/plain; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"}}
	if part, err := parts.CreatePart(head); err == nil { // a buffer takes everything
		writeWords(part, m.Text)
	}
	for _, f := range m.Files {
		head := textproto.MIMEHeader{"Content-Type": {mediaType(f.ContentType)}, "Content-Transfer-Encoding": {"base64"},
			"Content-Disposition": {mime.FormatMediaType("attachment", map[string]string{"filename": f.Filename})}}
		if part, err := parts.CreatePart(head); err == nil {
			writeBase64(part, f.Content)
		}
	}
	_ = parts.Close()
	return b.Bytes()
}

// mailbox is an address with its name.
func mailbox(a core.NamedAddress) string {
	if a.Name == "" {
		return a.Address
	}
	return encoded(a.Name) + " <" + a.Address + ">"
}

// wordBytes is how much text one encoded word holds (RFC 2047 section 2), in bytes.
const wordBytes = 45

// encoded writes text as encoded words, whatever it is: plain text could look like
// an address, or like an encoded word of its own.
func encoded(text string) string {
	var words []string
	for text != "" {
		n := min(wordBytes, len(text))
		for n < len(text) && !utf8.RuneStart(text[n]) {
			n--
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(text[:n]))+"?=")
		text = text[n:]
	}
	return strings.Join(words, "\r\n ")
}

// mediaType is the bare type of a file that does not stand for a mail or for parts:
// those would be read, and not kept.
func mediaType(given string) string {
	media, _, err := mime.ParseMediaType(given)
	if err != nil || !strings.Contains(media, "/") || strings.HasPrefix(media, "multipart/") || strings.HasPrefix(media, "message/") {
		return "application/octet-stream"
	}
	return media
}

func writeWords(to io.Writer, text string) {
	w := quotedprintable.NewWriter(to)
	_, _ = w.Write([]byte(text)) // a buffer takes everything
	_ = w.Close()
}

// base64Line is how long a line is (RFC 2045 section 6.8).
const base64Line = 76

func writeBase64(to io.Writer, content []byte) {
	text := base64.StdEncoding.EncodeToString(content)
	for len(text) > 0 {
		n := min(base64Line, len(text))
		_, _ = to.Write([]byte(text[:n] + "\r\n"))
		text = text[n:]
	}
}
