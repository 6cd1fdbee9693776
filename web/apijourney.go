package web

import (
	"context"
	"time"

	"postdesk/core"
)

// A journeyJSON is a note on, or an event of, a person or organization, or a case
// that they opened.
type journeyJSON struct {
	Type       string               `json:"type"`
	Author     *personJSON          `json:"author"` // null: nobody, as when a domain let somebody in
	NoteID     *core.NoteID         `json:"note_id"`
	CaseID     *core.ConversationID `json:"case_id"`
	Contents   string               `json:"contents"` // of a note; the subject of a case
	IsVerified bool                 `json:"is_verified"`
	Event      *string              `json:"event"`
	Detail     map[string]any       `json:"detail"`
	CreatedAt  time.Time            `json:"created_at"`
}

func journeyOf(e core.JourneyEntry) journeyJSON {
	shown := journeyJSON{Type: upper(e.Kind), NoteID: ref(e.Note), CaseID: ref(e.Conversation), Contents: e.Text,
		IsVerified: e.Verified, Detail: e.Detail, CreatedAt: e.CreatedAt.UTC()}
	if e.Kind == core.EntryMessage {
		shown.Type = "CASE"
	}
	if e.Author.ID != 0 {
		author := personOf(e.Author)
		shown.Author = &author
	}
	if e.Event != "" {
		shown.Event = &e.Event
	}
	return shown
}

// journeyOn lists what happened, newest first.
func journeyOn[T ~int64](journey func(context.Context, core.Actor, T, core.JourneyFilter) ([]core.JourneyEntry, error)) apiHandler {
	return byID(func(c *apiCall, id T) (apiAnswer, error) {
		page, err := c.page()
		if err != nil {
			return apiAnswer{}, err
		}
		only, err := c.choice("type", "note", "event", "case")
		if err != nil {
			return apiAnswer{}, err
		}
		kind := map[string]core.EntryKind{"note": core.EntryNote, "event": core.EntryEvent, "case": core.EntryMessage}[only]
		all, err := journey(c.ctx(), c.actor, id, core.JourneyFilter{Only: kind, Page: page})
		if err != nil {
			return apiAnswer{}, err
		}
		answer, err := listed("journey", all, 0, journeyOf)
		answer.total = nil // it has pieces of many lists, and is read from its newest end
		return answer, err
	})
}
