package core

import (
	"encoding/json"

	"github.com/jackc/pgx/v5"
)

// An ending is the terminal state of a mail, with the trace.
type ending struct {
	id                       InboundID
	state                    string
	from, name, subject      string
	messageID                string
	digest                   []byte
	kind, origin             string
	rule, suspension, reason string
	trace                    string
	opened                   bool
	skipped                  string
	at                       filed
	delivery                 DeliveryID
	duplicateOf              InboundID
	passesFor                string
}

func endingOf(a *arrival, own *ours, dec Decision, at filed) (ending, error) {
	trace, err := json.Marshal(traceOf(a, dec))
	e := ending{
		id: a.claim.ID, state: "success", from: a.shownFrom(), name: cleanLine(a.fromName, 255), subject: subjectOf(a.letter),
		messageID: a.messageID, digest: a.digest, kind: string(a.facts.Kind), origin: string(a.origin.Verdict), rule: string(dec.Rule),
		suspension: string(dec.Suspension), reason: dec.Reason, trace: string(trace), opened: dec.Effect == EffectOpen, skipped: dec.Skipped,
		at: at, delivery: dec.Delivery, duplicateOf: a.facts.DuplicateOf, passesFor: a.passesFor(own).String(),
	}
	switch dec.Effect {
	case EffectSuspend:
		e.state = "suspended"
	case EffectCounted:
		e.state = "rejected"
	}
	return e, err
}

const endSQL = `
	update inbound i set state = g.state, from_address = g.from_address, from_name = g.from_name, subject = g.subject,
		message_id = nullif(g.message_id, ''), content_digest = g.digest, kind = g.kind, origin = g.origin, rule = g.rule,
		suspension = nullif(g.suspension, ''), reason = g.reason, trace = g.trace::jsonb, opened = g.opened,
		automatic_skipped = nullif(g.skipped, ''), conversation_id = nullif(g.conversation, 0), post_id = nullif(g.post, 0),
		note_id = nullif(g.note, 0), delivery_id = nullif(g.delivery, 0), duplicate_of = nullif(g.duplicate, 0), last_error = '',
		suspended_at = case when g.state = 'suspended' then now() end, passes_for = nullif(g.passes_for, '')
	from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::text[], $9::text[], $10::text[],
		$11::text[], $12::text[], $13::text[], $14::boolean[], $15::text[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[],
		$20::bigint[], $21::text[])
		as g (id, state, from_address, from_name, subject, message_id, digest, kind, origin, rule,
		suspension, reason, trace, opened, skipped, conversation, post, note, delivery, duplicate, passes_for)
	where i.id = g.id`

// end writes how mails ended, with the commit.
func end(tx pgx.Tx, arrivals ...*arrival) {
	list := column(arrivals, func(a *arrival) ending { return a.ending })
	text := func(of func(ending) string) []string { return column(list, of) }
	later(tx, endSQL,
		column(list, func(e ending) InboundID { return e.id }),
		text(func(e ending) string { return e.state }),
		text(func(e ending) string { return e.from }),
		text(func(e ending) string { return e.name }),
		text(func(e ending) string { return e.subject }),
		text(func(e ending) string { return e.messageID }),
		column(list, func(e ending) []byte { return e.digest }),
		text(func(e ending) string { return e.kind }),
		text(func(e ending) string { return e.origin }),
		text(func(e ending) string { return e.rule }),
		text(func(e ending) string { return e.suspension }),
		text(func(e ending) string { return e.reason }),
		text(func(e ending) string { return e.trace }),
		column(list, func(e ending) bool { return e.opened }),
		text(func(e ending) string { return e.skipped }),
		column(list, func(e ending) ConversationID { return e.at.conversation }),
		column(list, func(e ending) PostID { return e.at.post }),
		column(list, func(e ending) NoteID { return e.at.note }),
		column(list, func(e ending) DeliveryID { return e.delivery }),
		column(list, func(e ending) InboundID { return e.duplicateOf }),
		text(func(e ending) string { return e.passesFor }))
}
