package web

import (
	"fmt"
	"net/http"

	"postdesk/core"
)

type queuePage struct {
	base
	core.Queue
	paging
}

// Blocked tells that nothing goes anywhere, whatever a destination's own line says.
func (p queuePage) Blocked() bool {
	return p.Everything.PausedAt != nil || p.Everything.WaitsUntil != nil
}

func (s *server) queue(v *visit) error { return s.showQueue(v, http.StatusOK, nil) }

func (s *server) showQueue(v *visit, status int, f faults) error {
	page := listPage(v)
	q, err := s.desk.Queue(v.ctx(), v.actor, page)
	if err != nil {
		return err
	}
	b, err := s.page(v, "Queue", "outbox")
	if err != nil {
		return err
	}
	b.Faults = f
	return s.render(v, status, "queue", queuePage{base: b, Queue: q, paging: pagingOf(v, page, len(q.Destinations), q.Total)})
}

// actOnQueue pauses a destination, resumes it, or tries it now.
func (s *server) actOnQueue(v *visit) error {
	name := v.field("name")
	act, said := s.desk.TryNow, "tried"
	switch v.field("do") {
	case "pause":
		act, said = s.desk.Pause, "paused"
	case "resume":
		act, said = s.desk.Resume, "resumed"
	}
	err := act(v.ctx(), v.actor, name)
	return v.after(err, "/admin/queue", said, func(status int, f faults) error { return s.showQueue(v, status, f) })
}

type heldPage struct {
	base
	core.HeldOverview
}

// held asks before all held mail is sent, or discarded.
func (s *server) held(v *visit) error { return s.showHeld(v, http.StatusOK, nil) }

func (s *server) showHeld(v *visit, status int, f faults) error {
	o, err := s.desk.Held(v.ctx(), v.actor)
	if err != nil {
		return err
	}
	b, err := s.page(v, "Held mail", "outbox")
	if err != nil {
		return err
	}
	b.Faults = f
	return s.render(v, status, "held", heldPage{base: b, HeldOverview: o})
}

// actOnHeld does to what the page showed what its button says.
func (s *server) actOnHeld(v *visit) error {
	act, said := s.desk.SendAllHeld, "sent-all"
	if v.field("do") == "discard" {
		act, said = s.desk.DiscardAllHeld, "discarded-all"
	}
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return err
	}
	if v.field("do") == "resume" {
		err := s.desk.ReleaseOutbox(v.ctx(), v.actor)
		return v.after(err, "/admin/outbox/held", "outbox-released", func(status int, f faults) error { return s.showHeld(v, status, f) })
	}
	if v.field("sure") != "yes" {
		return s.showHeld(v, http.StatusBadRequest, faults{"sure-" + v.field("do"): {Problem: "Tick this first."}})
	}
	_, err := act(v.ctx(), v.actor, fieldID[core.DeliveryID](v, "upto"))
	return v.after(err, "/admin/outbox", said, func(status int, f faults) error { return s.showHeld(v, status, f) })
}

type suppressionsPage struct {
	base
	Query           string
	Rows            []core.Suppression
	Address, Reason string
	paging
}

// suppressions are the addresses that mail has stopped going to.
func (s *server) suppressions(v *visit) error {
	return s.showSuppressions(v, http.StatusOK, "", "", nil)
}

func (s *server) showSuppressions(v *visit, status int, address, reason string, f faults) error {
	p := suppressionsPage{Query: v.query("q"), Address: address, Reason: reason}
	page := listPage(v)
	rows, total, err := s.desk.Suppressions(v.ctx(), v.actor, p.Query, page)
	if err != nil {
		return err
	}
	if p.base, err = s.page(v, "Stopped addresses", "outbox"); err != nil {
		return err
	}
	p.Faults, p.Rows, p.paging = f, rows, pagingOf(v, page, len(rows), total)
	return s.render(v, status, "suppressions", p)
}

// actOnSuppressions lets mail go to an address again, also from the page of whose it
// is, or stops it.
func (s *server) actOnSuppressions(v *visit) error {
	address, reason := v.field("address"), v.field("reason")
	if v.field("do") == "stop" {
		err := s.desk.Suppress(v.ctx(), v.actor, address, reason)
		return v.after(err, "/admin/suppressions", "stopped", func(status int, f faults) error {
			return s.showSuppressions(v, status, address, reason, f)
		})
	}
	next := "/admin/suppressions"
	if person := fieldID[core.UserID](v, "person"); person > 0 {
		next = fmt.Sprintf("/agent/users/%d", person)
	}
	err := s.desk.ClearSuppression(v.ctx(), v.actor, address)
	return v.after(err, next, "cleared", func(status int, f faults) error { return s.showSuppressions(v, status, "", "", f) })
}
