package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/alexedwards/scs/pgxstore"
	"github.com/alexedwards/scs/v2"
	"golang.org/x/sync/errgroup"

	"postdesk/core"
	"postdesk/mailer"
	"postdesk/smtpd"
	"postdesk/smtpd/eml"
	"postdesk/smtpd/verify"
	"postdesk/web"
)

type serveCommand struct {
	settings `embed:""`
}

// Run serves until the context ends, on a signal.
func (s *serveCommand) Run(ctx context.Context, db *databaseSettings, c console) error {
	return serve(ctx, db, s.settings, newLog(c), func(at listening) { at.tell(c) })
}

// newLog writes for a person on a terminal and for a machine elsewhere.
func newLog(c console) *slog.Logger {
	if f, ok := c.err.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return slog.New(slog.NewTextHandler(c.err, nil))
		}
	}
	return slog.New(slog.NewJSONHandler(c.err, nil))
}

// serve is the one wiring function: it opens the database, starts the parts that
// this process runs, tells ready where they listen, and returns when all have
// ended after ctx. Each part drains by itself, in 30 s at most.
func serve(ctx context.Context, dbs *databaseSettings, s settings, log *slog.Logger, ready func(listening)) error {
	meters := newMeters()
	o := &opened{settings: s, meters: meters, log: meters.log(log)}
	defer o.close()
	if err := o.open(ctx, dbs); err != nil {
		return err
	}
	h := &health{desk: o.desk, pool: o.db.pool}
	watched, unwatch := context.WithCancel(context.WithoutCancel(ctx))
	defer unwatch()
	inside := make(chan error, 1)
	go func() { inside <- serveHTTP(watched, o.ears.metrics, meters.handler(h), nil, o.log) }()

	ctx, end := h.endLater(ctx, s.StopDelay)
	defer end()
	group, ctx := errgroup.WithContext(ctx)
	o.startChores(ctx, group)
	o.startParts(ctx, group, h)

	o.log.Info("listening", "smtp", o.at.SMTP, "http", o.at.HTTP, "metrics", o.at.Metrics)
	ready(o.at)
	tellSystemd("READY=1")
	go watchdog(watched) // it drains under the eyes of the watchdog too
	err := group.Wait()
	unwatch() // last: until here /readyz says that this process stops
	<-inside
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return err
}

// opened is all that the parts of a process share.
type opened struct {
	settings
	parsed       parsed
	certificates certificates
	ears         ears
	desk         *core.Desk
	db           *database
	disk         *room // nil where the disk of the database is out of sight
	at           listening
	panel        http.Handler
	meters       *meters
	log          *slog.Logger
}

// open opens everything in the order in which it is needed. What is open is closed
// by close, whether the rest could be opened or not.
func (o *opened) open(ctx context.Context, dbs *databaseSettings) (err error) {
	if o.parsed, err = o.parse(); err != nil {
		return err
	}
	if o.certificates, err = loadCertificates(o.settings, o.log); err != nil {
		return err
	}
	if o.ears, err = listen(o.settings); err != nil {
		return err
	}
	limitMemory()
	tellOfFileLimit(o.settings, o.log)
	publicURL := publicURLOf(o.parsed, address(o.ears.http))
	seen := newWitnessFile(dbs.DataDir, o.log)
	o.desk, o.db, err = openDesk(ctx, dbs, core.Config{PublicURL: publicURL, ReplyDomain: o.ReplyDomain,
		RelaySet: o.parsed.hasRelay(), Hold: o.HoldOutbox, Recall: seen.recall, Remember: seen.remember, Logger: o.log}, true)
	if err != nil {
		return err
	}
	if o.at, err = prepare(ctx, o.desk, o.settings, o.parsed, publicURL); err != nil {
		return err
	}
	o.at.SMTP, o.at.HTTP, o.at.Metrics = address(o.ears.smtp), address(o.ears.http), address(o.ears.metrics)
	if o.panel, err = newPanel(o.settings, o.parsed, o.at, o.desk, o.db, o.meters, o.log); err != nil {
		return err
	}
	if err := o.certificates.withACME(o.settings, o.desk, o.log); err != nil {
		return err
	}
	o.meters.countDatabase(o.desk, o.db.pool)
	o.meters.countRestored(o.desk)
	o.disk, err = newRoom(o.settings, o.db, dbs.DataDir, o.log)
	return err
}

