package core

import (
	"slices"
	"strings"
	"time"
)

// A DeliveryState is how far one mail to one person has come, as everybody sees
// it who may view the conversation.
type DeliveryState struct {
	ID               DeliveryID
	Purpose          DeliveryPurpose
	State            DeliveryStatus
	User             UserID  // the recipient; 0: a bare address
	Recipient        Address // zero: the person was deleted
	Name             string  // of the recipient, "" for a bare address
	Attempts         int
	LastResponse     string // the last thing known: a server's words, a report's, or ours
	Said             string // the server's words at the last try
	PerhapsDelivered bool
	Sending          bool // a courier has it in hand
	Paused           bool // staff let nothing go there for now
	Stopped          bool // it failed, and no try helps: mail to its recipient has stopped
	CreatedAt        time.Time
	NextAttemptAt    *time.Time // while queued, not paused and not in hand
	SentAt           *time.Time
	FailedAt         *time.Time
}

// Failed tells a mail that did not arrive, and that nobody gave up on purpose.
func (s DeliveryState) Failed() bool {
	return s.State == DeliveryFailed && !strings.HasPrefix(s.LastResponse, discardedBy) && !strings.HasPrefix(s.LastResponse, discardedByLaw)
}

// Late tells a mail that tries did not bring to its recipient yet.
func (s DeliveryState) Late() bool {
	return s.State == DeliveryQueued && s.Attempts > 0 && s.LastResponse != ""
}

// Reported is what a report said of the mail after it was sent, "" for nothing: with
// ActionDelayed it is not there yet, with ActionRelayed nobody will tell.
func (s DeliveryState) Reported() Action {
	if s.State == DeliverySent {
		for _, action := range []Action{ActionDelayed, ActionRelayed, ActionDelivered, ActionExpanded} {
			if strings.HasPrefix(s.LastResponse, "Reported "+string(action)) {
				return action
			}
		}
		if strings.HasPrefix(s.LastResponse, "Reported as unwanted") {
			return actionUnwanted
		}
	}
	return ""
}

// Well tells a mail of which there is nothing to say but that it is on its way or
// was taken.
func (s DeliveryState) Well() bool {
	if s.State == DeliverySent {
		return slices.Contains([]Action{"", ActionDelivered, ActionExpanded}, s.Reported())
	}
	return s.State == DeliveryQueued && !s.Late() && !s.Paused && !s.PerhapsDelivered
}

// Reason says in a sentence what keeps or kept the mail from arriving, "" where
// LastResponse does.
func (s DeliveryState) Reason() string { return PlainReason(s.LastResponse) }

// To names the recipient for a sentence.
func (s DeliveryState) To() string {
	switch {
	case s.Recipient.IsZero():
		return "somebody who was deleted"
	case s.Name != "" && s.Name != s.Recipient.String():
		return s.Name + " <" + s.Recipient.String() + ">"
	}
	return s.Recipient.String()
}

// Unreached gives the mails of a timeline that failed, of each person the last
// one, and only where nothing reached that person since.
func Unreached(entries []Entry) []DeliveryState {
	var all []DeliveryState
	for _, e := range entries {
		all = append(all, e.Deliveries...)
	}
	slices.SortFunc(all, func(a, b DeliveryState) int { return int(b.ID - a.ID) })
	var unreached []DeliveryState
	known := map[Address]bool{}
	for _, s := range all {
		if known[s.Recipient] || !s.Failed() && s.State != DeliverySent {
			continue
		}
		known[s.Recipient] = true
		if s.Failed() && !s.Recipient.IsZero() {
			unreached = append(unreached, s)
		}
	}
	slices.Reverse(unreached)
	return unreached
}

// mailsBesides are the mails of the conversation c that carried no words of it:
// acknowledgements, and what told of mentions. A merge leaves them where they were
// written.
const mailsBesides = `family as (
		select id from c union select o.id from conversations o join family on o.merged_into = family.id),
	besides as materialized (
		select y.id, y.inbound_id, n.note_id from deliveries y left join mentions n on n.id = y.mention_id
		where y.conversation_id in (select id from family) and y.purpose in ('acknowledgement', 'mention'))`

// deliveriesOfEntry are those of a row of entries, as JSON. A destination that is
// paused, or waits after failures, holds them back.
const deliveriesOfEntry = `coalesce((
		select jsonb_agg(jsonb_build_object('ID', y.id, 'Purpose', y.purpose, 'State', y.state, 'Recipient', y.recipient,
			'User', coalesce(r.id, 0), 'Name', coalesce(r.name, ''), 'Attempts', y.attempts, 'LastResponse', y.last_response,
			'Said', coalesce((select a.response from delivery_attempts a where a.delivery_id = y.id order by a.attempt desc limit 1), ''),
			'PerhapsDelivered', y.perhaps_delivered and y.state = 'queued', 'CreatedAt', y.created_at, 'SentAt', y.sent_at, 'FailedAt', y.failed_at,
			'Sending', y.state = 'queued' and coalesce(y.claimed_until > now(), false),
			'Paused', y.state = 'queued' and coalesce(w.paused, false),
			'Stopped', y.state = 'failed' and exists (select from suppressions s where s.address = y.recipient),
			'NextAttemptAt', case when y.state = 'queued' and not coalesce(w.paused, false) and not coalesce(y.claimed_until > now(), false) then greatest(y.due_at, w.until) end) order by y.id)
		from (
			select i.id from deliveries i where entries.kind = 'MESSAGE' and i.post_id = entries.id and i.purpose in ('reply', 'copy')
			union all
			select b.id from besides b where entries.kind = 'MESSAGE' and b.inbound_id = entries.inbound_id or entries.kind = 'NOTE' and b.note_id = entries.id) of
		join deliveries y on y.id = of.id left join users r on r.id = y.user_id
		cross join lateral (` + heldBack + `y.domain, '*')) w), '[]')`
