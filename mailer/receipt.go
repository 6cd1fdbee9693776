package mailer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"

	"postdesk/core"
)

// A step is how far a transaction had come. What a refusal means hangs on it.
type step int

// The steps, in their order.
const (
	connecting step = iota // also the greeting
	hello
	securing
	signingIn
	sender
	recipient
	content // DATA and the bytes before the final dot
	dot     // the final dot and what is said to it
)

func (s step) String() string {
	return [...]string{"connecting", "at EHLO", "at STARTTLS", "at AUTH", "at MAIL FROM", "at RCPT TO", "at DATA", "after the final dot"}[s]
}

// A failure is an error of a step.
type failure struct {
	at  step
	err error
}

func (f *failure) Error() string { return f.at.String() + ": " + f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func failed(at step, err error) error {
	if err == nil {
		return nil
	}
	return &failure{at, err}
}

// hopeless is a fault of the mail itself, found before a server was asked: no
// later try can mend it.
type hopeless struct {
	enhanced string
	problem  string
}

func (h hopeless) Error() string { return h.problem }

// receiptOf turns whatever went wrong into what is to be done (mail-law section
// 6). It is Later unless a server has refused this recipient or this mail for
// good: a fault of ours, or of the way, must not lose a mail.
func receiptOf(remote string, err error) core.Receipt {
	r := core.Receipt{Outcome: core.Later, Remote: remote, Text: problem(err)}
	at := stepOf(err)
	if h := (hopeless{}); errors.As(err, &h) {
		r.Outcome, r.Enhanced, r.Text = core.Never, h.enhanced, h.problem
		return r
	}
	r.Unreachable = at < sender || closes(err)
	var said *textproto.Error
	if !errors.As(err, &said) {
		r.PerhapsDelivered = at == dot
		return r
	}
	r.Code = said.Code
	r.Enhanced, r.Text = words(said.Msg)
	if r.Text == "" {
		r.Text = fmt.Sprintf("refused %s without a word", at)
	}
	r.PerhapsDelivered = at == dot && said.Code < 400 // an answer, but not one to the dot
	if said.Code >= 500 && said.Code <= 599 && permanent(at, r) {
		r.Outcome = core.Never
	}
	return r
}

func stepOf(err error) step {
	if f := (*failure)(nil); errors.As(err, &f) {
		return f.at
	}
	return connecting
}

// replyOf is the code of the server's refusal, 0 if it gave none.
func replyOf(err error) int {
	if said := (*textproto.Error)(nil); errors.As(err, &said) && said.Code >= 400 {
		return said.Code
	}
	return 0
}

// closes tells that the server ends the service (RFC 5321 section 3.8).
func closes(err error) bool { return replyOf(err) == 421 }

// permanent tells whether a 5xx reply is about this recipient or this mail. A
// relay that wants a password, or does not like our name or our sender, speaks
// of our settings.
func permanent(at step, r core.Receipt) bool {
	switch {
	case r.Code == 530 || r.Code == 534 || r.Code == 535 || r.Code == 538: // RFC 4954 section 6
		return false
	case at >= recipient:
		return true
	}
	// The size is told with MAIL FROM (RFC 1870 section 6.1).
	return at == sender && (r.Code == 552 || r.Enhanced == "5.3.4")
}

// delivered is the receipt of a mail that the server took.
func delivered(remote, said string) core.Receipt {
	r := core.Receipt{Outcome: core.Sent, Code: 250, Remote: remote}
	r.Enhanced, r.Text = words(said)
	return r
}

var enhancedCode = regexp.MustCompile(`^([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:[ \t]+|$)`)

// words reads the text of a reply: the enhanced code of its last line (RFC 2034;
// a first line may lack it), and the lines as one, without codes.
func words(text string) (enhanced, said string) {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if code := enhancedCode.FindStringSubmatch(line); code != nil {
			enhanced = code[1]
			line = line[len(code[0]):]
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return enhanced, oneLine(strings.Join(lines, " "), maxReply)
}

// maxReply is how much of a server's words is kept, in characters.
const maxReply = 500

// problem says in words why there was no reply.
func problem(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted, because this program was stopped"
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return oneLine("no answer in time: "+err.Error(), maxReply)
	case errors.Is(err, net.ErrClosed):
		return "the connection was closed"
	}
	return oneLine(err.Error(), maxReply)
}

// sizeLimit reads the parameter of SIZE; 0 is no limit (RFC 1870 section 4).
func sizeLimit(param string) int {
	n, err := strconv.Atoi(strings.TrimSpace(param))
	if err != nil || n < 0 {
		return 0
	}
	return n
}
