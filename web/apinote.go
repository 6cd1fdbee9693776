package web

import (
	"context"

	"postdesk/core"
)

// notesOn lists the notes on a user or an organization.
func notesOn[T ~int64](notes func(context.Context, core.Actor, T, core.Page) ([]core.Note, int, error)) apiHandler {
	return byID(func(c *apiCall, id T) (apiAnswer, error) {
		page, err := c.page()
		if err != nil {
			return apiAnswer{}, err
		}
		all, total, err := notes(c.ctx(), c.actor, id, page)
		if err != nil {
			return apiAnswer{}, err
		}
		return listed("note", all, total, noteOf)
	})
}

// noteOn writes one, and shows it: it is among the newest.
func noteOn[T ~int64](add func(context.Context, core.Actor, T, string) (core.Noted, error),
	notes func(context.Context, core.Actor, T, core.Page) ([]core.Note, int, error)) apiHandler {
	return byID(func(c *apiCall, id T) (apiAnswer, error) {
		text, err := c.contents()
		if err != nil {
			return apiAnswer{}, err
		}
		noted, err := add(c.ctx(), c.actor, id, text)
		if err != nil {
			return apiAnswer{}, err
		}
		newest, _, err := notes(c.ctx(), c.actor, id, core.Page{Limit: 100})
		if err != nil {
			return apiAnswer{}, err
		}
		for _, n := range newest {
			if n.ID == noted.ID {
				return made("note", noteOf(n))
			}
		}
		return made("note", rowJSON[core.NoteID]{noted.ID})
	})
}
