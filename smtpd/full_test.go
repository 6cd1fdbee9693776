package smtpd

import (
	"sync/atomic"
	"testing"
)

// R10
func TestWhereThereIsNoRoomMailComesLater(t *testing.T) {
	t.Parallel()
	var full atomic.Bool
	h := open(t, Config{Full: full.Load})
	begun, next := h.greet(), h.greet()
	begun.envelope()
	begun.say("DATA")
	begun.want("354")
	full.Store(true)
	next.say("MAIL FROM:<cara@acme.test>")
	next.want("452 4.3.1")
	if err := begun.send(letterOf("begun") + "\r\n.\r\n"); err != nil {
		t.Fatal(err)
	}
	begun.want("452 4.3.1")
	full.Store(false)
	next.mail(letterOf("next"), "250")
	begun.mail(letterOf("begun"), "250")
}
