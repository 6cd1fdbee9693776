package core

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Two customers that are one person (behaviour.md section 3, T111). The account
// that goes stays as an empty shell, for the way back.

// A MergePreview is what a merge of two customers would do.
type MergePreview struct {
	Survivor, Other User
	// What is on each side; that of the other goes over, with its addresses.
	SurvivorHas, OtherHas MergeCounts
}

// MergeCounts are how much a person has.
type MergeCounts struct {
	Conversations int // as requester, with those in the trash
	CC            int // conversations of others
	Notes         int // about the person
}

// PreviewMerge checks what MergeUsers checks, and tells what it would do.
// ErrNotFound, ErrForbidden, ErrConflict.
func (d *Desk) PreviewMerge(ctx context.Context, actor Actor, survivor, other UserID) (p MergePreview, err error) {
	defer wrap(&err, "preview merging user %d into %d", other, survivor)
	if err := actor.mayMergeUsers(); err != nil {
		return p, err
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		if p.Survivor, err = userSeen(ctx, tx, actor, survivor); err != nil {
			return err
		}
		if p.Other, err = userSeen(ctx, tx, actor, other); err != nil {
			return err
		}
		if err := mergeable(p.Survivor, p.Other); err != nil {
			return err
		}
		if p.SurvivorHas, err = mergeCounts(ctx, tx, survivor); err != nil {
			return err
		}
		p.OtherHas, err = mergeCounts(ctx, tx, other)
		return err
	})
	return p, err
}

func mergeCounts(ctx context.Context, tx pgx.Tx, id UserID) (MergeCounts, error) {
	return one[MergeCounts](ctx, tx, `
		select (select count(*) from conversations where requester_id = $1 and merged_into is null) as conversations,
			(select count(distinct conversation_id) from participants where user_id = $1) as cc,
			(select count(*) from notes where user_id = $1) as notes`, id)
}

// MergeCandidates finds enabled customers other than this one by the beginning of
// a name or address, ten at most. ErrForbidden, ErrNotFound for customers.
func (d *Desk) MergeCandidates(ctx context.Context, actor Actor, survivor UserID, query string) (found []User, err error) {
	defer wrap(&err, "candidates for a merge with user %d", survivor)
	if err := actor.mayMergeUsers(); err != nil {
		return nil, err
	}
	if len([]rune(strings.TrimSpace(query))) < 2 {
		return nil, nil
	}
	enabled := true
	found, _, err = d.Users(ctx, actor, UserFilter{Role: RoleCustomer, Enabled: &enabled, Query: query, Page: Page{Limit: 11}})
	found = slices.DeleteFunc(found, func(u User) bool { return u.ID == survivor })
	return found[:min(len(found), 10)], err
}

// mayMergeUsers: the survivor reads the other's conversations from then on, so it
// takes the right over people and the right to merge.
func (a Actor) mayMergeUsers() error {
	if err := a.Can(DoManagePeople); err != nil {
		return err
	}
	return a.Can(DoMerge)
}

// mergeable refuses all but two enabled customers.
func mergeable(survivor, other User) error {
	if survivor.ID == other.ID {
		return refuse(ErrConflict, "It takes two people to merge: this is one and the same account.")
	}
	for _, u := range []User{survivor, other} {
		switch {
		case u.Deleted:
			return errDeleted()
		case u.MergedInto != 0:
			return refuse(ErrConflict, "This customer was merged into another one already.")
		case u.Role.Staff():
			return refuse(ErrConflict, "Only customers can be merged. %s is on the team.", u.Name)
		case !u.Enabled:
			return refuse(ErrConflict, "%s is disabled. Only enabled customers can be merged.", u.Name)
		}
	}
	return nil
}

// MergeUsers makes one customer of two. The survivor's fields win, empty ones are
// filled, tags are united. Addresses, conversations, words, places in CC, reply
// addresses and notes of the other go over; the other's sessions, API tokens and
// links end. Notes stay notes. Both primary addresses are told that addresses of
// the account changed, like whenever staff add one: nobody takes an account over
// unseen. ErrNotFound, ErrForbidden, ErrConflict.
func (d *Desk) MergeUsers(ctx context.Context, actor Actor, survivor, other UserID) (err error) {
	defer d.attempt(ctx, &err, actor, "merge into "+object("user", survivor), object("user", other))
	if err := actor.mayMergeUsers(); err != nil {
		return err
	}
	return d.withPair(ctx, actor, survivor, other, func(tx pgx.Tx, into, from User) error {
		if err := mergeable(into, from); err != nil {
			return err
		}
		m := userMerge{actor: actor, into: into, from: from}
		if err := m.merge(ctx, tx); err != nil {
			return err
		}
		return d.tellOfMerge(ctx, tx, actor, into, from)
	})
}

// tellOfMerge tells both former primary addresses.
func (d *Desk) tellOfMerge(ctx context.Context, tx pgx.Tx, actor Actor, into, from User) error {
	if err := d.tellOfAddresses(ctx, tx, actor, into); err != nil {
		return err
	}
	told := from
	told.ID = into.ID // whose mail it is now
	return d.tellOfAddresses(ctx, tx, actor, told)
}

