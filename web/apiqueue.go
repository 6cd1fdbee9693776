package web

import (
	"context"
	"time"

	"postdesk/core"
)

// A destinationJSON is a domain that mail goes to, or * for all of it.
type destinationJSON struct {
	Name          string      `json:"name"`
	Queued        int         `json:"queued"`
	Due           int         `json:"due"`
	OldestAt      *time.Time  `json:"oldest_at"`
	NextAttemptAt *time.Time  `json:"next_attempt_at"` // null while paused, or without mail
	Failures      int         `json:"failures"`        // in a row
	Problem       string      `json:"problem"`
	Reason        string      `json:"reason"` // what that means, "" where it is plain
	WaitsUntil    *time.Time  `json:"waits_until"`
	PausedAt      *time.Time  `json:"paused_at"`
	PausedBy      *personJSON `json:"paused_by"`
}

func destinationOf(d core.Destination) destinationJSON {
	return destinationJSON{d.Name, d.Queued, d.Due, instant(d.Oldest), instant(d.NextAttemptAt), d.Failures, d.Problem, d.Reason(),
		instant(d.WaitsUntil), instant(d.PausedAt), somebody(d.PausedBy)}
}

// A queueJSON is what waits to go out, and one page of where to.
type queueJSON struct {
	Everything   destinationJSON   `json:"everything"`
	Destinations []destinationJSON `json:"destinations"`
	Total        int               `json:"destinations_count"`
	Paused       int               `json:"paused_count"`
	Held         int               `json:"held_count"`
	Failed       int               `json:"failed_today_count"`
}

func (a *api) queue(c *apiCall) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	q, err := a.desk.Queue(c.ctx(), c.actor, page)
	if err != nil {
		return apiAnswer{}, err
	}
	shown := queueJSON{Everything: destinationOf(q.Everything), Destinations: []destinationJSON{}, Total: q.Total, Paused: q.Paused, Held: q.Held, Failed: q.Failed}
	for _, d := range q.Destinations {
		shown.Destinations = append(shown.Destinations, destinationOf(d))
	}
	return found("queue", shown)
}

// afterQueue shows the queue after something was done with a destination.
func (a *api) afterQueue(do func(context.Context, core.Actor, string) error) apiHandler {
	return func(c *apiCall) (apiAnswer, error) {
		if err := do(c.ctx(), c.actor, c.plainParam("name")); err != nil {
			return apiAnswer{}, err
		}
		return a.queue(c)
	}
}

// A suppressionJSON is an address that gets no mail.
type suppressionJSON struct {
	Address    string               `json:"address"`
	Reason     string               `json:"reason"`
	Meaning    string               `json:"meaning"` // of the reason, "" where it is plain
	DeliveryID *core.DeliveryID     `json:"delivery_id"`
	CaseID     *core.ConversationID `json:"case_id"`
	User       *personJSON          `json:"user"`
	CreatedAt  time.Time            `json:"created_at"`
}

func suppressionOf(s core.Suppression) suppressionJSON {
	return suppressionJSON{s.Address.String(), s.Reason, s.Means(), ref(s.Delivery), ref(s.Conversation), somebody(s.Person), s.CreatedAt.UTC()}
}

func (a *api) suppressions(c *apiCall) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	query, err := c.query("q")
	if err != nil {
		return apiAnswer{}, err
	}
	all, total, err := a.desk.Suppressions(c.ctx(), c.actor, query, page)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("suppression", all, total, suppressionOf)
}

func (a *api) suppress(c *apiCall) (apiAnswer, error) {
	var form struct {
		Address string `json:"address"`
		Reason  string `json:"reason"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	if err := a.desk.Suppress(c.ctx(), c.actor, form.Address, form.Reason); err != nil {
		return apiAnswer{}, err
	}
	address, err := core.ParseAddress(form.Address)
	if err != nil {
		return apiAnswer{}, err
	}
	return made("suppression", suppressedJSON{address.String()})
}

func (a *api) clearSuppression(c *apiCall) (apiAnswer, error) {
	if err := a.desk.ClearSuppression(c.ctx(), c.actor, c.address()); err != nil {
		return apiAnswer{}, err
	}
	address, err := core.ParseAddress(c.address())
	if err != nil {
		return apiAnswer{}, err
	}
	return found("suppression", suppressedJSON{address.String()})
}

// A suppressedJSON names an address that mail was stopped to, or goes to again.
type suppressedJSON struct {
	Address string `json:"address"`
}
