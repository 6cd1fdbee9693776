package core

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// gatherSenders asks about the senders of several mails in one round trip, a
// statement for each question. The addresses are locked in order, so that two
// batches never wait in a circle.
func (d *Desk) gatherSenders(ctx context.Context, tx pgx.Tx, arrivals []*arrival) error {
	b := &pgx.Batch{}
	b.Queue(plannedOnce)
	b.Queue(lockAddressesSQL, sortedTexts(column(arrivals, func(a *arrival) Address { return a.from })))
	fences := queueFences(b, arrivals)
	queueAuthors(b, arrivals)
	d.queueAutomatic(b, arrivals)
	queueDuplicates(b, arrivals)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	for i, a := range arrivals {
		if err := fences[i].check(a.claim); err != nil {
			return err
		}
	}
	return nil
}

// plannedOnce lets every statement be planned once for a connection: planning them
// anew took a third of the time for which PostgreSQL files a mail. What such a plan
// expects to cost is a guess, by which nothing is to be compiled.
const plannedOnce = `select set_config('plan_cache_mode', 'force_generic_plan', true), set_config('jit', 'off', true)`

func (a *arrival) address() string { return a.from.String() }

// which tells the arrivals that a question is asked about, and their places.
func which(arrivals []*arrival, asked func(*arrival) bool) (list []*arrival) {
	for _, a := range arrivals {
		if asked(a) {
			list = append(list, a)
		}
	}
	return list
}

// fenceSQL locks the mails' rows.
const fenceSQL = `
	select array_position($1, id), state, attempts from inbound where id = any($1) order by id for update`

func queueFences(b *pgx.Batch, arrivals []*arrival) []fenceRow {
	fences := make([]fenceRow, len(arrivals))
	b.Queue(fenceSQL, column(arrivals, func(a *arrival) InboundID { return a.claim.ID })).Query(func(rows pgx.Rows) error {
		var n int
		var f fenceRow
		_, err := pgx.ForEachRow(rows, []any{&n, &f.state, &f.attempts}, func() error { fences[n-1] = f; return nil })
		return err
	})
	return fences
}

// sendersSQL: one row about whoever each address is, known or not. The rates are
// those of section 5, by origin class.
const sendersSQL = `
	select coalesce(u.id, 0), coalesce(u.name, ''), coalesce(a.verified_at is not null, false),
		coalesce(u.password_hash is not null or u.account_mailed_at is not null, false), coalesce(u.role, ''), coalesce(u.enabled, false),
		coalesce(r.may_reply, false), coalesce(r.may_merge, false), coalesce(r.may_view_suspended, false), coalesce(r.may_manage_people, false),
		coalesce(r.case_access, ''), array(select team_id from team_members where user_id = u.id),
		l.blocked, l.safe,
		coalesce((select true from automatic_mutes where address = g.address), (select true from suppressions where address = g.address), false),
		exists (select from organization_domains where domain = any(string_to_array(g.domains, ' '))),
		coalesce((select true from participants where address = g.address and user_id is null limit 1),
			(select true from tokens where address = g.address and user_id is null limit 1), false),
		i.accepts_unknown, o.ten >= i.flood_ten_minutes or o.hour >= i.flood_hour or o.day >= i.flood_day,
		t.ids, t.addresses
	from instance i
	cross join (select coalesce(array_agg(u.id order by u.id), '{}') as ids, coalesce(array_agg(a.address order by u.id), '{}') as addresses
		from users u join addresses a on a.user_id = u.id and a.is_primary
		where u.enabled and u.role in ('admin', 'owner') and ` + unassignedWanted + `) t
	cross join unnest($1::text[], $2::text[], $3::text[]) with ordinality as g (address, domains, origin, n)
	left join (addresses a join users u on u.id = a.user_id join roles r on r.role = u.role) on a.address = g.address
	cross join lateral (select coalesce(bool_or(list = 'block'), false) as blocked, coalesce(bool_or(list = 'safe'), false) as safe
		from sender_list where pattern in (g.address, '*') or pattern = any(string_to_array(g.domains, ' '))) l
	cross join lateral (select count(*) filter (where received_at > now() - interval '10 minutes') as ten,
			count(*) filter (where received_at > now() - interval '1 hour') as hour, count(*) as day
		from inbound where opened and from_address = g.address and received_at > now() - interval '1 day' and received_at < now() + interval '5 minutes'
			and (origin = 'proven') = (g.origin = 'proven')) o
	order by g.n`

