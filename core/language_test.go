package core_test

import (
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
	"postdesk/core/language"
)

// TestEachMailIsInTheLanguageOfWhoReadsIt: one answer to a German requester, the
// copies of it and what the mailbox says in each language.
func TestEachMailIsInTheLanguageOfWhoReadsIt(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{PublicURL: "https://desk.test"})
	ctx := t.Context()
	admin, agent := d.Admin(t, "admin@people.test"), d.Agent(t, "abe@people.test")
	german, austrian, unknown, french := d.Customer(t, "gerda@customer.test"), d.Customer(t, "anna@customer.test"), d.Customer(t, "una@customer.test"), d.Customer(t, "fleur@customer.test")
	d.Exec(t, `update users set locale = case id when $1 then 'de' when $2 then 'de-AT' when $3 then 'fr' else '' end`, german.ID, austrian.ID, french.ID)
	own := core.MailText{Body: "Moin {{name}},\n\n{{message}}\n\n{{signature}}\n\n{{link}}"}
	said := func(instance string) string {
		t.Helper()
		if err := d.UpdateBrand(ctx, admin, core.BrandChanges{Language: &instance}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, who := range []core.Actor{german, austrian, unknown, french} {
			if err := d.RequestReset(ctx, who.Address.String(), "192.0.2.1"); err != nil {
				t.Fatal(err)
			}
			got = append(got, string(outgoingTo(t, d, who.Address.String()).Language))
			d.Exec(t, `delete from deliveries`)
		}
		return strings.Join(got, " ")
	}
	if got := said("en"); got != "de de en en" {
		t.Errorf("an English desk writes in %s", got)
	}
	if got := said("de"); got != "de de de de" {
		t.Errorf("a German desk writes in %s", got)
	}
	if err := d.SetMailText(ctx, admin, d.Mailbox, core.TextReply, language.German, own, nil); err != nil {
		t.Fatal(err)
	}
	if english, err := d.MailText(ctx, admin, d.Mailbox, core.TextReply, language.English); err != nil || english.ChangedAt != nil {
		t.Errorf("the English text is changed, too: %+v, %v", english, err)
	}
	conversation := d.Conversation(t, german, "Drucker")
	if _, err := d.Reply(ctx, agent, conversation, core.ReplyForm{Text: "Bitte das Fach öffnen."}); err != nil {
		t.Fatal(err)
	}
	o := outgoingTo(t, d, german.Address.String())
	if o.Words != own || o.Language != language.German || o.Subject != "Re: About Drucker" {
		t.Errorf("the answer says %+v in %s about %q", o.Words, o.Language, o.Subject)
	}
}
