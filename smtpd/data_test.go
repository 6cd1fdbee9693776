package smtpd

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

// asLibrary is a backend that takes mail as go-smtp gives it.
type asLibrary struct{ *recording }

func (s asLibrary) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return errUnconfirmed
	}
	s.r.mails = append(s.r.mails, recorded{data: string(data)})
	return nil
}

// Whatever a mail after DATA is made of, it begins, goes on and ends where go-smtp
// lets it: nothing of it is run as a command, and no command is taken for a mail.
func TestAMailIsReadAsGoSMTPReadsIt(t *testing.T) {
	t.Parallel()
	pieces := []string{"\r\n", ".", "\r", "\n", "a", "..", "\r\n.", "\r\n.\r", "\r\n..\r\n", "\r\n.\n", "\n.\r\n", "\r.\r\n", "\r\r\n.\r\n", "\r\n.\rx", "text of a line\r\n", strings.Repeat("x", 5000)}
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var b bytes.Buffer
		b.WriteString(opening + "DATA\r\n")
		for range r.IntN(12) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		b.WriteString("\r\n.\r\nNOOP\r\nQUIT\r\n")
		ours, theirs := &recorder{most: 1 << 20}, &recorder{most: 1 << 20}
		got := playFor(t, ours, b.Bytes())
		want := playFor(t, smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
			s, err := theirs.NewSession(c)
			return asLibrary{s.(*recording)}, err
		}), b.Bytes())
		if got != want || len(ours.mails) != len(theirs.mails) {
			t.Fatalf("%q:\n%s\nby go-smtp:\n%s", b.Bytes(), got, want)
		}
		for i := range ours.mails {
			if ours.mails[i].data != theirs.mails[i].data {
				t.Fatalf("%q:\n%q\nby go-smtp:\n%q", b.Bytes(), ours.mails[i].data, theirs.mails[i].data)
			}
		}
	}
}
