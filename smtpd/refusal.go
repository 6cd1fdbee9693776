package smtpd

import (
	"maps"
	"sync"
)

// Reasons why a client was sent away, or a recipient or a mail of it refused.
// They are the labels of the counters that an admin sees.
const (
	becauseFull      = "connections"            // there are as many as may be
	becauseFullHere  = "connections_of_network" // this client has as many as it may have
	becauseEarly     = "early_talker"
	becauseOther     = "not_smtp"
	becauseIdle      = "idle"
	becauseSlow      = "slow_mail"
	becauseSession   = "session_time"
	becauseErrors    = "errors" // of commands or of recipients
	becauseTalk      = "commands"
	becauseLine      = "line_too_long"
	becauseChunk     = "bad_chunk"
	becauseGivenUp   = "mail_given_up"
	becauseHandshake = "handshake"
	becauseStopping  = "stopping"
	becauseUnknown   = "unknown_recipient"
	becauseForeign   = "foreign_recipient"
	becauseTooBig    = "mail_too_big"
	becauseLoop      = "loop"
	becauseRoom      = "no_room" // neither in memory nor in the database
	becauseCutOff    = "mail_cut_off"
	becauseTrouble   = "trouble" // of ours: the database
	becauseHungUp    = "hung_up" // the client did; no refusal
)

var allReasons = []string{
	becauseFull, becauseFullHere, becauseEarly, becauseOther, becauseIdle, becauseSlow, becauseSession, becauseErrors,
	becauseTalk, becauseLine, becauseChunk, becauseGivenUp, becauseHandshake, becauseStopping, becauseUnknown,
	becauseForeign, becauseTooBig, becauseLoop, becauseRoom, becauseCutOff, becauseTrouble,
}

// reasonOf is why the session gave an answer.
func reasonOf(answer error) string {
	switch answer {
	case errNoSuchUser:
		return becauseUnknown
	case errNotOurs:
		return becauseForeign
	case errTooBig:
		return becauseTooBig
	case errLoop:
		return becauseLoop
	case errNoRoom, errBusy:
		return becauseRoom
	case errUnconfirmed:
		return becauseCutOff
	}
	return becauseTrouble
}

// A tally counts refusals by their reason.
type tally struct {
	mu sync.Mutex
	n  map[string]int64
}

func newTally() *tally {
	t := &tally{n: map[string]int64{}}
	for _, reason := range allReasons {
		t.n[reason] = 0
	}
	return t
}

func (t *tally) count(reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.n[reason]; known {
		t.n[reason]++
	}
}

func (t *tally) all() map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.n)
}
