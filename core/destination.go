package core

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// finishDestinations makes a destination wait where no server of it could be
// spoken to, and ends the waiting where a probe could. Failures count one for all
// that failed at the same time: only the first moves them on. A mail that met no
// server says nothing of them.
func finishDestinations(tx pgx.Tx, batch []finished) {
	for _, f := range batch {
		switch c := f.claim; {
		case c.destination == "":
		case f.receipt.Unreachable:
			later(tx, `
				insert into destinations (name, failures, failed_until, problem) values ($1, $2 + 1, now() + $3, $4)
				on conflict (name) do update set failures = excluded.failures, failed_until = excluded.failed_until, problem = excluded.problem
				where destinations.failures = $2`, c.destination, c.failures, DestinationWait(c.failures), receiptWords(f.receipt))
		case c.failures > 0 && f.receipt.Remote != "":
			later(tx, `delete from destinations where name = $1 and paused_at is null`, c.destination)
			later(tx, `update destinations set failures = 0, failed_until = null, problem = '' where name = $1`, c.destination)
		}
	}
}

// probe moves the waiting of a failing destination on, for the one who tries it
// next: also where that hangs, somebody else tries it again in time.
func (l *Lanes) probe(ctx context.Context, destination string, failures int) (mine bool, err error) {
	tag, err := l.query().Exec(ctx, `
		update destinations set failed_until = now() + $3
		where name = $1 and failures = $2 and failed_until <= now() and paused_at is null`, destination, failures, DestinationWait(failures))
	return tag.RowsAffected() == 1, err
}

// Forget drops failures of destinations that there are no more since the relay
// was set or unset.
func (l *Lanes) Forget(ctx context.Context) (err error) {
	defer wrap(&err, "forget destinations")
	_, err = l.desk.pool.Exec(ctx, `
		with gone as (delete from destinations where (name = '*') = $1 and failures > 0 and paused_at is null)
		update destinations set failures = 0, failed_until = null, problem = '' where (name = '*') = $1 and failures > 0 and paused_at is not null`,
		l.perDomain)
	return err
}

// An overdue mail waits for a failing destination beyond a time of the schedule.
type overdue struct {
	ID      DeliveryID
	GivenUp bool
	Problem string
}

const overdueSQL = `
	select d.id, d.schedule_from <= now() - $2::interval as given_up, x.problem
	from destinations x join deliveries d on $4 and d.domain = x.name or not $4 and x.name = '*'
	where x.failed_until is not null and d.state = 'queued' and d.due_at <= now()
		and (d.schedule_from <= now() - $2::interval or d.warned_at is null and d.schedule_from <= now() - $3::interval)
		and not exists (select from destinations p where p.name in ('*', d.domain) and p.paused_at is not null)
	limit $1 for update of d skip locked`

// PassDeadlines warns of mails and gives them up whose destination cannot be
// spoken to: they are not tried one by one, and their times run all the same. Mail
// to what staff have paused waits without deadlines. More tells that there may be
// further ones.
func (l *Lanes) PassDeadlines(ctx context.Context) (more bool, err error) {
	defer wrap(&err, "pass deadlines")
	const most = 100
	err = l.desk.tx(ctx, func(tx pgx.Tx) error {
		now, err := value[time.Time](ctx, tx, `select now()`)
		if err != nil || !l.desk.readClock(ctx, now) {
			return err
		}
		mails, err := rows[overdue](ctx, tx, overdueSQL, most, GiveUpAfter, WarnAfter, l.perDomain)
		more = len(mails) == most
		if err != nil {
			return err
		}
		for _, m := range mails {
			if err := l.desk.passDeadline(ctx, tx, m); err != nil {
				return err
			}
		}
		return nil
	})
	return more && err == nil, err
}

func (d *Desk) passDeadline(ctx context.Context, tx pgx.Tx, m overdue) error {
	if !m.GivenUp {
		later(tx, `update deliveries set warned_at = now() where id = $1`, m.ID)
		return d.tellOfFailure(ctx, tx, m.ID, NoticeDelayed, m.Problem)
	}
	later(tx, `
		update deliveries set state = 'failed', failed_at = now(), last_response = $2, attempts = attempts + 1,
			bytes = case when link_purpose is null then bytes end
		where id = $1`, m.ID, givenUp(m.Problem))
	return d.tellOfFailure(ctx, tx, m.ID, NoticeFailed, givenUp(m.Problem))
}
