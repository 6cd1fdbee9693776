package main

import (
	"fmt"
	"testing"
	"time"
)

// sent is what is seen of n mails over two connections of one process, which was
// killed at last, and of one more that was sent again by the next.
func sentWell(n int) sighting {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	s := sighting{lives: []life{{client: "a", struck: at(10_000), killed: at(10_001)}, {client: "a"}}}
	for i := range n {
		ms := 10 * i
		t := &transmission{life: 0, line: i % 2, from: fmt.Sprintf("bounce%d@desk.test", i), to: fmt.Sprintf("u%d@bench.test", i),
			id: fmt.Sprintf("%d@desk.test", i), digest: digest(fmt.Sprint(i)), begin: at(ms), dot: at(ms + 1), yes: at(ms + 2), end: at(ms + 2)}
		d := t.digest
		s.transmissions = append(s.transmissions, t)
		s.records = append(s.records, record{ID: t.id, Recipient: t.to, Sent: true, SentAt: at(ms + 3), Records: 1, Digest: d[:]})
	}
	last := *s.transmissions[n-1]
	s.transmissions = append(s.transmissions, &last)
	last.life, last.line, last.begin, last.dot, last.yes, last.end = 1, 7, at(11_000), at(11_001), at(11_002), at(11_002)
	s.records[n-1].SentAt = at(11_003)
	return s
}

func TestWhatIsSentAgainAfterAKillIsNoFaultAndEveryPlantedFaultIsFound(t *testing.T) {
	t.Parallel()
	s := sentWell(6)
	if v, faulty := s.judge(); v != (deliveryVerdict{}) {
		t.Fatalf("%v %q", v, faulty)
	}
	if got := s.repeats(); len(got) != 1 || got[0].first.id != "5@desk.test" {
		t.Errorf("repeats: %+v", got)
	}
	if err := controlDelivery(s); err != nil {
		t.Error(err)
	}
}

func TestJudgeDelivery(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(s *sighting)
		want   deliveryVerdict
	}{
		{"all is gone", func(s *sighting) { s.transmissions = nil }, deliveryVerdict{lost: 4}},
		{"half a mail, then nobody came back", func(s *sighting) {
			o := s.transmissions[0]
			o.dot, o.yes, o.end = time.Time{}, time.Time{}, s.lives[0].killed
		}, deliveryVerdict{lost: 1}},
		{"half a mail, then the whole of it", func(s *sighting) {
			half := *s.transmissions[4]
			half.life, half.dot, half.yes = 0, time.Time{}, time.Time{}
			half.begin, half.end = s.lives[0].struck, s.lives[0].killed.Add(time.Hour) // the sink saw late that it was dead
			s.transmissions = append(s.transmissions, &half)
		}, deliveryVerdict{}},
		{"its process was killed before the dot", func(s *sighting) { s.transmissions[3].dot = s.lives[0].killed.Add(time.Millisecond) }, deliveryVerdict{outside: 1}},
		{"its process was not killed", func(s *sighting) { s.lives[0].killed = time.Time{} }, deliveryVerdict{outside: 1}},
		{"the one that holds it lives", func(s *sighting) { s.transmissions[4].begin = s.transmissions[3].dot },
			deliveryVerdict{overlapping: 1, outside: 1}},
		{"bytes that were not kept are held against each other", func(s *sighting) {
			s.records[3].Digest = nil
			s.transmissions[3].digest = digest("x")
		}, deliveryVerdict{altered: 1}},
		{"no record says that it was sent", func(s *sighting) { s.records[0].Records = 0 }, deliveryVerdict{unrecorded: 1}},
	} {
		s := sentWell(4)
		c.change(&s)
		if got, faulty := s.judge(); got != c.want || (len(faulty) > 0) != (got != deliveryVerdict{}) {
			t.Errorf("%s: %v %q, want %v", c.name, got, faulty, c.want)
		}
	}
}
