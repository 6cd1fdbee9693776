package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// An Invitee is one row of the invite form.
type Invitee struct {
	Name  string
	Email string
	Role  Role
	Teams []TeamID
}

// MostInvitees is how many people one invite makes at most.
const MostInvitees = 50

// Invite makes accounts that wait for their people to accept: all of them, or
// none and the faults. A fault's Field is "invitees[2].email", counted from 0,
// and Owner says whose a taken address is. ErrForbidden, ErrLimit, with the faults
// if there are any besides.
func (d *Desk) Invite(ctx context.Context, actor Actor, invitees []Invitee) (invited []User, faults []Invalid, err error) {
	defer d.attempt(ctx, &err, actor, "invite team members", "")
	if err := actor.Can(DoAdminister); err != nil {
		return nil, nil, err
	}
	people, addresses, faults := checkInvitees(actor, invitees)
	var full error
	err = d.tx(ctx, func(tx pgx.Tx) error {
		invited = nil
		if err := lockAddresses(ctx, tx, addresses...); err != nil {
			return err
		}
		found, free, err := takenAmong(ctx, tx, people)
		if err != nil {
			return err
		}
		if found = slices.Concat(faults, found); len(free) > 0 {
			if full = roomForAll(ctx, tx, actor, free); full != nil && !errors.Is(full, ErrLimit) {
				return full
			}
		}
		if len(found) > 0 {
			return inviteFaults(found)
		}
		if full != nil {
			return full
		}
		invited, err = d.inviteAll(ctx, tx, actor, free)
		return err
	})
	var found inviteFaults
	if errors.As(err, &found) {
		return nil, found, full
	}
	if err != nil {
		return nil, nil, err
	}
	return invited, nil, nil
}

// inviteFaults ends the transaction, so that nobody is invited.
type inviteFaults []Invalid

func (f inviteFaults) Error() string { return f[0].Error() }

func inviteField(row int, field string) string { return fmt.Sprintf("invitees[%d].%s", row, field) }

// takenAmong parts the people whose address is taken, as faults, from those who
// can be made. The zero person has a fault already.
func takenAmong(ctx context.Context, tx pgx.Tx, people []person) (found []Invalid, free []person, err error) {
	for i, p := range people {
		if p.address.IsZero() {
			continue
		}
		err := addressFree(ctx, tx, p.address)
		var taken Invalid
		switch {
		case errors.As(err, &taken):
			taken.Field = inviteField(i, taken.Field)
			found = append(found, taken)
		case err != nil:
			return nil, nil, err
		default:
			free = append(free, p)
		}
	}
	return found, free, nil
}

// roomForAll asks the limits for everybody at once, so that the answer counts
// nobody who is not made in the end.
func roomForAll(ctx context.Context, tx pgx.Tx, actor Actor, people []person) error {
	if _, err := lockStaff(ctx, tx, actor); err != nil {
		return err
	}
	collaborators, seats := 0, 0
	for _, p := range people {
		switch {
		case p.role == RoleCollaborator:
			collaborators++
		case p.role.Agent():
			seats++
		}
	}
	if err := makeRoom(ctx, tx, RoleCollaborator, collaborators); err != nil {
		return err
	}
	return makeRoom(ctx, tx, RoleAgent, seats)
}

