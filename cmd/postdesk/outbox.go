package main

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"postdesk/core"
)

type outboxCommands struct {
	Release outboxReleaseCommand `cmd:"" help:"Let new mail go out again after a restore. What was held is sent or discarded in the panel."`
}

type outboxReleaseCommand struct{}

// Run does what the button in the panel does.
func (*outboxReleaseCommand) Run(ctx context.Context, db *databaseSettings, c console) error {
	operator := core.Actor{Role: core.RoleOwner, Enabled: true, Name: "the operator"}
	return withDesk(ctx, db, c, func(desk *core.Desk) error {
		if err := desk.ReleaseOutbox(ctx, operator); err != nil {
			return err
		}
		fmt.Fprintln(c.out, "new mail goes out; what was held is in the panel under Outbox, Held")
		return nil
	})
}

// countRestored shows that nothing goes out.
func (m *meters) countRestored(desk *core.Desk) {
	m.register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "postdesk_outbox_held_after_restore",
		Help: "1 while all outgoing mail is held because the database was restored."}, func() float64 {
		if desk.Restored().At.IsZero() {
			return 0
		}
		return 1
	}))
}
