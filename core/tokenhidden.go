package core

import (
	"strings"
	"unicode/utf8"
)

// HideTokens takes every token of ours out of a text, in whatever pieces it stands
// there: over lines, behind quote marks, in a URL, as a soft line break of
// quoted-printable leaves it. It tells whether there were any. Unlike Redact it
// knows ours from what only looks like one, where the pieces are joined.
func (k Keys) HideTokens(text string) (hidden string, held bool) {
	var b strings.Builder
	done := 0
	joined, at := joinedTokenText(text)
	for from, to := range longRuns(joined, tokenLength, tokenByte) {
		for ; from+tokenLength <= to; from++ {
			token := joined[from : from+tokenLength]
			if !k.mayBegin(token) {
				continue
			}
			if _, ok := k.Read(token); !ok {
				continue
			}
			b.WriteString(text[done:at[from]])
			b.WriteString(redacted)
			from += tokenLength - 1
			done = at[from] + 1
		}
	}
	if done == 0 {
		return Redact(text), false
	}
	b.WriteString(text[done:])
	return Redact(b.String()), true
}

// joinedTokenText leaves out what may stand inside of a token that was broken, and
// tells where each byte stood.
func joinedTokenText(text string) (joined string, at []int) {
	var b strings.Builder
	b.Grow(len(text))
	at = make([]int, 0, len(text))
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r != '>' && r != '=' && !unseen(r) {
			b.WriteString(text[i : i+size])
			for n := range size {
				at = append(at, i+n)
			}
		}
		i += size
	}
	return b.String(), at
}

// mayBegin spares the reading of most texts: a token begins with the number of a
// key that reads and with a purpose.
func (k Keys) mayBegin(token string) bool {
	first := base32Value(token[0])<<3 | base32Value(token[1])>>2
	return k.derived[keyFor{first >> 4, Purpose(first & 15)}] != nil
}

func base32Value(c byte) byte {
	if c <= '7' {
		return c - '2' + 26
	}
	return c | 0x20 - 'a'
}
