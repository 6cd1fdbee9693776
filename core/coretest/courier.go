package coretest

import (
	"context"

	"postdesk/core"
)

// ClaimDelivery claims and gathers the next mail that is due anywhere, or one that
// is held and not composed yet, as a courier does. core.ErrNoWork when there is none.
func (d Desk) ClaimDelivery(ctx context.Context) (c core.Delivery, err error) {
	if c, err = d.claimNext(ctx); err != nil || c.Composed {
		return c, err
	}
	return c, d.Gather(ctx, &c)
}

func (d Desk) claimNext(ctx context.Context) (c core.Delivery, err error) {
	lanes := d.OpenLanes(1, false)
	defer lanes.Close()
	demands, _, err := lanes.Demands(ctx, 1, 1, nil)
	if err != nil {
		return c, err
	}
	if len(demands) == 0 {
		return d.ClaimHeld(ctx)
	}
	lane, err := lanes.Take(ctx, demands[0])
	if err != nil {
		return c, err
	}
	defer lane.Release(ctx)
	claimed, err := lane.Claim(ctx, 1)
	if err != nil {
		return c, err
	}
	return claimed[0], nil
}
