package core

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// signingBits is what every verifier takes and few break (RFC 8301 section 3.2).
// A longer key's record does not fit into one UDP answer of the DNS.
const signingBits = 2048

// RetiredRecordStays is how long the record of a retired key stays published:
// mail that it signed waits for 5 days at most, and is read some time later.
const RetiredRecordStays = 7 * 24 * time.Hour

// A SigningKey is what the world may know of a DKIM key of a domain of ours (RFC
// 6376). It waits until it is activated, signs until another one is, and is
// retired then.
type SigningKey struct {
	ID          SigningKeyID
	Domain      string // in A-labels
	Selector    string // names this key for ever
	Public      []byte // PKIX
	CreatedAt   time.Time
	ActivatedAt *time.Time
	RetiredAt   *time.Time
	Unsent      bool // of a retired key: mail from its time is held or queued still; SigningKeys alone tells
}

const signingKeyColumns = `id, domain, selector, public, created_at, activated_at, retired_at, false as unsent`

// Signs tells the key that signs mail of its domain now.
func (k SigningKey) Signs() bool { return k.ActivatedAt != nil && k.RetiredAt == nil }

// Waits tells a key that is to be published before it is activated.
func (k SigningKey) Waits() bool { return k.ActivatedAt == nil && k.RetiredAt == nil }

// RecordName is where its record is published, without a final dot (RFC 6376
// section 3.6.2.1).
func (k SigningKey) RecordName() string { return k.Selector + "._domainkey." + k.Domain }

// Record is the text to publish (RFC 6376 section 3.6.1), in one piece.
func (k SigningKey) Record() string {
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(k.Public)
}

// RecordUntil is when the record of a retired key may be removed; zero for others.
func (k SigningKey) RecordUntil() time.Time {
	if k.RetiredAt == nil {
		return time.Time{}
	}
	return k.RetiredAt.Add(RetiredRecordStays)
}

// Signable tells the domains that can be signed for: those with two labels at
// least (RFC 6376 section 3.5). Another one is a name of this machine.
func Signable(domain string) bool { return strings.Contains(domain, ".") }

// SigningKeys lists the keys of all domains: those in use, those that wait, and
// the retired ones, newest first in each domain. ErrForbidden.
func (d *Desk) SigningKeys(ctx context.Context, actor Actor) (_ []SigningKey, err error) {
	defer wrap(&err, "signing keys")
	if err := actor.Can(DoAdminister); err != nil {
		return nil, err
	}
	return rows[SigningKey](ctx, d.pool, `
		select id, domain, selector, public, created_at, activated_at, retired_at, retired_at is not null and exists (
			select from deliveries d join mailboxes m on m.id = d.mailbox_id
			where d.state in ('queued', 'held') and d.created_at < k.retired_at and split_part(m.address, '@', -1) = k.domain) as unsent
		from signing_keys k order by domain, id desc`)
}

// SigningKeysOf lists the keys that sign or wait in a database on which no desk is
// open; none where there is no schema yet.
func SigningKeysOf(ctx context.Context, pool *pgxpool.Pool) (_ []SigningKey, err error) {
	defer wrap(&err, "signing keys")
	made, err := value[bool](ctx, pool, `select to_regclass('signing_keys') is not null`)
	if err != nil || !made {
		return nil, err
	}
	return rows[SigningKey](ctx, pool, `select `+signingKeyColumns+` from signing_keys where retired_at is null order by domain, id`)
}

// MakeSigningKey makes the next key of a domain, which waits for its record to be
// published. ErrForbidden, ErrNotFound for a domain without a mailbox,
// ErrConflict where one waits already.
func (d *Desk) MakeSigningKey(ctx context.Context, actor Actor, domain string) (made SigningKey, err error) {
	defer d.attempt(ctx, &err, actor, "make a signing key for", domain)
	if err := actor.Can(DoAdminister); err != nil {
		return made, err
	}
	ours, err := value[bool](ctx, d.pool, `select exists (select from mailboxes where split_part(address, '@', -1) = $1)`, domain)
	if err != nil {
		return made, err
	}
	if !ours || !Signable(domain) {
		return made, ErrNotFound
	}
	key, err := d.newSigningKey(domain)
	if err != nil {
		return made, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		inserted, err := insertSigningKey(ctx, tx, key, false)
		if err != nil {
			return err
		}
		if len(inserted) == 0 {
			return refuse(ErrConflict, "A new key of this domain waits already: publish its record and use it.")
		}
		made = inserted[0]
		return auditSigning(ctx, tx, actor, "made", made)
	})
	return made, err
}

// ActivateSigningKey lets a waiting key sign from now on, and retires the one that
// did. ErrForbidden, ErrNotFound, ErrConflict where it does not wait.
func (d *Desk) ActivateSigningKey(ctx context.Context, actor Actor, id SigningKeyID) (err error) {
	defer d.attempt(ctx, &err, actor, "use a signing key", "")
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	key := SigningKey{}
	defer func() { d.forgetSigner(key.Domain) }()
	return d.tx(ctx, func(tx pgx.Tx) (err error) {
		key, err = one[SigningKey](ctx, tx, `select `+signingKeyColumns+` from signing_keys where id = $1 for update`, id)
		if err != nil {
			return err
		}
		if !key.Waits() {
			return refuse(ErrConflict, "This key does not wait any more.")
		}
		retired, err := rows[SigningKey](ctx, tx, `
			update signing_keys set retired_at = now(), private = ''
			where domain = $1 and activated_at is not null and retired_at is null returning `+signingKeyColumns, key.Domain)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update signing_keys set activated_at = now() where id = $1`, id); err != nil {
			return err
		}
		for _, old := range retired {
			if err := auditSigning(ctx, tx, actor, "retired", old); err != nil {
				return err
			}
		}
		return auditSigning(ctx, tx, actor, "activated", key)
	})
}

func auditSigning(ctx context.Context, tx pgx.Tx, actor Actor, act string, key SigningKey) error {
	return audit(ctx, tx, actor, "signing."+act, "domain "+key.Domain, map[string]any{"selector": key.Selector})
}

// A newKey is one that no row has yet.
type newKey struct {
	domain, selector string
	private          []byte // wrapped, if so
	wrapped          bool
	public           []byte
}

// newSigningKey takes a while, so it is called outside of transactions.
func (d *Desk) newSigningKey(domain string) (k newKey, err error) {
	key, err := rsa.GenerateKey(rand.Reader, signingBits)
	if err != nil {
		return k, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return k, err
	}
	if k.public, err = x509.MarshalPKIXPublicKey(&key.PublicKey); err != nil {
		return k, err
	}
	k.domain, k.wrapped = domain, d.cfg.Secret != ""
	// The date is for people, the rest keeps a selector from ever naming two keys.
	k.selector = "pd" + time.Now().UTC().Format("20060102") + "-" + strings.ToLower(rand.Text()[:8])
	k.private, err = d.wrapKey(private)
	return k, err
}

// insertSigningKey gives no row where the domain has such a key already: who comes
// second takes the first one's.
func insertSigningKey(ctx context.Context, tx pgx.Tx, k newKey, active bool) ([]SigningKey, error) {
	return rows[SigningKey](ctx, tx, `
		insert into signing_keys (domain, selector, private, wrapped, public, activated_at)
		values (@domain, @selector, @private, @wrapped, @public, case when @active then now() end)
		on conflict do nothing returning `+signingKeyColumns, pgx.StrictNamedArgs{"domain": k.domain, "selector": k.selector,
		"private": k.private, "wrapped": k.wrapped, "public": k.public, "active": active})
}
