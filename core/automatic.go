package core

import (
	"context"
	"sync"
	"sync/atomic"
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
	counting sync.Mutex // held over a query: nobody who holds a connection may wait for it
	countAt  atomic.Int64
	sent     atomic.Int64
	most     atomic.Int64
}

// automaticSkip says why no automatic mail goes out at all, or "".
func (d *Desk) automaticSkip(ctx context.Context) (string, error) {
	c := &d.automatic
	due := c.countAt.Load()
	if due == 0 {
		c.counting.Lock() // nothing is known yet
	}
	if due == 0 || time.Now().UnixNano() >= due && c.counting.TryLock() {
		defer c.counting.Unlock()
		var most, sent int64
		err := d.pool.QueryRow(ctx, `
			select i.automatic_hour, (select count(*) from (
				select from deliveries where automatic and created_at > now() - interval '1 hour' limit i.automatic_hour) x)
			from instance i`).Scan(&most, &sent)
		if err != nil {
			return "", err
		}
		c.most.Store(most)
		c.sent.Store(sent)
		c.countAt.Store(time.Now().Add(time.Second).UnixNano())
	}
	if c.sent.Load() >= c.most.Load() {
		return automaticFull, nil
	}
	return "", nil
}

// automaticSent counts a mail that this process is about to enqueue.
func (d *Desk) automaticSent() { d.automatic.sent.Add(1) }
