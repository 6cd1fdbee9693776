package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/core/coretest"
	"postdesk/core/language"
)

func TestATextOfAMailboxIsChangedSeenAndTakenBack(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{PublicURL: "https://desk.test"})
	ctx := t.Context()
	admin := d.Admin(t, "admin@people.test")
	box := d.Mailbox
	own := core.MailText{Body: "Dear {{name}},\n\n{{message}}\n\n{{signature}}"}
	if err := d.SetMailText(ctx, admin, box, core.TextReply, language.English, core.MailText{Subject: "ignored", Body: own.Body + "\r\n\n"}, nil); err != nil {
		t.Fatal(err)
	}
	texts, err := d.MailTexts(ctx, admin, box, language.English)
	if err != nil || len(texts) != len(core.TextRules()) {
		t.Fatalf("%d texts, %v", len(texts), err)
	}
	for _, text := range texts {
		if (text.ChangedAt != nil) != (text.Rule.Kind == core.TextReply) {
			t.Errorf("%s is changed: %v", text.Rule.Kind, text.ChangedAt)
		}
	}
	changed, err := d.MailText(ctx, admin, box, core.TextReply, language.English)
	if err != nil || changed.Text != own || changed.ChangedBy != admin.Name {
		t.Fatalf("%+v, %v", changed, err)
	}
	if err := d.SetMailText(ctx, admin, box, core.TextReply, language.English, own, nil); !errors.Is(err, core.ErrConflict) {
		t.Errorf("who did not see the change: %v", err)
	}
	if err := d.SetMailText(ctx, admin, box, core.TextReply, language.English, changed.Rule.Standard, changed.ChangedAt); err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `select count(*)::text from mailbox_texts`); got != "0" {
		t.Errorf("%s rows are left", got)
	}
	if got := d.Text(t, `select count(*)::text || ' ' || min(object) || ' ' || (array_agg(detail->'body'->>'to' order by id))[1] from audit where act = 'mailbox.text_changed'`); got != "2 mailbox 1 "+own.Body {
		t.Errorf("audit %q", got)
	}
}

// TestASecondMailboxHasNoTextsOfAccounts: no mail would ever say them.
func TestASecondMailboxHasNoTextsOfAccounts(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{PublicURL: "https://desk.test"})
	ctx := t.Context()
	admin := d.Admin(t, "admin@people.test")
	second, err := d.CreateMailbox(ctx, admin, "sales@desk.test", "Sales")
	if err != nil {
		t.Fatal(err)
	}
	missing := ""
	for _, rule := range core.TextRules() {
		_, err := d.MailText(ctx, admin, second.ID, rule.Kind, language.English)
		_, sampled := d.SampleMail(ctx, admin, second.ID, rule.Kind, language.English, rule.Standard)
		set := d.SetMailText(ctx, admin, second.ID, rule.Kind, language.English, rule.Standard, nil)
		if gone := errors.Is(err, core.ErrNotFound); gone != errors.Is(set, core.ErrNotFound) || gone != errors.Is(sampled, core.ErrNotFound) {
			t.Errorf("%s: read %v, sampled %v, set %v", rule.Kind, err, sampled, set)
		}
		if err != nil {
			missing += " " + string(rule.Kind)
		}
		if _, err := d.MailText(ctx, admin, d.Mailbox, rule.Kind, language.English); err != nil {
			t.Errorf("%s of the first: %v", rule.Kind, err)
		}
	}
	if missing != " invite confirm reset sign_in security addresses" {
		t.Errorf("without:%s", missing)
	}
}

