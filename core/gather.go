package core

import (
	"context"
	"slices"
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

// chainSQL follows merged conversations to their survivors. (No join: a plan made while
// there were few would go on reading all of them.)
const chainSQL = `
	with recursive chain (named, id, merged_into) as (
		select id, id, merged_into from conversations where id = any($1)
		union all
		select named, merged_into, (select c.merged_into from conversations c where c.id = chain.merged_into) from chain where merged_into is not null)`

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
