package web

import (
	"time"

	"postdesk/core"
)

// What stands beside a conversation: who asks, tags, and what can be done.

// fillSide reads it.
func (s *server) fillSide(v *visit, p *conversationPage) (err error) {
	if p.Card, err = s.desk.RequesterCard(v.ctx(), v.actor, p.C.ID); err != nil {
		return err
	}
	if p.Changes() {
		if p.UsedTags, err = s.desk.UsedTags(v.ctx(), v.actor, ""); err != nil {
			return err
		}
	}
	if p.Answers() && p.MayReply() {
		p.Replies, err = s.desk.SavedReplies(v.ctx(), v.actor)
	}
	return err
}

// LocalTime is the time where the requester is, if they have said where.
func (p conversationPage) LocalTime() string {
	if p.Card.Timezone == "" {
		return ""
	}
	return time.Now().In(core.Zone(p.Card.Timezone)).Format("15:04, Monday") + " there"
}

// Splits tells a message that can be split off by the reader.
func (p conversationPage) Splits(e core.Entry) bool {
	if !p.Merges() || e.Kind != core.EntryMessage || e.ByStaff || p.C.Closed() || p.C.Trashed || p.C.MergedInto != 0 {
		return false
	}
	messages := 0
	for _, o := range p.Entries {
		if o.Kind == core.EntryMessage {
			messages++
		}
	}
	return messages > 1
}

// ForwardedIn is who wrote what a member of staff passed on by hand, as it says.
func (p conversationPage) ForwardedIn(e core.Entry) *core.NamedAddress {
	if e.Kind != core.EntryMessage || e.ByStaff || e.Source != core.ChannelMail || !e.Author.Role.Staff() ||
		e.Author.ID != p.C.Requester.ID || p.C.Closed() || p.C.Trashed || p.C.MergedInto != 0 {
		return nil
	}
	from, ok := core.ForwardedFrom(p.C.Subject, e.Text, e.Elided)
	if !ok || from.Address == p.C.Requester.Address.String() {
		return nil
	}
	return &from
}

// tags adds what was typed, or takes one away.
func (s *server) tags(v *visit) error {
	return s.onConversation(v, typed{}, "updated", func(id core.ConversationID) error {
		var remove []string
		if gone := v.r.PostFormValue("remove"); gone != "" {
			remove = []string{gone}
		}
		return s.desk.ChangeTags(v.ctx(), v.actor, id, tagsIn(v.field("add")), remove)
	})
}
