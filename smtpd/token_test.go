package smtpd

import (
	"math/rand/v2"
	"strings"
	"testing"

	"postdesk/core"
)

// keys are those of the house, to mint with.
func (h *house) keys() core.Keys {
	h.t.Helper()
	var instance, secret []byte
	h.query(&instance, `select instance_id from instance`)
	h.query(&secret, `select secret from keys where number = 0`)
	keys, err := core.NewKeys([16]byte(instance), []core.Key{{Number: 0, Secret: [32]byte(secret)}})
	if err != nil {
		h.t.Fatal(err)
	}
	return keys
}

const base32Letters = "abcdefghijklmnopqrstuvwxyz234567"

// forge gives a text that is like a token and was not minted.
func forge(r *rand.Rand, token string, n int) string {
	b := []byte(token)
	switch n % 5 {
	case 0, 1: // a bit or a few of one character
		at := n / 5 % len(b)
		b[at] = base32Letters[(strings.IndexByte(base32Letters, b[at])^(1<<(n/200%5)))&31]
	case 2: // several characters
		for range 1 + r.IntN(8) {
			b[r.IntN(len(b))] = base32Letters[r.IntN(32)]
		}
	case 3: // shorter or longer
		if r.IntN(2) == 0 {
			return token[:r.IntN(len(token))]
		}
		return token + strings.Repeat("a", 1+r.IntN(20))
	case 4: // guessed
		for i := range b {
			b[i] = base32Letters[r.IntN(32)]
		}
	}
	if string(b) == token {
		b[len(b)-1] ^= 1 // still no token of ours: a and b, c and d
	}
	return string(b)
}

// A24: whoever has no token of ours is refused like an unknown mailbox, and the
// database is not asked; ids are names and no tokens.
func TestA24NoForgedTokenIsEverARecipient(t *testing.T) {
	t.Parallel()
	h := open(t, Config{MaxIdleCommands: 20_000})
	keys := h.keys()
	valid := map[core.Purpose]string{}
	for p := core.PurposeParticipant; p <= core.PurposeID; p++ {
		valid[p] = keys.Mint(p, core.NewRowName())
	}
	c := h.greet()
	c.say("MAIL FROM:<eve@acme.test>")
	c.want("250")
	for p, token := range valid {
		c.say("RCPT TO:<support+" + strings.ToUpper(token) + "@desk.test>")
		if p == core.PurposeID {
			c.want("550 5.1.1 No such mailbox here")
		} else {
			c.want("250") // or the rest would prove nothing
		}
		c.say("RCPT TO:<support+" + token + "@elsewhere.test>")
		c.want("550")
	}
	before := h.server.Stats().Refusals[becauseUnknown]
	h.cut() // from here on whoever asks the database says 451
	r := rand.New(rand.NewPCG(24, 24))
	for n := range 10_000 {
		token := valid[core.Purpose(1+n%5)]
		c.say("RCPT TO:<support+" + forge(r, token, n) + "@desk.test>")
		c.want("550 5.1.1 No such mailbox here")
	}
	if n := h.server.Stats().Refusals[becauseUnknown] - before; n != 10_000 {
		t.Errorf("%d unknown recipients were counted, want 10000", n)
	}
}
