package smtpd

import (
	"errors"
	"net"
	"sync/atomic"
	"testing"
)

// A deafened connection fails to write from an order on.
type deafened struct {
	*net.TCPConn
	deaf *atomic.Bool
}

func (d deafened) Write(p []byte) (int, error) {
	if d.deaf.Load() {
		return 0, errors.New("nobody hears")
	}
	return d.TCPConn.Write(p)
}

type deafening struct {
	net.Listener
	deaf *atomic.Bool
}

func (l deafening) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return nil, errors.New("no TCP connection")
	}
	return deafened{tcp, l.deaf}, nil
}

// Seen by the fuzzer: a second mail that was sent ahead was taken from a client
// that could hear no 250, and the first was filed only when its lease had ended.
func TestWhenNoAnswerGoesOutNothingMoreIsTakenAndTheMailIsFiled(t *testing.T) {
	t.Parallel()
	for name, form := range map[string]string{
		"DATA": "DATA\r\n" + letterOf("first") + "\r\n.\r\n" + opening[13:] + "DATA\r\n" + letterOf("second") + "\r\n.\r\n",
		"BDAT": "BDAT 13 LAST\r\nSubject: x\r\n\n" + opening[13:] + "BDAT 13 LAST\r\nSubject: y\r\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deaf := &atomic.Bool{}
			h := open(t, Config{}, func(l net.Listener) net.Listener { return deafening{l, deaf} })
			c := h.greet()
			c.envelope()
			deaf.Store(true)
			if err := c.send(form); err != nil {
				t.Fatal(err)
			}
			until(t, "the client is let go", func() bool { return h.server.Stats().Connections == 0 })
			until(t, "the mail is filed", func() bool {
				var waiting int
				h.query(&waiting, `select count(*) from inbound where state = 'received'`)
				return waiting == 0
			})
			if n := h.mails(); n > 1 {
				t.Errorf("%d mails are stored", n)
			}
		})
	}
}
