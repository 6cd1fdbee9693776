package smtpd

import (
	"context"
	"sync"
	"time"

	"postdesk/core"
)

// Claims on mail that has been filed for renewAfter are renewed: a few times before
// they would end. Most mails are filed sooner, and nothing is written for them.
const (
	renewEvery = 5 * time.Second
	renewAfter = 15 * time.Second
)

// renewFor is how long claims are renewed. Who files a mail for longer hangs, and
// others may try.
const renewFor = 10 * time.Minute

// claims are the mails that this process is filing, so that nobody else takes one
// for that of a dead process while a slow name server or database holds it up.
type claims struct {
	mu   sync.Mutex
	held map[core.InboundID]heldClaim
}

type heldClaim struct {
	attempt int
	since   time.Time
}

// hold notes a claim until the returned function is called.
func (c *claims) hold(claim core.Claim) (letGo func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil {
		c.held = map[core.InboundID]heldClaim{}
	}
	c.held[claim.ID] = heldClaim{claim.Attempt, time.Now()}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.held[claim.ID].attempt == claim.Attempt {
			delete(c.held, claim.ID)
		}
	}
}

// older gives the claims that are held for longer than that.
func (c *claims) older(than time.Duration) map[core.InboundID]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := map[core.InboundID]int{}
	for id, h := range c.held {
		if age := time.Since(h.since); age > than && age < renewFor {
			list[id] = h.attempt
		}
	}
	return list
}

// renew keeps the claims of mail that takes long, until ctx ends.
func (in *intake) renew(ctx context.Context) {
	ticker := time.NewTicker(renewEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		old := in.claims.older(renewAfter)
		if len(old) == 0 {
			continue
		}
		trying, cancel := context.WithTimeout(ctx, 2*renewEvery)
		if err := in.desk.RenewInbound(trying, old); err != nil && ctx.Err() == nil {
			in.log.Warn("claims not renewed, others may take these mails when they end", "mails", len(old), "error", err)
		}
		cancel()
	}
}
