package core_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// ids gathers what an export gives.
func ids(t *testing.T, d coretest.Desk, actor core.Actor, f core.ListFilter) (found []int64) {
	t.Helper()
	err := d.ExportConversations(t.Context(), actor, f, func(c core.ExportedConversation) error {
		found = append(found, int64(c.ID))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAnExportGivesEveryRowOfItsFilterOnce(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	admin, customer := d.Admin(t, "adm@desk.test"), d.Customer(t, "cara@acme.test")
	d.Exec(t, `insert into conversations (subject, requester_id, mailbox_id, channel, status, root)
		select 'Number ' || n, $1, $2, 'api', case when n % 2 = 0 then 'open' else 'closed' end, 'c.' || n from generate_series(1, 1203) n`, customer.ID, d.Mailbox)
	all := ids(t, d, admin, core.ListFilter{})
	if len(all) != 1203 || !slices.IsSortedFunc(all, func(a, b int64) int { return int(b - a) }) || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Errorf("%d rows, want 1203, each once and newest first", len(all))
	}
	if open := ids(t, d, admin, core.ListFilter{Status: core.StatusOpen}); len(open) != 601 {
		t.Errorf("%d open ones, want 601", len(open))
	}
	if others := ids(t, d, admin, core.ListFilter{Requester: admin.ID}); len(others) != 0 {
		t.Errorf("%d conversations of somebody without any", len(others))
	}
	stop := errors.New("enough")
	given := 0
	err := d.ExportUsers(t.Context(), admin, core.UserFilter{Role: core.RoleCustomer}, func(u core.User) error {
		if given++; u.ID != customer.ID {
			t.Errorf("%v is no customer", u)
		}
		return stop
	})
	if !errors.Is(err, stop) || given != 1 {
		t.Errorf("after the reader went away: %v, %d rows", err, given)
	}
}

func TestAnExportIsForAdminsAndStandsInTheAudit(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent, admin := d.Agent(t, "agt@desk.test"), d.Admin(t, "adm@desk.test")
	exports := map[string]func(core.Actor) error{
		"conversations": func(a core.Actor) error {
			return d.ExportConversations(t.Context(), a, core.ListFilter{View: core.ViewMine}, func(core.ExportedConversation) error { return nil })
		},
		"users": func(a core.Actor) error {
			return d.ExportUsers(t.Context(), a, core.UserFilter{}, func(core.User) error { return nil })
		},
		"audit": func(a core.Actor) error {
			return d.ExportAudit(t.Context(), a, core.AuditFilter{}, func(core.AuditEntry) error { return nil })
		},
	}
	for what, export := range exports {
		if err := export(agent); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("an agent exports %s: %v", what, err)
		}
		if err := export(admin); err != nil {
			t.Errorf("an admin exports %s: %v", what, err)
		}
		entry := fmt.Sprintf(`select count(*) filter (where actor_id = %d and act = 'export.%s') || ' ' ||
			count(*) filter (where actor_id = %d and act = 'refused' and detail->>'act' = 'export.%s') from audit`, admin.ID, what, agent.ID, what)
		if got := d.Text(t, entry); got != "1 1" {
			t.Errorf("%s: done and refused stand in the audit %s times", what, got)
		}
	}
	if got := d.Text(t, `select detail::text from audit where act = 'export.conversations'`); got != `{"view": "mine"}` {
		t.Errorf("the filter in the audit: %s", got)
	}
}
