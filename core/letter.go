package core

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"net/netip"
	"strings"
	"time"
)

// An Envelope is what SMTP said about a mail, apart from its content (RFC 5321
// section 2.3.1).
type Envelope struct {
	ClientIP   netip.Addr
	Helo       string
	TLS        bool
	From       string   // MAIL FROM as given, empty for the null sender
	Recipients []string // RCPT TO as given, in order
	ReceivedAt time.Time
	// Channel is ChannelHelpCenter for what the contact form wrote; empty: it came by
	// SMTP. Trapped: a field of that form was filled in that no person sees.
	Channel Channel
	Trapped bool
}

// A Letter is a mail as it was read: plain data, valid UTF-8 without NUL, no
// MIME. Every input gives a Letter; what could not be read is told in Defects.
type Letter struct {
	FromFields   int            // number of From header fields; anything but 1 is suspect
	From         []NamedAddress // mailboxes of all From fields, addresses as written
	Sender       []NamedAddress
	ReplyTo      []NamedAddress
	ResentFrom   []NamedAddress // who sent a mail of somebody else's on (RFC 5322 section 3.6.6)
	OriginalFrom []NamedAddress // X-Original-From, written by lists that rewrite From
	To           []NamedAddress
	Cc           []NamedAddress
	Subject      string
	Date         time.Time // zero if absent or unreadable
	MessageID    string    // ids are without angle brackets
	InReplyTo    []string
	References   []string // in header order, the last 50

	Text  string // the readable text: text/plain, else what the HTML says
	HTML  string // decoded, NOT safe to show; empty if there is none
	Folds []Span // parts of Text that are quotes, signatures and the like, in order
	// PlainText is the text/plain body alone, empty when the mail has only HTML.
	PlainText string

	Attachments []Attachment

	Kind            Kind
	Unanswerable    bool     // must never be answered automatically (RFC 3834 section 2)
	VacationSubject bool     // the subject looks like a vacation notice: a hint, no proof
	ListHeaders     bool     // carries List-Id, List-Post or the like
	Report          *Report  // set when Kind is KindReport
	Loops           []string // values of LoopHeader fields
	ReceivedFields  int
	Defects         []string // what was wrong with the mail, one sentence each
	Notices         []string // warnings for staff: what of the mail they do not see, and why
}

// LoopHeader is the field that our automatic mail carries: instance and hop count.
const LoopHeader = "X-Postdesk-Loop"

// A NamedAddress is a mailbox of a header field, the address as it was written.
type NamedAddress struct {
	Name    string
	Address string
}

// A Span is a range of bytes of a text.
type Span struct{ Start, End int }

// An Attachment is a file of a mail. Inline ones are referred to by the HTML.
type Attachment struct {
	Filename    string
	ContentType string // media type alone, lower case
	ContentID   string // without angle brackets
	Inline      bool
	Folded      bool // inline, and only folded parts show it: a signature's picture, a quoted one
	Below       int  // inline: how many letters of new text stand below it
	Content     []byte
	// Of a file of a great mail that is not held in memory: how to read it, and its
	// first MiB. Content is nil then.
	Open func() io.Reader `json:"-"`
	Head []byte           `json:"-"`
	Size int64            // of the file in bytes, once Sum has counted them
	SHA  [sha256.Size]byte
}

// Sum counts the bytes of a file and takes their digest, if that was not done yet.
func (a *Attachment) Sum() {
	if a.Open == nil && a.SHA == [sha256.Size]byte{} {
		a.Size, a.SHA = int64(len(a.Content)), sha256.Sum256(a.Content)
	}
}

// headOfFile is what is kept of a file whose bytes are not, in bytes.
const headOfFile = 1 << 20

// Forget lets go of the bytes of a file, but for its beginning.
func (a *Attachment) Forget() {
	a.Sum()
	if a.Open == nil {
		a.Head = bytes.Clone(a.Content[:min(len(a.Content), headOfFile)])
		a.Open = func() io.Reader { return bytes.NewReader(nil) }
	}
	a.Content = nil
}

// Beginning is a file's first bytes, so many or fewer, but for a great one no more
// than a MiB.
func (a Attachment) Beginning(most int) []byte {
	if a.Open != nil {
		return a.Head[:min(len(a.Head), most)]
	}
	return a.Content[:min(len(a.Content), most)]
}

