package core_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// An auditDesk has one of each thing that administrative acts are done to.
type auditDesk struct {
	coretest.Desk
	owner    core.Actor
	customer core.UserID
	company  core.Organization
	team     core.Team
	secrets  []string // that acts gave out or took in
	count    int
}

// next is a number that no other thing here has.
func (a *auditDesk) next() int {
	a.count++
	return a.count
}

func openAuditDesk(t *testing.T) *auditDesk {
	t.Helper()
	a := &auditDesk{Desk: coretest.OpenDesk(t, core.Config{RelaySet: true})}
	a.owner = a.Owner(t, "owner@desk.test")
	a.customer = a.Customer(t, "cara@acme.test").ID
	var err error
	if a.company, err = a.CreateOrganization(t.Context(), a.owner, core.NewOrganization{Name: "Acme"}); err != nil {
		t.Fatal(err)
	}
	if a.team, err = a.CreateTeam(t.Context(), a.owner, "First line", nil); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *auditDesk) mail(t *testing.T, state string) core.InboundID {
	t.Helper()
	var id core.InboundID
	err := a.Pool.QueryRow(t.Context(), `
		insert into inbound (digest, state, suspension, due_at, received_at, helo, tls, envelope_from, recipients, size, from_address, rule, origin, raw)
		values (sha256($2::text::bytea), $1, case when $1::text = 'suspended' then 'spam' end, now(), now(), 'mx.test', false, 'eve@spam.test',
			'{support@desk.test}', 5, 'eve@spam.test', 'filtered', 'unproven', 'From: eve@spam.test'::bytea) returning id`, state, strconv.Itoa(a.next())).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (a *auditDesk) delivery(t *testing.T, state string) core.DeliveryID {
	t.Helper()
	var id core.DeliveryID
	err := a.Pool.QueryRow(t.Context(), `
		insert into deliveries (purpose, state, recipient, user_id, mailbox_id, bounce_name, id_name, automatic, subject, bytes, composed_at)
		values ('acknowledgement', $1, 'owner@desk.test', $2, $3, $4, $4, false, 'We have it', 'To: cara'::bytea, now()) returning id`,
		state, a.owner.ID, a.Mailbox, a.next()).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// acts is every administrative act, with the entry that it leaves: its object,
// and what stands in it.
func (a *auditDesk) acts(t *testing.T) []auditAct {
	t.Helper()
	last := auditAct{"user.anonymised", fmt.Sprintf("user %d", a.customer), "", func() error {
		return a.AnonymiseUser(t.Context(), a.owner, a.customer)
	}}
	return append(slices.Concat(a.actsOnPeople(t), a.actsOnAccounts(t), a.actsOnTheDesk(t), a.actsOnMail(t)), last)
}

func (a *auditDesk) actsOnPeople(t *testing.T) []auditAct {
	t.Helper()
	ctx, by := t.Context(), a.owner
	name, phone, organization, role := "Carola", "+49 1", a.company.ID, core.RoleCollaborator
	one, two := a.Customer(t, "one@acme.test").ID, a.Customer(t, "two@acme.test").ID
	user := fmt.Sprintf("user %d", a.customer)
	return []auditAct{
		{"user.updated", user, "name Cara Carola, phone - +49 1, organization - Acme", func() error {
			return second(a.UpdateUser(ctx, by, a.customer, core.UserChanges{Name: &name, Phone: &phone, Organization: &organization}))
		}},
		{"user.role", user, "customer collaborator", func() error {
			return second(a.UpdateUser(ctx, by, a.customer, core.UserChanges{Role: &role}))
		}},
		{"user.disabled", user, "", func() error { return a.DisableUser(ctx, by, a.customer) }},
		{"user.enabled", user, "", func() error { return a.EnableUser(ctx, by, a.customer) }},
		{"user.address_added", user, "second@acme.test", func() error { return a.AddIdentity(ctx, by, a.customer, "second@acme.test") }},
		{"user.address_primary", user, "second@acme.test", func() error { return a.MakePrimary(ctx, by, a.customer, "second@acme.test") }},
		{"user.address_removed", user, "cara@acme.test", func() error { return a.RemoveIdentity(ctx, by, a.customer, "cara@acme.test") }},
		{"user.merged", fmt.Sprintf("user %d", one), "", func() error { return a.MergeUsers(ctx, by, one, two) }},
		{"user.unmerged", fmt.Sprintf("user %d", one), "", func() error { return a.UnmergeUsers(ctx, by, two) }},
		{"user.role", fmt.Sprintf("user %d", one), "customer agent", func() error {
			return second(a.GiveRoleInstead(ctx, by, core.Invitee{Email: "one@acme.test", Role: core.RoleAgent}))
		}},
	}
}

func (a *auditDesk) actsOnAccounts(t *testing.T) []auditAct {
	t.Helper()
	ctx, by := t.Context(), a.owner
	invitee, faults, err := a.Invite(ctx, by, []core.Invitee{{Email: "ivy@desk.test", Role: core.RoleAgent}, {Email: "joe@desk.test", Role: core.RoleAgent}})
	if err != nil || len(faults) > 0 {
		t.Fatal(faults, err)
	}
	ivy, joe := invitee[0].ID, invitee[1].ID
	return []auditAct{
		{"user.link_sent", fmt.Sprintf("user %d", ivy), "invite", func() error { return a.SendAccountMail(ctx, by, ivy) }},
		{"user.link_copied", fmt.Sprintf("user %d", ivy), "invite", func() error {
			secret, _, err := a.CopyLink(ctx, by, ivy)
			a.secrets = append(a.secrets, secret)
			return err
		}},
		{"user.invite_revoked", fmt.Sprintf("user %d", joe), "", func() error { return a.RevokeInvite(ctx, by, joe) }},
		{"user.token_created", fmt.Sprintf("user %d", a.customer), "", func() error {
			secret, err := a.CreateToken(ctx, "second@acme.test")
			a.secrets = append(a.secrets, secret)
			return err
		}},
		{"user.created", "", "made@acme.test", func() error {
			password := "correct horse battery"
			a.secrets = append(a.secrets, password)
			return second(a.CreateAccount(ctx, core.NewUser{Email: "made@acme.test"}, &password))
		}},
		{"user.invited", "", "new@desk.test", func() error {
			return second(a.CreateUser(ctx, by, core.NewUser{Email: "new@desk.test", Role: core.RoleAgent}))
		}},
	}
}

func (a *auditDesk) actsOnTheDesk(t *testing.T) []auditAct {
	t.Helper()
	ctx, by := t.Context(), a.owner
	title, five, no, seats := "Second line", 5, false, 9
	return []auditAct{
		{"organization.created", "", "name - Beta, domains [] [beta.test]", func() error {
			return second(a.CreateOrganization(ctx, by, core.NewOrganization{Name: "Beta", Domains: []string{"beta.test"}}))
		}},
		{"organization.updated", fmt.Sprintf("organization %d", a.company.ID), "domains [] [acme.test]", func() error {
			return second(a.UpdateOrganization(ctx, by, a.company.ID, core.OrganizationChanges{Domains: &[]string{"acme.test"}}))
		}},
		{"organization.joined_existing", fmt.Sprintf("organization %d", a.company.ID), "", func() error {
			return second(a.JoinExisting(ctx, by, a.company.ID))
		}},
		{"team.created", "", "title - Third line", func() error { return second(a.CreateTeam(ctx, by, "Third line", nil)) }},
		{"team.updated", fmt.Sprintf("team %d", a.team.ID), "title First line Second line, members [] [" + fmt.Sprint(by.ID) + "]", func() error {
			return second(a.ChangeTeam(ctx, by, a.team.ID, core.TeamChanges{Title: &title, Add: []core.UserID{by.ID}}))
		}},
		{"team.deleted", fmt.Sprintf("team %d", a.team.ID), "Second line", func() error { return second(a.DeleteTeam(ctx, by, a.team.ID)) }},
		{"mailbox.created", "", "sales@desk.test", func() error { return second(a.CreateMailbox(ctx, by, "sales@desk.test", "Sales")) }},
		{"role.updated", "role agent", "reply_publicly true false", func() error {
			return second(a.UpdateRole(ctx, by, core.RoleAgent, core.RightsChanges{Reply: &no}))
		}},
		{"settings.updated", "settings", "flood_hour 20 5", func() error {
			return second(a.UpdateSettings(ctx, by, core.SettingsChanges{FloodHour: &five}))
		}},
		{"settings.updated", "settings", "max_seats - 9", func() error { return a.SetLimits(ctx, nil, &seats) }},
	}
}

func (a *auditDesk) actsOnMail(t *testing.T) []auditAct {
	t.Helper()
	ctx, by := t.Context(), a.owner
	suspended, other, failed := a.mail(t, "suspended"), a.mail(t, "suspended"), a.mail(t, "failed")
	gone, held, discarded := a.delivery(t, "failed"), a.delivery(t, "held"), a.delivery(t, "held")
	a.Exec(t, `insert into suppressions (address, reason) values ('full@acme.test', 'mailbox full')`)
	return []auditAct{
		{"mail.released", fmt.Sprintf("mail %d", suspended), "eve@spam.test", func() error {
			return a.Release(ctx, by, []core.InboundID{suspended}, "", true)
		}},
		{"mail.deleted", fmt.Sprintf("mail %d", other), "", func() error { return a.DeleteMails(ctx, by, []core.InboundID{other}) }},
		{"mail.replayed", fmt.Sprintf("mail %d", failed), "", func() error { return a.Replay(ctx, by, failed) }},
		{"delivery.retried", fmt.Sprintf("delivery %d", gone), "", func() error { return a.RetryDelivery(ctx, by, gone) }},
		{"delivery.sent", fmt.Sprintf("delivery %d", held), "", func() error { return a.SendHeld(ctx, by, held) }},
		{"delivery.discarded", fmt.Sprintf("delivery %d", discarded), "", func() error { return a.DiscardHeld(ctx, by, discarded) }},
		{"delivery.held", "outbox", "mails:1", func() error {
			a.Exec(t, `update deliveries set state = 'sent', sent_at = now() where state = 'queued'`)
			a.delivery(t, "queued")
			return a.HoldOutbox(ctx)
		}},
		{"suppression.cleared", "full@acme.test", "", func() error { return a.ClearSuppression(ctx, by, "full@acme.test") }},
	}
}

type auditAct struct {
	act, object string // object "": one that the act makes
	says        string // "field from to, …" of changes, or a value of the detail
	do          func() error
}

func TestEveryAdministrativeActLeavesOneEntryThatSaysWhatChanged(t *testing.T) {
	t.Parallel()
	a := openAuditDesk(t)
	for _, act := range a.acts(t) {
		_, before, err := a.AuditTrail(t.Context(), a.owner, core.AuditFilter{})
		if err != nil {
			t.Fatal(err)
		}
		if err := act.do(); err != nil {
			t.Errorf("%s: %v", act.act, err)
			continue
		}
		trail, after, err := a.AuditTrail(t.Context(), a.owner, core.AuditFilter{})
		if err != nil {
			t.Fatal(err)
		}
		e := trail[0]
		if after != before+1 || e.Act != act.act || act.object != "" && e.Object != act.object || e.Object == "" {
			t.Errorf("%s: %d entries more, the last %q on %q", act.act, after-before, e.Act, e.Object)
		}
		detail := fmt.Sprint(e.Detail)
		for part := range strings.SplitSeq(act.says, ", ") {
			if !strings.Contains(detail, part) && !toldChange(e.Detail, part) {
				t.Errorf("%s: %s is not in %s", act.act, part, detail)
			}
		}
	}
	all := a.Text(t, `select string_agg(a::text, ' ') from audit a`)
	for _, secret := range a.secrets {
		if secret == "" || strings.Contains(all, secret) {
			t.Errorf("the audit shows a secret: %q", secret)
		}
	}
}

// toldChange finds "field from to", "-" for nothing. Values may have spaces.
func toldChange(detail map[string]any, want string) bool {
	for field, v := range detail {
		if c, ok := v.(map[string]any); ok {
			show := func(v any) string {
				if v == nil || v == "" {
					return "-"
				}
				return fmt.Sprint(v)
			}
			if want == field+" "+show(c["from"])+" "+show(c["to"]) {
				return true
			}
		}
	}
	return want == fmt.Sprint(detail["from"], " ", detail["to"])
}

func TestAnActThatChangesNothingLeavesNoEntry(t *testing.T) {
	t.Parallel()
	a := openAuditDesk(t)
	ctx, by := t.Context(), a.owner
	name, yes, role := "Cara", true, core.RoleCustomer
	u, err := a.User(ctx, by, a.customer)
	if err != nil {
		t.Fatal(err)
	}
	name = u.Name
	_, before, err := a.AuditTrail(ctx, by, core.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for what, do := range map[string]func() error{
		"user": func() error {
			return second(a.UpdateUser(ctx, by, a.customer, core.UserChanges{Name: &name, Role: &role}))
		},
		"enabled": func() error { return a.EnableUser(ctx, by, a.customer) },
		"organization": func() error {
			return second(a.UpdateOrganization(ctx, by, a.company.ID, core.OrganizationChanges{Name: &a.company.Name}))
		},
		"team":     func() error { return second(a.ChangeTeam(ctx, by, a.team.ID, core.TeamChanges{Title: &a.team.Title})) },
		"role":     func() error { return second(a.UpdateRole(ctx, by, core.RoleAgent, core.RightsChanges{Reply: &yes})) },
		"settings": func() error { return second(a.UpdateSettings(ctx, by, core.SettingsChanges{})) },
		"limits":   func() error { return a.SetLimits(ctx, nil, nil) },
	} {
		if err := do(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if _, after, err := a.AuditTrail(ctx, by, core.AuditFilter{}); err != nil || after != before {
			t.Errorf("%s: %d entries more: %v", what, after-before, err)
		}
	}
}