func (o *opened) close() {
	if o.db != nil {
		o.db.close()
	}
	o.ears.close()
}

// startChores starts what every process does, whichever parts it runs.
func (o *opened) startChores(ctx context.Context, group *errgroup.Group) {
	group.Go(func() error { o.desk.Listen(ctx); return nil })
	group.Go(func() error { o.desk.WatchContinuity(ctx); return nil })
	group.Go(func() error { o.certificates.keep(ctx); return nil })
	group.Go(func() error { keepHouse(ctx, o.desk, o.log); return nil })
	group.Go(func() error { makeSigningKeys(ctx, o.desk, o.log); return nil })
	if o.disk != nil {
		o.meters.countRoom(o.disk)
		group.Go(func() error { o.disk.watch(ctx); return nil })
	}
}

// startParts starts the parts that this process runs: mail in, mail out, pages.
func (o *opened) startParts(ctx context.Context, group *errgroup.Group, h *health) {
	tls := o.certificates.config()
	if o.ears.smtp != nil {
		checker := verify.New(verify.Remember(verify.NewResolver(o.Resolver)), verify.TrustRelays(o.parsed.trusted...))
		server := smtpd.New(smtpd.Config{Hostname: hostName(o.parsed), Domain: o.parsed.mailbox.Domain(), TLS: tls, Trusted: o.parsed.exempt,
			MaxMessageBytes: o.MaxMessageBytes, MaxConnections: o.MaxConnections, MaxPerIP: o.MaxConnectionsPerIP, Full: o.disk.full}, o.desk, checker, o.log)
		o.meters.countSMTP(server)
		group.Go(func() error { return server.Serve(ctx, o.ears.smtp) })
	}
	if o.runs("mail") {
		courier := &mailer.Courier{Desk: o.desk, Transport: transport(o.settings, o.parsed), MaxConnections: o.MaxPerDestination, Log: o.log}
		group.Go(func() error { courier.Run(ctx); return nil })
	}
	if o.ears.http != nil {
		group.Go(func() error {
			return serveHTTP(ctx, o.ears.http, o.certificates.answering(h.before(o.panel)), tls, o.log)
		})
	}
	if o.ears.plain != nil {
		group.Go(func() error {
			return serveHTTP(ctx, o.ears.plain, o.certificates.answering(redirect(o.at.PublicURL)), nil, o.log)
		})
	}
}

// newPanel makes the pages, with what they must not know of protocols handed in.
func newPanel(s settings, p parsed, at listening, desk *core.Desk, db *database, m *meters, log *slog.Logger) (http.Handler, error) {
	records := newRecords(s, p)
	return web.New(web.Config{Desk: desk, PublicURL: at.PublicURL, Sessions: sessions(db), RelaySet: p.hasRelay(), SMTPAddr: at.SMTP,
		Read: eml.Parse, Compose: mailer.Compose, SigningRecord: records.ofKey, Published: records.ofDomain, Proxies: p.proxies,
		Answered: m.pages.answered, Logger: log})
}

// filesBesides is how many files are open apart from connections of SMTP and
// questions to name servers: pages, the database, outgoing mail.
const filesBesides = 500

// tellOfFileLimit says when the system allows fewer open files than connections
// are to be taken. The soft limit is the hard one already: Go raises it.
func tellOfFileLimit(s settings, log *slog.Logger) {
	var limit syscall.Rlimit
	needed := s.MaxConnections + verify.MostSockets + filesBesides
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && limit.Cur < uint64(needed) {
		log.Warn("the system allows fewer open files than --max-connections and slow name servers need: raise it (ulimit -n, LimitNOFILE), or lower the setting",
			"files", limit.Cur, "needed", needed)
	}
}

