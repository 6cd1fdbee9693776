package core

import "context"

// An Overview is the state of each part of the settings, in numbers.
type Overview struct {
	Mailboxes    int
	Suspended    int // mails that wait for somebody's judgement
	Blocked      int // entries of the list
	Safe         int
	PassedOn     int // addresses that pass on other people's mail
	Domains      int // that our mail is from
	Unsigned     int // of them, those whose mail no key signs
	Queued       int
	Held         int
	Failed       int // in the last 24 hours
	Stopped      int // addresses that mail has stopped going to
	Staff        int // enabled
	Invited      int
	Teams        int
	TwoFactor    int // of the enabled staff, who sign in with two factors
	ChangedTexts int // of mails, in all mailboxes
	Articles     int // published
	Drafts       int // of articles
}

// Overview counts what the settings page tells. ErrForbidden.
func (d *Desk) Overview(ctx context.Context, actor Actor) (_ Overview, err error) {
	defer wrap(&err, "overview")
	if err := actor.Can(DoAdminister); err != nil {
		return Overview{}, err
	}
	return one[Overview](ctx, d.pool, `
		select (select count(*) from mailboxes) as mailboxes,
			(select count(*) from inbound where state = 'suspended' and raw is not null) as suspended,
			(select count(*) from sender_list where list = 'block') as blocked, (select count(*) from sender_list where list = 'safe') as safe,
			(select count(*) from passing_addresses) as passed_on, d.domains, d.unsigned,
			(select count(*) from deliveries where state = 'queued') as queued, (select count(*) from deliveries where state = 'held') as held,
			(select count(*) from deliveries where state = 'failed' and failed_at > now() - interval '1 day') as failed,
			(select count(*) from suppressions) as stopped, s.staff, s.invited, (select count(*) from teams) as teams, s.two_factor,
			(select count(*) from mailbox_texts) as changed_texts,
			(select count(*) from articles where status = 'published') as articles, (select count(*) from articles where status = 'draft') as drafts
		from (select count(*) as domains, count(*) filter (where at like '%.%' and not exists (
				select from signing_keys k where k.domain = at and k.activated_at is not null and k.retired_at is null)) as unsigned
			from (select distinct split_part(address, '@', -1) as at from mailboxes) x) d,
		(select count(*) filter (where u.enabled) as staff, count(*) filter (where not u.enabled and u.invited_at is not null) as invited,
				count(*) filter (where u.enabled and f.user_id is not null) as two_factor
			from users u left join two_factors f on f.user_id = u.id and f.confirmed_at is not null
			where u.role <> 'customer' and u.anonymised_at is null and u.merged_into is null) s`)
}
