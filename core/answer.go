package core

import (
	"regexp"
	"slices"
	"strings"

	"postdesk/core/language"
)

// PlainReason says in a sentence for people without knowledge of mail what the
// words of a server, of a delivery report or of ours mean, "" where they are plain
// already. It reads status codes (RFC 3463), where there are none reply codes (RFC
// 5321 section 4.2) and what servers use to say. The words belong beside it: it is
// a reading of them, and servers say strange things.
func PlainReason(words string) string { return plainReasonIn(language.English, words) }

// plainReasonIn is PlainReason for a reader of another language.
func plainReasonIn(tag language.Tag, words string) string {
	for _, f := range framings() {
		if rest, ok := strings.CutPrefix(words, f.prefix); ok {
			return strings.TrimSpace(tag.Translate(f.says) + " " + plainReasonIn(tag, strings.TrimSpace(rest)))
		}
	}
	return tag.Translate(meaningOf(words))
}

// meaningOf reads the words of a server without what was put before them, "" where
// they say nothing that we know, or are our own.
func meaningOf(words string) string {
	if readAsPlain(words) {
		return ""
	}
	lower := strings.ToLower(words)
	status := statusIn(words)
	for _, m := range meanings() {
		if m.matches(status, lower) {
			return m.says
		}
	}
	switch {
	case strings.HasPrefix(status, "5"):
		return "The server of the recipient refused the mail for good."
	case strings.HasPrefix(status, "4"):
		return "The server of the recipient cannot take the mail now. It is tried again."
	}
	return ""
}

// A framing is what we, or the reader of a report, put before a server's words.
type framing struct{ prefix, says string }

func framings() []framing {
	return []framing{
		{"Given up after five days. The last answer was:", "It was tried for five days."},
		{"Not sent: this address is suppressed.", "Mail to this address has stopped, because of an earlier failure."},
		{"Reported failed", "The mail was taken at first, and came back."},
		{"Reported delayed", "The server that took the mail has not delivered it yet, and goes on trying."},
		{"Reported relayed", "The mail was passed on to a server that does not say whether it arrives."},
		{"Reported delivered", "The mail arrived."},
		{"Reported expanded", "The mail arrived at a list, which sent it on to its members."},
		{"Reported as unwanted", "The recipient reported the mail as unwanted (spam)."},
	}
}

// readAsPlain tells our own sentences.
func readAsPlain(words string) bool {
	return words == "" || strings.HasPrefix(words, "Discarded") || words == "The role of the recipient changed before this mail was sent." || words == "the recipient was disabled"
}

// A meaning is one reading: of status codes without their class ("1.1"), and, where
// words are given, of texts that hold one of them. Both empty matches nothing.
type meaning struct {
	status []string
	words  []string
	says   string
}

// matches: a status decides where there is one; words decide where the status says
// little more than that it failed (x.0.0, a bare 550), or nothing.
func (m meaning) matches(status, lower string) bool {
	_, detail, _ := strings.Cut(status, ".")
	if slices.Contains(m.status, detail) {
		return true
	}
	if vague := []string{"", "0.0", "1.0", "2.0", "3.0", "7.0", "7.1"}; len(m.status) > 0 && !slices.Contains(vague, detail) {
		return false
	}
	return slices.ContainsFunc(m.words, func(w string) bool { return strings.Contains(lower, w) })
}

