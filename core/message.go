package core

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// A ReplyForm is an agent's public answer.
type ReplyForm struct {
	Text   string
	CC     []string // addresses to let in; who is in stays in
	Status Status   // empty: as mail-law section 8 says
	Files  []Upload
	Draft  DraftID // sent by this reply: its files come along and it goes; 0: none
	Source Channel // ChannelAgent by default
	Form   string  // the key of the form: sent twice, it is one reply; empty: none
	Seen   PostID  // the newest message that its author saw; 0: not asked
}

// maxWords bounds a text that somebody types, in bytes.
const maxWords = 1 << 20

// words takes what somebody typed as public message or note.
func words(field, text string) (string, error) {
	text = cleanText(text, maxWords)
	switch {
	case text == "":
		return "", Invalid{Field: field, Code: CodeRequired, Problem: "There is no text."}
	case len(text) >= maxWords:
		return "", Invalid{Field: field, Code: CodeInvalid, Problem: "The text is longer than a mail can carry. Please attach it as a file."}
	}
	return text, nil
}

// Reply says something to the customer in the name of the company: to requester
// and participants, each with a copy of their own (mail-law section 4). It lets
// in those in CC, moves the status and takes an unassigned conversation (section
// 8). The requester's own words are theirs, whatever their role. ErrNotFound,
// ErrForbidden, ErrConflict for a closed conversation, Collision, Invalid of
// "contents", "cc", "status" or "files".
func (d *Desk) Reply(ctx context.Context, actor Actor, id ConversationID, f ReplyForm) (post PostID, err error) {
	defer d.attempt(ctx, &err, actor, "reply to", object("conversation", id))
	if err := actor.Can(DoView); err != nil {
		return 0, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		c, err := lockConversation(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if post, err = madeBy[PostID](ctx, tx, postsOfForms, actor, f.Form, f.Text); err != nil {
			return err
		}
		if post != 0 {
			return dropDraft(ctx, tx, actor, id, f.Draft)
		}
		if actor.ID == c.Requester {
			if post, err = d.say(ctx, tx, actor, c, f.Text, f.Files, sourceOr(f.Source, ChannelAgent)); err == nil {
				err = sendDraft(ctx, tx, actor, c.ID, f.Draft, post)
			}
		} else {
			post, err = d.reply(ctx, tx, actor, c, f)
		}
		if err != nil {
			return err
		}
		return markMade(ctx, tx, markPost, int64(post), f.Form)
	})
	return post, err
}

func sourceOr(given, usual Channel) Channel {
	if given == "" {
		return usual
	}
	return given
}

// reply is the step: the conversation is locked.
func (d *Desk) reply(ctx context.Context, tx pgx.Tx, actor Actor, c locked, f ReplyForm) (PostID, error) {
	if err := actor.Can(DoReply); err != nil {
		return 0, err
	}
	if err := c.answerable(); err != nil {
		return 0, err
	}
	text, err := words("contents", f.Text)
	if err != nil {
		return 0, err
	}
	if hasNoteMarker(firstOwnLine(text)) {
		return 0, Invalid{Field: "contents", Code: CodeInvalid,
			Problem: "It begins with #note and would go to the customer. Save it as a note, or take that line away."}
	}
	if f.Status == c.Status { // nothing chosen: new becomes open
		f.Status = ""
	}
	if f.Status != "" {
		if err := MaySet(actor.Role, c.Status, f.Status); err != nil {
			return 0, err
		}
	}
	if err := collides(ctx, tx, actor, c.ID, f.Seen); err != nil {
		return 0, err
	}
	if err := d.letIn(ctx, tx, actor, c, "cc", f.CC); err != nil {
		return 0, err
	}
	post, err := addMessage(ctx, tx, newMessage{
		Conversation: c.ID, Author: actor.ID, Source: sourceOr(f.Source, ChannelAgent), Text: text, ByStaff: true, Files: f.Files,
	})
	if err != nil {
		return 0, err
	}
	if err := sendDraft(ctx, tx, actor, c.ID, f.Draft, post); err != nil {
		return 0, err
	}
	if err := afterReply(ctx, tx, actor, c, c.Status.AfterReply(f.Status)); err != nil {
		return 0, err
	}
	return post, d.tellOfPost(ctx, tx, post)
}

