package core_test

import (
	"context"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// oldMail puts a mail of 40 days into the log.
func oldMail(t *testing.T, d coretest.Desk, name, state string) {
	t.Helper()
	d.Exec(t, `
		insert into inbound (digest, state, suspension, suspended_at, due_at, received_at, helo, tls, envelope_from, recipients, size, subject, raw)
		values (convert_to($1, 'UTF8'), $2, case when $2 = 'suspended' then 'flood' end, case when $2 = 'suspended' then now() end,
			now(), now() - interval '40 days', 'h', false, 'cara@acme.test', '{support@desk.test}', 4, $1, 'mail')`, name, state)
}

// sources names the mails that have theirs.
func sources(t *testing.T, d coretest.Desk) string {
	t.Helper()
	return d.Text(t, `select coalesce(string_agg(subject, ' ' order by id), '') from inbound where raw is not null`)
}

func prune(t *testing.T, d coretest.Desk) map[string]int {
	t.Helper()
	removed, err := d.Prune(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return removed
}

func TestThePrunedAreExactlyThoseWhoseTimeIsOverAndWhomNothingNeeds(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	for name, state := range map[string]string{"due": "success", "twice": "rejected"} {
		oldMail(t, d, name, state)
	}
	for _, m := range [][2]string{{"files", "success"}, {"suspended", "suspended"}, {"failed", "failed"}, {"waits", "received"}, {"young", "success"}, {"late", "success"}} {
		oldMail(t, d, m[0], m[1])
	}
	d.Exec(t, `update inbound set received_at = now() - interval '29 days' where subject = 'young'`)
	post := d.Message(t, d.Conversation(t, d.Customer(t, "cara@acme.test"), "Printer"), d.Customer(t, "carl@acme.test"), "See the file.")
	d.Exec(t, `insert into attachments (message_id, filename, content_type, size, sha256, inbound_id, ordinal)
		select $1, 'a.pdf', 'application/pdf', 1, '', id, 0 from inbound where subject = 'files'`, post)

	if gone := prune(t, d); gone[core.OldSources] != 0 {
		t.Fatalf("nothing is set, and %v went", gone)
	}
	d.Exec(t, `update instance set keep_source_days = 30`)
	if gone := prune(t, d); gone[core.OldSources] != 2 {
		t.Errorf("%v went, want 2 sources", gone)
	}
	// What came after a young one waits with it: the walk ends there.
	if left := sources(t, d); left != "files suspended failed waits young late" {
		t.Errorf("left are %s", left)
	}
	if n := d.Text(t, `select count(*)::text from inbound where raw is null and removed_at is not null and removed_by is null`); n != "2" {
		t.Errorf("%s say that their time was over", n)
	}

	// The next round finds what could not go in this one.
	d.Exec(t, `delete from attachments`)
	d.Exec(t, `update inbound set state = 'success', suspension = null, received_at = now() - interval '40 days' where subject in ('suspended', 'young')`)
	prune(t, d)
	if left := sources(t, d); left != "files suspended failed waits" {
		t.Errorf("after the young one grew old, left are %s", left)
	}
	d.Exec(t, `update retention set round_at = now() - interval '31 days'`)
	prune(t, d) // comes to the end, and begins again
	prune(t, d)
	if left := sources(t, d); left != "failed waits" {
		t.Errorf("after a new round, left are %s", left)
	}
}

func TestWhatLeftLosesItsBytesAndTriesAndKeepsItsEntry(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	for n, state := range []string{"sent", "failed", "held", "queued"} {
		d.Exec(t, `
			with mail as (
				insert into deliveries (purpose, state, recipient, mailbox_id, bounce_name, id_name, automatic, bytes, last_response, created_at, sent_at, failed_at)
				values ('reply', $1, $1 || '@acme.test', $2, $3, $3, false, 'mail', '250 well', now() - interval '40 days',
					case when $1 = 'sent' then now() - interval '39 days' end, case when $1 = 'failed' then now() - interval '35 days' end) returning id)
			insert into delivery_attempts (delivery_id, attempt, outcome, response) select id, 1, 'later', '451' from mail`, state, d.Mailbox, n)
	}
	d.Exec(t, `update instance set keep_sent_days = 30`)
	if gone := prune(t, d); gone[core.OldSent] != 2 {
		t.Errorf("%v went, want 2 mails that left", gone)
	}
	if left := d.Text(t, `select string_agg(state || ' ' || last_response || case when bytes is null then '' else ' whole' end || ' ' ||
		(select count(*) from delivery_attempts a where a.delivery_id = d.id), ', ' order by id) from deliveries d`); left !=
		"sent 250 well 0, failed 250 well 0, held 250 well whole 1, queued 250 well whole 1" {
		t.Errorf("left: %s", left)
	}
}

func TestPruningKeepsNoWriterWaitingAndWaitsForNone(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	for _, name := range []string{"one", "held", "three"} {
		oldMail(t, d, name, "success")
	}
	d.Exec(t, `update instance set keep_source_days = 30`)
	writer, err := d.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = writer.Rollback(context.Background()) }()
	if _, err := writer.Exec(t.Context(), `select from inbound where subject = 'held' for update`); err != nil {
		t.Fatal(err)
	}
	if gone := prune(t, d); gone[core.OldSources] != 2 || sources(t, d) != "held" {
		t.Errorf("beside a writer %v went, left is %s", gone, sources(t, d))
	}

	// While a step is under way, mail is taken and filed, and nobody else prunes.
	oldMail(t, d, "four", "success")
	step, err := d.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = step.Rollback(context.Background()) }()
	if _, err := step.Exec(t.Context(), `select from retention for update`); err != nil {
		t.Fatal(err)
	}
	if _, err := step.Exec(t.Context(), core.Prunings[core.OldSources], 0, 30, 500); err != nil {
		t.Fatal(err)
	}
	if gone := prune(t, d); gone[core.OldSources] != 0 {
		t.Errorf("a second process pruned too: %v", gone)
	}
	if m := file(t, d, written("cara@acme.test", "new@acme.test", "Hello"), core.Proven); m.Status != core.MailSuccess {
		t.Errorf("a new mail: %s", m.Status)
	}
	modes := d.Text(t, `select coalesce(string_agg(distinct mode, ' '), '') from pg_locks l join pg_class c on c.oid = l.relation
		where c.relname in ('inbound', 'attachments', 'inbound_uploads') and l.database = (select oid from pg_database where datname = current_database())`)
	if modes == "" || !onlyRowLocks(modes) {
		t.Errorf("locks of tables: %q", modes)
	}
}

