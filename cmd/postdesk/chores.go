package main

import (
	"context"
	"log/slog"
	"time"

	"postdesk/core"
)

// keepHouse does what time alone causes, while the clock of the database is to be
// believed.
func keepHouse(ctx context.Context, desk *core.Desk, log *slog.Logger) {
	tick := time.NewTicker(10 * time.Minute)
	defer tick.Stop()
	for {
		calm, err := desk.MindClock(ctx)
		if err != nil && ctx.Err() == nil {
			log.Error("housekeeping failed", "task", "mind the clock", "error", err)
		}
		if calm {
			doChores(ctx, desk, log)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func doChores(ctx context.Context, desk *core.Desk, log *slog.Logger) {
	for name, do := range map[string]func() error{
		"close completed": func() error { _, err := desk.CloseCompleted(ctx); return err },
		"mail digests":    func() error { _, err := desk.MailDigests(ctx); return err },
		"purge suspended": func() error { _, err := desk.PurgeSuspended(ctx); return err },
		"prune":           func() error { _, err := desk.Prune(ctx); return err },
		"tidy accounts":   func() error { return desk.TidyAccounts(ctx) },
		"tidy great mail": func() error { return desk.TidyGreat(ctx) },
	} {
		if err := do(); err != nil && ctx.Err() == nil {
			log.Error("housekeeping failed", "task", name, "error", err)
		}
	}
}