func TestOnlyWhoConfiguresSeesAndChangesTheTextsOfAMailbox(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	admin := d.Admin(t, "admin@people.test")
	box := d.Mailbox
	agent, expert, customer := d.Agent(t, "agent@people.test"), d.Collaborator(t, "mia@partner.test"), d.Customer(t, "cara@customer.test")
	acts := map[string]func(actor core.Actor, id core.MailboxID) error{
		"see": func(a core.Actor, id core.MailboxID) error { _, err := d.Desk.Mailbox(ctx, a, id); return err },
		"list": func(a core.Actor, id core.MailboxID) error {
			_, err := d.MailTexts(ctx, a, id, language.English)
			return err
		},
		"read": func(a core.Actor, id core.MailboxID) error {
			_, err := d.MailText(ctx, a, id, core.TextReply, language.English)
			return err
		},
		"preview": func(a core.Actor, id core.MailboxID) error {
			_, err := d.SampleMail(ctx, a, id, core.TextReply, language.English, core.MailText{Body: "{{message}}"})
			return err
		},
		"change": func(a core.Actor, id core.MailboxID) error {
			return d.SetMailText(ctx, a, id, core.TextNote, language.English, core.MailText{Body: "{{link}}"}, nil)
		},
		"rename": func(a core.Actor, id core.MailboxID) error { return d.RenameMailbox(ctx, a, id, "Second line") },
	}
	for name, act := range acts {
		for _, who := range []core.Actor{agent, expert, customer, {}} {
			if err := act(who, box); !errors.Is(err, core.ErrForbidden) && !errors.Is(err, core.ErrNotFound) {
				t.Errorf("%s may %s: %v", who.Role, name, err)
			}
		}
		if err := act(admin, 4711); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("%s what is not there: %v", name, err)
		}
		if err := act(admin, box); err != nil {
			t.Errorf("an admin may not %s: %v", name, err)
		}
	}
	if err := d.SetMailText(ctx, admin, box, "digest", language.English, core.MailText{Body: "x"}, nil); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a kind without a text: %v", err)
	}
	var invalid core.Invalid
	if err := d.RenameMailbox(ctx, admin, box, " \u200b "); !errors.As(err, &invalid) || invalid.Field != "name" {
		t.Errorf("no name: %v", err)
	}
	if got := d.Text(t, `select name from mailboxes where id = 1`); got != "Second line" {
		t.Errorf("the name is %q", got)
	}
}

// TestAMailSaysTheTextOfItsMailboxAsOfWhenItIsComposed: each kind by its own row,
// with the subject that the delivery is stored under.
func TestAMailSaysTheTextOfItsMailboxAsOfWhenItIsComposed(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{PublicURL: "https://desk.test"})
	ctx := t.Context()
	admin, agent := d.Admin(t, "admin@people.test"), d.Agent(t, "agent@people.test")
	box := d.Mailbox
	for _, rule := range core.TextRules() {
		text := core.MailText{Body: "OWN " + string(rule.Kind) + "\n\n" + rule.Standard.Body}
		if rule.HasSubject {
			text.Subject = "OWN " + rule.Standard.Subject
		}
		if err := d.SetMailText(ctx, admin, box, rule.Kind, language.English, text, nil); err != nil {
			t.Fatal(err)
		}
	}
	cara := d.Customer(t, "cara@customer.test")
	id := d.Conversation(t, cara, "Where is it?")
	if _, err := d.Reply(ctx, agent, id, core.ReplyForm{Text: "On its way.", CC: []string{d.Collaborator(t, "mia@partner.test").Address.String()}}); err != nil {
		t.Fatal(err)
	}
	if err := d.RequestSignInLink(ctx, cara.Address.String(), "client", ""); err != nil {
		t.Fatal(err)
	}
	found := map[core.TextKind]bool{}
	for _, o := range gathered(t, d) {
		kind := o.TextKind()
		found[kind] = true
		if !strings.HasPrefix(o.Words.Body, "OWN "+string(kind)+"\n") {
			t.Errorf("%s says %q", kind, o.Words.Body)
		}
		rule, _ := kind.Rule()
		if rule.HasSubject != strings.HasPrefix(o.Subject, "OWN ") || rule.HasSubject != strings.HasPrefix(o.Words.Subject, "OWN ") {
			t.Errorf("%s has the subject %q", kind, o.Subject)
		}
	}
	for _, kind := range []core.TextKind{core.TextReply, core.TextCopy, core.TextSignIn} {
		if !found[kind] {
			t.Errorf("no mail of kind %s among %v", kind, found)
		}
	}
}

// gathered claims all that is due.
func gathered(t *testing.T, d coretest.Desk) (all []*core.Outgoing) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		delivery, err := d.ClaimDelivery(ctx)
		if errors.Is(err, core.ErrNoWork) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, delivery.Outgoing)
	}
}
