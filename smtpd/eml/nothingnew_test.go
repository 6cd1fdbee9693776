package eml

import "testing"

func TestAnAnswerOfQuotesAloneHasNothingNewAndIsShownWhole(t *testing.T) {
	t.Parallel()
	l := Parse([]byte("From: a@x.test\r\nSubject: Re: x\r\n\r\nOn Monday Abe wrote:\r\n> one\r\n> two\r\n"))
	if l.HasNewText() {
		t.Errorf("new: %q", l.NewText())
	}
	if l.NewText() != "On Monday Abe wrote:\n> one\n> two" {
		t.Errorf("shown: %q", l.NewText())
	}
	if said := Parse([]byte("From: a@x.test\r\n\r\nYes.\r\n\r\n> one\r\n")); !said.HasNewText() || said.NewText() != "Yes." {
		t.Errorf("an answer above a quote: %q", said.NewText())
	}
}