// memoryTarget is what the collector works towards while great mails pass through.
// It is no hard limit.
const memoryTarget = 512 << 20

// limitMemory sets the target, and lets the collector rest while memory is far
// below it, unless GOMEMLIMIT and GOGC say otherwise.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryTarget)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300)
	}
}

// prepare makes what an empty database lacks.
func prepare(ctx context.Context, desk *core.Desk, s settings, p parsed, publicURL string) (at listening, err error) {
	at.PublicURL, at.Relay = publicURL, p.hasRelay()
	if err := desk.FirstMailbox(ctx, p.mailbox.String(), "Support"); err != nil {
		return at, err
	}
	if err := desk.SetLimits(ctx, s.MaxCollaborators, s.MaxSeats); err != nil {
		return at, err
	}
	if p.hasRelay() {
		if err := desk.DiscardUnproven(ctx); err != nil {
			return at, err
		}
	}
	if s.HoldOutbox {
		if err := desk.HoldOutbox(ctx); err != nil {
			return at, err
		}
	}
	restored, err := desk.Look(ctx)
	if err != nil {
		return at, err
	}
	at.Restored = restored.Why
	if p.hasRelay() {
		if at.Held, err = desk.HeldMails(ctx); err != nil {
			return at, err
		}
	}
	if !s.runs("web") {
		return at, nil
	}
	secret, needed, err := desk.SetupLink(ctx)
	if needed {
		at.SetupLink = publicURL + "/accept/" + secret
	}
	return at, err
}

// publicURLOf is the setting. Where only the port of the panel was changed, the
// default follows it: a link to the wrong port helps nobody.
func publicURLOf(p parsed, httpAddr string) string {
	_, port, err := net.SplitHostPort(httpAddr)
	if err == nil && p.publicURL.String() == "http://localhost:8080" {
		return "http://localhost:" + port
	}
	return p.publicURL.String()
}

// hostName is what we call ourselves in SMTP: the public host, unless that is an
// address or has no dot.
func hostName(p parsed) string {
	if host := p.publicURL.Hostname(); strings.Contains(host, ".") && net.ParseIP(host) == nil {
		return host
	}
	return p.mailbox.Domain()
}

func transport(s settings, p parsed) mailer.Transport {
	switch {
	case p.direct && s.Resolver != "":
		return mailer.NewDirect(hostName(p), verify.NewResolver(s.Resolver))
	case p.direct:
		return mailer.NewDirect(hostName(p), nil)
	case p.relay != nil:
		return mailer.NewSmarthost(*p.relay, hostName(p), nil)
	}
	return nil
}

func sessions(db *database) *scs.SessionManager {
	m := scs.New()
	m.Store = pgxstore.NewWithCleanupInterval(db.pool, time.Hour)
	m.HashTokenInStore = true
	return m
}

// makeSigningKeys is not waited for: a key takes a moment, and a mail that needs one
// before makes it.
func makeSigningKeys(ctx context.Context, desk *core.Desk, log *slog.Logger) {
	if err := desk.MakeSigningKeys(ctx); err != nil && ctx.Err() == nil {
		log.Error("signing keys not made: mail leaves unsigned", "error", err)
	}
}

// serveHTTP serves until ctx ends, then lets running requests finish.
func serveHTTP(ctx context.Context, l net.Listener, h http.Handler, tls tlsConfig, log *slog.Logger) error {
	server := &http.Server{
		Handler: h, TLSConfig: tls, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 5 * time.Minute, WriteTimeout: 10 * time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10,
	}
	served := make(chan error, 1)
	go func() {
		if tls != nil {
			served <- server.ServeTLS(l, "", "")
		} else {
			served <- server.Serve(l)
		}
	}()
	select {
	case err := <-served:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	if err := server.Shutdown(draining); err != nil {
		return server.Close()
	}
	return nil
}
