package core

import (
	"context"
	"errors"
)

// Certificate reads what ACME stored under a name; nil if there is nothing.
func (d *Desk) Certificate(ctx context.Context, name string) ([]byte, error) {
	data, err := value[[]byte](ctx, d.pool, `select data from certificates where name = $1`, name)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return data, err
}

// StoreCertificate keeps what ACME brought, for every process.
func (d *Desk) StoreCertificate(ctx context.Context, name string, data []byte) error {
	_, err := d.pool.Exec(ctx, `
		insert into certificates (name, data) values ($1, $2) on conflict (name) do update set data = excluded.data`, name, data)
	return err
}

// DeleteCertificate forgets what was stored under a name.
func (d *Desk) DeleteCertificate(ctx context.Context, name string) error {
	_, err := d.pool.Exec(ctx, `delete from certificates where name = $1`, name)
	return err
}
