package core

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// MintLink mints what else is minted when a mail is composed.
func MintLink(ctx context.Context, d *Desk, purpose LinkPurpose, user UserID, address Address) (secret string, err error) {
	err = d.tx(ctx, func(tx pgx.Tx) error {
		secret, _, err = mintLink(ctx, tx, purpose, user, address, 0)
		return err
	})
	return secret, err
}

// MakeCustomer is the step of a first mail, with what comes before and after it.
func MakeCustomer(ctx context.Context, d *Desk, address Address, name string, proven bool) (id UserID, err error) {
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if err := lockAddresses(ctx, tx, address); err != nil {
			return err
		}
		if id, err = makeCustomer(ctx, tx, address, name, proven); err != nil || !proven {
			return err
		}
		return joinOrganization(ctx, tx, id, address)
	})
	return id, err
}

// RevokeLinksIn is the step of a mail that quotes a link.
func RevokeLinksIn(ctx context.Context, d *Desk, text string) (shown []string, err error) {
	err = d.tx(ctx, func(tx pgx.Tx) error {
		shown, err = revokeLinksIn(ctx, tx, text)
		return err
	})
	return shown, err
}

// PublicProvider is the list's answer.
func PublicProvider(domain string) bool { return publicProvider(domain) }

// ExplainSearch tells how the database answers what was typed, query by query.
func ExplainSearch(ctx context.Context, d *Desk, actor Actor, typed string) (plans []string, err error) {
	s := searchFor(typed)
	ask := map[string]pgx.StrictNamedArgs{s.nearSQL(): s.args(pgx.StrictNamedArgs{})}
	if text, ok := s.beginning(); ok {
		ask[beginningSQL] = pgx.StrictNamedArgs{"text": text, "end": text + "\U0010FFFF"}
	}
	where, args := UserFilter{Query: typed}.where(actor)
	ask[`select u.id`+where+` order by u.id desc limit 50`] = args
	for sql, args := range ask {
		lines, err := d.pool.Query(ctx, `explain `+sql, args)
		if err != nil {
			return nil, err
		}
		plan, err := pgx.CollectRows(lines, pgx.RowTo[string])
		if err != nil {
			return nil, err
		}
		plans = append(plans, sql+"\n"+strings.Join(plan, "\n"))
	}
	return plans, nil
}
