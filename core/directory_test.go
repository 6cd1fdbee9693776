package core_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestPeopleAreFoundByAddressNameRoleAndState(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	cara, cole := d.Customer(t, "cara@acme.test"), d.Customer(t, "cole_x@acme.test")
	ann := d.Agent(t, "ann@desk.test")
	if err := d.AddIdentity(ctx, owner, cara.ID, "second@home.test"); err != nil {
		t.Fatal(err)
	}
	if err := d.DisableUser(ctx, owner, ann.ID); err != nil {
		t.Fatal(err)
	}
	off := false
	for _, c := range []struct {
		filter core.UserFilter
		want   []core.UserID
		total  int
	}{
		{core.UserFilter{}, []core.UserID{ann.ID, cole.ID, cara.ID, owner.ID}, 4},
		{core.UserFilter{Page: core.Page{Limit: 1, Offset: 1}}, []core.UserID{cole.ID}, 4},
		{core.UserFilter{Email: "SECOND@home.test"}, []core.UserID{cara.ID}, 1},
		{core.UserFilter{Email: "nobody@home.test"}, nil, 0},
		{core.UserFilter{Email: "no address"}, nil, 0},
		{core.UserFilter{Role: core.RoleCustomer}, []core.UserID{cole.ID, cara.ID}, 2},
		{core.UserFilter{Staff: true}, []core.UserID{ann.ID, owner.ID}, 2},
		{core.UserFilter{Enabled: &off}, []core.UserID{ann.ID}, 1},
		{core.UserFilter{Query: "CAR"}, []core.UserID{cara.ID}, 1},
		{core.UserFilter{Query: "home.t"}, []core.UserID{cara.ID}, 1},
		{core.UserFilter{Query: "ole_x"}, nil, 0},
		{core.UserFilter{Query: "cole_x acme"}, []core.UserID{cole.ID}, 1},
		{core.UserFilter{Query: "%"}, nil, 0},
	} {
		users, total, err := d.Users(ctx, owner, c.filter)
		var ids []core.UserID
		for _, u := range users {
			ids = append(ids, u.ID)
		}
		if err != nil || total != c.total || fmt.Sprint(ids) != fmt.Sprint(c.want) {
			t.Errorf("%+v: %v of %d, %v; want %v of %d", c.filter, ids, total, err, c.want, c.total)
		}
	}
	if _, _, err := d.Users(ctx, cara, core.UserFilter{}); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a customer lists people: %v", err)
	}
}

