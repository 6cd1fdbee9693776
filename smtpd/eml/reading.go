package eml

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"

	"postdesk/core"
)

// A Reading is how a mail would be read, as the command `postdesk letter` prints
// it: one JSON object a line. Its keys are an interface that others script
// against.
type Reading struct {
	File             string           `json:"file"`
	Subject          string           `json:"subject"`
	FromName         string           `json:"from_name"`
	FromAddress      string           `json:"from_address"`
	To               []string         `json:"to"`
	Cc               []string         `json:"cc"`
	MessageID        string           `json:"message_id"`
	InReplyTo        string           `json:"in_reply_to"`
	References       []string         `json:"references"`
	Text             string           `json:"text"` // the text/plain body
	HTMLPresent      bool             `json:"html_present"`
	Attachments      []ReadAttachment `json:"attachments"`
	ReplyText        string           `json:"reply_text"`
	ElidedText       string           `json:"elided_text"`
	Kind             core.Kind        `json:"kind"`
	AutoReply        bool             `json:"autoreply"` // a machine sent it and it must not be answered
	IsBounce         bool             `json:"is_bounce"`
	FailedRecipients []string         `json:"failed_recipients"`
	Status           []string         `json:"status"`
	Permanent        bool             `json:"permanent"`
	DSNKind          string           `json:"dsn_kind"` // failed, delayed, delivered, relayed
	IsFeedbackReport bool             `json:"is_feedback_report"`
	Defects          []string         `json:"defects"`
}

// A ReadAttachment names a file of a mail by its digests. Size is in bytes;
// SHA256LF is the digest with CRLF made LF and line ends at the end cut off.
type ReadAttachment struct {
	Filename    string `json:"filename"`
	ContentType string `json:"content_type"`
	Size        int    `json:"size"`
	SHA256      string `json:"sha256"`
	SHA256LF    string `json:"sha256_lf"`
}

// Read reads a mail and says how.
func Read(file string, raw []byte) Reading {
	l := Parse(raw)
	v := Reading{
		File:        file,
		Subject:     l.Subject,
		To:          addressesOf(l.To),
		Cc:          addressesOf(l.Cc),
		MessageID:   l.MessageID,
		References:  listed(l.References),
		Text:        l.PlainText,
		HTMLPresent: l.HTML != "",
		Attachments: make([]ReadAttachment, 0, len(l.Attachments)),
		ReplyText:   l.NewText(),
		ElidedText:  l.ElidedText(),
		Kind:        l.Kind,
		AutoReply:   l.Kind == core.KindAutoReply || l.Kind == core.KindGenerated,
		Defects:     listed(l.Defects),

		FailedRecipients: []string{},
		Status:           []string{},
	}
	if len(l.From) > 0 {
		v.FromName, v.FromAddress = l.From[0].Name, l.From[0].Address
	}
	if len(l.InReplyTo) > 0 {
		v.InReplyTo = l.InReplyTo[0]
	}
	for _, a := range l.Attachments {
		v.Attachments = append(v.Attachments, readAttachment(a))
	}
	if rep := l.Report; rep != nil {
		v.IsFeedbackReport = rep.Feedback
		v.IsBounce = !rep.Feedback && (rep.Action == core.ActionFailed || rep.Action == core.ActionDelayed)
		v.FailedRecipients, v.Status = listed(rep.FailedRecipients), listed(rep.Status)
		v.Permanent, v.DSNKind = rep.Permanent, string(rep.Action)
	}
	return v
}

func readAttachment(a core.Attachment) ReadAttachment {
	whole := sha256.Sum256(a.Content)
	lf := sha256.Sum256(bytes.TrimRight(bytes.ReplaceAll(a.Content, []byte("\r\n"), []byte("\n")), "\n"))
	return ReadAttachment{
		Filename: a.Filename, ContentType: a.ContentType, Size: len(a.Content),
		SHA256: hex.EncodeToString(whole[:]), SHA256LF: hex.EncodeToString(lf[:]),
	}
}

func addressesOf(as []core.NamedAddress) []string {
	out := make([]string, 0, len(as))
	for _, a := range as {
		out = append(out, a.Address)
	}
	return out
}

// listed is never null in JSON.
func listed(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