// meanings are looked through in order: the first that matches is it.
func meanings() []meaning {
	return []meaning{
		{nil, []string{"greylist", "graylist", "grey-list", "gray-list", "greylisted"},
			"The server makes first mails wait (greylisting). It is tried again, and nobody need do anything."},
		{[]string{"1.1"}, []string{"user unknown", "unknown user", "no such user", "no such recipient", "no such mailbox", "does not exist", "doesn't exist",
			"unknown recipient", "recipient unknown", "mailbox not found", "no mailbox here", "user not found", "address unknown", "unknown address"},
			"There is no such address. Is it written as it should be?"},
		{[]string{"1.2", "1.10", "4.3"}, []string{"null mx", "domain does not accept mail", "no such host", "no such domain", "domain not found", "host not found"},
			"The domain of this address cannot be found or takes no mail. Is it written as it should be?"},
		{[]string{"1.3"}, nil, "The server does not understand this address. Is it written as it should be?"},
		{[]string{"1.6"}, nil, "The person has moved away from this address and left no new one."},
		{[]string{"1.7", "1.8"}, []string{"sender rejected", "sender address rejected", "sender denied", "sender verify failed"},
			"The server does not accept the address that we send from. An administrator should look at it."},
		{[]string{"2.2"}, []string{"mailbox full", "mailbox is full", "over quota", "quota exceeded", "out of storage", "insufficient system storage"},
			"The mailbox of the recipient is full."},
		{[]string{"2.1"}, []string{"mailbox disabled", "account disabled", "account is disabled", "mailbox is disabled", "account suspended", "inactive"},
			"The mailbox of the recipient is switched off."},
		{[]string{"3.4", "2.3"}, []string{"too large", "too big", "exceeds size", "size limit", "exceeds maximum", "exceeds fixed maximum", "message size"},
			"The mail is too large for the server of the recipient. Send smaller files, or a link to them."},
		{[]string{"7.20", "7.21", "7.22", "7.23", "7.24", "7.25", "7.26", "7.27"}, []string{"spf", "dkim", "dmarc", "unauthenticated", "reverse dns", "ptr record"},
			"The server finds no proof that the mail is ours (SPF, DKIM). An administrator should look at the DNS records."},
		{[]string{"7.8", "7.9", "7.11"}, []string{"authentication required", "authentication failed", "relay access denied", "relaying denied", "relay not permitted"},
			"The relay does not let us send. An administrator should look at its address, user and password."},
		{[]string{"7.1", "7.0", "7.2", "7.5", "7.6", "7.7"}, []string{"spam", "blocked", "blacklist", "blocklist", "denylist", "listed", "policy", "reputation", "rejected", "access denied", "administrative"},
			"The server of the recipient refuses the mail by a rule of its own, often its spam filter."},
		{[]string{"7.28", "4.5", "3.2"}, []string{"rate limit", "too many", "try again later", "throttl", "deferred", "too busy"},
			"The server takes no more mail for now. It is tried again, and nobody need do anything."},
		{[]string{"4.6"}, []string{"loop", "too many hops"}, "The mail goes round in circles between servers of the recipient."},
		{[]string{"4.7"}, []string{"delivery time expired", "retry timeout"}, "The servers of the recipient tried for long and gave up."},
		{[]string{"4.1", "4.2", "4.4", "4.0"}, []string{"connection refused", "connection reset", "connection timed out", "i/o timeout", "deadline exceeded",
			"no route to host", "network is unreachable", "broken pipe", "eof", "could not be reached", "lookup ", "timeout"},
			"The server could not be reached, or broke off."},
		{nil, []string{"certificate", "tls", "x509"}, "No safe connection to the server came about (TLS)."},
		{[]string{"6.0", "6.1", "6.2", "6.3", "6.5", "6.6", "6.7", "6.9"}, nil, "The server of the recipient cannot take a mail of this form."},
		{[]string{"3.0", "3.1", "3.3", "3.5"}, nil, "Something is wrong at the server of the recipient."},
	}
}

var (
	enhancedStatus = regexp.MustCompile(`(?:^|[\s(\[#:])([245])\.(\d{1,3})\.(\d{1,3})(?:$|[\s)\];,:])`)
	replyCode      = regexp.MustCompile(`(?:^|: )([45]\d\d)(?:$|[ -])`)
)

// statusIn finds a status code, "5.1.1", or makes one of a bare reply code.
func statusIn(words string) string {
	if m := enhancedStatus.FindStringSubmatch(words); m != nil {
		return m[1] + "." + m[2] + "." + m[3]
	}
	m := replyCode.FindStringSubmatch(words)
	if m == nil {
		return ""
	}
	switch code := m[1]; code {
	case "552":
		return "5.2.0" // too large, or over quota: the words tell
	case "452":
		return "4.3.0"
	case "551":
		return "5.1.6"
	case "530", "535", "538":
		return "5.7.8"
	default:
		return code[:1] + ".0.0"
	}
}
