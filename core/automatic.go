package core

import (
	"context"
	"sync"
	"time"
)

// automaticSQL: why no automatic mail may go to an address (section 5).
const automaticSQL = `
	select case
		when exists (select from automatic_mutes where address = $1) then 'Automatic mail to this address is muted: a machine answered it.'
		when a.hour >= 1 or a.day >= 3 then 'This address had automatic mail a short while ago.'
		else '' end
	from (
		select count(*) filter (where created_at > now() - interval '1 hour') as hour, count(*) as day
		from deliveries where automatic and recipient = $1 and created_at > now() - interval '1 day') a`

const automaticFull = "So much automatic mail went out in the last hour that no more is sent."

// automaticCap is what this process knows of the automatic mail of the last hour:
// counted a moment ago, and what it added since. Counting for every mail would
// cost more than all its other questions.
type automaticCap struct {
	mu     sync.Mutex
	readAt time.Time
	sent   int
	most   int
}

// automaticSkip says why no automatic mail goes out at all, or "".
func (d *Desk) automaticSkip(ctx context.Context) (string, error) {
	c := &d.automatic
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.readAt) > time.Second {
		err := d.pool.QueryRow(ctx, `
			select i.automatic_hour, (select count(*) from (
				select from deliveries where automatic and created_at > now() - interval '1 hour' limit i.automatic_hour) x)
			from instance i`).Scan(&c.most, &c.sent)
		if err != nil {
			return "", err
		}
		c.readAt = time.Now()
	}
	if c.sent >= c.most {
		return automaticFull, nil
	}
	return "", nil
}

// automaticSent counts a mail that this process just enqueued.
func (d *Desk) automaticSent() {
	d.automatic.mu.Lock()
	defer d.automatic.mu.Unlock()
	d.automatic.sent++
}
