package main

import (
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"
)

func openSink(t *testing.T, s *sink) *sink {
	t.Helper()
	s.book = newBook(true)
	if err := s.listen(); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheSinkWritesDownWhatCameAndWhen(t *testing.T) {
	t.Parallel()
	s := openSink(t, &sink{client: "a", pipelining: true})
	s.book.live("a")
	c, err := dial(t.Context(), s.addr)
	if err != nil {
		t.Fatal(err)
	}
	raws := []string{"Message-ID: <1@x>\r\n\r\n.\r\n..\r\nend\r\n", "message-id:\r\n <2@x>\r\n\r\nMessage-ID: <no@x>\r\n", "Subject: none\r\n\r\n"}
	for _, raw := range raws {
		if err := c.sendTo("b@desk.test", "u@bench.test", []byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
	c.close()
	s.close()
	for i, id := range []string{"1@x", "2@x", ""} {
		got := s.book.transmissions[i]
		if got.id != id || got.digest != sha256.Sum256([]byte(raws[i])) || got.from != "b@desk.test" || got.to != "u@bench.test" {
			t.Errorf("mail %d: %+v", i, got)
		}
		if got.dot.Before(got.begin) || got.yes.Before(got.dot) || !got.end.Equal(got.yes) {
			t.Errorf("mail %d: its moments are in disorder: %+v", i, got)
		}
	}
	if s.book.yeses.Load() != 3 || s.book.most.Load() != 1 || s.book.distinct() != 1 {
		t.Errorf("%d taken, %d connections, %d recipients", s.book.yeses.Load(), s.book.most.Load(), s.book.distinct())
	}
}

func TestHalfAMailHasNoDot(t *testing.T) {
	t.Parallel()
	s := openSink(t, &sink{client: "a"})
	c, err := dial(t.Context(), s.addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.step([]byte("MAIL FROM:<b@desk.test>\r\nRCPT TO:<u@bench.test>\r\nDATA\r\nhalf"), 250, 250, 354); err != nil {
		t.Fatal(err)
	}
	c.close()
	s.close()
	if got := s.book.transmissions[0]; !got.dot.IsZero() || !got.yes.IsZero() || got.end.IsZero() || s.book.dots.Load() != 0 {
		t.Errorf("%+v", got)
	}
}

func TestTheSinkFiresOnceAtTheMomentAimedAt(t *testing.T) {
	t.Parallel()
	s := openSink(t, &sink{client: "a"})
	shots := make(chan int64, 5)
	s.aim.Store(&aim{afterYes, func() { shots <- s.book.yeses.Load() }})
	c, err := dial(t.Context(), s.addr)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.sendTo("b@desk.test", "u@bench.test", []byte("x\r\n")); err != nil {
			t.Fatal(err)
		}
	}
	s.aim.Store(&aim{afterDot, func() { shots <- -s.book.dots.Load() }})
	if err := c.sendTo("b@desk.test", "u@bench.test", []byte("x\r\n")); err != nil {
		t.Fatal(err)
	}
	c.close()
	s.close()
	close(shots)
	var got []int64
	for n := range shots {
		got = append(got, n)
	}
	if len(got) != 2 || got[0] != 1 || got[1] != -3 {
		t.Errorf("got %v: after the first 250, then after the third dot", got)
	}
}

func TestASinkThatIsDownAndComesBackListensWhereItDid(t *testing.T) {
	t.Parallel()
	s := openSink(t, &sink{client: "a"})
	addr := s.addr
	s.close()
	if c, err := dial(t.Context(), addr); err == nil {
		c.close()
		t.Error("it takes connections")
	}
	s.busy.Store(true)
	if err := s.listen(); err != nil || s.addr != addr {
		t.Fatalf("at %s, %v", s.addr, err)
	}
	var no refusal
	if _, err := dial(t.Context(), addr); !errors.As(err, &no) || no.code != 421 {
		t.Errorf("got %v, want 421", err)
	}
	s.close()
}

func TestASilentSinkGreetsWhenItIsTold(t *testing.T) {
	t.Parallel()
	s := openSink(t, &sink{client: "a", silent: make(chan struct{})})
	greeted := make(chan time.Time, 1)
	go func() {
		if c, err := dial(t.Context(), s.addr); err == nil {
			greeted <- time.Now()
			c.close()
		}
	}()
	if err := s.book.awaitConnection(t.Context()); err != nil {
		t.Fatal(err)
	}
	told := time.Now()
	close(s.silent)
	if at := <-greeted; at.Before(told) {
		t.Error("it greeted before")
	}
	s.close()
}

func TestMailsThatWereMeasuredTellTheirRate(t *testing.T) {
	t.Parallel()
	d := drained{name: "x", mails: 100, sent: time.Second, recorded: 2 * time.Second, wall: 2 * time.Second}
	if d.rate() != 50 || (drained{}).rate() != 0 || !strings.Contains(d.String(), "50 mails/s to an empty queue") {
		t.Errorf("%v: %s", d.rate(), d)
	}
}
