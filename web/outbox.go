package web

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"postdesk/core"
)

type deliveriesPage struct {
	base
	State  core.DeliveryStatus
	To     string
	States []choice
	Rows   []core.DeliveryView
	paging
}

// deliveries is the log of outgoing mail: /admin/outbox?state=held&to=acme.test.
func (s *server) deliveries(v *visit) error {
	f := core.DeliveryFilter{State: core.DeliveryStatus(v.query("state")), Recipient: v.query("to"),
		Conversation: number[core.ConversationID](v.query("conversation")), Page: listPage(v)}
	rows, total, err := s.desk.Deliveries(v.ctx(), v.actor, f)
	if err != nil {
		return err
	}
	b, err := s.page(v, "Outbox", "outbox")
	if err != nil {
		return err
	}
	choices := []choice{{"All", outboxPath("", f.Recipient), f.State == ""}}
	for _, state := range []core.DeliveryStatus{core.DeliveryQueued, core.DeliverySent, core.DeliveryFailed, core.DeliveryHeld} {
		choices = append(choices, choice{upperFirst(string(state)), outboxPath(state, f.Recipient), state == f.State})
	}
	return s.render(v, http.StatusOK, "deliveries", deliveriesPage{base: b, State: f.State, To: f.Recipient, States: choices, Rows: rows,
		paging: pagingOf(v, f.Page, len(rows), total)})
}

func outboxPath(state core.DeliveryStatus, to string) string {
	q := url.Values{}
	if state != "" {
		q.Set("state", string(state))
	}
	if to != "" {
		q.Set("to", to)
	}
	if len(q) == 0 {
		return "/admin/outbox"
	}
	return "/admin/outbox?" + q.Encode()
}

type deliveryPage struct {
	base
	D      core.DeliveryView
	L      core.Letter
	Hidden string // why its content is not shown
	Raw    string
	Answer string // a command that answers it, while nothing leaves this machine
	Masked bool   // tokens in what is shown
}

func (s *server) delivery(v *visit) error {
	id, err := pathID[core.DeliveryID](v, "id")
	if err != nil {
		return err
	}
	return s.showDelivery(v, http.StatusOK, id, nil)
}

// showDelivery shows an outgoing mail with its content, as far as the reader may
// see that: one with a single-use link is for those who may grant that role.
func (s *server) showDelivery(v *visit, status int, id core.DeliveryID, f faults) error {
	d, err := s.desk.Delivery(v.ctx(), v.actor, id)
	if err != nil {
		return err
	}
	p := deliveryPage{D: d, Masked: s.desk.MasksTokens()}
	raw, err := s.desk.DeliverySource(v.ctx(), v.actor, id)
	switch {
	case err == nil:
		p.L, p.Raw = s.read(raw), string(raw)
		p.Answer = s.answerTo(d, p.L)
	case statusIsOurs(err):
		return err
	default:
		p.Hidden = problemOf(err)
	}
	if p.base, err = s.page(v, firstOf(d.Subject, "Outgoing mail"), "outbox"); err != nil {
		return err
	}
	p.Faults = f
	if d.HasLink {
		v.w.Header().Set("Cache-Control", "no-store")
	}
	return s.render(v, status, "delivery", p)
}

// answerTo is the line for a shell that answers a held mail as its recipient
// would: how to try everything before there is a relay.
func (s *server) answerTo(d core.DeliveryView, l core.Letter) string {
	_, port, err := net.SplitHostPort(s.smtpAddr)
	if s.relaySet || err != nil || d.State != core.DeliveryHeld || len(l.ReplyTo) != 1 {
		return ""
	}
	quote := func(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
	return fmt.Sprintf("swaks --server localhost:%s --from %s --to %s \\\n  --header %s --body %s", port, quote(d.Recipient),
		quote(l.ReplyTo[0].Address), quote("Subject: Re: "+strings.TrimPrefix(d.Subject, "Re: ")), quote("My answer"))
}

// statusIsOurs tells an error that no sentence to the reader can explain.
func statusIsOurs(err error) bool {
	status, _ := statusOf(err)
	return status >= http.StatusInternalServerError
}

func (s *server) deliverySource(v *visit) error {
	id, err := pathID[core.DeliveryID](v, "id")
	if err != nil {
		return err
	}
	raw, err := s.desk.DeliverySource(v.ctx(), v.actor, id)
	if err != nil {
		return err
	}
	sendRaw(v, fmt.Sprintf("outgoing-%d", id), bytes.NewReader(raw), int64(len(raw)))
	return nil
}

func (s *server) onDelivery(v *visit, said string, act func(core.DeliveryID) error) error {
	id, err := pathID[core.DeliveryID](v, "id")
	if err != nil {
		return err
	}
	err = act(id)
	if f, status, ok := faultsOf(err); ok && v.actor.Can(core.DoAdminister) == nil {
		return s.showDelivery(v, status, id, f)
	}
	if err != nil {
		return err
	}
	return v.see(fmt.Sprintf("/admin/outbox/%d", id), said)
}

func (s *server) retryDelivery(v *visit) error {
	return s.onDelivery(v, "retried", func(id core.DeliveryID) error { return s.desk.RetryDelivery(v.ctx(), v.actor, id) })
}

func (s *server) sendHeld(v *visit) error {
	return s.onDelivery(v, "sent-held", func(id core.DeliveryID) error { return s.desk.SendHeld(v.ctx(), v.actor, id) })
}

func (s *server) discardHeld(v *visit) error {
	return s.onDelivery(v, "discarded", func(id core.DeliveryID) error { return s.desk.DiscardHeld(v.ctx(), v.actor, id) })
}
