package core_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"postdesk/core"
	"postdesk/core/coretest"
)

// Filing keeps its plans. One that follows the time would read the automatic mail of
// everybody for each mail.
func TestTheRateOfAnAddressIsReadFromItsOwnMail(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	d.Exec(t, `insert into deliveries (purpose, state, recipient, mailbox_id, bounce_name, id_name, automatic)
		select 'acknowledgement', 'sent', 'u' || i || '@acme.test', $1, i, i, true from generate_series(1, 3000) i`, d.Mailbox)
	for _, known := range []bool{false, true} {
		if known {
			d.Exec(t, `analyze deliveries`)
		}
		for _, mode := range []string{"force_generic_plan", "force_custom_plan"} {
			err := pgx.BeginFunc(t.Context(), d.Pool, func(tx pgx.Tx) error {
				b := &pgx.Batch{}
				b.Queue(`set local plan_cache_mode to ` + mode)
				b.Queue(`prepare asked (text[], text[]) as ` + core.AutomaticSQL)
				b.Queue(`explain execute asked ('{u1@acme.test,u2@acme.test}', '{proven,proven}')`).Query(func(rows pgx.Rows) error {
					lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
					if plan := strings.Join(lines, "\n"); err == nil && !(strings.Contains(plan, "deliveries_automatic_to") && strings.Contains(plan, "(recipient = g.address)")) {
						t.Errorf("%s, analyzed %t:\n%s", mode, known, plan)
					}
					return err
				})
				b.Queue(`deallocate asked`)
				return tx.SendBatch(t.Context(), b).Close()
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}
