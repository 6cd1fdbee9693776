package core

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Saved replies: words that agents use again. Placeholders are filled when a reply
// is put into the composer, never when it is sent: the agent reads every word that
// goes out. Nothing private can stand in one.

// SavedReplyID names a saved reply.
type SavedReplyID int64

// Who may use a saved reply.
const (
	ForEveryone = "everyone"
	ForTeam     = "team"
	ForMe       = "mine"
)

// A SavedReply is one of them.
type SavedReply struct {
	ID         SavedReplyID
	Name       string
	Text       string
	Language   string // empty: any
	Visibility string
	Team       TeamID // with ForTeam
	TeamTitle  string
	Owner      PersonRef
	Editable   bool // by the reader
	UpdatedAt  time.Time
}

// A SavedReplyForm is what somebody saves.
type SavedReplyForm struct {
	Name, Text, Language, Visibility string
	Team                             TeamID
}

// ReplyPlaceholders are what a saved reply may hold, with what each becomes.
func ReplyPlaceholders() []Placeholder {
	return []Placeholder{
		{Name: "requester.name", Becomes: "the requester's name"},
		{Name: "requester.first_name", Becomes: "the first word of it"},
		{Name: "conversation.number", Becomes: "the number, as #42"},
		{Name: "conversation.subject", Becomes: "the subject"},
		{Name: "agent.name", Becomes: "the name of who answers"},
		{Name: "mailbox.name", Becomes: "the name of the mailbox"},
		{Name: "mailbox.address", Becomes: "its address"},
	}
}

// mayUseReplies: who answers customers has use for them.
func (a Actor) mayUseReplies() error { return a.Can(DoReply) }

// seesReply tells which replies r the reader @actor may use.
const seesReply = `(r.visibility = 'everyone' or r.owner_id = @actor
	or r.visibility = 'team' and (@admin or exists (select from team_members t where t.team_id = r.team_id and t.user_id = @actor)))`

// editsReply: one's own; shared ones are for admins, too.
const editsReply = `(r.owner_id = @actor or r.visibility <> 'mine' and @admin)`

const replyColumns = `r.id, r.name, r.text, r.language, r.visibility, coalesce(r.team_id, 0) as team, coalesce(t.title, '') as team_title,
	(select ` + personOf + theUser + `r.owner_id) as owner, ` + editsReply + ` as editable, r.updated_at
	from saved_replies r left join teams t on t.id = r.team_id`

func (a Actor) replyArgs() pgx.StrictNamedArgs {
	return pgx.StrictNamedArgs{"actor": a.ID, "admin": a.Role.Admin()}
}

// SavedReplies lists those that the actor may use, by name. ErrForbidden,
// ErrNotFound for customers.
func (d *Desk) SavedReplies(ctx context.Context, actor Actor) (_ []SavedReply, err error) {
	defer wrap(&err, "saved replies")
	if err := actor.mayUseReplies(); err != nil {
		return nil, err
	}
	return rows[SavedReply](ctx, d.pool, `select `+replyColumns+` where `+seesReply+` order by lower(r.name), r.id limit 1000`, actor.replyArgs())
}

// SavedReply gives one. ErrNotFound, ErrForbidden.
func (d *Desk) SavedReply(ctx context.Context, actor Actor, id SavedReplyID) (_ SavedReply, err error) {
	defer wrap(&err, "saved reply %d", id)
	if err := actor.mayUseReplies(); err != nil {
		return SavedReply{}, err
	}
	args := actor.replyArgs()
	args["id"] = id
	return one[SavedReply](ctx, d.pool, `select `+replyColumns+` where r.id = @id and `+seesReply, args)
}

// SaveReply makes one, with id 0, or changes one. Shared ones are made by everybody
// who answers customers, a team's by its members, and changed by their author and by
// admins. ErrNotFound, ErrForbidden, Invalid of "name", "text", "visibility" or
// "team_id".
func (d *Desk) SaveReply(ctx context.Context, actor Actor, id SavedReplyID, f SavedReplyForm) (_ SavedReplyID, err error) {
	defer d.attempt(ctx, &err, actor, "save a reply", "")
	if err := actor.mayUseReplies(); err != nil {
		return 0, err
	}
	if f, err = f.clean(); err != nil {
		return 0, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if err := stillActs(ctx, tx, actor); err != nil {
			return err
		}
		act := "created"
		if id != 0 {
			act = "updated"
			if err := editable(ctx, tx, actor, id); err != nil {
				return err
			}
		}
		if err := f.checkTeam(ctx, tx, actor); err != nil {
			return err
		}
		if id, err = f.store(ctx, tx, actor, id); err != nil || f.Visibility == ForMe {
			return err
		}
		return audit(ctx, tx, actor, "saved_reply."+act, object("saved_reply", id), map[string]any{"name": f.Name})
	})
	return id, err
}

