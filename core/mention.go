package core

import (
	"cmp"
	"slices"
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
	names, longest := mentionNames(people)
	told := map[string]bool{}
	text = foldCase(text)
	for i := 0; i < len(text); {
		if text[i] != '@' || endsInWord(text[:i]) {
			i++
			continue
		}
		i++
		name, ids := longestName(text[i:], names, longest)
		i += len(name)
		switch {
		case len(ids) == 1 && !slices.Contains(found, ids[0]):
			found = append(found, ids[0])
		case len(ids) > 1 && !told[name]:
			told[name] = true
			ambiguous = append(ambiguous, Ambiguity{name, ids})
		}
	}
	return found, ambiguous
}

// mentionNames gives the people by what they are called, and the length in
// bytes of the longest of it.
func mentionNames(people []Mentionable) (names map[string][]UserID, longest int) {
	names = map[string][]UserID{}
	add := func(name string, id UserID) {
		if name == "" || slices.Contains(names[name], id) {
			return
		}
		names[name] = append(names[name], id)
		longest = max(longest, len(name))
	}
	for _, p := range people {
		add(strings.TrimSpace(foldCase(p.Name)), p.ID)
	}
	addresses := map[string]bool{}
	for _, p := range people {
		if address := foldCase(p.Address.String()); !addresses[address] {
			delete(names, address)
			addresses[address] = true
		}
		add(foldCase(p.Address.String()), p.ID)
	}
	for _, ids := range names {
		slices.SortFunc(ids, cmp.Compare[UserID])
	}
	return names, longest
}

// longestName finds the longest of the names that text begins with, as a whole.
func longestName(text string, names map[string][]UserID, longest int) (string, []UserID) {
	for end := min(len(text), longest); end > 0; end-- {
		if !nameEnds(text[end:]) {
			continue
		}
		if ids, ok := names[text[:end]]; ok {
			return text[:end], ids
		}
	}
	return "", nil
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
