package eml

import (
	"strings"

	"postdesk/core"
)

// looksBounced weighs what a bounce in words is known by. Words alone never make
// one: a person may write about a bounce.
func (c clues) looksBounced() bool {
	if c.header.has("x-failed-recipients") {
		return true
	}
	system, words := 0, 0
	switch {
	case c.root.declared.value == "multipart/report" && !c.isReceipt():
		system = 2
	case c.daemon() && (!c.postmaster() || c.nullReturnPath() || c.autoSubmitted() != ""):
		system = 2
	case mailSystemName(c.letter.From), c.nullReturnPath():
		system = 1
	}
	if system == 0 {
		return false
	}
	if bounceSubject(c.letter.Subject) {
		words += 2
	}
	if bounceBody(c.letter.Text) {
		words++
	}
	return words > 0 && system == 2 || words == 3 // who is less sure must say more
}

// postmaster reports whether From is a postmaster, who may also be a person.
func (c clues) postmaster() bool {
	return len(c.letter.From) > 0 && hasFoldPrefix(c.letter.From[0].Address, "postmaster@")
}

// mailSystemName knows senders that a mail system uses besides the usual ones.
func mailSystemName(from []core.NamedAddress) bool {
	for _, f := range from {
		s := strings.ToLower(f.Name + " " + f.Address)
		for _, w := range []string{"mail delivery", "mail.delivery", "maildelivery", "mail deliver", "mail system", "mail_service", "mailer-daemon", "postmaster", "post_master", "system administrator", "microsoft exchange", "delivery subsystem", "mail administrator", "mailerdaemon", "returned mail", "systemadministrator", "administrateur système", "amministratore di sistema", "administrador del sistema", "administrador do sistema", "systeembeheerder", "mail delivery service", "служба доставки"} {
			if strings.Contains(s, w) {
				return true
			}
		}
	}
	return false
}

// bounceSubject knows the subjects of bounces; an answer or a forwarded one is a
// person's.
func bounceSubject(subject string) bool {
	return subjectWeight(subject) < 2 && !isReplySubject(subject) && containsAny(strings.ToLower(cut(subject, maxLineBytes)), bounceSubjects)
}

func bounceBody(text string) bool {
	return containsAny(strings.ToLower(cut(text, maxReportText)), bounceWords)
}

func containsAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// inWords reads a bounce without machine-readable parts.
func (c clues) inWords() *core.Report {
	said := diagnostics(c.letter.Text)
	rep := readStatus(said) // some write the fields into the text
	if rep == nil || len(rep.FailedRecipients) == 0 {
		rep = &core.Report{Action: core.ActionFailed, Status: statusCodes(said)}
		if saysDelayed(c.letter.Subject + "\n" + said) {
			rep.Action = core.ActionDelayed
		}
		rep.Permanent = rep.Action == core.ActionFailed && permanentWords(rep.Status, said)
	}
	for _, v := range c.header.all("x-failed-recipients") {
		for _, a := range parseAddresses(v) {
			rep.FailedRecipients = addOnce(rep.FailedRecipients, a.Address)
		}
	}
	if len(rep.FailedRecipients) == 0 {
		rep.FailedRecipients = c.failedIn(said)
	}
	rep.Text = shortReason(said)
	return rep
}

// diagnostics is the part of a bounce that speaks of the failure, before the mail
// that it returns.
func diagnostics(text string) string {
	text = head(text)
	for at := 0; at < len(text); {
		end := strings.IndexByte(text[at:], '\n')
		next := len(text)
		if end >= 0 {
			next = at + end + 1
		}
		line := strings.TrimLeft(text[at:next], "> \t")
		if at > 0 && (strings.HasPrefix(line, "Received: ") || strings.HasPrefix(line, "Return-Path:") || strings.HasPrefix(line, "Message-ID:") || containsAny(strings.ToLower(line), originalMarks)) {
			return text[:at]
		}
		at = next
	}
	return text
}

func saysDelayed(s string) bool {
	s = strings.ToLower(s)
	return containsAny(s, []string{"not yet been delivered", "delayed", "will continue to", "still trying", "will keep trying", "attempts will continue", "will be retried", "could not send message for past", "no action is required on your part", "this is just a warning", "this is a warning message only"}) &&
		!containsAny(s, []string{"no further", "giving up", "given up", "has been a permanent", "permanent error", "permanent fatal"})
}

// permanentWords judges from codes first; a bounce that names none is final.
func permanentWords(codes []string, said string) bool {
	for _, code := range codes {
		if code[0] == '5' {
			return true
		}
	}
	return len(codes) == 0 && replyClass(said) != '4'
}

// failedIn finds the recipients that a text names as failed: those that begin a
// line, else those in a line that speaks of failing, else the only one there is.
func (c clues) failedIn(said string) []string {
	var leading, accused, any []string
	for line := range strings.SplitSeq(said, "\n") {
		lower := strings.ToLower(line)
		bare := strings.TrimLeft(lower, " \t*>-•<\"'[")
		for _, a := range addressesIn(line) {
			if c.isOwn(a) {
				continue
			}
			any = addOnce(any, a)
			if strings.Contains(lower, "expanded from") && len(leading) > 0 {
				leading[len(leading)-1] = a // the address that was written to
				continue
			}
			if strings.HasPrefix(bare, strings.ToLower(a)) || containsAny(lower, recipientLabels) {
				leading = addOnce(leading, a)
			} else if containsAny(lower, failWords) {
				accused = addOnce(accused, a)
			}
		}
	}
	switch {
	case len(leading) > 0:
		return leading
	case len(accused) > 0:
		return accused
	case len(any) == 1:
		return any
	}
	return nil
}
