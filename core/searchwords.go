package core

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"
	"golang.org/x/text/unicode/norm"
)

// What of a text can be found (search_vector in the database).
const (
	searchedRunes    = 50_000
	longestLexeme    = 2046   // octets, of a tsvector
	lastPosition     = 16_383 // later words count as there
	positionsOfAWord = 255
)

// searchWords are the words of a text, the same that search_vector makes of it:
// PostgreSQL's parser takes more time for a mail than all else that is done to file it.
// A test holds the two against each other.
func searchWords(text string) pgtype.TSVector {
	v := vector{at: map[string]int{}}
	word := -1
	folded := searchFold(firstRunes(text, searchedRunes))
	for i, r := range folded {
		switch {
		case r < utf8.RuneSelf:
			if !isPlainWord[r] {
				v.add(cutWord(folded, &word, i))
			} else if word < 0 {
				word = i
			}
		case word >= 0 && unicode.In(r, unicode.Mn, unicode.Me) && !standsAlone(r):
			// a mark on the letter before it
		case !isSearched(r):
			v.add(cutWord(folded, &word, i))
		case standsAlone(r):
			v.add(cutWord(folded, &word, i))
			v.add(string(r))
		case word < 0:
			word = i
		}
	}
	v.add(cutWord(folded, &word, len(folded)))
	return pgtype.TSVector{Lexemes: v.words, Valid: true}
}

// cutWord ends the word that began at *from, if one did.
func cutWord(text string, from *int, to int) string {
	if *from < 0 {
		return ""
	}
	word := text[*from:to]
	*from = -1
	return word
}

// A vector is the words of a text in the order of their first places.
type vector struct {
	at    map[string]int
	words []pgtype.TSVectorLexeme
	last  uint16
}

func (v *vector) add(word string) {
	if word == "" || len(word) > longestLexeme {
		return
	}
	v.last = min(v.last+1, lastPosition)
	n, known := v.at[word]
	if !known {
		n = len(v.words)
		v.at[word] = n
		v.words = append(v.words, pgtype.TSVectorLexeme{Word: word})
	}
	places := v.words[n].Positions
	if known && (len(places) == positionsOfAWord || places[len(places)-1].Position == v.last) {
		return
	}
	v.words[n].Positions = append(places, pgtype.TSVectorPosition{Position: v.last, Weight: pgtype.TSVectorWeightD})
}

// lettersAsTwo are letters that people also write as others.
var lettersAsTwo = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "ł", "l", "đ", "d", "ı", "i", "ħ", "h")

// searchFold is search_fold of the database, but for the signs between words.
func searchFold(s string) string {
	s = strings.ToLower(s)
	if isASCII(s) {
		return s
	}
	s = strings.Map(func(r rune) rune {
		if r >= 0x300 && r <= 0x36f { // an accent
			return -1
		}
		return r
	}, norm.NFKD.String(lettersAsTwo.Replace(s)))
	return strings.ToLower(s)
}

// standsAlone tells a letter of the scripts that put no spaces between words.
func standsAlone(r rune) bool {
	return r >= 0xe00 && (r <= 0xeff || r >= 0x1000 && r <= 0x109f || r >= 0x1780 && r <= 0x17ff || r >= 0x3040 && r <= 0x30ff ||
		r >= 0x3400 && r <= 0x9fff || r >= 0xf900 && r <= 0xfaff || r >= 0x20000 && r <= 0x3ffff)
}

// isSearched tells a letter or digit beyond ASCII, of which words are made.
func isSearched(r rune) bool {
	return unicode.In(r, unicode.Letter, unicode.Nd, unicode.Nl, unicode.Other_Alphabetic)
}

// isPlainWord are the letters and digits of ASCII.
var isPlainWord = func() (is [utf8.RuneSelf]bool) {
	for _, r := range "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" {
		is[r] = true
	}
	return is
}()
