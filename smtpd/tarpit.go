package smtpd

import "time"

// freeFaults are answered at once: an honest sender has a few.
const freeFaults = 3

// tarpit holds the answer to a fault back, longer after each. A client that sits
// in it costs what one costs that says nothing, holds no octet of a mail, and
// stays among the connections of its network; the session's time bounds it.
func (c *conn) tarpit() {
	pause := tarpitPause(c.errors+c.badRecipients, c.cfg.TarpitStep)
	pause = min(pause, time.Until(c.began.Add(c.cfg.SessionTime)))
	if pause <= 0 {
		return
	}
	c.guard.tarpitted.Add(1)
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.guard.leaving:
	}
}

// tarpitPause doubles from one step to ten.
func tarpitPause(faults int, step time.Duration) time.Duration {
	if faults <= freeFaults || step <= 0 {
		return 0
	}
	return min(step<<min(faults-freeFaults-1, 4), 10*step)
}
