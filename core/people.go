package core

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// mostParticipants is how many people a first mail may bring along (mail-law
// section 4).
const mostParticipants = 20

// namePeople deals with those whom a mail names in To and Cc. They become
// participants only where the decision says so; else staff see them as
// suggestions. Nobody gets any mail by being named.
func (d *Desk) namePeople(ctx context.Context, tx pgx.Tx, a *arrival, own *ours, to ConversationID, join bool) error {
	named := a.peopleNamed(own)
	if len(named) == 0 {
		return nil
	}
	addresses, names := make([]string, len(named)), make([]string, len(named))
	for i, n := range named {
		addresses[i], names[i] = n.Address, cleanLine(n.Name, 255)
	}
	if !join {
		_, err := tx.Exec(ctx, `
			insert into participant_suggestions (conversation_id, address, name, named_by, verified)
			select $1, n.address, n.name, $4, $5 from unnest($2::text[], $3::text[]) as n (address, name)
			where not exists (select from participants p where p.conversation_id = $1 and p.address = n.address)
				and not exists (select from conversations c join addresses i on i.user_id = c.requester_id where c.id = $1 and i.address = n.address)
			on conflict do nothing`,
			to, addresses, names, authorName(a), a.origin.Verdict == Proven)
		return err
	}
	_, err := tx.Exec(ctx, `
		with held as materialized ( -- whose they are stays so until this is written
			select address, user_id from addresses where address = any($2) order by address for share),
		named as (
			select n.address, i.user_id, u.role, u.enabled
			from unnest($2::text[]) as n (address)
			left join held i on i.address = n.address left join users u on u.id = i.user_id
			where u.id is distinct from $3),
		following as (
			insert into followers (conversation_id, user_id)
			select distinct $1::bigint, user_id from named where role in ('agent', 'admin', 'owner') and enabled on conflict do nothing)
		insert into participants (conversation_id, address, user_id, via)
		select distinct on (coalesce(user_id::text, address)) $1::bigint, address, user_id, 'mail' from named
		where coalesce(role, 'customer') in ('customer', 'collaborator') and coalesce(enabled, true) on conflict do nothing`,
		to, addresses, a.author.ID)
	return err
}

// peopleNamed are the addresses of To and Cc that are neither ours nor the
// author's.
func (a *arrival) peopleNamed(own *ours) []NamedAddress {
	var named []NamedAddress
	seen := []Address{a.from}
	for _, n := range slices.Concat(a.letter.To, a.letter.Cc) {
		address, err := ParseAddress(n.Address)
		if err != nil || slices.Contains(seen, address) || own.isOurs(address) {
			continue
		}
		seen = append(seen, address)
		named = append(named, NamedAddress{Name: n.Name, Address: address.String()})
		if len(named) == mostParticipants {
			break
		}
	}
	return named
}

// isOurs tells a mailbox, or an address with a token. Colleagues at our domain
// are people.
func (o *ours) isOurs(a Address) bool {
	if _, ok := o.mailboxOf(a); ok {
		return true
	}
	_, tagged := TokenOfAddress(a.String())
	return tagged && o.domains[a.Domain()]
}
