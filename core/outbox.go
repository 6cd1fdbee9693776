package core

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// A mailing is one mail to one person, about to be written into the outbox in the
// transaction of its cause.
type mailing struct {
	purpose      DeliveryPurpose
	notice       NoticeKind
	to           Address
	user         UserID // 0 for a bare address
	conversation ConversationID
	post         PostID
	mention      MentionID
	inbound      InboundID
	mailbox      MailboxID
	author       UserID
	answers      Purpose // of the token in Reply-To, 0 for none
	automatic    bool
	toUnproven   bool
	link         string // purpose of the single-use link in it, "" for none
}

// suppressedWords stand before why an address is suppressed.
const suppressedWords = "Not sent: this address is suppressed. "

// enqueueSQL mints the reply token and the delivery in one statement. One person
// keeps one token on one conversation; every notice and mention has its own. A
// suppressed address fails at once, with the reason.
const enqueueSQL = `
	with token as (
		insert into tokens (name, purpose, address, user_id, conversation_id, mention_id, mailbox_id)
		select $1, $2::smallint, $3::text, nullif($4::bigint, 0),
			case when $2 <> 3 then nullif($5::bigint, 0) end, case when $2 = 3 then $6::bigint end, $7
		where $2 <> 0
		on conflict (conversation_id, address) where purpose = 1 and revoked_at is null do update set user_id = excluded.user_id
		returning name)
	insert into deliveries (purpose, kind, state, recipient, user_id, conversation_id, post_id, mention_id, inbound_id, mailbox_id, author_id,
		reply_token, bounce_name, id_name, automatic, to_unproven, link_purpose, last_response, failed_at)
	select $8, $9, case when s.address is not null then 'failed' when $10 then 'held' else 'queued' end, $3::text, nullif($4::bigint, 0),
		nullif($5::bigint, 0), nullif($11::bigint, 0), nullif($6::bigint, 0), nullif($12::bigint, 0), $7, nullif($13::bigint, 0),
		(select name from token), $14, $15, $16, $17, nullif($18, ''),
		coalesce('` + suppressedWords + `' || s.reason, ''), case when s.address is not null then now() end
	from (select) one left join suppressions s on s.address = $3
	returning id`

// enqueue writes mails into the outbox, in one go with the commit.
func (d *Desk) enqueue(tx pgx.Tx, mails ...mailing) {
	for _, m := range mails {
		if !d.apart(m) {
			later(tx, enqueueSQL, d.enqueueArgs(m)...)
			Passing(PointEnqueued)
		}
	}
	tx.(*unit).mails += len(mails)
}

func (d *Desk) enqueueArgs(m mailing) []any {
	return []any{NewRowName(), m.answers, m.to.String(), m.user, m.conversation, m.mention, m.mailbox, m.purpose, m.notice, d.holds(),
		m.post, m.inbound, m.author, NewRowName(), NewRowName(), m.automatic, m.toUnproven, m.link}
}

// holds tells that outgoing mail waits for an admin (mail-law section 6).
func (d *Desk) holds() bool { return !d.cfg.RelaySet || d.cfg.Hold || !d.Restored().At.IsZero() }

// tellOfPost mails a new public message to those whom section 4 names: an
// agent's to requester, customers and collaborators in CC; a customer's to
// agents, as a notice, and to collaborators in CC. Other customers have
// reply-all. Its author is never told.
func (d *Desk) tellOfPost(ctx context.Context, tx pgx.Tx, post PostID) error {
	p, err := one[postToTell](ctx, tx, `
		select m.conversation_id, m.author_id, m.by_staff, c.mailbox_id,
			m.by_staff or exists (select from messages s where s.conversation_id = m.conversation_id and s.by_staff) as answered
		from messages m join conversations c on c.id = m.conversation_id where m.id = $1`, post)
	if err != nil {
		return err
	}
	people, err := rows[reader](ctx, tx, readersSQL, p.ConversationID)
	if err != nil {
		return err
	}
	var mails []mailing
	for _, r := range people {
		m := mailing{to: r.Address, user: r.UserID, conversation: p.ConversationID, post: post, mailbox: p.MailboxID,
			author: p.AuthorID, answers: PurposeParticipant}
		switch {
		case r.UserID == p.AuthorID && r.UserID != 0:
			continue
		case r.Role == RoleCollaborator && !r.IsRequester:
			if !p.Answered && !r.ByStaff {
				continue // nobody is mailed for having been named, before an agent answers
			}
			m.purpose = PurposeCopy
		case p.ByStaff:
			m.purpose = PurposeReply
		default:
			continue
		}
		mails = append(mails, m)
	}
	if !p.ByStaff {
		notices, err := d.noticesTo(ctx, tx, p.ConversationID, p.AuthorID, NoticeMessage, nil)
		if err != nil {
			return err
		}
		for i := range notices {
			notices[i].post = post
		}
		mails = append(mails, notices...)
	}
	d.enqueue(tx, mails...)
	return nil
}

