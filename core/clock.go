package core

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// One clock decides what is due, too old or expired: the database's. What a process
// waits for by itself runs by its monotonic one. When the database's clock leaps
// (reliability R18):
//
//   - Back: what waits would wait longer by the leap. Look finds the clock before its
//     own last look, and mindClock lets nothing wait longer than it can have been told to.
//   - Forward: what waits is tried early, which harms nothing. What cannot be taken back
//     (giving mail up, closing, discarding) rests for an hour, so that a clock that is
//     set right by then has cost nothing.
//   - Sessions and links end by the clock that there is, or are as if ended while it is
//     wrong. After a leap back they end if they were made in what is now the future:
//     their age is not known. Older ones, and tokens of the API, are as much older.
//   - Rates count what was done up to now: what was done in what is now the future
//     would count until then.

const (
	// mostSkew is what a clock may be wrong by without having leapt.
	mostSkew = 5 * time.Minute
	// leastBack is by how much it must have gone back before waits are looked through.
	leastBack = 10 * time.Second
	// calmAfter is how long the clock must go on evenly after a leap forward, or after
	// strangeSilence of the database when a process starts: a machine may start in
	// another year.
	calmAfter      = time.Hour
	strangeSilence = 24 * time.Hour
	// backAgainFor is how long waits are looked through after a leap back: a
	// transaction that began before may end after it.
	backAgainFor = time.Minute
)

// A clock compares the database's clock with the monotonic one of this process.
type clock struct {
	mu    sync.Mutex
	told  time.Time     // by the database, when it was last asked
	read  time.Time     // by ours, then
	leapt time.Time     // by ours, when it last went ahead
	ahead time.Duration // of what it ought to say, as far as leaps were not taken back
	lost  time.Duration // by the last leap back, but for what it has taken back
	back  time.Time     // by ours, when a leap back was last mended
}

// reads takes a time that the database tells. It gives the leap since the last one,
// if any, and whether the clock is calm: it may decide what cannot be taken back.
func (c *clock) reads(now time.Time) (leap time.Duration, calm bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.leapt) > calmAfter {
		c.ahead = 0
	}
	if !c.read.IsZero() {
		leap = now.Sub(c.told) - time.Since(c.read)
	}
	c.told, c.read = now, time.Now()
	switch {
	case leap > mostSkew:
		c.leapt, c.ahead = time.Now(), c.ahead+leap
	case leap < -mostSkew:
		c.lost, c.ahead = max(0, -leap-c.ahead), max(0, c.ahead+leap)
	default:
		leap = 0
	}
	return leap, c.ahead <= mostSkew
}

// begins is reads of a process that has just started: silent is how long nobody has
// looked at the database, going by its clock.
func (c *clock) begins(now time.Time, silent time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.read.IsZero() {
		return
	}
	c.told, c.read, c.lost = now, time.Now(), max(0, -silent)
	if silent > strangeSilence {
		c.leapt, c.ahead = time.Now(), silent
	}
}

// wentBack tells whether waits are to be looked through, and by how much everything
// is older than it seems.
func (c *clock) wentBack(silent time.Duration) (older time.Duration, back bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if silent < -leastBack {
		if silent < -mostSkew {
			older = c.lost
		}
		return older, true
	}
	return 0, !c.back.IsZero() && time.Since(c.back) < backAgainFor
}

// minded is told of a leap back that was mended.
func (c *clock) minded() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.back, c.lost = time.Now(), 0
}

// readClock is reads, and tells of a leap.
func (d *Desk) readClock(ctx context.Context, now time.Time) (calm bool) {
	leap, calm := d.clock.reads(now)
	if leap != 0 {
		d.log.WarnContext(ctx, "the clock of the database has leapt; while it is ahead, nothing is given up, closed or discarded for an hour", "by", leap.Round(time.Second).String(), "now", now)
	}
	return calm
}

// MindClock lets nothing wait longer than it can have been told to, which a clock
// that was set back makes it do, and tells whether the clock is calm: what cannot be
// taken back may be decided by it.
func (d *Desk) MindClock(ctx context.Context) (calm bool, err error) {
	defer wrap(&err, "mind the clock")
	err = d.tx(ctx, func(tx pgx.Tx) error {
		now, err := value[time.Time](ctx, tx, `select now()`)
		if err != nil {
			return err
		}
		calm = d.readClock(ctx, now)
		return d.mindClock(ctx, tx, 0)
	})
	return calm && err == nil, err
}

// mindClock mends what a leap back has left. older is by how much everything that
// expires is older than it seems, as far as that is known.
func (d *Desk) mindClock(ctx context.Context, tx pgx.Tx, older time.Duration) error {
	if Faulty(FaultClock) {
		return nil
	}
	waiting, err := shortenWaits(ctx, tx)
	if err != nil {
		return err
	}
	ended, err := value[int](ctx, tx, endFutureSQL, mostSkew)
	if err != nil {
		return err
	}
	if older > 0 {
		if _, err := tx.Exec(ctx, olderSQL, older, mostSkew); err != nil {
			return err
		}
	}
	if waiting+int64(ended) > 0 {
		d.log.WarnContext(ctx, "the clock of the database was set back", "mails_that_wait_no_longer", waiting, "sessions_and_links_ended", ended)
	}
	return nil
}

// endFutureSQL ends what was made in what is now the future, and takes it out of what
// is counted by time. A session also ends whose code was given then; its person signs
// in again. A token of the API is as if it had just been made.
const endFutureSQL = `
	with signed as (delete from sign_ins where greatest(created_at, second_factor_at) > now() + $1::interval returning 1),
	owing as (delete from pending_sign_ins where created_at > now() + $1::interval),
	unused as (update links set revoked_at = now()
		where consumed_at is null and revoked_at is null and created_at > now() + $1::interval returning 1),
	tokens as (update api_tokens set created_at = now(), expires_at = now() + (expires_at - created_at)
		where expires_at is not null and created_at > now() + $1::interval),
	tries as (delete from sign_in_attempts where at > now() + $1::interval),
	codes as (update two_factors set last_step = 0 where last_step > extract(epoch from now() + $1::interval) / 30),
	rounds as (update retention set round_at = now() where round_at > now() + $1::interval),
	digests as (delete from suspended_digests where upto > now() + $1::interval),
	uploads as (update inbound_uploads set touched_at = now() where touched_at > now() + $1::interval)
	select (select count(*) from signed)::int + (select count(*) from unused)::int`

// olderSQL: what was made a moment ago was made after the leap. A token that is from
// the future was seen to by endFutureSQL.
const olderSQL = `
	with signed as (update sign_ins set created_at = created_at - $1::interval, second_factor_at = second_factor_at - $1::interval
		where created_at < now() - $2::interval),
	unused as (update links set created_at = created_at - $1::interval, expires_at = expires_at - $1::interval
		where consumed_at is null and revoked_at is null and created_at < now() - $2::interval)
	update api_tokens set created_at = created_at - $1::interval, expires_at = expires_at - $1::interval
	where expires_at is not null and created_at < now() - $2::interval`