// DeleteReply removes one for good. ErrNotFound, ErrForbidden.
func (d *Desk) DeleteReply(ctx context.Context, actor Actor, id SavedReplyID) (err error) {
	defer d.attempt(ctx, &err, actor, "delete", object("saved_reply", id))
	if err := actor.mayUseReplies(); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		if err := stillActs(ctx, tx, actor); err != nil {
			return err
		}
		if err := editable(ctx, tx, actor, id); err != nil {
			return err
		}
		gone, err := one[struct{ Name, Visibility string }](ctx, tx, `delete from saved_replies where id = $1 returning name, visibility`, id)
		if err != nil || gone.Visibility == ForMe {
			return err
		}
		return audit(ctx, tx, actor, "saved_reply.deleted", object("saved_reply", id), map[string]any{"name": gone.Name})
	})
}

// editable locks a reply that the actor may change.
func editable(ctx context.Context, tx pgx.Tx, actor Actor, id SavedReplyID) error {
	args := actor.replyArgs()
	args["id"] = id
	may, err := value[bool](ctx, tx, `select `+editsReply+` from saved_replies r where r.id = @id and `+seesReply+` for update`, args)
	if err == nil && !may {
		return refuse(ErrForbidden, "Only its author and admins change this reply.")
	}
	return err
}

// Longest name and text, in characters.
const (
	maxReplyName = 100
	maxReplyText = 20_000
)

func (f SavedReplyForm) clean() (SavedReplyForm, error) {
	f.Name, f.Text, f.Language = cleanLine(f.Name, maxReplyName), cleanText(f.Text, maxReplyText+1), cleanLine(f.Language, 20)
	if f.Visibility == "" {
		f.Visibility = ForMe
	}
	switch {
	case f.Name == "":
		return f, Invalid{Field: "name", Code: CodeRequired, Problem: "A name is needed: by it the reply is found."}
	case f.Text == "":
		return f, Invalid{Field: "text", Code: CodeRequired, Problem: "There is no text."}
	case len([]rune(f.Text)) > maxReplyText:
		return f, Invalid{Field: "text", Code: CodeInvalid, Problem: fmt.Sprintf("A saved reply has %d characters at most.", maxReplyText)}
	case !slices.Contains([]string{ForEveryone, ForTeam, ForMe}, f.Visibility):
		return f, Invalid{Field: "visibility", Code: CodeInvalid, Problem: "For everyone, for a team, or for yourself?"}
	case f.Visibility == ForTeam && f.Team == 0:
		return f, Invalid{Field: "team_id", Code: CodeRequired, Problem: "For which team?"}
	}
	if f.Visibility != ForTeam {
		f.Team = 0
	}
	return f, checkPlaceholders(f.Text)
}

// placeholderMark is a placeholder, or what was meant as one.
var placeholderMark = regexp.MustCompile(`\{\{([^{}\n]*)\}\}`)

