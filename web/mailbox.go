package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"postdesk/core"
	"postdesk/core/language"
)

func mailboxPath(id core.MailboxID) string { return fmt.Sprintf("/admin/mailboxes/%d", id) }

type mailboxPage struct {
	base
	Language    language.Tag // whose texts are listed
	M           core.Mailbox
	Texts       []core.MailboxText
	MailboxName string // as typed
	Health      core.MailboxHealth
}

// Another tells a mailbox that is not the first: it has not all texts.
func (p mailboxPage) Another() bool { return len(p.Texts) < len(core.TextRules()) }

func (s *server) mailbox(v *visit) error { return s.showMailbox(v, http.StatusOK, nil, nil) }

func (s *server) showMailbox(v *visit, status int, typed *string, f faults) error {
	id, err := pathID[core.MailboxID](v, "id")
	if err != nil {
		return err
	}
	p := mailboxPage{Language: textLanguage(v)}
	if p.M, err = s.desk.Mailbox(v.ctx(), v.actor, id); err != nil {
		return err
	}
	if p.Texts, err = s.desk.MailTexts(v.ctx(), v.actor, id, p.Language); err != nil {
		return err
	}
	if p.Health, err = s.healthOf(v, id); err != nil {
		return err
	}
	p.MailboxName = p.M.Name
	if typed != nil {
		p.MailboxName = *typed
	}
	if p.base, err = s.page(v, p.M.Address.String(), "mailboxes"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "mailbox", p)
}

func (s *server) renameMailbox(v *visit) error {
	id, err := pathID[core.MailboxID](v, "id")
	if err != nil {
		return err
	}
	name := v.field("name")
	err = s.desk.RenameMailbox(v.ctx(), v.actor, id, name)
	return v.after(err, mailboxPath(id), "updated", func(status int, f faults) error {
		return s.showMailbox(v, status, &name, f)
	})
}

// Languages are those that a text can be written in.
func (mailboxPage) Languages() []language.Tag { return language.All() }

// Languages are those that a text can be written in.
func (mailTextPage) Languages() []language.Tag { return language.All() }

// textLanguage is the language that the address of a page names: English if it
// names none.
func textLanguage(v *visit) language.Tag { return language.First(v.query("lang")) }

// inLanguage adds the language to a path, where it is not English.
func inLanguage(path string, t language.Tag) string {
	if t == language.English {
		return path
	}
	return path + "?lang=" + string(t)
}

type mailTextPage struct {
	base
	Path    string // where the form goes: it names the language
	M       core.Mailbox
	T       core.MailboxText
	Text    core.MailText // as typed
	Seen    string        // the state of the text that the writer began from
	Preview *core.Letter  // nil where the text has a fault
}

// textPolicy lets a page show a mail of our own making with the styles of its
// elements, in a frame that runs nothing.
var textPolicy = strings.Replace(panelPolicy, "style-src 'self'", "style-src 'self' 'unsafe-inline'", 1)

func (s *server) mailText(v *visit) error {
	return s.showMailText(v, http.StatusOK, nil, nil)
}

// textPath reads which text of which mailbox is meant.
func textPath(v *visit) (core.MailboxID, core.TextKind, error) {
	id, err := pathID[core.MailboxID](v, "id")
	return id, core.TextKind(chi.URLParam(v.r, "kind")), err
}

func (s *server) showMailText(v *visit, status int, typed *core.MailText, f faults) error {
	id, kind, err := textPath(v)
	if err != nil {
		return err
	}
	in := textLanguage(v)
	p := mailTextPage{Path: inLanguage(mailboxPath(id)+"/texts/"+string(kind), in)}
	if p.M, err = s.desk.Mailbox(v.ctx(), v.actor, id); err != nil {
		return err
	}
	if p.T, err = s.desk.MailText(v.ctx(), v.actor, id, kind, in); err != nil {
		return err
	}
	p.Text = p.T.Text
	if p.T.ChangedAt != nil {
		p.Seen = p.T.ChangedAt.Format(time.RFC3339Nano)
	}
	if typed != nil {
		p.Text, p.Seen = *typed, v.field("seen")
	}
	sample, err := s.desk.SampleMail(v.ctx(), v.actor, id, kind, in, p.Text)
	if more, _, ok := faultsOf(err); ok && f == nil {
		f = more
	} else if err != nil && !ok {
		return err
	}
	if err == nil {
		if p.Preview, err = s.preview(sample); err != nil {
			return err
		}
	}
	if p.base, err = s.page(v, p.T.Rule.Name, "mailboxes"); err != nil {
		return err
	}
	p.Faults = f
	v.w.Header().Set("Content-Security-Policy", textPolicy)
	return s.render(v, status, "mailboxtext", p)
}

// preview writes a mail and reads it again, as its recipient's program would.
func (s *server) preview(sample *core.Outgoing) (*core.Letter, error) {
	raw, err := s.compose(sample)
	if err != nil {
		return nil, err
	}
	letter := s.read(raw)
	return &letter, nil
}

// setMailText saves a text, goes back to the standard one, or only shows what the
// mail would be.
func (s *server) setMailText(v *visit) error {
	id, kind, err := textPath(v)
	if err != nil {
		return err
	}
	// Not trimmed: a fault names the line that was typed.
	typed := core.MailText{Subject: v.field("subject"), Body: v.r.PostFormValue("body")}
	if v.field("do") == "preview" {
		return s.showMailText(v, http.StatusOK, &typed, nil)
	}
	text, said := typed, "updated"
	if v.field("do") == "standard" {
		rule, _ := kind.Rule()
		text, said = rule.In(textLanguage(v)).Standard, "standard"
	}
	var seen *time.Time
	if at, err := time.Parse(time.RFC3339Nano, v.field("seen")); err == nil {
		seen = &at
	}
	err = s.desk.SetMailText(v.ctx(), v.actor, id, kind, textLanguage(v), text, seen)
	return v.after(err, inLanguage(mailboxPath(id), textLanguage(v)), said, func(status int, f faults) error {
		return s.showMailText(v, status, &typed, f)
	})
}

// Braced is a placeholder as it is typed.
func (mailTextPage) Braced(name string) string { return "{{" + name + "}}" }