// onlyRowLocks tells lock modes of a table that no reader or writer waits for.
func onlyRowLocks(modes string) bool {
	for _, mode := range strings.Fields(modes) {
		if mode != "AccessShareLock" && mode != "RowShareLock" && mode != "RowExclusiveLock" {
			return false
		}
	}
	return true
}

func TestWhatIsKeptIsAWeekAtLeast(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	admin := d.Admin(t, "adm@desk.test")
	six, seven := 6, 7
	of := func(n *int) **int { return &n }
	if _, err := d.UpdateSettings(t.Context(), admin, core.SettingsChanges{KeepSourceDays: of(&six)}); err == nil {
		t.Error("six days were taken")
	}
	s, err := d.UpdateSettings(t.Context(), admin, core.SettingsChanges{KeepSourceDays: of(&seven), KeepSentDays: of(&seven)})
	if err != nil || s.KeepSourceDays == nil || *s.KeepSourceDays != 7 || *s.KeepSentDays != 7 {
		t.Errorf("%+v (%v)", s, err)
	}
	s, err = d.UpdateSettings(t.Context(), admin, core.SettingsChanges{KeepSentDays: of(nil)})
	if err != nil || s.KeepSourceDays == nil || s.KeepSentDays != nil {
		t.Errorf("%+v (%v)", s, err)
	}
}
