package language

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// The files that translators edit: LANGUAGE/*.json holds sentences, one entry
// each, with placeholders by name in braces; LANGUAGE/mails/KIND.txt is what a mail
// of a kind says.
//
//go:embed en de
var files embed.FS

// An entry is a sentence in one language, or its forms by number.
type entry struct {
	text  string
	forms map[string]string // by CLDR category: "one", "other"
}

// UnmarshalJSON reads a sentence or an object of forms.
func (e *entry) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '{' {
		return json.Unmarshal(raw, &e.forms)
	}
	return json.Unmarshal(raw, &e.text)
}

// texts are all that the forms of an entry say.
func (e entry) texts() []string {
	if e.forms == nil {
		return []string{e.text}
	}
	var all []string
	for _, text := range e.forms {
		all = append(all, text)
	}
	return all
}

// A book is all that one language says.
type book struct {
	entries  map[string]entry
	patterns []pattern
	mails    map[string]Mail
}

// books are read once. A file that cannot be read leaves its sentences English;
// Faults tells of it, and a test looks.
var books, faults = read(files)

// Faults are what is wrong with the files that the program brings.
func Faults() []string { return slices.Clone(faults) }

func read(files fs.FS) (map[Tag]*book, []string) {
	all, faults := map[Tag]*book{}, []string{}
	for _, tag := range All() {
		b := &book{entries: map[string]entry{}, mails: map[string]Mail{}}
		all[tag] = b
		names, _ := fs.Glob(files, string(tag)+"/*.json")
		for _, name := range names {
			faults = append(faults, b.add(files, name)...)
		}
		mails, _ := fs.Glob(files, string(tag)+"/mails/*.txt")
		for _, name := range mails {
			raw, err := fs.ReadFile(files, name)
			if err != nil {
				faults = append(faults, err.Error())
			}
			b.mails[strings.TrimSuffix(path.Base(name), ".txt")] = readMail(string(raw))
		}
		b.patterns = patternsOf(b.entries)
	}
	return all, faults
}

// add reads a file. A sentence that another file has already is a fault: nobody
// would know which one counts.
func (b *book) add(files fs.FS, name string) (faults []string) {
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return []string{err.Error()}
	}
	var found map[string]entry
	if err := json.Unmarshal(raw, &found); err != nil {
		return []string{fmt.Sprintf("%s: %v", name, err)}
	}
	for key, e := range found {
		if _, twice := b.entries[key]; twice {
			faults = append(faults, fmt.Sprintf("%s: %q stands in another file, too", name, key))
		}
		b.entries[key] = e
	}
	return faults
}

func (t Tag) book() *book {
	if b, ok := books[t]; ok {
		return b
	}
	return books[English]
}

// Keys are the sentences that a language has an entry for, to hold them against
// those that are used.
func (t Tag) Keys() (keys []string) {
	for key := range t.book().entries {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
