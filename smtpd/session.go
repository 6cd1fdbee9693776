package smtpd

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-smtp"

	"postdesk/core"
)

// maxAddress bounds an envelope address, in octets: RFC 5321 section 4.5.3.1
// allows 64 + 1 + 255.
const maxAddress = 320

// A session takes envelopes and mails of one connection. go-smtp calls Data of a
// mail in chunks in a goroutine of its own, so the mail under way is locked.
type session struct {
	server   *Server
	work     context.Context // of the server: a mail on its way outlives the order to stop
	peer     *conn
	dialogue *smtp.Conn

	mu   sync.Mutex
	mail *mail
}

// A mail is one that is under way.
type mail struct {
	from string
	to   []string
	utf8 bool
	size int64 // as declared, 0 if not
}

// Mail begins a mail. The null sender is normal (RFC 5321 section 4.5.5).
func (s *session) Mail(from string, opts *smtp.MailOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	cfg := &s.server.cfg
	switch {
	case s.mail != nil:
		return errNested
	case from != "" && !isAddress(from):
		return errBadSender
	case !opts.UTF8 && !isASCII(from):
		return errNeedsUTF8
	case opts.Size > cfg.MaxMessageBytes:
		s.server.stats.refused.Add(1)
		s.server.refusals.count(becauseTooBig)
		return errTooBig
	case min(opts.Size, great) > s.server.bytes.left.Load() || s.server.full():
		s.server.refusals.count(becauseRoom)
		return errNoRoom
	}
	s.mail = &mail{from: from, utf8: opts.UTF8, size: opts.Size}
	return nil
}

// Rcpt asks the desk whether it takes mail for an address.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.mail == nil:
		return errNoMail
	case !isAddress(to):
		return errBadAddress
	case !s.mail.utf8 && !isASCII(to):
		return errNeedsUTF8
	}
	ctx, cancel := context.WithTimeout(s.work, s.server.cfg.AdmitTime)
	defer cancel()
	if err := s.server.desk.Admit(ctx, to); err != nil {
		return s.refuse("recipient refused", s.mail.from, []string{to}, err)
	}
	s.mail.to = append(s.mail.to, to)
	return nil
}

// Data reads the mail and returns nil when it is committed.
func (s *session) Data(r io.Reader) error {
	s.peer.taking()
	s.mu.Lock()
	m := s.mail
	s.mu.Unlock()
	if m == nil {
		return errNoMail
	}
	r, done := bodyOf(s.peer, r)
	defer done()
	room := allowance{all: s.server.bytes, own: s.peer.share()}
	raw, err := s.server.receive(r, room, m.size)
	taken := int64(cap(raw))
	defer func() { room.give(taken) }()
	switch err {
	case nil:
		err = s.take(m, raw)
	case errGreat:
		room.give(taken - greatRoom)
		taken = greatRoom
		err = s.takeGreat(m, raw, r)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errUnconfirmed):
		s.server.stats.cutOff.Add(1)
		return s.refuse("mail cut off", m.from, m.to, err)
	}
	s.server.stats.refused.Add(1)
	return s.refuse("mail refused", m.from, m.to, err)
}

// take takes a mail that is in memory.
func (s *session) take(m *mail, raw []byte) error {
	if hops(raw) > s.server.cfg.MaxHops {
		return errLoop
	}
	return s.accept(m, len(raw), int64(cap(raw)), func(ctx context.Context, claim bool) (core.Claim, error) {
		return s.server.desk.Accept(ctx, s.envelope(m), raw, claim)
	})
}

func (s *session) envelope(m *mail) core.Envelope {
	return core.Envelope{
		ClientIP: s.peer.client, Helo: cleanHelo(s.dialogue.Hostname()), TLS: s.peer.secure(),
		From: m.from, Recipients: m.to, ReceivedAt: time.Now(),
	}
}

// accept makes the promise of the 250 true. To file the mail takes so much room.
func (s *session) accept(m *mail, size int, room int64, accept func(ctx context.Context, claim bool) (core.Claim, error)) error {
	if s.peer.gone() {
		return errUnconfirmed
	}
	if s.server.full() {
		return errNoRoom
	}
	ctx, cancel := context.WithTimeout(s.work, s.server.cfg.AcceptTime)
	defer cancel()
	began := time.Now()
	filing := s.server.intake.reserve(room)
	claim, err := accept(ctx, filing != nil)
	if err != nil {
		filing.release()
		return err
	}
	core.Passing(core.PointAccepted)
	s.server.stats.accepted.Add(1)
	s.server.log.Info("mail accepted", "inbound", claim.ID, "from", core.Redact(m.from), "to", forLog(m.to),
		"bytes", size, "client", s.peer.client, "tls", s.peer.secure(), "seconds", time.Since(began).Seconds())
	// Filing looks things up, and no look-up happens before the 250.
	s.peer.later(func() { filing.start(s.work, claim) })
	return nil
}

// refuse logs what was not taken, and gives the answer.
func (s *session) refuse(event, from string, to []string, err error) error {
	answer, reference := reply(err)
	s.server.refusals.count(reasonOf(answer))
	log := s.server.log.With("from", core.Redact(from), "to", forLog(to), "client", s.peer.client)
	if reference != "" {
		log.Error(event, "reference", reference, "error", err)
	} else {
		log.Info(event, "answer", answer.Message)
	}
	return answer
}

// Reset forgets the mail under way.
func (s *session) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mail = nil
}

// Logout has nothing to free.
func (s *session) Logout() error { return nil }

// isAddress is a first look: what go-smtp has unquoted is anything. Whose the
// address is the desk says.
func isAddress(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && at < len(s)-1 && len(s) <= maxAddress &&
		utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// cleanHelo makes what a client calls itself fit to be stored.
func cleanHelo(helo string) string {
	return strings.ToValidUTF8(helo[:min(len(helo), maxHelo)], "?")
}

// forLog shows recipients without their tokens, which are never logged (mail-law
// section 3).
func forLog(to []string) []string {
	shown := make([]string, 0, 5)
	for _, address := range to[:min(len(to), 5)] {
		shown = append(shown, core.Redact(address))
	}
	return shown
}