type postToTell struct {
	ConversationID ConversationID
	AuthorID       UserID
	ByStaff        bool
	MailboxID      MailboxID
	Answered       bool
}

// A reader is somebody on a conversation who gets its public words by mail.
type reader struct {
	Address     Address
	UserID      UserID
	Name        string
	Role        Role
	IsRequester bool
	ByStaff     bool
}

// readersSQL: the requester and the people in CC, but nobody who is disabled. An
// agent in CC follows the conversation and gets notices instead.
const readersSQL = `
	select a.address, u.id as user_id, u.name, u.role, true as is_requester, false as by_staff
	from conversations c join users u on u.id = c.requester_id join addresses a on a.user_id = u.id and a.is_primary
	where c.id = $1 and u.enabled
	union all
	select coalesce(own.address, p.address), coalesce(u.id, 0), coalesce(u.name, ''), coalesce(u.role, 'customer'), false, p.by_staff
	from participants p join conversations c on c.id = p.conversation_id
	left join addresses a on a.address = p.address
	left join users u on u.id = coalesce(p.user_id, a.user_id)
	left join addresses own on own.user_id = u.id and own.address = p.address
	where p.conversation_id = $1 and coalesce(u.enabled, true) and coalesce(u.id, 0) <> c.requester_id
		and coalesce(u.role, 'customer') in ('customer', 'collaborator')
	order by is_requester desc, address`

// tellOfNewConversation notifies agents: owners and admins, since it is nobody's
// yet, and colleagues whom the mail brought along. The other people whom a first
// mail named hear nothing before an agent answers.
func (d *Desk) tellOfNewConversation(ctx context.Context, tx pgx.Tx, a *arrival, at filed, brought bool) (err error) {
	var notices []mailing
	if brought {
		if notices, err = d.noticesTo(ctx, tx, at.conversation, a.author.ID, NoticeMessage, nil); err != nil {
			return err
		}
	} else {
		for _, admin := range a.admins {
			if admin.UserID != a.author.ID {
				notices = append(notices, noticeOf(NoticeMessage, admin, at.conversation, a.mailbox, a.author.ID))
			}
		}
	}
	for i := range notices {
		notices[i].post = at.post
	}
	d.enqueue(tx, notices...)
	return nil
}

// A colleague is an agent with the address that notices go to.
type colleague struct {
	UserID  UserID
	Address Address
}

func noticeOf(kind NoticeKind, to colleague, about ConversationID, mailbox MailboxID, author UserID) mailing {
	return mailing{purpose: PurposeStaffNotice, notice: kind, to: to.Address, user: to.UserID, conversation: about, mailbox: mailbox,
		author: author, answers: PurposeStaff}
}

// tellOfNote notifies agents that there is a note, without a word of it. The
// mentioned get their own mail.
func (d *Desk) tellOfNote(ctx context.Context, tx pgx.Tx, note NoteID) error {
	n, err := one[struct {
		ConversationID ConversationID
		AuthorID       UserID
		Mentioned      []UserID
	}](ctx, tx, `
		select coalesce(conversation_id, 0) as conversation_id, author_id,
			array(select user_id from mentions where note_id = notes.id) as mentioned
		from notes where id = $1`, note)
	if err != nil || n.ConversationID == 0 {
		return err
	}
	notices, err := d.noticesTo(ctx, tx, n.ConversationID, n.AuthorID, NoticeNote, n.Mentioned)
	if err != nil {
		return err
	}
	d.enqueue(tx, notices...)
	return nil
}

// assigned: a disabled assignee keeps the conversation, but hears nothing, and
// somebody must.
const assigned = `exists (select from users s where s.id = c.assignee_id and s.enabled)`

// attended: the conversation has a team, and somebody in it answers customers.
const attended = `exists (select from team_members m join users s on s.id = m.user_id
	where m.team_id = c.team_id and s.enabled and s.role in ('agent', 'admin', 'owner'))`

// noticesTo are notices to the agents of a conversation: its assignee, else its
// team, else owners and admins; and who follows it or is in CC. Each as they chose.
func (d *Desk) noticesTo(ctx context.Context, tx pgx.Tx, id ConversationID, author UserID, kind NoticeKind, except []UserID) ([]mailing, error) {
	agents, err := rows[struct {
		UserID    UserID
		Address   Address
		MailboxID MailboxID
	}](ctx, tx, `
		select u.id as user_id, a.address, c.mailbox_id
		from conversations c join users u on u.enabled and u.role in ('agent', 'admin', 'owner')
		join addresses a on a.user_id = u.id and a.is_primary
		where c.id = $1 and u.id <> $2 and u.id <> c.requester_id and u.id <> all (coalesce($3::bigint[], '{}')) and (
			u.id = c.assignee_id and `+wants("assigned")+`
			or `+wants("unassigned")+` and not `+assigned+` and (
				exists (select from team_members m where m.team_id = c.team_id and m.user_id = u.id)
				or not `+attended+` and u.role in ('admin', 'owner'))
			or `+wants("followed")+` and (
				exists (select from followers f where f.conversation_id = c.id and f.user_id = u.id)
				or exists (select from participants p where p.conversation_id = c.id and p.user_id = u.id)))
			and ($4 <> 'note' or `+wants("notes")+`)
		order by u.id`, id, author, except, kind)
	if err != nil {
		return nil, err
	}
	mails := make([]mailing, len(agents))
	for i, a := range agents {
		mails[i] = noticeOf(kind, colleague{a.UserID, a.Address}, id, a.MailboxID, author)
	}
	return mails, nil
}

