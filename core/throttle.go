package core

import (
	"context"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"
)

// Rates of reliability.md S8.
const (
	maxTriesAMinute    = 10 // by one client
	maxTriesAnHour     = 20 // on one account; beyond, each waits
	maxResetsAnHour    = 3
	maxAccountMailsDay = 5
	longestDelay       = 10 * time.Second
)

// A try is a sign-in that was counted as failed before its password was looked
// at, so that many at once cannot pass the count.
type try struct {
	subjects []string
	at       time.Time
}

// beginTry counts one try. A client beyond its rate is refused: ErrRate. An
// account beyond its rate is never locked, since that would be anybody's means to
// keep its owner out: the try waits instead.
func (d *Desk) beginTry(ctx context.Context, client, account string) (try, error) {
	t, _, err := d.countTry(ctx, client, account)
	return t, err
}

// countTry is beginTry, and tells how many tries on the account failed within the
// hour, this one counted.
func (d *Desk) countTry(ctx context.Context, client, account string) (t try, failed int, err error) {
	t.subjects = []string{clientSubject(client), account}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		var err error
		if t.at, err = value[time.Time](ctx, tx, `select now()`); err != nil {
			return err
		}
		if client != "" {
			tries, err := countTries(ctx, tx, t.subjects[0], time.Minute)
			if err != nil {
				return err
			}
			if tries > maxTriesAMinute {
				return tooMany(time.Minute, "Too many tries. Wait a minute.")
			}
		}
		if account != "" {
			failed, err = countTries(ctx, tx, account, time.Hour)
		}
		return err
	})
	if err != nil || failed <= maxTriesAnHour {
		return t, failed, err
	}
	return t, failed, pause(ctx, min(time.Duration(failed-maxTriesAnHour)*500*time.Millisecond, longestDelay))
}

// countTries adds one and counts the latest. Those of one subject wait for each
// other.
func countTries(ctx context.Context, tx pgx.Tx, subject string, within time.Duration) (int, error) {
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('try ' || $1, 0))`, subject); err != nil {
		return 0, err
	}
	return value[int](ctx, tx, `
		with old as (delete from sign_in_attempts where subject = @subject and at < now() - interval '1 day'),
		     new as (insert into sign_in_attempts (subject, at) values (@subject, now()))
		select 1 + count(*) from sign_in_attempts where subject = @subject and at > now() - @within::interval`,
		pgx.StrictNamedArgs{"subject": subject, "within": within})
}

// forgive takes a try back that was none: the password was right. What others
// have tried on the account stays counted.
func (d *Desk) forgive(ctx context.Context, t try) error {
	_, err := d.pool.Exec(ctx, `delete from sign_in_attempts where subject = any($1) and at = $2`, t.subjects, t.at)
	return err
}

// accountSubject names an account by the address typed, known or not.
func accountSubject(a Address) string { return "account " + a.String() }

// clientSubject names a client; one customer of a provider has a whole /64 of
// IPv6.
func clientSubject(client string) string {
	if ip, err := netip.ParseAddr(client); err == nil && ip.Unmap().Is6() {
		if net, err := ip.Prefix(64); err == nil {
			client = net.String()
		}
	}
	return "client " + cleanLine(client, 100)
}

// TidyAccounts forgets what no longer counts: old tries, sessions, answers and
// links.
func (d *Desk) TidyAccounts(ctx context.Context) (err error) {
	defer wrap(&err, "tidy accounts")
	_, err = d.pool.Exec(ctx, `
		with tries as (delete from sign_in_attempts where at < now() - interval '1 day'),
		     browsers as (delete from sessions where expiry < now()),
		     owing as (delete from pending_sign_ins where created_at < now() - interval '1 hour'),
		     given_up as (delete from two_factors where confirmed_at is null and created_at < now() - interval '1 day'),
		     signed as (delete from sign_ins where created_at < now() - $1::interval),
		     answers as (delete from api_answers where created_at < now() - interval '1 day'),
		     requests as (delete from api_usage where minute < now() - interval '5 minutes')
		delete from links where expires_at < now() - interval '30 days'`, SessionLifetime)
	return err
}
