package core

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Signer signs mail of one domain (RFC 6376): rsa-sha256.
type Signer struct {
	Domain   string // in A-labels
	Selector string
	Key      crypto.Signer
}

// signerFor is how long a process goes on with a key that another one retired. The
// record stays published for far longer.
const signerFor = time.Minute

// signing remembers the key of each domain, so that a mail costs its signature and
// nothing more.
type signing struct {
	mu sync.Mutex
	of map[string]knownSigner
}

type knownSigner struct {
	Signer
	id     SigningKeyID
	readAt time.Time
}

// MakeSigningKeys makes a key for every domain of a mailbox that has none.
func (d *Desk) MakeSigningKeys(ctx context.Context) (err error) {
	defer wrap(&err, "make signing keys")
	domains, err := rows[struct{ Domain string }](ctx, d.pool, `select distinct split_part(address, '@', -1) as domain from mailboxes`)
	if err != nil {
		return err
	}
	for _, m := range domains {
		if Signable(m.Domain) {
			if _, err := d.signer(ctx, m.Domain); err != nil {
				return err
			}
		}
	}
	return nil
}

// Signer gives the key that signs mail of a domain now, and makes the first one. A
// key that was read before is better than none while the database is away.
func (d *Desk) Signer(ctx context.Context, domain string) (_ Signer, err error) {
	defer wrap(&err, "signer for %s", domain)
	if !Signable(domain) {
		return Signer{}, ErrNotFound
	}
	return d.signer(ctx, domain)
}

// forgetSigner has the next mail of a domain ask which key it is.
func (d *Desk) forgetSigner(domain string) {
	d.signing.mu.Lock()
	defer d.signing.mu.Unlock()
	delete(d.signing.of, domain)
}

// signer lets one worker at a time ask, and make what is missing.
func (d *Desk) signer(ctx context.Context, domain string) (Signer, error) {
	d.signing.mu.Lock()
	defer d.signing.mu.Unlock()
	known := d.signing.of[domain]
	if known.id != 0 && time.Since(known.readAt) < signerFor {
		return known.Signer, nil
	}
	fresh, err := d.readSigner(ctx, domain, known)
	if errors.Is(err, ErrNotFound) {
		fresh, err = d.firstSigner(ctx, domain)
	}
	if err != nil {
		if known.id != 0 {
			return known.Signer, nil
		}
		return Signer{}, err
	}
	if d.signing.of == nil {
		d.signing.of = map[string]knownSigner{}
	}
	d.signing.of[domain] = fresh
	return fresh.Signer, nil
}

// firstSigner makes the key of a domain that has none. Of two processes that do so
// at once, both sign with what the first wrote.
func (d *Desk) firstSigner(ctx context.Context, domain string) (knownSigner, error) {
	key, err := d.newSigningKey(domain)
	if err != nil {
		return knownSigner{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		_, err := insertSigningKey(ctx, tx, key, true)
		return err
	})
	if err != nil {
		return knownSigner{}, err
	}
	return d.readSigner(ctx, domain, knownSigner{})
}

// readSigner asks which key it is, and reads it unless it is the one known.
func (d *Desk) readSigner(ctx context.Context, domain string, known knownSigner) (knownSigner, error) {
	row, err := one[struct {
		ID       SigningKeyID
		Selector string
		Private  []byte
		Wrapped  bool
	}](ctx, d.pool, `
		select id, selector, private, wrapped from signing_keys
		where domain = $1 and activated_at is not null and retired_at is null`, domain)
	if err != nil {
		return knownSigner{}, err
	}
	if row.ID == known.id {
		known.readAt = time.Now()
		return known, nil
	}
	key, err := d.parseSigningKey(row.Private, row.Wrapped)
	if err != nil {
		return knownSigner{}, fmt.Errorf("signing key %d: %w", row.ID, err)
	}
	return knownSigner{Signer{domain, row.Selector, key}, row.ID, time.Now()}, nil
}

func (d *Desk) parseSigningKey(stored []byte, wrapped bool) (crypto.Signer, error) {
	plain, err := d.unwrapKey(stored, wrapped)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("it is a %T, which signs nothing", parsed)
	}
	return key, nil
}