// inviteAll makes the accounts. Needs lockAddresses.
func (d *Desk) inviteAll(ctx context.Context, tx pgx.Tx, actor Actor, people []person) (invited []User, err error) {
	for _, p := range people {
		id, err := d.createPerson(ctx, tx, actor, p)
		if err != nil {
			return nil, err
		}
		u, err := userByID(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		invited = append(invited, u)
	}
	return invited, nil
}

// checkInvitees checks each row by itself and against the rows before it. The
// person of a faulty row is the zero person.
func checkInvitees(actor Actor, invitees []Invitee) (people []person, addresses []Address, faults []Invalid) {
	switch n := len(invitees); {
	case n == 0:
		return nil, nil, []Invalid{{Field: "invitees", Code: CodeRequired, Problem: "Nobody is named."}}
	case n > MostInvitees:
		return nil, nil, []Invalid{{Field: "invitees", Code: CodeInvalid,
			Problem: fmt.Sprintf("These are %d people. Invite %d at once at most.", n, MostInvitees)}}
	}
	seen := map[Address]bool{}
	for i, row := range invitees {
		p, err := row.person(actor)
		if err == nil && seen[p.address] {
			err = Invalid{Field: "email", Code: CodeDuplicate, Problem: DuplicateProblem}
		}
		var fault Invalid
		if err != nil {
			if !errors.As(err, &fault) {
				fault = Invalid{Field: "role", Code: CodeInvalid, Problem: err.Error()}
			}
			fault.Field = inviteField(i, fault.Field)
			faults = append(faults, fault)
			p = person{}
		} else {
			seen[p.address] = true
			addresses = append(addresses, p.address)
		}
		people = append(people, p)
	}
	return people, addresses, faults
}

func (i Invitee) person(actor Actor) (person, error) {
	p, err := NewUser{Name: i.Name, Email: i.Email, Role: i.Role, Teams: i.Teams}.person()
	if err != nil {
		return person{}, err
	}
	if !i.Role.Staff() {
		return person{}, Invalid{Field: "role", Code: CodeInvalid, Problem: "Customers are not invited: they write, or are created."}
	}
	return p, actor.MayCreate(i.Role)
}

// RevokeInvite takes an invite back: its links and mails die, the account stays
// disabled and its address taken. ErrNotFound, ErrForbidden, ErrConflict once the
// person has accepted.
func (d *Desk) RevokeInvite(ctx context.Context, actor Actor, id UserID) (err error) {
	defer d.attempt(ctx, &err, actor, "revoke the invite of", object("user", id))
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		actor, err := lockStaff(ctx, tx, actor)
		if err != nil {
			return err
		}
		u, err := lockUser(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := actor.MayEdit(u.Role); err != nil {
			return err
		}
		if u.InvitedAt == nil {
			return refuse(ErrConflict, "%s has no invite that waits: accepted or revoked in the meantime.", u.Name)
		}
		if err := shutAccount(ctx, tx, id); err != nil {
			return err
		}
		return recordUser(ctx, tx, actor, "invite_revoked", id, nil)
	})
}

// SendAccountMail sends the invite or the verification mail again; the older link
// dies. Five a day. ErrNotFound, ErrForbidden, ErrConflict for whom nothing is
// asked any more, ErrRate.
func (d *Desk) SendAccountMail(ctx context.Context, actor Actor, id UserID) (err error) {
	defer d.attempt(ctx, &err, actor, "send a link to", object("user", id))
	return d.renewLink(ctx, actor, id, func(tx pgx.Tx, u User, purpose LinkPurpose) error {
		if err := killLinks(ctx, tx, purpose, id, u.Primary()); err != nil {
			return err
		}
		mail := PurposeVerify
		if purpose == LinkInvite {
			mail = PurposeInvite
		}
		if _, err := d.enqueueAccountMail(ctx, tx, id, u.Primary(), mail, actor.ID); err != nil {
			return err
		}
		return recordUser(ctx, tx, actor, "link_sent", id, map[string]any{"link": purpose})
	})
}

// CopyLink mints a new invite or verification link, to be handed over by other
// means; the older one dies. Only for those who may grant that person's role.
// Errors as SendAccountMail.
func (d *Desk) CopyLink(ctx context.Context, actor Actor, id UserID) (secret string, expires time.Time, err error) {
	defer d.attempt(ctx, &err, actor, "copy the link of", object("user", id))
	err = d.renewLink(ctx, actor, id, func(tx pgx.Tx, u User, purpose LinkPurpose) error {
		if secret, expires, err = mintLink(ctx, tx, purpose, id, u.Primary(), actor.ID); err != nil {
			return err
		}
		return recordUser(ctx, tx, actor, "link_copied", id, map[string]any{"link": purpose})
	})
	if err != nil {
		return "", time.Time{}, err
	}
	return secret, expires, nil
}

// renewLink replaces the link of somebody who has no password yet.
func (d *Desk) renewLink(ctx context.Context, actor Actor, id UserID, renew func(tx pgx.Tx, u User, purpose LinkPurpose) error) error {
	if err := actor.Can(DoManagePeople); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		u, err := lockSeen(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if err := actor.MayEdit(u.Role); err != nil {
			return err
		}
		purpose := LinkVerify
		switch {
		case u.InvitedAt != nil:
			purpose = LinkInvite
		case !u.Enabled:
			return refuse(ErrConflict, "%s is disabled.", u.Name)
		case u.HasPassword:
			return refuse(ErrConflict, "%s has a password already.", u.Name)
		}
		sent, err := countTries(ctx, tx, fmt.Sprintf("link %d", id), 24*time.Hour)
		if err != nil {
			return err
		}
		if sent > maxAccountMailsDay {
			return tooMany(24*time.Hour, "%d links in a day are enough. Try again tomorrow.", maxAccountMailsDay)
		}
		if err := dropLinkMail(ctx, tx, id, "a newer link was made", LinkVerify, LinkInvite); err != nil {
			return err
		}
		return renew(tx, u, purpose)
	})
}
