package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

type poolerCommand struct {
	Mails   int           `help:"Mails to bring through the pooler." default:"1500"`
	Senders int           `help:"Servers that bring mail to two gateways." default:"10"`
	Lent    int           `help:"Sessions of PostgreSQL that the pooler has to lend; fewer than its clients." default:"10"`
	Seed    uint64        `help:"Chooses sizes again; 0 draws one." default:"0"`
	Timeout time.Duration `help:"For everything." default:"15m"`
	Control bool          `help:"Then speak to the pooler as to PostgreSQL itself, and fail unless that breaks."`
}

// Run fails unless mail comes in, is filed and answered through PgBouncer in
// transaction mode, and pages hear of it in another process.
func (p *poolerCommand) Run(ctx context.Context, c *commands) error {
	if _, err := exec.LookPath(pgbouncer); err != nil {
		return notRun("PgBouncer is not installed (apt-get install pgbouncer)")
	}
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	p.Seed = seeded(p.Seed)
	return onFleet(ctx, c, "pooler", nil, func(f *fleet) error { return p.prove(ctx, f) })
}

func (p *poolerCommand) prove(ctx context.Context, f *fleet) error {
	straight, err := p.throughput(ctx, f, "straight", p.Seed)
	if err != nil {
		return err
	}
	b, err := startPooler(ctx, f, p.Lent)
	if err != nil {
		return err
	}
	defer b.stop()
	direct := f.database
	f.database = b.url("postdesk")
	f.settings = []string{"--direct-database-url", direct}
	pooled, err := p.throughput(ctx, f, "pooled", p.Seed+1)
	if err != nil {
		return err
	}
	if err := p.desk(ctx, f); err != nil {
		return err
	}
	if wrong := f.complaints("prepared statement", "bind message", "nothing is heard"); len(wrong) > 0 {
		return fmt.Errorf("%d complaints about the pooler, the first: %s", len(wrong), wrong[0])
	}
	tellFigure("%.0f mails/s filed through PgBouncer (%d sessions lent to %d clients), %.0f straight", pooled, p.Lent, b.clients, straight)
	if err := p.alone(ctx, f); err != nil || !p.Control {
		return err
	}
	return p.control(ctx, f)
}

// throughput brings mail to two gateways, and tells how many mails a second were
// filed. The gateways are stopped after it, so that their drain counts, too.
func (p *poolerCommand) throughput(ctx context.Context, f *fleet, name string, seed uint64) (perSecond float64, err error) {
	pair := []*gateway{f.make(name+"1", "smtp"), f.make(name+"2", "smtp")}
	if err := startAll(ctx, pair); err != nil {
		return 0, err
	}
	db, err := f.look(ctx)
	if err != nil {
		return 0, err
	}
	defer db.close()
	before, err := db.countFiled(ctx)
	if err != nil {
		return 0, err
	}
	l, t, begin := newLoad(seed, p.Mails, p.Senders, 20_000), &tally{}, time.Now()
	if err := bringAll(ctx, l, t, seed, p.Senders, smtpOf(pair...)); err != nil {
		return 0, err
	}
	if err := db.awaitFiled(ctx, 20*time.Millisecond); err != nil {
		return 0, err
	}
	perSecond = float64(p.Mails) / time.Since(begin).Seconds()
	fmt.Printf("%s: %d mails filed, %.0f a second; %s\n", name, p.Mails, perSecond, t)
	n, err := db.countFiled(ctx)
	if err != nil {
		return 0, err
	}
	if t.cutShort+t.rounds > 0 || n-before != p.Mails {
		return 0, fmt.Errorf("%d mails are filed: %s", n-before, t)
	}
	for _, g := range pair {
		g.stop()
	}
	return perSecond, nil
}

// alone runs without a way past the pooler: mail is taken and filed all the same,
// and the log says what is missing.
func (p *poolerCommand) alone(ctx context.Context, f *fleet) error {
	f.settings = nil
	if _, err := p.throughput(ctx, f, "alone", p.Seed+2); err != nil {
		return err
	}
	if len(f.complaints("--direct-database-url")) == 0 {
		return errors.New("nobody was told that the pooler cannot be listened through")
	}
	return nil
}

