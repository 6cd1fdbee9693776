package mailer

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"postdesk/core"
)

// ReplyAbove stands between the new words and the quoted history of a mail that
// has one; whoever reads an answer may fold from this line on.
const ReplyAbove = "-- Please reply above this line --"

// CopyNotice is the first line of a collaborator's copy (mail-law section 4).
const CopyNotice = "Your answer becomes a private note; the customer is not on this mail."

// A body is what a mail says, in the order in which it says it. The text part
// and the HTML part are two ways to write the same body.
type body struct {
	Instance string
	Card     bool     // a mail of the help desk itself; a person's words stand free
	Alert    string   // the first line, where something must be known at once
	Title    string   // what happened
	Before   []string // sentences
	Speaker  string   // who said Words
	Words    string
	Signed   string // signature under the words

	Images      []image     // shown under the words
	Attachments []core.File // not shown

	Link   link // single use: alone on a line, with its expiry
	Button link // asks for sign-in, holds no secret
	After  []string
	Quotes []quote
	Foot   string
}

type link struct{ Label, URL, Expires string }

type quote struct{ Head, Text string }

// bodyOf finds the words for a mail. There is one function per purpose; what
// differs between purposes is only there.
func bodyOf(o *core.Outgoing) (*body, error) {
	b := &body{Instance: oneLine(o.Instance, maxName), Card: true}
	if b.Instance == "" {
		b.Instance = "Help desk"
	}
	switch o.Purpose {
	case core.PurposeReply:
		b.reply(o)
	case core.PurposeCopy:
		b.copy(o)
	case core.PurposeAcknowledgement:
		b.acknowledge(o)
	case core.PurposeMentionMail:
		b.mention(o)
	case core.PurposeStaffNotice:
		return b, b.notice(o)
	case core.PurposeVerify, core.PurposeInvite, core.PurposeReset:
		return b, b.account(o)
	default:
		return nil, fmt.Errorf("unknown purpose %q", o.Purpose)
	}
	return b, nil
}

func (b *body) reply(o *core.Outgoing) {
	b.Card = false
	b.say(o)
	b.Speaker = "" // the mail is from them: it needs no one to say so
	b.Signed = prose(o.Signature)
	if b.Signed == "" {
		b.Signed = oneLine(o.Author, maxName)
	}
	if page := safeURL(o.AccountPage); page != "" {
		b.After = append(b.After, "To follow your conversations online, set a password here: "+page)
	}
}

// copy shows no address of a customer, because core has masked them all.
func (b *body) copy(o *core.Outgoing) {
	b.Card = false
	b.say(o)
	b.Alert = CopyNotice
	b.Signed = prose(o.Signature)
}

// acknowledge uses nothing that a stranger chose: neither name nor subject nor
// text (mail-law section 5).
func (b *body) acknowledge(o *core.Outgoing) {
	b.Title = acknowledged
	b.Before = []string{
		fmt.Sprintf("Your mail to %s has reached us on %s. A person will answer you by mail.",
			oneLine(o.From.Address, maxSubject), moment(o.Date, o.Zone)),
	}
	b.Foot = "You get this mail because a mail with your address as its sender came to us. If it was not yours, you need not do anything."
	if o.Link == "" {
		return
	}
	b.Before = append(b.Before, "To see your conversation online, confirm your address and set a password with this link:")
	b.link(o, "Set a password")
}

func (b *body) mention(o *core.Outgoing) {
	who, where := someone(o.Author), place(o)
	b.Title = who + " mentioned you"
	b.Before = []string{fmt.Sprintf("%s mentioned you in a note on %s. The note is read in the panel, after sign-in.", who, where)}
	b.button(o, "View note")
	b.After = []string{"Answering this mail opens a new conversation."}
}

func (b *body) notice(o *core.Outgoing) error {
	who, where := someone(o.Author), place(o)
	switch o.Notice {
	case core.NoticeMessage:
		b.say(o)
		b.Title = fmt.Sprintf("%s wrote in %s", who, where)
		b.Speaker = ""
		b.After = howToAnswer(o)
	case core.NoticeNote:
		b.Title = fmt.Sprintf("%s added a private note to %s", who, where)
		b.Before = []string{"The note is read in the panel, after sign-in."}
		b.After = howToAnswer(o)
	case core.NoticeDraft:
		b.Title = "Your mail was kept as a draft"
		b.Before = []string{fmt.Sprintf("Nothing was sent. Your draft is in %s: send it from there, or delete it.", where)}
	case core.NoticeDelayed:
		b.Title = "Your answer is not delivered yet"
		b.Before = []string{fmt.Sprintf("Your answer in %s is still on its way. It is tried again by itself for five days; you need not do anything.", where)}
	case core.NoticeFailed:
		b.Title = "Your answer could not be delivered"
		b.Before = []string{fmt.Sprintf("Your answer in %s did not arrive, and it is not tried again.", where)}
	case core.NoticeDigest:
		b.digest(o)
		return nil
	default:
		return fmt.Errorf("unknown notice %q", o.Notice)
	}
	if problem := oneLine(o.Problem, 2*maxSubject); problem != "" {
		b.Before = append(b.Before, "Why: "+problem)
	}
	b.button(o, "Open "+where)
	return nil
}

