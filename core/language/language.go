// Package language says in the reader's own language what Postdesk tells
// customers: on pages and in mails. The English sentence is the key; each other
// language has a folder of files with one entry a sentence, and English has one
// for what a sentence alone cannot say, such as plurals.
//
// It never fails: what has no entry is said in English. It never escapes
// anything: what it gives is plain text.
package language

import (
	"strings"

	xlanguage "golang.org/x/text/language"
)

// A Tag is a language that Postdesk speaks: "en", "de" (RFC 5646). The empty one
// speaks English.
type Tag string

// The languages.
const (
	English Tag = "en"
	German  Tag = "de"
)

// All are the languages there are, English first.
func All() []Tag { return []Tag{English, German} }

// Name is what its speakers call a language.
func (t Tag) Name() string {
	switch t {
	case German:
		return "Deutsch"
	}
	return "English"
}

// Tags lists the languages as plain text, for queries.
func Tags() (tags []string) {
	for _, t := range All() {
		tags = append(tags, string(t))
	}
	return tags
}

// Known finds the language of a locale such as "de", "de-AT" or "DE_ch"; ok is
// false for one that Postdesk does not speak, and for none.
func Known(locale string) (_ Tag, ok bool) {
	base, _, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(locale), "_", "-"), "-")
	for _, t := range All() {
		if strings.EqualFold(base, string(t)) {
			return t, true
		}
	}
	return English, false
}

// First is the first of these locales that Postdesk speaks, else English.
func First(locales ...string) Tag {
	for _, locale := range locales {
		if t, ok := Known(locale); ok {
			return t
		}
	}
	return English
}

// longestAccept bounds what is read of a header that anybody may write.
const longestAccept = 500

// Accepted is the language that a browser asks for by its Accept-Language header
// (RFC 9110 section 12.5.4); ok is false where it asks for none that Postdesk
// speaks.
func Accepted(header string) (_ Tag, ok bool) {
	if len(header) > longestAccept {
		header = header[:longestAccept]
	}
	wanted, weights, err := xlanguage.ParseAcceptLanguage(header)
	if err != nil {
		return English, false
	}
	for i, w := range wanted { // in the order of their weights
		base, _ := w.Base()
		if t, ok := Known(base.String()); ok && weights[i] > 0 {
			return t, true
		}
	}
	return English, false
}

// Code is the tag as a page or a mail names it: never empty.
func (t Tag) Code() string {
	if t == "" {
		return string(English)
	}
	return string(t)
}
