package core

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// fileNew opens a conversation of the author's.
func (d *Desk) fileNew(ctx context.Context, tx pgx.Tx, a *arrival, own *ours, dec Decision) (at filed, err error) {
	if a.opened.conversation == 0 {
		if err := openAll(ctx, tx, []opening{{a, own, dec}}); err != nil {
			return at, err
		}
	}
	at = a.opened
	if a.named && dec.MakesAccount {
		later(tx, `update participants set user_id = $2 where address = $1 and user_id is null`, a.from.String(), a.author.ID)
		later(tx, `update tokens set user_id = $2 where address = $1 and user_id is null`, a.from.String(), a.author.ID)
	}
	if err := d.welcomeAuthor(ctx, tx, a, dec); err != nil {
		return at, err
	}
	if err := d.insertFiles(ctx, tx, a, "message_id", int64(at.post)); err != nil {
		return at, err
	}
	d.tellOfOtherMailboxes(tx, a, at.conversation)
	if err := d.namePeople(ctx, tx, a, own, at.conversation, dec.AddsPeople); err != nil {
		return at, err
	}
	if dec.Rule == RuleMention {
		later(tx, `update mentions set opened_conversation = $2 where id = $1 and user_id = $3`, dec.Mention, at.conversation, a.author.ID)
	}
	if dec.Acknowledges {
		d.enqueueAcknowledgement(tx, a, at.conversation)
	}
	brought := dec.AddsPeople && len(a.peopleNamed(own)) > 0
	return at, d.tellOfNewConversation(ctx, tx, a, at, brought)
}

// welcomeAuthor lets somebody whose mail is proven join the organization of their
// domain.
func (d *Desk) welcomeAuthor(ctx context.Context, tx pgx.Tx, a *arrival, dec Decision) error {
	if dec.MakesAccount {
		a.author.Actor = Actor{ID: a.author.ID, Role: RoleCustomer, Enabled: true}
	} else if dec.Verified && !a.author.Verified {
		later(tx, `update addresses set verified_at = now() where address = $1 and verified_at is null`, a.from.String())
	}
	if a.joinable && dec.JoinsByDomain && a.author.Actor.Role == RoleCustomer {
		return joinOrganization(ctx, tx, a.author.ID, a.from)
	}
	return nil
}

func authorName(a *arrival) string {
	if name := cleanLine(a.fromName, 255); name != "" {
		return name
	}
	return a.from.Local()
}

// fileMessage adds public words: of requester or participant or, with
// EffectReply, of an agent in the company's name.
func (d *Desk) fileMessage(ctx context.Context, tx pgx.Tx, a *arrival, own *ours, dec Decision) (at filed, err error) {
	at.conversation = dec.Conversation
	if dec.MakesAccount {
		if a.author.ID, err = makeCustomer(ctx, tx, a.from, authorName(a), dec.Verified); err != nil {
			return at, err
		}
		if err := d.welcomeAuthor(ctx, tx, a, dec); err != nil {
			return at, err
		}
	}
	if at.post, err = d.insertPost(ctx, tx, a, dec, at.conversation); err != nil {
		return at, err
	}
	if err := d.namePeople(ctx, tx, a, own, at.conversation, false); err != nil {
		return at, err
	}
	if err := moveOn(ctx, tx, a, dec); err != nil {
		return at, err
	}
	if dec.AsksPassword {
		if err := d.askForPassword(ctx, tx, a); err != nil {
			return at, err
		}
	}
	return at, d.tellOfPost(ctx, tx, at.post)
}

// moveOn changes the status as section 8 says. An agent's mail takes an
// unassigned conversation and lets its author follow it.
func moveOn(ctx context.Context, tx pgx.Tx, a *arrival, dec Decision) error {
	row := a.states[dec.Conversation]
	c := locked{ID: row.ID, Status: row.Status, Assignee: row.Assignee}
	if dec.Effect == EffectReply {
		return afterReply(ctx, tx, a.author.Actor, c, c.Status.AfterReply(""))
	}
	if dec.Reopens {
		if err := setStatus(ctx, tx, c, c.Status.AfterCustomerMessage(), a.author.ID); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `update conversations set updated_at = greatest(updated_at, $2) where id = $1`, c.ID, a.claim.Envelope.ReceivedAt)
	return err
}

