package core

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// DeliveryLease is how long a claimed delivery stays with its claimer: longer than
// the slowest SMTP dialogue that a courier allows itself, with what waits before it.
const DeliveryLease = 15 * time.Minute

// firstOfThread is the condition that the mail d has no other before it, in its
// conversation and to its reader, that could go now or is under way: who reads an
// answer has read the one before. One that waits for its next try lets others pass.
// A conversation may have had thousands: a CASE keeps the planner from a join.
const firstOfThread = `case when d.conversation_id is not null and exists (
		select from deliveries before where before.conversation_id = d.conversation_id and before.recipient = d.recipient and before.id < d.id
			and before.state = 'queued' and (before.due_at <= now() or before.claimed_until > now()))
	then false else true end`

// bytesWithClaim is how large a mail comes along with its claim. A larger one is
// read when its turn has come: a batch of great mails must fit in memory.
const bytesWithClaim = 64 << 10

const claimSQL = `
	update deliveries d set attempts = attempts + 1, due_at = now() + @lease, claimed_until = now() + @lease
	from due where d.id = due.id
	returning d.id, d.attempts, d.purpose, d.recipient, d.state = 'held', d.created_at, d.bytes is not null,
		case when octet_length(d.bytes) <= @large then d.bytes end,
		coalesce(octet_length(d.bytes), (select sum(f.size) * 4 / 3 from attachments f where f.message_id = d.post_id), 0)::bigint, d.bounce_name, (select address from mailboxes m where m.id = d.mailbox_id)`

// Claim leases up to most deliveries that are due at the lane's destination.
// ErrNoWork when there are none, or none that is the first of its thread, or when
// the destination is paused or waits after a failure; a lane that probes may claim one then. Who has claimed may rely on it:
// a claim that a crash of the database forgot would be made again, under the same
// number, while its mail is under way.
func (lane *Lane) Claim(ctx context.Context, most int) (claimed []Delivery, err error) {
	defer wrap(&err, "claim deliveries to %s", lane.Destination)
	if may, err := lane.lanes.desk.steady(ctx); err != nil {
		return nil, err
	} else if !may {
		return nil, ErrNoWork
	}
	if lane.failures > 0 {
		most = 1
	}
	where := ``
	args := pgx.StrictNamedArgs{"most": most, "destination": lane.Destination, "probe": lane.failures > 0, "lease": DeliveryLease, "large": bytesWithClaim}
	if lane.lanes.perDomain {
		where = ` and d.domain = @destination`
	}
	claimed, err = lane.lanes.desk.claim(ctx, `
		with due as (
			select d.id from deliveries d
			where d.state = 'queued' and d.due_at <= now()`+where+`
				and not exists (select from destinations p where p.paused_at is not null and p.name = '*'
					or p.failed_until is not null and p.name = @destination and not @probe)
				and case when d.domain = any (array(select name from destinations where paused_at is not null)) then false else true end
				and `+firstOfThread+`
			order by d.due_at limit @most for update skip locked)`+claimSQL, args)
	for i := range claimed {
		claimed[i].destination, claimed[i].failures = lane.Destination, lane.failures
	}
	return claimed, err
}

// ClaimHeld leases a held delivery that is not composed yet. ErrNoWork when there
// is none.
func (d *Desk) ClaimHeld(ctx context.Context) (c Delivery, err error) {
	defer wrap(&err, "claim held delivery")
	claimed, err := d.claim(ctx, `
		with due as (
			select id from deliveries where state = 'held' and bytes is null and composed_at is null and due_at <= now()
			order by id limit 1 for update skip locked)`+claimSQL, pgx.StrictNamedArgs{"lease": DeliveryLease, "large": bytesWithClaim})
	if err != nil {
		return c, err
	}
	return claimed[0], nil
}

func (d *Desk) claim(ctx context.Context, sql string, args pgx.StrictNamedArgs) (claimed []Delivery, err error) {
	b := &pgx.Batch{}
	b.Queue(beginSQL)
	// The index on the due time is right however few mails the planner expects:
	// what it knows of a queue is old.
	b.Queue(`set local enable_sort to off`)
	b.Queue(`set local jit to off`)
	b.Queue(sql, args).Query(func(rows pgx.Rows) error {
		claimed, err = pgx.CollectRows(rows, d.claimedRow)
		return err
	})
	b.Queue(`commit`)
	if err := d.pool.SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	if len(claimed) == 0 {
		return nil, ErrNoWork
	}
	return claimed, nil
}

func (d *Desk) claimedRow(row pgx.CollectableRow) (c Delivery, err error) {
	var bounce RowName
	var mailbox Address
	err = row.Scan(&c.ID, &c.Attempt, &c.Purpose, &c.Recipient, &c.Held, &c.CreatedAt, &c.Composed, &c.Bytes, &c.Size, &bounce, &mailbox)
	c.EnvelopeFrom = ReplyAddress(mailbox, d.keys.Mint(PurposeBounce, bounce), d.cfg.ReplyDomain)
	return c, err
}

// GiveBack ends claims that were not tried: they are due again at once, and no try
// is counted. A claim that has passed to somebody else is left alone.
func (d *Desk) GiveBack(ctx context.Context, claims []Delivery) (err error) {
	defer wrap(&err, "give back %d deliveries", len(claims))
	ids, attempts := make([]DeliveryID, len(claims)), make([]int, len(claims))
	for i, c := range claims {
		ids[i], attempts[i] = c.ID, c.Attempt
	}
	_, err = d.pool.Exec(ctx, `
		update deliveries d set due_at = now(), claimed_until = null
		from unnest($1::bigint[], $2::int[]) as c (id, attempt)
		where d.id = c.id and d.attempts = c.attempt and d.claimed_until is not null and d.state in ('queued', 'held')`, ids, attempts)
	return err
}

// Gather reads what a claimed delivery is composed of. ErrNotFound when its words
// are gone.
func (d *Desk) Gather(ctx context.Context, c *Delivery) (err error) {
	defer wrap(&err, "gather delivery %d", c.ID)
	c.Outgoing, err = d.outgoing(ctx, c.ID)
	return err
}

// ComposedBytes reads the bytes of a composed delivery that came without them.
// ErrConflict when the claim has passed to somebody else.
func (d *Desk) ComposedBytes(ctx context.Context, c Delivery) (raw []byte, err error) {
	defer wrap(&err, "bytes of delivery %d", c.ID)
	raw, err = value[[]byte](ctx, d.pool, `select bytes from deliveries where id = $1 and attempts = $2 and bytes is not null`, c.ID, c.Attempt)
	if errors.Is(err, ErrNotFound) {
		return nil, ErrConflict
	}
	return raw, err
}

// StoreComposed keeps the finished bytes: every attempt sends these. A held mail is
// out of hand by it. ErrConflict when the claim has passed to somebody else.
func (d *Desk) StoreComposed(ctx context.Context, c Delivery, raw []byte) (err error) {
	defer wrap(&err, "store composed delivery %d", c.ID)
	// Not by d.tx: a stored mail is nothing that a courier must be woken for.
	tag, err := d.pool.Exec(ctx, `
		update deliveries set bytes = $3, composed_at = now(), subject = $4, message_id = $5, claimed_until = case when not $6 then claimed_until end
		where id = $1 and attempts = $2 and bytes is null and state in ('queued', 'held')`,
		c.ID, c.Attempt, raw, c.Outgoing.Subject, c.Outgoing.MessageID, c.Held)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrConflict
	}
	return err
}
