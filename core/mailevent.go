package core

import (
	"context"
	"time"
)

// tellFiled is the one line of the log about where a mail went (house rule 9). What
// was suspended waits for somebody, and is told in other words than what was filed.
func (d *Desk) tellFiled(ctx context.Context, m readMail, f filedMail) {
	message := "mail filed"
	if f.decision.Effect == EffectSuspend {
		message = "mail suspended"
	}
	d.log.InfoContext(ctx, message, "inbound", m.claim.ID, "conversation", f.at.conversation, "attempt", m.claim.Attempt,
		"rule", f.decision.Rule, "effect", f.decision.Effect, "suspension", f.decision.Suspension,
		"kind", m.letter.Kind, "origin", m.origin.Verdict, "seconds", time.Since(m.claim.Envelope.ReceivedAt).Seconds())
}
