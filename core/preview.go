package core

import (
	"context"
	"errors"
)

// A Recipient is somebody who gets a reply, and what they get of it, in words.
type Recipient struct {
	PersonRef
	What string // "collaborator: private copy, without customers' addresses"
}

// A CCFault is what somebody typed into CC that cannot be there, and why.
type CCFault struct {
	Typed, Problem string
}

// A ReplyCheck is who would get what, and what to think of before.
type ReplyCheck struct {
	To       []Recipient
	Warnings []string
	Faults   []CCFault // who gets it then is told without these
}

// ReplyPreview is CheckReply that takes no fault: Invalid of "cc".
func (d *Desk) ReplyPreview(ctx context.Context, actor Actor, id ConversationID, cc []string) (to []Recipient, warnings []string, err error) {
	defer wrap(&err, "preview reply to conversation %d", id)
	check, err := d.CheckReply(ctx, actor, id, cc)
	if err == nil && len(check.Faults) > 0 {
		err = Invalid{Field: "cc", Code: CodeInvalid, Problem: check.Faults[0].Problem}
	}
	return check.To, check.Warnings, err
}

// CheckReply tells who would get what, were the actor to reply now with these in
// CC. It changes nothing. ErrNotFound, ErrForbidden.
func (d *Desk) CheckReply(ctx context.Context, actor Actor, id ConversationID, cc []string) (check ReplyCheck, err error) {
	defer wrap(&err, "check reply to conversation %d", id)
	c, err := d.Conversation(ctx, actor, id)
	if err != nil {
		return check, err
	}
	if err := actor.Can(DoReply); err != nil {
		return check, err
	}
	addresses, faults, err := d.goodInCC(ctx, cc)
	if err != nil {
		return check, err
	}
	check.Faults = faults
	people := []PersonRef{c.Requester}
	for _, p := range c.Participants {
		people = append(people, p.PersonRef)
	}
	named, err := d.peopleAt(ctx, addresses)
	if err != nil {
		return check, err
	}
	for _, p := range append(people, named...) {
		if p.ID != actor.ID && !among(check.To, p) {
			check.To = append(check.To, Recipient{p, whatTheyGet(p, p.ID != 0 && p.ID == c.Requester.ID)})
		}
	}
	stopped, err := d.undeliverable(ctx, check.To)
	if err != nil {
		return check, err
	}
	came, err := d.cameOddly(ctx, c)
	check.Warnings = append(stopped, came...)
	return check, err
}

// goodInCC parts the addresses that may be in CC from those that may not. The
// usual case, that all may, is one question.
func (d *Desk) goodInCC(ctx context.Context, cc []string) (good []string, faults []CCFault, err error) {
	var wrong Invalid
	if good, err = d.outsiders(ctx, d.pool, "cc", cc); !errors.As(err, &wrong) {
		return good, nil, err
	}
	if len(cc) > maxNamed {
		return nil, []CCFault{{"", wrong.Problem}}, nil
	}
	for _, typed := range cc {
		one, err := d.outsiders(ctx, d.pool, "cc", []string{typed})
		switch {
		case errors.As(err, &wrong):
			faults = append(faults, CCFault{cleanLine(typed, maxAddress), wrong.Problem})
		case err != nil:
			return nil, nil, err
		}
		good = append(good, one...)
	}
	return good, faults, nil
}

// peopleAt gives who has the addresses, in their order; who has an account is told
// by it.
func (d *Desk) peopleAt(ctx context.Context, addresses []string) (people []PersonRef, err error) {
	named, err := rows[struct{ Person PersonRef }](ctx, d.pool, `
		select jsonb_build_object('ID', coalesce(u.id, 0), 'Name', coalesce(u.name, ''), 'Address', x.address,
			'Role', coalesce(u.role, ''), 'Enabled', coalesce(u.enabled, true), 'Invited', u.invited_at is not null) as person
		from unnest($1::text[]) with ordinality x(address, place)
		left join addresses a on a.address = x.address left join users u on u.id = a.user_id order by place`, nonNil(addresses))
	for _, n := range named {
		people = append(people, n.Person)
	}
	return people, err
}

// headOfMail is read to tell its list headers, in bytes.
const headOfMail = 64 << 10

// cameOddly warns where an answer goes elsewhere than the customer's last mail came
// from: past a list, to another domain.
func (d *Desk) cameOddly(ctx context.Context, c Conversation) (warnings []string, err error) {
	last, err := one[struct {
		From string
		Head []byte
	}](ctx, d.pool, `
		select m.author_address as from, substring(i.raw from 1 for $3::integer) as head
		from messages m join inbound i on i.id = m.inbound_id
		where m.conversation_id = $1 and not m.by_staff and m.author_id = $2 order by m.id desc limit 1`, c.ID, c.Requester.ID, headOfMail)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if from, err := ParseAddress(last.From); err == nil && from.Domain() != c.Requester.Address.Domain() {
		warnings = append(warnings, "The last mail came from "+from.String()+", another domain: your answer goes to "+c.Requester.Address.String()+".")
	}
	if last.Head != nil && d.cfg.Read != nil && d.cfg.Read(last.Head).ListHeaders {
		warnings = append(warnings, "The last mail came by a mailing list. Your answer goes to "+c.Requester.Address.String()+", not to the list.")
	}
	return warnings, nil
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
