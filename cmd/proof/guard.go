package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

type guardCommand struct {
	Timeout time.Duration `help:"For everything." default:"5m"`
}

// Run fails unless the gateway refuses to start, in one line that names the cause,
// on each PostgreSQL that may forget what it has committed, on a newer schema, and
// with a mailbox whose reply addresses would be too long (reliability R5). The
// control is the start on a sound server, before and after.
func (k *guardCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, k.Timeout)
	defer cancel()
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	return onSite(ctx, w, siteSetup{name: "guard"}, func(s *site) error {
		s.gateway.stop()
		for _, setting := range []string{"fsync=off", "full_page_writes=off", "synchronous_commit=off", "data_sync_retry=on"} {
			name, value, _ := strings.Cut(setting, "=")
			if err := restarted(ctx, s, setting); err != nil {
				return err
			}
			if err := refusesToStart(ctx, s, name+" = "+value); err != nil {
				return err
			}
		}
		if err := restarted(ctx, s); err != nil {
			return err
		}
		if err := s.refusesTheRest(ctx); err != nil {
			return err
		}
		if err := s.gateway.start(ctx); err != nil {
			return fmt.Errorf("control: a sound server is refused: %w", err)
		}
		fmt.Println("control: on the sound server it starts")
		tellFigure("6 of 6 unsafe starts are refused in one line")
		return nil
	})
}

func (s *site) refusesTheRest(ctx context.Context) error {
	if _, err := s.server.ask(ctx, "postdesk", `insert into goose_db_version (version_id, is_applied) values (99999, true)`); err != nil {
		return err
	}
	if err := refusesToStart(ctx, s, "newer"); err != nil {
		return err
	}
	if _, err := s.server.ask(ctx, "postdesk", `delete from goose_db_version where version_id = 99999`); err != nil {
		return err
	}
	settings := s.gateway.settings
	s.gateway.settings = append([]string{"--mailbox", strings.Repeat("a", 60) + "@desk.test"}, settings...)
	defer func() { s.gateway.settings = settings }()
	return refusesToStart(ctx, s, "--mailbox")
}

// restarted starts the server again with settings.
func restarted(ctx context.Context, s *site, settings ...string) error {
	s.server.end(inOrder)
	s.server.settings = settings
	return s.server.start(ctx)
}

// refusesToStart is content with a gateway that ends at once, having said why in
// one line.
func refusesToStart(ctx context.Context, s *site, why string) error {
	before, err := os.ReadFile(s.gateway.log)
	if err != nil {
		return err
	}
	if err := s.gateway.start(ctx); err == nil {
		s.gateway.stop()
		return fmt.Errorf("the gateway starts although: %s", why)
	}
	after, err := os.ReadFile(s.gateway.log)
	if err != nil {
		return err
	}
	said := strings.TrimSpace(string(after[len(before):]))
	lines := strings.Split(said, "\n")
	last := lines[len(lines)-1]
	if !strings.HasPrefix(last, "postdesk: ") || !strings.Contains(last, why) {
		return errors.New("it does not say why: " + said)
	}
	fmt.Println("refused:", last)
	return nil
}
