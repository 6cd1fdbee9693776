package language

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// A pattern knows a finished English sentence again by the words round its
// placeholders.
type pattern struct {
	english *regexp.Regexp
	names   []string
	entry   entry
}

var placeholder = regexp.MustCompile(`\\\{(\w+)\\\}`)

// patternsOf are the sentences with placeholders, those with most words first.
func patternsOf(entries map[string]entry) (all []pattern) {
	var keys []string
	for key := range entries {
		if strings.Contains(key, "{") {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	for _, key := range keys {
		p := pattern{entry: entries[key]}
		quoted := placeholder.ReplaceAllStringFunc(regexp.QuoteMeta(key), func(found string) string {
			p.names = append(p.names, strings.Trim(found, `\{}`))
			return `(.+)`
		})
		if made, err := regexp.Compile(`^` + quoted + `$`); err == nil && strings.Count(quoted, "(.+)")*4+6 < len(quoted) {
			p.english = made
			all = append(all, p)
		}
	}
	return all
}

// Translate says a finished English sentence, such as a fault of core's, in a
// language: by its words, or by those round its values. What has no entry stays
// English.
func (t Tag) Translate(english string) string {
	if t == English || t == "" || english == "" {
		return english
	}
	if e, ok := t.book().entries[english]; ok && e.forms == nil {
		return e.text
	}
	const longest = 1000
	if len(english) > longest {
		return english
	}
	for _, p := range t.book().patterns {
		found := p.english.FindStringSubmatch(english)
		if found == nil {
			continue
		}
		var values []any
		for i, name := range p.names {
			values = append(values, name, found[i+1])
		}
		return fill(p.entry.form(t, values), values, func(text string) string { return text })
	}
	return english
}
