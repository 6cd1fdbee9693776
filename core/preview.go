package core

import "context"

// A Recipient is somebody who gets a reply, and what they get of it, in words.
type Recipient struct {
	PersonRef
	What string // "collaborator: private copy, without customers' addresses"
}

// ReplyPreview tells who would get what, were the actor to reply now with these
// in CC, and what to think of before. ErrNotFound, ErrForbidden, Invalid of "cc".
func (d *Desk) ReplyPreview(ctx context.Context, actor Actor, id ConversationID, cc []string) (to []Recipient, warnings []string, err error) {
	defer wrap(&err, "preview reply to conversation %d", id)
	c, err := d.Conversation(ctx, actor, id)
	if err != nil {
		return nil, nil, err
	}
	if err := actor.Can(DoReply); err != nil {
		return nil, nil, err
	}
	addresses, err := d.outsiders(ctx, d.pool, "cc", cc)
	if err != nil {
		return nil, nil, err
	}
	people := []PersonRef{c.Requester}
	for _, p := range c.Participants {
		people = append(people, p.PersonRef)
	}
	named, err := rows[struct{ Person PersonRef }](ctx, d.pool, `
		select jsonb_build_object('ID', coalesce(u.id, 0), 'Name', coalesce(u.name, ''), 'Address', x.address,
			'Role', coalesce(u.role, ''), 'Enabled', coalesce(u.enabled, true), 'Invited', u.invited_at is not null) as person
		from unnest($1::text[]) with ordinality x(address, place)
		left join addresses a on a.address = x.address left join users u on u.id = a.user_id order by place`, nonNil(addresses))
	if err != nil {
		return nil, nil, err
	}
	for _, n := range named {
		people = append(people, n.Person)
	}
	for _, p := range people {
		if p.ID != actor.ID && !among(to, p) {
			to = append(to, Recipient{p, whatTheyGet(p, p.ID != 0 && p.ID == c.Requester.ID)})
		}
	}
	warnings, err = d.undeliverable(ctx, to)
	return to, warnings, err
}

func among(to []Recipient, p PersonRef) bool {
	for _, r := range to {
		if r.Address == p.Address || p.ID != 0 && r.ID == p.ID {
			return true
		}
	}
	return false
}

// whatTheyGet is mail-law section 4 in words.
func whatTheyGet(p PersonRef, requester bool) string {
	switch {
	case p.ID != 0 && !p.Enabled:
		return "not enabled: gets nothing"
	case requester:
		return "requester: gets the message, sees the customers in CC"
	case p.Role == RoleCollaborator:
		return "collaborator: private copy, without customers' addresses"
	case p.Role.Agent():
		return "agent: gets no copy, hears of what comes next"
	}
	return "customer: gets the message, sees addresses"
}

// undeliverable warns of addresses that mail has stopped going to.
func (d *Desk) undeliverable(ctx context.Context, to []Recipient) ([]string, error) {
	addresses := []string{}
	for _, r := range to {
		addresses = append(addresses, r.Address.String())
	}
	dead, err := rows[struct{ Address, Reason string }](ctx, d.pool, `
		select address, reason from suppressions where address = any($1) order by address`, addresses)
	var warnings []string
	for _, x := range dead {
		because := x.Reason
		if plain := PlainReason(x.Reason); plain != "" {
			because = plain + " (" + x.Reason + ")"
		}
		warnings = append(warnings, "Mail to "+x.Address+" has stopped: "+because)
	}
	return warnings, err
}
