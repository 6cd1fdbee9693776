package mailertest

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // reads what other programs write
	"github.com/emersion/go-message/mail"
)

// A Mail is a received mail as its reader sees it.
type Mail struct {
	Header      mail.Header
	Text        string // the text/plain body, with LF line ends
	HTML        string // the text/html body
	Attachments []Attachment
}

// An Attachment is any part that is not the body, inline ones too.
type Attachment struct {
	Filename    string
	ContentType string
	ContentID   string // with its brackets
	Inline      bool
	Content     []byte
}

// Field gives the decoded value of a header field, empty if it is not there.
func (m Mail) Field(name string) string {
	value, err := m.Header.Text(name)
	if err != nil {
		return m.Header.Get(name)
	}
	return value
}

// Addresses gives the addresses of a header field, without names.
func (m Mail) Addresses(name string) (addresses []string) {
	list, _ := m.Header.AddressList(name)
	for _, a := range list {
		addresses = append(addresses, a.Address)
	}
	return addresses
}

// Links gives the lines of the text part that are nothing but a link.
func (m Mail) Links() (links []string) {
	for line := range strings.Lines(m.Text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "http") && !strings.Contains(line, " ") {
			links = append(links, line)
		}
	}
	return links
}

// Read parses a mail, and ends the test if that cannot be done.
func Read(t testing.TB, raw []byte) Mail {
	t.Helper()
	m, err := Parse(raw)
	if err != nil {
		t.Fatalf("cannot read the mail: %v\n%s", err, raw)
	}
	return m
}

// Parse reads a mail with go-message.
func Parse(raw []byte) (Mail, error) {
	entity, err := message.Read(bytes.NewReader(raw))
	if err != nil {
		return Mail{}, err
	}
	m := Mail{Header: mail.Header{Header: entity.Header}}
	return m, m.read(entity)
}

func (m *Mail) read(entity *message.Entity) error {
	parts := entity.MultipartReader()
	if parts == nil {
		return m.keep(entity)
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := m.read(part); err != nil {
			return err
		}
	}
}

func (m *Mail) keep(part *message.Entity) error {
	content, err := io.ReadAll(part.Body)
	if err != nil {
		return err
	}
	contentType, _, _ := part.Header.ContentType()
	disposition, params, _ := part.Header.ContentDisposition()
	switch {
	case disposition == "" && contentType == "text/plain":
		m.Text = strings.ReplaceAll(string(content), "\r\n", "\n")
	case disposition == "" && contentType == "text/html":
		m.HTML = strings.ReplaceAll(string(content), "\r\n", "\n")
	default:
		m.Attachments = append(m.Attachments, Attachment{
			Filename:    params["filename"],
			ContentType: contentType,
			ContentID:   part.Header.Get("Content-Id"),
			Inline:      disposition == "inline",
			Content:     content,
		})
	}
	return nil
}
