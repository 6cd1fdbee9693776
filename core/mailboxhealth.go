package core

import (
	"context"
	"time"
)

// A MailboxHealth is how mail of one mailbox has gone lately.
type MailboxHealth struct {
	ID      MailboxID
	LastIn  *time.Time // newest mail to it, among the last that came at all
	LastOut *time.Time // newest mail that left from it
	Waiting int        // mails from it that are queued
	Held    int        // until somebody decides
	Failed  int        // in the last 24 hours
	Sent    int        // in the last 24 hours
}

// recentMail is how far back the last mail of a mailbox is looked for: a mail
// names its recipients, plus addresses and all, and no index knows a mailbox.
const recentMail = 2000

// MailboxHealths tells the health of all mailboxes, by id. ErrForbidden.
func (d *Desk) MailboxHealths(ctx context.Context, actor Actor) (_ map[MailboxID]MailboxHealth, err error) {
	defer wrap(&err, "mailbox health")
	if err := actor.Can(DoAdminister); err != nil {
		return nil, err
	}
	all, err := rows[MailboxHealth](ctx, d.pool, `
		with came as (
			select lower(regexp_replace(t, '\+[^@]*@', '@')) as at, max(i.received_at) as last
			from (select recipients, received_at from inbound order by id desc limit $1) i, unnest(i.recipients) t group by 1),
		waits as (select mailbox_id, count(*) filter (where state = 'queued') as queued, count(*) filter (where state = 'held') as held
			from deliveries where state in ('queued', 'held') group by 1),
		failed as (select mailbox_id, count(*) as n from deliveries where state = 'failed' and failed_at > now() - interval '1 day' group by 1)
		select m.id, (select last from came where at = m.address) as last_in,
			(select max(sent_at) from deliveries x where x.mailbox_id = m.id and x.state = 'sent') as last_out,
			coalesce(w.queued, 0) as waiting, coalesce(w.held, 0) as held, coalesce(f.n, 0) as failed,
			(select count(*) from deliveries x where x.mailbox_id = m.id and x.state = 'sent' and x.sent_at > now() - interval '1 day') as sent
		from mailboxes m left join waits w on w.mailbox_id = m.id left join failed f on f.mailbox_id = m.id`, recentMail)
	healths := map[MailboxID]MailboxHealth{}
	for _, h := range all {
		healths[h.ID] = h
	}
	return healths, err
}
