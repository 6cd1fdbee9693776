package smtpd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"

	"postdesk/core"
	"postdesk/smtpd/verify"
)

// A Config is what the server is called and how much it lets others take. A
// limit of zero is the default, which stands in withDefaults.
type Config struct {
	Hostname string      // in the greeting
	Domain   string      // the domain of ours that <postmaster> alone means
	TLS      *tls.Config // for STARTTLS; nil: not offered

	// Trusted networks, and loopback always, bring the mail of many: they are
	// exempt from MaxPerIP, MaxBytesPerIP, SessionTime, BannerDelay, MaxErrors,
	// MaxBadRecipients and TarpitStep.
	Trusted []netip.Prefix

	MaxMessageBytes  int64         // a mail of exactly this size is taken
	MaxRecipients    int           // of one mail; 452 for the surplus
	MaxConnections   int           // in all
	MaxPerIP         int           // connections of one address, or one /64 of IPv6
	SessionTime      time.Duration // of the commands of one connection, and again of each mail
	CommandTime      time.Duration // for one command, and for a pause inside of a mail
	MinRate          int64         // octets a second of a mail, averaged over a CommandTime
	BannerDelay      time.Duration // who speaks before the greeting is sent away; negative: greet at once
	MaxErrors        int           // 5xx of one connection, unknown recipients apart
	MaxBadRecipients int           // 5xx to RCPT of one connection
	TarpitStep       time.Duration // by which answers to faults come later and later; negative: they do not
	MaxIdleCommands  int           // commands since the last mail that was taken
	AdmitTime        time.Duration // in the database, for one recipient
	AcceptTime       time.Duration // in the database, for one mail
	DrainTime        time.Duration // from the order to stop until what still runs is cut off
	MaxBytes         int64         // of all mails that are being received
	MaxBytesPerIP    int64         // of those from one address, or one /64 of IPv6
	MaxFilingMails   int           // accepted mails that are being filed at once
	MaxFilingBytes   int64         // of all mails that are being filed
	MaxHops          int           // Received fields; more is a loop (RFC 5321 section 6.3)

	// Full says that no mail can be kept at this moment: 452 4.3.1. Nil: never.
	Full func() bool
}

func (c Config) withDefaults() Config {
	or(&c.Hostname, "localhost")
	or(&c.Domain, c.Hostname)
	or(&c.MaxMessageBytes, 35<<20)
	or(&c.MaxRecipients, 100)
	or(&c.MaxConnections, 4000)
	or(&c.MaxPerIP, 20)
	or(&c.SessionTime, 10*time.Minute)
	or(&c.CommandTime, time.Minute)
	or(&c.MinRate, 500)
	or(&c.BannerDelay, 500*time.Millisecond)
	or(&c.MaxErrors, 10)
	or(&c.MaxBadRecipients, 20)
	or(&c.TarpitStep, time.Second)
	or(&c.MaxIdleCommands, 1000)
	or(&c.AdmitTime, 4*time.Second)
	or(&c.AcceptTime, 110*time.Second)
	or(&c.DrainTime, 25*time.Second)
	or(&c.MaxBytes, 128<<20) // a buffer that grows is there twice
	or(&c.MaxBytesPerIP, c.MaxBytes/2)
	or(&c.MaxFilingMails, 4000) // a thousand a second where name servers take seconds
	or(&c.MaxFilingBytes, 64<<20)
	or(&c.MaxHops, 50)
	return c
}

func or[T comparable](setting *T, standard T) {
	var zero T
	if *setting == zero {
		*setting = standard
	}
}

func (c *Config) trusts(a netip.Addr) bool {
	if a.IsLoopback() {
		return true
	}
	for _, network := range c.Trusted {
		if network.Contains(a) {
			return true
		}
	}
	return false
}

// A Server takes mail and files it. Make one with New.
type Server struct {
	cfg     Config
	desk    *core.Desk
	log     *slog.Logger
	intake  *intake
	bytes   *budget
	stats   counters
	storing chan struct{} // one for each part of a great mail on its way to the database
	guard   atomic.Pointer[guard]

	refusals *tally
}

