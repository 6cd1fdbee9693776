package mailer

import (
	"context"
	"errors"

	"postdesk/core"
)

// inOneWrite is up to which size a mail is written together with its final dot. Of
// a larger one, an end in the middle is known to have delivered nothing.
const inOneWrite = 64 << 10

// send tries one mail, for LongestSend at most. It is not tried when the program
// stops before the final dot, or when the mail before could not be recorded.
func (l *lane) send(ctx context.Context, m *mailing) (r core.Receipt, tried bool) {
	limited, cancel := context.WithTimeout(ctx, LongestSend)
	defer cancel()
	l.hops = nil
	var refused error // by a better server
	for {
		reused := l.dialogue != nil
		err := l.open(limited)
		said := ""
		if err == nil {
			said, err = l.transact(limited, m)
		} else if refused != nil {
			err = refused
		}
		switch {
		case err == nil:
			return delivered(l.at.name, said), true
		case ctx.Err() != nil && stepOf(err) < dot, errors.Is(err, errUnrecorded):
			return r, false
		case reused && l.dialogue == nil && stepOf(err) < dot:
			l.hops = nil
			continue // a connection that died while it was idle costs a new one
		case stepOf(err) == sender && replyOf(err)/100 == 4 && len(l.hops) > 0:
			refused = err
			l.quit()
			continue
		}
		return l.receipt(err), true
	}
}

// open finds a server to speak to, if there is none from the mail before.
func (l *lane) open(ctx context.Context) (err error) {
	if l.dialogue != nil && l.dialogue.used < maxTransacts {
		return nil
	}
	l.quit()
	if l.hops == nil {
		l.at = nil
		if l.hops, err = l.courier.Transport.route(ctx, l.slot.Destination); err != nil {
			return failed(connecting, err)
		}
	}
	for len(l.hops) > 0 && (err == nil || ctx.Err() == nil) {
		l.at, l.hops = l.hops[0], l.hops[1:]
		if l.dialogue, err = l.at.open(ctx); err == nil {
			l.works.Store(true)
			return nil
		}
		l.dialogue = nil
	}
	return err
}

// errUnrecorded: the outcome of the mail before is not in the database, so the
// next must not be sent.
var errUnrecorded = errors.New("the mail before could not be recorded")

// transact does one transaction. Whoever uses the connection again after a plain
// refusal says RSET first; after anything else nobody knows what the server takes
// the next line for, and it is closed.
func (l *lane) transact(ctx context.Context, m *mailing) (said string, err error) {
	d := l.dialogue
	defer context.AfterFunc(ctx, func() { d.conn.Close() })()
	if err = d.offer(m); err == nil {
		err = l.beforeDot(m)
	}
	if err == nil {
		said, err = d.end(m)
	}
	if err == nil {
		return said, nil
	}
	if gone := (lost{}); (replyOf(err) == 0 && !errors.As(err, new(hopeless))) || closes(err) || errors.As(err, &gone) {
		_ = d.conn.Close()
		l.dialogue = nil
		l.works.Store(false)
	}
	return "", why(ctx, err)
}

// beforeDot waits until the mail before is recorded. A large mail goes meanwhile.
func (l *lane) beforeDot(m *mailing) error {
	if len(m.wire) > inOneWrite {
		if err := l.dialogue.body(m); err != nil {
			return err
		}
	}
	if err := l.recorded(); err != nil {
		l.broke(context.Background(), err)
		return failed(content, errUnrecorded)
	}
	return nil
}

func (l *lane) receipt(err error) core.Receipt {
	if l.at == nil {
		return receiptOf(l.slot.Destination, err)
	}
	return l.at.receipt(err)
}

// quit ends the connection, if there is one.
func (l *lane) quit() {
	if l.dialogue != nil {
		l.dialogue.quit()
	}
	l.dialogue = nil
	l.works.Store(false)
}
