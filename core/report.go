package core

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"postdesk/core/language"
)

// A mailTold is a mail of ours that something is told about.
type mailTold struct {
	ID             DeliveryID
	Purpose        DeliveryPurpose
	Recipient      Address
	UserID         UserID
	PostID         PostID
	ConversationID ConversationID // where it goes on now
	MailboxID      MailboxID
	AuthorID       UserID // an enabled agent, else 0: a collaborator's own words were a request
	AuthorAddress  string
}

func mailToTell(ctx context.Context, tx pgx.Tx, id DeliveryID) (mailTold, error) {
	return one[mailTold](ctx, tx, `
		select d.id, d.purpose, d.recipient, coalesce(d.user_id, 0) as user_id, coalesce(d.post_id, 0) as post_id,
			coalesce(nullif(`+survivorOf+`, 0), c.id, 0) as conversation_id, d.mailbox_id,
			coalesce(u.id, 0) as author_id, coalesce(a.address, '') as author_address
		from deliveries d left join conversations c on c.id = d.conversation_id
		left join users u on u.id = d.author_id and u.enabled and u.role in ('agent', 'admin', 'owner')
		left join addresses a on a.user_id = u.id and a.is_primary
		where d.id = $1`, id)
}

// event shows on the conversation what became of the mail or, where it belongs to
// none, on its recipient.
func (m mailTold) event(ctx context.Context, tx pgx.Tx, kind, text string, cause InboundID) error {
	if m.ConversationID != 0 {
		return insertEvent(ctx, tx, m.ConversationID, kind, 0, map[string]any{"text": text, "delivery": m.ID}, cause)
	}
	return m.flag(ctx, tx, kind, text, cause)
}

// flag shows on the recipient, whose page staff look at, that mail does not reach
// them.
func (m mailTold) flag(ctx context.Context, tx pgx.Tx, kind, text string, cause InboundID) error {
	_, err := tx.Exec(ctx, `
		insert into events (user_id, kind, detail, inbound_id)
		select coalesce(nullif($1, 0), user_id), $2, jsonb_build_object('text', $3::text, 'delivery', $4::bigint), nullif($5, 0)
		from (select) one left join addresses on address = $6
		where coalesce(nullif($1, 0), user_id) is not null`, m.UserID, kind, text, m.ID, cause, m.Recipient)
	return err
}

// What stands between whom a mail did not reach and why.
const (
	failedWords  = " could not be delivered: "
	delayedWords = " is not delivered after four hours, and tries go on: "
)

// tellOfFailure shows that a mail did not arrive and, when it failed for good,
// tells its author by mail. Customers hear nothing of it, and nobody hears of a
// notice or an automatic mail: that would only make more mail.
func (d *Desk) tellOfFailure(ctx context.Context, tx pgx.Tx, id DeliveryID, kind NoticeKind, problem string) error {
	m, err := mailToTell(ctx, tx, id)
	if err != nil {
		return err
	}
	return d.tellFailureOf(ctx, tx, m, kind, problem, 0)
}

func (d *Desk) tellFailureOf(ctx context.Context, tx pgx.Tx, m mailTold, kind NoticeKind, problem string, cause InboundID) error {
	words := map[NoticeKind]string{
		NoticeFailed:  "mail to " + m.Recipient.String() + failedWords + problem,
		NoticeDelayed: "mail to " + m.Recipient.String() + delayedWords + problem,
	}
	if err := m.event(ctx, tx, "delivery_"+string(kind), words[kind], cause); err != nil {
		return err
	}
	if kind != NoticeFailed || m.AuthorID == 0 || m.ConversationID == 0 || m.Purpose != PurposeReply && m.Purpose != PurposeCopy {
		return nil
	}
	to, err := ParseAddress(m.AuthorAddress)
	if err != nil {
		return err
	}
	d.enqueue(tx, mailing{purpose: PurposeStaffNotice, notice: kind, to: to, user: m.AuthorID, conversation: m.ConversationID, post: m.PostID,
		mailbox: m.MailboxID, author: m.AuthorID, answers: PurposeStaff})
	return nil
}

