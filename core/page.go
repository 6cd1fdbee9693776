package core

// A Page is a piece of a list.
type Page struct{ Limit, Offset int }

// bounds are the limit and offset that count: 50 by default, 100 at most.
func (p Page) bounds() (limit, offset int) {
	limit = p.Limit
	if limit <= 0 {
		limit = 50
	}
	return min(limit, 100), max(p.Offset, 0)
}
