package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// A deliveryFault is something that must be found. It spoils a copy of what was
// seen at one delivery that was sent once, by a process that was killed later.
type deliveryFault struct {
	name  string
	spoil func(s *sighting, t *transmission, r *record)
	found func(v deliveryVerdict) int
}

var deliveryFaults = []deliveryFault{
	{"a mail never came", func(s *sighting, t *transmission, _ *record) {
		s.transmissions = slices.DeleteFunc(s.transmissions, func(o *transmission) bool { return o == t })
	}, func(v deliveryVerdict) int { return v.lost }},
	{"no 250 was said to it", func(_ *sighting, t *transmission, _ *record) { t.yes = time.Time{} },
		func(v deliveryVerdict) int { return v.lost }},
	{"a mail is still queued", func(_ *sighting, _ *transmission, r *record) { r.Sent = false },
		func(v deliveryVerdict) int { return v.unrecorded }},
	{"a mail was recorded as sent twice", func(_ *sighting, _ *transmission, r *record) { r.Records = 2 },
		func(v deliveryVerdict) int { return v.unrecorded }},
	{"a mail that nobody wrote", func(_ *sighting, t *transmission, _ *record) { t.id = "nobody@desk.test" },
		func(v deliveryVerdict) int { return v.unknown }},
	{"a mail sent again was composed again", func(s *sighting, t *transmission, _ *record) { s.again(t).digest[0] ^= 1 },
		func(v deliveryVerdict) int { return v.altered }},
	{"a mail sent again has another Message-ID", func(s *sighting, t *transmission, _ *record) { s.again(t).id += "x" },
		func(v deliveryVerdict) int { return v.altered }},
	{"a mail has other bytes than the database", func(_ *sighting, t *transmission, r *record) { r.Digest = slices.Repeat([]byte{1}, 32) },
		func(v deliveryVerdict) int { return v.altered }},
	{"a mail was sent again with no kill between", func(s *sighting, t *transmission, _ *record) {
		o := s.again(t)
		o.life, o.begin = t.life, t.end.Add(time.Millisecond)
	}, func(v deliveryVerdict) int { return v.outside }},
	{"two of one connection were sent again after one kill", func(s *sighting, t *transmission, _ *record) {
		s.again(t)
		other := *t
		other.from += "x"
		s.transmissions = append(s.transmissions, &other)
		s.again(&other)
	}, func(v deliveryVerdict) int { return v.crowded }},
	{"two sent one mail at a time", func(s *sighting, t *transmission, _ *record) { s.again(t).begin = t.begin.Add(time.Microsecond) },
		func(v deliveryVerdict) int { return v.overlapping }},
	{"a mail was sent after it was recorded", func(s *sighting, t *transmission, r *record) {
		r.SentAt = s.again(t).begin.Add(-time.Microsecond)
	}, func(v deliveryVerdict) int { return v.late }},
}

// again sends a mail again, as is right after a kill: in a later life.
func (s *sighting) again(t *transmission) *transmission {
	o, after := *t, s.lives[t.life].killed.Add(time.Second)
	s.lives = append(s.lives, life{client: s.lives[t.life].client})
	o.life = len(s.lives) - 1
	o.begin, o.dot, o.yes, o.end = after, after, after, after
	s.transmissions = append(s.transmissions, &o)
	for i := range s.records {
		if s.records[i].ID == t.id {
			s.records[i].SentAt = after.Add(time.Second)
		}
	}
	return &o
}

// clone is a copy that can be spoilt.
func (s sighting) clone() sighting {
	c := sighting{records: slices.Clone(s.records), lives: slices.Clone(s.lives)}
	for _, t := range s.transmissions {
		o := *t
		c.transmissions = append(c.transmissions, &o)
	}
	return c
}

