package web

import (
	"errors"
	"fmt"
	"hash/fnv"
	"html/template"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"postdesk/core"
	"postdesk/core/language"
)

// funcs are what templates can call. Times are methods of base: they need the
// reader's zone.
func funcs() template.FuncMap {
	return template.FuncMap{
		"categoryPath": func(c core.HelpCategory) string { return pathOfCategory(c.ID, c.Title) },
		"sectionPath":  func(s core.HelpSection) string { return pathOfSection(s.ID, s.Title) },
		"searchPath":   searchPath, "signInPath": signInPath, "excerptOf": excerptOf,
		"dict": dict, "list": func(items ...any) []any { return items },
		"initials": initials, "tint": tint, "linked": linked, "shown": shown,
		"zoneNames": zoneNames, "thumb": thumb, "detail": detail, "len64": func(b []byte) int64 { return int64(len(b)) }, "words": words, "upperFirst": upperFirst, "join": strings.Join,
		"doubts": doubts, "signed": signed, "mailWord": wordOf, "domain": core.ShownDomain, "article": withArticle, "articled": articled,
		"lower": func(v any) string { return strings.ToLower(fmt.Sprint(v)) },
	}
}

// doubts are the warnings that no badge tells already.
func doubts(warnings []string) []string {
	return slices.DeleteFunc(slices.Clone(warnings), func(w string) bool { return w == core.WarnNotVerified || w == core.WarnSigned })
}

// signed tells a mail that is signed: nothing to worry about, and no proof.
func signed(warnings []string) bool { return slices.Contains(warnings, core.WarnSigned) }

// dict hands several values to a shared piece.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict: odd number of arguments")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, errors.New("dict: a key is no string")
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}

// initials are the letters in the round picture of a person.
func initials(name string) string {
	var letters []rune
	for _, word := range strings.Fields(shown(name)) {
		if r, _ := utf8.DecodeRuneInString(word); unicode.IsLetter(r) || unicode.IsDigit(r) {
			letters = append(letters, unicode.ToUpper(r))
		}
	}
	switch len(letters) {
	case 0:
		return "?"
	case 1:
		return string(letters)
	}
	return string([]rune{letters[0], letters[len(letters)-1]})
}

// tint is the colour of a person's picture, always the same one.
func tint(of any) string {
	h := fnv.New32a()
	fmt.Fprint(h, of)
	return fmt.Sprintf("tint-%d", h.Sum32()%8)
}

func size(n int64) string { return sizeIn(language.English, n) }

// sizeIn is a size in words of a language, with its own decimal mark.
func sizeIn(tag language.Tag, n int64) string {
	switch {
	case n < 1000:
		return tag.Say("{n} bytes", "n", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.0f KB", float64(n)/1000)
	}
	return tag.Decimal(float64(n)/1_000_000) + " MB"
}

// shown takes out of a text what is there to deceive: characters that turn the
// direction of writing, that show nothing, or that control something
// (reliability A14, A16).
func shown(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c,
			r == 0x200b, r == 0x2060, r == 0xfeff, unicode.Is(unicode.Cc, r):
			return -1
		}
		return r
	}, text)
}

// A piece is a stretch of plain text, a link if it has an address.
type piece struct{ Text, Link string }

var urlInText = regexp.MustCompile(`https?://[^\s<>"'\x60]+`)

// linked finds the web addresses of a text. Whatever it gives is still escaped by
// the template.
func linked(text string) []piece {
	var pieces []piece
	text = shown(text)
	at := 0
	for _, m := range urlInText.FindAllStringIndex(text, 2000) {
		end := m[0] + len(strings.TrimRight(text[m[0]:m[1]], ".,;:!?)]}*_"))
		if m[0] > at {
			pieces = append(pieces, piece{Text: text[at:m[0]]})
		}
		pieces = append(pieces, piece{Text: text[m[0]:end], Link: text[m[0]:end]})
		at = end
	}
	if at < len(text) {
		pieces = append(pieces, piece{Text: text[at:]})
	}
	return pieces
}

// words makes a name of the interface readable: "staff_notice" is "staff notice".
func words(v any) string {
	return strings.ReplaceAll(strings.ToLower(fmt.Sprint(v)), "_", " ")
}

func upperFirst(v any) string {
	text := fmt.Sprint(v)
	r, n := utf8.DecodeRuneInString(text)
	if n == 0 {
		return ""
	}
	return string(unicode.ToUpper(r)) + text[n:]
}

// thumb tells a picture that a page shows at once; what it really is, file checks.
func thumb(f core.AttachmentRef) bool {
	switch f.ContentType {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return f.Size < 5_000_000
	}
	return false
}

// detail says what an event is about, in a stable order.
func detail(of map[string]any) string {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(of)) {
		switch value := of[key].(type) {
		case nil:
		case map[string]any:
			if c := changeOf(key, value, nil); c.To != "" {
				parts = append(parts, fmt.Sprintf("%s: %s → %s", words(key), c.From, c.To))
			}
		case []any:
			parts = append(parts, fmt.Sprintf("%s: %d", words(key), len(value)))
		default:
			parts = append(parts, fmt.Sprintf("%s: %v", words(key), value))
		}
	}
	return shown(strings.Join(parts, ", "))
}

func roleName(r core.Role) string { return upperFirst(string(r)) }
