package core

import (
	"context"

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
