package core

import (
	"slices"
	"strings"
	"testing"
	"time"

	"postdesk/core/language"
)

// TestEveryReasonThatAMailTellsStaffIsGermanToo walks what mails to staff may give
// as their reason.
func TestEveryReasonThatAMailTellsStaffIsGermanToo(t *testing.T) {
	t.Parallel()
	var said []string
	for _, m := range meanings() {
		said = append(said, m.says)
	}
	for _, f := range framings() {
		said = append(said, f.says)
	}
	said = append(said, meaningOf("550 no"), meaningOf("450 no"))
	said = append(said, doubtFrame, doubtQuote, doubtInline, doubtToken, doubtAddress, doubtPanel, doubtMark, strings.ReplaceAll(doubtAttached, "%q", `"a.pdf"`),
		noticeDoubt(NoticeFailed), changedDoubt(true), repeatedDoubt(true))
	own := Facts{Origin: Proven, Kind: KindHuman, Locator: Locator{How: ByOwnToken, Staff: true}}
	reasons := []func(*Facts){
		func(f *Facts) { f.Origin = Unproven },
		func(f *Facts) { f.Locator.Staff = false },
		func(f *Facts) { f.NewerCustomerMessage = true },
		func(f *Facts) {
			f.NewerCustomerMessage, f.NewerBy, f.NewerAt = true, "Cara", time.Date(2026, 3, 2, 7, 15, 0, 0, time.UTC)
		},
		func(f *Facts) { f.NothingNew = true },
		func(f *Facts) { f.NearNotice = true },
		func(f *Facts) { f.VacationSubject = true },
	}
	for _, change := range reasons {
		f := own
		change(&f)
		said = append(said, f.notSent())
	}
	for _, english := range said {
		if german := language.German.Translate(english); english == "" || german == english || strings.Contains(german, "{") {
			t.Errorf("%q is %q in German", english, german)
		}
	}
	for _, s := range Suspensions() {
		if !slices.Contains(language.German.Keys(), s.Label()) {
			t.Errorf("the suspension %q has no German", s.Label())
		}
	}
	if got, want := notSentIn(language.German, notSentReason+own.with(reasons[3]).notSent()+"."), "der Kunde hat inzwischen wieder geschrieben (Cara, 2 March 2026, 07:15 UTC)."; got != want {
		t.Errorf("the draft's reason is %q, want %q", got, want)
	}
}

func (f Facts) with(change func(*Facts)) Facts {
	change(&f)
	return f
}

// TestAProblemIsToldRoundTheServersOwnWords in each language; those words stay.
func TestAProblemIsToldRoundTheServersOwnWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tag        language.Tag
		text, want string
	}{
		{language.English, "mail to cara@acme.test" + failedWords + "550 5.1.1 nobody {why}",
			"Mail to cara@acme.test could not be delivered: There is no such address. Is it written as it should be? Word for word: 550 5.1.1 nobody {why}"},
		{language.German, "mail to cara@acme.test" + failedWords + "550 5.1.1 nobody {why}",
			"Die E-Mail an cara@acme.test konnte nicht zugestellt werden: Diese Adresse gibt es nicht. Ist sie richtig geschrieben? Wörtlich: 550 5.1.1 nobody {why}"},
		{language.German, "mail to cara@acme.test" + failedWords + givenUp("450 4.4.1 timeout"),
			"Die E-Mail an cara@acme.test konnte nicht zugestellt werden: Es wurde fünf Tage lang versucht. Der Server war nicht zu erreichen oder brach ab. Wörtlich: Given up after five days. The last answer was: 450 4.4.1 timeout"},
		{language.German, "mail to cara@acme.test" + delayedWords + "the recipient was disabled",
			"Die E-Mail an cara@acme.test ist nach vier Stunden nicht zugestellt, und es wird weiter versucht: der Empfänger wurde deaktiviert"},
		{language.German, "something else", "Something else"},
	} {
		if got := problemIn(c.tag, c.text); got != c.want {
			t.Errorf("%s: %q is told as\n%q, want\n%q", c.tag, c.text, got, c.want)
		}
	}
}
