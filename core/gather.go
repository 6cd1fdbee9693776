package core

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// gather asks the database for everything that the decision depends on. It locks
// the author's address and the conversations that the mail names, so that mails
// of one person and mails to one conversation are decided one after the other.
func (d *Desk) gather(ctx context.Context, tx pgx.Tx, a *arrival) error {
	if err := d.gatherSender(ctx, tx, a); err != nil {
		return err
	}
	if err := d.gatherNamed(ctx, tx, a); err != nil {
		return err
	}
	if err := d.gatherCases(ctx, tx, a); err != nil {
		return err
	}
	d.assemble(a)
	return d.gatherAboutLocated(ctx, tx, a)
}

// gatherSender: the fence, the author, the lists, the rates and what was filed
// before. What follows the lock on the address sees all that was committed before
// it was had.
func (d *Desk) gatherSender(ctx context.Context, tx pgx.Tx, a *arrival) error {
	return d.gatherSenders(ctx, tx, []*arrival{a})
}

// gatherSenders asks about the senders of several mails in one round trip, a
// statement for each question. The addresses are locked in order, so that two
// batches never wait in a circle.
func (d *Desk) gatherSenders(ctx context.Context, tx pgx.Tx, arrivals []*arrival) error {
	b := &pgx.Batch{}
	b.Queue(lockAddressesSQL, slices.Sorted(slices.Values(column(arrivals, (*arrival).address))))
	fences := queueFences(b, arrivals)
	queueAuthors(b, arrivals)
	d.queueAutomatic(b, arrivals)
	queueDuplicates(b, arrivals)
	d.queueAutomaticLeft(b, arrivals...)
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

// lockAddressesSQL locks addresses like lockAddressSQL, in their order.
const lockAddressesSQL = `select pg_advisory_xact_lock(hashtextextended('address ' || address, 0)) from unnest($1::text[]) as g (address)`

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
		from inbound where opened and from_address = g.address and received_at > now() - interval '1 day'
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
	for _, a := range asking {
		a.asksAutomatic, a.countsAutomatic = true, d.automatic.near()
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

// gatherNamed reads what tokens and ids point to.
func (d *Desk) gatherNamed(ctx context.Context, tx pgx.Tx, a *arrival) error {
	replies, bounces := d.tokensIn(a.claim.Envelope.Recipients)
	var all []string
	for _, level := range a.letter.headerIDs() {
		all = append(all, level...)
	}
	var ownNames []RowName
	byName := map[RowName]string{}
	for _, id := range all {
		if text, ok := TokenOfMessageID(id); ok {
			if name, ok := d.keys.ReadAs(text, PurposeID); ok {
				ownNames = append(ownNames, name)
				byName[name] = id
			}
		}
	}
	b := &pgx.Batch{}
	if len(replies) > 0 {
		b.Queue(`
			select name, purpose, address, coalesce(user_id, 0), coalesce(conversation_id, 0), coalesce(mention_id, 0), mailbox_id, created_at
			from tokens where name = any($1) and revoked_at is null order by array_position($1, name)`, replies).Query(func(rows pgx.Rows) (err error) {
			a.tokens, err = pgx.CollectRows(rows, pgx.RowToStructByPos[tokenRow])
			return err
		})
	}
	if len(bounces)+len(ownNames) > 0 {
		b.Queue(`
			select id, id_name, coalesce(conversation_id, 0), coalesce(mention_id, 0), mailbox_id, coalesce(bounce_name = any($1), false), kind = 'draft'
			from deliveries where bounce_name = any($1) or id_name = any($2)`, bounces, ownNames).Query(func(rows pgx.Rows) error {
			return a.scanDeliveries(rows, byName)
		})
	}
	if len(all) > 0 {
		b.Queue(`select root, id from conversations where root = any($1)`, all).Query(func(rows pgx.Rows) error {
			return a.scanPointers(rows, false)
		})
		b.Queue(`
			select distinct message_id, conversation_id, count(*) over (partition by message_id) > 1
			from (select message_id, conversation_id from inbound
				where message_id = any($1) and state = 'success' and conversation_id is not null and id <> $2
				order by id desc limit 200) i`, all, a.claim.ID).Query(func(rows pgx.Rows) error {
			return a.scanPointers(rows, true)
		})
	}
	if b.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, b).Close()
}

func (a *arrival) scanDeliveries(rows pgx.Rows, byName map[RowName]string) error {
	for rows.Next() {
		var row deliveryRow
		var bounced, draft bool
		if err := rows.Scan(&row.ID, &row.IDName, &row.Conversation, &row.Mention, &row.Mailbox, &bounced, &draft); err != nil {
			return err
		}
		if bounced && a.bounce.ID == 0 {
			a.bounce = row
		}
		a.answersDraftNotice = a.answersDraftNotice || draft
		if id, ok := byName[row.IDName]; ok {
			a.pointers = append(a.pointers, mailPointer{id: id, conversation: row.Conversation, mention: row.Mention})
		}
	}
	return rows.Err()
}

func (a *arrival) scanPointers(rows pgx.Rows, foreign bool) error {
	for rows.Next() {
		p := mailPointer{foreign: foreign}
		var err error
		if foreign {
			err = rows.Scan(&p.id, &p.conversation, &p.shared)
		} else {
			err = rows.Scan(&p.id, &p.conversation)
		}
		if err != nil {
			return err
		}
		a.pointers = append(a.pointers, p)
	}
	return rows.Err()
}

// gatherCases reads, and locks, the mentions and conversations that were named.
func (d *Desk) gatherCases(ctx context.Context, tx pgx.Tx, a *arrival) error {
	var mentions []MentionID
	var named []ConversationID
	for _, t := range a.tokens {
		mentions, named = append(mentions, t.Mention), append(named, t.Conversation)
	}
	for _, p := range a.pointers {
		mentions, named = append(mentions, p.mention), append(named, p.conversation)
	}
	mentions, named = append(mentions, a.bounce.Mention), append(named, a.bounce.Conversation, a.facts.FiledAt)
	mentions = slices.DeleteFunc(mentions, func(m MentionID) bool { return m == 0 })
	a.mentions = map[MentionID]mentionRow{}
	if len(mentions) > 0 {
		rows, err := tx.Query(ctx, `
			select m.id, m.user_id, coalesce(n.conversation_id, 0), coalesce(n.user_id, 0), coalesce(n.organization_id, 0), coalesce(m.opened_conversation, 0)
			from mentions m join notes n on n.id = m.note_id where m.id = any($1) order by m.id for update of m`, mentions)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[mentionRow])
		if err != nil {
			return err
		}
		for _, m := range found {
			a.mentions[m.ID] = m
			named = append(named, m.Conversation, m.Opened)
		}
	}
	named = slices.DeleteFunc(named, func(c ConversationID) bool { return c == 0 })
	return d.readCases(ctx, tx, a, named)
}

