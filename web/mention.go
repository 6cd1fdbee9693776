package web

import (
	"regexp"

	"postdesk/core"
)

// mentionLike is what somebody writes who means to mention a person; the @ of an
// address in running text is not.
var mentionLike = regexp.MustCompile(`(?:^|[^\pL\pN._+-])@[\pL\pN]`)

// notedWord is what a page says once a note is saved: whether it told anybody. A
// mistyped mention that passed in silence would leave its author waiting.
func (s *server) notedWord(v *visit, text string) string {
	if !mentionLike.MatchString(text) {
		return "noted"
	}
	staff, total, err := s.desk.Users(v.ctx(), v.actor, enabledStaff())
	if err != nil || total > len(staff) { // no right, or a greater team than one page: nothing certain to say
		return "noted"
	}
	var people []core.Mentionable
	for _, u := range staff {
		for _, a := range u.Addresses {
			people = append(people, core.Mentionable{ID: u.ID, Name: u.Name, Address: a.Address})
		}
	}
	found, _ := core.FindMentions(text, people)
	for _, id := range found {
		if id != v.actor.ID {
			return "told"
		}
	}
	if len(found) > 0 { // only its author
		return "noted"
	}
	return "untold"
}
