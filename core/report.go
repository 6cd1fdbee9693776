package core

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// tellOfFailure shows on the conversation that a mail did not arrive and, when it
// failed for good, tells its author by mail. Customers hear nothing of it, and
// nobody hears of a notice or an automatic mail: that would only make more mail.
func (d *Desk) tellOfFailure(ctx context.Context, tx pgx.Tx, id DeliveryID, kind NoticeKind, problem string) error {
	f, err := one[struct {
		Purpose        DeliveryPurpose
		Recipient      string
		ConversationID ConversationID
		MailboxID      MailboxID
		AuthorID       UserID
		AuthorAddress  string
	}](ctx, tx, `
		select d.purpose, d.recipient, coalesce(nullif(`+survivorOf+`, 0), c.id, 0) as conversation_id, d.mailbox_id, coalesce(u.id, 0) as author_id,
			coalesce(a.address, '') as author_address
		from deliveries d left join conversations c on c.id = d.conversation_id left join users u on u.id = d.author_id and u.enabled and u.role <> 'customer'
		left join addresses a on a.user_id = u.id and a.is_primary
		where d.id = $1`, id)
	if err != nil || f.ConversationID == 0 {
		return err
	}
	words := map[NoticeKind]string{
		NoticeFailed:  "could not be reached at " + f.Recipient + ": " + problem,
		NoticeDelayed: "has not been reached at " + f.Recipient + " for four hours, tries go on: " + problem,
	}
	if err := insertEvent(ctx, tx, f.ConversationID, "delivery_"+string(kind), 0, map[string]any{"text": words[kind], "delivery": id}, 0); err != nil {
		return err
	}
	if kind != NoticeFailed || f.AuthorID == 0 || f.Purpose != PurposeReply && f.Purpose != PurposeCopy {
		return nil
	}
	to, err := ParseAddress(f.AuthorAddress)
	if err != nil {
		return err
	}
	d.enqueue(tx, mailing{purpose: PurposeStaffNotice, notice: kind, to: to, user: f.AuthorID, conversation: f.ConversationID,
		mailbox: f.MailboxID, author: f.AuthorID, answers: PurposeStaff})
	return nil
}

// fileReport records a delivery report on the delivery that its bounce address
// names (mail-law section 6). A permanent failure fails the delivery, tells its
// author once and suppresses the address. Delayed and relayed are only shown.
func (d *Desk) fileReport(ctx context.Context, tx pgx.Tx, a *arrival) (filed, error) {
	at := filed{conversation: a.cases[a.bounce.Conversation].ID}
	r := a.letter.Report
	if r == nil {
		r = &Report{Action: ActionFailed}
	}
	words := reportWords(r)
	if r.Action != ActionFailed {
		_, err := tx.Exec(ctx, `update deliveries set last_response = $2 where id = $1`, a.bounce.ID, words)
		return at, err
	}
	failed, err := tx.Exec(ctx, `
		update deliveries set state = 'failed', failed_at = now(), last_response = $2,
			bytes = case when link_purpose is not null then null else bytes end
		where id = $1 and state in ('sent', 'queued')`, a.bounce.ID, words)
	if err != nil || failed.RowsAffected() == 0 {
		return at, err
	}
	if r.Permanent {
		_, err := tx.Exec(ctx, `
			insert into suppressions (address, reason, delivery_id) select recipient, $2, id from deliveries where id = $1
			on conflict (address) do update set reason = excluded.reason, delivery_id = excluded.delivery_id`, a.bounce.ID, words)
		if err != nil {
			return at, err
		}
	}
	return at, d.tellOfFailure(ctx, tx, a.bounce.ID, NoticeFailed, words)
}

func reportWords(r *Report) string {
	words := "Reported " + string(r.Action)
	if r.Feedback {
		words = "Reported as unwanted"
	}
	if len(r.Status) > 0 {
		words += " " + r.Status[0]
	}
	if r.Text != "" {
		words += ": " + cleanLine(r.Text, 500)
	}
	return words
}
