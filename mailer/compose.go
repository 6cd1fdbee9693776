package mailer

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/wneessen/go-mail"

	"postdesk/core"
)

// Compose renders one mail. Two calls differ (their boundaries are random), so
// the bytes of the first are the ones to store and send. The error says which
// field of the Outgoing cannot be written; trying again does not help.
func Compose(o *core.Outgoing) ([]byte, error) {
	if o == nil {
		return nil, errors.New("compose: nothing to compose")
	}
	raw, err := compose(o)
	if err != nil {
		return nil, fmt.Errorf("compose %s: %w", o.Purpose, err)
	}
	return raw, nil
}

func compose(o *core.Outgoing) ([]byte, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithCharset(mail.CharsetUTF8), mail.WithEncoding(mail.EncodingQP))
	if err := setAddresses(msg, o); err != nil {
		return nil, err
	}
	if err := setFields(msg, o); err != nil {
		return nil, err
	}
	b, err := bodyOf(o)
	if err != nil {
		return nil, err
	}
	text, html := b.text(), b.html()
	msg.SetBodyString(mail.TypeTextPlain, text)
	msg.AddAlternativeString(mail.TypeTextHTML, html)
	addFiles(msg, b.Images, b.Attachments)
	var raw bytes.Buffer
	raw.Grow(4096 + (len(text)+len(html))*5/4 + encodedSize(o.Files))
	if _, err := msg.WriteTo(&raw); err != nil {
		return nil, err
	}
	return wire(unfoldFirst(raw.Bytes())), nil
}

// setFields writes all fields without addresses. Those that mark automatic mail
// stand there only where the Outgoing says so (mail-law section 5).
func setFields(msg *mail.Msg, o *core.Outgoing) error {
	if !validID(o.MessageID) {
		return errors.New("no usable Message-ID")
	}
	msg.SetMessageIDWithValue(o.MessageID)
	if validID(o.InReplyTo) {
		msg.SetGenHeader(mail.HeaderInReplyTo, "<"+o.InReplyTo+">")
	}
	if refs := references(o.References); refs != "" {
		msg.SetGenHeader(mail.HeaderReferences, refs)
	}
	msg.Subject(subject(o))
	date := o.Date
	if date.IsZero() {
		date = time.Now()
	}
	msg.SetDateWithValue(date.UTC())
	switch o.AutoSubmitted {
	case "":
	case "auto-replied", "auto-generated": // RFC 3834 section 5
		msg.SetGenHeader("Auto-Submitted", o.AutoSubmitted)
		msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	default:
		return errors.New("unknown Auto-Submitted value")
	}
	if loop := oneLine(o.Loop, maxSubject); loop != "" {
		msg.SetGenHeader(core.LoopHeader, loop)
	}
	return nil
}

// subject is that of the text, where a mail has one of its own: no word of the
// sender's comes back to whoever stood in From (mail-law section 5).
func subject(o *core.Outgoing) string {
	for _, s := range []string{o.SaidSubject(), o.Subject} {
		if s = oneLine(s, maxSubject); s != "" {
			return s
		}
	}
	return "(no subject)"
}
