package core

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
)

// UnmergeUsers undoes a merge: what went over goes back as far as it is still the
// survivor's, and with it the conversations that were begun since by mail from an
// address that goes back. What was said there meanwhile, and neither written by
// nor mailed to the person who comes back, becomes a note (mail-law section 2). An
// address that was removed or given to somebody else stays where it is, and the
// journey says so. The survivor's sessions, API tokens and links end, and so does a
// password that was set since the merge. Works once. ErrNotFound, ErrForbidden, ErrConflict.
func (d *Desk) UnmergeUsers(ctx context.Context, actor Actor, other UserID) (err error) {
	defer d.attempt(ctx, &err, actor, "undo the merge of", object("user", other))
	if err := actor.mayMergeUsers(); err != nil {
		return err
	}
	survivor, err := value[UserID](ctx, d.pool, `select coalesce(merged_into, 0) from users where id = $1`, other)
	if err != nil {
		return err
	}
	if survivor == 0 {
		return errNotMerged()
	}
	return d.withPair(ctx, actor, survivor, other, func(tx pgx.Tx, into, from User) error {
		if err := actor.mayUnmerge(into, from); err != nil {
			return err
		}
		m := userMerge{actor: actor, into: into, from: from}
		if err := m.unmerge(ctx, tx); err != nil {
			return err
		}
		return d.tellOfMerge(ctx, tx, actor, into, from)
	})
}

func errNotMerged() error { return refuse(ErrConflict, "This customer is not merged into another.") }

func (a Actor) mayUnmerge(into, from User) error {
	switch {
	case into.Deleted || from.Deleted:
		return errDeleted()
	case from.MergedInto != into.ID:
		return errNotMerged()
	case into.MergedInto != 0:
		return refuse(ErrConflict, "%s was merged into another customer since. Undo that first.", into.Name)
	case !into.Enabled:
		return refuse(ErrConflict, "%s is disabled. Enable the account first.", into.Name)
	}
	return a.MayEdit(into.Role)
}

// wayBack is what of a merge goes back.
type wayBack struct {
	movedThings
	merge         int64
	addresses     []string // that go back
	left          []string // that do not
	conversations []int64
}

func (m *userMerge) unmerge(ctx context.Context, tx pgx.Tx) error {
	var w wayBack
	merged, err := one[struct {
		ID    int64
		Moved movedThings
	}](ctx, tx, `select id, moved from user_merges where merged_id = $1 and survivor_id = $2 and undone_at is null for update`, m.from.ID, m.into.ID)
	if errors.Is(err, ErrNotFound) {
		return errNotMerged()
	}
	if err != nil {
		return err
	}
	w.merge, w.movedThings = merged.ID, merged.Moved
	if err := m.chooseAddresses(&w); err != nil {
		return err
	}
	if err := m.lockBack(ctx, tx, &w); err != nil {
		return err
	}
	for _, step := range []func(context.Context, pgx.Tx, *wayBack) error{
		m.endShared, m.addressesBack, m.rowsBack, m.conversationsBack, m.fieldsBack,
	} {
		if err := step(ctx, tx, &w); err != nil {
			return err
		}
	}
	return m.recordBack(ctx, tx, &w)
}

// chooseAddresses: those that the survivor still has go back, but nobody is left
// without any.
func (m *userMerge) chooseAddresses(w *wayBack) error {
	for _, a := range w.Addresses {
		if slices.ContainsFunc(m.into.Addresses, func(i Identity) bool { return i.Address == a.Address }) {
			w.addresses = append(w.addresses, a.Address.String())
		} else {
			w.left = append(w.left, a.Address.String())
		}
	}
	switch {
	case len(w.addresses) == 0:
		return refuse(ErrConflict, "None of the addresses that went over is left, so nobody can come back.")
	case len(w.addresses) == len(m.into.Addresses):
		return refuse(ErrConflict, "%s has no other address left. Add one first.", m.into.Name)
	}
	return nil
}

