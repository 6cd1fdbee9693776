package core

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Alarms are what somebody seems to do to the desk now (reliability A26), and mail
// that does not leave.
type Alarms struct {
	Unanswered int    // acknowledgements held back in the last hour by the brake on all automatic mail
	Unverified int    // first contacts of the last hour that nothing proves, and that got none therefore
	Suspended  int    // mails suspended in the last hour, and still waiting
	Held       int    // mails that are held until an admin decides; MostHeld for that many or more
	Problem    string // why no mail leaves, while nothing that takes all of it can be spoken to
}

// MostHeld is how far held mails are counted for an alarm.
const MostHeld = 1000

// failuresInARow are no chance, and no restart of a relay.
const failuresInARow = 3

// unverifiedFlood is how many of those are no chance.
const unverifiedFlood = 100

// suspendedFlood is how many suspended mails in an hour are more than anybody
// looks through.
const suspendedFlood = 100

// Braking tells that so much automatic mail went out that more was held back.
func (a Alarms) Braking() bool { return a.Unanswered > 0 }

// Forging tells that somebody seems to write in many other people's names.
func (a Alarms) Forging() bool { return a.Unverified >= unverifiedFlood }

// Flooded tells that mail is suspended faster than anybody looks through it.
func (a Alarms) Flooded() bool { return a.Suspended >= suspendedFlood }

// HeldMails begins a sentence about them.
func (a Alarms) HeldMails() string { return MailsAre(a.Held) }

// MailsAre begins a sentence about mails that were counted up to MostHeld.
func MailsAre(n int) string {
	switch {
	case n >= MostHeld:
		return fmt.Sprintf("%d mails or more are", MostHeld)
	case n == 1:
		return "1 mail is"
	}
	return fmt.Sprintf("%d mails are", n)
}

const alarmsSQL = `
	select (select count(*) from inbound where automatic_skipped = $1 and received_at > now() - interval '1 hour' and received_at < now() + interval '5 minutes'),
		(select count(*) from inbound where automatic_skipped = $2 and received_at > now() - interval '1 hour' and received_at < now() + interval '5 minutes'),
		(select count(*) from inbound where state = 'suspended' and raw is not null and suspended_at > now() - interval '1 hour' and suspended_at < now() + interval '5 minutes'),
		(select count(*) from (select from deliveries where state = 'held' limit $3) h),
		coalesce((select problem from destinations where name = '*' and failures >= $4 and paused_at is null), '')`

func alarmsArgs() []any { return []any{automaticFull, automaticUnproven, MostHeld, failuresInARow} }

func (a *Alarms) scan(row pgx.Row) error {
	return row.Scan(&a.Unanswered, &a.Unverified, &a.Suspended, &a.Held, &a.Problem)
}

// Alarms gives what admins are shown above every page; nothing to others.
func (d *Desk) Alarms(ctx context.Context, actor Actor) (a Alarms, err error) {
	defer wrap(&err, "alarms")
	if actor.Can(DoAdminister) != nil {
		return a, nil
	}
	return a, a.scan(d.pool.QueryRow(ctx, alarmsSQL, alarmsArgs()...))
}

// HeldMails counts the mails that are held, as Alarms does. Called when a process
// starts.
func (d *Desk) HeldMails(ctx context.Context) (n int, err error) {
	defer wrap(&err, "count held mails")
	return value[int](ctx, d.pool, `select count(*)::int from (select from deliveries where state = 'held' limit $1) h`, MostHeld)
}
