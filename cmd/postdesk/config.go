package main

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"postdesk/core"
	"postdesk/mailer"
	"postdesk/smtpd/verify"
)

// commands is the command line. Every setting is a flag and a variable, told by
// --help.
type commands struct {
	Database databaseSettings `embed:""`

	Serve   serveCommand   `cmd:"" help:"Run the whole gateway in one process."`
	User    userCommands   `cmd:"" help:"Accounts."`
	Token   tokenCommands  `cmd:"" help:"API tokens."`
	Letter  letterCommand  `cmd:"" help:"Show how mails would be read, one JSON object a line. Needs no database."`
	Migrate migrateCommand `cmd:"" help:"Bring the database's schema up to date."`
	Check   checkCommand   `cmd:"" help:"Try settings, database, DNS and relay, and tell of each."`
	Outbox  outboxCommands `cmd:"" help:"Outgoing mail."`
	Replay  replayCommand  `cmd:"" help:"Run stored mails that failed or are suspended through the rules again."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// databaseSettings are taken by every command that needs the database.
type databaseSettings struct {
	DataDir           string `help:"Folder of the private PostgreSQL." env:"POSTDESK_DATA_DIR" default:"${datadir}" placeholder:"DIR"`
	DatabaseURL       string `help:"Use this PostgreSQL instead of a private one. It may name several servers of which one takes writes." env:"POSTDESK_DATABASE_URL" name:"database-url" placeholder:"URL"`
	DirectDatabaseURL string `help:"The same database past a pooler that lends sessions by the transaction, where --database-url leads through one." env:"POSTDESK_DIRECT_DATABASE_URL" name:"direct-database-url" placeholder:"URL"`
	Secret            string `help:"Wraps the token keys in the database." env:"POSTDESK_SECRET" hidden:""`
}

// settings are those of serve.
type settings struct {
	SMTPAddr            string   `help:"Where mail is taken. Port 0 picks one." env:"POSTDESK_SMTP_ADDR" default:":2525" name:"smtp-addr"`
	HTTPAddr            string   `help:"Where the panel is served. Port 0 picks one." env:"POSTDESK_HTTP_ADDR" default:":8080" name:"http-addr"`
	PublicURL           string   `help:"The panel's address in every link." env:"POSTDESK_PUBLIC_URL" default:"http://localhost:8080" name:"public-url"`
	Mailbox             string   `help:"The first mailbox, made when there is none." env:"POSTDESK_MAILBOX" default:"support@localhost"`
	ReplyDomain         string   `help:"Reply addresses are TOKEN@ this domain instead of MAILBOX+TOKEN@." env:"POSTDESK_REPLY_DOMAIN"`
	Relay               string   `help:"Where outgoing mail goes: smtp://user:pass@host:port, smtp+starttls://, smtps://, or mx for direct delivery. Without it, outgoing mail is held and can be read in the panel." env:"POSTDESK_RELAY" placeholder:"URL"`
	Resolver            string   `help:"A DNS server, host:port, instead of the system's." env:"POSTDESK_RESOLVER" placeholder:"ADDR"`
	TrustedRelay        []string `help:"CIDR[,CIDR]=authserv-id: networks whose Authentication-Results of that id are believed. Repeatable." env:"POSTDESK_TRUSTED_RELAY" sep:";" placeholder:"CIDR=ID"`
	TrustedProxy        []string `help:"CIDR: networks of reverse proxies in front of the panel. Who asks is then read from their X-Forwarded-For. Repeatable, or with commas." env:"POSTDESK_TRUSTED_PROXY" placeholder:"CIDR"`
	WatchDisk           []string `help:"Folder on the disk of the database: below 1 GB free there, or a tenth of a smaller disk, and always below five of the largest mails, mail is refused for the moment. The private PostgreSQL's folder unless given; give it where a --database-url leads to a server on this machine. Repeatable." env:"POSTDESK_WATCH_DISK" placeholder:"DIR"`
	HoldOutbox          bool     `help:"Hold everything outgoing, as after a restore." env:"POSTDESK_HOLD_OUTBOX"`
	MaxConnections      int      `help:"SMTP connections in all." env:"POSTDESK_MAX_CONNECTIONS" default:"4000"`
	MaxConnectionsPerIP int      `help:"SMTP connections of one address, or one /64 of IPv6. Loopback and trusted relays are exempt." env:"POSTDESK_MAX_CONNECTIONS_PER_IP" default:"20" name:"max-connections-per-ip"`
	MaxPerDestination   int      `help:"SMTP connections to one destination of outgoing mail: the relay, or with mx a recipient's domain. Over all processes." env:"POSTDESK_MAX_CONNECTIONS_PER_DESTINATION" default:"5" name:"max-connections-per-destination"`
	MaxMessageBytes     int64    `help:"Size of the largest mail that is taken." env:"POSTDESK_MAX_MESSAGE_BYTES" default:"36700160"`
	TLSCert             string   `help:"Certificate for STARTTLS and HTTPS; read again when it changes." env:"POSTDESK_TLS_CERT" name:"tls-cert" placeholder:"FILE"`
	TLSKey              string   `help:"Its key." env:"POSTDESK_TLS_KEY" name:"tls-key" placeholder:"FILE"`
	ACMEHost            string   `help:"Get a certificate for this host name by ACME." env:"POSTDESK_ACME_HOST" name:"acme-host" placeholder:"NAME"`
	MaxCollaborators    *int     `help:"At most so many collaborators; unlimited unless set." env:"POSTDESK_MAX_COLLABORATORS" placeholder:"N"`
	MaxSeats            *int     `help:"At most so many agents, admins and owners; unlimited unless set." env:"POSTDESK_MAX_SEATS" placeholder:"N"`
	Run                 []string `help:"Which parts this process runs: smtp, web, mail." env:"POSTDESK_RUN" default:"smtp,web,mail" enum:"smtp,web,mail"`
	operations          `embed:""`
	MetricsAddr         string `help:"Where /metrics, /healthz, /readyz and pprof are served." env:"POSTDESK_METRICS_ADDR" default:"127.0.0.1:9090" name:"metrics-addr"`
}

func (s settings) runs(part string) bool { return slices.Contains(s.Run, part) }

// parsed are settings that were read once, with every fault told by its flag.
type parsed struct {
	relay     *mailer.Relay // nil: none, or direct delivery
	direct    bool
	trusted   []verify.Relay
	exempt    []netip.Prefix
	proxies   []netip.Prefix
	mailbox   core.Address
	publicURL *url.URL
}

// parse checks everything before anything is started.
func (s settings) parse() (p parsed, err error) {
	if p.mailbox, err = core.ParseAddress(s.Mailbox); err != nil {
		return p, usageError{fmt.Errorf("--mailbox %q: it is no mail address", s.Mailbox)}
	}
	if s.ReplyDomain == "" {
		if err := core.CheckMailboxLength(p.mailbox); err != nil {
			return p, usageError{fmt.Errorf("--mailbox %q: %w", s.Mailbox, err)}
		}
	} else if _, err := core.ParseAddress("x@" + s.ReplyDomain); err != nil {
		return p, usageError{fmt.Errorf("--reply-domain %q: it is no domain", s.ReplyDomain)}
	}
	p.publicURL, err = url.Parse(strings.TrimRight(s.PublicURL, "/"))
	if err != nil || p.publicURL.Host == "" || p.publicURL.Scheme != "http" && p.publicURL.Scheme != "https" {
		return p, usageError{fmt.Errorf("--public-url %q: expected http://host or https://host", s.PublicURL)}
	}
	switch s.Relay {
	case "":
	case "mx":
		p.direct = true
	default:
		relay, err := mailer.ParseRelay(s.Relay)
		if err != nil {
			return p, usageError{fmt.Errorf("--%w; or mx for direct delivery", err)}
		}
		p.relay = &relay
	}
	if s.Resolver != "" {
		if _, _, err := net.SplitHostPort(s.Resolver); err != nil {
			return p, usageError{fmt.Errorf("--resolver %q: expected host:port", s.Resolver)}
		}
	}
	for _, text := range s.TrustedRelay {
		relay, err := verify.ParseRelay(text)
		if err != nil {
			return p, usageError{fmt.Errorf("--trusted-relay: %w", err)}
		}
		p.trusted = append(p.trusted, relay)
		p.exempt = append(p.exempt, relay.Networks...)
	}
	for _, text := range s.TrustedProxy {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return p, usageError{fmt.Errorf("--trusted-proxy %q: expected a network like 10.0.0.0/8 or 192.0.2.1/32", text)}
		}
		p.proxies = append(p.proxies, network.Masked())
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		return p, usageError{fmt.Errorf("--tls-cert and --tls-key are given together")}
	}
	if err := s.checkACME(); err != nil {
		return p, err
	}
	return p, s.checkLimits()
}

// smallestLimit is what everybody must take (RFC 5321 section 4.5.3.1.7).
const smallestLimit = 64 << 10

func (s settings) checkLimits() error {
	switch {
	case s.MaxConnections < 1:
		return usageError{fmt.Errorf("--max-connections %d: at least 1, or nobody can bring mail", s.MaxConnections)}
	case s.MaxConnectionsPerIP < 1:
		return usageError{fmt.Errorf("--max-connections-per-ip %d: at least 1, or nobody can bring mail", s.MaxConnectionsPerIP)}
	case s.MaxPerDestination < 1:
		return usageError{fmt.Errorf("--max-connections-per-destination %d: at least 1, or no mail can leave", s.MaxPerDestination)}
	case s.MaxMessageBytes < smallestLimit:
		return usageError{fmt.Errorf("--max-message-bytes %d: at least %d, which every mail server takes", s.MaxMessageBytes, smallestLimit)}
	}
	return nil
}

func (p parsed) hasRelay() bool { return p.relay != nil || p.direct }

// defaultDataDir: a system folder for root, whose home nobody else may enter, and
// the user's own data folder for everybody else.
func defaultDataDir() string {
	if os.Geteuid() == 0 {
		return "/var/lib/postdesk"
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "postdesk")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "postdesk-data"
	}
	return filepath.Join(home, ".local", "share", "postdesk")
}
