package core

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Suppression is an address that reported a permanent failure: mail to it
// fails at once (mail-law section 6).
type Suppression struct {
	Address   Address
	Reason    string
	Delivery  DeliveryID // 0: since deleted
	CreatedAt time.Time
}

// Suppressions lists them, newest first. ErrForbidden.
func (d *Desk) Suppressions(ctx context.Context, actor Actor, page Page) (_ []Suppression, total int, err error) {
	defer wrap(&err, "suppressions")
	if err := actor.Can(DoManagePeople); err != nil {
		return nil, 0, err
	}
	return list[Suppression](ctx, d.pool, `s.address, s.reason, coalesce(s.delivery_id, 0) as delivery, s.created_at`,
		` from suppressions s`, `s.created_at desc, s.address`, page, pgx.StrictNamedArgs{})
}

// ClearSuppression lets mail go to an address again. ErrForbidden, ErrNotFound,
// Invalid.
func (d *Desk) ClearSuppression(ctx context.Context, actor Actor, address string) (err error) {
	defer d.attempt(ctx, &err, actor, "clear a suppression", "")
	if err := actor.Can(DoManagePeople); err != nil {
		return err
	}
	parsed, err := ParseAddress(address)
	if err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `delete from suppressions where address = $1`, parsed)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return ErrNotFound
		}
		return audit(ctx, tx, actor, "suppression.cleared", parsed.String(), nil)
	})
}
