package core

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A database that was restored from a backup has forgotten what was sent since.
// Each process looks every few seconds whether the database is still the one that
// it was; if not, all outgoing mail is held until an admin lets it go (reliability
// R20).

// A Witness is what was last seen of the database. A process keeps it where the
// database's own backup does not reach.
type Witness struct {
	Instance string // whose database
	System   string // PostgreSQL's system identifier
	Timeline int64
	Beat     int64 // how often the database had been looked at
}

// Restored tells since when and why all outgoing mail is held after a restore. The
// zero value: it is not.
type Restored struct {
	At  time.Time
	Why string
}

// continuity is what this process knows of the database's.
type continuity struct {
	looking sync.Mutex // held over a look: nobody who holds a connection may wait for it
	blind   bool       // the server does not tell who it is
	witness Witness

	mu       sync.Mutex // of the outcome, held for moments only
	looked   time.Time
	restored Restored
}

const (
	// lookEvery is how often a process looks that sends nothing, and heldEvery while
	// everything is held: the order to let it go may have been given elsewhere.
	lookEvery = 5 * time.Second
	heldEvery = time.Second
	// steadyFor is how long a look is believed before mail is sent.
	steadyFor = 2 * time.Second
	// mostSilence is how old the last look may be where a new timeline is taken for
	// the promotion of a standby and not for a restore.
	mostSilence = 10 * time.Minute
)

// A continuityRow is what the database says of itself.
type continuityRow struct {
	Instance      string
	System        string // now
	Timeline      int64
	KnownSystem   string // at the last look, empty before the first
	KnownTimeline int64
	Beat          int64
	SilentSeconds float64
	Now           time.Time
	RestoredAt    *time.Time
	RestoredWhy   string
}

// restoredBecause judges a look: the reason to believe that the database was
// restored, or nothing. seen is what this process knows of the same instance, from
// memory or from a file; the zero value if nothing.
func (r continuityRow) restoredBecause(seen Witness) string {
	if r.KnownSystem == "" {
		return "" // never looked at before
	}
	if seen.Instance != r.Instance {
		seen = Witness{}
	}
	switch {
	case r.System != r.KnownSystem:
		return "The database stands on another PostgreSQL than before, as after a dump was loaded, or after pg_upgrade."
	case r.Beat < seen.Beat:
		return fmt.Sprintf("The database has forgotten what it knew: it was looked at %d times when this machine last saw it, and says %d now.", seen.Beat, r.Beat)
	case r.Timeline != r.KnownTimeline && seen.Beat == 0 && r.SilentSeconds > mostSilence.Seconds():
		return fmt.Sprintf("PostgreSQL was recovered or promoted, and nothing in the database is younger than %s.", time.Duration(r.SilentSeconds*float64(time.Second)).Round(time.Minute))
	}
	return ""
}

// The timeline is that of the write-ahead log: pg_control_checkpoint tells of a new
// one only after its first checkpoint.
const (
	seeingSQL = `(select system_identifier::text from pg_control_system()) as system,
		('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint as timeline,`
	// blindSQL is for servers that do not let us ask: then only the beats tell.
	blindSQL = `'hidden' as system, 0::bigint as timeline,`
)

const continuitySQL = `
		coalesce(c.system, '') as known_system, coalesce(c.timeline, 0) as known_timeline, c.beat,
		extract(epoch from now() - c.beat_at)::float8 as silent_seconds, now() as now, c.restored_at, coalesce(c.restored_why, '') as restored_why
	from continuity c, instance i for update of c`

