package core

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// automaticSQL: why no automatic mail may go to addresses (section 5). What is
// held for an unproven sender takes nothing from what the proven one may get. (Rows
// are compared whole, so that no plan reads the mail to everybody by its time.)
const automaticSQL = `
	select g.n, case
		when (select true from automatic_mutes where address = g.address) then 'Automatic mail to this address is muted: a machine answered it.'
		when a.hour >= 1 or a.day >= 3 then 'This address had automatic mail a short while ago.'
		else '' end
	from unnest($1::text[], $2::text[]) with ordinality as g (address, origin, n)
	cross join lateral (
		select count(*) filter (where created_at > now() - interval '1 hour') as hour, count(*) as day
		from deliveries where automatic and recipient = g.address
			and (recipient, created_at) > (g.address, now() - interval '1 day') and (recipient, created_at) < (g.address, now() + interval '5 minutes')
			and (not to_unproven or g.origin <> 'proven')) a`

// Why no automatic mail goes out where it was due; stored with the mail.
const (
	automaticFull     = "So much automatic mail went out in the last hour that no more is sent."
	automaticUnproven = "The sender is not verified."
)

// automaticLeftSQL: how much more may go out in all, once nobody else may add to
// it: who adds without having counted holds the lock shared. Two statements, so
// that the second sees what the lock waited for.
const (
	automaticAdds    = `select pg_advisory_xact_lock_shared(hashtextextended('automatic mail', 0))`
	automaticLock    = `select pg_advisory_xact_lock(hashtextextended('automatic mail', 0))`
	automaticLeftSQL = `
		select i.automatic_hour - (select count(*) from (
			select from deliveries where automatic and created_at > now() - interval '1 hour' and created_at < now() + interval '5 minutes' and (not to_unproven or $1) limit i.automatic_hour) x)
		from instance i`
)

// automaticCap is what this process knows of the automatic mail of the last hour:
// counted a moment ago, and what it may have added since. Counting for every mail
// would cost more than all its other questions.
type automaticCap struct {
	counting sync.Mutex   // held over a query: nobody who holds a connection may wait for it
	countAt  atomic.Int64 // when it is to be counted again, Unix time in ns
	left     atomic.Int64 // as it was counted
	taken    atomic.Int64 // since, at most
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
		if c.countAt.Load() != due {
			return c.skip(), nil // somebody counted meanwhile
		}
		var most, left int64
		err := d.pool.QueryRow(ctx, `select automatic_hour, (`+automaticLeftSQL+`) from instance`, d.heldAnyway()).Scan(&most, &left)
		if err != nil {
			return "", err
		}
		if left <= 0 && c.left.Load() > 0 {
			d.log.WarnContext(ctx, "no more automatic mail goes out for now", "most_in_an_hour", most)
		}
		c.most.Store(most)
		c.left.Store(left)
		c.taken.Store(0)
		c.countAt.Store(time.Now().Add(time.Second).UnixNano())
	}
	return c.skip(), nil
}

func (c *automaticCap) skip() string {
	if c.left.Load() <= 0 {
		return automaticFull
	}
	return ""
}

// near takes one for a mail that may be answered by machine, and tells whether so
// few are left that they must be counted in its transaction: other processes take
// from the same, so each counts exactly once a quarter is gone.
func (c *automaticCap) near() bool {
	taken := c.taken.Add(1)
	return c.most.Load()-c.left.Load()+taken > c.most.Load()/4
}

// automaticLeft is how much more automatic mail one transaction may cause.
type automaticLeft struct{ mails int }

// countAutomatic counts exactly where one of the arrivals needs it, behind all other
// locks, so that nobody waits in a circle. Most answers cause no automatic mail, and
// wait for nobody.
func (d *Desk) countAutomatic(ctx context.Context, tx pgx.Tx, arrivals ...*arrival) error {
	causing := which(arrivals, (*arrival).causesAutomatic)
	if len(causing) == 0 {
		return nil
	}
	counts := false
	for range causing {
		counts = d.automatic.near() || counts
	}
	if !counts {
		_, err := tx.Exec(ctx, automaticAdds)
		return err
	}
	left := &automaticLeft{}
	b := &pgx.Batch{}
	b.Queue(automaticLock)
	b.Queue(automaticLeftSQL, d.heldAnyway()).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&left.mails)
		if err == nil && left.mails <= 0 { // known until the next count: no mail after this one waits for the lock
			d.automatic.left.Store(0)
		}
		return err
	})
	for _, a := range causing {
		a.automaticLeft = left
	}
	return tx.SendBatch(ctx, b).Close()
}

// causesAutomatic tells whether automatic mail goes out, if as much is left.
func (a *arrival) causesAutomatic() bool {
	dec := Route(a.facts)
	return dec.Acknowledges || dec.AsksPassword
}

// route decides, and takes the automatic mail that was decided from what is left
// of it.
func (a *arrival) route() Decision {
	left := a.automaticLeft
	if left != nil && left.mails <= 0 && a.facts.Automatic == "" {
		a.facts.Automatic = automaticFull
	}
	dec := Route(a.facts)
	if left != nil && (dec.Acknowledges || dec.AsksPassword) {
		left.mails--
	}
	return dec
}

// unanswerable tells that no machine may answer the mail: by its header, or by
// where its envelope says that answers go (RFC 3834 section 2).
func (a *arrival) unanswerable() bool {
	return a.letter.Unanswerable || isDaemon(a.claim.Envelope.From)
}

// daemons are local parts of mail systems, lists and of those who read no mail.
var daemons = map[string]bool{"mailer-daemon": true, "postmaster": true, "listserv": true, "listproc": true, "majordomo": true, "bounce": true, "bounces": true}

// isDaemon tells an envelope sender behind which nobody reads.
func isDaemon(sender string) bool {
	local, _, _ := strings.Cut(strings.ToLower(sender), "@")
	if daemons[local] || strings.HasPrefix(local, "owner-") || strings.HasSuffix(local, "-owner") || strings.HasSuffix(local, "-request") || strings.HasSuffix(local, "-bounces") {
		return true
	}
	plain := strings.NewReplacer("-", "", "_", "", ".", "").Replace(local)
	return strings.HasPrefix(plain, "noreply") || strings.HasPrefix(plain, "donotreply") || strings.HasPrefix(plain, "mailerdaemon")
}

// kind is the letter's, but for a vacation notice that says so in its subject
// alone, and by its envelope that nobody is to answer it (T39).
func (a *arrival) kind() Kind {
	if a.letter.Kind == KindHuman && a.letter.VacationSubject && a.claim.Envelope.From == "" {
		return KindAutoReply
	}
	return a.letter.Kind
}

// machineAnswered tells that a machine answered: a vacation or the like, or
// generated mail that answers one of ours and is not suspended.
func (a *arrival) machineAnswered(dec Decision) bool {
	return a.facts.Kind == KindAutoReply ||
		a.facts.Kind == KindGenerated && a.facts.Locator.Located() && dec.Effect != EffectSuspend
}
