package core_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"postdesk/core"
)

func TestTheAuditIsFiltered(t *testing.T) {
	t.Parallel()
	a := openAuditDesk(t)
	ctx := t.Context()
	admin := a.Admin(t, "adm@desk.test")
	a.Exec(t, `delete from audit`)
	a.Exec(t, `insert into audit (actor_id, act, object, at) values
		($1, 'user.disabled', 'user 7', '2026-03-01 10:00Z'), ($2, 'user.enabled', 'user 7', '2026-03-02 10:00Z'),
		($1, 'team.created', $3, '2026-03-03 10:00Z'), (null, 'settings.updated', 'settings', '2026-03-04 10:00Z')`,
		a.owner.ID, admin.ID, fmt.Sprintf("team %d", a.team.ID))
	day := func(d int) time.Time { return time.Date(2026, 3, d, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		f    core.AuditFilter
		want string
	}{
		{core.AuditFilter{}, "settings.updated team.created user.enabled user.disabled"},
		{core.AuditFilter{Actor: a.owner.ID}, "team.created user.disabled"},
		{core.AuditFilter{Command: true}, "settings.updated"},
		{core.AuditFilter{Act: "user"}, "user.enabled user.disabled"},
		{core.AuditFilter{Act: "user.enabled"}, "user.enabled"},
		{core.AuditFilter{Act: "use"}, ""},
		{core.AuditFilter{Object: "user 7"}, "user.enabled user.disabled"},
		{core.AuditFilter{Object: "user 7", Actor: admin.ID}, "user.enabled"},
		{core.AuditFilter{Since: day(2), Until: day(4)}, "team.created user.enabled"},
		{core.AuditFilter{Page: core.Page{Limit: 1, Offset: 1}}, "team.created"},
	} {
		trail, _, err := a.AuditTrail(ctx, admin, c.f)
		var acts []string
		for _, e := range trail {
			acts = append(acts, e.Act)
		}
		if got := strings.Join(acts, " "); err != nil || got != c.want {
			t.Errorf("%+v gives %q, want %q: %v", c.f, got, c.want, err)
		}
	}
	trail, _, err := a.AuditTrail(ctx, admin, core.AuditFilter{Act: "team"})
	if err != nil || trail[0].ObjectName != "First line" || trail[0].Actor.Name == "" {
		t.Errorf("names: %+v %v", trail, err)
	}
}

func TestEachFilterOfTheAuditHasItsIndex(t *testing.T) {
	t.Parallel()
	a := openAuditDesk(t)
	a.Exec(t, `insert into audit (actor_id, act, object, at)
		select $1, (array['user.updated', 'team.updated', 'role.updated'])[1 + n % 3], 'user ' || n % 500, now() - n * interval '1 minute'
		from generate_series(1, 20000) n`, a.owner.ID)
	a.Exec(t, `analyze audit`)
	for condition, index := range map[string]string{
		`object = 'user 7'`:                   "audit_of_object",
		`actor_id is null`:                    "audit_by_actor",
		`split_part(act, '.', 1) = 'refused'`: "audit_of_family",
		`at >= now() - interval '1 hour'`:     "audit_newest",
	} {
		plan := a.plan(t, `explain select * from audit where `+condition+` order by at desc, id desc limit 50`)
		if !strings.Contains(plan, index) {
			t.Errorf("%s does not use %s:\n%s", condition, index, plan)
		}
	}
}

func (a *auditDesk) plan(t *testing.T, sql string) string {
	t.Helper()
	rows, err := a.Pool.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