// enqueueAcknowledgement: the one automatic mail to a first contact. It asks a
// customer who was never asked before to set a password (section 5).
func (d *Desk) enqueueAcknowledgement(tx pgx.Tx, a *arrival, id ConversationID) {
	m := mailing{purpose: PurposeAcknowledgement, to: a.from, user: a.author.ID, conversation: id, inbound: a.claim.ID, mailbox: a.mailbox,
		answers: PurposeParticipant, automatic: true, toUnproven: a.origin.Verdict != Proven}
	if a.author.Actor.Role == RoleCustomer && !a.author.Asked {
		m.link = "verify"
		later(tx, `update users set account_mailed_at = now() where id = $1`, a.author.ID)
	}
	d.enqueue(tx, m)
}

// askForPassword asks somebody whom their mail made a customer, where there is no
// new conversation to acknowledge. It is automatic mail all the same (section 5).
func (d *Desk) askForPassword(ctx context.Context, tx pgx.Tx, a *arrival) error {
	d.enqueue(tx, mailing{purpose: PurposeVerify, to: a.from, user: a.author.ID, inbound: a.claim.ID, mailbox: a.mailbox,
		automatic: true, toUnproven: a.origin.Verdict != Proven, link: "verify"})
	_, err := tx.Exec(ctx, `update users set account_mailed_at = now() where id = $1`, a.author.ID)
	return err
}

// enqueueDraftNotice tells an agent that their mail was kept and not sent.
func (d *Desk) enqueueDraftNotice(ctx context.Context, tx pgx.Tx, id ConversationID, agent UserID, mailbox MailboxID, cause InboundID) error {
	address, err := value[Address](ctx, tx, `select address from addresses where user_id = $1 and is_primary`, agent)
	if err != nil {
		return err
	}
	d.enqueue(tx, mailing{purpose: PurposeStaffNotice, notice: NoticeDraft, to: address, user: agent, conversation: id,
		mailbox: mailbox, author: agent, answers: PurposeStaff, inbound: cause})
	return nil
}

// enqueueAccountMail asks a person to verify, to accept an invite or to reset a
// password. The link is minted when the mail is composed.
func (d *Desk) enqueueAccountMail(ctx context.Context, tx pgx.Tx, user UserID, to Address, purpose DeliveryPurpose, author UserID) (DeliveryID, error) {
	mailbox, err := value[MailboxID](ctx, tx, `select id from mailboxes order by id limit 1`)
	if err != nil {
		return 0, err
	}
	id, err := value[DeliveryID](ctx, tx, enqueueSQL,
		d.enqueueArgs(mailing{purpose: purpose, to: to, user: user, mailbox: mailbox, author: author, link: string(purpose)})...)
	if err != nil {
		return 0, err
	}
	tx.(*unit).mails++
	later(tx, `update users set account_mailed_at = coalesce(account_mailed_at, now()) where id = $1`, user)
	return id, nil
}

// enqueueMention tells mentioned staff of a note, without a word of it.
func (d *Desk) enqueueMention(ctx context.Context, tx pgx.Tx, m MentionID, user UserID, author UserID) error {
	at, err := one[struct {
		ConversationID ConversationID
		MailboxID      MailboxID
		Address        Address
	}](ctx, tx, `
		select coalesce(n.conversation_id, 0) as conversation_id, a.address,
			coalesce(c.mailbox_id, (select id from mailboxes order by id limit 1)) as mailbox_id
		from mentions m join notes n on n.id = m.note_id left join conversations c on c.id = n.conversation_id
		join addresses a on a.user_id = m.user_id and a.is_primary
		where m.id = $1`, m)
	if err != nil {
		return err
	}
	d.enqueue(tx, mailing{purpose: PurposeMentionMail, to: at.Address, user: user, conversation: at.ConversationID, mention: m,
		mailbox: at.MailboxID, author: author, answers: PurposeMention})
	return nil
}

// muteMachines: three automatic mails in a row that a machine answered within ten
// minutes end automatic mail to that address (section 5).
func (d *Desk) muteMachines(ctx context.Context, tx pgx.Tx, from Address) error {
	_, err := tx.Exec(ctx, `
		update deliveries set machine_answered_at = now()
		where automatic and recipient = $1 and created_at > now() - interval '10 minutes' and machine_answered_at is null`, from)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		insert into automatic_mutes (address)
		select $1 from (select machine_answered_at from deliveries where automatic and recipient = $1 order by created_at desc, id desc limit 3) last
		having count(machine_answered_at) = 3 on conflict do nothing`, from)
	return err
}
