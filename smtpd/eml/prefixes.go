package eml

import (
	"slices"
	"strings"
)

// prefixes is a set of words that lines may begin with, sorted; none begins with
// another. However long it is, a line is compared with one of them.
type prefixes []string

func prefixesOf(words ...string) (p prefixes) {
	slices.Sort(words)
	for _, word := range words {
		if len(p) == 0 || !strings.HasPrefix(word, p[len(p)-1]) {
			p = append(p, word)
		}
	}
	return p
}

// begin tells that s begins with one of them: if so, with the last one that does
// not come after s, since all between begin with it.
func (p prefixes) begin(s string) bool {
	at, found := slices.BinarySearch(p, s)
	return found || at > 0 && strings.HasPrefix(s, p[at-1])
}
