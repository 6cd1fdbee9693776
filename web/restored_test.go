package web

import (
	"net/url"
	"strings"
	"testing"
)

// R20
func TestAfterARestoreAdminsAreToldAndLetMailGo(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	look := func() {
		t.Helper()
		if _, err := w.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	look()
	w.Exec(t, `update continuity set system = '1'`)
	look()
	if p := w.ask(t, "admin", "/agent", nil); !strings.Contains(p.Body, "This database was restored") {
		t.Error("an admin is not told")
	}
	if p := w.ask(t, "agent", "/agent", nil); strings.Contains(p.Body, "This database was restored") {
		t.Error("an agent is told, who can do nothing about it")
	}
	if p := w.ask(t, "admin", "/admin/outbox/held", nil); !strings.Contains(p.Body, "another PostgreSQL") || !strings.Contains(p.Body, "Let new mail go out") {
		t.Errorf("the page does not say why: %s", p.Body)
	}
	w.ask(t, "agent", "/admin/outbox/held", url.Values{"do": {"resume"}})
	if w.Restored().At.IsZero() {
		t.Fatal("an agent has let mail go")
	}
	w.ask(t, "admin", "/admin/outbox/held", url.Values{"do": {"resume"}})
	if !w.Restored().At.IsZero() {
		t.Error("an admin has not let mail go")
	}
	if p := w.ask(t, "admin", "/agent", nil); strings.Contains(p.Body, "This database was restored") {
		t.Error("an admin is still told")
	}
}
