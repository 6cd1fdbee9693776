package core

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTextsThatLookAlikeHaveOneSkeleton(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ sentence, one, other string }{
		{"Cyrillic letters", "Abe Agent", "\u0410b\u0435 Ag\u0435nt"},
		{"Greek letters", "Bob", "\u0392\u03bfb"},
		{"full width", "Abe", "Ａｂｅ"},
		{"digits for letters", "Olga", "O1ga"},
		{"m and rn", "mia", "rnia"},
		{"mathematical letters", "Abe", "𝐀𝐛𝐞"},
		{"marks of direction and joiners", "Abe Agent", "\u202eAbe\u200b A\u200dgent\u2060"},
		{"variation selectors and fillers", "Abe", "A\ufe0fb\u034fe\u115f"},
		{"composed or not", "René", "Rene\u0301"},
	} {
		if Skeleton(c.one) != Skeleton(c.other) {
			t.Errorf("%s: %q is %q, %q is %q", c.sentence, c.one, Skeleton(c.one), c.other, Skeleton(c.other))
		}
	}
	for _, c := range [][2]string{{"Abe", "Ebe"}, {"Abe Agent", "Abe Agents"}, {"", "a"}} {
		if Skeleton(c[0]) == Skeleton(c[1]) {
			t.Errorf("%q and %q are %q", c[0], c[1], Skeleton(c[0]))
		}
	}
	if n := len(prototypes()); n < 4500 {
		t.Errorf("the table has %d characters", n)
	}
}

func TestWhoPretendsToBeOfTheTeamIsTold(t *testing.T) {
	t.Parallel()
	const abe, mia, li = UserID(1), UserID(2), UserID(3)
	desk := newTeam()
	address := func(s string) Address {
		a, err := ParseAddress(s)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	desk.addPerson(abe, "Abe Agent", address("abe@desk.test"))
	desk.addPerson(abe, "Abe Agent", address("abe.private@other.test"))
	desk.addPerson(mia, "Mía Expert", address("mia@partner.test"))
	desk.addPerson(li, "Li", address("li@desk.test"))
	desk.addDomain("desk.test")
	const ofAbe, ofMia = "Uses the name of Abe Agent of your team, but writes from another address.", "Uses the name of Mía Expert of your team, but writes from another address."
	for _, c := range []struct {
		sentence   string
		author     UserID
		from, name string
		want       []string
	}{
		{"a stranger", 0, "cara@acme.test", "Cara Customer", nil},
		{"no name", 0, "cara@acme.test", "", nil},
		{"the very name", 0, "eve@x.test", "Abe Agent", []string{ofAbe}},
		{"in other letter case", 0, "eve@x.test", "ABE AGENT", []string{ofAbe}},
		{"a capital i for a small l is no letter of this name", 0, "eve@x.test", "AbI AgentI", nil},
		{"Cyrillic letters", 0, "eve@x.test", "\u0410b\u0435 Ag\u0435nt", []string{ofAbe}},
		{"turned around by marks of direction, and with nothing between the letters", 0, "eve@x.test", "\u202aA\u200bbe\u2066 Agent\ufeff", []string{ofAbe}},
		{"full width, other spaces", 0, "eve@x.test", "Ａｂｅ\u00a0\u00a0Ａｇｅｎｔ", []string{ofAbe}},
		{"family name first", 0, "eve@x.test", "Agent, Abe", []string{ofAbe}},
		{"written together", 0, "eve@x.test", "AbeAgent", []string{ofAbe}},
		{"with signs", 0, "eve@x.test", "«Abe» - Agent!", []string{ofAbe}},
		{"without the accent", 0, "eve@x.test", "Mia Expert", []string{ofMia}},
		{"rn for m", 0, "eve@x.test", "Rnia Expert", []string{ofMia}},
		{"in the part before the @", 0, "abe.agent@x.test", "", []string{ofAbe}},
		{"a customer of that name is told alike", 9, "abe@home.test", "Abe Agent", []string{ofAbe}},
		{"the person, from a known address", abe, "abe.private@other.test", "Abe Agent", nil},
		{"a colleague with another's name", mia, "mia@partner.test", "Abe Agent", []string{ofAbe}},
		{"part of a name", 0, "eve@x.test", "Abe", nil},
		{"a name too short to be anybody's", 0, "li@x.test", "Li", nil},
		{"an address as name", 0, "eve@x.test", "admin@company.test", []string{"Its name says admin@company.test, but it comes from another address."}},
		{"an address in the name, in full width", 0, "eve@x.test", "Admin (admin＠company.test)", []string{"Its name says admin@company.test, but it comes from another address."}},
		{"its own address as name", 0, "eve@x.test", "Eve@X.test", nil},
		{"an at sign and no address", 0, "eve@x.test", "Eve @ work", nil},
		{"a colleague's address as name", 0, "eve@x.test", "abe@desk.test", []string{"Its name says abe@desk.test, but it comes from another address."}},
		{"a domain that looks like ours", 0, "bob@d\u0435sk.test", "", []string{"Its domain looks like desk.test, but is another one."}},
		{"our own domain", 0, "bob@desk.test", "", nil},
		{"below our own domain", 0, "bob@mail.desk.test", "", nil},
		{"a colleague's address in other letters", 0, "\u0430be@desk.test", "", []string{"Its address looks like that of Abe Agent of your team, but is another one."}},
		{"a colleague's address at a domain that looks like ours", 0, "abe@d\u0435sk.test", "", []string{"Its address looks like that of Abe Agent of your team, but is another one."}},
		{"no usable From", 0, "", "Abe Agent", []string{ofAbe}},
	} {
		var from Address
		if c.from != "" {
			from = address(c.from)
		}
		if got := desk.imitations(c.author, from, c.name); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.sentence, got, c.want)
		}
	}
}

func TestADigestLineLeadsNowhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Log in at https://www.evil.test/now": "Log in at https[://]www[.]evil[.]test/now",
		"eve@x.test":                          "eve[@]x[.]test",
		"a.b.c.d":                             "a[.]b[.]c[.]d",
		"The end. Really":                     "The end. Really",
		"mailto:eve":                          "mailto[:]eve",
		"evil。test":                           "evil[.]test",
		"evi\u200bl.te\u202est":               "evil[.]test",
	} {
		if got := Unlinked(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func FuzzImitations(f *testing.F) {
	for _, seed := range []string{"Abe Agent", "\u0410b\u0435 Ag\u0435nt", "a@b.test", "\xff\xfe", "\u202e", "ﷺ", strings.Repeat("m", 1000), "", "𑜀𑣣"} {
		f.Add(seed, "eve@x.test")
	}
	desk := newTeam()
	abe, _ := ParseAddress("abe@desk.test")
	desk.addPerson(1, "Abe Agent", abe)
	desk.addDomain("desk.test")
	f.Fuzz(func(t *testing.T, name, address string) {
		from, _ := ParseAddress(address)
		once := Skeleton(name)
		if !utf8.ValidString(once) || len(once) > 40*skeletonMost {
			t.Errorf("%q has the skeleton %q", name, once)
		}
		if len(desk.imitations(1, abe, name)) > 1 { // no more than an address in the name
			t.Errorf("Abe imitates with %q", name)
		}
		for _, w := range desk.imitations(0, from, name) {
			if !utf8.ValidString(w) || strings.ContainsFunc(w, func(r rune) bool { return r < ' ' }) {
				t.Errorf("warning %q", w)
			}
		}
		if strings.Contains(Unlinked(name), "://") || strings.Contains(strings.ReplaceAll(Unlinked(name), "[@]", ""), "@") {
			t.Errorf("%q leads somewhere: %q", name, Unlinked(name))
		}
	})
}
