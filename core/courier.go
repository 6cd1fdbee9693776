package core

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

// deliveryLease is how long a claimed delivery stays with its claimer: longer
// than the slowest SMTP dialogue that a courier allows itself.
const deliveryLease = 15 * time.Minute

const claimColumns = `
	returning d.id, d.attempts, d.purpose, d.recipient, d.state = 'held', d.created_at, d.bytes, d.bounce_name,
		(select address from mailboxes m where m.id = d.mailbox_id)`

// ClaimDelivery leases the next delivery that is due, or one that is held and not
// composed yet. ErrNoWork when there is none.
func (d *Desk) ClaimDelivery(ctx context.Context) (c Delivery, err error) {
	err = ErrNoWork
	if d.cfg.RelaySet {
		c, err = d.claimDelivery(ctx, `
		with due as (
			select id from deliveries where state = 'queued' and due_at <= now()
			order by due_at, id limit 1 for update skip locked)
		update deliveries d set attempts = attempts + 1, tries = tries + 1, due_at = now() + $1 from due where d.id = due.id`+claimColumns)
	}
	if errors.Is(err, ErrNoWork) {
		c, err = d.claimDelivery(ctx, `
			with due as (
				select id from deliveries where state = 'held' and bytes is null and composed_at is null and due_at <= now()
				order by id limit 1 for update skip locked)
			update deliveries d set attempts = attempts + 1, due_at = now() + $1 from due where d.id = due.id`+claimColumns)
	}
	if err != nil || c.Bytes != nil {
		return c, err
	}
	defer wrap(&err, "claim delivery %d", c.ID)
	c.Outgoing, err = d.outgoing(ctx, c.ID)
	return c, err
}

func (d *Desk) claimDelivery(ctx context.Context, sql string) (Delivery, error) {
	var c Delivery
	var bounce RowName
	var mailbox Address
	err := d.pool.QueryRow(ctx, sql, deliveryLease).Scan(&c.ID, &c.Attempt, &c.Purpose, &c.Recipient, &c.Held, &c.CreatedAt, &c.Bytes, &bounce, &mailbox)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, ErrNoWork
	}
	c.EnvelopeFrom = ReplyAddress(mailbox, d.keys.Mint(PurposeBounce, bounce), d.cfg.ReplyDomain)
	return c, err
}

// StoreComposed keeps the finished bytes: every attempt sends these. ErrConflict
// when the claim has passed to somebody else.
func (d *Desk) StoreComposed(ctx context.Context, c Delivery, raw []byte) (err error) {
	defer wrap(&err, "store composed delivery %d", c.ID)
	// Not by d.tx: a stored mail is nothing that a courier must be woken for.
	tag, err := d.pool.Exec(ctx, `
		update deliveries set bytes = $3, composed_at = now(), subject = $4, message_id = $5
		where id = $1 and attempts = $2 and bytes is null and state in ('queued', 'held')`,
		c.ID, c.Attempt, raw, c.Outgoing.Subject, c.Outgoing.MessageID)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrConflict
	}
	return err
}

// FinishDelivery records what a try brought: sent, due again by the schedule, or
// failed, which the conversation shows and its author is told once. A claim that
// has passed to somebody else changes nothing.
func (d *Desk) FinishDelivery(ctx context.Context, c Delivery, r Receipt) (err error) {
	defer wrap(&err, "finish delivery %d", c.ID)
	return d.tx(ctx, func(tx pgx.Tx) error {
		var attempts, tries int
		var state string
		var since time.Time
		var warned bool
		err := tx.QueryRow(ctx, `select attempts, tries, state, schedule_from, warned_at is not null from deliveries where id = $1 for update`, c.ID).
			Scan(&attempts, &tries, &state, &since, &warned)
		if err != nil || attempts != c.Attempt || state != "queued" && !(state == "held" && c.Held) {
			return err
		}
		now := time.Now()
		next, giveUp := NextAttempt(tries, since, now, rand.Float64())
		if r.Outcome == Later && giveUp {
			r.Outcome, r.Text = Never, "Given up after five days. The last answer was: "+r.Text
		}
		if err := recordAttempt(ctx, tx, c, r, max(0, next.Sub(now))); err != nil {
			return err
		}
		switch {
		case r.Outcome == Never:
			return d.tellOfFailure(ctx, tx, c.ID, NoticeFailed, receiptWords(r))
		case r.Outcome == Later && !warned && now.Sub(since) >= WarnAfter:
			_, err := tx.Exec(ctx, `update deliveries set warned_at = now() where id = $1`, c.ID)
			if err != nil {
				return err
			}
			return d.tellOfFailure(ctx, tx, c.ID, NoticeDelayed, receiptWords(r))
		}
		return nil
	})
}

func recordAttempt(ctx context.Context, tx pgx.Tx, c Delivery, r Receipt, wait time.Duration) error {
	b := &pgx.Batch{}
	b.Queue(`
		insert into delivery_attempts (delivery_id, attempt, outcome, code, response, remote) values ($1, $2, $3, $4, $5, $6)
		on conflict do nothing`, c.ID, c.Attempt, r.Outcome, r.Code, receiptWords(r), storable(r.Remote))
	// The bytes of a mail with a single-use link go once it is sent or failed (mail-law section 3).
	b.Queue(`
		update deliveries set
			state = case $2 when 'sent' then 'sent' when 'never' then 'failed' else state end,
			sent_at = case when $2 = 'sent' then now() end, failed_at = case when $2 = 'never' then now() end,
			due_at = now() + $3, last_response = $4, perhaps_delivered = perhaps_delivered or $5,
			bytes = case when link_purpose is not null and $2 <> 'later' then null else bytes end
		where id = $1`, c.ID, r.Outcome, wait, receiptWords(r), r.PerhapsDelivered)
	return tx.SendBatch(ctx, b).Close()
}

// receiptWords are a server's words as the database takes them.
func receiptWords(r Receipt) string {
	text := r.Text
	if r.Enhanced != "" {
		text = r.Enhanced + " " + text
	}
	if r.Code != 0 {
		text = fmt.Sprintf("%d %s", r.Code, text)
	}
	return storable(text)
}
