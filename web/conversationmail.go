package web

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"postdesk/core"
)

// mailsOf are the mails of one entry of a timeline, by how loud they are.
type mailsOf struct {
	Failed  []core.DeliveryState // first thing that is seen of the entry
	Waiting []core.DeliveryState // a line each
	Well    []core.DeliveryState // a line for all
}

// Mails sorts those of an entry.
func (p conversationPage) Mails(e core.Entry) (m mailsOf) {
	for _, d := range e.Deliveries {
		switch {
		case d.Failed():
			m.Failed = append(m.Failed, d)
		case d.Well():
			m.Well = append(m.Well, d)
		default:
			m.Waiting = append(m.Waiting, d)
		}
	}
	return m
}

// unreached is a person whom the last mail did not reach, and where it stands.
type unreached struct {
	core.DeliveryState
	Anchor string
}

// Unreached are those to tell of at the head of the page.
func (p conversationPage) Unreached() []unreached {
	var all []unreached
	for _, d := range core.Unreached(p.Entries) {
		all = append(all, unreached{d, anchorOf(p.Entries, d.ID)})
	}
	return all
}

// unreachedMails are the same as a set.
func unreachedMails(entries []core.Entry) map[core.DeliveryID]bool {
	set := map[core.DeliveryID]bool{}
	for _, d := range core.Unreached(entries) {
		set[d.ID] = true
	}
	return set
}

func anchorOf(entries []core.Entry, id core.DeliveryID) string {
	for _, e := range entries {
		for _, d := range e.Deliveries {
			if d.ID == id {
				return anchor(e)
			}
		}
	}
	return ""
}

func anchor(e core.Entry) string {
	switch e.Kind {
	case core.EntryNote:
		return fmt.Sprintf("#note-%d", e.ID)
	case core.EntryEvent:
		return fmt.Sprintf("#event-%d", e.ID)
	}
	return fmt.Sprintf("#post-%d", e.ID)
}

// MayRetry tells that there is a button: core asks again.
func (p conversationPage) MayRetry(d core.DeliveryState) bool {
	if !p.RelaySet || d.Sending || d.Paused || d.Stopped {
		return false
	}
	if d.Purpose == core.PurposeAcknowledgement && d.State == core.DeliveryFailed && !d.Failed() {
		return false // it was given up, and its link with it
	}
	if p.Administers() {
		return d.State == core.DeliveryFailed || d.State == core.DeliveryQueued && d.Late()
	}
	return d.Failed() && p.Answers() && (d.Purpose == core.PurposeReply || d.Purpose == core.PurposeCopy)
}

// stoppedReply is the sentence after an answer whose mails failed as they were
// written, since mail to their recipients has stopped; "" where all is well.
func (p conversationPage) stoppedReply() string {
	for _, e := range slices.Backward(p.Entries) {
		if e.Kind != core.EntryMessage || e.Author.ID != p.Actor.ID {
			continue
		}
		var stopped []string
		for _, d := range e.Deliveries {
			if d.Stopped && d.Failed() {
				stopped = append(stopped, d.Recipient.String())
			}
		}
		switch names := strings.Join(stopped, ", "); {
		case len(stopped) == 0:
			return ""
		case len(stopped) < len(e.Deliveries):
			return "Your reply is saved, but it does not reach " + names + ": mail there has stopped. The others are sent theirs."
		default:
			return "Your reply is saved, but it does not reach " + names + ": mail there has stopped."
		}
	}
	return ""
}

// mailWord is what a mail's state is called, and how it looks.
type mailWord struct{ Word, Tone string }

func wordOf(d core.DeliveryState) mailWord {
	switch {
	case d.State == core.DeliveryHeld:
		return mailWord{"held", "warn"}
	case d.Reported() == core.ActionDelayed:
		return mailWord{"delayed", "warn"}
	case d.Reported() == core.ActionRelayed:
		return mailWord{"passed on", "info"}
	case d.Reported() == core.ActionDelivered:
		return mailWord{"delivered", "good"}
	case d.State == core.DeliverySent && !d.Well():
		return mailWord{"called unwanted", "warn"}
	case d.State == core.DeliverySent:
		return mailWord{"sent", "good"}
	case d.Failed():
		return mailWord{"failed", "bad"}
	case d.State == core.DeliveryFailed:
		return mailWord{"discarded", "calm"}
	case d.PerhapsDelivered:
		return mailWord{"perhaps delivered", "warn"}
	case d.Paused:
		return mailWord{"paused", "warn"}
	case d.Sending:
		return mailWord{"being sent", "info"}
	case d.Late():
		return mailWord{"delayed", "warn"}
	}
	return mailWord{"queued", "info"}
}

// onMail does with a mail of a conversation what the button beside it says.
func (s *server) onMail(v *visit) error {
	mail, err := pathID[core.DeliveryID](v, "delivery")
	if err != nil {
		return err
	}
	act, said := s.desk.RetryDelivery, "retried"
	switch v.field("do") {
	case "clear":
		act, said = func(ctx context.Context, actor core.Actor, _ core.DeliveryID) error {
			return s.desk.ClearSuppression(ctx, actor, v.field("address"))
		}, "cleared"
	case "send":
		act, said = s.desk.SendHeld, "sent-held"
	case "discard":
		act, said = s.desk.DiscardHeld, "discarded"
	}
	return s.onConversation(v, typed{}, said, func(id core.ConversationID) error {
		if _, err := s.desk.Conversation(v.ctx(), v.actor, id); err != nil {
			return err
		}
		return act(v.ctx(), v.actor, mail)
	})
}

// stoppedMail are the addresses of a person that mail has stopped going to.
type stoppedMail []core.Suppression

// At gives that of an address, nil where mail goes.
func (s stoppedMail) At(address core.Address) *core.Suppression {
	for i := range s {
		if s[i].Address == address {
			return &s[i]
		}
	}
	return nil
}