// afterReply moves the status, gives a conversation that is nobody's, or of
// somebody who was disabled, to who replied, and makes them a follower (mail-law
// sections 4 and 8).
func afterReply(ctx context.Context, tx pgx.Tx, actor Actor, c locked, status Status) error {
	if err := setStatus(ctx, tx, c, status, actor.ID); err != nil {
		return err
	}
	attended, err := value[bool](ctx, tx, `select exists (select from users where id = $1 and enabled)`, c.Assignee)
	if err != nil {
		return err
	}
	if !attended {
		if err := setAssignee(ctx, tx, actor.ID, c, actor.ID); err != nil {
			return err
		}
	}
	return takePart(ctx, tx, c.ID, actor)
}

// takePart makes an agent who wrote a follower, and the conversation read for
// them.
func takePart(ctx context.Context, tx pgx.Tx, id ConversationID, actor Actor) error {
	touch(tx, id)
	if actor.Role.Agent() {
		if _, err := tx.Exec(ctx, `insert into followers (conversation_id, user_id) values ($1, $2) on conflict do nothing`, id, actor.ID); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `
		with touched as (update conversations set updated_at = now() where id = $1)
		insert into conversation_reads (conversation_id, user_id, read_at) values ($1, $2, now())
		on conflict (conversation_id, user_id) do update set read_at = excluded.read_at`, id, actor.ID)
	return err
}

// A PortalForm is what a requester says in the portal.
type PortalForm struct {
	Text  string
	Files []Upload
	Form  string // the key of the form: sent twice, it is one message; empty: none
}

// PortalReply is PortalAnswer without the key of a form.
func (d *Desk) PortalReply(ctx context.Context, actor Actor, id ConversationID, text string, files []Upload) (post PostID, err error) {
	return d.PortalAnswer(ctx, actor, id, PortalForm{Text: text, Files: files})
}

// PortalAnswer is the requester's own answer, of any role, in the portal or by the
// API. ErrForbidden for who only reads the conversation, ErrNotFound for everybody
// else, ErrConflict for a closed one, Invalid of "contents" or "files".
func (d *Desk) PortalAnswer(ctx context.Context, actor Actor, id ConversationID, f PortalForm) (post PostID, err error) {
	defer wrap(&err, "answer in conversation %d", id)
	if err := actor.Can(DoUsePortal); err != nil {
		return 0, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		c, err := lockAsked(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if post, err = madeBy[PostID](ctx, tx, postsOfForms, actor, f.Form, f.Text); err != nil || post != 0 {
			return err
		}
		if post, err = d.say(ctx, tx, actor, c, f.Text, f.Files, sourceOr(actor.Channel, ChannelHelpCenter)); err != nil {
			return err
		}
		return markMade(ctx, tx, markPost, int64(post), f.Form)
	})
	return post, err
}

// say is the step of the requester's own words: the conversation is locked.
func (d *Desk) say(ctx context.Context, tx pgx.Tx, actor Actor, c locked, text string, files []Upload, source Channel) (PostID, error) {
	if err := c.answerable(); err != nil {
		return 0, err
	}
	text, err := words("contents", text)
	if err != nil {
		return 0, err
	}
	post, err := addMessage(ctx, tx, newMessage{
		Conversation: c.ID, Author: actor.ID, Address: actor.Address, Source: source, Text: text, Files: files,
	})
	if err != nil {
		return 0, err
	}
	if err := setStatus(ctx, tx, c, c.Status.AfterCustomerMessage(), actor.ID); err != nil {
		return 0, err
	}
	if err := takePart(ctx, tx, c.ID, actor); err != nil {
		return 0, err
	}
	return post, d.tellOfPost(ctx, tx, post)
}

// newMessage is a message of somebody who is signed in.
type newMessage struct {
	Conversation ConversationID
	Author       UserID
	Address      Address // of a customer
	Source       Channel
	Text         string
	ByStaff      bool
	Files        []Upload
}

// addMessage writes it, with its files.
func addMessage(ctx context.Context, tx pgx.Tx, m newMessage) (PostID, error) {
	post, err := value[PostID](ctx, tx, `
		insert into messages (conversation_id, author_id, author_address, source, text, is_verified, by_staff)
		values ($1, $2, $3, $4, $5, true, $6) returning id`,
		m.Conversation, m.Author, m.Address.String(), m.Source, m.Text, m.ByStaff)
	if err != nil {
		return 0, err
	}
	return post, attach(ctx, tx, post, m.Files)
}
