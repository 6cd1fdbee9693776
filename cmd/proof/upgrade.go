package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

type upgradeCommand struct {
	Old     string        `help:"The commit whose program runs already; the last with schema version 18 unless given." default:"39417fe"`
	Mails   int           `help:"Mails to bring while both programs run." default:"1500"`
	Largest int           `help:"Octets of the largest mail." default:"20000"`
	Seed    uint64        `help:"Chooses sizes again; 0 draws one." default:"0"`
	Timeout time.Duration `help:"For everything." default:"15m"`
}

// Run fails unless an older program goes on working beside a newer one that has
// migrated its database, loses nothing, and says at its next start why it cannot.
func (u *upgradeCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, u.Timeout)
	defer cancel()
	u.Seed = seeded(u.Seed)
	return onFleet(ctx, c, "upgrade", nil, func(f *fleet) error {
		old, err := buildCommit(ctx, u.Old, filepath.Join(f.workshop.dir, "old"))
		if err != nil {
			return err
		}
		return u.prove(ctx, f, old)
	})
}

// buildCommit builds the program as it was.
func buildCommit(ctx context.Context, commit, dir string) (string, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	shell := exec.CommandContext(ctx, "sh", "-c", `git archive "$0" | tar -x -C "$1" && cd "$1" && go build -o postdesk ./cmd/postdesk`, commit, dir)
	out, err := shell.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return "", notRun("commit " + commit + " cannot be built: " + firstLine(string(out)))
	}
	return filepath.Join(dir, "postdesk"), nil
}

func (u *upgradeCommand) prove(ctx context.Context, f *fleet, program string) error {
	s := &sink{book: newBook(true), pipelining: true}
	if err := s.listen(); err != nil {
		return err
	}
	defer s.close()
	old, young := f.make("old", "smtp,web,mail", "--relay", "smtp://"+s.addr), f.make("new", "smtp,web,mail", "--relay", "smtp://"+s.addr)
	old.binary = program
	if err := old.start(ctx); err != nil {
		return err
	}
	before, err := f.version(ctx)
	if err != nil {
		return err
	}
	owner, err := f.employBy(ctx, program, "owner", theirOwner)
	if err != nil {
		return err
	}
	l, t := newLoad(u.Seed, u.Mails, 6, u.Largest), &tally{}
	var group errgroup.Group
	group.Go(func() error { return u.bring(ctx, l, t, smtpOf(old), u.Mails/2) })
	if err := l.ledger.awaitAcknowledged(ctx, u.Mails/5); err != nil {
		return err
	}
	if err := young.start(ctx); err != nil { // and migrates, under mail
		return err
	}
	after, err := f.version(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("an older program runs at schema version %s; a newer one has brought the database to %s under mail\n", before, after)
	if err := group.Wait(); err != nil {
		return err
	}
	if err := u.bring(ctx, l, t, smtpOf(old, young), u.Mails); err != nil {
		return err
	}
	if err := u.worksOn(ctx, owner, old, young); err != nil {
		return err
	}
	fmt.Println(t)
	if err := u.settled(ctx, f, l, t, young); err != nil {
		return err
	}
	if err := u.refuses(ctx, old); err != nil {
		return err
	}
	tellFigure("schema %s to %s under %d mails: 0 lost, 0 cut short, the older program went on beside the newer and refuses its next start", before, after, t.taken)
	return nil
}

// bring brings mails until so many are taken.
func (u *upgradeCommand) bring(ctx context.Context, l *load, t *tally, addrs []string, until int) error {
	return together(l.senders, func(n int) error {
		m := &mta{addrs: addrs, ledger: l.ledger, mail: l.mail, random: rand.New(rand.NewPCG(u.Seed, uint64(n))), tally: t}
		defer m.hangUp()
		for l.ledger.sent() < until {
			n, ok := l.ledger.take()
			if !ok {
				return nil
			}
			if err := m.bring(ctx, n); err != nil {
				return err
			}
		}
		return nil
	})
}

// worksOn: people go on working in the panel of the older program.
func (u *upgradeCommand) worksOn(ctx context.Context, owner *colleague, old, young *gateway) error {
	for _, g := range []*gateway{old, young} {
		if err := owner.signIn(ctx, g); err != nil {
			return err
		}
		if in, err := owner.sees(ctx, g); err != nil || !in {
			return fmt.Errorf("the inbox is not shown: %w", err)
		}
		status, err := owner.call(ctx, g, http.MethodPost, "/cases", map[string]string{"subject": "Side by side", "contents": "Words.", "requester_email": "side@" + senderDomain}, nil)
		if err != nil || status != http.StatusCreated {
			return fmt.Errorf("a new conversation: %d: %w", status, err)
		}
	}
	return nil
}

// settled fails unless all mail is filed once and all answers went out.
func (u *upgradeCommand) settled(ctx context.Context, f *fleet, l *load, t *tally, g *gateway) error {
	db, err := f.look(ctx)
	if err != nil {
		return err
	}
	defer db.close()
	if _, err := db.conn.Exec(ctx, `delete from deliveries where conversation_id in (select id from conversations where subject = 'Side by side')`); err != nil {
		return err
	}
	if _, err := db.conn.Exec(ctx, `delete from conversations where subject = 'Side by side'`); err != nil { // it is not in the ledger
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, stuckTime)
	defer cancel()
	if err := db.awaitSent(waiting); err != nil {
		return err
	}
	l.ledger.mails = l.ledger.mails[:min(l.ledger.next, len(l.ledger.mails))]
	if err := l.sound(ctx, f.site(g)); err != nil {
		return err
	}
	if lines := f.complaints(`"level":"ERROR"`); len(lines) > 0 {
		return fmt.Errorf("%d faults in the logs, the first: %s", len(lines), lines[0])
	}
	if t.cutShort+t.rounds > 0 {
		return errors.New("mail was cut short, or found no server")
	}
	return nil
}

// refuses: the older program says at its next start why it cannot.
func (u *upgradeCommand) refuses(ctx context.Context, old *gateway) error {
	old.stop()
	err := old.start(ctx)
	if err == nil || !strings.Contains(err.Error(), "newer than this program") {
		return fmt.Errorf("the older program started on the newer schema: %w", err)
	}
	said := lastLines(old.log)
	fmt.Println("the older program, started again:", said[strings.LastIndexByte(said, '\n')+1:])
	return nil
}

func (f *fleet) version(ctx context.Context) (string, error) {
	return f.server.ask(ctx, "postdesk", `select max(version_id) from goose_db_version`)
}
