package core_test

import (
	"testing"
	"time"

	"postdesk/core"
)

func TestStatusTransitions(t *testing.T) {
	t.Parallel()
	const (
		fresh, open, pending = core.StatusNew, core.StatusOpen, core.StatusPending
		completed, closed    = core.StatusCompleted, core.StatusClosed
	)
	for _, c := range []struct{ from, customerMessage, reply core.Status }{
		{fresh, fresh, open},
		{open, open, open},
		{pending, open, pending},
		{completed, open, completed},
		{closed, closed, closed},
	} {
		if got := c.from.AfterCustomerMessage(); got != c.customerMessage {
			t.Errorf("%s after a customer's message: %s", c.from, got)
		}
		if got := c.from.AfterReply(""); got != c.reply {
			t.Errorf("%s after a reply: %s", c.from, got)
		}
		for _, chosen := range []core.Status{open, pending, completed, closed} {
			if got := c.from.AfterReply(chosen); got != chosen {
				t.Errorf("%s after a reply with %s: %s", c.from, chosen, got)
			}
		}
	}
}

func TestWhoSetsWhichStatus(t *testing.T) {
	t.Parallel()
	statuses := []core.Status{core.StatusNew, core.StatusOpen, core.StatusPending, core.StatusCompleted, core.StatusClosed}
	for _, by := range core.Roles() {
		for _, from := range statuses {
			for _, to := range statuses {
				want := "yes"
				switch {
				case by == customer || by == collaborator:
					want = "403"
				case from == to:
				case to == core.StatusNew:
					want = "400"
				case from == core.StatusClosed && by == agent:
					want = "403"
				}
				if got := outcome(core.MaySet(by, from, to)); got != want {
					t.Errorf("%s sets %s to %s: %s, want %s", by, from, to, got, want)
				}
			}
		}
	}
	for _, to := range []core.Status{"", "solved", "OPEN"} {
		if got := outcome(core.MaySet(owner, core.StatusOpen, to)); got != "400" {
			t.Errorf("set to %q: %s", to, got)
		}
	}
}

func TestTheRequesterCompletesAllButAClosedConversation(t *testing.T) {
	t.Parallel()
	for s, want := range map[core.Status]string{
		core.StatusNew: "yes", core.StatusOpen: "yes", core.StatusPending: "yes", core.StatusCompleted: "yes", core.StatusClosed: "409",
	} {
		if got := outcome(core.MayComplete(s)); got != want {
			t.Errorf("%s: %s, want %s", s, got, want)
		}
	}
}

func TestACompletedConversationClosesAfterItsHours(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		after time.Duration
		hours int
		want  bool
	}{
		{96*time.Hour - 1, 96, false}, {96 * time.Hour, 96, true}, {1000 * time.Hour, 96, true},
		{time.Hour, 1, true}, {1000 * time.Hour, 0, false}, {1000 * time.Hour, -1, false}, {-time.Hour, 96, false},
	} {
		if got := core.CloseDue(at, at.Add(c.after), c.hours); got != c.want {
			t.Errorf("%s after, at %d hours: %v", c.after, c.hours, got)
		}
	}
}
