package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

type poisonCommand struct {
	Mails    int           `help:"Poisoned mails of each kind." default:"20"`
	Release  bool          `help:"Also wait until a mail on which the parser hangs is given up: an hour."`
	MostWait time.Duration `help:"Other mail is filed within this time, at 99 of 100." default:"1s"`
	Seed     uint64        `help:"Chooses the mails; 0 draws one." default:"0"`
	Timeout  time.Duration `help:"For everything." default:"2h"`
}

// Run fails unless mail that breaks the parser is kept, given up after its tries
// and shown to admins, and other mail goes on meanwhile. The gateway is one that
// is built to break on a header of ours (core/fault_on.go).
func (p *poisonCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	p.Seed = seeded(p.Seed)
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	binary, err := w.faulty(ctx)
	if err != nil {
		return err
	}
	return onSite(ctx, &workshop{dir: w.dir, binary: binary}, siteSetup{name: "poison", fault: "poison"}, func(s *site) error {
		if err := s.furnish(ctx); err != nil {
			return err
		}
		db, err := s.look(ctx)
		if err != nil {
			return err
		}
		defer db.close()
		b := &poisonBench{poisonCommand: p, site: s, db: db, text: prose(p.Seed, 20_000)}
		defer s.gateway.kill() // what hangs would hold up an end in order
		return b.prove(ctx)
	})
}

// A poisonBench is the proof as it runs.
type poisonBench struct {
	*poisonCommand
	site *site
	db   *database
	text string
	sent int
}