// control asks what a statement is in one transaction, and runs it in another: it
// fails where the pooler lent another session meanwhile.
func (p *poolerCommand) control(ctx context.Context, f *fleet) error {
	f.settings = nil
	f.database += "&default_query_exec_mode=describe_exec"
	pair := []*gateway{f.make("control1", "smtp"), f.make("control2", "smtp")}
	if err := startAll(ctx, pair); err != nil {
		fmt.Println("control, statements in two round trips: the gateway does not start")
		return nil
	}
	short, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	_ = bringAll(short, newLoad(p.Seed+3, 300, p.Senders, 20_000), &tally{}, p.Seed, p.Senders, smtpOf(pair...)) // that it fails is what is looked for
	wrong := f.complaints("prepared statement", "bind message")
	fmt.Printf("control, statements in two round trips: %d complaints\n", len(wrong))
	if len(wrong) == 0 {
		return errors.New("the control worked: the pooler did not lend by the transaction")
	}
	return nil
}

const pgbouncer = "pgbouncer"

// A pooler is a PgBouncer of the proof's own in transaction mode.
type pooler struct {
	port    string
	server  *server
	process *exec.Cmd
	clients int
}

// poolerConfig is what the page for operators says, with other ports. What this
// program needs is pool_mode alone.
const poolerConfig = `[databases]
postdesk = host=127.0.0.1 port=%s dbname=postdesk

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s
pool_mode = transaction
default_pool_size = %d
max_client_conn = 1000
`

func startPooler(ctx context.Context, f *fleet, lent int) (*pooler, error) {
	b := &pooler{server: f.server, clients: 2 * 12}
	var err error
	if b.port, err = freePort(); err != nil {
		return nil, err
	}
	dir := filepath.Join(f.workshop.dir, "pooler")
	if err := f.server.own(dir); err != nil {
		return nil, err
	}
	users, config := filepath.Join(dir, "userlist.txt"), filepath.Join(dir, "pgbouncer.ini")
	err = errors.Join(
		f.server.write(users, fmt.Sprintf("%q %q\n", "postgres", f.server.password)),
		f.server.write(config, fmt.Sprintf(poolerConfig, f.server.port, b.port, users, lent)))
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(f.workshop.dir, "pooler.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	b.process = exec.Command(pgbouncer, config)
	b.process.Dir = dir
	b.process.Env = []string{"PATH=" + os.Getenv("PATH")}
	b.process.Stdout, b.process.Stderr = log, log
	b.process.SysProcAttr = &syscall.SysProcAttr{Credential: f.server.runAs, Setsid: true}
	if err := b.process.Start(); err != nil {
		return nil, err
	}
	if err := b.await(ctx); err != nil {
		b.stop()
		return nil, fmt.Errorf("%w\n%s", err, lastLines(log.Name()))
	}
	return b, nil
}

func (b *pooler) await(ctx context.Context) error {
	for range 100 {
		if conn, err := pgx.Connect(ctx, b.url("postdesk")); err == nil {
			return conn.Close(ctx)
		}
		pause(50)
	}
	return errors.New("PgBouncer did not start")
}

func (b *pooler) url(database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword("postgres", b.server.password), Host: "127.0.0.1:" + b.port, Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

func (b *pooler) stop() {
	_ = b.process.Process.Kill()
	_ = b.process.Wait() // it was killed
}

// write writes a file that PostgreSQL's user alone may read.
func (s *server) write(file, text string) error {
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil || s.runAs == nil {
		return err
	}
	return os.Chown(file, int(s.runAs.Uid), int(s.runAs.Gid))
}

// bringAll brings all mails of a load to any of some addresses.
func bringAll(ctx context.Context, l *load, t *tally, seed uint64, senders int, addrs []string) error {
	return together(senders, func(n int) error {
		m := &mta{addrs: addrs, ledger: l.ledger, mail: l.mail, random: rand.New(rand.NewPCG(seed, uint64(n))), tally: t}
		return m.deliver(ctx)
	})
}

// together runs as many at once, and gives the first error.
func together(n int, do func(n int) error) error {
	var group errgroup.Group
	for i := range n {
		group.Go(func() error { return do(i) })
	}
	return group.Wait()
}

// desk proves mail in, panel, live pages and mail out, each in a process of its own.
func (p *poolerCommand) desk(ctx context.Context, f *fleet) error {
	s := &sink{book: newBook(false), pipelining: true}
	if err := s.listen(); err != nil {
		return err
	}
	defer s.close()
	f.settings = append(f.settings, "--relay", "smtp://"+s.addr)
	o := &oneDesk{fleet: f, here: f.make("panel1", "web"), away: f.make("panel2", "web"), door: f.make("door", "smtp"), book: s.book, seed: p.Seed}
	if err := startAll(ctx, []*gateway{o.here, o.away, o.door, f.make("courier", "mail")}); err != nil {
		return err
	}
	return o.prove(ctx)
}