func checkPlaceholders(text string) error {
	var faults, known []string
	for _, p := range ReplyPlaceholders() {
		known = append(known, p.Name)
	}
	for i, line := range strings.Split(text, "\n") {
		for _, m := range placeholderMark.FindAllStringSubmatch(line, -1) {
			if !slices.Contains(known, strings.TrimSpace(m[1])) {
				faults = append(faults, fmt.Sprintf("Line %d: there is no %s.", i+1, m[0]))
			}
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return Invalid{Field: "text", Code: CodeInvalid, Problem: strings.Join(faults[:min(len(faults), 5)], "\n") +
		" It may hold {{" + strings.Join(known, "}}, {{") + "}}."}
}

func (f SavedReplyForm) checkTeam(ctx context.Context, tx pgx.Tx, actor Actor) error {
	if f.Team == 0 {
		return nil
	}
	member, err := value[bool](ctx, tx, `
		select exists (select from team_members where team_id = t.id and user_id = $2) from teams t where t.id = $1`, f.Team, actor.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		return Invalid{Field: "team_id", Code: CodeInvalid, Problem: "There is no such team."}
	case err == nil && !member && !actor.Role.Admin():
		return Invalid{Field: "team_id", Code: CodeInvalid, Problem: "You are not in this team."}
	}
	return err
}

// store writes it. A name names one reply to each reader.
func (f SavedReplyForm) store(ctx context.Context, tx pgx.Tx, actor Actor, id SavedReplyID) (SavedReplyID, error) {
	args := pgx.StrictNamedArgs{"id": id, "name": f.Name, "text": f.Text, "language": f.Language, "visibility": f.Visibility, "team": f.Team, "actor": actor.ID}
	taken, err := value[bool](ctx, tx, `
		with turn as materialized (select pg_advisory_xact_lock(hashtext('saved_replies')))
		select exists (select from turn, saved_replies r where lower(r.name) = lower(@name) and r.id <> @id
			and case when @visibility = 'mine' then r.visibility = 'mine' and r.owner_id = coalesce((select owner_id from saved_replies where id = @id), @actor)
				else r.visibility <> 'mine' and coalesce(r.team_id, 0) = @team end)`,
		pgx.StrictNamedArgs{"id": id, "name": f.Name, "visibility": f.Visibility, "team": f.Team, "actor": actor.ID})
	if err != nil {
		return 0, err
	}
	if taken {
		return 0, Invalid{Field: "name", Code: CodeDuplicate, Problem: "There is a reply of this name already."}
	}
	if id == 0 {
		delete(args, "id")
		return value[SavedReplyID](ctx, tx, `
			insert into saved_replies (name, text, language, visibility, team_id, owner_id)
			values (@name, @text, @language, @visibility, nullif(@team, 0), @actor) returning id`, args)
	}
	delete(args, "actor")
	return value[SavedReplyID](ctx, tx, `
		update saved_replies set name = @name, text = @text, language = @language, visibility = @visibility, team_id = nullif(@team, 0), updated_at = now()
		where id = @id returning id`, args)
}

// FilledReply gives the words of a saved reply for a conversation, as they go into
// the composer. What a placeholder becomes is data: braces in a customer's name fill
// nothing. ErrNotFound, ErrForbidden.
func (d *Desk) FilledReply(ctx context.Context, actor Actor, id ConversationID, reply SavedReplyID) (text string, err error) {
	defer wrap(&err, "fill saved reply %d for conversation %d", reply, id)
	if err := actor.mayUseReplies(); err != nil {
		return "", err
	}
	c, err := d.Conversation(ctx, actor, id)
	if err != nil {
		return "", err
	}
	r, err := d.SavedReply(ctx, actor, reply)
	if err != nil {
		return "", err
	}
	return fillReply(r.Text, c, actor), nil
}

func fillReply(text string, c Conversation, actor Actor) string {
	name := cleanLine(c.Requester.Name, 255)
	if name == "" || c.Requester.Deleted {
		name = c.Requester.Address.Local()
	}
	first, _, _ := strings.Cut(name, " ")
	values := map[string]string{
		"requester.name": name, "requester.first_name": first,
		"conversation.number": fmt.Sprintf("#%d", c.ID), "conversation.subject": Redact(c.Subject),
		"agent.name": actor.Name, "mailbox.name": c.Mailbox.Name, "mailbox.address": c.Mailbox.Address.String(),
	}
	return placeholderMark.ReplaceAllStringFunc(text, func(mark string) string {
		if v, ok := values[strings.TrimSpace(strings.Trim(mark, "{}"))]; ok {
			return v
		}
		return mark
	})
}

// FilledReplies gives all that the actor may use, filled for a conversation.
// ErrNotFound, ErrForbidden.
func (d *Desk) FilledReplies(ctx context.Context, actor Actor, id ConversationID) (all []SavedReply, err error) {
	defer wrap(&err, "saved replies for conversation %d", id)
	if err := actor.mayUseReplies(); err != nil {
		return nil, err
	}
	c, err := d.Conversation(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	if all, err = d.SavedReplies(ctx, actor); err != nil {
		return nil, err
	}
	for i := range all {
		all[i].Text = fillReply(all[i].Text, c, actor)
	}
	return all, nil
}