// lockBack finds and locks the conversations that go back: those that went over,
// and those begun since by mail from an address that goes back.
func (m *userMerge) lockBack(ctx context.Context, tx pgx.Tx, w *wayBack) (err error) {
	if err := lockConversationsOf(ctx, tx, m.into.ID); err != nil {
		return err
	}
	w.conversations, err = value[[]int64](ctx, tx, `
		select coalesce(array_agg(c.id order by c.id), '{}') from conversations c
		where c.requester_id = $1 and (c.id = any($2) or c.channel = 'mail' and c.id > $4
			and (select f.author_address from messages f where coalesce(f.came_from, f.conversation_id) = c.id order by f.id limit 1) = any($3))`,
		m.into.ID, w.Rows["conversations.requester_id"], w.addresses, w.Last.Conversation)
	return err
}

// endShared ends what opened the survivor's account while both were one: it may be
// in the hands of the one who goes. So may a password that was set since: the survivor
// has a link mailed for another.
func (m *userMerge) endShared(ctx context.Context, tx pgx.Tx, w *wayBack) error {
	if err := startOver(ctx, tx, m.into.ID, "the merge was undone"); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		update users set password_hash = null where id = $1 and exists (
			select from events e join user_merges g on g.id = $2
			where e.user_id = $1 and e.created_at > g.created_at
				and (e.kind = 'password_changed' or e.kind = 'accepted' and e.detail->>'link' <> 'sign_in'))`, m.into.ID, w.merge)
	return err
}

// addressesBack gives the addresses back, with the reply addresses, mails and
// places in CC that were made for them.
func (m *userMerge) addressesBack(ctx context.Context, tx pgx.Tx, w *wayBack) error {
	if _, err := tx.Exec(ctx, `update addresses set user_id = $2, is_primary = false where user_id = $1 and address = any($3)`,
		m.into.ID, m.from.ID, w.addresses); err != nil {
		return err
	}
	for user, wanted := range map[UserID]string{m.into.ID: w.Primary.String(), m.from.ID: w.primaryBefore()} {
		if _, err := tx.Exec(ctx, `
			update addresses set is_primary = true where address = (
				select address from addresses where user_id = $1
				order by is_primary desc, address = $2 desc, verified_at is null, address limit 1)`, user, wanted); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `
		with cc as (update participants set user_id = $2 where user_id = $1 and address = any($3)),
		     tokens as (update tokens set user_id = $2 where user_id = $1 and address = any($3))
		update deliveries set user_id = $2 where user_id = $1 and id > $4 and recipient = any($3)`, m.into.ID, m.from.ID, w.addresses, w.Last.Delivery)
	return err
}

// primaryBefore is the primary address that the other had.
func (w *wayBack) primaryBefore() string {
	for _, a := range w.Addresses {
		if a.Primary {
			return a.Address.String()
		}
	}
	return ""
}

// rowsBack gives back what was moved by id and is still the survivor's, and what
// was written since from an address that goes back.
func (m *userMerge) rowsBack(ctx context.Context, tx pgx.Tx, w *wayBack) error {
	for _, c := range movedColumns() {
		if c.key() == "conversations.requester_id" {
			continue // see conversationsBack
		}
		if _, err := tx.Exec(ctx, `update `+c.table+` set `+c.column+` = $2 where `+c.column+` = $1 and id = any($3)`,
			m.into.ID, m.from.ID, nonNil(w.Rows[c.key()])); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `
		with said as (
			update messages set author_id = $2 where author_id = $1 and id > $4 and author_address = any($3) returning id),
		noted as (
			update notes n set author_id = $2 from inbound i
			where n.author_id = $1 and n.id > $5 and i.id = n.inbound_id and i.from_address = any($3))
		update deliveries set author_id = $2 where author_id = $1 and post_id in (select id from said)`,
		m.into.ID, m.from.ID, w.addresses, w.Last.Message, w.Last.Note)
	return err
}

// conversationsBack gives the conversations back. Nothing becomes public by it:
// what the other could not read before is private first.
func (m *userMerge) conversationsBack(ctx context.Context, tx pgx.Tx, w *wayBack) error {
	for _, id := range w.conversations {
		c := ConversationID(id)
		count, err := makePrivate(ctx, tx, []ConversationID{c}, c, m.from.ID, false, w.Read...)
		if err != nil {
			return err
		}
		if err := tellMadePrivate(ctx, tx, m.actor, c, count); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `
		with unwritten as (
			update deliveries set state = 'failed', failed_at = now(), last_response = 'The requester changed before this mail was written.'
			where conversation_id = any($3) and user_id = $1 and purpose = 'reply' and composed_at is null and state in ('queued', 'held')),
		gone as (
			delete from participants where conversation_id = any($3) and user_id = $2)
		update conversations set requester_id = $2 where id = any($3)`, m.into.ID, m.from.ID, w.conversations); err != nil {
		return err
	}
	// Places in CC that were doubles, and suggestions, where they are none now.
	_, err := tx.Exec(ctx, `
		with cc as (
			insert into participants (conversation_id, address, user_id, via, by_staff, created_at)
			select p.conversation_id, p.address, a.user_id, p.via, p.by_staff, p.created_at
			from jsonb_populate_recordset(null::participants, $3) p join conversations c on c.id = p.conversation_id
			join addresses a on a.address = p.address and a.user_id in ($1, $2)
			where c.requester_id <> a.user_id
				and not exists (select from participants o where o.conversation_id = c.id and o.user_id = a.user_id)
			on conflict do nothing)
		insert into participant_suggestions (conversation_id, address, name, named_by, verified, created_at)
		select s.conversation_id, s.address, s.name, s.named_by, s.verified, s.created_at
		from jsonb_populate_recordset(null::participant_suggestions, $4) s join conversations c on c.id = s.conversation_id
		left join addresses a on a.address = s.address
		where c.requester_id is distinct from a.user_id
			and not exists (select from participants p where p.conversation_id = c.id and (p.address = s.address or p.user_id = a.user_id))
		on conflict do nothing`, m.into.ID, m.from.ID, w.CC, w.Named)
	return err
}

// fieldsBack takes from the survivor what it was filled with, if nobody changed
// it since, and opens the other's account as it was.
func (m *userMerge) fieldsBack(ctx context.Context, tx pgx.Tx, w *wayBack) error {
	f := w.Filled
	tags := slices.DeleteFunc(slices.Clone(m.into.Tags), func(tag string) bool { return slices.Contains(f.Tags, tag) })
	if _, err := tx.Exec(ctx, `
		update users set tags = @tags,
			phone = case when @phone <> '' and phone = @phone then '' else phone end,
			timezone = case when @timezone <> '' and timezone = @timezone then null else timezone end,
			organization_by_hand = organization_by_hand and not (@by_hand and organization_id = @organization),
			organization_id = case when @organization <> 0 and organization_id = @organization then null else organization_id end
		where id = @id`,
		pgx.StrictNamedArgs{"id": m.into.ID, "tags": nonNil(tags), "phone": f.Phone, "timezone": f.Timezone,
			"organization": int64(f.Organization), "by_hand": f.ByHand}); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		update users set enabled = true, merged_into = null, organization_by_hand = $3,
			organization_id = (select id from organizations where id = $2)
		where id = $1`, m.from.ID, w.Organization, w.OrganizationByHand)
	return err
}

func (m *userMerge) recordBack(ctx context.Context, tx pgx.Tx, w *wayBack) error {
	if _, err := tx.Exec(ctx, `update user_merges set undone_at = now() where id = $1`, w.merge); err != nil {
		return err
	}
	detail := map[string]any{"user": m.from.ID, "name": m.from.Name, "addresses": w.addresses}
	if len(w.left) > 0 {
		detail["left"] = w.left
	}
	if err := recordUser(ctx, tx, m.actor, "unmerged", m.into.ID, detail); err != nil {
		return err
	}
	detail = map[string]any{"user": m.into.ID, "name": m.into.Name}
	if len(w.left) > 0 {
		detail["left"] = w.left
	}
	return tellJourney(ctx, tx, m.actor, "unmerged", m.from.ID, detail)
}
