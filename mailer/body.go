package mailer

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"postdesk/core"
	"postdesk/core/language"
)

// A body is what a mail says, in the order in which it says it. The text part
// and the HTML part are two ways to write the same body.
type body struct {
	Language language.Tag
	Accent   string // of a button; empty: our own
	Instance string
	Card     bool   // a mail of the help desk itself; a person's words stand free
	Alert    string // the first line, where something must be known at once
	Main     []paragraph
	Quotes   []quote
	Small    []paragraph // small print

	Attachments []core.File // not shown
	Images      []image     // shown under the words
}

// A paragraph is blocks without space between them.
type paragraph []block

// A block is a line of the mailbox's text, or one of the things that stand in it.
type block struct {
	Kind   core.LineKind
	Spans  []span
	Words  string // of a message or signature
	Link   link
	Images []image // under a message
}

// A span is a piece of a line, a link if it has a URL.
type span struct {
	Text, URL string
	Bold      bool
}

type link struct{ Label, URL, Expires string }

type quote struct{ Head, Text string }

// bodyOf finds the words for a mail: those of its text, and around them what no
// text changes.
func bodyOf(o *core.Outgoing) (*body, error) {
	b := &body{Language: o.Language, Accent: o.Accent, Instance: oneLine(o.Instance, maxName), Card: o.Purpose != core.PurposeReply && o.Purpose != core.PurposeCopy}
	if b.Instance == "" {
		b.Instance = o.Language.Say("Help desk")
	}
	if o.Purpose == core.PurposeStaffNotice && o.Notice == core.NoticeDigest {
		b.digest(o)
		return b, nil
	}
	safe := *o
	safe.Link, safe.Page, safe.AccountPage = safeURL(o.Link), safeURL(o.Page), safeURL(o.AccountPage)
	said, ok := safe.Said()
	if !ok {
		return nil, fmt.Errorf("unknown purpose %q, notice %q", o.Purpose, o.Notice)
	}
	if safe.Link == "" && needsLink(o) {
		return nil, errors.New("no usable link")
	}
	if o.Purpose == core.PurposeCopy {
		b.Alert = o.Language.Say(core.CopyNotice)
	}
	b.say(&safe, said)
	return b, nil
}

// needsLink tells the mails that are for nothing but their link.
func needsLink(o *core.Outgoing) bool {
	account := o.Purpose == core.PurposeVerify || o.Purpose == core.PurposeInvite || o.Purpose == core.PurposeReset
	return account && o.Notice != core.NoticeAddresses && o.Notice != core.NoticeSecurity
}

// say takes over what the text says. Files and history come with the words of a
// person, and only with them.
func (b *body) say(o *core.Outgoing, said core.ReadText) {
	if speaks(o) {
		b.Images, b.Attachments = splitFiles(o)
		for _, q := range o.Quote {
			head := o.Language.Say("On {date}, {author} wrote:", "date", o.Moment(q.At), "author", someone(o, q.Author))
			b.Quotes = append(b.Quotes, quote{head, prose(q.Text)})
		}
	}
	b.Main, b.Small = b.paragraphs(o, said.Main), b.paragraphs(o, said.Small)
}

// speaks tells the mails that hold a person's words.
func speaks(o *core.Outgoing) bool {
	return o.Purpose == core.PurposeReply || o.Purpose == core.PurposeCopy || o.Purpose == core.PurposeStaffNotice && o.Notice == core.NoticeMessage
}

func (b *body) paragraphs(o *core.Outgoing, said []core.TextParagraph) (all []paragraph) {
	for _, lines := range said {
		p := make(paragraph, 0, len(lines))
		for _, line := range lines {
			p = append(p, b.block(o, line))
		}
		all = append(all, p)
	}
	return all
}

func (b *body) block(o *core.Outgoing, line core.TextLine) block {
	made := block{Kind: line.Kind}
	switch line.Kind {
	case core.LineMessage:
		made.Words, made.Images = prose(o.Text), b.Images
	case core.LineSignature:
		made.Words = prose(line.Spans[0].Text)
	case core.LineLink:
		made.Link = link{Label: line.Label, URL: line.Spans[0].Text}
		if o.Link != "" && made.Link.URL == o.Link {
			made.Link.Expires = expires(o)
		}
	default:
		for _, s := range line.Spans {
			made.Spans = append(made.Spans, lineSpans(s)...)
		}
	}
	return made
}

// lineSpans: an address of the web is a link where the text says it, and words
// where it came in as somebody's name.
func lineSpans(s core.TextSpan) []span {
	if s.Placeholder != "" {
		return []span{{Text: s.Text, Bold: s.Bold}}
	}
	found := spans(s.Text, false)
	for i := range found {
		found[i].Bold = s.Bold
	}
	return found
}

func expires(o *core.Outgoing) string {
	if o.LinkExpires.IsZero() {
		return o.Language.Say("It works once.")
	}
	return o.Language.Say("It works once, until {date}.", "date", o.Moment(o.LinkExpires))
}

func someone(o *core.Outgoing, name string) string {
	if name = oneLine(name, maxName); name != "" {
		return name
	}
	return o.Language.Say("Somebody")
}

// safeURL lets only links to pages through, without anything that could end the
// line or the attribute they stand in.
func safeURL(s string) string {
	if !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
		return ""
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`<>"'\`, r) }) {
		return ""
	}
	return s
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n\n")

// prose cleans a text of several lines: LF line ends, no control characters, no
// marks that reorder, no empty lines at its ends, no spaces at the end of lines.
func prose(s string) string {
	s = lineEnds.Replace(strings.ToValidUTF8(s, "�"))
	s = strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) || reorders(r) {
			return -1
		}
		return r
	}, s)
	if !strings.Contains(s, " \n") && !strings.Contains(s, "\t\n") {
		return strings.Trim(strings.TrimRight(s, " \t\n"), "\n")
	}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}
