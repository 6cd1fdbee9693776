package smtpd

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
	"time"

	"postdesk/core"
	"postdesk/smtpd/eml"
)

// greatRoom is what a great mail takes of the byte budget, however great it is: its
// beginning, a part that fills, and that part once more on its way to the database.
const greatRoom = 640 << 10

// storedAtOnce is how many parts of great mails are on their way to the database at
// once: small mails need connections, too.
const storedAtOnce = 3

// discardTime bounds how long an answer waits for parts to be removed.
const discardTime = 5 * time.Second

// takeGreat takes a great mail of which the beginning has come.
func (s *session) takeGreat(m *mail, begun []byte, rest io.Reader) error {
	if hops(begun) > s.server.cfg.MaxHops {
		return errLoop
	}
	g := s.server.desk.ReceiveGreat(s.envelope(m))
	err := s.fill(g, begun, rest)
	if err == nil {
		err = s.accept(m, int(g.Size()), greatRoom, g.Accept)
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.work), discardTime)
		defer cancel()
		g.Discard(ctx)
	}
	return err
}

// fill stores the mail, part by part.
func (s *session) fill(g *core.GreatMail, begun []byte, rest io.Reader) error {
	if err := s.store(g, begun); err != nil {
		return err
	}
	piece := make([]byte, 32<<10)
	for {
		n, err := rest.Read(piece)
		switch {
		case g.Size()+int64(n) > s.server.cfg.MaxMessageBytes:
			return errTooBig
		case err != nil && err != io.EOF:
			return errUnconfirmed
		}
		if err := s.store(g, piece[:n]); err != nil {
			return err
		}
		if err == io.EOF {
			return nil
		}
	}
}

func (s *session) store(g *core.GreatMail, p []byte) error {
	if !g.Fills(len(p)) {
		return g.Write(s.work, p)
	}
	ctx, cancel := context.WithTimeout(s.work, s.server.cfg.AcceptTime)
	defer cancel()
	select {
	case s.server.storing <- struct{}{}:
		defer func() { <-s.server.storing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return g.Write(ctx, p)
}

// read reads a mail. Great ones take turns: one that cannot be read in pieces takes
// memory, for a moment.
func (in *intake) read(ctx context.Context, claim core.Claim) (core.Letter, error) {
	if claim.Great == nil {
		return eml.Parse(claim.Raw), nil
	}
	select {
	case in.greatTurn <- struct{}{}:
		defer func() { <-in.greatTurn }()
	case <-ctx.Done():
		return core.Letter{}, ctx.Err()
	}
	letter, err := eml.ParseGreat(claim.Great.At(ctx), claim.Great.Size())
	for i := range letter.Attachments {
		letter.Attachments[i].Forget()
	}
	debug.FreeOSMemory()
	return letter, err
}

// verify finds out who sent a mail.
func (in *intake) verify(ctx context.Context, claim core.Claim, letter core.Letter) (core.Origin, error) {
	switch {
	case claim.Envelope.Channel == core.ChannelHelpCenter: // the desk knows that nothing proves it
		return core.Origin{}, nil
	case claim.Great == nil:
		return in.checker.Check(ctx, claim.Envelope, letter, claim.Raw), nil
	}
	return in.checker.CheckGreat(ctx, claim.Envelope, letter, claim.Great.At(ctx), claim.Great.Size())
}

var errGreat = errors.New("the mail is great")
