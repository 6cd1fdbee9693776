package web

import (
	"fmt"

	"postdesk/core"
)

// paging is the foot of a list.
type paging struct {
	From, To, Total int
	Newer, Older    string // addresses, or ""
}

const pageSize = 50

// listPage reads which page of a list is asked for.
func listPage(v *visit) core.Page { return pieceOf(v, "page", pageSize) }

// pagingOf makes the foot for a list of n lines out of total.
func pagingOf(v *visit, p core.Page, n, total int) paging { return footOf(v, "page", p, n, total) }

// pieceOf reads which piece is asked for of one of several lists of a page.
func pieceOf(v *visit, name string, size int) core.Page {
	n := number[core.ConversationID](v.query(name))
	if n < 1 || n > 100_000 {
		n = 1
	}
	return core.Page{Limit: size, Offset: int(n-1) * size}
}

// footOf is pagingOf for a list that has a name in the address.
func footOf(v *visit, name string, p core.Page, n, total int) paging {
	at := func(piece int) string {
		q := v.r.URL.Query()
		q.Del("said")
		q.Set(name, fmt.Sprint(piece))
		return v.r.URL.Path + "?" + q.Encode()
	}
	foot := paging{From: p.Offset + 1, To: p.Offset + n, Total: total}
	current := p.Offset/p.Limit + 1
	if n == 0 {
		foot.From = 0
	}
	if current > 1 {
		foot.Newer = at(current - 1)
	}
	if foot.To < total && n > 0 {
		foot.Older = at(current + 1)
	}
	return foot
}
