package web

import (
	"fmt"
	"net/http"
	"strings"

	"postdesk/core"
)

type conversationPage struct {
	base
	composer
	C         core.Conversation
	Entries   []core.Entry
	All       bool   // every entry is shown
	At        string // the entry that somebody came for: "post-7", "note-7"
	unreached map[core.DeliveryID]bool
	Typed     typed
	Staff     []core.User
	Teams     []core.Team
	Statuses  []core.Status
	Source    core.ConversationID       // where the mention stands that this answers
	MergedIn  []core.MergedConversation // that can be had back
	Replies   []core.SavedReply         // for the composer
	Card      core.RequesterCard
	UsedTags  []string
	SeesRaw   bool
	Offers    []core.PassingOffer // to name who sent a mail of it, for admins
}

// Mine tells that the reader asked here: their own words are a customer's words.
func (p conversationPage) Mine() bool { return p.C.Requester.ID == p.Actor.ID }

// Orphaned tells that the assignee was disabled: others must look after it.
func (p conversationPage) Orphaned() bool { return p.C.Assignee.ID != 0 && !p.C.Assignee.Enabled }

// MayReply tells that there is a reply box.
func (p conversationPage) MayReply() bool {
	return (p.Answers() || p.Mine()) && !p.C.Closed() && !p.C.Trashed && p.C.MergedInto == 0
}

func (s *server) conversation(v *visit) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	return s.showConversation(v, http.StatusOK, id, typed{NoteTab: v.query("tab") == "note"}, nil)
}

// showConversation shows the page, with what was typed when a form comes back.
// That the reader has seen it is the one thing that a page notes down.
func (s *server) showConversation(v *visit, status int, id core.ConversationID, t typed, f faults) error {
	p, err := s.conversationPage(v, id)
	if err != nil {
		return err
	}
	p.Typed, p.Faults = t, f
	if err := s.fillComposer(v, &p); err != nil {
		return err
	}
	if err := s.desk.MarkRead(v.ctx(), v.actor, id); err != nil {
		return err
	}
	return s.render(v, status, "conversation", p)
}

func (s *server) conversationPage(v *visit, id core.ConversationID) (p conversationPage, err error) {
	if p.C, err = s.desk.Conversation(v.ctx(), v.actor, id); err != nil {
		return p, err
	}
	if p.Entries, err = s.desk.Timeline(v.ctx(), v.actor, id); err != nil {
		return p, err
	}
	p.unreached, p.All, p.At = unreachedMails(p.Entries), v.query("all") != "", v.query("at")
	if p.base, err = s.page(v, fmt.Sprintf("#%d %s", id, p.C.Subject), "inbox"); err != nil {
		return p, err
	}
	if p.MergedIn, err = s.desk.MergedInto(v.ctx(), v.actor, id); err != nil {
		return p, err
	}
	p.Undo = p.undoOf(v.query("said"), v.query("of"))
	if word := v.query("said"); word == "replied" || word == "held" {
		p.Said = firstOf(p.stoppedReply(), p.Said)
	}
	if p.Staff, _, err = s.desk.Users(v.ctx(), v.actor, enabledStaff()); err != nil {
		return p, err
	}
	if p.Teams, err = s.desk.Teams(v.ctx(), v.actor); err != nil {
		return p, err
	}
	if err := s.fillSide(v, &p); err != nil {
		return p, err
	}
	p.Source, p.Statuses, p.SeesRaw = mentionSource(p.C), statuses(), v.actor.Can(core.DoReadRaw) == nil
	if err == nil && p.Administers() {
		p.Offers, err = s.desk.PassingOfferIn(v.ctx(), v.actor, id)
	}
	return p, err
}

// enabledStaff are those who can be mentioned, and assigned.
func enabledStaff() core.UserFilter {
	yes := true
	return core.UserFilter{Staff: true, Enabled: &yes, Page: core.Page{Limit: 100}}
}

// mentionSource is the conversation that holds the mention which this one answers.
func mentionSource(c core.Conversation) core.ConversationID {
	for _, link := range c.Links {
		if link.Relation == string(core.RelatedMention) && !link.Younger {
			return link.Conversation
		}
	}
	return 0
}

// addressesIn reads a list of addresses as people type it.
func addressesIn(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\n' || r == '\r' || r == '\t' })
}
