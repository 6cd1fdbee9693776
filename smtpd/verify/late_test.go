package verify

import (
	"strings"
	"testing"
	"time"

	"postdesk/core"
)

// A mail may be judged days after it came: it waited, or staff release it.
func TestASignatureIsJudgedByTheTimeWhenTheMailCame(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	times := at("t", -3*day) + at("x", -day)
	signed := signWith(t, plainMail, "acme.test", times)
	for _, tt := range []struct {
		name    string
		mail    string
		age     time.Duration
		key     string
		verdict core.Verdict
		dkim    string
	}{
		{"it has expired since", signed, 2 * day, keyRecord(""), core.Proven, "pass acme.test"},
		{"it had expired before", signed, 12 * time.Hour, keyRecord(""), core.Refuted, "fail acme.test: signature has expired"},
		{"it was not made yet", signed, 10 * day, keyRecord(""), core.Refuted, "fail acme.test: the signature's times cannot be"},
		{"the text was changed", strings.Replace(signed, "burns", "works", 1), 2 * day, keyRecord(""), core.Refuted, "fail acme.test: the text was changed after it"},
		{"the author was changed", strings.Replace(signed, "Ann", "Abe", 1), 2 * day, keyRecord(""), core.Refuted, "fail acme.test: signature did not verify"},
		{"a body length", signWith(t, plainMail, "acme.test", "l=4; "+times), 2 * day, keyRecord(""), core.Refuted, "fail acme.test: it covers only a part of the text"},
		{"a key for its very domain", signWith(t, plainMail, "acme.test", "i=@a.acme.test; "+times), 2 * day, keyRecord("t=s; "), core.Refuted, "fail acme.test: the key is not for subdomains"},
		{"a key that is gone", signed, 2 * day, "v=DKIM1; p=", core.Refuted, "fail acme.test: its key was revoked"},
		{"a server that cannot tell", signed, 2 * day, servfail, core.Unproven, "temperror acme.test: a look-up got no answer"},
		{"beside one of another domain", sign(t, signed, "other.test"), 2 * day, keyRecord(""), core.Proven, "pass acme.test"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			zone := records{"_dmarc.acme.test": {reject}, key + "acme.test": {tt.key}}
			resolver, _ := serveFunc(t, zone.answer)
			env := envelope("x@other.test")
			env.ReceivedAt = time.Now().Add(-tt.age)
			o := New(resolver).Check(t.Context(), env, letterFrom("ann@acme.test"), []byte(tt.mail))
			if o.Verdict != tt.verdict || o.DKIM != tt.dkim {
				t.Errorf("got %+v, want %s", o, tt.verdict)
			}
		})
	}
}
