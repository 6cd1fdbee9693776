package core_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestEveryKindOfActivityReadsAsASentence(t *testing.T) {
	t.Parallel()
	change := func(from, to any) map[string]any { return map[string]any{"from": from, "to": to} }
	list := func(words ...any) []any { return append([]any{}, words...) }
	for _, c := range []struct {
		event  string
		detail map[string]any
		want   string
	}{
		{"created", map[string]any{"address": "cara@acme.test", "role": "customer"}, "created the account of cara@acme.test as Customer"},
		{"created", map[string]any{"name": change("", "Acme")}, "created the organization"},
		{"invited", map[string]any{"address": "ann@desk.test", "role": "agent"}, "invited ann@desk.test as Agent"},
		{"accepted", map[string]any{"link": "invite", "address": "ann@desk.test"}, "accepted the invite"},
		{"accepted", map[string]any{"link": "verify", "address": "cara@acme.test"}, "verified cara@acme.test and set a password"},
		{"accepted", map[string]any{"link": "reset", "address": "cara@acme.test"}, "set a new password through a mailed link"},
		{"accepted", map[string]any{"link": "setup", "address": "olga@desk.test"}, "set this help desk up"},
		{"accepted", map[string]any{"link": "sign_in", "address": "cara@acme.test"}, "signed in through a mailed link, which verified cara@acme.test"},
		{"role", map[string]any{"from": "customer", "to": "collaborator"}, "changed the role from Customer to Collaborator"},
		{"enabled", nil, "enabled the account"},
		{"disabled", nil, "disabled the account"},
		{"invite_revoked", nil, "took the invite back"},
		{"organization", map[string]any{"organization": 3.0, "organization_name": "Acme", "domain": "acme.test"}, "joined Acme by the domain acme.test"},
		{"organization", map[string]any{"organization": 3.0, "domain": "xn--bcher-kva.test"}, "joined an organization that is gone since by the domain bücher.test"},
		{"address_added", map[string]any{"address": "b@home.test"}, "added the address b@home.test"},
		{"address_primary", map[string]any{"address": "b@home.test"}, "made b@home.test the primary address"},
		{"address_removed", map[string]any{"address": "b@home.test"}, "removed the address b@home.test"},
		{"link_sent", map[string]any{"link": "verify"}, "sent the link again"},
		{"link_copied", map[string]any{"link": "invite"}, "copied the link, to hand it over in another way"},
		{"token_created", nil, "made an API token"},
		{"password_changed", nil, "changed the password"},
		{"anonymised", nil, "deleted this person: what they wrote stays, their name does not"},
		{"merged", map[string]any{"user": 9.0, "name": "Cara C", "addresses": list("c@home.test", "d@home.test")}, "merged Cara C (c@home.test, d@home.test) into this person"},
		{"merged_into", map[string]any{"user": 9.0, "name": "Cara"}, "merged this person into Cara"},
		{"unmerged", map[string]any{"user": 9.0, "name": "Cara C"}, "undid the merge with Cara C"},
		{"joined_existing", map[string]any{"users": 1.0}, "let 1 existing customer join by their domain"},
		{"joined_existing", map[string]any{"users": 12.0}, "let 12 existing customers join by their domain"},
		{"auto_reply", map[string]any{"text": "is out of office"}, "is out of office"},
		{"updated", map[string]any{"name": change("cara", "Cara Customer")}, "changed the name from cara to Cara Customer"},
		{"updated", map[string]any{"organization": change("", "Acme"), "timezone": change("", "Europe/Vienna"), "phone": change("1", "")},
			"set the organization to Acme, removed the phone number and set the timezone to Europe/Vienna"},
		{"updated", map[string]any{"organization": change("Acme", "")}, "removed the organization"},
		{"updated", map[string]any{"timezone": change("Europe/Vienna", "")}, "set the timezone back to that of the help desk"},
		{"updated", map[string]any{"locale": change("en", "de"), "signature": change("", "Bye")}, "set the language to de and changed the signature"},
		{"updated", map[string]any{"tags": change(list("trial"), list("vip", "big"))}, "added the tags vip and big and removed the tag trial"},
		{"updated", map[string]any{"teams": change(list(), list("Billing"))}, "added to the team Billing"},
		{"updated", map[string]any{"domains": change(list("a.test"), list("b.test"))}, "added the domain b.test and removed the domain a.test"},
		{"updated", map[string]any{"shares_conversations": change(false, true)}, "let members read each other's conversations"},
		{"updated", map[string]any{"shares_conversations": change(true, false)}, "no longer lets members read each other's conversations"},
		{"updated", map[string]any{"organization": 3.0, "organization_name": "Acme"}, "set the organization to Acme"}, // as it was written at first
		{"updated", map[string]any{"organization": 0.0}, "removed the organization"},
		{"updated", map[string]any{"forced": true}, "changed nothing"},
		{"something_else", map[string]any{"x": 1.0}, "something else"},
	} {
		if got := (core.JourneyEntry{Kind: core.EntryEvent, Event: c.event, Detail: c.detail}).Sentence(); got != c.want {
			t.Errorf("%s %v: %q, want %q", c.event, c.detail, got, c.want)
		}
	}
}