func howToAnswer(o *core.Outgoing) []string {
	return []string{
		fmt.Sprintf("Your answer to this mail goes to the customer, from %s.", oneLine(o.From.Address, maxSubject)),
		"Write #note as its first line, and it becomes a private note instead.",
	}
}

func (b *body) account(o *core.Outgoing) error {
	if o.Notice == core.NoticeAddresses {
		b.Title = "The addresses of your account were changed"
		b.Before = []string{fmt.Sprintf("%s changed which addresses belong to your account at %s.", someone(o.Author), b.Instance)}
		if page := safeURL(o.AccountPage); page != "" {
			b.After = append(b.After, "Look at them here: "+page)
		}
		b.Foot = "If this is not right, answer this mail."
		return nil
	}
	before, label := b.accountWords(o)
	b.Before = []string{before}
	b.Foot = "If you did not expect this mail, you need not do anything."
	b.link(o, label)
	if b.Link.URL == "" {
		return fmt.Errorf("no usable link")
	}
	return nil
}

// accountWords sets the title, and says why there is a link and what it does.
func (b *body) accountWords(o *core.Outgoing) (before, label string) {
	switch {
	case o.Notice == core.NoticeConfirm:
		b.Title = "Confirm your address"
		return fmt.Sprintf("This address was added to an account at %s. If you did that, confirm it with this link and your password:", b.Instance), "Confirm address"
	case o.Notice == core.NoticeSignIn:
		b.Title = "Your sign-in link"
		return fmt.Sprintf("Somebody asked to sign in with this address at %s. This link signs you in without a password:", b.Instance), "Sign in"
	case o.Purpose == core.PurposeVerify:
		b.Title = "Confirm your address"
		return fmt.Sprintf("There is an account for this address at %s. Confirm the address and set a password with this link:", b.Instance), "Confirm address"
	case o.Purpose == core.PurposeInvite:
		b.Title = "You are invited to " + b.Instance
		return fmt.Sprintf("%s invited you to join the team of %s. Accept and set a password with this link:", someone(o.Author), b.Instance), "Accept invitation"
	}
	b.Title = "Set a new password"
	return fmt.Sprintf("Somebody asked for a new password for this address at %s. Set it with this link:", b.Instance), "Set a new password"
}

// say takes over what a person wrote, with the history and the files.
func (b *body) say(o *core.Outgoing) {
	b.Speaker = oneLine(o.Author, maxName)
	b.Words = prose(o.Text)
	b.Images, b.Attachments = splitFiles(o)
	for _, q := range o.Quote {
		b.Quotes = append(b.Quotes, quote{fmt.Sprintf("On %s, %s wrote:", moment(q.At, o.Zone), someone(q.Author)), prose(q.Text)})
	}
}

func (b *body) link(o *core.Outgoing, label string) {
	b.Link = link{Label: label, URL: safeURL(o.Link)}
	if !o.LinkExpires.IsZero() {
		b.Link.Expires = fmt.Sprintf("It works once, until %s.", moment(o.LinkExpires, o.Zone))
	} else {
		b.Link.Expires = "It works once."
	}
}

func (b *body) button(o *core.Outgoing, label string) {
	b.Button = link{Label: label, URL: safeURL(o.Page)}
}

func someone(name string) string {
	if name = oneLine(name, maxName); name != "" {
		return name
	}
	return "Somebody"
}

func place(o *core.Outgoing) string {
	if where := oneLine(o.Where, maxSubject); where != "" {
		return where
	}
	return "the help desk"
}

// moment writes a time in the reader's own zone, with how far that is from UTC.
func moment(t time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	local := t.In(zone)
	return local.Format("Monday, 2 January 2006, 15:04 ") + core.ZoneOffset(local)
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

// prose cleans a text of several lines: LF line ends, no control characters, no
// marks that reorder, no empty lines at its ends, no spaces at the end of lines.
func prose(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n\n").Replace(strings.ToValidUTF8(s, "�"))
	s = strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) || reorders(r) {
			return -1
		}
		return r
	}, s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}
