package language

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestTheFilesOfAllLanguagesAreSound(t *testing.T) {
	t.Parallel()
	for _, fault := range Faults() {
		t.Error(fault)
	}
	holes := regexp.MustCompile(`\{\w+\}`)
	set := func(text string) []string {
		return slices.Compact(slices.Sorted(slices.Values(holes.FindAllString(text, -1))))
	}
	for tag, b := range books {
		for key, e := range b.entries {
			if e.forms != nil && (e.forms["one"] == "" || e.forms["other"] == "") {
				t.Errorf("%s: %q has not both forms", tag, key)
			}
			for _, text := range e.texts() {
				if text == "" || strings.TrimSpace(text) != text {
					t.Errorf("%s: %q says %q", tag, key, text)
				}
				if !slices.Equal(set(key), set(text)) && !(e.forms != nil && strings.Contains(text, "ein")) {
					t.Errorf("%s: %q has other placeholders: %q", tag, key, text)
				}
				if marks(key) != marks(text) {
					t.Errorf("%s: %q has other marks: %q", tag, key, text)
				}
			}
		}
		for key := range books[English].entries {
			if _, ok := b.entries[key]; !ok {
				t.Errorf("%s has no %q", tag, key)
			}
		}
		if got, want := slices.Sorted(maps.Keys(b.mails)), slices.Sorted(maps.Keys(books[English].mails)); !slices.Equal(got, want) {
			t.Errorf("%s has mails %q, English %q", tag, got, want)
		}
	}
}

// marks counts the bold words and the links of a sentence.
func marks(text string) [2]int {
	return [2]int{strings.Count(text, "**"), strings.Count(text, "](")}
}

func TestAFileWithAFaultIsTold(t *testing.T) {
	t.Parallel()
	_, faults := read(fstest.MapFS{"de/a.json": {Data: []byte(`{"Hello": "Hallo"`)}, "de/b.json": {Data: []byte(`{"x": "y"}`)}, "de/c.json": {Data: []byte(`{"x": "z"}`)}})
	if len(faults) != 2 {
		t.Errorf("told %q, want the broken file and the sentence that stands twice", faults)
	}
}

func TestASentenceIsSaidWithItsValuesAsData(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tag      Tag
		sentence string
		values   []any
		want     string
	}{
		{English, "Hello {name}", []any{"name", "{name} {n}"}, "Hello {name} {n}"},
		{German, "No entry at all {x}", []any{"x", 1}, "No entry at all 1"},
		{German, "{n} days ago", []any{"n", 1}, "vor 1 Tag"},
		{German, "{n} days ago", []any{"n", 5}, "vor 5 Tagen"},
		{English, "{n} days ago", []any{"n", int64(1)}, "1 day ago"},
		{English, "{n} days ago", []any{"n", 0}, "0 days ago"},
		{English, "{ open", nil, "{ open"},
		{English, "} {x", []any{"x", "y"}, "} {x"},
		{English, "{missing}", nil, "{missing}"},
		{"xx", "{n} days ago", []any{"n", 2}, "2 days ago"},
	} {
		if got := c.tag.Say(c.sentence, c.values...); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.tag, c.sentence, got, c.want)
		}
	}
}

func TestAFinishedSentenceIsTranslatedByTheWordsRoundItsValues(t *testing.T) {
	t.Parallel()
	for english, want := range map[string]string{
		"A name is needed.": "Ein Name wird benötigt.",
		"There is no such timezone. Did you mean Europe/Berlin?":     "Diese Zeitzone gibt es nicht. Meinten Sie Europe/Berlin?",
		"There is no such timezone.":                                 "Diese Zeitzone gibt es nicht.",
		"Words that nobody translated stay as they are, with {name}": "Words that nobody translated stay as they are, with {name}",
		"": "",
	} {
		if got := German.Translate(english); got != want {
			t.Errorf("%q: %q, want %q", english, got, want)
		}
		if got := English.Translate(english); got != english {
			t.Errorf("English changes %q to %q", english, got)
		}
	}
}

func TestTheLanguageOfABrowserIsTheFirstThatIsSpoken(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]Tag{
		"de": German, "de-AT,de;q=0.9,en;q=0.8": German, "en-GB,en;q=0.9,de;q=0.8": English, "fr-FR,fr;q=0.9,de;q=0.5,en;q=0.3": German,
		"": "", "*": "", "fr": "", "de;q=0": "", "DE-ch": German, "\x00;;,": "", strings.Repeat("fr,", 10_000) + "de": "",
	} {
		got, ok := Accepted(header)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%.40q: %s %v, want %q", header, got, ok, want)
		}
	}
	for locale, want := range map[string]Tag{"de": German, "de_AT": German, "DE": German, "en-US": English, "fr": "", "": "", "deutsch": ""} {
		if got, ok := Known(locale); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %s %v", locale, got, ok)
		}
	}
	if First("fr", "", "de-CH", "en") != German || First() != English {
		t.Error("not the first that is spoken")
	}
}

func TestTimesAreWrittenAsTheReaderWritesThem(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 5, 7, 0, time.UTC)
	for layout, want := range map[string][2]string{
		Exact: {"Monday, 2 March 2026, 09:05:07", "Montag, 2. März 2026, 09:05:07"},
		Long:  {"Monday, 2 March 2026, 09:05", "Montag, 2. März 2026, 09:05"},
		Date:  {"2 March 2026", "2. März 2026"}, Day: {"2 Mar", "2. März"}, OldDay: {"2 Mar 2026", "2. März 2026"},
		Clock: {"09:05, Monday", "09:05 Uhr, Montag"}, "15:04": {"09:05", "09:05"},
	} {
		if got := [2]string{English.Time(at, layout), German.Time(at, layout)}; got != want {
			t.Errorf("%s: %q, want %q", layout, got, want)
		}
	}
}

func FuzzSay(f *testing.F) {
	f.Add("Hello {name}, {n}", "{name}")
	f.Add("{", "}")
	f.Add("}{x}", "")
	f.Add("There is no such timezone. Did you mean {n}?", "x")
	f.Fuzz(func(t *testing.T, sentence, value string) {
		for _, tag := range All() {
			tag.Say(sentence, "name", value, "n", 3)
			tag.Translate(sentence)
			Accepted(sentence)
			Known(value)
		}
	})
}