func TestNoKindThatIsRecordedIsToldByItsNameAlone(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	recorded := regexp.MustCompile(`record(?:User|Organization)\(ctx, tx, [^"\n{]*"([a-z_]+)"`)
	kinds := map[string]bool{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range recorded.FindAllStringSubmatch(string(source), -1) {
			kinds[m[1]] = true
		}
	}
	if len(kinds) < 15 {
		t.Fatalf("the source records only %v", kinds)
	}
	for kind := range kinds {
		e := core.JourneyEntry{Kind: core.EntryEvent, Event: kind, Detail: map[string]any{"name": "Cara", "address": "a@b.test", "role": "agent", "link": "invite"}}
		if e.Sentence() == strings.ReplaceAll(kind, "_", " ") {
			t.Errorf("%s has no sentence", kind)
		}
	}
}

func TestTheJourneyNamesWhoDidItAndMarksTheDisabled(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner, abe := t.Context(), d.Owner(t, "olga@desk.test"), d.Agent(t, "abe@desk.test")
	organization(t, d, abe, "Acme", "acme.test")
	u, err := d.CreateUser(ctx, abe, core.NewUser{Email: "cara@acme.test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.AddUserNote(ctx, abe, u.ID, "likes tea"); err != nil {
		t.Fatal(err)
	}
	if err := d.DisableUser(ctx, owner, abe.ID); err != nil {
		t.Fatal(err)
	}
	entries, err := d.UserJourney(ctx, owner, u.ID, core.JourneyFilter{})
	var told []string
	for _, e := range entries {
		told = append(told, e.Who()+": "+e.Sentence()+e.Text)
	}
	all := strings.Join(told, "; ")
	if err != nil || !strings.HasPrefix(all, "Abe (Disabled): likes tea; ") || !strings.Contains(all, "Abe (Disabled): created the account of cara@acme.test as Customer") ||
		!strings.Contains(all, ": joined Acme by the domain acme.test") {
		t.Errorf("%s %v", all, err)
	}
	made, err := d.CreateAccount(ctx, core.NewUser{Email: "zoe@desk.test", Role: core.RoleAgent}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if entries, err = d.UserJourney(ctx, owner, made, core.JourneyFilter{}); err != nil || entries[0].Who() != "The command line" {
		t.Errorf("%+v %v", entries, err)
	}
}

func TestANoteIsFoundInALongJourney(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, agent, cara := t.Context(), d.Agent(t, "abe@desk.test"), d.Customer(t, "cara@acme.test")
	noted, err := d.AddUserNote(ctx, agent, cara.ID, "the oldest")
	if err != nil {
		t.Fatal(err)
	}
	d.Exec(t, `insert into events (user_id, kind, created_at) select $1, 'enabled', now() + i * interval '1 second' from generate_series(1, 120) i`, cara.ID)
	above, err := d.JourneyPlace(ctx, agent, noted.ID)
	if err != nil || above != 120 {
		t.Fatalf("%d above, %v", above, err)
	}
	piece, err := d.UserJourney(ctx, agent, cara.ID, core.JourneyFilter{Page: core.Page{Limit: 50, Offset: above / 50 * 50}})
	if err != nil || len(piece) != 21 || piece[20].Note != noted.ID {
		t.Errorf("%d entries, %v", len(piece), err)
	}
	narrow := d.Collaborator(t, "mia@partner.test")
	narrow.Rights.Access = core.AccessOwn
	other := d.Note(t, d.Conversation(t, cara, "hi"), agent, "on a conversation")
	for note, who := range map[core.NoteID]core.Actor{noted.ID: narrow, noted.ID + 1000: agent, other: agent} {
		if above, err := d.JourneyPlace(ctx, who, note); answer(err) != "404" {
			t.Errorf("note %d: %d %v", note, above, err)
		}
	}
	if _, err := d.JourneyPlace(ctx, cara, noted.ID); answer(err) != "404" {
		t.Errorf("a customer: %v", err)
	}
}

func TestANoteSaysWhomItTold(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	abe, mia, cara := d.Agent(t, "abe@desk.test"), d.Collaborator(t, "mia@partner.test"), d.Customer(t, "cara@acme.test")
	for text, want := range map[string]string{
		"plain words":                    "[] false",
		"ask @Mia and @mia@partner.test": fmt.Sprintf("[%d] false", mia.ID),
		"I, @Abe, will look":             "[] false",
		"ask @Mai":                       "[] true",
		"ask @Cara":                      "[] true",
		"write to cara@acme.test":        "[] false",
	} {
		noted, err := d.AddUserNote(t.Context(), abe, cara.ID, text)
		if got := fmt.Sprint(noted.Told, noted.Unheard); err != nil || got != want || noted.ID == 0 {
			t.Errorf("%q: %s %v, want %s", text, got, err, want)
		}
	}
}

func TestAnOrganizationIsNamedByItsNameOrADomain(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, agent := t.Context(), d.Agent(t, "abe@desk.test")
	acme := organization(t, d, agent, "Äcme & Co.", "acme.test", "bücher.test")
	organization(t, d, agent, "Twin", "one.test")
	two := organization(t, d, agent, "twin", "two.test")
	for typed, want := range map[string]core.OrganizationID{
		"": 0, "  ": 0, "äcme & co.": acme, "ÄCME  &  CO.": acme, "acme.test": acme, "@ACME.test": acme, "Bücher.test": acme, "two.test": two,
	} {
		if got, err := d.OrganizationNamed(ctx, agent, typed); err != nil || got != want {
			t.Errorf("%q: %d %v, want %d", typed, got, err, want)
		}
	}
	for typed, problem := range map[string]string{
		"Äcme":          "There is no organization Äcme.",
		"sub.acme.test": "There is no organization",
		"%":             "There is no organization",
		"TWIN":          "2 organizations are called TWIN. Write the domain of the one you mean: one.test or two.test.",
	} {
		_, err := d.OrganizationNamed(ctx, agent, typed)
		if got := fault(t, err); got.Field != "organization_id" || !strings.Contains(got.Problem, problem) {
			t.Errorf("%q: %+v", typed, got)
		}
	}
	narrow := d.Collaborator(t, "mia@partner.test")
	narrow.Rights.Access = core.AccessOwn
	if _, err := d.OrganizationNamed(ctx, narrow, "acme.test"); fault(t, err).Field == "" {
		t.Error("somebody names an organization that they cannot see")
	}
	if _, err := d.OrganizationNamed(ctx, d.Customer(t, "c@acme.test"), "acme.test"); answer(err) != "404" {
		t.Errorf("a customer: %v", err)
	}
}