func queueAuthors(b *pgx.Batch, arrivals []*arrival) {
	b.Queue(sendersSQL,
		column(arrivals, (*arrival).address),
		column(arrivals, func(a *arrival) string { return strings.Join(domainsAbove(a.from.Domain()), " ") }),
		column(arrivals, func(a *arrival) Verdict { return a.origin.Verdict }),
	).Query(func(rows pgx.Rows) error {
		for n := 0; rows.Next(); n++ {
			if err := arrivals[n].scanSender(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

func (a *arrival) scanSender(row pgx.Row) error {
	who, f := &a.author, &a.facts
	r := &who.Actor.Rights
	var admins []UserID
	var addresses []string
	err := row.Scan(&who.ID, &who.Name, &who.Verified, &who.Asked, &who.Actor.Role, &who.Actor.Enabled,
		&r.Reply, &r.Merge, &r.ViewSuspended, &r.ManagePeople, &r.Access, &who.Actor.Teams,
		&f.Blocked, &f.Safe, &a.shunned, &a.joinable, &a.named, &f.AcceptsUnknown, &f.OverBrake, &admins, &addresses)
	who.Actor.ID = who.ID
	for i, id := range admins {
		if address, err := ParseAddress(addresses[i]); err == nil {
			a.admins = append(a.admins, colleague{id, address})
		}
	}
	return err
}

// queueAutomatic asks why no automatic mail may go to those who could get some.
func (d *Desk) queueAutomatic(b *pgx.Batch, arrivals []*arrival) {
	asking := which(arrivals, func(a *arrival) bool { return a.facts.Automatic == "" && a.mayBeAcknowledged(d) })
	if len(asking) == 0 {
		return
	}
	b.Queue(automaticSQL, column(asking, (*arrival).address), column(asking, func(a *arrival) Verdict { return a.origin.Verdict })).Query(func(rows pgx.Rows) error {
		var n int
		var why string
		_, err := pgx.ForEachRow(rows, []any{&n, &why}, func() error { asking[n-1].facts.Automatic = why; return nil })
		return err
	})
}

// duplicateSQL: section 7. Only an arrival that was filed, with the same or a
// stronger origin, makes a later one a duplicate.
const duplicateSQL = `
	select g.n, first.id, first.conversation
	from unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::text[]) with ordinality as g (id, message_id, address, digest, origin, n)
	cross join lateral (
		select i.id, coalesce(i.conversation_id, 0) as conversation from inbound i
		where i.message_id = g.message_id and i.id <> g.id and i.state = 'success' and i.conversation_id is not null
			and i.from_address = g.address and i.content_digest = g.digest and i.received_at > now() - interval '7 days'
			and (i.origin = 'proven' or g.origin <> 'proven')
		order by i.id desc limit 1) first`

func queueDuplicates(b *pgx.Batch, arrivals []*arrival) {
	named := which(arrivals, func(a *arrival) bool { return a.messageID != "" })
	if len(named) == 0 {
		return
	}
	b.Queue(duplicateSQL,
		column(named, func(a *arrival) InboundID { return a.claim.ID }),
		column(named, func(a *arrival) string { return a.messageID }),
		column(named, (*arrival).address),
		column(named, func(a *arrival) []byte { return a.digest }),
		column(named, func(a *arrival) Verdict { return a.origin.Verdict }),
	).Query(func(rows pgx.Rows) error {
		var n int
		var first InboundID
		var at ConversationID
		_, err := pgx.ForEachRow(rows, []any{&n, &first, &at}, func() error {
			named[n-1].facts.DuplicateOf, named[n-1].facts.FiledAt = first, at
			return nil
		})
		return err
	})
}
