package core

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A SplitForm says which words leave a conversation for one of their own.
type SplitForm struct {
	Post    PostID
	Rest    bool   // with everything that its author said after it
	Subject string // empty: the one that SplitPreview offers
}

// A SplitPreview is what a split would do.
type SplitPreview struct {
	Post      PostID
	Text      string
	Requester PersonRef // of the new conversation: who wrote the words
	Same      bool      // who is the requester of the old one, too
	Subject   string    // the mail's own, where it has one
	Later     int       // messages that their author wrote after it
	Stay      int       // messages that stay if those go along
	CC        []PersonRef
	Suggested []PersonRef // people in CC who are not let in by it
}

// PreviewSplit checks what Split checks, and tells what it would do. ErrNotFound,
// ErrForbidden, ErrConflict.
func (d *Desk) PreviewSplit(ctx context.Context, actor Actor, id ConversationID, post PostID) (p SplitPreview, err error) {
	defer wrap(&err, "preview splitting message %d off conversation %d", post, id)
	err = d.change(ctx, actor, id, DoMerge, func(tx pgx.Tx, c locked) error {
		s := splitter{actor: actor, c: c}
		if err := s.find(ctx, tx, post); err != nil {
			return err
		}
		p, err = s.preview(ctx, tx)
		return err
	})
	return p, err
}

// Split moves a message, and with Rest all that its author said after it, into a
// new conversation of that author's. Nobody reads anything new by it: the words go
// to who wrote them, notes and the company's words stay. Files and mails go along,
// so that an answer to what moved is an answer in the new one; a merge back undoes
// it. ErrNotFound, ErrForbidden, ErrConflict, Invalid of "subject".
func (d *Desk) Split(ctx context.Context, actor Actor, id ConversationID, f SplitForm) (made ConversationID, err error) {
	defer d.attempt(ctx, &err, actor, "split a message off", object("conversation", id))
	err = d.change(ctx, actor, id, DoMerge, func(tx pgx.Tx, c locked) error {
		s := splitter{actor: actor, c: c}
		if err := s.find(ctx, tx, f.Post); err != nil {
			return err
		}
		made, err = s.split(ctx, tx, f)
		return err
	})
	return made, err
}

// splitter takes words out of a locked conversation.
type splitter struct {
	actor Actor
	c     locked
	first splitRow
}

type splitRow struct {
	ID      PostID
	Author  UserID
	ByStaff bool
	Source  Channel
	Text    string
	Subject string // of the mail
	Later   int
	All     int
}

// find reads the message, and refuses what may not leave.
func (s *splitter) find(ctx context.Context, tx pgx.Tx, post PostID) (err error) {
	if err := s.c.open(); err != nil {
		return err
	}
	if s.c.Status == StatusClosed {
		return refuse(ErrConflict, "This conversation is closed: what is in it stays there.")
	}
	s.first, err = one[splitRow](ctx, tx, `
		select m.id, m.author_id as author, m.by_staff, m.source, m.text, coalesce(i.subject, '') as subject,
			(select count(*)::int from messages o where o.conversation_id = $1 and o.author_id = m.author_id and not o.by_staff
				and (o.created_at, o.id) > (m.created_at, m.id)) as later,
			(select count(*)::int from messages o where o.conversation_id = $1) as all
		from messages m left join inbound i on i.id = m.inbound_id where m.id = $2 and m.conversation_id = $1`, s.c.ID, post)
	if errors.Is(err, ErrNotFound) {
		return refuse(ErrNotFound, "There is no such message in this conversation.")
	}
	switch {
	case err != nil:
		return err
	case s.first.ByStaff:
		return refuse(ErrConflict, "These are the company's words to this customer: they cannot begin a conversation of somebody else's.")
	case s.first.All == 1:
		return refuse(ErrConflict, "It is the only message here: there is nothing to split it off from.")
	}
	return nil
}

// replyMark begins the subjects of answers and of what is passed on.
var replyMark = regexp.MustCompile(`(?i)^(?:(?:re|aw|antw|sv|fwd?|wg|tr)\s*(?:\[\d+\])?:\s*)+`)

// subject is what the mail that carried the words said, else what its author knows
// as the subject here, else the beginning of the words: they are the author's own.
func (s *splitter) subject() string {
	given := cleanLine(replyMark.ReplaceAllString(s.first.Subject, ""), maxSubject)
	if given == "" && s.first.Author == s.c.Requester {
		given = s.c.Subject
	}
	if given == "" {
		line, _, _ := strings.Cut(s.first.Text, "\n")
		given = cleanLine(line, 80)
	}
	if given == "" {
		return "(no subject)"
	}
	return Redact(given)
}

func (s *splitter) preview(ctx context.Context, tx pgx.Tx) (p SplitPreview, err error) {
	p = SplitPreview{Post: s.first.ID, Text: s.first.Text, Same: s.first.Author == s.c.Requester, Subject: s.subject(),
		Later: s.first.Later, Stay: s.first.All - 1 - s.first.Later}
	people, err := rows[struct {
		Person PersonRef
		Goes   bool
		Author bool
	}](ctx, tx, `
		select `+personOf+` as person, false as goes, true as author from users u left join addresses a on a.user_id = u.id and a.is_primary where u.id = $2
		union all
		select jsonb_build_object('ID', coalesce(u.id, 0), 'Name', coalesce(u.name, ''), 'Address', p.address, 'Role', coalesce(u.role, ''),
			'Enabled', coalesce(u.enabled, true), 'Invited', u.invited_at is not null), `+goesAlong+`, false
		from participants p left join addresses a on a.address = p.address left join users u on u.id = coalesce(p.user_id, a.user_id)
		where p.conversation_id = $1 and coalesce(u.id, 0) <> $2
		union all
		select `+personOf+`, false, false from users u left join addresses a on a.user_id = u.id and a.is_primary where u.id = $3 and not $4`,
		s.c.ID, s.first.Author, s.c.Requester, p.Same)
	for _, x := range people {
		switch {
		case x.Author:
			p.Requester = x.Person
		case x.Goes:
			p.CC = append(p.CC, x.Person)
		default:
			p.Suggested = append(p.Suggested, x.Person)
		}
	}
	return p, err
}

