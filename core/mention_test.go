package core_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"postdesk/core"
)

func staff(t testing.TB) []core.Mentionable {
	return []core.Mentionable{
		{ID: 1, Name: "Mia", Address: address(t, "mia@partner.test")},
		{ID: 2, Name: "Mia Park", Address: address(t, "mia.park@desk.test")},
		{ID: 3, Name: "Zoë  Ångström", Address: address(t, "zoe@desk.test")},
		{ID: 4, Name: "Sam Lee", Address: address(t, "sam1@desk.test")},
		{ID: 5, Name: "sam lee", Address: address(t, "sam2@desk.test")},
		{ID: 6, Name: "Abe", Address: address(t, "abe@desk.test")},
		{ID: 6, Name: "Abe", Address: address(t, "abe@other.test")},
		{ID: 7, Name: "Sam Lee Jones"},
		{ID: 8, Name: "李明"},
		{ID: 9, Name: "O'Brien (Ops)"},
		{ID: 10, Name: "abe@desk.test"}, // a name that is another's address
		{ID: 11, Name: ""},
		{ID: 12, Name: "ΟΔΥΣΣΕΥΣ"},
		{ID: 13, Name: "ẖa"},
	}
}

func TestMentionsAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []core.UserID
	}{
		{"a name", "@Abe please look", []core.UserID{6}},
		{"alone", "@Abe", []core.UserID{6}},
		{"the longest name wins", "@Mia Park knows", []core.UserID{2}},
		{"the shorter one", "@Mia parked it", []core.UserID{1}},
		{"longest of three words", "@Sam Lee Jones", []core.UserID{7}},
		{"other letter case", "@MIA PARK", []core.UserID{2}},
		{"other composition", "@zoe\u0308 a\u030angstro\u0308m", []core.UserID{3}},
		{"composes in lower case only", "@H\u0331A", []core.UserID{13}},
		{"final sigma", "@οδυσσευς", []core.UserID{12}},
		{"other spaces", "@Mia\u00a0\tPark", []core.UserID{2}},
		{"a name ends with its line", "@Mia\nPark", []core.UserID{1}},
		{"no Latin letters", "(@李明)", []core.UserID{8}},
		{"a name with signs", "ask @o'brien (ops).", []core.UserID{9}},
		{"possessive", "@Mia's case", []core.UserID{1}},
		{"an address", "@mia@partner.test, see", []core.UserID{1}},
		{"an address at the end of a sentence", "ask @Mia.Park@DESK.test.", []core.UserID{2}},
		{"the second address", "@abe@other.test", []core.UserID{6}},
		{"an address beats an equal name", "@abe@desk.test", []core.UserID{6}},
		{"several, each once, in order", "@Mia @Abe,@mia @abe/@Mia Park", []core.UserID{1, 6, 2}},
		{"an address in running text", "write to mia@partner.test", nil},
		{"an address in brackets", "<abe@desk.test>", nil},
		{"in a word", "x@Abe", nil},
		{"an unknown address that begins with a name", "@mia@elsewhere.test", nil},
		{"an unknown address with a dotted name", "@mia.x@elsewhere.test", nil},
		{"a longer domain", "@mia@partner.test.example", nil},
		{"part of a name", "@Park", nil},
		{"a longer word", "@Miamor", nil},
		{"a longer word with a mark", "@Abe\u0301", nil},
		{"another with a double name", "@Mia-Louise", nil},
		{"with a number", "@Abe2", nil},
		{"nobody", "@Bob and @ and @@", nil},
		{"a doubled sign", "@@Abe", []core.UserID{6}},
		{"nothing", "", nil},
		{"no text at all", "\xff@\xfe", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found, ambiguous := core.FindMentions(c.text, staff(t))
			if !slices.Equal(found, c.want) || len(ambiguous) > 0 {
				t.Errorf("%q: %v, %v; want %v", c.text, found, ambiguous, c.want)
			}
		})
	}
}

func TestAnAmbiguousMentionIsToldWithItsCandidates(t *testing.T) {
	t.Parallel()
	found, ambiguous := core.FindMentions("@Sam Lee and @Abe, @SAM LEE again", staff(t))
	want := []core.Ambiguity{{Text: "sam lee", Candidates: []core.UserID{4, 5}}}
	if !slices.Equal(found, []core.UserID{6}) || !reflect.DeepEqual(ambiguous, want) {
		t.Errorf("%v, %v", found, ambiguous)
	}
	found, ambiguous = core.FindMentions("@sam2@desk.test", staff(t))
	if !slices.Equal(found, []core.UserID{5}) || ambiguous != nil {
		t.Errorf("by address: %v, %v", found, ambiguous)
	}
}

func TestNobodyIsMentionedWhereNobodyCanBe(t *testing.T) {
	t.Parallel()
	if found, ambiguous := core.FindMentions("@Abe @abe@desk.test @", nil); found != nil || ambiguous != nil {
		t.Errorf("%v, %v", found, ambiguous)
	}
}

func FuzzFindMentions(f *testing.F) {
	for _, s := range []string{"@Mia Park, @sam lee", "@abe@desk.test", "@Zoe\u0308 Ångström", "@\xff", "x@Abe", strings.Repeat("@Mia ", 20)} {
		f.Add(s)
	}
	people := staff(f)
	f.Fuzz(func(t *testing.T, text string) {
		found, ambiguous := core.FindMentions(text, people)
		if len(found)+len(ambiguous) > strings.Count(text, "@") {
			t.Fatalf("%q: %v, %v", text, found, ambiguous)
		}
		for i, id := range found {
			if id < 1 || id > 13 || slices.Contains(found[:i], id) {
				t.Fatalf("%q: %v", text, found)
			}
		}
		for _, a := range ambiguous {
			if len(a.Candidates) < 2 || !slices.IsSorted(a.Candidates) {
				t.Fatalf("%q: %v", text, a)
			}
		}
		if upper, _ := core.FindMentions(text+"\n@MIA PARK", people); !slices.Contains(upper, 2) {
			t.Fatalf("a mention behind %q is not found", text)
		}
	})
}