// Look finds out whether the database was restored. Then everything that is queued
// is held, and so is what is queued from now on, until ReleaseOutbox.
func (d *Desk) Look(ctx context.Context) (r Restored, err error) {
	defer wrap(&err, "look at the database")
	d.continuity.looking.Lock()
	defer d.continuity.looking.Unlock()
	seen := d.continuity.witness
	if seen.Beat == 0 && d.cfg.Recall != nil {
		seen = d.cfg.Recall()
	}
	sight := seeingSQL
	if d.continuity.blind {
		sight = blindSQL
	}
	var now Witness
	var minded bool
	err = d.tx(ctx, func(tx pgx.Tx) error {
		row, err := one[continuityRow](ctx, tx, `select encode(i.instance_id, 'hex') as instance, `+sight+continuitySQL)
		if err != nil {
			return err
		}
		now = Witness{row.Instance, row.System, row.Timeline, max(row.Beat, seen.of(row.Instance)) + 1}
		r = Restored{Why: row.RestoredWhy}
		if row.RestoredAt != nil {
			r.At = *row.RestoredAt
		}
		if why := row.restoredBecause(seen); why != "" && r.At.IsZero() {
			r = Restored{time.Now(), why}
			d.log.ErrorContext(ctx, "the database was restored: all outgoing mail is held until an admin lets it go", "why", why)
			if err := holdQueued(ctx, tx); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `update continuity set restored_at = now(), restored_why = $1`, why); err != nil {
				return err
			}
		}
		if minded, err = d.lookAtClock(ctx, tx, row); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `update continuity set system = $1, timeline = $2, beat = $3, beat_at = now()`, now.System, now.Timeline, now.Beat)
		return err
	})
	var refused *pgconn.PgError
	if !d.continuity.blind && errors.As(err, &refused) && (refused.Code == "42501" || refused.Code == "42883" || refused.Code == "0A000") {
		d.continuity.blind = true // from the next look on
		d.log.WarnContext(ctx, "the server does not tell who it is: a restore is only noticed by a machine that has seen the database before", "error", err)
	}
	if err != nil {
		return r, err
	}
	if minded {
		d.clock.minded()
	}
	d.continuity.witness = now
	d.continuity.found(r)
	if d.cfg.Remember != nil {
		d.cfg.Remember(now)
	}
	return r, nil
}

// lookAtClock finds out whether the database's clock stands before its last look, and
// then mends what waits and expires by it (reliability R18).
func (d *Desk) lookAtClock(ctx context.Context, tx pgx.Tx, row continuityRow) (back bool, err error) {
	silent := time.Duration(row.SilentSeconds * float64(time.Second))
	d.clock.begins(row.Now, silent)
	d.readClock(ctx, row.Now)
	older, back := d.clock.wentBack(silent)
	if !back {
		return false, nil
	}
	return silent < 0, d.mindClock(ctx, tx, older)
}

// found is what a look has found.
func (c *continuity) found(r Restored) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked, c.restored = time.Now(), r
}

func (w Witness) of(instance string) int64 {
	if w.Instance != instance {
		return 0
	}
	return w.Beat
}

// Restored tells what the last look has found.
func (d *Desk) Restored() Restored {
	d.continuity.mu.Lock()
	defer d.continuity.mu.Unlock()
	return d.continuity.restored
}

// steady looks again before mail is sent, if the last look is too old to be
// believed. It tells whether mail may go.
func (d *Desk) steady(ctx context.Context) (bool, error) {
	d.continuity.mu.Lock()
	fresh, held := time.Since(d.continuity.looked) < steadyFor, !d.continuity.restored.At.IsZero()
	d.continuity.mu.Unlock()
	if fresh {
		return !held, nil
	}
	r, err := d.Look(ctx)
	return err == nil && r.At.IsZero(), err
}

// WatchContinuity looks every few seconds, until ctx ends.
func (d *Desk) WatchContinuity(ctx context.Context) {
	every := lookEvery
	for pause(ctx, every) == nil {
		r, err := d.Look(ctx)
		if err != nil && ctx.Err() == nil {
			d.log.DebugContext(ctx, "no look at the database", "error", err)
		}
		if every = lookEvery; !r.At.IsZero() {
			every = heldEvery
		}
	}
}

// ReleaseOutbox lets new mail go out again after a restore. What was held stays so:
// SendAllHeld and DiscardAllHeld decide of that. ErrForbidden.
func (d *Desk) ReleaseOutbox(ctx context.Context, actor Actor) (err error) {
	defer wrap(&err, "release the outbox")
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		done, err := tx.Exec(ctx, `update continuity set restored_at = null, restored_why = null where restored_at is not null`)
		if err != nil || done.RowsAffected() == 0 {
			return err
		}
		return audit(ctx, tx, actor, "outbox.released", "outbox", nil)
	})
	if err != nil {
		return err
	}
	_, err = d.Look(ctx)
	return err
}