// New makes a server for a desk. The checker finds out who really sent a mail.
func New(cfg Config, desk *core.Desk, checker *verify.Checker, log *slog.Logger) *Server {
	s := &Server{cfg: cfg.withDefaults(), desk: desk, log: log, refusals: newTally(), storing: make(chan struct{}, storedAtOnce)}
	s.cfg.TLS = hardened(cfg.TLS)
	s.bytes = newBudget(s.cfg.MaxBytes)
	s.intake = newIntake(&s.cfg, desk, checker, log)
	return s
}

// Stats are counts since the start, Connections apart, which is how many are
// open now.
type Stats struct {
	Connections, Accepted, Refused, CutOff int64
	Tarpitted                              int64            // answers to faults that were held back
	Refusals                               map[string]int64 // of connections, recipients and mails, by reason
}

type counters struct{ accepted, refused, cutOff atomic.Int64 }

// Stats tells what became of the mails that came.
func (s *Server) Stats() Stats {
	st := Stats{
		Accepted: s.stats.accepted.Load(), Refused: s.stats.refused.Load(), CutOff: s.stats.cutOff.Load(),
		Refusals: s.refusals.all(),
	}
	if g := s.guard.Load(); g != nil {
		st.Connections, st.Tarpitted = int64(g.count()), g.tarpitted.Load()
	}
	return st
}

// Serve takes mail from l, and files it, until ctx ends. Then who is idle gets a
// 421, a mail on its way may still come in and mails in hand are filed, in
// DrainTime at most. What is not filed by then is due again when its lease ends.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g := newGuard(l, &s.cfg, s.refusals)
	s.guard.Store(g)

	served := make(chan error, 1)
	go func() { served <- library(&s.cfg, s.begin(work), s.log).Serve(g) }()
	filing, stopFiling := context.WithCancel(ctx)
	var worker sync.WaitGroup
	worker.Go(func() { s.desk.Work(filing, core.BellInbound, s.intake.pull(work)) })
	renewing, stopRenewing := context.WithCancel(work)
	defer stopRenewing()
	go s.intake.renew(renewing)

	var err error
	select {
	case <-ctx.Done():
	case err = <-served:
		err = fmt.Errorf("serve SMTP: %w", err)
	}
	stopFiling()
	s.drain(g, stop, func() { worker.Wait(); s.intake.wait() })
	if ctx.Err() != nil && (err == nil || errors.Is(err, net.ErrClosed)) {
		return nil
	}
	return err
}

// drain lets what runs come to its end, in DrainTime, and cuts off the rest.
func (s *Server) drain(g *guard, stop context.CancelFunc, filed func()) {
	g.drain()
	done := make(chan struct{})
	go func() {
		<-g.empty
		filed()
		close(done)
	}()
	timer := time.NewTimer(s.cfg.DrainTime)
	defer timer.Stop()
	select {
	case <-done:
		return
	case <-timer.C:
	}
	s.log.Warn("stopping cut off what was running", "connections", g.count())
	stop()
	g.closeAll()
	timer.Reset(3 * time.Second)
	select {
	case <-done:
	case <-timer.C:
	}
}

// begin makes the session of a connection that has greeted.
func (s *Server) begin(work context.Context) smtp.BackendFunc {
	return func(c *smtp.Conn) (smtp.Session, error) {
		peer, ok := c.Conn().(*conn)
		if !ok {
			return nil, errBusy
		}
		return &session{server: s, work: work, peer: peer, dialogue: c}, nil
	}
}

// hardened is a TLS configuration for SMTP alone: the same certificate may serve
// pages, and a page's handshake must not succeed here (RFC 9325 section 3.7).
func hardened(t *tls.Config) *tls.Config {
	if t == nil {
		return nil
	}
	t = t.Clone()
	t.MinVersion = max(t.MinVersion, tls.VersionTLS12)
	t.NextProtos = []string{"smtp", "esmtp"}
	return t
}

// library sets go-smtp up. Its own deadlines, line and size limits are off: the
// conn and the session hold them.
func library(cfg *Config, backend smtp.Backend, log *slog.Logger) *smtp.Server {
	lib := smtp.NewServer(backend)
	lib.Domain = cfg.Hostname
	lib.MaxLineLength = 0
	lib.MaxRecipients = cfg.MaxRecipients
	lib.EnableSMTPUTF8 = true
	lib.AllowInsecureAuth = true // AUTH is "not supported", not "needs TLS"; no mechanism is offered
	lib.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	return lib
}
