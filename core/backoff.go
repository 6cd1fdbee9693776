package core

import "time"

// Of an outgoing mail (mail-law section 6).
const (
	// WarnAfter is when its author is told that it is still not delivered.
	WarnAfter = 4 * time.Hour
	// GiveUpAfter is how long it is tried.
	GiveUpAfter = 5 * 24 * time.Hour
)

// NextAttempt tells when a mail that was tried attempt times (1 after the first
// failure) is tried again, if attempts are due at 0, 1, 5, 15, 30 minutes, 1, 2
// hours and every 4 hours from then on; each wait is lengthened or shortened by
// up to a tenth as jitter goes from 0 to 1. The wait counts from now, so that a
// long stop of ours is not followed by a burst. GiveUp is true from five days
// after since on; the last attempt comes no later than that.
func NextAttempt(attempt int, since, now time.Time, jitter float64) (next time.Time, giveUp bool) {
	deadline := since.Add(GiveUpAfter)
	if !now.Before(deadline) {
		return time.Time{}, true
	}
	next = now.Add(jittered(wait(attempt), jitter))
	if next.After(deadline) {
		next = deadline
	}
	return next, false
}

func wait(attempt int) time.Duration {
	waits := [...]time.Duration{ // between the times above
		1 * time.Minute, 4 * time.Minute, 10 * time.Minute, 15 * time.Minute,
		30 * time.Minute, 1 * time.Hour, 4 * time.Hour,
	}
	return waits[min(max(attempt, 1), len(waits))-1]
}

// DestinationWait is how long nothing is tried at a destination after no server
// of it could be spoken to, failures times in a row before: 5 s, doubled each time.
// It stays below two minutes, within which a queue must move again after the
// server is back (reliability R11).
func DestinationWait(failures int) time.Duration {
	const first, longest = 5 * time.Second, 110 * time.Second
	return min(first<<min(max(failures, 0), 10), longest)
}

func jittered(d time.Duration, jitter float64) time.Duration {
	if !(jitter >= 0) { // NaN too
		jitter = 0
	}
	return time.Duration(float64(d) * (0.9 + 0.2*min(jitter, 1)))
}

// NextTry tells when an accepted mail that could not be filed tries times is
// tried again. Failed is true after the third: it is then shown in the mail log
// and can be replayed (reliability R17).
func NextTry(tries int, now time.Time) (next time.Time, failed bool) {
	waits := [...]time.Duration{5 * time.Second, 30 * time.Second}
	if tries > len(waits) {
		return time.Time{}, true
	}
	return now.Add(waits[max(tries, 1)-1]), false
}
