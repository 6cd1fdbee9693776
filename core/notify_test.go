package core_test

import (
	"errors"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// TestEachAgentIsMailedOfWhatTheyChose: one notice is off, and who stands so to a
// conversation hears nothing; with all others off they still do.
func TestEachAgentIsMailedOfWhatTheyChose(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	cara, writer := d.Customer(t, "cara@acme.test"), d.Agent(t, "writer@desk.test")
	no := false
	choices := map[string]core.NotificationChanges{"assigned": {Assigned: &no}, "unassigned": {Unassigned: &no}, "followed": {Followed: &no}, "notes": {Notes: &no}}
	stands := map[string]func(c core.ConversationID, who core.Actor){
		"assigned": func(c core.ConversationID, who core.Actor) {
			d.Exec(t, `update conversations set assignee_id = $2 where id = $1`, c, who.ID)
		},
		"unassigned": func(core.ConversationID, core.Actor) {}, // an admin, of what no team attends to
		"followed": func(c core.ConversationID, who core.Actor) {
			d.Exec(t, `update conversations set assignee_id = $2 where id = $1`, c, writer.ID)
			d.Exec(t, `insert into followers (conversation_id, user_id) values ($1, $2)`, c, who.ID)
		},
	}
	for as, stand := range stands {
		role := core.RoleAgent
		if as == "unassigned" {
			role = core.RoleAdmin
		}
		who := d.Person(t, role, as+"@desk.test")
		for off, change := range choices {
			d.Exec(t, `update users set notices_off = '{}' where id = $1`, who.ID)
			if _, err := d.SetNotifications(ctx, who, change); err != nil {
				t.Fatal(err)
			}
			c := d.Conversation(t, cara, "Hello")
			stand(c, who)
			if _, err := d.PortalReply(ctx, cara, c, "More", nil); err != nil {
				t.Fatal(err)
			}
			if got := d.Text(t, `select count(*)::text from deliveries where conversation_id = $1 and user_id = $2 and kind = 'message'`, c, who.ID); (got == "1") != (off != as) {
				t.Errorf("%s, without %s: %s notices of a message", as, off, got)
			}
			if _, err := d.AddNote(ctx, writer, c, "A note"); err != nil {
				t.Fatal(err)
			}
			if got := d.Text(t, `select count(*)::text from deliveries where conversation_id = $1 and user_id = $2 and kind = 'note'`, c, who.ID); (got == "1") != (off != as && off != "notes") {
				t.Errorf("%s, without %s: %s notices of a note", as, off, got)
			}
		}
		d.Exec(t, `update users set enabled = false where id = $1`, who.ID)
	}
}

func TestWhatHasToBeToldIsToldWhateverIsChosen(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	cara, writer, ann := d.Customer(t, "cara@acme.test"), d.Agent(t, "writer@desk.test"), d.Agent(t, "ann@desk.test")
	no := false
	after, err := d.SetNotifications(ctx, ann, core.NotificationChanges{Assigned: &no, Unassigned: &no, Followed: &no, Notes: &no})
	if err != nil || after != (core.Notifications{}) {
		t.Fatalf("%+v, %v", after, err)
	}
	c := d.Conversation(t, cara, "Hello")
	if _, err := d.AddNote(ctx, writer, c, "@Ann look at this"); err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `select coalesce(string_agg(purpose, ' '), '') from deliveries where user_id = $1`, ann.ID); got != "mention" {
		t.Errorf("mailed: %q", got)
	}
	for _, role := range []core.Role{core.RoleCustomer, core.RoleCollaborator} {
		if _, err := d.Notifications(ctx, d.Person(t, role, string(role)+"@x.test")); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("%s: %v", role, err)
		}
	}
}

