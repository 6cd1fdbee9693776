package core

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// answeredNotice is the own notice that an agent's mail came back to, zero if it
// came in any other way.
func (a *arrival) answeredNotice(id ConversationID) (answered tokenRow) {
	for _, t := range a.tokens {
		if t.Purpose == PurposeStaff && t.User == a.author.ID && a.cases[t.Conversation].ID == id {
			answered = t
		}
	}
	return answered
}

// largestNotice is up to which size a notice is read again. The files that came
// with the customer's words stand in it.
const largestNotice = 4 << 20

// staffSQL: all that an agent's words are read with, and what has changed since
// the notice ($3, $4) that they answer.
const staffSQL = `
	select u.name, u.phone, u.signature,
		array(select address from addresses where user_id = u.id),
		array(select s.address from addresses s join users x on x.id = s.user_id
			where x.role <> 'customer' and x.id <> c.requester_id),
		coalesce((select string_agg(m.text, E'\n\n' order by m.id) from (
			select id, text from messages where conversation_id = c.id order by created_at desc, id desc limit 50) m), ''),
		(select case when octet_length(bytes) <= $6 then bytes end from deliveries where conversation_id = $3 and reply_token = $4 limit 1),
		coalesce((select kind from deliveries where conversation_id = $3 and reply_token = $4 limit 1), ''),
		coalesce((select requester_id <> c.requester_id from conversations where id = $3), false)
			or exists (select from events e where e.conversation_id in ($1, $3) and e.kind = 'requester' and e.created_at > $5),
		exists (select from messages m where m.conversation_id = c.id and m.author_id = u.id and m.by_staff and m.text = $7
			and m.created_at > now() - interval '1 day')
	from users u, conversations c where u.id = $2 and c.id = $1`

// gatherStaffWords reads what of an agent's mail may reach a customer.
func (d *Desk) gatherStaffWords(ctx context.Context, tx pgx.Tx, a *arrival, id ConversationID, answered tokenRow) error {
	k := staffKnowledge{Panel: d.cfg.PublicURL + "/agent/"}
	var notice []byte
	var kind NoticeKind
	var others, again bool
	sent := readStaffWords(a.letter, staffKnowledge{}, d.keys.HideTokens).Text
	err := tx.QueryRow(ctx, staffSQL, id, a.author.ID, answered.Conversation, answered.Name, answered.CreatedAt, largestNotice, sent).
		Scan(&k.Name, &k.Phone, &k.Signature, &k.Own, &k.Private, &k.Public, &notice, &kind, &others, &again)
	if err != nil {
		return err
	}
	if notice != nil && d.cfg.Read != nil {
		k.Notice = d.cfg.Read(notice).Text
	}
	w := readStaffWords(a.letter, k, d.keys.HideTokens)
	a.words = &w
	f := &a.facts
	f.NoteMarker = f.NoteMarker || w.Marks
	f.NothingNew = f.NothingNew || w.nothing()
	f.Doubt = firstOf(noticeDoubt(kind), changedDoubt(others), w.Doubt, repeatedDoubt(again))
	return nil
}

// A notice about a mail of the agent's own asks for no answer: what comes back is
// said to us.
func noticeDoubt(kind NoticeKind) string {
	switch kind {
	case NoticeDraft, NoticeFailed, NoticeDelayed:
		return "it answers a notice about another mail, not the customer"
	}
	return ""
}

func changedDoubt(others bool) string {
	if others {
		return "the conversation got another requester in between"
	}
	return ""
}

func repeatedDoubt(again bool) string {
	if again {
		return "the same words went to the customer already"
	}
	return ""
}

func firstOf(reasons ...string) string {
	for _, why := range reasons {
		if why != "" {
			return why
		}
	}
	return ""
}
