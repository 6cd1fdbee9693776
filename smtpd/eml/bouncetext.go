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
	return words > 0 && system+words >= 3
}

// postmaster reports whether From is a postmaster, who may also be a person.
func (c clues) postmaster() bool {
	return len(c.letter.From) > 0 && hasFoldPrefix(c.letter.From[0].Address, "postmaster@")
}

// mailSystemName knows senders that a mail system uses besides the usual ones.
func mailSystemName(from []core.NamedAddress) bool {
	for _, f := range from {
		s := strings.ToLower(f.Name + " " + f.Address)
		for _, w := range []string{"mail delivery", "mail.delivery", "maildelivery", "mail deliver", "mail system", "mail_service", "mailer-daemon", "postmaster", "post_master", "system administrator", "microsoft exchange", "delivery subsystem", "mail administrator", "mailerdaemon", "returned mail"} {
			if strings.Contains(s, w) {
				return true
			}
		}
	}
	return false
}

var bounceSubjects = []string{
	"undeliver", "un-deliver", "nondeliver", "non-deliver", "not deliver", "returned mail", "returned e-mail", "returned to sender", "return mail", "delivery status", "delivery fail", "delivery has failed", "delivery failed", "delivery error", "delivery problem",
	"delivery notification", "delivery report", "delivery unsuccess", "failure notice", "failed mail", "failed delivery", "mail failure", "mail error", "message error", "could not be delivered", "cannot be delivered", "couldn't be delivered", "can't be delivered", "not be delivered",
	"mail delivery", "message delivery", "not yet been delivered", "could not send message", "mail could not", "error sending your mail", "user unknown", "delayed mail", "delivery delayed", "delayed 24", "delayed 48", "message delayed", "mail rejected", "message rejected", "rejected mail", "unable to deliver",
	"unzustellbar", "nicht zustellbar", "zustellung", "fehlgeschlagen", "non remis", "non distribu", "échec de la remise", "échec de remise", "no se puede entregar", "no se pudo entregar", "no entregado", "error de entrega", "mancata consegna", "non recapit", "impossibile recapitare",
	"não foi possível entregar", "não entregue", "onbestelbaar", "niet bezorgd", "niet worden bezorgd", "kunde inte levereras", "ikke leveres", "kunne ikke leveres", "nie dostarczono", "niedostarczon", "не доставлено", "недоставлен", "не удалось доставить",
	"配信不能", "配信できません", "配達不能", "送信できません", "无法投递", "退信", "無法傳遞", "배달되지 않음",
}

// bounceSubject knows the subjects of bounces; an answer or a forwarded one is a
// person's.
func bounceSubject(subject string) bool {
	s := strings.ToLower(cut(subject, maxLineBytes))
	for _, p := range []string{"re:", "aw:", "fw:", "fwd:", "wg:", "sv:", "rv:"} {
		if strings.HasPrefix(s, p) {
			return false
		}
	}
	return containsAny(s, bounceSubjects)
}