func (b *poisonBench) prove(ctx context.Context) error {
	alone, err := b.watch(ctx, 100, nil)
	if err != nil {
		return err
	}
	panics, err := b.poison(ctx, "panic")
	if err != nil {
		return err
	}
	among, err := b.watch(ctx, 100, func(ctx context.Context) (bool, error) { return b.given(ctx, panics) })
	if err != nil {
		return err
	}
	fmt.Printf("filed, from its 250: alone %s; while the parser panics on others %s\n", alone, among)
	if err := b.checkGivenUp(ctx, panics, 3); err != nil {
		return err
	}
	deaths, err := b.deadly(ctx)
	if err != nil {
		return err
	}
	hanging, hangs, err := b.hanging(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("filed, from its 250, while the parser hangs on others: %s\n", hangs)
	if slow := max(among.quantile(0.99), hangs.quantile(0.99)); slow > b.MostWait {
		return fmt.Errorf("other mail waited for %s", slow)
	}
	tellFigure("%d mails that panic given up after 3 tries and shown, 1 that kills given up after %d deaths, %d that hang %s; other mail was filed within %s alone, %s among panics, %s among hangs (p99)",
		b.Mails, deaths, b.Mails, hanging, alone.quantile(0.99), among.quantile(0.99), hangs.quantile(0.99))
	return nil
}

// mail is the next one, with a header that poisons it, or none.
func (b *poisonBench) mail(kind string) mail {
	b.sent++
	m := compose(fmt.Sprint(b.Seed), b.sent, 3000, b.text)
	if kind != "" {
		m.raw = append([]byte("Received: from poisoner\r\nX-Poison: "+kind+"\r\n"), m.raw...)
	}
	return m
}

// poison sends mails of a kind, each to its 250.
func (b *poisonBench) poison(ctx context.Context, kind string) (mails []mail, err error) {
	for range b.Mails {
		m := b.mail(kind)
		if err := deliver(ctx, b.site.gateway.at.smtp, m); err != nil {
			return nil, fmt.Errorf("a poisoned mail got no 250: %w", err)
		}
		mails = append(mails, m)
	}
	return mails, nil
}

// watch sends honest mail, one after the other, and tells how long each took from
// its 250 to its conversation: so many, and more until all is over.
func (b *poisonBench) watch(ctx context.Context, count int, over func(context.Context) (bool, error)) (w waits, err error) {
	for ended := over == nil; len(w) < count || !ended; {
		m := b.mail("")
		if err := deliver(ctx, b.site.gateway.at.smtp, m); err != nil {
			return w, err
		}
		begin := time.Now()
		for filed := 0; filed == 0; pause(2) {
			if filed, err = b.db.countSubject(ctx, m.subject); err != nil {
				return w, err
			}
			if time.Since(begin) > stuckTime {
				return w, fmt.Errorf("%s is not filed after %s", m.subject, stuckTime)
			}
		}
		w = append(w, time.Since(begin))
		pause(50)
		if over != nil && len(w)%10 == 0 {
			if ended, err = over(ctx); err != nil {
				return w, err
			}
		}
	}
	return w, nil
}

// states are where mails stand.
func (b *poisonBench) states(ctx context.Context, mails []mail) (states []string, tries []int, whole int, err error) {
	for _, m := range mails {
		var state string
		var n int
		var digest []byte
		err := b.db.conn.QueryRow(ctx, `select state, tries, sha256(inbound_raw(i)) from inbound i where envelope_from = $1`, m.from).Scan(&state, &n, &digest)
		if err != nil {
			return nil, nil, 0, err
		}
		states, tries = append(states, state), append(tries, n)
		whole += one([sha256.Size]byte(digest) == sha256.Sum256(m.raw))
	}
	return states, tries, whole, nil
}

// given tells that all were given up.
func (b *poisonBench) given(ctx context.Context, mails []mail) (bool, error) {
	states, _, _, err := b.states(ctx, mails)
	return !slices.ContainsFunc(states, func(s string) bool { return s != "failed" }), err
}

// checkGivenUp: failed after so many tries, every octet kept, and shown to admins.
func (b *poisonBench) checkGivenUp(ctx context.Context, mails []mail, wantTries int) error {
	states, tries, whole, err := b.states(ctx, mails)
	if err != nil {
		return err
	}
	for i := range mails {
		if states[i] != "failed" || tries[i] != wantTries {
			return fmt.Errorf("a poisoned mail is %s after %d tries", states[i], tries[i])
		}
	}
	if whole != len(mails) {
		return fmt.Errorf("%d of %d poisoned mails were kept as they came", whole, len(mails))
	}
	return b.checkShown(ctx, mails)
}

// checkShown asks the API as an admin for the mails that failed.
func (b *poisonBench) checkShown(ctx context.Context, mails []mail) error {
	token, err := b.site.gateway.command(ctx, "", "token", "create", "--email", theirOwner)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+b.site.gateway.at.http+"/api/v1/mails?status=FAILED&limit=100", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var list struct {
		Data []struct {
			From string `json:"envelope_from"`
		} `json:"data"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		return fmt.Errorf("the mail log: %s: %w", answer.Status, err)
	}
	shown := 0
	for _, m := range mails {
		for _, row := range list.Data {
			shown += one(row.From == m.from)
		}
	}
	if shown != len(mails) {
		return fmt.Errorf("the mail log shows %d of %d mails that were given up", shown, len(mails))
	}
	return nil
}

// deadly sends a mail that kills the gateway, among thirty that do not. The gateway
// is started again each time, and what dead ones held is due at once: an operator
// would wait for the leases. All others must be filed in the end.
func (b *poisonBench) deadly(ctx context.Context) (deaths int, err error) {
	l := newLedger(31)
	mails := make([]mail, len(l.mails))
	for i := range mails {
		mails[i] = b.mail("")
	}
	mails[15] = b.mail("kill")
	group, sending := errgroup.WithContext(ctx)
	for range 8 {
		p := postman{addr: b.site.gateway.at.smtp, ledger: l, mail: func(n int) mail { return mails[n] }}
		group.Go(func() error { return p.deliver(sending) })
	}
	group.Go(func() (err error) { deaths, err = b.revive(sending, mails, l); return err })
	if err := group.Wait(); err != nil {
		return deaths, err
	}
	states, tries, whole, err := b.states(ctx, mails)
	if err != nil {
		return deaths, err
	}
	for i, state := range states {
		if want := map[bool]string{true: "failed", false: "success"}[i == 15]; state != want {
			return deaths, fmt.Errorf("mail %d of those around a deadly one is %q after %d tries, want %q (all: %s)", i, state, tries[i], want, strings.Join(states, " "))
		}
	}
	if whole != len(mails) {
		return deaths, errors.New("a mail around a deadly one was altered")
	}
	return deaths, b.checkShown(ctx, mails[15:16])
}

// revive starts the gateway whenever it has died, until nothing waits.
func (b *poisonBench) revive(ctx context.Context, mails []mail, l *ledger) (deaths int, err error) {
	g := b.site.gateway
	for begin := time.Now(); time.Since(begin) < 3*time.Minute; {
		select {
		case <-ctx.Done():
			return deaths, ctx.Err()
		case <-g.ended:
			g.process = nil
			deaths++
			if _, err := b.db.conn.Exec(ctx, `update inbound set due_at = received_at where state = 'received'`); err != nil {
				return deaths, err
			}
			for g.start(ctx) != nil { // it may die while it starts
				deaths++
				if ctx.Err() != nil {
					return deaths, ctx.Err()
				}
			}
		case <-time.After(200 * time.Millisecond):
		}
		waiting, err := b.db.count(ctx, `select count(*) from inbound where state = 'received'`)
		if err != nil {
			return deaths, err
		}
		if waiting == 0 && l.sent() == len(mails) {
			return deaths, nil
		}
	}
	return deaths, errors.New("a deadly mail still kills after three minutes")
}

// hanging sends mails on which the parser hangs, and watches others. What hangs is
// known to after ten minutes, and tried five times.
func (b *poisonBench) hanging(ctx context.Context) (what string, w waits, err error) {
	mails, err := b.poison(ctx, "hang")
	if err != nil {
		return "", nil, err
	}
	var over func(context.Context) (bool, error)
	if b.Release {
		over = func(ctx context.Context) (bool, error) { return b.given(ctx, mails) }
	}
	if w, err = b.watch(ctx, 200, over); err != nil {
		return "", nil, err
	}
	if b.Release {
		return "given up", w, b.checkShown(ctx, mails)
	}
	_, _, whole, err := b.states(ctx, mails)
	if err == nil && whole != len(mails) {
		err = fmt.Errorf("%d of %d mails on which the parser hangs were kept as they came", whole, len(mails))
	}
	return "kept (whether they are given up takes --release)", w, err
}
