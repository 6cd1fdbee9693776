package core

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// A ContactForm is what somebody who is not signed in asks on the page. Nothing
// proves the address: it is filed as a mail of unproven origin, by the same law,
// and stands in the mail log like one.
type ContactForm struct {
	Name, Email, Subject, Text string
	Files                      []Upload
	Client                     string // the client's address
	Form                       string // the key of the form: sent twice, it is one mail
	Trapped                    bool   // a field was filled in that no person sees
}

// A ContactMail is what the mail of a contact form is written of.
type ContactMail struct {
	From          NamedAddress
	To            Address
	Subject, Text string
	MessageID     string // without angle brackets
	Date          time.Time
	Files         []Upload
}

// Bounds of what a stranger may send, and how often.
const (
	MaxContactFiles     = 5
	MaxContactFileBytes = 10 << 20
	maxContactsOfClient = 10 // in ten minutes
	maxContactsOfSender = 5  // in an hour, by one address
	contactClientTime   = 10 * time.Minute
	contactSenderTime   = time.Hour
)

// contactOrigin is the origin of all that comes by the form.
var contactOrigin = Origin{Verdict: Unproven, Reason: "It was written in the contact form by somebody who was not signed in: nothing proves the address."}

// Contact takes the words of a contact form: once it returns, they cannot be lost.
// Whether the address belongs to anybody, to whom, and what becomes of the words is
// told to nobody: every good form gets the same answer (reliability.md S7). Invalid
// of "email", "subject", "contents" or "files", ErrRate.
func (d *Desk) Contact(ctx context.Context, f ContactForm) (err error) {
	defer wrap(&err, "contact form")
	if d.cfg.Write == nil {
		return errNoWriter
	}
	mail, err := f.mail()
	if err != nil {
		return err
	}
	if mail.To, err = d.ContactAddress(ctx); err != nil {
		return err
	}
	mail.MessageID = contactID(f.Form, mail.To.Domain())
	if err := d.countContact(ctx, f.Client, mail.From.Address); err != nil {
		return err
	}
	env := Envelope{From: mail.From.Address, Recipients: []string{mail.To.String()}, ReceivedAt: mail.Date,
		Channel: ChannelHelpCenter, Trapped: f.Trapped}
	env.ClientIP, _ = netip.ParseAddr(f.Client) // without one, nothing is looked up by it
	claim, err := d.Accept(ctx, env, d.cfg.Write(mail), false)
	if err == nil {
		d.log.InfoContext(ctx, "contact form accepted", "inbound", claim.ID, "trapped", f.Trapped, "client", f.Client)
	}
	return err
}

// mail checks a form.
func (f ContactForm) mail() (m ContactMail, err error) {
	from, err := ParseAddress(f.Email)
	switch {
	case cleanLine(f.Email, 1) == "":
		return m, Invalid{Field: "email", Code: CodeRequired, Problem: "There is no address. We answer by mail."}
	case err != nil:
		return m, Invalid{Field: "email", Code: CodeInvalid, Problem: "This is no address that mail can go to."}
	}
	m = ContactMail{From: NamedAddress{Name: contactName(f.Name), Address: from.String()}, Date: time.Now(), Files: f.Files}
	if m.Subject, err = subjectGiven(f.Subject); err != nil {
		return m, err
	}
	if m.Text, err = words("contents", f.Text); err != nil {
		return m, err
	}
	size := int64(0)
	for _, file := range f.Files {
		size += int64(len(file.Content))
	}
	return m, ContactFilesFit(len(f.Files), size)
}

// contactName is a name that no reader of mail takes for an address; one that is an
// address is no name.
func contactName(typed string) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune("<>\"\\()[]:;,", r) {
			return ' '
		}
		return r
	}, typed)
	if strings.Contains(name, "@") || strings.Contains(name, "=?") {
		return ""
	}
	return cleanLine(name, 200)
}

// ContactFilesFit tells whether the form takes so many files of so many bytes
// together: Invalid of "files" if not.
func ContactFilesFit(files int, size int64) error {
	if files > MaxContactFiles || size > MaxContactFileBytes {
		return Invalid{Field: "files", Code: CodeInvalid, Problem: "The files are too many or too large: at most 5, and 10 MiB together."}
	}
	return nil
}

// countContact bounds what one client, and who writes in one name, can do. Known or
// unknown, every address counts alike.
func (d *Desk) countContact(ctx context.Context, client, sender string) error {
	return d.tx(ctx, func(tx pgx.Tx) error {
		if client != "" {
			n, err := countTries(ctx, tx, "contact "+clientSubject(client), contactClientTime)
			if err != nil {
				return err
			}
			if n > maxContactsOfClient {
				return tooMany(contactClientTime, "You have written several times already. Please wait ten minutes, or write us a mail.")
			}
		}
		n, err := countTries(ctx, tx, "contact "+sender, contactSenderTime)
		if err == nil && n > maxContactsOfSender {
			err = tooMany(contactSenderTime, "Several messages came from this address already. Please wait an hour, or write us a mail.")
		}
		return err
	})
}

// byForm tells what came by the contact form.
func (e Envelope) byForm() bool { return e.Channel == ChannelHelpCenter }

// contactID names the mail of a form, so that one that is sent twice is known again
// (mail-law section 7). A key of somebody else's making is none.
func contactID(form, domain string) string {
	if !isFormKey(form) {
		form = NewMessageIDRandom()
	}
	return "form." + form + "@" + domain
}

func isFormKey(key string) bool {
	for _, r := range key {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return false
		}
	}
	return len(key) >= 20 && len(key) <= longestForm
}

var errNoWriter = errors.New("nobody writes the mails of the contact form")
