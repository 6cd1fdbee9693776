package core

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"postdesk/core/language"
)

// outgoingRow is a delivery with everything that its mail is made of.
type outgoingRow struct {
	ID               DeliveryID
	Purpose          DeliveryPurpose
	Kind             NoticeKind
	Recipient        Address
	UserID           UserID
	UserName         string
	UserRole         Role
	UserHasPassword  bool
	UserAsked        bool
	AnsweredBefore   bool // in this conversation
	UserTimezone     string
	InstanceTimezone string
	ConversationID   ConversationID
	PostID           PostID
	MentionID        MentionID
	NoteID           NoteID
	NoteUser         UserID
	NoteOrganization OrganizationID
	InboundMessageID string
	MailboxID        MailboxID
	MailboxName      string
	MailboxAddress   Address
	AuthorID         UserID
	AuthorName       string
	LeadsTo          string
	ReplyToken       RowName
	ReplyPurpose     Purpose
	IDName           RowName
	Automatic        bool
	LinkPurpose      string
	LastResponse     string
	Subject          string
	Root             string
	RequesterID      UserID
	Instance         string
	CreatedAt        time.Time
	Language         language.Tag
	Accent           string
	TextSubject      string
	TextBody         string
}

const outgoingSQL = `
	select d.id, d.purpose, d.kind, d.recipient, coalesce(d.user_id, 0) as user_id, coalesce(u.name, '') as user_name,
		coalesce(u.role, 'customer') as user_role, u.password_hash is not null as user_has_password, u.account_mailed_at is not null as user_asked,
		d.purpose = 'reply' and exists (select from deliveries f where f.conversation_id = d.conversation_id and f.recipient = d.recipient
			and f.purpose = 'reply' and f.id < d.id and f.state <> 'failed') as answered_before,
		coalesce(u.timezone, '') as user_timezone, i.timezone as instance_timezone, coalesce(d.conversation_id, 0) as conversation_id, coalesce(d.post_id, 0) as post_id,
		coalesce(d.mention_id, 0) as mention_id, coalesce(m.note_id, 0) as note_id, coalesce(n.user_id, 0) as note_user,
		coalesce(n.organization_id, 0) as note_organization, coalesce(cause.message_id, '') as inbound_message_id,
		d.mailbox_id, b.name as mailbox_name, b.address as mailbox_address, coalesce(author.name, '') as author_name, coalesce(author.id, 0) as author_id, d.leads_to,
		coalesce(d.reply_token, 0) as reply_token, coalesce(t.purpose, 0) as reply_purpose, d.id_name, d.automatic,
		coalesce(d.link_purpose, '') as link_purpose, d.last_response, coalesce(c.subject, '') as subject, coalesce(c.root, '') as root,
		coalesce(c.requester_id, 0) as requester_id, i.name as instance, d.created_at,
		l.language, coalesce(i.accent, '') as accent, coalesce(w.subject, '') as text_subject, coalesce(w.body, '') as text_body
	from instance i, deliveries d
	join mailboxes b on b.id = d.mailbox_id
	left join users u on u.id = d.user_id
	left join conversations c on c.id = d.conversation_id
	left join mentions m on m.id = d.mention_id
	left join notes n on n.id = m.note_id
	left join inbound cause on cause.id = d.inbound_id
	left join users author on author.id = d.author_id
	left join tokens t on t.name = d.reply_token
	cross join lateral (select coalesce((select t from unnest($2::text[]) t where t = lower(split_part(replace(u.locale, '_', '-'), '-', 1))), i.language) as language) l
	left join mailbox_texts w on w.mailbox_id = d.mailbox_id and w.locale = l.language and w.kind = case
		when d.purpose = 'verify' and d.kind = '' and u.password_hash is not null then 'confirm'
		when d.kind <> '' then d.kind else d.purpose end
	where d.id = $1`

// outgoingParts is what else a mail is made of, as far as its purpose needs it.
type outgoingParts struct {
	said   []saidRow // the message, then those before it
	files  []storedFile
	ids    []struct{ MessageID string }
	people []reader
}

type saidRow struct {
	ID        PostID
	Author    string
	Role      Role
	Signature string
	Text      string
	CreatedAt time.Time
}

// saidSQL: after a merge the message stands elsewhere.
const saidSQL = `
	select m.id, u.name as author, u.role, case when m.by_staff then u.signature else '' end as signature, m.text, m.created_at
	from messages m join users u on u.id = m.author_id
	where m.conversation_id in ($1, (select conversation_id from messages where id = $2)) and (m.conversation_id = $1 or m.came_from = $1 or m.id = $2)
		and (m.created_at, m.id) <= (select created_at, id from messages where id = $2)
	order by m.created_at desc, m.id desc limit $3`

// idsSQL: ids that were minted for this recipient and, for customers, ids of mails
// that customers sent. What an acknowledgement acknowledged stands for it: an answer
// answers a person's mail. (No joins: a plan made while there were few mails would go
// on reading all of them.)
const idsSQL = `
	select message_id from (
		select message_id, created_at from deliveries
		where conversation_id = $1 and recipient = $2 and mention_id is null and id <> $3
			and not ($4 and purpose = 'acknowledgement' and exists (select from inbound c where c.id = inbound_id and c.message_id is not null))
		union all
		select (select i.message_id from inbound i where i.id = m.inbound_id), m.created_at from messages m
		where $4 and m.conversation_id = $1 and not m.by_staff and (select u.role = 'customer' from users u where u.id = m.author_id)) x
	where message_id is not null
	order by created_at`

// partsFor reads them in one go.
func partsFor(ctx context.Context, tx pgx.Tx, r outgoingRow) (p outgoingParts, err error) {
	var wanted []question
	toPeople := r.Purpose == PurposeReply || r.Purpose == PurposeCopy
	if toPeople || r.Purpose == PurposeStaffNotice && r.Kind == NoticeMessage {
		wanted = append(wanted, fetch(&p.said, saidSQL, r.ConversationID, r.PostID, quotedMessages+1), fetch(&p.files, filesOfSQL, r.PostID))
	}
	if toPeople || r.Purpose == PurposeAcknowledgement || r.Purpose == PurposeStaffNotice && r.Kind != NoticeDigest {
		customers := r.Purpose == PurposeReply || r.Purpose == PurposeAcknowledgement
		wanted = append(wanted, fetch(&p.ids, idsSQL, r.ConversationID, r.Recipient.String(), r.ID, customers))
	}
	if r.Purpose == PurposeReply {
		wanted = append(wanted, fetch(&p.people, readersSQL, r.ConversationID))
	}
	return p, inOneGo(ctx, tx, wanted...)
}

// A question puts itself into a batch.
type question func(*pgx.Batch)

// fetch is rows in a batch.
func fetch[T any](into *[]T, sql string, args ...any) question {
	return func(b *pgx.Batch) {
		b.Queue(sql, args...).Query(func(found pgx.Rows) (err error) {
			*into, err = pgx.CollectRows(found, pgx.RowToStructByName[T])
			return err
		})
	}
}

// inOneGo asks all questions in one round trip.
func inOneGo(ctx context.Context, tx pgx.Tx, questions ...question) error {
	if len(questions) == 0 {
		return nil
	}
	b := &pgx.Batch{}
	for _, q := range questions {
		q(b)
	}
	return tx.SendBatch(ctx, b).Close()
}
