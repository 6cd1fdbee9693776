package core

import (
	"bytes"
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// wrappedMark begins what is stored wrapped: ACME's private keys are among it. No
// file of ACME begins with a NUL.
var wrappedMark = []byte("\x00wrapped\n")

// Certificate reads what ACME stored under a name; nil if there is nothing.
func (d *Desk) Certificate(ctx context.Context, name string) (_ []byte, err error) {
	defer wrap(&err, "certificate %s", name)
	data, err := value[[]byte](ctx, d.pool, `select data from certificates where name = $1`, name)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	stored, wrapped := bytes.CutPrefix(data, wrappedMark)
	return d.unwrapKey(stored, wrapped)
}

// StoreCertificate keeps what ACME brought, for every process, wrapped like all
// keys where POSTDESK_SECRET is set.
func (d *Desk) StoreCertificate(ctx context.Context, name string, data []byte) (err error) {
	defer wrap(&err, "store certificate %s", name)
	stored, err := d.wrapKey(data)
	if err != nil {
		return err
	}
	if d.cfg.Secret != "" {
		stored = append(bytes.Clone(wrappedMark), stored...)
	}
	_, err = d.pool.Exec(ctx, `
		insert into certificates (name, data) values ($1, $2) on conflict (name) do update set data = excluded.data`, name, stored)
	return err
}

// DeleteCertificate forgets what was stored under a name.
func (d *Desk) DeleteCertificate(ctx context.Context, name string) (err error) {
	defer wrap(&err, "delete certificate %s", name)
	_, err = d.pool.Exec(ctx, `delete from certificates where name = $1`, name)
	return err
}

// OrderingCertificate runs do while no other process of the instance orders a
// certificate: who waited finds the first one's. It takes minutes at worst, and a
// connection for as long.
func (d *Desk) OrderingCertificate(ctx context.Context, do func(context.Context) error) (err error) {
	defer wrap(&err, "order certificate")
	return pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('certificate', 0)), set_config('idle_in_transaction_session_timeout', '0', true)`); err != nil {
			return err
		}
		return do(ctx)
	})
}