func (d *Desk) fileNote(ctx context.Context, tx pgx.Tx, a *arrival, own *ours, dec Decision) (at filed, err error) {
	at.conversation = dec.Conversation
	text := withoutNoteMarker(Redact(a.letter.NewText()))
	mentioned, problem, err := a.mentionedInNote(ctx, tx, text, dec)
	if err != nil {
		return at, err
	}
	warnings := dec.Warnings
	if problem != "" {
		warnings = append(slices.Clone(warnings), problem)
	}
	at.note, err = value[NoteID](ctx, tx, `
		insert into notes (conversation_id, author_id, source, text, elided, has_html, is_verified, warnings, inbound_id, created_at)
		values ($1, $2, 'mail', $3, $4, $5, $6, $7, $8, $9) returning id`,
		dec.Conversation, a.author.ID, text, Redact(a.letter.ElidedText()), a.letter.HTML != "",
		dec.Verified, nonNil(warnings), a.claim.ID, a.claim.Envelope.ReceivedAt)
	if err != nil {
		return at, err
	}
	if _, err := d.tellMentioned(ctx, tx, at.note, a.author.ID, mentioned); err != nil {
		return at, err
	}
	if err := d.insertFiles(ctx, tx, a, "note_id", int64(at.note)); err != nil {
		return at, err
	}
	if err := d.namePeople(ctx, tx, a, own, at.conversation, false); err != nil {
		return at, err
	}
	_, err = tx.Exec(ctx, `
		with following as (
			insert into followers (conversation_id, user_id) select $1::bigint, $3::bigint where $4 on conflict do nothing)
		update conversations set updated_at = greatest(updated_at, $2) where id = $1`,
		at.conversation, a.claim.Envelope.ReceivedAt, a.author.ID, a.author.Actor.Role.Agent())
	if err != nil {
		return at, err
	}
	return at, d.tellOfNote(ctx, tx, at.note)
}

func (d *Desk) fileDraft(ctx context.Context, tx pgx.Tx, a *arrival, own *ours, dec Decision) (at filed, err error) {
	at.conversation = dec.Conversation
	text, _ := publicText(a, dec)
	warnings := append(slices.Clone(dec.Warnings), "Not sent: "+strings.TrimPrefix(dec.Reason, notSentReason))
	draft, err := value[DraftID](ctx, tx, `
		insert into drafts (conversation_id, user_id, source, text, is_verified, warnings, inbound_id, created_at)
		values ($1, $2, 'mail', $3, $4, $5, $6, $7) returning id`,
		dec.Conversation, a.author.ID, text, dec.Verified, warnings, a.claim.ID, a.claim.Envelope.ReceivedAt)
	if err != nil {
		return at, err
	}
	if err := d.insertFiles(ctx, tx, a, "draft_id", int64(draft)); err != nil {
		return at, err
	}
	if err := d.namePeople(ctx, tx, a, own, at.conversation, false); err != nil {
		return at, err
	}
	if a.facts.NearNotice || a.facts.VacationSubject || a.facts.Unanswerable || a.answersDraftNotice || !dec.Verified {
		return at, nil // telling a machine, or a stranger's address, would only invite more
	}
	return at, d.enqueueDraftNotice(ctx, tx, dec.Conversation, a.author.ID, a.mailbox, a.claim.ID)
}

// fileEvent tells an automatic answer quietly: on the conversation or, for a
// mention in a note about somebody, on that user or organization.
func (d *Desk) fileEvent(ctx context.Context, tx pgx.Tx, a *arrival, dec Decision) (filed, error) {
	text := "sent an automatic answer: " + subjectOf(a.letter)
	detail, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return filed{}, err
	}
	m := a.mentions[dec.Mention]
	conversation, user, organization := dec.Conversation, UserID(0), OrganizationID(0)
	if conversation == 0 {
		user, organization = m.Subject, m.Organization
	}
	_, err = tx.Exec(ctx, `
		insert into events (conversation_id, user_id, organization_id, kind, actor_id, detail, inbound_id, created_at)
		values (nullif($1, 0), nullif($2, 0), nullif($3, 0), 'auto_reply', nullif($4, 0), $5, $6, $7)`,
		conversation, user, organization, a.author.ID, detail, a.claim.ID, a.claim.Envelope.ReceivedAt)
	return filed{conversation: conversation}, err
}

// fileAgain counts a mail that came by another way, and says so where it came to
// another mailbox.
func (d *Desk) fileAgain(ctx context.Context, tx pgx.Tx, a *arrival) (filed, error) {
	at := filed{conversation: a.cases[a.facts.FiledAt].ID}
	if _, err := tx.Exec(ctx, `update inbound set arrivals = arrivals + 1 where id = $1`, a.facts.DuplicateOf); err != nil {
		return at, err
	}
	if at.conversation == 0 || a.origin.Verdict == Refuted {
		return at, nil // whoever sent it again changes nothing
	}
	first := a.states[at.conversation].Mailbox
	a.alsoAt = slices.DeleteFunc(append(a.alsoAt, a.mailbox), func(id MailboxID) bool { return id == first })
	d.tellOfOtherMailboxes(tx, a, at.conversation)
	return at, nil
}