// chainSQL follows merged conversations to their survivors.
const chainSQL = `
	with recursive chain (named, id, merged_into) as (
		select id, id, merged_into from conversations where id = any($1)
		union all
		select chain.named, c.id, c.merged_into from chain join conversations c on c.id = chain.merged_into)`

// readCases reads the survivors, locked. One that was merged away while we waited
// for it has another survivor: that one is locked then.
func (d *Desk) readCases(ctx context.Context, tx pgx.Tx, a *arrival, named []ConversationID) error {
	a.cases, a.states = map[ConversationID]caseRow{}, map[ConversationID]caseRow{}
	for again := len(named) > 0; again; {
		var locked []ConversationID
		b := &pgx.Batch{}
		b.Queue(chainSQL+`
			select c.id from conversations c where c.id in (select id from chain where merged_into is null)
			order by c.id for no key update`, named).Query(func(rows pgx.Rows) (err error) {
			locked, err = pgx.CollectRows(rows, pgx.RowTo[ConversationID])
			return err
		})
		b.Queue(casesSQL, named, a.author.ID, a.from).Query(func(rows pgx.Rows) error {
			cases, err := pgx.CollectRows(rows, pgx.RowToStructByPos[caseRow])
			clear(a.states)
			for _, c := range cases {
				a.cases[c.Named], a.states[c.ID] = c, c
			}
			return err
		})
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		again = false
		for id := range a.states {
			again = again || !slices.Contains(locked, id)
		}
	}
	return nil
}

const casesSQL = chainSQL + `
	select chain.named, c.id, c.status, c.trashed_at is not null, c.requester_id, coalesce(c.assignee_id, 0), coalesce(c.team_id, 0), c.mailbox_id,
		coalesce(c.closed_at < now() - interval '90 days', false),
		exists (select from participants p where p.conversation_id = c.id and (p.user_id = $2 or p.address = $3)),
		exists (select from notes n join mentions m on m.note_id = n.id where n.conversation_id = c.id and m.user_id = $2)
	from chain join conversations c on c.id = chain.id where chain.merged_into is null`

// gatherAboutLocated: what only the located conversation can tell.
func (d *Desk) gatherAboutLocated(ctx context.Context, tx pgx.Tx, a *arrival) error {
	f := &a.facts
	c, ok := a.states[f.Locator.Conversation]
	if !ok || !f.Author.Role.Staff() {
		return nil
	}
	answered := a.answeredNotice(c.ID)
	var customers []string
	err := tx.QueryRow(ctx, aboutLocatedSQL,
		c.ID, a.author.ID, answered.CreatedAt, c.Requester, a.claim.Envelope.ReceivedAt, answered.Conversation, answered.Name).
		Scan(&f.NearNotice, &f.NewerCustomerMessage, &f.NewerBy, &f.NewerAt, &customers)
	if err != nil {
		return err
	}
	f.AlsoToCustomer = c.Requester != a.author.ID && a.names(customers)
	f.NewerBy = MaskAddresses(f.NewerBy) // a name may be what a From header once said
	if answered.Name == 0 {              // then any message would be newer
		f.NewerBy, f.NewerAt = "", time.Time{}
	}
	if f.Author.Role.Agent() && c.Requester != a.author.ID {
		return d.gatherStaffWords(ctx, tx, a, c.ID, answered)
	}
	return nil
}

const aboutLocatedSQL = `
	select
		exists (select from deliveries where conversation_id in ($1, $6) and user_id = $2 and purpose = 'staff_notice'
			and coalesce(sent_at, created_at) between $5::timestamptz - interval '15 seconds' and $5::timestamptz + interval '15 seconds'),
		newer.id is not null, coalesce(newer.name, ''), coalesce(newer.created_at, '0001-01-01Z'),
		array(select address from addresses where user_id = $4
			union select address from participants p where p.conversation_id = $1
				and not exists (select from users u where u.id = p.user_id and u.role <> 'customer'))
	from (select) one left join lateral (
		select m.id, u.name, m.created_at from messages m join users u on u.id = m.author_id
		where m.conversation_id = $1 and not m.by_staff and m.author_id <> $2 and (m.created_at > $3
			or m.id > (select max(post_id) from deliveries where conversation_id = $6 and reply_token = $7))
		order by m.id desc limit 1) newer on true`
