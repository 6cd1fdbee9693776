package migrations_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postdesk/core/coretest"
)

// client finds a program of PostgreSQL: the newest, which reads every server.
func client(t *testing.T, name string) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name) // only a bad pattern fails
	if len(found) > 0 {
		return slices.Max(found)
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed here: %v", name, err)
	}
	return path
}

// pg_restore works with an empty search path: functions find nothing there that is
// not bound or named in full.
func TestADumpCanBeRestored(t *testing.T) {
	t.Parallel()
	url := coretest.URL(t)
	execute(t, t.Context(), url, `
		insert into categories (title) values ('Printers');
		insert into sections (category_id, title) select id, 'Paper' from categories;
		insert into articles (section_id, title, slug, body, headings, plain) select id, 'Drucker', 'drucker', 'It jams.', '', 'It jams.' from sections;
		insert into users (name, role, enabled) values ('Olga Owner', 'owner', true);
		insert into addresses (address, user_id, is_primary) select 'olga@desk.test', id, true from users where name = 'Olga Owner'`)
	dump := filepath.Join(t.TempDir(), "dump")
	restored := emptyDatabase(t)
	for _, command := range [][]string{
		{client(t, "pg_dump"), "--format=custom", "--file=" + dump, "--dbname=" + url},
		{client(t, "pg_restore"), "--exit-on-error", "--no-owner", "--dbname=" + restored, dump},
	} {
		cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", filepath.Base(command[0]), err, out)
		}
	}
	for _, sql := range []string{
		`select search::text from articles`,
		`select count(*)::text from addresses where search_words(address) @@ 'olga'::tsquery`,
		`select max(version_id)::text from goose_db_version`,
	} {
		before, after := ask(t, url, sql), ask(t, restored, sql)
		if before != after || strings.TrimSpace(after) == "" {
			t.Errorf("%s: %q, restored %q", sql, before, after)
		}
	}
}
