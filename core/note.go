package core

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
)

// noteSubject is what a note is about: exactly one of them.
type noteSubject struct {
	Conversation ConversationID
	User         UserID
	Organization OrganizationID
}

// A Noted is a note that was written.
type Noted struct {
	ID NoteID
	// Told are those whom it mentions, who get a mail about it.
	Told []UserID
	// Unheard: it mentions nobody, though it looks as if it meant to. A mistyped
	// mention that passed in silence would leave its author waiting.
	Unheard bool
}

// A NoteForm is a note on a conversation, as it is typed.
type NoteForm struct {
	Text  string
	Draft DraftID // used up: its files go with the note; 0: none
	Form  string  // the key of the form: sent twice, it is one note; empty: none
}

// AddNote is WriteNote without a draft.
func (d *Desk) AddNote(ctx context.Context, actor Actor, id ConversationID, text string) (Noted, error) {
	return d.WriteNote(ctx, actor, id, NoteForm{Text: text})
}

// WriteNote writes a private note on a conversation and tells those whom it
// mentions (behaviour.md section 5). Everybody of staff who may view it may note,
// on a closed one too; on a merged one the note goes to the survivor. ErrNotFound,
// ErrForbidden, ErrConflict, also for a draft that was sent or discarded in the
// meantime, Invalid of "contents".
func (d *Desk) WriteNote(ctx context.Context, actor Actor, id ConversationID, f NoteForm) (noted Noted, err error) {
	defer wrap(&err, "note on conversation %d", id)
	err = d.change(ctx, actor, id, DoNote, func(tx pgx.Tx, c locked) error {
		if noted.ID, err = madeBy[NoteID](ctx, tx, notesOfForms, actor, f.Form, f.Text); err != nil {
			return err
		}
		if noted.ID != 0 {
			return dropDraft(ctx, tx, actor, id, f.Draft)
		}
		into := c
		if c.MergedInto != 0 {
			if into, err = lockConversation(ctx, tx, actor, c.MergedInto); err != nil {
				return err
			}
		}
		if err := into.open(); err != nil {
			return err
		}
		if noted, err = d.addNote(ctx, tx, actor, noteSubject{Conversation: into.ID}, f.Text, sourceOr(actor.Channel, ChannelAgent)); err != nil {
			return err
		}
		if err := markMade(ctx, tx, markNote, int64(noted.ID), f.Form); err != nil {
			return err
		}
		if err := noteDraft(ctx, tx, actor, into.ID, f.Draft, noted.ID); err != nil {
			return err
		}
		if err := takePart(ctx, tx, into.ID, actor); err != nil {
			return err
		}
		return d.tellOfNote(ctx, tx, noted.ID)
	})
	return noted, err
}

// addNote is the step: it writes the note and its mentions, each with a mail that
// holds no word of the note. The caller has checked the right on the subject.
func (d *Desk) addNote(ctx context.Context, tx pgx.Tx, actor Actor, about noteSubject, text string, source Channel) (noted Noted, err error) {
	if text, err = words("contents", text); err != nil {
		return Noted{}, err
	}
	mentioned, err := mentionedIn(ctx, tx, text)
	if err != nil {
		return Noted{}, err
	}
	noted.ID, err = value[NoteID](ctx, tx, `
		insert into notes (conversation_id, user_id, organization_id, author_id, source, text, is_verified)
		values (nullif($1, 0), nullif($2, 0), nullif($3, 0), $4, $5, $6, true) returning id`,
		about.Conversation, about.User, about.Organization, actor.ID, source, text)
	if err != nil {
		return Noted{}, err
	}
	noted.Unheard = len(mentioned) == 0 && mentionLike.MatchString(text)
	noted.Told, err = d.tellMentioned(ctx, tx, noted.ID, actor.ID, mentioned)
	return noted, err
}

// tellMentioned mails those whom a note mentions, but for its author.
func (d *Desk) tellMentioned(ctx context.Context, tx pgx.Tx, note NoteID, author UserID, mentioned []UserID) (told []UserID, err error) {
	for _, person := range mentioned {
		if person == author {
			continue
		}
		mention, err := value[MentionID](ctx, tx, `insert into mentions (note_id, user_id) values ($1, $2) returning id`, note, person)
		if err != nil {
			return nil, err
		}
		if err := d.enqueueMention(ctx, tx, mention, person, author); err != nil {
			return nil, err
		}
		told = append(told, person)
	}
	return told, nil
}

// mentionLike is what somebody writes who means to mention a person; the @ of an
// address in running text is not.
var mentionLike = regexp.MustCompile(`(?:^|[^\pL\pN._+-])@[\pL\pN]`)

// mentionedIn finds the enabled staff whom a note mentions. A name that several
// bear is refused with all of them: the note must not go to the wrong one.
func mentionedIn(ctx context.Context, tx pgx.Tx, text string) ([]UserID, error) {
	if !strings.Contains(text, "@") {
		return nil, nil
	}
	people, err := rows[Mentionable](ctx, tx, `
		select u.id, u.name, a.address from users u join addresses a on a.user_id = u.id
		where u.role <> 'customer' and u.enabled order by u.id, a.is_primary desc, a.address`)
	if err != nil {
		return nil, err
	}
	found, ambiguous := FindMentions(text, people)
	if len(ambiguous) == 0 {
		return found, nil
	}
	var candidates []string
	last := UserID(0)
	for _, p := range people {
		for _, id := range ambiguous[0].Candidates {
			if p.ID == id && p.ID != last {
				candidates = append(candidates, fmt.Sprintf("%s (@%s)", p.Name, p.Address))
				last = p.ID
			}
		}
	}
	return nil, Invalid{Field: "contents", Code: CodeInvalid,
		Problem: fmt.Sprintf("@%s could be %s. Please write the address.", ambiguous[0].Text, strings.Join(candidates, " or "))}
}
