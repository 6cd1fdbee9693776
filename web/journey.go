package web

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"postdesk/core"
)

// journeyPart is what happened with a person or an organization, as a part of
// their page.
type journeyPart struct {
	Journey      []core.JourneyEntry
	Only         core.EntryKind
	Sought       core.NoteID // that the address asks for
	Newer, Older string      // addresses of the neighbouring pieces, or ""
}

// readJourney reads the piece that the address asks for: ?only=notes, ?past=2,
// or, from the mail of a mention, ?note=12: the piece with that note.
func readJourney[T ~int64](v *visit, id T, read func(context.Context, core.Actor, T, core.JourneyFilter) ([]core.JourneyEntry, error),
	place func(context.Context, core.Actor, core.NoteID) (int, error)) (p journeyPart, err error) {
	p.Only, p.Sought = kindOf(v.query("only")), number[core.NoteID](v.query("note"))
	page := pieceOf(v, "past", pageSize)
	if p.Sought > 0 && v.query("past") == "" {
		p.Only = ""
		above, err := place(v.ctx(), v.actor, p.Sought)
		switch {
		case errors.Is(err, core.ErrNotFound): // deleted with its person, or about somebody else
		case err != nil:
			return p, err
		default:
			page.Offset = above / pageSize * pageSize
		}
	}
	more := core.Page{Limit: page.Limit + 1, Offset: page.Offset}
	if p.Journey, err = read(v.ctx(), v.actor, id, core.JourneyFilter{Only: p.Only, Page: more}); err != nil {
		return p, err
	}
	current := page.Offset/pageSize + 1
	if current > 1 {
		p.Newer = journeyAt(v, current-1)
	}
	if len(p.Journey) > pageSize {
		p.Journey, p.Older = p.Journey[:pageSize], journeyAt(v, current+1)
	}
	return p, nil
}

// journeyAt is the address of another piece, with the same filter.
func journeyAt(v *visit, piece int) string {
	q := url.Values{"past": {fmt.Sprint(piece)}}
	if only := v.query("only"); kindOf(only) != "" {
		q.Set("only", only)
	}
	return v.r.URL.Path + "?" + q.Encode() + "#journey"
}

// kindOf is a kind of entries that a journey can be narrowed to.
func kindOf(name string) core.EntryKind {
	switch name {
	case "notes":
		return core.EntryNote
	case "events":
		return core.EntryEvent
	case "conversations":
		return core.EntryMessage
	}
	return ""
}
