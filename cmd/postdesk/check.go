package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"postdesk/core"
	"postdesk/core/localpg"
	"postdesk/mailer"
	"postdesk/migrations"
)

// checkCommand takes serve's settings, so that it tries what serve would use.
type checkCommand struct {
	settings `embed:""`
}

// Run tries one thing after the other and tells of each; a fault of one does not
// keep the others from being tried. It changes nothing. Only what keeps mail from
// coming or from being taken is a fault; a warning is none.
func (k *checkCommand) Run(ctx context.Context, s *databaseSettings, c console) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	faults := 0
	tell := func(f finding) {
		if f.level == failed {
			faults++
		}
		fmt.Fprintf(c.out, "%-10s %-7s %s\n", f.what, f.level, f.text)
		for _, record := range f.records {
			fmt.Fprintf(c.out, "%18s %s\n", "", record)
		}
	}
	p, err := k.parse()
	tell(tried("settings", "panel "+k.PublicURL+", first mailbox "+k.Mailbox, err))
	found, mailboxes, err := checkDatabase(ctx, s, c)
	tell(tried("database", found, err))
	if p.mailbox.IsZero() {
		return errors.New("the settings must be mended before DNS and relay can be tried")
	}
	for _, f := range checkDNS(ctx, k.settings, p, mailboxes) {
		tell(f)
	}
	found, err = checkRelay(ctx, p)
	tell(tried("relay", found, err))
	if faults > 0 {
		return fmt.Errorf("%d of the checks failed", faults)
	}
	return nil
}

// tried is a finding that is good without an error.
func tried(what, found string, err error) finding {
	if err != nil {
		return finding{what: what, level: failed, text: oneLine(err)}
	}
	return finding{what: what, text: found}
}

// checkDatabase looks at the database, and at whose mailboxes are in it. It makes
// none: a folder may be mistyped.
func checkDatabase(ctx context.Context, s *databaseSettings, c console) (string, []core.Address, error) {
	if s.DatabaseURL == "" && !localpg.Exists(s.DataDir) {
		none := "there is none in " + s.DataDir + ": postdesk serve makes it when it is first started; if you have one, name its folder with --data-dir"
		if s.DataDir == defaultDataDir() {
			return none, nil, nil // a newcomer
		}
		return "", nil, errors.New(none)
	}
	db, err := openDatabase(ctx, s, false, quiet(c))
	if err != nil {
		return "", nil, err
	}
	defer db.close()
	schema, program, err := migrations.Versions(ctx, db.url)
	if err != nil {
		return "", nil, err
	}
	if schema > program {
		return "", nil, fmt.Errorf("its schema has version %d, this program knows %d: use a newer program", schema, program)
	}
	if err := core.CheckDurability(ctx, db.pool); err != nil {
		return "", nil, err
	}
	mailboxes, err := core.MailboxAddresses(ctx, db.pool)
	return fmt.Sprintf("schema version %d of %d", schema, program), mailboxes, err
}

func checkRelay(ctx context.Context, p parsed) (string, error) {
	if p.relay == nil {
		if p.direct {
			return "direct delivery", nil
		}
		return "none: outgoing mail is held", nil
	}
	smarthost := mailer.NewSmarthost(*p.relay, hostName(p), nil)
	defer smarthost.Close()
	return p.relay.String() + " answers", smarthost.Check(ctx)
}
