package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// A deliveryVerdict counts deliveries, each once for each fault that it has.
type deliveryVerdict struct {
	lost        int // no sink said 250 to it
	unrecorded  int // the database does not say once that it was sent
	unknown     int // the database knows no such mail
	altered     int // other bytes or another Message-ID than the one before, or than the database has
	outside     int // sent again although nobody was killed after its dot
	crowded     int // sent again, as was another one of the same connection and kill
	overlapping int // two were sending it at a time
	late        int // begun after it was recorded as sent
}

func (v deliveryVerdict) String() string {
	return fmt.Sprintf("%d lost, %d not recorded, %d unknown, %d altered, %d sent again outside of the window after the dot, %d more than one of a connection and kill, %d overlapping, %d sent after they were recorded",
		v.lost, v.unrecorded, v.unknown, v.altered, v.outside, v.crowded, v.overlapping, v.late)
}

// A record is what the database says of one mail in the end.
type record struct {
	ID        string // Message-ID
	Recipient string
	Sent      bool
	SentAt    time.Time // when the transaction began that recorded it
	Records   int       // tries that are recorded as sent
	Digest    []byte    // of the bytes, if they are kept
}

func (db *database) records(ctx context.Context) ([]record, error) {
	rows, err := db.conn.Query(ctx, `
		select coalesce(trim(both '<>' from message_id), ''), recipient, state = 'sent', coalesce(sent_at, 'epoch'),
			(select count(*) from delivery_attempts a where a.delivery_id = d.id and a.outcome = 'sent'), sha256(bytes)
		from deliveries d order by id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[record])
}

// A sighting is all that is known of one proof.
type sighting struct {
	records       []record
	transmissions []*transmission
	lives         []life
}

// A repeat is a complete transmission that was followed by another one of the same
// mail.
type repeat struct{ first, again *transmission }

// key is one delivery: every one has a bounce address of its own.
func (t *transmission) key() string { return t.from + " " + t.to }

// deliveries are the transmissions of each mail in the order of their begin.
func (s sighting) deliveries() map[string][]*transmission {
	all := map[string][]*transmission{}
	for _, t := range s.transmissions {
		all[t.key()] = append(all[t.key()], t)
	}
	for _, list := range all {
		slices.SortStableFunc(list, func(a, b *transmission) int { return a.begin.Compare(b.begin) })
	}
	return all
}

// complete are those whose dot came.
func complete(list []*transmission) (done []*transmission) {
	for _, t := range list {
		if !t.dot.IsZero() {
			done = append(done, t)
		}
	}
	return done
}

// judge compares what the sinks saw with what the database says. It tells of each
// faulty delivery in a line.
func (s sighting) judge() (v deliveryVerdict, faulty []string) {
	byID := map[string]record{}
	for _, r := range s.records {
		byID[r.ID] = r
	}
	seen := map[string]bool{}
	crowd := map[[2]int]int{} // by life and connection
	all := s.deliveries()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		its := deliveryVerdict{}
		list := all[key]
		done := complete(list)
		its.overlapping = one(s.overlap(list))
		if len(done) > 0 {
			id := done[0].id
			r, known := byID[id]
			seen[id] = true
			its.unknown = one(!known)
			its.altered = one(known && altered(done, r))
			its.late = one(known && r.Sent && list[len(list)-1].begin.After(r.SentAt))
			its.lost = one(!slices.ContainsFunc(done, func(t *transmission) bool { return !t.yes.IsZero() }))
		}
		for i, t := range done[min(1, len(done)):] {
			first := done[i]
			its.outside |= one(!s.window(first, t))
			at := [2]int{first.life, first.line}
			crowd[at]++
			its.crowded |= one(crowd[at] > 1)
		}
		if its != (deliveryVerdict{}) {
			v.add(its)
			faulty = append(faulty, key+": "+its.String())
		}
	}
	for _, r := range s.records {
		its := deliveryVerdict{lost: one(!seen[r.ID]), unrecorded: one(!r.Sent || r.Records != 1)}
		if its != (deliveryVerdict{}) {
			v.add(its)
			faulty = append(faulty, r.Recipient+" "+r.ID+": "+its.String())
		}
	}
	return v, faulty
}

func (v *deliveryVerdict) add(o deliveryVerdict) {
	v.lost += o.lost
	v.unrecorded += o.unrecorded
	v.unknown += o.unknown
	v.altered += o.altered
	v.outside += o.outside
	v.crowded += o.crowded
	v.overlapping += o.overlapping
	v.late += o.late
}

func altered(done []*transmission, r record) bool {
	for _, t := range done {
		if t.id != done[0].id || t.digest != done[0].digest || len(r.Digest) == sha256.Size && [sha256.Size]byte(r.Digest) != t.digest {
			return true
		}
	}
	return false
}

// window: the process that sent it first was killed after the dot, before the
// second was begun.
func (s sighting) window(first, again *transmission) bool {
	killed := s.lives[first.life].killed
	return first.life != again.life && !killed.IsZero() && !first.dot.After(killed) && !killed.After(again.begin)
}

// until is when a transmission was over at the latest: a dead process sends no
// more, whatever the sink has still to say.
func (s sighting) until(t *transmission) time.Time {
	killed := s.lives[t.life].killed
	if !killed.IsZero() && (t.end.IsZero() || killed.Before(t.end)) {
		return killed
	}
	return t.end
}

func (s sighting) overlap(list []*transmission) bool {
	for i, t := range list[min(1, len(list)):] {
		if end := s.until(list[i]); end.IsZero() || end.After(t.begin) {
			return true
		}
	}
	return false
}

// repeats are what was sent again, in the order of time.
func (s sighting) repeats() (list []repeat) {
	for _, all := range s.deliveries() {
		done := complete(all)
		for i, t := range done[min(1, len(done)):] {
			list = append(list, repeat{done[i], t})
		}
	}
	slices.SortFunc(list, func(a, b repeat) int {
		return cmp.Or(a.first.dot.Compare(b.first.dot), cmp.Compare(a.first.line, b.first.line))
	})
	return list
}

// sharedRounds counts the rounds in which both processes brought mail.
func (s sighting) sharedRounds() (n int) {
	clients := map[int]map[string]bool{}
	for _, t := range complete(s.transmissions) {
		l := s.lives[t.life]
		if clients[l.round] == nil {
			clients[l.round] = map[string]bool{}
		}
		clients[l.round][l.client] = true
	}
	for _, who := range clients {
		n += one(len(who) > 1)
	}
	return n
}

// story tells what happened.
func (s sighting) story() string {
	aimed, again := map[string]int{}, map[int]int{}
	for _, l := range s.lives {
		if !l.killed.IsZero() {
			aimed[l.aimed]++
		}
	}
	both := s.sharedRounds()
	repeats, most, oldest, unanswered := s.repeats(), 0, time.Duration(0), 0
	for _, r := range repeats {
		again[r.first.life]++
		most = max(most, again[r.first.life])
		struck := s.lives[r.first.life].struck
		oldest = max(oldest, struck.Sub(r.first.dot))
		unanswered += one(r.first.yes.IsZero() || r.first.yes.After(struck))
	}
	return fmt.Sprintf("%d mails, %d transmissions begun, %d complete; in %d rounds two processes delivered; %d kills at any moment, %d between a dot and its 250, %d after a 250\n"+
		"%d sent twice, all with the same Message-ID and bytes unless told below: %d whose 250 had not been written at the kill, %d whose 250 was not recorded; by %d of the kills, %d by one at most; the oldest dot was %.1f ms before its kill",
		len(s.records), len(s.transmissions), len(complete(s.transmissions)), both, aimed[anyMoment], aimed[betweenDot], aimed[afterTheOK],
		len(repeats), unanswered, len(repeats)-unanswered, len(again), most, oldest.Seconds()*1000)
}
