package web

import (
	"net/http"

	"postdesk/core"
)

type mentionsPage struct {
	base
	Query string
	Rows  []core.MentionMatch
}

// mentions lists whom a note may mention.
func (s *server) mentions(v *visit) error {
	found, err := s.desk.MentionMatches(v.ctx(), v.actor, v.query("q"), 100)
	if err != nil {
		return err
	}
	b, err := s.page(v, "Who can be mentioned", "inbox")
	if err != nil {
		return err
	}
	return s.render(v, http.StatusOK, "mentions", mentionsPage{base: b, Query: v.query("q"), Rows: found})
}

// A choiceJSON is one line of a list under a field.
type choiceJSON struct {
	Value string `json:"value"` // what stands in the field then
	Name  string `json:"name"`
	Note  string `json:"note"`
}

// mostChoices stand under a field at once.
const mostChoices = 8

// suggestMentions completes an @ in a note.
func (s *server) suggestMentions(v *visit) error {
	query := v.query("q")
	if len(query) > longestTyped {
		return v.json(http.StatusOK, []choiceJSON{})
	}
	found, err := s.desk.MentionMatches(v.ctx(), v.actor, query, mostChoices)
	if err != nil {
		return err
	}
	choices := []choiceJSON{}
	for _, m := range found {
		choices = append(choices, choiceJSON{m.Mention(), shown(firstOf(m.Name, m.Address.String())), roleName(m.Role) + " · " + m.Address.String()})
	}
	return v.json(http.StatusOK, choices)
}

// suggestPeople completes an address in To or CC, for those who answer.
func (s *server) suggestPeople(v *visit) error {
	if err := v.actor.Can(core.DoReply); err != nil {
		return err
	}
	query := v.query("q")
	if len(query) > longestTyped {
		return v.json(http.StatusOK, []choiceJSON{})
	}
	found, err := s.desk.SuggestAddresses(v.ctx(), v.actor, query)
	if err != nil {
		return err
	}
	choices := []choiceJSON{}
	for _, m := range found[:min(len(found), mostChoices)] {
		what := roleName(m.Role)
		switch {
		case m.Role == core.RoleCollaborator:
			what += ": private copy"
		case !m.Enabled:
			what += ": disabled, gets no mail"
		}
		choices = append(choices, choiceJSON{m.Address.String(), shown(firstOf(m.Name, m.Address.String())), m.Address.String() + " · " + what})
	}
	return v.json(http.StatusOK, choices)
}

// notedWord is what a page says once a note is saved: whether anybody was told.
func notedWord(n core.Noted) string {
	switch {
	case len(n.Told) > 0:
		return "told"
	case n.Unheard:
		return "untold"
	}
	return "noted"
}
