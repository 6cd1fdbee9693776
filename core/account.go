package core

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// A LinkPurpose says what a single-use link does. A link of one purpose does
// nothing for another.
type LinkPurpose string

// The purposes of links.
const (
	LinkSetup  LinkPurpose = "setup"   // makes the owner of an empty instance
	LinkVerify LinkPurpose = "verify"  // an address proves itself; a first password
	LinkInvite LinkPurpose = "invite"  // a team member accepts
	LinkReset  LinkPurpose = "reset"   // a new password
	LinkSignIn LinkPurpose = "sign_in" // in place of a password
)

// lifetime is how long a link may be used.
func (p LinkPurpose) lifetime() time.Duration {
	switch p {
	case LinkReset:
		return time.Hour
	case LinkSignIn:
		return 15 * time.Minute
	}
	return 7 * 24 * time.Hour
}

// A LinkInfo is what the page behind a link must know. Looking at it has no
// effect: mail scanners do that.
type LinkInfo struct {
	Purpose       LinkPurpose
	Name          string
	Address       Address
	NeedsName     bool // setup, invite
	NeedsEmail    bool // setup
	KnownPassword bool // the account has a password: it is asked for, not set (an added address)
	HasPassword   bool
	Role          Role   // that the person has, or is invited to
	InvitedBy     string // name of who asked for the link, if not the person
	Next          string // the page that was wanted; a stranger may have chosen it
	Expires       time.Time
	Timezone      string // of the person; empty: the instance's
}

// mintLink makes a link and kills the older ones of that purpose. Only its hash
// is stored. The set-up link belongs to nobody. ErrForbidden for the disabled,
// unless they are invited.
func mintLink(ctx context.Context, tx pgx.Tx, purpose LinkPurpose, user UserID, address Address, by UserID) (secret string, expires time.Time, err error) {
	if err := killLinks(ctx, tx, purpose, user, address); err != nil {
		return "", time.Time{}, err
	}
	secret = NewSecret()
	expires, err = value[time.Time](ctx, tx, `
		insert into links (secret_hash, purpose, user_id, address, created_by, expires_at)
		select @hash, @purpose, nullif(@user::bigint, 0), @address, nullif(@by::bigint, 0), now() + @lifetime::interval
		where @purpose = 'setup'
		   or exists (select 1 from users where id = @user and (enabled or invited_at is not null))
		returning expires_at`,
		pgx.StrictNamedArgs{"hash": HashSecret(secret), "purpose": string(purpose), "user": user, "address": address, "by": by,
			"lifetime": purpose.lifetime()})
	if errors.Is(err, ErrNotFound) {
		return "", time.Time{}, refuse(ErrForbidden, "The person is disabled.")
	}
	return secret, expires, err
}

// killLinks revokes the open links of a purpose. Several addresses of a person
// may wait for their verification at once.
func killLinks(ctx context.Context, tx pgx.Tx, purpose LinkPurpose, user UserID, address Address) error {
	_, err := tx.Exec(ctx, `
		update links set revoked_at = now()
		where purpose = @purpose and user_id is not distinct from nullif(@user::bigint, 0)
		  and (@purpose <> 'verify' or address = @address)
		  and consumed_at is null and revoked_at is null`,
		pgx.StrictNamedArgs{"purpose": string(purpose), "user": user, "address": address})
	return err
}

// revokeLinksIn kills the links whose secrets stand in a received text: whoever
// quotes or forwards one has shown it around (mail-law section 3). It gives those
// secrets, which must not be shown.
func revokeLinksIn(ctx context.Context, tx pgx.Tx, text string) (shown []string, err error) {
	return linksIn(ctx, tx, text, `
		update links set revoked_at = coalesce(revoked_at, now()) where secret_hash = any($1) returning secret_hash`)
}

// hideLinksIn takes the secrets of links of ours out of a text that is about to be
// shown (mail-law section 3). They were revoked when the mail came.
func hideLinksIn(ctx context.Context, q querier, text string) (string, error) {
	secrets, err := linksIn(ctx, q, text, `select secret_hash from links where secret_hash = any($1)`)
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, secret, redacted)
	}
	return text, err
}

