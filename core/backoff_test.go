package core_test

import (
	"math"
	"testing"
	"time"

	"postdesk/core"
)

func TestAttemptsFollowTheSchedule(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	now := since
	for i, minute := range []int{1, 5, 15, 30, 60, 120, 360, 600, 840} {
		next, giveUp := core.NextAttempt(i+1, since, now, 0.5)
		if want := since.Add(time.Duration(minute) * time.Minute); giveUp || !next.Equal(want) {
			t.Fatalf("attempt %d is at %s, want %s (give up %v)", i+2, next.Sub(since), want.Sub(since), giveUp)
		}
		now = next
	}
}

func TestAMailIsGivenUpAfterFiveDaysAndNotEarlier(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	for _, jitter := range []float64{0, 0.5, 1} {
		now, attempts := since, 1
		for {
			next, giveUp := core.NextAttempt(attempts, since, now, jitter)
			if giveUp {
				break
			}
			if !next.After(now) || next.Sub(now) > 4*time.Hour+24*time.Minute {
				t.Fatalf("attempt %d is %s after the one before", attempts+1, next.Sub(now))
			}
			now, attempts = next, attempts+1
		}
		if now.Sub(since) != core.GiveUpAfter || attempts < 30 || attempts > 45 {
			t.Errorf("jitter %v: given up at %s after %d attempts", jitter, now.Sub(since), attempts)
		}
	}
}

func TestJitterIsATenthAtMost(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	for jitter, want := range map[float64]time.Duration{
		0: 54 * time.Second, 0.5: time.Minute, 1: 66 * time.Second,
		-3: 54 * time.Second, 7: 66 * time.Second, math.Inf(1): 66 * time.Second, math.Inf(-1): 54 * time.Second,
	} {
		if next, _ := core.NextAttempt(1, now, now, jitter); next.Sub(now).Round(time.Millisecond) != want {
			t.Errorf("jitter %v: %s", jitter, next.Sub(now))
		}
	}
	if next, _ := core.NextAttempt(1, now, now, math.NaN()); next.Sub(now).Round(time.Millisecond) != 54*time.Second {
		t.Errorf("jitter NaN: %s", next.Sub(now))
	}
}

func TestALongStopOfOursIsNotFollowedByABurst(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	now := since.Add(3 * time.Hour)
	if next, _ := core.NextAttempt(2, since, now, 0.5); next.Sub(now) != 4*time.Minute {
		t.Errorf("the next attempt is %s later", next.Sub(now))
	}
}

func FuzzNextAttempt(f *testing.F) {
	f.Add(1, int64(0), 0.5)
	f.Add(-1, int64(math.MinInt64), math.NaN())
	f.Add(math.MaxInt, int64(5*24*time.Hour-1), 1.0)
	since := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, attempt int, passed int64, jitter float64) {
		now := since.Add(time.Duration(passed))
		next, giveUp := core.NextAttempt(attempt, since, now, jitter)
		if giveUp != (now.Sub(since) >= core.GiveUpAfter) {
			t.Fatalf("%s after: give up %v", now.Sub(since), giveUp)
		}
		if wait := next.Sub(now); !giveUp && (wait <= 0 || wait > 4*time.Hour+24*time.Minute) {
			t.Fatalf("attempt %d, %s after: the next is %s later", attempt, now.Sub(since), wait)
		}
	})
}

func TestAnAcceptedMailIsTriedThreeTimes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	for tries, want := range map[int]time.Duration{-1: 5 * time.Second, 0: 5 * time.Second, 1: 5 * time.Second, 2: 30 * time.Second} {
		if next, failed := core.NextTry(tries, now); failed || next.Sub(now) != want {
			t.Errorf("after %d tries: %s, %v", tries, next.Sub(now), failed)
		}
	}
	for _, tries := range []int{3, 4, math.MaxInt} {
		if _, failed := core.NextTry(tries, now); !failed {
			t.Errorf("not failed after %d tries", tries)
		}
	}
}