func TestATakenAddressIsSuggestedWithItsOwnerWhateverTheirState(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	cara := d.Customer(t, "cara@acme.test")
	if err := d.DisableUser(ctx, owner, cara.ID); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{"c": 0, "": 0, "ca": 1, "CARA@ACME.test": 1, "acme": 1, "zz": 0, "test": 2} {
		got, err := d.SuggestAddresses(ctx, owner, query)
		if err != nil || len(got) != want {
			t.Errorf("%q: %v %v, want %d", query, got, err, want)
		}
	}
	got, err := d.SuggestAddresses(ctx, d.Collaborator(t, "col@desk.test"), "cara")
	if err != nil || got[0].User != cara.ID || got[0].Enabled || got[0].Role != core.RoleCustomer {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := d.SuggestAddresses(ctx, cara, "own"); err == nil {
		t.Error("a customer gets suggestions")
	}
}

func TestCaseAccessDecidesWhichCustomersAreSeen(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	expert := d.Collaborator(t, "expert@lab.test")
	expert.Rights.Access = core.AccessOwn
	seen, hidden, noted := d.Customer(t, "seen@acme.test"), d.Customer(t, "hidden@acme.test"), d.Customer(t, "noted@acme.test")
	c := d.Conversation(t, seen, "help")
	d.Conversation(t, hidden, "secret")
	d.Exec(t, `insert into participants (conversation_id, address, user_id, via) values ($1, 'expert@lab.test', $2, 'agent')`, c, expert.ID)
	note, err := d.AddUserNote(ctx, owner, noted.ID, "ask @expert@lab.test about her")
	if err != nil || note.ID == 0 {
		t.Fatal(note, err)
	}
	for who, want := range map[core.UserID]error{seen.ID: nil, noted.ID: nil, owner.ID: nil, expert.ID: nil, hidden.ID: core.ErrNotFound} {
		if _, err := d.User(ctx, expert, who); !errors.Is(err, want) {
			t.Errorf("user %d: %v, want %v", who, err, want)
		}
		if _, err := d.UserJourney(ctx, expert, who, core.JourneyFilter{}); !errors.Is(err, want) {
			t.Errorf("journey of user %d: %v, want %v", who, err, want)
		}
	}
	if _, err := d.AddUserNote(ctx, expert, hidden.ID, "hm"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a note on somebody unseen: %v", err)
	}
	users, total, err := d.Users(ctx, expert, core.UserFilter{Role: core.RoleCustomer})
	if err != nil || total != 2 || len(users) != 2 {
		t.Errorf("%d customers listed: %v", total, err)
	}
}

func TestTheJourneyTellsNotesEventsAndConversationsNewestFirst(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, agent := t.Context(), d.Agent(t, "ann@desk.test")
	org := organization(t, d, agent, "Acme", "acme.test")
	u, err := d.CreateUser(ctx, agent, core.NewUser{Email: "cara@acme.test"})
	if err != nil {
		t.Fatal(err)
	}
	d.Conversation(t, core.Actor{ID: u.ID, Address: u.Primary()}, "printers")
	if _, err := d.AddUserNote(ctx, agent, u.ID, "likes tea"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.AddOrganizationNote(ctx, agent, org, "pays late"); err != nil {
		t.Fatal(err)
	}
	told := func(entries []core.JourneyEntry) string {
		var b []string
		for _, e := range entries {
			b = append(b, e.Author.Name+": "+e.Event+e.Text)
		}
		return strings.Join(b, "; ")
	}
	entries, err := d.UserJourney(ctx, agent, u.ID, core.JourneyFilter{})
	if got := told(entries); err != nil || !strings.HasPrefix(got, "Ann: likes tea; cara: About printers; ") ||
		!strings.Contains(got, "Ann: created") || !strings.Contains(got, ": organization") || len(entries) != 4 {
		t.Errorf("user: %s %v", got, err)
	}
	entries, err = d.UserJourney(ctx, agent, u.ID, core.JourneyFilter{Only: core.EntryNote})
	if got := told(entries); err != nil || got != "Ann: likes tea" {
		t.Errorf("notes: %s %v", got, err)
	}
	entries, err = d.OrganizationJourney(ctx, agent, org, core.JourneyFilter{})
	if got := told(entries); err != nil || got != "Ann: pays late; cara: About printers; Ann: created" {
		t.Errorf("organization: %s %v", got, err)
	}
	if _, err := d.UserJourney(ctx, core.Actor{ID: u.ID, Role: core.RoleCustomer, Enabled: true}, u.ID, core.JourneyFilter{}); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a customer reads the own journey: %v", err)
	}
}

func TestOnlyAdminsAdministerAndEachActIsAudited(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner, agent := t.Context(), d.Owner(t, "owner@desk.test"), d.Agent(t, "ann@desk.test")
	customer := d.Customer(t, "cara@acme.test")
	d.Exec(t, `insert into suppressions (address, reason) values ('full@acme.test', 'mailbox full')`)
	name := "Acme Help"
	acts := map[string]func(by core.Actor) error{
		"team.created":     func(by core.Actor) error { return second(d.CreateTeam(ctx, by, "First line", []core.UserID{agent.ID})) },
		"mailbox.created":  func(by core.Actor) error { return second(d.CreateMailbox(ctx, by, "billing@desk.test", "Billing")) },
		"settings.updated": func(by core.Actor) error { return second(d.UpdateSettings(ctx, by, core.SettingsChanges{Name: &name})) },
		"user.invited": func(by core.Actor) error {
			_, _, err := d.Invite(ctx, by, []core.Invitee{{Email: "new@desk.test", Role: core.RoleAgent}})
			return err
		},
	}
	for act, do := range acts {
		for _, by := range []core.Actor{agent, customer, d.Collaborator(t, act+"@lab.test"), {}} {
			if err := do(by); !errors.Is(err, core.ErrForbidden) {
				t.Errorf("%s by a %q: %v", act, by.Role, err)
			}
		}
		if err := do(owner); err != nil {
			t.Errorf("%s: %v", act, err)
		}
	}
	if err := d.ClearSuppression(ctx, agent, "Full@acme.test"); err != nil {
		t.Error(err)
	}
	if err := d.ClearSuppression(ctx, agent, "full@acme.test"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("cleared twice: %v", err)
	}
	trail, _, err := d.AuditTrail(ctx, owner, core.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	trail = slices.DeleteFunc(trail, func(e core.AuditEntry) bool { return e.Act == "refused" })
	if len(trail) != len(acts)+1 {
		t.Fatalf("%d acts told, want %d", len(trail), len(acts)+1)
	}
	for _, e := range trail {
		if _, known := acts[e.Act]; !known && e.Act != "suppression.cleared" || e.Actor.Name == "" || e.Object == "" {
			t.Errorf("told: %+v", e)
		}
	}
	if _, _, err := d.AuditTrail(ctx, agent, core.AuditFilter{}); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("an agent reads the audit: %v", err)
	}
}

func TestTeamsAreOfStaffAndTheirTitlesDiffer(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner, agent := t.Context(), d.Owner(t, "owner@desk.test"), d.Agent(t, "ann@desk.test")
	team, err := d.CreateTeam(ctx, owner, " First  line ", []core.UserID{agent.ID})
	if err != nil || team.Title != "First line" || len(team.Members) != 1 {
		t.Fatalf("%+v %v", team, err)
	}
	for field, n := range map[string]struct {
		title   string
		members []core.UserID
	}{"title": {"First line", nil}, "members": {"Second line", []core.UserID{d.Customer(t, "cara@acme.test").ID}}} {
		if got := fault(t, second(d.CreateTeam(ctx, owner, n.title, n.members))); got.Field != field {
			t.Errorf("%+v, want a fault of %s", got, field)
		}
	}
	u, err := d.User(ctx, agent, agent.ID)
	if err != nil || len(u.Teams) != 1 || u.Teams[0].ID != team.ID || u.Teams[0].Title != "First line" {
		t.Errorf("teams of the agent: %+v %v", u.Teams, err)
	}
	none := []core.TeamID{}
	if u, err = d.UpdateUser(ctx, owner, agent.ID, core.UserChanges{Teams: &none}); err != nil || len(u.Teams) != 0 {
		t.Errorf("%+v %v", u.Teams, err)
	}
	if all, err := d.Teams(ctx, agent); err != nil || len(all) != 1 || len(all[0].Members) != 0 {
		t.Errorf("%+v %v", all, err)
	}
}

func TestAMailboxIsNobodysAddressAndLeavesRoomForATag(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	made, err := d.CreateMailbox(ctx, owner, "Billing@SHOP.test", "")
	if err != nil || made.Name != "billing" || d.Text(t, `select count(*) from own_domains where domain = 'shop.test'`) != "1" {
		t.Fatalf("%+v %v", made, err)
	}
	for given, want := range map[string]core.Invalid{
		"owner@desk.test":                      {Code: core.CodeDuplicate, Owner: owner.ID},
		"BILLING@shop.test":                    {Code: core.CodeDuplicate},
		"nonsense":                             {Code: core.CodeInvalid},
		"a-name-of-twenty-four-ch@desk.test":   {Code: core.CodeInvalid},
		"a-name-of-twenty-four-chr@desk.test.": {Code: core.CodeInvalid},
	} {
		got := fault(t, second(d.CreateMailbox(ctx, owner, given, "")))
		if got.Field != "address" || got.Code != want.Code || got.Owner != want.Owner {
			t.Errorf("%s: %+v", given, got)
		}
	}
	if err := d.FirstMailbox(ctx, "other@desk.test", "Other"); err != nil {
		t.Error(err)
	}
	if boxes, err := d.Mailboxes(ctx, owner); err != nil || len(boxes) != 2 || boxes[0].Address.String() != "support@desk.test" {
		t.Errorf("%+v %v", boxes, err)
	}
}

func TestTheFirstMailboxIsMadeOnceWhenThereIsNone(t *testing.T) {
	t.Parallel()
	pool := coretest.Database(t)
	d, err := core.Open(t.Context(), pool, core.Config{ReplyDomain: "reply.desk.test"})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	for range 4 {
		go func() { done <- d.FirstMailbox(t.Context(), "support@localhost", "Support") }()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	var boxes, domains int
	err = pool.QueryRow(t.Context(), `select (select count(*) from mailboxes), (select count(*) from own_domains)`).Scan(&boxes, &domains)
	if err != nil || boxes != 1 || domains != 2 {
		t.Errorf("%d mailboxes, %d domains: %v", boxes, domains, err)
	}
}
