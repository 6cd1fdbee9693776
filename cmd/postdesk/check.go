package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"postdesk/core"
	"postdesk/mailer"
	"postdesk/migrations"
	"postdesk/smtpd/verify"
)

// checkCommand takes serve's settings, so that it tries what serve would use.
type checkCommand struct {
	settings `embed:""`
}

// Run tries one thing after the other and tells of each; a fault of one does not
// keep the others from being tried.
func (k *checkCommand) Run(ctx context.Context, s *databaseSettings, c console) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	failed := 0
	tell := func(what string, found string, err error) {
		if err != nil {
			failed++
			fmt.Fprintf(c.out, "%-10s FAILED  %s\n", what, oneLine(err))
			return
		}
		fmt.Fprintf(c.out, "%-10s ok      %s\n", what, found)
	}
	p, err := k.parse()
	tell("settings", "panel "+k.PublicURL+", first mailbox "+k.Mailbox, err)
	found, err := checkDatabase(ctx, s, c)
	tell("database", found, err)
	if p.mailbox.IsZero() {
		return errors.New("the settings must be mended before DNS and relay can be tried")
	}
	found, err = checkDNS(ctx, k.settings, p)
	tell("DNS", found, err)
	found, err = checkRelay(ctx, k.settings, p)
	tell("relay", found, err)
	if failed > 0 {
		return fmt.Errorf("%d of the checks failed", failed)
	}
	return nil
}

func checkDatabase(ctx context.Context, s *databaseSettings, c console) (string, error) {
	db, err := openDatabase(ctx, s, false, quiet(c))
	if err != nil {
		return "", err
	}
	defer db.close()
	schema, program, err := migrations.Versions(ctx, db.url)
	if err != nil {
		return "", err
	}
	if schema > program {
		return "", fmt.Errorf("its schema has version %d, this program knows %d: use a newer program", schema, program)
	}
	if err := core.CheckDurability(ctx, db.pool); err != nil {
		return "", err
	}
	return fmt.Sprintf("schema version %d of %d", schema, program), nil
}

// checkDNS asks for what others ask when they send us mail or get ours.
func checkDNS(ctx context.Context, s settings, p parsed) (string, error) {
	domain := p.mailbox.Domain()
	if !strings.Contains(domain, ".") {
		return domain + " is a name of this machine: nothing to ask", nil
	}
	resolver := verify.NewResolver(s.Resolver)
	mx, err := resolver.LookupMX(ctx, domain)
	var missing *net.DNSError
	if errors.As(err, &missing) && missing.IsNotFound {
		return "", fmt.Errorf("%s has no MX record: others cannot find this server", domain)
	}
	if err != nil {
		return "", err
	}
	hosts := make([]string, len(mx))
	for i, m := range mx {
		hosts[i] = strings.TrimSuffix(m.Host, ".")
	}
	return "mail for " + domain + " goes to " + strings.Join(hosts, ", "), nil
}

func checkRelay(ctx context.Context, s settings, p parsed) (string, error) {
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
