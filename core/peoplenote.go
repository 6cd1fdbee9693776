package core

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Note is private words about a person or an organization.
type Note struct {
	ID        NoteID
	Author    PersonRef
	Source    Channel
	Verified  bool // the origin was proven, or the author was signed in
	Text      string
	Elided    string // the folded rest of a mail
	Warnings  []string
	InboundID InboundID // the original; 0: not by mail
	CreatedAt time.Time
}

// UserNotes lists the notes on a person, newest first. ErrNotFound, ErrForbidden.
func (d *Desk) UserNotes(ctx context.Context, actor Actor, id UserID, page Page) (notes []Note, total int, err error) {
	defer wrap(&err, "notes on user %d", id)
	if err := actor.Can(DoView); err != nil {
		return nil, 0, err
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		if _, err := userSeen(ctx, tx, actor, id); err != nil {
			return err
		}
		notes, total, err = notesOn(ctx, tx, `n.user_id = @id`, int64(id), page)
		return err
	})
	return notes, total, err
}

// OrganizationNotes lists the notes on an organization, newest first.
// ErrNotFound, ErrForbidden.
func (d *Desk) OrganizationNotes(ctx context.Context, actor Actor, id OrganizationID, page Page) (notes []Note, total int, err error) {
	defer wrap(&err, "notes on organization %d", id)
	if err := actor.Can(DoView); err != nil {
		return nil, 0, err
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		if _, err := organizationSeen(ctx, tx, actor, id); err != nil {
			return err
		}
		notes, total, err = notesOn(ctx, tx, `n.organization_id = @id`, int64(id), page)
		return err
	})
	return notes, total, err
}

func notesOn(ctx context.Context, tx pgx.Tx, subject string, id int64, page Page) ([]Note, int, error) {
	return list[Note](ctx, tx, `
		n.id, coalesce((select `+personOf+theUser+`n.author_id), '{}') as author, n.source, n.is_verified as verified,
		n.text, n.elided, n.warnings, coalesce(n.inbound_id, 0) as inbound_id, n.created_at`,
		` from notes n where `+subject, `n.created_at desc, n.id desc`, page, pgx.StrictNamedArgs{"id": id})
}

// AddUserNote writes a private note on a person. ErrNotFound, ErrForbidden,
// Invalid.
func (d *Desk) AddUserNote(ctx context.Context, actor Actor, id UserID, text string) (_ Noted, err error) {
	defer wrap(&err, "note on user %d", id)
	return d.noteOnPeople(ctx, actor, noteSubject{User: id}, text)
}

// AddOrganizationNote writes a private note on an organization. ErrNotFound,
// ErrForbidden, Invalid.
func (d *Desk) AddOrganizationNote(ctx context.Context, actor Actor, id OrganizationID, text string) (_ Noted, err error) {
	defer wrap(&err, "note on organization %d", id)
	return d.noteOnPeople(ctx, actor, noteSubject{Organization: id}, text)
}

func (d *Desk) noteOnPeople(ctx context.Context, actor Actor, about noteSubject, text string) (noted Noted, err error) {
	if err := actor.Can(DoNote); err != nil {
		return Noted{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if err := about.seen(ctx, tx, actor); err != nil {
			return err
		}
		noted, err = d.addNote(ctx, tx, actor, about, text, sourceOr(actor.Channel, ChannelAgent))
		return err
	})
	return noted, err
}
