package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestEachClaimStandsOnceInTheTable(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, p := range new(allCommand).proofs("proof", "postdesk") {
		if seen[p.id] || p.title == "" || p.run == nil {
			t.Errorf("%s %q", p.id, p.title)
		}
		seen[p.id] = true
	}
	for _, id := range []string{"R1", "R2", "R6", "R7", "R8", "R17", "R21", "A50"} {
		if !seen[id] {
			t.Errorf("%s is not proved", id)
		}
	}
}

func TestTheTableTellsWhatHoldsWhatIsBrokenAndWhatWasNotRun(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	printTable(&b, []outcome{
		{proof: proof{id: "A", title: "one"}, figure: "3 of 3"},
		{proof: proof{id: "B", title: "two"}, err: errors.New("mail was lost\nand more")},
		{proof: proof{id: "C", title: "three"}, err: fmt.Errorf("wrapped: %w", notRun("no loop device"))},
	})
	for _, want := range []string{"holds\n      3 of 3\n", "BROKEN: mail was lost\n", "not run: no loop device\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}

func TestTheFigureOfAProofIsItsMarkedLineElseItsLast(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"one\ntwo\n":                           "two",
		"figure: 7 kills\nproof: it is lost\n": "7 kills",
		"fig\n\n":                              "fig",
	} {
		l := &lastWords{out: new(strings.Builder)}
		for _, octet := range []byte(said) { // it comes in any pieces
			_, _ = l.Write([]byte{octet})
		}
		if l.figure != want {
			t.Errorf("%q: %q, want %q", said, l.figure, want)
		}
	}
}

func TestTheJudgeKnowsTheSameMailByAnotherWay(t *testing.T) {
	t.Parallel()
	p := posted{from: "a@x", subject: "A", to: "s@x,b@x", digest: digest("a"), acked: true}
	row := func(state, to, raw string) storedMail {
		return storedMail{From: "a@x", State: state, To: to, Digest: digest(raw)}
	}
	later, changed := p, p
	later.later, changed.versions = 1, [][32]byte{digest("b")}
	told := []storedNotice{{"A", "staff_notice", "o@x", 1}}
	for _, c := range []struct {
		name    string
		sent    posted
		mails   []storedMail
		notices []storedNotice
		want    verdict
	}{
		{"taken once", p, []storedMail{row("success", "s@x,b@x", "a")}, told, verdict{}},
		{"for some first, then for all", later, []storedMail{row("success", "b@x", "a"), row("rejected", "s@x,b@x", "a")}, told, verdict{}},
		{"that without a refusal", p, []storedMail{row("success", "b@x", "a"), row("rejected", "s@x,b@x", "a")}, told, verdict{doubled: 1, stuck: 1}},
		{"twice for the same", later, []storedMail{row("success", "s@x,b@x", "a"), row("rejected", "s@x,b@x", "a")}, told, verdict{doubled: 1}},
		{"for somebody else", p, []storedMail{row("success", "z@x", "a")}, told, verdict{altered: 1}},
		{"changed on its way", changed, []storedMail{row("success", "s@x,b@x", "a"), row("rejected", "s@x,b@x", "b")}, told, verdict{}},
		{"changed, and filed twice", changed, []storedMail{row("success", "s@x,b@x", "a"), row("success", "s@x,b@x", "b")}, told, verdict{doubled: 1}},
		{"changed by us", changed, []storedMail{row("success", "s@x,b@x", "c")}, told, verdict{altered: 1}},
		{"and nobody was told", p, []storedMail{row("success", "s@x,b@x", "a")}, nil, verdict{lost: 1}},
		{"and the owner was told twice", p, []storedMail{row("success", "s@x,b@x", "a")}, []storedNotice{{"A", "staff_notice", "o@x", 2}}, verdict{doubled: 1}},
	} {
		f := findings{mails: c.mails, messages: []storedMessage{{1, 1, "A", "a@x", true}}, owners: []string{"o@x"}, notices: c.notices}
		if got, _ := judge([]posted{c.sent}, f); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
