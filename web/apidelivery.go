package web

import (
	"bytes"
	"context"
	"time"

	"postdesk/core"
)

type deliveryJSON struct {
	ID               core.DeliveryID      `json:"id"`
	State            string               `json:"state"`
	Purpose          string               `json:"purpose"`
	Recipient        string               `json:"recipient"`
	Subject          string               `json:"subject"`
	CaseID           *core.ConversationID `json:"case_id"`
	Attempts         int                  `json:"attempts"`
	LastResponse     string               `json:"last_response"`
	Reason           string               `json:"reason"` // what that means, "" where it is plain
	PerhapsDelivered bool                 `json:"perhaps_delivered"`
	IsPaused         bool                 `json:"is_paused"`
	NextAttemptAt    *time.Time           `json:"next_attempt_at"`
	CreatedAt        time.Time            `json:"created_at"`
	SentAt           *time.Time           `json:"sent_at"`
}

func deliveryOf(d core.DeliveryView) deliveryJSON {
	return deliveryJSON{
		ID: d.ID, State: upper(d.State), Purpose: upper(d.Purpose), Recipient: d.Recipient, Subject: d.Subject,
		CaseID: ref(d.Conversation), Attempts: d.Attempts, LastResponse: d.LastResponse,
		Reason: d.Reason(), PerhapsDelivered: d.PerhapsDelivered, IsPaused: d.Paused,
		NextAttemptAt: instant(d.NextAttemptAt), CreatedAt: d.CreatedAt.UTC(), SentAt: instant(d.SentAt),
	}
}

func (a *api) deliveries(c *apiCall) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	state, err := c.choice("state", "queued", "sent", "failed", "held")
	if err != nil {
		return apiAnswer{}, err
	}
	conversation, err := c.number("case_id")
	if err != nil {
		return apiAnswer{}, err
	}
	recipient, err := c.query("recipient")
	if err != nil {
		return apiAnswer{}, err
	}
	all, total, err := a.desk.Deliveries(c.ctx(), c.actor, core.DeliveryFilter{
		State: core.DeliveryStatus(state), Conversation: core.ConversationID(conversation), Recipient: recipient, Page: page,
	})
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("delivery", all, total, deliveryOf)
}

func (a *api) delivery(c *apiCall, id core.DeliveryID) (apiAnswer, error) {
	d, err := a.desk.Delivery(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return found("delivery", deliveryOf(d))
}

// afterDelivery shows an outgoing mail after something was done with it.
func (a *api) afterDelivery(do func(context.Context, core.Actor, core.DeliveryID) error) apiHandler {
	return byID(func(c *apiCall, id core.DeliveryID) (apiAnswer, error) {
		if err := do(c.ctx(), c.actor, id); err != nil {
			return apiAnswer{}, err
		}
		return a.delivery(c, id)
	})
}

// retryDelivery shows the mail also to an agent, who may retry a reply that failed.
func (a *api) retryDelivery(c *apiCall, id core.DeliveryID) (apiAnswer, error) {
	if err := a.desk.RetryDelivery(c.ctx(), c.actor, id); err != nil {
		return apiAnswer{}, err
	}
	d, err := a.desk.RetriedDelivery(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return found("delivery", deliveryOf(d))
}

func (a *api) deliverySource(c *apiCall, id core.DeliveryID) (apiAnswer, error) {
	raw, err := a.desk.DeliverySource(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return sourceOf(bytes.NewReader(raw), int64(len(raw)))
}
