package web

import (
	"fmt"

	"postdesk/core"
)

// Of a long timeline the page shows the beginning, the newest, and what somebody
// came for; the rest on demand, so that no page grows with its conversation.
const (
	shownFirst  = 2
	shownNewest = 20
	foldedLeast = 5 // fewer are not worth a click
)

// A shownEntry stands on the page, after so many that are left out.
type shownEntry struct {
	core.Entry
	Earlier int
}

// Shown are the entries of the page. Notes that mention the reader always are: the
// mail of a mention leads to them by an anchor alone, which no server sees.
func (p conversationPage) Shown() []shownEntry {
	keep := make([]bool, len(p.Entries))
	for i, e := range p.Entries {
		keep[i] = p.All || i < shownFirst || i >= len(p.Entries)-shownNewest || anchor(e) == "#"+p.At || p.broughtTo(e)
	}
	unfoldShort(keep)
	var shown []shownEntry
	earlier := 0
	for i, e := range p.Entries {
		if !keep[i] {
			earlier++
			continue
		}
		shown = append(shown, shownEntry{e, earlier})
		earlier = 0
	}
	return shown
}

// broughtTo tells that something leads the reader to an entry: a mention, or a mail
// of it that did not arrive.
func (p conversationPage) broughtTo(e core.Entry) bool {
	for _, d := range e.Deliveries {
		if d.Purpose == core.PurposeMentionMail && d.User == p.Actor.ID || p.unreached[d.ID] {
			return true
		}
	}
	return false
}

// unfoldShort shows a gap that is hardly longer than the line in its place.
func unfoldShort(keep []bool) {
	for i := 0; i < len(keep); i++ {
		from := i
		for i < len(keep) && !keep[i] {
			i++
		}
		if i-from < foldedLeast {
			for ; from < i; from++ {
				keep[from] = true
			}
		}
	}
}

// Whole leads to the page with all entries, at the first that was left out before
// this one.
func (p conversationPage) Whole(before core.Entry) string {
	return fmt.Sprintf("/agent/conversations/%d?all=1%s", p.C.ID, anchor(before))
}
