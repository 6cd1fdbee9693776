package language

import (
	"fmt"
	"strings"

	"golang.org/x/text/feature/plural"
	xlanguage "golang.org/x/text/language"
)

// Say says a sentence in a language. What follows are names and values of its
// placeholders: Say("Hello, {name}.", "name", "Cara"). A value named n, a whole
// number, chooses the form. The values come in as they are: a brace in one is a
// brace.
func (t Tag) Say(sentence string, values ...any) string {
	return fill(t.find(sentence, values), values, func(text string) string { return text })
}

// Open is the sentence in a language, in its form for the value n, its placeholders
// still open: for who has to escape each part before Fill puts the values in.
func (t Tag) Open(sentence string, values ...any) string { return t.find(sentence, values) }

// Fill puts values into an open sentence, each as the function gives it.
func Fill(open string, as func(string) string, values ...any) string { return fill(open, values, as) }

// find gives what a language has for a sentence, with its placeholders open.
func (t Tag) find(sentence string, values []any) string {
	for _, tag := range []Tag{t, English} {
		if e, ok := tag.book().entries[sentence]; ok {
			return e.form(tag, values)
		}
	}
	return sentence
}

// form is the form for the number n (CLDR plural rules).
func (e entry) form(t Tag, values []any) string {
	if e.forms == nil {
		return e.text
	}
	n := max(number(values), -number(values))
	category := "other"
	if plural.Cardinal.MatchPlural(xlanguage.Make(string(t)), n, 0, 0, 0, 0) == plural.One {
		category = "one"
	}
	if text, ok := e.forms[category]; ok {
		return text
	}
	return e.forms["other"]
}

func number(values []any) int {
	for i := 0; i+1 < len(values); i += 2 {
		if values[i] != "n" {
			continue
		}
		switch n := values[i+1].(type) {
		case int:
			return n
		case int64:
			return int(n)
		}
	}
	return 0
}

// fill puts the values in, in one pass: what looks like a placeholder in a value
// is not one.
func fill(text string, values []any, as func(string) string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	var b strings.Builder
	for text != "" {
		at := strings.IndexByte(text, '{')
		end := strings.IndexByte(text[max(at, 0):], '}') + max(at, 0)
		if at < 0 || end <= at {
			break
		}
		b.WriteString(text[:at])
		if value, ok := valueOf(text[at+1:end], values); ok {
			b.WriteString(as(value))
		} else {
			b.WriteString(text[at : end+1])
		}
		text = text[end+1:]
	}
	b.WriteString(text)
	return b.String()
}

func valueOf(name string, values []any) (string, bool) {
	for i := 0; i+1 < len(values); i += 2 {
		if values[i] == name {
			return fmt.Sprint(values[i+1]), true
		}
	}
	return "", false
}