func (d *Desk) insertPost(ctx context.Context, tx pgx.Tx, a *arrival, dec Decision, to ConversationID) (PostID, error) {
	text, elided := publicText(a, dec)
	post, err := value[PostID](ctx, tx, `
		with message as (
			insert into messages (conversation_id, author_id, author_address, source, text, elided, elided_private, has_html, is_verified, by_staff, warnings, inbound_id, created_at)
			values ($1, $2, $3, 'mail', $4, $5, $6, $7, $8, $9, $10, $11, $12) returning id),
		entry as (
			insert into search_entries (conversation_id, post, words)
			select $1, id, search_vector(search_about($1), '') || $13::tsvector from message)
		select id from message`,
		to, a.author.ID, a.from, text, elided, dec.Rule == RuleMention || dec.Effect == EffectReply, a.letter.HTML != "", dec.Verified,
		dec.Effect == EffectReply, nonNil(dec.Warnings), a.claim.ID, a.claim.Envelope.ReceivedAt, searchWords(text))
	if err != nil {
		return 0, err
	}
	if err := d.insertFiles(ctx, tx, a, "message_id", int64(post)); err != nil {
		return 0, err
	}
	d.tellOfOtherMailboxes(tx, a, to)
	return post, nil
}

// publicText is what of a mail becomes a message, and what of it is folded.
func publicText(a *arrival, dec Decision) (text, elided string) {
	if a.words != nil {
		return a.words.Text, Redact(strings.TrimSpace(a.words.Left + "\n" + a.letter.ElidedText()))
	}
	text, elided = Redact(a.letter.NewText()), Redact(a.letter.ElidedText())
	if dec.Rule != RuleMention {
		return text, elided
	}
	// Nothing of the mention mail may become public with the answer, not even
	// where there is nothing else.
	if !a.letter.HasNewText() {
		text, elided = "", text
	}
	return splitQuotedLines(text, elided)
}

// splitQuotedLines moves every quoted line out of a text: with answers written
// between quoted lines the trimmer leaves them in.
func splitQuotedLines(text, elided string) (string, string) {
	var own, quoted []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), ">") {
			quoted = append(quoted, line)
		} else {
			own = append(own, line)
		}
	}
	if len(quoted) == 0 {
		return text, elided
	}
	return strings.TrimSpace(strings.Join(own, "")), strings.TrimSpace(strings.Join(quoted, "") + "\n" + elided)
}

// insertFiles lists the attachments. Their bytes stay in the raw mail. Pictures of
// an agent's own signature do not go out with their words.
func (d *Desk) insertFiles(ctx context.Context, tx pgx.Tx, a *arrival, owner string, id int64) error {
	if len(a.letter.Attachments) == 0 {
		return nil
	}
	b := &pgx.Batch{}
	for i, file := range a.letter.Attachments {
		if a.words != nil && owner != "note_id" && !a.words.Files[i] {
			continue
		}
		file.Sum()
		b.Queue(`insert into attachments (`+owner+`, filename, content_type, content_id, inline, size, sha256, inbound_id, ordinal)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			id, file.Filename, file.ContentType, file.ContentID, file.Inline, file.Size, file.SHA[:], a.claim.ID, i)
	}
	return tx.SendBatch(ctx, b).Close()
}

// tellOfOtherMailboxes notes on the conversation where else the mail went.
func (d *Desk) tellOfOtherMailboxes(tx pgx.Tx, a *arrival, to ConversationID) {
	if len(a.alsoAt) == 0 {
		return
	}
	later(tx, `
		insert into events (conversation_id, kind, actor_id, detail, inbound_id, created_at)
		select $1, 'also_sent', nullif($2, 0), jsonb_build_object('text', 'also sent this to ' || string_agg(address, ', ' order by id)), $4, $5
		from mailboxes where id = any($3) having count(*) > 0`,
		to, a.author.ID, a.alsoAt, a.claim.ID, a.claim.Envelope.ReceivedAt)
}

func linkConversations(tx pgx.Tx, one ConversationID, to LinkTo) {
	if one == 0 || to.Conversation == 0 || one == to.Conversation {
		return
	}
	later(tx, `
		insert into conversation_links (conversation_id, other_id, relation) values (greatest($1::bigint, $2::bigint), least($1::bigint, $2::bigint), $3)
		on conflict do nothing`, one, to.Conversation, to.Relation)
}

// newRoot is the pseudo-root of a conversation: a random Message-ID.
func newRoot(domain string) string { return "c." + NewMessageIDRandom() + "@" + domain }