// problemOf says in a notice what became of the mail that it is about: a plain
// reading first, where there is one, then the words.
func problemOf(ctx context.Context, tx pgx.Tx, r outgoingRow) (string, error) {
	told, err := rows[struct{ Text string }](ctx, tx, `
		select coalesce(detail->>'text', '') as text from events
		where conversation_id = $1 and kind = $2 and ($3 = 0 or (detail->>'delivery')::bigint in (select id from deliveries where post_id = $3))
		order by id desc limit 1`, r.ConversationID, "delivery_"+string(r.Kind), r.PostID)
	if err != nil || len(told) == 0 || told[0].Text == "" {
		return "", err
	}
	return problemIn(r.Language, told[0].Text), nil
}

// problemIn says what an event tells of a mail in the language of who reads of it.
// The words of a server stay as they are.
func problemIn(tag language.Tag, text string) string {
	for between, sentence := range map[string]string{
		failedWords:  "Mail to {address} could not be delivered: {why}",
		delayedWords: "Mail to {address} is not delivered after four hours, and tries go on: {why}",
	} {
		to, words, ok := strings.Cut(text, between)
		if !ok {
			continue
		}
		why := tag.Translate(words)
		if plain := plainReasonIn(tag, words); plain != "" {
			why = tag.Say("{meaning} Word for word: {words}", "meaning", plain, "words", words)
		}
		return tag.Say(sentence, "address", strings.TrimPrefix(to, "mail to "), "why", why)
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// fileReport records a delivery report on the delivery that its bounce address
// names (mail-law section 6). A failure is final, in whatever order reports come:
// it fails the delivery, tells its author once and, if permanent and the address's
// own, suppresses the address. Everything else is only shown.
func (d *Desk) fileReport(ctx context.Context, tx pgx.Tx, a *arrival) (filed, error) {
	at := filed{conversation: a.cases[a.bounce.Conversation].ID}
	m, err := mailToTell(ctx, tx, a.bounce.ID)
	if err != nil {
		return at, err
	}
	r := a.letter.Report
	if r == nil {
		r = &Report{Action: ActionFailed}
	}
	if r.Action != ActionFailed || r.Feedback {
		return at, showReport(ctx, tx, m, r, a.claim.ID)
	}
	words := reportWords(r, m.Recipient)
	failed, err := tx.Exec(ctx, `
		update deliveries set state = 'failed', failed_at = now(), last_response = $2,
			bytes = case when link_purpose is not null then null else bytes end
		where id = $1 and state in ('sent', 'queued')`, m.ID, words)
	if err != nil || failed.RowsAffected() == 0 {
		return at, err
	}
	if r.Permanent && blamesAddress(r) {
		if err := d.suppressReported(ctx, tx, m, words, a.claim.ID); err != nil {
			return at, err
		}
	}
	return at, d.tellFailureOf(ctx, tx, m, NoticeFailed, words, a.claim.ID)
}

// blamesAddress tells a failure that the next mail would meet, too. One of this mail
// alone (its size, its content, a policy) or of a full mailbox says nothing against
// the address (RFC 3463 section 3): a customer is not to lose all answers by it.
func blamesAddress(r *Report) bool {
	return len(r.Status) == 0 || slices.ContainsFunc(r.Status, func(status string) bool {
		return !slices.ContainsFunc([]string{"5.2.2", "5.2.3", "5.2.4", "5.3.", "5.6.", "5.7."}, func(of string) bool {
			return status == of || strings.HasSuffix(of, ".") && strings.HasPrefix(status, of)
		})
	})
}

// suppressReported stops mail to an address, and flags its owner. Not where the
// mail was delivered there before: then it failed further on.
func (d *Desk) suppressReported(ctx context.Context, tx pgx.Tx, m mailTold, words string, cause InboundID) error {
	delivered, err := wasReported(ctx, tx, m, ActionDelivered)
	if err != nil || delivered {
		return err
	}
	_, err = tx.Exec(ctx, `
		insert into suppressions (address, reason, delivery_id) values ($1, $2, $3)
		on conflict (address) do update set reason = excluded.reason, delivery_id = excluded.delivery_id`, m.Recipient, words, m.ID)
	if err != nil {
		return err
	}
	if err := d.failWaiting(ctx, tx, m.Recipient, words); err != nil {
		return err
	}
	return m.flag(ctx, tx, "delivery_suppressed", "mail to "+m.Recipient.String()+" stops until they write to us: "+words, cause)
}

func wasReported(ctx context.Context, tx pgx.Tx, m mailTold, action Action) (bool, error) {
	return value[bool](ctx, tx, `
		select exists (select from events where kind = $4 and (detail->>'delivery')::bigint = $3
			and ($1 <> 0 and conversation_id = $1 or $1 = 0 and user_id = $2))`, m.ConversationID, m.UserID, m.ID, "delivery_"+string(action))
}

// reportSentence tells what is only shown, "" for what is not.
func reportSentence(action Action, to Address, words string) string {
	mail := "mail to " + to.String()
	switch action {
	case ActionDelayed:
		return mail + " is late, says a report: " + words
	case ActionDelivered:
		return mail + " was delivered, says a report: " + words
	case ActionRelayed:
		return mail + " was passed on to a server that tells no more: " + words
	case ActionExpanded:
		return mail + " went on to several people, says a report: " + words
	case actionUnwanted:
		return mail + " was called unwanted: " + words
	}
	return ""
}

// actionUnwanted is that of a complaint.
const actionUnwanted Action = "unwanted"

// showReport tells each thing once, and beside the mail the last one; but a delay
// is over once the mail was delivered, and a failure stays the last word.
func showReport(ctx context.Context, tx pgx.Tx, m mailTold, r *Report, cause InboundID) error {
	action := r.Action
	if r.Feedback {
		action = actionUnwanted
	}
	told, err := wasReported(ctx, tx, m, action)
	if err != nil {
		return err
	}
	delivered, err := wasReported(ctx, tx, m, ActionDelivered)
	if err != nil {
		return err
	}
	words := reportWords(r, m.Recipient)
	if action != ActionDelayed || !delivered {
		if _, err := tx.Exec(ctx, `update deliveries set last_response = $2 where id = $1 and state <> 'failed'`, m.ID, words); err != nil {
			return err
		}
	}
	sentence := reportSentence(action, m.Recipient, words)
	if told || sentence == "" {
		return nil
	}
	return m.event(ctx, tx, "delivery_"+string(action), sentence, cause)
}

// reportWords are a report's words for staff: bounded, without tokens and secrets
// of ours that it quotes. Whom it names, if not the recipient, the mail was
// forwarded to.
func reportWords(r *Report, recipient Address) string {
	words := "Reported " + string(r.Action)
	if r.Feedback {
		words = "Reported as unwanted"
	}
	if len(r.Status) > 0 {
		words += " " + cleanLine(r.Status[0], 20)
	}
	if others := otherRecipients(r.FailedRecipients, recipient); len(others) > 0 {
		words += " for " + strings.Join(others, ", ")
	}
	if r.Text != "" {
		words += ": " + cleanLine(withoutSecrets(Redact(r.Text)), 500)
	}
	return words
}

// otherRecipients are a few of those whom a report names, if the mail's own
// recipient is not among them.
func otherRecipients(named []string, recipient Address) (others []string) {
	const most = 3
	for _, name := range named {
		address, err := ParseAddress(name)
		if err != nil || slices.Contains(others, address.String()) {
			continue
		}
		if address == recipient {
			return nil
		}
		others = append(others, address.String())
	}
	if len(others) > most {
		others = append(others[:most], "…")
	}
	return others
}

// withoutSecrets takes out what may be the secret of a link.
func withoutSecrets(text string) string {
	for _, secret := range SecretsIn(text) {
		text = strings.ReplaceAll(text, secret, redacted)
	}
	return text
}
