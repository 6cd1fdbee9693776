package core

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// RequestReset mails a link for a new password. The answer is the same whether
// or not anybody has the address; three an hour are sent to one person. ErrRate
// for a client that asks too often.
func (d *Desk) RequestReset(ctx context.Context, email, client string) (err error) {
	defer wrap(&err, "request reset")
	return d.askLink(ctx, email, client, LinkReset, "", "")
}

// RequestSignInLink mails a link that signs in once, within 15 minutes, and then
// leads to a page of ours. Answers and errors are those of RequestReset.
func (d *Desk) RequestSignInLink(ctx context.Context, email, client, next string) (err error) {
	defer wrap(&err, "request sign-in link")
	return d.askLink(ctx, email, client, LinkSignIn, NoticeSignIn, next)
}

// slowestAsking is when everybody is answered who asks for a link: writing one
// mail, and composing it right after, is done by then.
const slowestAsking = 100 * time.Millisecond

// askLink runs the same statements for a known and an unknown address, and the
// same commit, and answers both after the same time: how long it takes must not
// tell who has an account (reliability S7).
func (d *Desk) askLink(ctx context.Context, email, client string, purpose LinkPurpose, kind NoticeKind, next string) error {
	start := time.Now()
	address, _ := ParseAddress(email) // the zero Address is nobody's
	if _, err := d.beginTry(ctx, client, ""); err != nil {
		return err
	}
	err := d.tx(ctx, func(tx pgx.Tx) error {
		asked, err := countTries(ctx, tx, string(purpose)+" "+address.String(), time.Hour)
		if err != nil || asked > maxResetsAnHour {
			return err
		}
		tx.(*unit).mails++
		_, err = tx.Exec(ctx, askLinkSQL, pgx.StrictNamedArgs{
			"address": address, "link": string(purpose), "kind": kind, "purpose": PurposeReset, "hold": d.holds(),
			"bounce": NewRowName(), "name": NewRowName(), "leads_to": next})
		return err
	})
	if err != nil {
		return err
	}
	return pause(ctx, time.Until(start.Add(slowestAsking)))
}

// askLinkSQL writes the mail where an enabled account has the address, and gives
// up the one before it that has not left. It goes to the primary address.
const askLinkSQL = `
	with who as (
		select u.id, p.address, s.reason from users u
		join addresses a on a.user_id = u.id join addresses p on p.user_id = u.id and p.is_primary
		left join suppressions s on s.address = p.address
		where a.address = @address and u.enabled),
	older as (
		update deliveries set state = 'failed', failed_at = now(), last_response = 'a newer link was made', bytes = null
		where user_id in (select id from who) and link_purpose = @link and purpose = @purpose and state in ('queued', 'held')),
	asked as (
		update users set account_mailed_at = coalesce(account_mailed_at, now()) where id in (select id from who))
	insert into deliveries (purpose, kind, state, recipient, user_id, mailbox_id, author_id, bounce_name, id_name, automatic, to_unproven, link_purpose,
		leads_to, last_response, failed_at)
	select @purpose, @kind, case when reason is not null then 'failed' when @hold then 'held' else 'queued' end, address, id,
		(select id from mailboxes order by id limit 1), id, @bounce, @name, false, false, @link, @leads_to,
		coalesce('Not sent: this address is suppressed. ' || reason, ''), case when reason is not null then now() end
	from who`
