package web

import (
	"net/http"
	"net/url"
	"testing"

	"postdesk/core"
)

func TestAPastedNameAndAddressMakesAUserOfThatName(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	made := w.ask(t, "agent", "/agent/users/new", url.Values{"email": {"Zoe Zed <zoe@acme.test>"}})
	if got := w.Text(t, `select u.name from users u join addresses a on a.user_id = u.id where a.address = 'zoe@acme.test'`); made.Status != http.StatusSeeOther || got != "Zoe Zed" {
		t.Fatalf("%d: the user is called %q", made.Status, got)
	}
	if page := w.ask(t, "admin", "/admin/audit?object=zoe@acme.test", nil); !page.says(t, "Zoe Zed", "div", "class=audit-what") {
		t.Error("the audit is not found by the address")
	}
	if page := w.ask(t, "admin", "/admin/audit?object=nobody@acme.test", nil); page.says(t, "Zoe Zed", "div", "class=audit-what") {
		t.Error("an address of nobody shows entries")
	}
}

func TestWithoutARelayNothingIsSaidToBeOnItsWay(t *testing.T) {
	t.Parallel()
	held := (&server{}).saidOf
	for _, word := range []string{"link-sent", "invited", "told", "verify"} {
		if held(word) == "" || held(word) == saidOf(word) {
			t.Errorf("%s says %q", word, held(word))
		}
	}
}

func TestNoRetryIsOfferedThatIsAlwaysRefused(t *testing.T) {
	t.Parallel()
	p := conversationPage{base: base{RelaySet: true, Actor: core.Actor{ID: 1, Role: core.RoleOwner, Enabled: true}}}
	late := core.DeliveryState{State: core.DeliveryQueued, Purpose: core.PurposeReply, Attempts: 1, LastResponse: "451 later"}
	if !p.MayRetry(late) {
		t.Fatal("a late mail cannot be retried")
	}
	late.Paused = true
	given := core.DeliveryState{State: core.DeliveryFailed, Purpose: core.PurposeAcknowledgement, LastResponse: "Discarded by Olga"}
	if p.MayRetry(late) || p.MayRetry(given) {
		t.Error("a paused mail or a discarded acknowledgement is offered again")
	}
}
