package core

import (
	"maps"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Mentionable is somebody whom a note may mention: enabled staff. One with
// several addresses is given several times.
type Mentionable struct {
	ID      UserID
	Name    string
	Address Address
}

// An Ambiguity is a mention that names several people.
type Ambiguity struct {
	Text       string // the name, in lower case
	Candidates []UserID
}

// FindMentions finds `@Full Name` and `@address` in a note (behaviour.md
// section 5). The longest name wins, letter case and composition do not count,
// an address beats an equal name. Each person and each ambiguity is told once,
// in the order of the note. An address in running text, mia@partner.test,
// mentions nobody.
func FindMentions(text string, people []Mentionable) (found []UserID, ambiguous []Ambiguity) {
	ids := mentionNames(people)
	names := slices.Sorted(maps.Keys(ids))
	told := map[string]bool{}
	text = foldCase(text)
	for i := 0; i < len(text); {
		if text[i] != '@' || endsInWord(text[:i]) {
			i++
			continue
		}
		i++
		name := longestName(text[i:], names)
		i += len(name)
		if name == "" || told[name] {
			continue
		}
		told[name] = true
		if called := ids[name]; len(called) > 1 {
			ambiguous = append(ambiguous, Ambiguity{name, called})
		} else if !slices.Contains(found, called[0]) {
			found = append(found, called[0])
		}
	}
	return found, ambiguous
}

// mentionNames gives the people by what they are called.
func mentionNames(people []Mentionable) map[string][]UserID {
	ids := map[string][]UserID{}
	add := func(name string, id UserID) {
		if name != "" && !slices.Contains(ids[name], id) {
			ids[name] = append(ids[name], id)
		}
	}
	addresses := map[string]UserID{}
	for _, p := range people {
		add(strings.TrimSpace(foldCase(p.Name)), p.ID)
		addresses[foldCase(p.Address.String())] = p.ID
	}
	for address, id := range addresses {
		delete(ids, address)
		add(address, id)
	}
	for _, called := range ids {
		slices.Sort(called)
	}
	return ids
}

// longestName finds the longest of the sorted names that text begins with as a
// whole, or "". It looks no further than the names do.
func longestName(text string, names []string) (longest string) {
	for at := 0; len(names) > 0; at++ { // all of them begin with text[:at]
		if len(names[0]) == at {
			if nameEnds(text[at:]) {
				longest = names[0]
			}
			names = names[1:]
		}
		if at == len(text) {
			break
		}
		from := sort.Search(len(names), func(i int) bool { return names[i][at] >= text[at] })
		to := sort.Search(len(names), func(i int) bool { return names[i][at] > text[at] })
		names = names[from:to]
	}
	return longest
}

// nameEnds tells that a name may end before rest: not inside of a word, of
// Mia-Louise, or of an address.
func nameEnds(rest string) bool {
	if rest == "" {
		return true
	}
	if !utf8.RuneStart(rest[0]) || beginsWithWord(rest) {
		return false
	}
	return strings.IndexByte("-.+@", rest[0]) < 0 || !beginsWithWord(rest[1:])
}

func beginsWithWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return wordRune(r)
}

func endsInWord(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return wordRune(r)
}

func wordRune(r rune) bool {
	return r == '_' || r != utf8.RuneError && unicode.In(r, unicode.L, unicode.M, unicode.N)
}