// goesAlong tells which participant p, with the account u, comes into CC of the new
// conversation: whoever the same requester has in CC already and, of somebody
// else's, staff alone. $3 is the requester of the old one, $4 whether of both.
const goesAlong = `($4::boolean and $3::bigint <> 0 or coalesce(u.role, 'customer') <> 'customer')`

func (s *splitter) split(ctx context.Context, tx pgx.Tx, f SplitForm) (ConversationID, error) {
	subject := s.subject()
	if strings.TrimSpace(f.Subject) != "" {
		subject = cleanLine(f.Subject, maxSubject)
	}
	if subject == "" {
		return 0, Invalid{Field: "subject", Code: CodeEmpty, Problem: "There is no subject."}
	}
	moved, err := s.moving(ctx, tx, f.Rest)
	if err != nil {
		return 0, err
	}
	made, err := insertConversation(ctx, tx, subject, s.first.Author, s.c.Mailbox, s.first.Source)
	if err != nil {
		return 0, err
	}
	batch := &pgx.Batch{}
	s.takeAlong(batch, made.ID, moved)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return 0, err
	}
	new, old := fmt.Sprintf("#%d", made.ID), fmt.Sprintf("#%d", s.c.ID)
	if err := insertEvent(ctx, tx, s.c.ID, eventSplitOff, s.actor.ID, map[string]any{"to": new, "count": len(moved)}, 0); err != nil {
		return 0, err
	}
	return made.ID, insertEvent(ctx, tx, made.ID, eventSplitFrom, s.actor.ID, map[string]any{"from": old}, 0)
}

// moving gives the messages that go. Something must stay.
func (s *splitter) moving(ctx context.Context, tx pgx.Tx, rest bool) ([]int64, error) {
	moved, err := value[[]int64](ctx, tx, `
		select array_agg(o.id order by o.id) from messages m
		join messages o on o.conversation_id = m.conversation_id and (o.id = m.id
			or $2 and o.author_id = m.author_id and not o.by_staff and (o.created_at, o.id) > (m.created_at, m.id))
		where m.id = $1`, s.first.ID, rest)
	if err == nil && len(moved) == s.first.All {
		return nil, refuse(ErrConflict, "That is everything that was said here: there is nothing to split it off from.")
	}
	return moved, err
}

func (s *splitter) takeAlong(batch *pgx.Batch, made ConversationID, moved []int64) {
	same := s.first.Author == s.c.Requester
	batch.Queue(`
		update conversations n set priority = o.priority, type = o.type, tags = o.tags, assignee_id = o.assignee_id, team_id = o.team_id,
			created_at = (select min(created_at) from messages where id = any($3))
		from conversations o where o.id = $1 and n.id = $2`, s.c.ID, made, moved)
	batch.Queue(`update conversations set updated_at = now() where id = $1`, s.c.ID)
	batch.Queue(`update messages set conversation_id = $2 where conversation_id = $1 and id = any($3)`, s.c.ID, made, moved)
	moveMails(batch, s.c.ID, made, moved, nil)
	batch.Queue(`insert into conversation_splits (source_id, made_id, requester_id, messages) values ($1, $2, $3, $4)`, s.c.ID, made, s.c.Requester, moved)
	batch.Queue(`insert into conversation_links (conversation_id, other_id, relation) values ($2, $1, 'split')`, s.c.ID, made)
	batch.Queue(`insert into followers (conversation_id, user_id) select $2, user_id from followers where conversation_id = $1 on conflict do nothing`, s.c.ID, made)
	batch.Queue(`
		insert into participants (conversation_id, address, user_id, via, by_staff)
		select distinct on (coalesce(u.id::text, p.address)) $5::bigint, p.address, u.id, 'split', p.by_staff or not $4
		from participants p left join addresses a on a.address = p.address left join users u on u.id = coalesce(p.user_id, a.user_id)
		where p.conversation_id = $1 and coalesce(u.id, 0) <> $2 and `+goesAlong+` on conflict do nothing`,
		s.c.ID, s.first.Author, s.c.Requester, same, made)
	batch.Queue(`
		insert into participant_suggestions (conversation_id, address, name, named_by, verified)
		select $5::bigint, p.address, coalesce(u.name, ''), '#' || $1::bigint, true
		from participants p left join addresses a on a.address = p.address left join users u on u.id = coalesce(p.user_id, a.user_id)
		where p.conversation_id = $1 and coalesce(u.id, 0) <> $2 and not `+goesAlong+`
		union
		select $5::bigint, a.address, u.name, '#' || $1::bigint, true
		from users u join addresses a on a.user_id = u.id and a.is_primary where u.id = $3 and not $4
		on conflict do nothing`, s.c.ID, s.first.Author, s.c.Requester, same, made)
}
