package mailer

import (
	"strings"
	"sync"
	"testing"

	"postdesk/core"
	"postdesk/mailer/mailertest"
)

// A fault is what a server does once, at some place of the dialogue.
type fault struct {
	mailertest.Trick
	reply   core.Receipt // code and words, where it is a reply
	problem string       // what is said of it where it is none
}

// The problems, as a receipt tells them.
const (
	hangs = "read tcp ADDR->ADDR: i/o timeout"
	gone  = "GONE"
)

func faults() map[string]fault {
	type trick = mailertest.Trick
	said := func(code int, enhanced, text string) core.Receipt {
		return core.Receipt{Code: code, Enhanced: enhanced, Text: text}
	}
	return map[string]fault{
		"450":         {trick{Say: "450 4.2.0 not now"}, said(450, "4.2.0", "not now"), ""},
		"550":         {trick{Say: "550 5.7.1 not you"}, said(550, "5.7.1", "not you"), ""},
		"421":         {trick{Say: "421 4.3.2 closing", HangUp: true}, said(421, "4.3.2", "closing"), ""},
		"lines-550":   {trick{Say: "550-we do not\n550-like\n550 5.7.1 you"}, said(550, "5.7.1", "we do not like you"), ""},
		"bare-451":    {trick{Say: "451"}, said(451, "", ""), `short response: "451"`},
		"bare-554":    {trick{Say: "554"}, said(554, "", ""), `short response: "554"`},
		"bare-right":  {trick{Say: mailertest.Code}, core.Receipt{}, `short response: "CODE"`},
		"split":       {trick{Split: true}, said(0, "2.0.0", "taken"), ""},
		"lines-right": {trick{Say: "CODE-one\nCODE-two\nCODE three"}, said(0, "", "one two three"), ""},
		"silence":     {trick{Hang: true}, core.Receipt{}, hangs},
		"half-line":   {trick{Say: "CODE-half", Hang: true}, core.Receipt{}, hangs},
		"drop":        {trick{HangUp: true}, core.Receipt{}, gone},
		"garbage":     {trick{Say: "what is this?"}, core.Receipt{}, `short response: "what is this?"`},
		"disagree":    {trick{Say: "CODE-yes\n599 no"}, core.Receipt{}, hangs},
		"endless":     {trick{Say: "CODE-and" + strings.Repeat(" so on", 80), Endless: true}, core.Receipt{}, "the server talks without end"},
	}
}

// outcomes says what becomes of the mail for each fault at each place: . sent,
// N never, L later, U later and the destination waits, P later and perhaps
// delivered, H the server is taken for one without extensions. The first letter is
// for a relay that must use TLS and a password, the second, if it differs, for
// direct delivery, which does without; - is not tried. With and without PIPELINING
// it is the same.
const outcomes = `
            GREETING EHLO STARTTLS HANDSHAKE AUTH MAIL RCPT DATA BODY DOT RSET QUIT
450         U        H.   U.       U.        U-   L    L    L    L    L   .    .
550         U        H.   U.       U.        U-   L    N    N    N    N   .    .
421         U        U    U.       U.        U-   U    U    U    U    U   .    .
lines-550   U        H.   U.       U.        U-   L    N    N    N    N   .    .
bare-451    U        H.   U.       U.        U-   L    L    L    L    L   .    .
bare-554    U        H.   U.       U.        U-   L    N    N    N    N   .    .
bare-right  U        H.   U.       U.        U-   .    .    .    -    .   .    .
split       .        .    .        U.        .-   .    .    .    -    .   .    .
lines-right .        H.   .        U.        .-   .    .    .    -    .   .    .
silence     U        U    U.       U.        U-   L    L    L    P    P   .    .
half-line   U        U    U.       U.        U-   L    L    L    P    P   .    .
drop        U        U    U.       U.        U-   L    L    L    P    P   .    .
garbage     U        H.   U.       U.        U-   L    L    L    P    P   .    .
disagree    U        H.   U.       U.        U-   L    L    L    P    P   .    .
endless     U        U    U.       U.        U-   L    L    L    P    P   .    .
`

// TestEveryFaultAtEveryVerb is mail-law section 6 against servers that no library
// would be: the outcome, its words, and that the next mail arrives once.
func TestEveryFaultAtEveryVerb(t *testing.T) {
	t.Parallel()
	all, dns := faults(), customers(t)
	var places []string
	for line := range strings.Lines(strings.TrimSpace(outcomes)) {
		cells := strings.Fields(line)
		if places == nil {
			places = cells
			continue
		}
		f, known := all[cells[0]]
		if !known || len(cells) != len(places)+1 {
			t.Fatalf("the table is broken at %q", line)
		}
		delete(all, cells[0])
		t.Run(cells[0], func(t *testing.T) {
			t.Parallel()
			var tries sync.WaitGroup // they mostly wait
			for i, place := range places {
				cell := cells[i+1]
				for _, pipelining := range []bool{false, true} {
					for _, a := range []attempt{{place, nil, pipelining, cell[0]}, {place, dns, pipelining, cell[len(cell)-1]}} {
						if a.outcome != '-' {
							tries.Go(func() { f.try(t, a) })
						}
					}
				}
			}
			tries.Wait()
		})
	}
	for name := range all {
		t.Errorf("%s is not tried", name)
	}
}

// want is the receipt for an outcome.
func (f fault) want(a attempt) core.Receipt {
	r := core.Receipt{Outcome: core.Later, Unreachable: a.outcome == 'U' || a.outcome == 'H', PerhapsDelivered: a.outcome == 'P'}
	step := stepAt[a.place].String()
	ours := stepAt[a.place] >= sender // go-mail reads the replies before
	switch {
	case a.outcome == '.':
		r.Outcome, r.Code, r.Enhanced, r.Text = core.Sent, 250, "2.0.0", "taken"
		if a.place == "DOT" {
			r.Enhanced, r.Text = f.reply.Enhanced, f.reply.Text
		}
		return r
	case a.outcome == 'H':
		r.Text = "at STARTTLS: the server does not offer STARTTLS, which smtp+starttls:// asks for"
		return r
	case a.place == "HANDSHAKE" && (f.Say != "" || f.Split):
		r.Text = "at STARTTLS: tls: first record does not look like a TLS handshake"
		return r
	case f.reply.Code != 0 && (ours || f.reply.Text != ""):
		r.Code, r.Enhanced, r.Text = f.reply.Code, f.reply.Enhanced, f.reply.Text
		if r.Text == "" {
			r.Text = "refused " + step + " without a word"
		}
		if a.outcome == 'N' {
			r.Outcome = core.Never
		}
		return r
	}
	problem := strings.ReplaceAll(f.problem, "CODE", rightAt[a.place])
	if a.place == "EHLO" {
		problem = "smtp: EHLO/HELO exchange failed. EHLO response: " + problem + ", HELO response: " + problem
	}
	if r.Text = step + ": " + problem; f.problem == hangs {
		r.Text = "no answer in time: " + r.Text
	}
	return r
}

var stepAt = map[string]step{"GREETING": connecting, "EHLO": hello, "STARTTLS": securing, "HANDSHAKE": securing, "AUTH": signingIn,
	"MAIL": sender, "RCPT": recipient, "DATA": content, "BODY": dot, "DOT": dot, "RSET": sender, "QUIT": dot}

var rightAt = map[string]string{"GREETING": "220", "STARTTLS": "220", "AUTH": "235"}
