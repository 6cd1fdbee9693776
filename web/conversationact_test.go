package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// propertiesForm is the form of a conversation's page as it was shown, with what
// somebody changes in it.
func propertiesForm(changes url.Values) url.Values {
	form := url.Values{}
	for field, value := range map[string]string{"status": "open", "assignee": "0", "team": "0", "priority": "normal", "type": "question", "subject": "Tea"} {
		form.Set(field, value)
		form.Set("was."+field, value)
	}
	for field := range changes {
		form.Set(field, changes.Get(field))
	}
	return form
}

// TestTwoWhoChangeAConversationAtOnceUndoNothingOfEachOther: each form holds every
// field as it was shown. What the other changed stays, and the same field is told
// instead of written over.
func TestTwoWhoChangeAConversationAtOnceUndoNothingOfEachOther(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	id := w.names["{conversation}"]
	path := "/agent/conversations/" + id + "/properties"
	agent := w.Text(t, `select user_id::text from addresses where address = 'agent@people.test'`)
	now := func() string {
		return w.Text(t, `select concat_ws(' ', status, priority, type, coalesce(assignee_id::text, '-'), subject) from conversations where id = $1`, id)
	}
	w.Exec(t, `update conversations set status = 'open', assignee_id = null, team_id = null, priority = 'normal', type = 'question', subject = 'Tea' where id = $1`, id)
	for _, c := range []struct {
		who     string
		changes url.Values
		status  int
		says    string // beside the field
		now     string
	}{
		{"admin", url.Values{"priority": {"urgent"}}, 303, "", "open urgent question - Tea"},
		{"agent", url.Values{"status": {"pending"}}, 303, "", "pending urgent question - Tea"},
		{"agent", url.Values{"priority": {"high"}}, 400, "You wrote “high”", "pending urgent question - Tea"},
		{"agent", url.Values{"priority": {"urgent"}}, 303, "", "pending urgent question - Tea"}, // as it is already
		{"admin", url.Values{"status": {"completed"}}, 400, "Somebody else changed this", "pending urgent question - Tea"},
		{"admin", url.Values{"subject": {"Black tea"}}, 303, "", "pending urgent question - Black tea"},
		{"agent", url.Values{"subject": {"Green tea"}, "type": {"task"}}, 400, "You wrote “Green tea”", "pending urgent question - Black tea"},
		{"agent", url.Values{"type": {"task"}, "was.subject": {"Black tea"}, "subject": {"Green tea"}}, 303, "", "pending urgent task - Green tea"},
		{"agent", url.Values{"assignee": {agent}}, 303, "", "pending urgent task " + agent + " Green tea"},
		{"admin", url.Values{"assignee": {w.Text(t, `select user_id::text from addresses where address = 'admin@people.test'`)}}, 400, "Somebody else changed this",
			"pending urgent task " + agent + " Green tea"},
	} {
		got := w.ask(t, c.who, path, propertiesForm(c.changes))
		if got.Status != c.status || now() != c.now {
			t.Errorf("%s sends %v: %d, and it is %q, want %d and %q", c.who, c.changes, got.Status, now(), c.status, c.now)
		}
		if c.status != http.StatusSeeOther && !strings.Contains(got.Body, c.says) {
			t.Errorf("%s sends %v: the page does not say %q", c.who, c.changes, c.says)
		}
	}
}