// errMoved: the addresses of a person changed before they were locked.
var errMoved = errors.New("addresses changed meanwhile")

// withPair runs a step on two people whom the actor may view, with all their
// addresses and both rows locked, so that first mails, logins and other merges
// wait: addresses first, as everybody who decides who an address is, then people
// in the order of their ids.
func (d *Desk) withPair(ctx context.Context, actor Actor, survivor, other UserID, do func(tx pgx.Tx, into, from User) error) error {
	return d.txUnmoved(ctx, func(tx pgx.Tx) error {
		people, err := lockPair(ctx, tx, actor, survivor, other)
		if err != nil {
			return err
		}
		return do(tx, people[survivor], people[other])
	})
}

// txUnmoved is tx for a step that locks the addresses of people whom it finds
// first: it begins again where they moved in between.
func (d *Desk) txUnmoved(ctx context.Context, step func(tx pgx.Tx) error) error {
	const tries = 8
	for try := 1; ; try++ {
		if err := d.tx(ctx, step); try == tries || !errors.Is(err, errMoved) {
			return err
		}
	}
}

func lockPair(ctx context.Context, tx pgx.Tx, actor Actor, ids ...UserID) (map[UserID]User, error) {
	known, err := rows[struct{ Address Address }](ctx, tx, `select address from addresses where user_id = any($1)`, ids)
	if err != nil {
		return nil, err
	}
	var addresses []Address
	for _, k := range known {
		addresses = append(addresses, k.Address)
	}
	if err := lockAddresses(ctx, tx, addresses...); err != nil {
		return nil, err
	}
	if err := stillActs(ctx, tx, actor); err != nil {
		return nil, err
	}
	people := map[UserID]User{}
	for _, id := range slices.Sorted(slices.Values(ids)) {
		if _, err := value[UserID](ctx, tx, `select id from users where id = $1 for no key update`, id); err != nil {
			return nil, err
		}
		if people[id], err = userByID(ctx, tx, id); err != nil {
			return nil, err
		}
	}
	for _, u := range people {
		if _, err := userSeen(ctx, tx, actor, u.ID); err != nil && u.MergedInto == 0 {
			return nil, err
		}
		for _, i := range u.Addresses {
			if !slices.Contains(addresses, i.Address) {
				return nil, errMoved
			}
		}
	}
	return people, nil
}

// A MergedUser is a customer who was merged into another, and can come back.
type MergedUser struct {
	ID        UserID
	Name      string
	Addresses []Address // those that went over
	By        PersonRef // ID 0: an account that is gone
	At        time.Time
}

// Merged lists the customers that were merged into this one and can be had back,
// the latest first. ErrNotFound, ErrForbidden.
func (d *Desk) Merged(ctx context.Context, actor Actor, survivor UserID) (merged []MergedUser, err error) {
	defer wrap(&err, "merged into user %d", survivor)
	if err := actor.Can(DoView); err != nil {
		return nil, err
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		if _, err := userSeen(ctx, tx, actor, survivor); err != nil {
			return err
		}
		merged, err = rows[MergedUser](ctx, tx, `
			select o.id, o.name, m.created_at as at, coalesce((select `+personOf+theUser+`m.by_id), '{}') as by,
				coalesce(jsonb_path_query_array(m.moved, '$.addresses[*].address'), '[]') as addresses
			from user_merges m join users o on o.id = m.merged_id
			where m.survivor_id = $1 and m.undone_at is null and o.merged_into = $1 and o.anonymised_at is null
			order by m.created_at desc, m.id desc`, survivor)
		return err
	})
	return merged, err
}

// SurvivorOf tells whom a customer was merged into, merges of merges followed; 0
// if this one was not. ErrNotFound also if the reader may not view the survivor.
func (d *Desk) SurvivorOf(ctx context.Context, actor Actor, id UserID) (survivor UserID, err error) {
	defer wrap(&err, "survivor of user %d", id)
	if err := actor.Can(DoView); err != nil {
		return 0, err
	}
	survivor, err = value[UserID](ctx, d.pool, `
		with recursive chain (id, merged_into) as (
			select id, merged_into from users where id = $1
			union
			select u.id, u.merged_into from chain join users u on u.id = chain.merged_into)
		select id from chain where merged_into is null`, id)
	if err != nil || survivor == id {
		return 0, err
	}
	_, err = userSeen(ctx, d.pool, actor, survivor)
	return survivor, err
}

// unitedTags are the tags of both, 50 at most, with those that the survivor did
// not have.
func unitedTags(survivor, other []string) (united, added []string) {
	united = cleanTags(append(slices.Clone(survivor), other...))
	added = slices.DeleteFunc(slices.Clone(united), func(tag string) bool { return slices.Contains(survivor, tag) })
	return united, nonNil(added)
}
