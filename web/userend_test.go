package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestTwoCustomersAreMergedByPageAndPartedAgain(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.Conversation(t, w.people["own"], "A second matter")
	other, own := w.people["other"].ID, w.people["own"].ID
	at := fmt.Sprintf("/agent/users/%d/merge", other)

	search := w.ask(t, "agent", at+"?q=own%40people", nil)
	if search.Status != http.StatusOK || len(search.find(t, "a", fmt.Sprintf("href=%s?with=%d", at, own))) != 1 {
		t.Errorf("the search does not offer the other: %d", search.Status)
	}
	if none := w.ask(t, "agent", at+"?q=agent", nil); len(none.find(t, "a", fmt.Sprintf("href=%s?with=%d", at, w.people["agent"].ID))) != 0 {
		t.Error("the search offers a colleague")
	}
	confirm := w.ask(t, "agent", fmt.Sprintf("%s?with=%d", at, own), nil)
	for _, want := range []string{"From now on Other reads these 2 conversations of Own too", "Private notes stay private", "own@people.test", "other@people.test",
		fmt.Sprintf(`href="/agent/users/%d/merge?with=%d"`, own, other)} {
		if !strings.Contains(confirm.Body, want) {
			t.Errorf("the page to confirm lacks %q", want)
		}
	}
	if strings.Contains(confirm.Body, "SECRET-CANARY") {
		t.Error("the page shows a note")
	}
	for _, with := range []string{fmt.Sprint(w.people["agent"].ID), fmt.Sprint(other), w.names["{merged}"]} {
		if wrong := w.ask(t, "agent", at, url.Values{"with": {with}}); wrong.Status != http.StatusConflict {
			t.Errorf("merged with user %s: %d", with, wrong.Status)
		}
	}
	if staff := w.ask(t, "admin", fmt.Sprintf("/agent/users/%d/merge", w.people["agent"].ID), nil); staff.Status != http.StatusConflict {
		t.Errorf("a page to merge a colleague: %d", staff.Status)
	}

	done := w.ask(t, "agent", at, url.Values{"with": {fmt.Sprint(own)}})
	if done.Status != http.StatusSeeOther || done.Header.Get("Location") != fmt.Sprintf("/agent/users/%d?said=united", other) {
		t.Fatalf("merged: %d to %s", done.Status, done.Header.Get("Location"))
	}
	shell := w.ask(t, "agent", fmt.Sprintf("/agent/users/%d", own), nil)
	if shell.Status != http.StatusSeeOther || shell.Header.Get("Location") != fmt.Sprintf("/agent/users/%d", other) {
		t.Errorf("the shell leads to %q: %d", shell.Header.Get("Location"), shell.Status)
	}
	if out := w.ask(t, "own", "/conversations", nil); !strings.HasPrefix(out.Header.Get("Location"), "/signin") {
		t.Errorf("who went over is still signed in: %d", out.Status)
	}
	if reads := w.ask(t, "other", "/conversations/{conversation}", nil); reads.Status != http.StatusOK || strings.Contains(reads.Body, "SECRET-CANARY") {
		t.Errorf("the one who stays reads the conversation: %d", reads.Status)
	}

	undone := w.ask(t, "agent", fmt.Sprintf("/agent/users/%d/unmerge", own), url.Values{})
	if undone.Status != http.StatusSeeOther || undone.Header.Get("Location") != fmt.Sprintf("/agent/users/%d?said=parted", own) {
		t.Errorf("undone: %d to %s", undone.Status, undone.Header.Get("Location"))
	}
	if reads := w.ask(t, "other", "/conversations/{conversation}", nil); reads.Status != http.StatusNotFound {
		t.Errorf("after the way back the survivor reads on: %d", reads.Status)
	}
}

func TestAPersonIsDeletedByPageOnlyByTypingTheAddress(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	id := w.people["own"].ID
	at := fmt.Sprintf("/agent/users/%d/anonymise", id)
	if page := w.ask(t, "admin", at, nil); page.Status != http.StatusOK || !strings.Contains(page.Body, "own@people.test") || !strings.Contains(page.Body, "What stays") {
		t.Errorf("the page to confirm: %d", page.Status)
	}
	for _, typed := range []string{"", "yes", "other@people.test", "delete"} {
		slip := w.ask(t, "admin", at, url.Values{"sure": {typed}})
		if slip.Status != http.StatusBadRequest || len(slip.find(t, "input", "name=sure", "aria-invalid=true", "value="+typed)) != 1 {
			t.Errorf("%q deletes, or the fault is not beside the field: %d", typed, slip.Status)
		}
	}
	for _, who := range []string{"owner", "admin"} {
		if page := w.ask(t, "admin", fmt.Sprintf("/agent/users/%d/anonymise", w.people[who].ID), nil); page.Status != http.StatusForbidden {
			t.Errorf("an admin is offered to delete the %s: %d", who, page.Status)
		}
	}
	done := w.ask(t, "admin", at, url.Values{"sure": {"OWN@people.test"}})
	if done.Status != http.StatusSeeOther || done.Header.Get("Location") != fmt.Sprintf("/agent/users/%d?said=erased", id) {
		t.Fatalf("deleted: %d to %s", done.Status, done.Header.Get("Location"))
	}
	for _, path := range []string{fmt.Sprintf("/agent/users/%d", id), "/agent/conversations/{conversation}"} {
		page := w.ask(t, "agent", path, nil)
		if page.Status != http.StatusOK || !strings.Contains(page.Body, "Deleted user") || strings.Contains(page.Body, "Deleted user (Disabled)") || strings.Contains(page.Body, "own@people.test") {
			t.Errorf("%s after that: %d", path, page.Status)
		}
	}
	if again := w.ask(t, "admin", at, nil); again.Status != http.StatusSeeOther {
		t.Errorf("the page of somebody deleted: %d", again.Status)
	}
}
