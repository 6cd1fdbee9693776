package core_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// contactDesk is one whose forms are written as letters that it reads again.
func contactDesk(t *testing.T, relay bool) (d coretest.Desk, file func() string) {
	t.Helper()
	letters := map[string]core.Letter{}
	d = coretest.OpenDesk(t, core.Config{RelaySet: relay, PublicURL: "https://desk.test", Read: func(raw []byte) core.Letter { return letters[string(raw)] },
		Write: func(m core.ContactMail) []byte {
			raw := fmt.Sprintf("%+v", m)
			l := core.Letter{FromFields: 1, From: []core.NamedAddress{m.From}, To: []core.NamedAddress{{Address: m.To.String()}},
				Subject: m.Subject, Text: m.Text, MessageID: m.MessageID, Kind: core.KindHuman}
			for _, f := range m.Files {
				l.Attachments = append(l.Attachments, core.Attachment{Filename: f.Filename, ContentType: f.ContentType, Content: f.Content})
			}
			letters[raw] = l
			return []byte(raw)
		}})
	return d, func() string {
		t.Helper()
		claims, err := d.ClaimInbound(t.Context(), 10)
		if err != nil || len(claims) != 1 {
			t.Fatalf("%d claims (%v)", len(claims), err)
		}
		// Whatever a checker would say: the form proves nothing.
		if err := d.Apply(t.Context(), claims[0], letters[string(claims[0].Raw)], core.Origin{Verdict: core.Proven}); err != nil {
			t.Fatal(err)
		}
		return d.Text(t, `select state || ' ' || coalesce(suspension, rule) || ' ' || origin from inbound where id = $1`, claims[0].ID)
	}
}

func TestTheContactFormIsFiledByTheLawOfUnprovenMail(t *testing.T) {
	t.Parallel()
	d, file := contactDesk(t, true)
	owner := d.Owner(t, "olga@desk.test")
	d.Agent(t, "abe@desk.test")
	d.Collaborator(t, "mia@partner.test")
	d.Customer(t, "cara@acme.test")
	gone := d.Customer(t, "gone@acme.test")
	if err := d.DisableUser(t.Context(), owner, gone.ID); err != nil {
		t.Fatal(err)
	}
	d.Exec(t, `insert into sender_list (list, pattern) values ('block', 'bad@spam.test')`)
	d.Exec(t, `with o as (insert into organizations (name) values ('Acme') returning id) insert into organization_domains select 'new.test', id from o`)
	own := d.Text(t, `select address from mailboxes order by id limit 1`)
	for _, c := range []struct {
		email   string
		trapped bool
		want    string
	}{
		{"stranger@new.test", false, "success new unproven"},
		{"cara@acme.test", false, "success new unproven"},
		{"gone@acme.test", false, "suspended disabled_user unproven"},
		{"bad@spam.test", false, "suspended blocked unproven"},
		{"abe@desk.test", false, "suspended forged unproven"},
		{"mia@partner.test", false, "suspended forged unproven"},
		{"olga@desk.test", false, "suspended forged unproven"},
		{own, false, "suspended loop unproven"},
		{"robot@new.test", true, "suspended spam unproven"},
	} {
		f := core.ContactForm{Name: "Some One", Email: strings.ToUpper(c.email[:1]) + c.email[1:], Subject: "Help", Text: "It broke, " + c.email, Trapped: c.trapped}
		if err := d.Contact(t.Context(), f); err != nil {
			t.Fatalf("%s: %v", c.email, err)
		}
		if got := file(); got != c.want {
			t.Errorf("%s: %s, want %s", c.email, got, c.want)
		}
	}
	if got := d.Text(t, `select u.name || ' ' || u.role || ' ' || (u.organization_id is null) || ' ' || (a.verified_at is null) from users u join addresses a on a.user_id = u.id where a.address = 'stranger@new.test'`); got != "Some One customer true true" {
		t.Error(got)
	}
	if got := d.Text(t, `select count(*)::text from deliveries where automatic`); got != "0" {
		t.Errorf("%s automatic mails left for addresses that nothing proves", got)
	}
}

func TestAContactFormThatIsSentTwiceIsOneConversation(t *testing.T) {
	t.Parallel()
	d, file := contactDesk(t, true)
	f := core.ContactForm{Email: "cara@acme.test", Subject: "Help", Text: "It broke.", Form: "ABCDEFGHIJKLMNOPQRSTUVWX23",
		Files: []core.Upload{{Filename: "a.txt", Content: []byte("log")}}}
	for _, want := range []string{"success new unproven", "rejected duplicate unproven"} {
		if err := d.Contact(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		if got := file(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := d.Text(t, `select (select count(*) from conversations) || ' ' || (select count(*) from attachments where message_id is not null)`); got != "1 1" {
		t.Error(got)
	}
}

func TestTheContactFormHasBounds(t *testing.T) {
	t.Parallel()
	d, _ := contactDesk(t, true)
	good := core.ContactForm{Email: "cara@acme.test", Subject: "Help", Text: "It broke.", Client: "192.0.2.1"}
	six := make([]core.Upload, core.MaxContactFiles+1)
	for field, spoil := range map[string]func(*core.ContactForm){
		"email":    func(f *core.ContactForm) { f.Email = "cara@" },
		"subject":  func(f *core.ContactForm) { f.Subject = " \t" },
		"contents": func(f *core.ContactForm) { f.Text = "\n" },
		"files":    func(f *core.ContactForm) { f.Files = six },
	} {
		f := good
		spoil(&f)
		var invalid core.Invalid
		if err := d.Contact(t.Context(), f); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	var taken int
	for range 20 {
		err := d.Contact(t.Context(), good)
		if err != nil && !errors.Is(err, core.ErrRate) {
			t.Fatal(err)
		}
		if err == nil {
			taken++
		}
	}
	other := good
	other.Email = "cole@acme.test"
	for range 20 {
		if d.Contact(t.Context(), other) == nil {
			taken++
		}
	}
	if got := d.Text(t, `select count(*)::text from inbound`); taken != 10 || got != "10" {
		t.Errorf("%d were taken, %s are kept", taken, got)
	}
	other.Client = "192.0.2.2" // five of an hour were of this address
	if err := d.Contact(t.Context(), other); !errors.Is(err, core.ErrRate) {
		t.Errorf("a sixth in one name: %v", err)
	}
}
