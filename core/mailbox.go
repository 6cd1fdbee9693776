package core

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A Mailbox is an address of ours. The oldest one is the first: postmaster and
// abuse lead there, and what has no conversation is sent from there.
type Mailbox struct {
	ID        MailboxID
	Address   Address
	Name      string // shown as the sender
	CreatedAt time.Time
}

// Mailboxes lists all, the first one first. ErrForbidden, ErrNotFound for
// customers.
func (d *Desk) Mailboxes(ctx context.Context, actor Actor) (_ []Mailbox, err error) {
	defer wrap(&err, "mailboxes")
	if err := actor.Can(DoView); err != nil {
		return nil, err
	}
	return rows[Mailbox](ctx, d.pool, `select id, address, name, created_at from mailboxes order by id`)
}

// Mailbox gives one. ErrForbidden, ErrNotFound.
func (d *Desk) Mailbox(ctx context.Context, actor Actor, id MailboxID) (_ Mailbox, err error) {
	defer wrap(&err, "mailbox %d", id)
	return d.mailbox(ctx, actor, id)
}

// mailbox gives one to who configures.
func (d *Desk) mailbox(ctx context.Context, actor Actor, id MailboxID) (Mailbox, error) {
	if err := actor.Can(DoAdminister); err != nil {
		return Mailbox{}, err
	}
	return one[Mailbox](ctx, d.pool, `select id, address, name, created_at from mailboxes where id = $1`, id)
}

// lockMailbox keeps others from changing it meanwhile, and nobody from using it.
func lockMailbox(ctx context.Context, tx pgx.Tx, id MailboxID) (Mailbox, error) {
	return one[Mailbox](ctx, tx, `select id, address, name, created_at from mailboxes where id = $1 for no key update`, id)
}

// RenameMailbox changes the name that is shown as the sender. Invalid with the
// field name, ErrForbidden, ErrNotFound.
func (d *Desk) RenameMailbox(ctx context.Context, actor Actor, id MailboxID, name string) (err error) {
	defer d.attempt(ctx, &err, actor, "rename", object("mailbox", id))
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	if name = cleanLine(name, 100); name == "" {
		return Invalid{Field: "name", Code: CodeEmpty, Problem: "A name is needed."}
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		before, err := lockMailbox(ctx, tx, id)
		if err != nil || before.Name == name {
			return err
		}
		if _, err := tx.Exec(ctx, `update mailboxes set name = $2 where id = $1`, id, name); err != nil {
			return err
		}
		detail := changes{}
		detail.note("name", before.Name, name)
		return audit(ctx, tx, actor, "mailbox.updated", object("mailbox", id), detail)
	})
}

// ContactAddress is the mailbox that the public is told to write to: the first
// one, the zero Address when there is none.
func (d *Desk) ContactAddress(ctx context.Context) (_ Address, err error) {
	defer wrap(&err, "contact address")
	return value[Address](ctx, d.pool, `select (select address from mailboxes order by id limit 1)`)
}

// CreateMailbox makes an address ours, its domain too. Invalid: FIELD_DUPLICATE
// with Owner where a person has the address, and an address too long to carry a
// token. ErrForbidden.
func (d *Desk) CreateMailbox(ctx context.Context, actor Actor, address, name string) (made Mailbox, err error) {
	defer d.attempt(ctx, &err, actor, "create a mailbox", "")
	if err := actor.Can(DoAdminister); err != nil {
		return Mailbox{}, err
	}
	parsed, err := d.mailboxAddress(address)
	if err != nil {
		return Mailbox{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		made, err = insertMailbox(ctx, tx, actor, parsed, name)
		return err
	})
	if err == nil && Signable(parsed.Domain()) {
		if _, err := d.signer(ctx, parsed.Domain()); err != nil { // the first mail tries again
			d.log.ErrorContext(ctx, "no signing key made", "domain", parsed.Domain(), "error", err)
		}
	}
	return made, err
}

// FirstMailbox makes the mailbox of an empty instance, and refuses to start with
// one whose reply addresses would be too long. The reply domain becomes ours.
func (d *Desk) FirstMailbox(ctx context.Context, address, name string) (err error) {
	defer wrap(&err, "first mailbox")
	var all []Mailbox
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if _, err := lockStaff(ctx, tx, Actor{}); err != nil { // one process at a time
			return err
		}
		if d.cfg.ReplyDomain != "" {
			if err := ownDomain(ctx, tx, d.cfg.ReplyDomain); err != nil {
				return err
			}
		}
		if all, err = rows[Mailbox](ctx, tx, `select id, address, name, created_at from mailboxes`); err != nil || len(all) > 0 {
			return err
		}
		parsed, err := d.mailboxAddress(address)
		if err != nil {
			return err
		}
		_, err = insertMailbox(ctx, tx, Actor{}, parsed, name)
		return err
	})
	if err != nil || d.cfg.ReplyDomain != "" {
		return err
	}
	for _, m := range all {
		if err := CheckMailboxLength(m.Address); err != nil {
			return fmt.Errorf("mailbox %s: %w", m.Address, err)
		}
	}
	return nil
}

func (d *Desk) mailboxAddress(address string) (Address, error) {
	parsed, err := ParseAddress(address)
	var invalid Invalid
	if errors.As(err, &invalid) {
		invalid.Field = "address"
		return Address{}, invalid
	}
	if err == nil && d.cfg.ReplyDomain == "" {
		err = CheckMailboxLength(parsed)
	}
	return parsed, err
}

func insertMailbox(ctx context.Context, tx pgx.Tx, actor Actor, address Address, name string) (Mailbox, error) {
	if name = cleanLine(name, 100); name == "" {
		name = address.Local()
	}
	if err := lockAddresses(ctx, tx, address); err != nil {
		return Mailbox{}, err
	}
	if err := addressFree(ctx, tx, address); err != nil {
		var taken Invalid
		if errors.As(err, &taken) {
			taken.Field = "address"
			return Mailbox{}, taken
		}
		return Mailbox{}, err
	}
	made, err := one[Mailbox](ctx, tx, `
		insert into mailboxes (address, name) values ($1, $2) returning id, address, name, created_at`, address, name)
	if err != nil {
		return Mailbox{}, err
	}
	if err := ownDomain(ctx, tx, address.Domain()); err != nil {
		return Mailbox{}, err
	}
	return made, audit(ctx, tx, actor, "mailbox.created", object("mailbox", made.ID), map[string]any{"address": address.String()})
}

// ownDomain remembers a domain as ours for ever: valid tokens at it stay
// accepted.
func ownDomain(ctx context.Context, tx pgx.Tx, domain string) error {
	canonical, ok := canonicalDomain(domain)
	if !ok {
		return fmt.Errorf("%q is not a domain", domain)
	}
	_, err := tx.Exec(ctx, `insert into own_domains (domain) values ($1) on conflict do nothing`, canonical)
	return err
}

// MailboxAddresses lists the mailboxes of a database on which no desk is open, the
// first one first; none where there is no schema yet.
func MailboxAddresses(ctx context.Context, pool *pgxpool.Pool) (all []Address, err error) {
	defer wrap(&err, "mailbox addresses")
	made, err := value[bool](ctx, pool, `select to_regclass('mailboxes') is not null`)
	if err != nil || !made {
		return nil, err
	}
	found, err := pool.Query(ctx, `select address from mailboxes order by id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, pgx.RowTo[Address])
}