func linksIn(ctx context.Context, q querier, text, sql string) (secrets []string, err error) {
	candidates := SecretsIn(text)
	if len(candidates) == 0 {
		return nil, nil
	}
	secretOf := map[string]string{}
	hashes := make([][]byte, len(candidates))
	for i, secret := range candidates {
		hashes[i] = HashSecret(secret)
		secretOf[string(hashes[i])] = secret
	}
	found, err := rows[struct{ SecretHash []byte }](ctx, q, sql, hashes)
	for _, f := range found {
		secrets = append(secrets, secretOf[string(f.SecretHash)])
	}
	return secrets, err
}

// SetupLink mints the link that makes the first owner, when there is none. An
// older one dies.
func (d *Desk) SetupLink(ctx context.Context) (secret string, needed bool, err error) {
	defer wrap(&err, "set-up link")
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if _, err := lockStaff(ctx, tx, Actor{}); err != nil {
			return err
		}
		if needed, err = noOwner(ctx, tx); err != nil || !needed {
			return err
		}
		secret, _, err = mintLink(ctx, tx, LinkSetup, 0, Address{}, 0)
		return err
	})
	return secret, needed, err
}

func noOwner(ctx context.Context, q querier) (bool, error) {
	return value[bool](ctx, q, `select not exists (select 1 from users where role = 'owner')`)
}

// link is an open link as it is stored, with its person.
type link struct {
	Purpose  LinkPurpose
	User     UserID
	Address  Address
	Expires  time.Time
	Name     string
	Role     Role
	Enabled  bool
	Invited  bool
	Hash     *string
	Own      bool // the address is the person's
	Proven   bool // and was verified before
	By       string
	LeadsTo  string
	Timezone string
}

// info tells what the page must ask for.
func (l link) info() LinkInfo {
	return LinkInfo{Purpose: l.Purpose, Name: l.Name, Address: l.Address, Expires: l.Expires,
		NeedsName: l.Purpose == LinkSetup || l.Purpose == LinkInvite, NeedsEmail: l.Purpose == LinkSetup,
		KnownPassword: l.knownPassword(), HasPassword: l.Hash != nil, Role: l.Role, InvitedBy: l.By, Next: l.LeadsTo, Timezone: l.Timezone}
}

// knownPassword: the account is in use, and this address was added to it. The
// holder of that mailbox must prove to be that person; a mistyped address would
// else open the account to a stranger.
func (l link) knownPassword() bool { return l.Purpose == LinkVerify && l.Hash != nil }

// Link tells what a link is for, without using it. ErrExpired for every secret
// that does nothing: unknown, used, revoked, too old.
func (d *Desk) Link(ctx context.Context, secret string) (_ LinkInfo, err error) {
	defer wrap(&err, "link")
	l, err := openLink(ctx, d.pool, secret, "")
	return l.info(), err
}

// openLink reads a link that may still be used, locked if the suffix says so.
func openLink(ctx context.Context, q querier, secret, lock string) (link, error) {
	l, err := one[link](ctx, q, `
		select l.purpose, coalesce(l.user_id, 0) as user, l.address, l.expires_at as expires, coalesce(u.name, '') as name,
		       coalesce(u.role, 'owner') as role, coalesce(u.enabled, false) as enabled, u.invited_at is not null as invited,
		       u.password_hash as hash, a.address is not null as own, a.verified_at is not null as proven,
		       coalesce(b.name, '') as by, l.leads_to, coalesce(u.timezone, '') as timezone
		from links l left join users u on u.id = l.user_id left join addresses a on a.address = l.address and a.user_id = l.user_id
		left join users b on b.id = l.created_by and b.id <> l.user_id
		where l.secret_hash = $1 and l.consumed_at is null and l.revoked_at is null and l.expires_at > now()
		`+lock, HashSecret(secret))
	if errors.Is(err, ErrNotFound) || err == nil && !l.alive() {
		return link{}, refuse(ErrExpired, "This link was used already, or is too old. Ask for a new one.")
	}
	return l, err
}

// alive: the disabled have no links, but for an invite that waits. Without a
// password to show, a link opens an account only from an address of the person's.
func (l link) alive() bool {
	if l.Purpose == LinkSetup {
		return true
	}
	return (l.Enabled || l.Invited && l.Purpose == LinkInvite) && (l.Own || l.knownPassword())
}