// TestWhoSeesAndEndsWhoseTokens is the table of roles for colleagues' tokens.
func TestWhoSeesAndEndsWhoseTokens(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	actors, subjects := map[core.Role]core.Actor{}, map[core.Role]core.Actor{}
	for _, role := range core.Roles() {
		actors[role], subjects[role] = d.Person(t, role, "by-"+string(role)+"@desk.test"), d.Person(t, role, "of-"+string(role)+"@desk.test")
	}
	for _, by := range core.Roles() {
		for _, of := range core.Roles() {
			session := d.Session(t, subjects[of].ID)
			secret, err := d.CreateAPIToken(ctx, subjects[of], session, core.NewToken{Name: "Script", Days: 1})
			if err != nil {
				t.Fatal(err)
			}
			own, err := d.APITokens(ctx, subjects[of])
			if err != nil || len(own) == 0 || own[0].Name != "Script" || own[0].ExpiresAt == nil {
				t.Fatalf("%+v, %v", own, err)
			}
			may := by.Admin() && of.Rank() <= by.Rank()
			if _, err := d.APITokensOf(ctx, actors[by], subjects[of].ID); may != (err == nil) {
				t.Errorf("%s sees those of %s: %v", by, of, err)
			}
			err = d.EndAPITokenOf(ctx, actors[by], subjects[of].ID, own[0].Handle)
			if may != (err == nil) {
				t.Errorf("%s ends one of %s: %v", by, of, err)
			}
			if _, err := d.ActorByToken(ctx, secret); may != errors.Is(err, core.ErrExpired) {
				t.Errorf("%s of %s: the token after it: %v", by, of, err)
			}
			d.Exec(t, `delete from api_tokens`)
		}
	}
	if got := d.Text(t, `select string_agg(distinct act, ' ') from audit where act like 'user.token%'`); !strings.Contains(got, "user.token_created") || !strings.Contains(got, "user.token_ended") {
		t.Errorf("the audit says %q", got)
	}
}

func TestAMailboxTellsHowItsMailGoes(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	admin := d.Admin(t, "adm@desk.test")
	quiet, err := d.CreateMailbox(t.Context(), admin, "quiet@desk.test", "Quiet")
	if err != nil {
		t.Fatal(err)
	}
	d.Exec(t, `insert into inbound (digest, due_at, received_at, helo, tls, envelope_from, recipients, size, raw)
		values ('\x01', now(), '2026-01-02 03:04:05Z', '', true, 'a@x.test', '{Support+token@desk.test}', 1, '')`)
	for state, at := range map[string]string{"queued": "", "held": "", "sent": "sent_at", "failed": "failed_at"} {
		set := ""
		if at != "" {
			set = ", " + at
		}
		now := strings.Replace(set, at, "now()", 1)
		if at == "" {
			now = ""
		}
		d.Exec(t, `insert into deliveries (purpose, state, recipient, mailbox_id, bounce_name, id_name, automatic`+set+`)
			select 'reply', $1, 'c@x.test', $2, hashtext($1), hashtext($1), false`+now, state, d.Mailbox)
	}
	all, err := d.MailboxHealths(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	h := all[d.Mailbox]
	if h.LastIn == nil || h.LastIn.UTC().Format("2006-01-02") != "2026-01-02" || h.LastOut == nil || h.Waiting != 1 || h.Held != 1 || h.Failed != 1 || h.Sent != 1 {
		t.Errorf("%+v", h)
	}
	if q := all[quiet.ID]; q.LastIn != nil || q.LastOut != nil || q.Waiting+q.Held+q.Failed+q.Sent != 0 {
		t.Errorf("the quiet one: %+v", q)
	}
	o, err := d.Overview(t.Context(), admin)
	if err != nil || o.Mailboxes != 2 || o.Domains != 1 || o.Unsigned != 0 || o.Queued != 1 || o.Held != 1 || o.Failed != 1 || o.Staff != 1 {
		t.Errorf("%+v, %v", o, err)
	}
	for _, who := range []core.Actor{d.Agent(t, "agt@desk.test"), d.Collaborator(t, "col@desk.test"), d.Customer(t, "cus@x.test")} {
		if _, err := d.Overview(t.Context(), who); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("%s: %v", who.Role, err)
		}
		if _, err := d.MailboxHealths(t.Context(), who); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("%s: %v", who.Role, err)
		}
	}
}

func TestTheSettingsOfSecurityAreCheckedAndWrittenDown(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	admin := d.Admin(t, "adm@desk.test")
	for _, n := range []int{-1, 0, 59, 1_000_001} {
		if _, err := d.UpdateSettings(ctx, admin, core.SettingsChanges{APIRequestsAMinute: &n}); fault(t, err).Field != "api_requests_a_minute" {
			t.Errorf("%d: %v", n, err)
		}
	}
	rate, must := 100, true
	after, err := d.UpdateSettings(ctx, admin, core.SettingsChanges{APIRequestsAMinute: &rate, StaffTwoFactor: &must})
	if err != nil || after.APIRequestsAMinute != 100 || !after.StaffTwoFactor {
		t.Fatalf("%+v, %v", after, err)
	}
	if got := d.Text(t, `select detail::text from audit where act = 'settings.updated'`); got != `{"staff_two_factor": {"to": true, "from": false}, "api_requests_a_minute": {"to": 100, "from": 3000}}` {
		t.Errorf("the audit says %s", got)
	}
}