// Bytes is all of a file.
func (a Attachment) Bytes() ([]byte, error) {
	if a.Open != nil {
		return io.ReadAll(a.Open())
	}
	return a.Content, nil
}

// A Kind says who or what wrote a mail (mail-law: words, Kind).
type Kind string

// The kinds of mail.
const (
	KindHuman     Kind = "human"
	KindAutoReply Kind = "auto_reply" // vacation, receipt, challenge, reaction
	KindReport    Kind = "report"     // delivery status, bounce, complaint
	KindGenerated Kind = "generated"  // shop, form, monitor, list
)

// A Report is what a delivery status notification says (RFC 3464), or what a
// free-text bounce was understood to say.
type Report struct {
	Action           Action
	FailedRecipients []string
	Status           []string // RFC 3463 codes
	Permanent        bool
	Feedback         bool   // an abuse complaint (RFC 5965), no delivery status
	Text             string // the reason in the reporter's words, short
}

// An Action is the Action field of a report (RFC 3464 section 2.3.3).
type Action string

// The actions that a report may tell.
const (
	ActionFailed    Action = "failed"
	ActionDelayed   Action = "delayed"
	ActionDelivered Action = "delivered"
	ActionRelayed   Action = "relayed"
	ActionExpanded  Action = "expanded"
)

// NewText is what the author wrote now: Text without its folds. A mail that is
// folded from end to end is new as a whole, so that nothing stays unseen.
func (l Letter) NewText() string {
	if fresh := l.unfolded(); fresh != "" {
		return fresh
	}
	return strings.TrimSpace(l.Text)
}

// HasNewText tells that something of Text is not folded.
func (l Letter) HasNewText() bool { return l.unfolded() != "" }

// unfolded is Text without its folds, empty when they are all of it.
func (l Letter) unfolded() string {
	var b strings.Builder
	at := 0
	for _, f := range l.Folds {
		b.WriteString(l.Text[at:f.Start])
		at = f.End
	}
	b.WriteString(l.Text[at:])
	return strings.TrimSpace(b.String())
}

// ElidedText is what NewText leaves out, in order.
func (l Letter) ElidedText() string {
	if l.NewText() == strings.TrimSpace(l.Text) {
		return ""
	}
	var parts []string
	for _, f := range l.Folds {
		parts = append(parts, strings.Trim(l.Text[f.Start:f.End], "\r\n"))
	}
	return strings.Join(parts, "\n")
}

// ContentDigest names the decoded content, so that the same mail is known again
// when it comes by another way (mail-law section 7). It sums the files.
func (l Letter) ContentDigest() [32]byte {
	h := sha256.New()
	part := func(s string) {
		_ = binary.Write(h, binary.BigEndian, uint64(len(s)))
		_, _ = io.WriteString(h, s)
	}
	part(l.Subject)
	part(l.Text)
	part(l.HTML)
	for i := range l.Attachments {
		a := &l.Attachments[i]
		a.Sum()
		part(a.Filename)
		part(string(a.SHA[:]))
	}
	return [32]byte(h.Sum(nil))
}

// An Origin says whether the From address is real, and how that is known
// (mail-law: words, Origin).
type Origin struct {
	Verdict Verdict `json:",omitzero"`
	Domain  string  `json:",omitzero"` // the From domain that was judged
	SPF     string  `json:",omitzero"` // RFC 7208 result, with the domain: "pass acme.test"
	DKIM    string  `json:",omitzero"` // passing domains or the best failure: "pass acme.test"
	DMARC   string  `json:",omitzero"` // the policy found and whether it aligned: "reject, aligned"
	ARC     string  `json:",omitzero"` // what those who passed it on say, believed by nobody: "pass: list.test says …"
	Reason  string  `json:",omitzero"` // in words, for the panel
	Trusted bool    `json:",omitzero"` // it came over a trusted relay
}

// A Verdict is the outcome of authentication.
type Verdict string

// The verdicts, strongest first.
const (
	Proven   Verdict = "proven"
	Unproven Verdict = "unproven"
	Refuted  Verdict = "refuted"
)
