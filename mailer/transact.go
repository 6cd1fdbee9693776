package mailer

import (
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"time"

	"postdesk/core"
)

// A transaction with one recipient is offer, then perhaps body, then end.

// offer says everything before the mail itself: in one go where the server takes
// that (RFC 2920), else line by line. Without an error the server waits for the mail.
func (d *dialogue) offer(m *mailing) error {
	params, err := d.params(m)
	if err != nil {
		return failed(sender, err)
	}
	if d.client.Text.R.Buffered() > 0 {
		return failed(sender, errOutOfTurn)
	}
	d.used++
	d.conn.said, d.sent = 0, 0
	lines := []verb{{"MAIL FROM:<" + m.from + ">" + params, 250, sender}, {"RCPT TO:<" + m.to + ">", 25, recipient}, {"DATA", 354, content}}
	if d.open {
		lines = append([]verb{{"RSET", 250, sender}}, lines...)
	}
	d.open = true
	if d.offers.pipelining {
		return d.together(lines)
	}
	for _, l := range lines {
		d.conn.wait = d.waitFor(l)
		if _, err := d.command(l.expect, "%s", l.text); err != nil {
			return l.refused(err)
		}
	}
	return nil
}

// A verb is a command with the code that it hopes for.
type verb struct {
	text   string
	expect int
	at     step
}

// refused is the error of a verb. A server that will not forget the mail before is
// of no more use, and says nothing about the next.
func (v verb) refused(err error) error {
	if v.text == "RSET" {
		return lost{failed(v.at, err)}
	}
	return failed(v.at, err)
}

func (d *dialogue) waitFor(v verb) (wait time.Duration) {
	if v.at == content {
		return d.peer.patience.data
	}
	return d.peer.patience.command
}

// together says all lines at once and reads all replies. The first refusal is what
// counts. Where DATA is taken all the same, there is a mail to be ended that must
// not be delivered.
func (d *dialogue) together(lines []verb) (refused error) {
	for _, l := range lines {
		if _, err := d.client.Text.W.WriteString(l.text + "\r\n"); err != nil {
			return failed(l.at, err)
		}
	}
	if err := d.client.Text.W.Flush(); err != nil {
		return failed(lines[0].at, err)
	}
	for _, l := range lines {
		d.conn.wait = d.waitFor(l)
		_, err := d.reply(l.expect)
		var said *textproto.Error
		switch {
		case err != nil && refused == nil:
			refused = l.refused(err)
			if !errors.As(err, &said) || closes(err) {
				return refused
			}
		case err != nil && !errors.As(err, &said):
			return lost{refused}
		case err == nil && refused != nil && l.at == content:
			return d.takeBack(refused)
		}
	}
	return refused
}

// takeBack ends a mail that the server waits for although it has refused what came
// before. A refused recipient was the only one, so a lone dot delivers nothing (RFC
// 2920 section 3.1); where it is not clear what the server takes us to have said,
// only hanging up is safe.
func (d *dialogue) takeBack(refused error) error {
	if stepOf(refused) != recipient {
		return lost{refused}
	}
	d.conn.wait = d.peer.patience.command
	var said *textproto.Error
	if _, err := d.command(554, "."); err != nil && (!errors.As(err, &said) || closes(err)) {
		return lost{refused}
	}
	return refused
}

// lost is a refusal after which the connection is of no use.
type lost struct{ error }

func (l lost) Unwrap() error { return l.error }

// errOutOfTurn: whose answer the next reply would be is unknown, so nothing may be
// asked of the server any more.
var errOutOfTurn = errors.New("the server spoke out of turn")

// body says the mail but for its final dot. On an error nothing more may be said:
// what follows would be taken for the rest of the mail.
func (d *dialogue) body(m *mailing) error {
	body := m.wire[d.sent : len(m.wire)-len(finalDot)]
	d.sent += len(body)
	for block := range slices.Chunk(body, inOneWrite) { // each has its own time
		if _, err := d.client.Text.W.Write(block); err != nil {
			return failed(content, err)
		}
	}
	return failed(content, d.client.Text.W.Flush())
}

// end says the final dot, with the body if that was not said yet, and gives the
// server's words.
func (d *dialogue) end(m *mailing) (said string, err error) {
	if d.client.Text.R.Buffered() > 0 {
		return "", failed(content, errOutOfTurn)
	}
	if _, err = d.client.Text.W.Write(m.wire[d.sent:]); err == nil {
		err = d.client.Text.W.Flush()
	}
	if err != nil {
		return "", failed(dot, err)
	}
	core.Passing(core.PointDot)
	d.conn.wait = d.peer.patience.final
	if said, err = d.reply(250); err == nil {
		d.open = false
	}
	return said, failed(dot, err)
}

// params are those of MAIL FROM that this mail needs; a parameter that it does
// not need can make the next server refuse it.
func (d *dialogue) params(m *mailing) (params string, err error) {
	if d.offers.limit > 0 && m.size > d.offers.limit {
		return "", hopeless{"5.3.4", fmt.Sprintf("the mail has %s, and %s takes %s at most", megabytes(m.size), d.peer.name, megabytes(d.offers.limit))}
	}
	if m.utf8 && !d.offers.utf8 {
		return "", hopeless{"5.6.7", d.peer.name + " cannot carry an address with letters beyond ASCII"}
	}
	if d.offers.size {
		params = fmt.Sprintf(" SIZE=%d", m.size)
	}
	if m.utf8 || m.eightBit && d.offers.eightBit {
		params += " BODY=8BITMIME"
	}
	if m.utf8 {
		params += " SMTPUTF8"
	}
	return params, nil
}
