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
	panel := k.PublicURL
	if err == nil {
		panel = publicURLOf(p, k.HTTPAddr)
	}
	tell(tried("settings", "panel "+panel+", first mailbox "+k.Mailbox, err))
	found, have, err := checkDatabase(ctx, s, c)
	tell(tried("database", found, err))
	if p.mailbox.IsZero() {
		return errors.New("the settings must be mended before DNS and relay can be tried")
	}
	for _, f := range checkDNS(ctx, k.settings, p, have.mailboxes, have.keys) {
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

// ourMail is what the database says about mail of ours.
type ourMail struct {
	mailboxes []core.Address
	keys      []core.SigningKey
}

// checkDatabase looks at the database, and at the mailboxes and keys in it. It
// makes none: a folder may be mistyped.
func checkDatabase(ctx context.Context, s *databaseSettings, c console) (found string, have ourMail, err error) {
	if s.DatabaseURL == "" && !localpg.Exists(s.DataDir) {
		none := "there is none in " + s.DataDir + ": postdesk serve makes it when it is first started; if you have one, name its folder with --data-dir"
		if s.DataDir == defaultDataDir() {
			return none, have, nil // a newcomer
		}
		return "", have, errors.New(none)
	}
	db, err := openDatabase(ctx, s, false, quiet(c))
	if err != nil {
		return "", have, err
	}
	defer db.close()
	schema, program, err := migrations.Versions(ctx, db.url)
	if err != nil {
		return "", have, err
	}
	if schema > program {
		return "", have, fmt.Errorf("its schema has version %d, this program knows %d: use a newer program", schema, program)
	}
	if err := core.CheckDurability(ctx, db.pool); err != nil {
		return "", have, err
	}
	if have.mailboxes, err = core.MailboxAddresses(ctx, db.pool); err == nil {
		have.keys, err = core.SigningKeysOf(ctx, db.pool)
	}
	return fmt.Sprintf("schema version %d of %d", schema, program), have, err
}

func checkRelay(ctx context.Context, p parsed) (string, error) {
	if p.relay == nil {
		if p.direct {
			return "direct delivery", nil
		}
		return "none: outgoing mail is held", nil
	}
	smarthost := mailer.NewSmarthost(*p.relay, hostName(p), nil)
	return p.relay.String() + " answers", smarthost.Check(ctx)
}