// victim is a delivery that was sent once, by a process that was killed. No mail
// of its connection was sent again.
func (s *sighting) victim() (*transmission, *record) {
	crowd := map[[2]int]bool{}
	for _, r := range s.repeats() {
		crowd[[2]int{r.first.life, r.first.line}] = true
	}
	for _, list := range s.deliveries() {
		t := list[0]
		at := slices.IndexFunc(s.records, func(r record) bool { return r.ID == t.id })
		if len(list) == 1 && at >= 0 && !t.dot.IsZero() && !s.lives[t.life].killed.IsZero() && !crowd[[2]int{t.life, t.line}] {
			return t, &s.records[at]
		}
	}
	return nil, nil
}

// controlDelivery plants each fault and fails unless the check finds it. Sent
// again as is right, a mail must be no fault.
func controlDelivery(s sighting) error {
	right := deliveryFault{name: "a mail sent again as is right after a kill", spoil: func(s *sighting, t *transmission, _ *record) { s.again(t) }}
	missed := 0
	for _, f := range append([]deliveryFault{right}, deliveryFaults...) {
		c := s.clone()
		t, r := c.victim()
		if t == nil {
			return errors.New("no mail can be spoilt: none was sent once by a process that was killed")
		}
		f.spoil(&c, t, r)
		v, _ := c.judge()
		word := "found"
		switch {
		case f.found == nil:
			word = "no fault"
			if v != (deliveryVerdict{}) {
				word, missed = "TAKEN FOR A FAULT", missed+1
			}
		case f.found(v) == 0:
			word, missed = "NOT FOUND", missed+1
		}
		fmt.Printf("control: %s: %s (%s)\n", f.name, word, v)
	}
	if missed > 0 {
		return fmt.Errorf("the check missed %d of the planted faults", missed)
	}
	return nil
}

// copyTo makes copies of the database under other names. Nobody else may use it.
func (db *database) copyTo(ctx context.Context, names ...string) error {
	var own, server string
	if err := db.conn.QueryRow(ctx, `select current_database(), 'postgres'`).Scan(&own, &server); err != nil {
		return err
	}
	cfg := db.conn.Config().Copy()
	cfg.Database = server
	if err := db.conn.Close(ctx); err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, name := range names {
		sql := `create database ` + pgx.Identifier{name}.Sanitize() + ` template ` + pgx.Identifier{own}.Sanitize()
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	cfg.Database = own
	db.conn, err = pgx.ConnectConfig(ctx, cfg)
	return err
}

// controlMails are enough for two couriers to meet on some.
const controlMails = 200

// controlLease takes the leases away: two gateways, each on a copy of one queue,
// know nothing of each other. What both send must be found.
func (d *deliverCommand) controlLease(ctx context.Context, w *workshop, server string) error {
	b := newBook(true)
	pair, err := d.couriers(w, b, "copy", at(server, "first"), at(server, "second"))
	defer func() {
		for _, c := range pair {
			c.gateway.stop()
			c.sink.close()
		}
	}()
	if err != nil {
		return err
	}
	if err := startTogether(ctx, b, pair); err != nil {
		return err
	}
	if err := b.awaitYes(ctx, 2*min(controlMails, d.Mails)); err != nil {
		return err
	}
	for _, c := range pair {
		c.gateway.stop()
		c.sink.close()
	}
	v, _ := sighting{transmissions: b.transmissions, lives: b.lives}.judge()
	found := "found"
	if v.outside == 0 || v.overlapping == 0 {
		found = "NOT FOUND"
		err = errors.New("the check missed that two gateways sent the same mails")
	}
	fmt.Printf("control: two gateways that know nothing of each other's leases: %s (%d sent again outside of the window after the dot, %d overlapping)\n", found, v.outside, v.overlapping)
	return err
}

// startTogether lets nothing be delivered before all have begun to.
func startTogether(ctx context.Context, b *book, all []*courier) error {
	b.gate.Lock()
	defer b.gate.Unlock()
	for _, c := range all {
		if err := c.start(ctx); err != nil {
			return err
		}
		if err := b.awaitBegin(ctx, c.life); err != nil {
			return err
		}
	}
	return nil
}

// at is the address of another database of the same server.
func at(server, database string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	u.Path = "/" + database
	return u.String()
}