var bounceWords = []string{
	"not be delivered", "not delivered", "not deliver your", "did not reach", "delivery to the following", "permanent error", "permanent fatal error", "delivery failed", "delivery has failed", "unable to deliver", "undeliverable", "user unknown", "unknown user",
	"no such user", "no such recipient", "returned to sender", "was returned", "been returned", "invalid user", "not yet been delivered", "mail delivery software", "mail delivery system", "following addresses had", "sorry to have to inform you", "wasn't able to deliver",
	"undelivered", "error delivering", "trouble delivering", "mailbox unavailable", "over quota", "quota exceeded", "mailbox is full", "mailbox full", "over disk quota", "failed recipient", "final-recipient:", "delivery report", "mail could not", "following errors occurred", "does not exist",
	"doesn't have a", "rejected", "not recognized", "550 ", "554 ", "553 ", "552 ", "failed for the following", "konnte nicht zugestellt", "n'a pas pu", "no se pudo entregar", "non è stato possibile", "not exactly match", "did not exactly match", "delivery attempt",
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

// originalMarks stand where a bounce begins to show the mail that it returns.
var originalMarks = []string{
	"original message follow", "original message as received", "original message header", "is a copy of", "copy of the message", "copy of your message, including", "copy of the first part", "message headers follow", "header of the original", "headers of the original", "unsent message below", "returned message",
	"returned mail ---", "included is a copy", "message text follows", "content of the message", "message header follow", "message contents follow", "original mail header", "your message follows", "message follows", "original message ---", "-- original message",
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

var recipientLabels = []string{"undeliverable address", "rcpt to:", "failed recipient", "recipient:", "recipient address:", "addressed to", "final-recipient", "deliver message to:"}

var failWords = []string{"550", "551", "552", "553", "554", "unknown", "fail", "undeliver", "deliver", "reject", "no such", "disabled", "full", "quota", "not exist", "invalid", "unable", "unavailable", "error", "rcpt", "your message to", "refused", "inactive", "not match", "your message was addressed"}

// isOwn reports whether an address is that of the report itself.
func (c clues) isOwn(a string) bool {
	for _, list := range [][]core.NamedAddress{c.letter.From, c.letter.To} {
		for _, n := range list {
			if strings.EqualFold(n.Address, a) {
				return true
			}
		}
	}
	a = strings.ToLower(a)
	return strings.HasPrefix(a, "mailer-daemon@") || strings.HasPrefix(a, "postmaster@")
}

// addressesIn finds what looks like addresses in a line.
func addressesIn(line string) []string {
	var found []string
	for from := 0; len(found) < maxReportPieces; {
		i := strings.IndexByte(line[from:], '@')
		if i < 0 {
			break
		}
		at := from + i
		start, end := at, at+1
		for start > from && isLocalChar(line[start-1]) {
			start--
		}
		for end < len(line) && isDomainChar(line[end]) {
			end++
		}
		domain := strings.TrimRight(line[at+1:end], ".-")
		if start < at && strings.Contains(domain, ".") {
			found = append(found, strings.TrimLeft(line[start:at], "'.=")+"@"+domain)
		}
		from = max(end, at+1)
	}
	return found
}

func isLocalChar(c byte) bool {
	return isDomainChar(c) || strings.IndexByte("!#$%&'*+/=?^_`{|}~", c) >= 0
}

func isDomainChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '-' || c >= 0x80
}

// statusCodes finds the RFC 3463 codes of a text, each once, the vague x.0.0 only
// where there is nothing better.
func statusCodes(s string) []string {
	var codes []string
	for i := 0; i+4 < len(s) && len(codes) < maxReportPieces; i++ {
		if c := s[i]; c != '4' && c != '5' && c != '2' || s[i+1] != '.' || i > 0 && (isDigit(s[i-1]) || s[i-1] == '.' || s[i-1] == '-' && i > 1 && isDigit(s[i-2]) == false) {
			continue
		}
		mid := digits(s[i+2:], 3)
		if mid == 0 || i+2+mid >= len(s) || s[i+2+mid] != '.' {
			continue
		}
		last := digits(s[i+3+mid:], 4)
		end := i + 3 + mid + last
		if last == 0 || last > 3 || end < len(s) && (isDomainChar(s[end]) && s[end] != '.' && s[end] != '-' || s[end] == '.' && end+1 < len(s) && isDigit(s[end+1])) {
			continue
		}
		if s[i] != '2' || strings.TrimSpace(s) == s[i:end] {
			codes = addOnce(codes, s[i:end])
		}
		i = end - 1
	}
	return codes
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func digits(s string, most int) (n int) {
	for n < len(s) && n < most && isDigit(s[n]) {
		n++
	}
	return n
}

// replyClass is the first digit of the first SMTP reply code in a text, 0 if there
// is none.
func replyClass(s string) byte {
	for i := 0; i+3 <= len(s); i++ {
		if (s[i] == '4' || s[i] == '5') && s[i+1] <= '5' && isDigit(s[i+1]) && isDigit(s[i+2]) &&
			(i == 0 || strings.IndexByte(" \t\n:;([<#'\"", s[i-1]) >= 0) && (i+3 == len(s) || strings.IndexByte(" -:)]\n\t,.#", s[i+3]) >= 0) {
			return s[i]
		}
	}
	return 0
}
