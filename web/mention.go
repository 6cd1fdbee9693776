package web

import "postdesk/core"

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
