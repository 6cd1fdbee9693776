package core

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// goesOn tells after how long a mail of that age may be filed.
func (r *rush) goesOn(t *testing.T, age time.Duration) time.Duration {
	t.Helper()
	start := time.Now()
	if err := r.standBack(context.Background(), start.Add(-age)); err != nil {
		t.Fatal(err)
	}
	return time.Since(start)
}

// come lets senders wait for their 250 again and again, each for a while, for so long.
func (r *rush) come(t *testing.T, senders int, each, lasting time.Duration) {
	var all sync.WaitGroup
	t.Cleanup(all.Wait)
	for range senders {
		all.Go(func() {
			for end := time.Now().Add(lasting); time.Now().Before(end); {
				done := r.sender()
				time.Sleep(each)
				done()
			}
		})
	}
	synctest.Wait()
}

func TestFilingStandsBackForARush(t *testing.T) {
	for name, c := range map[string]struct {
		senders  int
		each     time.Duration
		lasting  time.Duration
		age      time.Duration // of the mail
		from, to time.Duration // when it is filed
	}{
		"a few senders keep nobody waiting":        {rushSenders - 1, rushCalm / 2, time.Second, 0, 0, 0},
		"many are answered before mail is filed":   {rushSenders, rushCalm / 2, time.Second, 0, time.Second, time.Second + 3*rushCalm},
		"many wait long for a slow disk":           {rushSenders, 20 * rushCalm, 2 * time.Second, 0, 2 * time.Second, 2*time.Second + 3*rushCalm},
		"a rush that lasts is filed as it goes on": {10 * rushSenders, rushCalm / 2, time.Minute / 2, 0, standBackFor, standBackFor + rushCalm},
		"what a killed process left waits no more": {rushSenders, rushCalm / 2, time.Second, standBackFor, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &rush{}
				r.come(t, c.senders, c.each, c.lasting)
				if took := r.goesOn(t, c.age); took < c.from || took > c.to {
					t.Errorf("the mail was filed after %s, want %s to %s", took, c.from, c.to)
				}
			})
		})
	}
}

func TestFilingStandsBackSomeSecondsOfEachMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rush{}
		r.come(t, rushSenders, rushCalm/2, 2*standBackPer)
		var stood time.Duration
		for start := time.Now(); time.Since(start) < 2*standBackPer-time.Second; time.Sleep(10 * time.Millisecond) {
			stood += r.goesOn(t, 0)
		}
		if want := 2 * standBackFor; stood < want-rushCalm || stood > want+rushCalm {
			t.Errorf("filing stood back for %s of two minutes, want %s", stood, want)
		}
	})
}

func TestStandingBackEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rush{}
		r.come(t, rushSenders, rushCalm/2, time.Second)
		ctx, cancel := context.WithTimeout(context.Background(), rushCalm)
		defer cancel()
		if err := r.standBack(ctx, time.Now()); err == nil {
			t.Error("a mail was filed in a rush after its context had ended")
		}
		time.Sleep(2 * time.Second) // the rush ends, and with it its watch
	})
}
