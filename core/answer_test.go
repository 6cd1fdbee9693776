package core

import (
	"strings"
	"testing"
)

func TestAServersWordsAreToldInASentence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ words, says string }{
		{"550 5.1.1 <bob@x.test>: Recipient address rejected: User unknown in local recipient table", "no such address"},
		{"550 No such user here", "no such address"},
		{"550-5.1.1 The email account that you tried to reach does not exist. Please try", "no such address"},
		{"553 5.1.2 we do not know that domain", "domain of this address"},
		{"556 5.1.10 nullMX", "domain of this address"},
		{"501 5.1.3 bad address", "does not understand this address"},
		{"551 5.1.6 moved", "has moved away"},
		{"550 5.1.8 sender domain", "address that we send from"},
		{"452 4.2.2 over quota", "mailbox of the recipient is full"},
		{"552 5.2.2 The recipient's inbox is out of storage space", "mailbox of the recipient is full"},
		{"552 mailbox full", "mailbox of the recipient is full"},
		{"552 message size exceeds fixed maximum message size", "too large"},
		{"552 5.3.4 Message too big", "too large"},
		{"550 5.2.1 The account is disabled", "switched off"},
		{"450 4.2.0 <a@x.test>: Recipient address rejected: Greylisted, see http://x.test", "greylisting"},
		{"451 4.7.1 Greylisting in action, please come back later", "greylisting"},
		{"550 5.7.1 Message rejected as spam by content filtering", "often its spam filter"},
		{"554 5.7.1 Service unavailable; client host [192.0.2.1] blocked using zen", "often its spam filter"},
		{"550 5.7.26 This mail is unauthenticated", "SPF, DKIM"},
		{"550 5.7.1 SPF check failed", "SPF, DKIM"},
		{"535 5.7.8 Authentication credentials invalid", "does not let us send"},
		{"554 5.7.1 <a@x.test>: Relay access denied", "does not let us send"},
		{"421 4.7.28 unusual rate of mail", "takes no more mail for now"},
		{"451 Temporary local problem - please try again later", "takes no more mail for now"},
		{"554 5.4.6 too many hops", "round in circles"},
		{"dial tcp 192.0.2.1:25: connect: connection refused", "could not be reached"},
		{"421 4.4.2 timeout", "could not be reached"},
		{"x509: certificate signed by unknown authority", "safe connection"},
		{"554 5.6.0 bad content", "mail of this form"},
		{"451 4.3.0 internal error", "wrong at the server"},
		{"554 transaction failed", "refused the mail for good"},
		{"450 not now", "cannot take the mail now"},
		{"Reported failed 5.1.1: smtp; 550 unknown user", "came back. There is no such address"},
		{"Reported delayed 4.4.1", "goes on trying. The server could not be reached"},
		{"Reported relayed 2.1.5", "passed on to a server"},
		{"Reported as unwanted", "spam"},
		{"Not sent: this address is suppressed. Reported failed 5.1.1", "has stopped, because of an earlier failure. The mail was taken at first, and came back. There is no such address"},
		{"Given up after five days. The last answer was: 452 4.2.2 full", "tried for five days. The mailbox of the recipient is full"},
	} {
		if got := PlainReason(c.words); !strings.Contains(got, c.says) {
			t.Errorf("%q is told as %q, want %q", c.words, got, c.says)
		}
	}
}

func TestPlainWordsAreNotToldAgain(t *testing.T) {
	t.Parallel()
	for _, words := range []string{"", "Discarded by Olga", "the recipient was disabled", "250 2.0.0 Ok: queued as 4711", "250 ok 192.0.5.1.1.2"} {
		if got := PlainReason(words); got != "" {
			t.Errorf("%q is told as %q", words, got)
		}
	}
}

func FuzzPlainReason(f *testing.F) {
	for _, seed := range []string{"550 5.1.1 x", "Reported failed Reported failed", "5.1.1.1", "\x00\xff", "Not sent: this address is suppressed."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, words string) {
		if PlainReason(words) != PlainReason(words) || strings.Contains(PlainReason(words), "\n") {
			t.Errorf("told differently, or in lines: %q", words)
		}
	})
}
