package core_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"

	"postdesk/core"
)

const someToken = "ga3dqnzsgq4tanrzgy3tqnzygi2dgnbvgy3tcmjs"

func TestATokenIsFoundInTheAddressThatWasRepliedTo(t *testing.T) {
	t.Parallel()
	upper := strings.ToUpper(someToken)
	for _, c := range []struct {
		rcpt, token string
		tagged      bool
	}{
		{"support+" + someToken + "@desk.test", someToken, true},
		{"anything+" + someToken + "@desk.test", someToken, true},
		{"SUPPORT+" + upper + "@DESK.TEST", upper, true},
		{"a+b+" + someToken + "@desk.test", someToken, true},
		{someToken + "@reply.test", someToken, true},
		{upper + "@reply.test", upper, true},
		{"+" + someToken + "@desk.test", someToken, true},
		{"support+billing@desk.test", "billing", true},
		{"support+@desk.test", "", true},
		{"support+" + someToken + "x@desk.test", someToken + "x", true},
		{"support@desk.test", "", false},
		{someToken[:39] + "@reply.test", "", false},
		{someToken + "a@reply.test", "", false},
		{"abe@desk.test+" + someToken + "@x.test", someToken, true},
		{"abe@x+y.test", "", false},
		{"postmaster", "", false},
		{"", "", false},
	} {
		if token, tagged := core.TokenOfAddress(c.rcpt); token != c.token || tagged != c.tagged {
			t.Errorf("%s: %q, %v; want %q, %v", c.rcpt, token, tagged, c.token, c.tagged)
		}
	}
}

func TestAReplyAddressLeadsBackToItsToken(t *testing.T) {
	t.Parallel()
	k := keys(t, 7, key(1))
	mailbox := address(t, "support@desk.test")
	token := k.Mint(core.PurposeParticipant, 42)
	for domain, want := range map[string]string{
		"": "support+" + token + "@desk.test", "reply.test": token + "@reply.test",
	} {
		got := core.ReplyAddress(mailbox, token, domain)
		if got != want {
			t.Errorf("the reply address is %s, want %s", got, want)
		}
		found, _ := core.TokenOfAddress(address(t, got).String())
		if row, ok := k.ReadAs(found, core.PurposeParticipant); !ok || row != 42 {
			t.Errorf("%s leads to %d, %v", got, row, ok)
		}
	}
}

func TestTheLongestMailboxStillHasReplyAddresses(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]bool{1: true, 23: true, 24: false, 64: false} {
		mailbox := address(t, strings.Repeat("a", n)+"@desk.test")
		err := core.CheckMailboxLength(mailbox)
		if (err == nil) != want {
			t.Errorf("%d characters: %v", n, err)
		}
		_, parsed := core.ParseAddress(core.ReplyAddress(mailbox, someToken, ""))
		if (parsed == nil) != want {
			t.Errorf("%d characters: the reply address: %v", n, parsed)
		}
		var invalid core.Invalid
		if err != nil && !errors.As(err, &invalid) {
			t.Errorf("%d characters: %v is not Invalid", n, err)
		}
	}
	long := address(t, "support@"+strings.Repeat("abcdefg.", 28)+"test")
	if core.CheckMailboxLength(long) == nil {
		t.Error("a reply address above 254 is accepted")
	}
}

func TestATokenIsFoundInOurMessageID(t *testing.T) {
	t.Parallel()
	k := keys(t, 7, key(1))
	token := k.Mint(core.PurposeID, 42)
	id := core.MessageID(token, core.NewMessageIDRandom(), "desk.test")
	for _, s := range []string{id, "<" + id + ">", strings.ToUpper(id)} {
		found, ok := core.TokenOfMessageID(s)
		if row, read := k.ReadAs(found, core.PurposeID); !ok || !read || row != 42 {
			t.Errorf("%s: %q, %v, %d", s, found, ok, row)
		}
	}
	for _, s := range []string{"", "<>", token, token + "@desk.test", "x" + id, id[1:], token[:39] + "." + token, "<<" + id, token + "a.b@desk.test"} {
		if found, ok := core.TokenOfMessageID(s); ok {
			t.Errorf("%s: found %s", s, found)
		}
	}
}

func TestEachMessageIDIsAnother(t *testing.T) {
	t.Parallel()
	a, b := core.NewMessageIDRandom(), core.NewMessageIDRandom()
	if a == b || len(a) < 16 || strings.ToLower(a) != a || strings.ContainsAny(a, ".@<> ") {
		t.Errorf("%q, %q", a, b)
	}
	if core.Redact(a) != a {
		t.Errorf("%q looks like a token", a)
	}
}

func TestNoTokenStaysInARedactedText(t *testing.T) {
	t.Parallel()
	upper := strings.ToUpper(someToken)
	for in, want := range map[string]string{
		"":                                    "",
		"an ordinary text, 2026":              "an ordinary text, 2026",
		someToken:                             "[…]",
		"to support+" + someToken + "@d.test": "to support+[…]@d.test",
		"<" + upper + ".x@d.test>":            "<[…].x@d.test>",
		"support%2B" + someToken + "@":        "support%[…]@",
		someToken + " " + upper + ".":         "[…] […].",
		someToken[:39] + ".":                  someToken[:39] + ".",
		"é" + someToken + "é":                 "é[…]é",
		"support=2B" + someToken + someToken:  "support=[…]",
	} {
		if got := core.Redact(in); got != want {
			t.Errorf("%q is redacted %q, want %q", in, got, want)
		}
	}
}

func TestALinkSecretIs256BitsAndStoredHashed(t *testing.T) {
	t.Parallel()
	a, b := core.NewSecret(), core.NewSecret()
	if a == b || len(a) != 43 || strings.Trim(a, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		t.Errorf("%q, %q", a, b)
	}
	want := sha256.Sum256([]byte(a))
	if !bytes.Equal(core.HashSecret(a), want[:]) {
		t.Error("the hash is not SHA-256")
	}
}

func TestALinkSecretThatComesBackIsFound(t *testing.T) {
	t.Parallel()
	a, b := core.NewSecret(), core.NewSecret()
	text := "> Set a password:\n> https://desk.test/accept/" + a + "\n\n(" + b + ") " + someToken + " " + strings.Repeat("x", 52)
	if got := core.SecretsIn(text); !slices.Equal(got, []string{a, b}) {
		t.Errorf("found %q", got)
	}
}

func FuzzTokensInText(f *testing.F) {
	for _, s := range []string{
		"support+" + someToken + "@desk.test", "<" + someToken + ".x@desk.test>", "a+b+c@d@e", "%2B" + someToken, "é" + someToken, "\xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		clean := core.Redact(text)
		if again := core.Redact(clean); again != clean {
			t.Fatalf("%q is redacted %q, and then %q", text, clean, again)
		}
		if strings.Contains(core.Redact(text+someToken+text), someToken) {
			t.Fatalf("a token in %q stays", text)
		}
		if token, ok := core.TokenOfMessageID(text); ok && (len(token) != 40 || core.Redact(token) == token) {
			t.Fatalf("%q has the token %q", text, token)
		}
		if token, tagged := core.TokenOfAddress(text); !tagged && token != "" || !strings.Contains(text, token) {
			t.Fatalf("%q has the token %q", text, token)
		}
	})
}
