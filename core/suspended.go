package core

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
)

// SuspendedCount is the number in the navigation of everyone who may see
// suspended mail; 0 for others.
func (d *Desk) SuspendedCount(ctx context.Context, actor Actor) (int, error) {
	if actor.Can(DoListSuspended) != nil {
		return 0, nil
	}
	return value[int](ctx, d.pool, `select count(*) from inbound where state = 'suspended' and raw is not null`)
}

// SuspendedByReason counts the suspended mail by reason. ErrForbidden.
func (d *Desk) SuspendedByReason(ctx context.Context, actor Actor) (counts map[Suspension]int, err error) {
	defer wrap(&err, "count suspended mail")
	if err := actor.Can(DoListSuspended); err != nil {
		return nil, err
	}
	found, err := rows[struct {
		Suspension Suspension
		N          int
	}](ctx, d.pool, `select suspension, count(*) as n from inbound where state = 'suspended' and raw is not null group by suspension`)
	counts = map[Suspension]int{}
	for _, f := range found {
		counts[f.Suspension] = f.N
	}
	return counts, err
}

// Judged is what became of several mails that staff judged at once.
type Judged struct {
	Done []InboundID
	Left []NotJudged
}

// NotJudged is a mail that stayed as it was.
type NotJudged struct {
	ID      InboundID
	Problem string // a sentence
}

// ReleaseEach is Release for several mails, each by itself. ErrForbidden.
func (d *Desk) ReleaseEach(ctx context.Context, actor Actor, ids []InboundID, requester string, trust bool) (Judged, error) {
	return each(ids, func(one []InboundID) error { return d.Release(ctx, actor, one, requester, trust) })
}

// DeleteEach is DeleteMails for several mails, each by itself. ErrForbidden.
func (d *Desk) DeleteEach(ctx context.Context, actor Actor, ids []InboundID) (Judged, error) {
	return each(ids, func(one []InboundID) error { return d.DeleteMails(ctx, actor, one) })
}

func each(ids []InboundID, judge func([]InboundID) error) (j Judged, err error) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		err := judge([]InboundID{id})
		var refused Refusal
		var invalid Invalid
		switch {
		case err == nil:
			j.Done = append(j.Done, id)
		case errors.Is(err, ErrForbidden):
			return j, err
		case errors.As(err, &refused):
			j.Left = append(j.Left, NotJudged{id, refused.Problem})
		case errors.As(err, &invalid):
			j.Left = append(j.Left, NotJudged{id, invalid.Problem})
		case errors.Is(err, ErrNotFound):
			j.Left = append(j.Left, NotJudged{id, "There is no such mail."})
		default:
			return j, err
		}
	}
	return j, nil
}

// Release runs the rules again on suspended mails, without the rule that fired
// (mail-law: suspended mail). Requester is whom staff name for a mail without a
// usable From. With trust the senders go on the safe list. All or none:
// ErrConflict for one that is not suspended, was released before, or that no
// release can help; an Invalid of "requester".
func (d *Desk) Release(ctx context.Context, actor Actor, ids []InboundID, requester string, trust bool) (err error) {
	defer d.attempt(ctx, &err, actor, "release suspended mail", "")
	if err := actor.Can(DoListSuspended); err != nil {
		return err
	}
	return d.rerun(ctx, func(tx pgx.Tx) error {
		for _, id := range ids {
			if err := d.release(ctx, tx, actor, id, requester, trust); err != nil {
				return err
			}
		}
		return nil
	})
}

// suspendedRow is what judging a mail depends on.
type suspendedRow struct {
	Mail
	Passing bool // its From was named as passing on mail
}

// lockSuspended keeps two people from judging one mail at once.
func lockSuspended(ctx context.Context, tx pgx.Tx, id InboundID) (suspendedRow, error) {
	if _, err := value[InboundID](ctx, tx, `select id from inbound where id = $1 for update`, id); err != nil {
		return suspendedRow{}, err
	}
	return one[suspendedRow](ctx, tx, `
		select `+mailColumns+`, exists (select from passing_addresses p where p.address = i.from_address) as passing from inbound i where i.id = $1`, id)
}

func (d *Desk) release(ctx context.Context, tx pgx.Tx, actor Actor, id InboundID, requester string, trust bool) error {
	m, err := lockSuspended(ctx, tx, id)
	if err != nil {
		return err
	}
	if why := m.cannotRelease(); why != "" {
		return refuse(ErrConflict, "Mail %d cannot be released: %s.", id, why)
	}
	switch m.Suspension {
	case SuspendedLoop:
		if !m.Passing {
			return refuse(ErrConflict, "Mail %d is mail of your own. It can be released once its sender is named as an address that passes on other people's mail.", id)
		}
	case SuspendedBadFrom:
		if requester, err = d.requesterNamed(ctx, tx, requester); err != nil {
			return err
		}
	default:
		requester = "" // the mail names its author
	}
	detail := map[string]any{"suspension": m.Suspension}
	if trust {
		detail["trusted"] = m.From
		if err := trustSender(ctx, tx, actor, m.Suspension, m.From); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `
		update inbound set state = 'received', tries = 0, due_at = now(), released_at = now(), released_by = nullif($2, 0), released_from = rule, release_requester = nullif($3, '')
		where id = $1`, id, actor.ID, requester)
	if err != nil {
		return err
	}
	return audit(ctx, tx, actor, "mail.released", object("mail", id), detail)
}

// requesterNamed: staff say who wrote a mail that does not.
func (d *Desk) requesterNamed(ctx context.Context, tx pgx.Tx, requester string) (string, error) {
	a, err := ParseAddress(requester)
	if err != nil {
		return "", Invalid{Field: "requester", Code: CodeRequired, Problem: "Name the address of the person who wrote this mail."}
	}
	_, err = d.outsiders(ctx, tx, "requester", []string{a.String()})
	return a.String(), err
}

func trustSender(ctx context.Context, tx pgx.Tx, actor Actor, why Suspension, from string) error {
	if !why.Trustable() {
		return refuse(ErrConflict, "Trusting the sender does not help against “%s”.", why.Label())
	}
	if _, err := ParseAddress(from); err != nil {
		return refuse(ErrConflict, "The mail has no sender to trust.")
	}
	_, err := tx.Exec(ctx, `insert into sender_list (list, pattern, created_by) values ('safe', $1, nullif($2, 0)) on conflict do nothing`, from, actor.ID)
	return err
}

// BlockSenderOf puts the senders of suspended mails on the block list and deletes
// the mails, each by itself: where the sender is neither doubtful nor kept out
// already, and nobody of the team. ErrForbidden.
func (d *Desk) BlockSenderOf(ctx context.Context, actor Actor, ids []InboundID) (_ Judged, err error) {
	defer d.attempt(ctx, &err, actor, "block the sender of suspended mail", "")
	if err := actor.Can(DoListSuspended); err != nil {
		return Judged{}, err
	}
	return each(ids, func(one []InboundID) error {
		return d.tx(ctx, func(tx pgx.Tx) error { return blockSenderOf(ctx, tx, actor, one[0]) })
	})
}

func blockSenderOf(ctx context.Context, tx pgx.Tx, actor Actor, id InboundID) error {
	m, err := lockSuspended(ctx, tx, id)
	if err != nil {
		return err
	}
	from, err := ParseAddress(m.From)
	if err != nil || !m.Suspension.Blockable() || m.Status != MailSuspended {
		return refuse(ErrConflict, "The sender of mail %d cannot be blocked from here: “%s” does not say for certain who that is.", id, m.Suspension.Label())
	}
	if m.Author.Role.Staff() {
		return refuse(ErrConflict, "%s is on your team, and is not blocked from here.", m.Author.Name)
	}
	_, err = addSender(ctx, tx, actor, SenderEntry{List: BlockList, Pattern: from.String()})
	var known Invalid
	if err != nil && !(errors.As(err, &known) && known.Code == CodeDuplicate) {
		return err
	}
	return deleteMail(ctx, tx, actor, id)
}

// DeleteMails removes the content of suspended mails; their entries stay.
// ErrConflict for a mail that is not suspended or was deleted before.
func (d *Desk) DeleteMails(ctx context.Context, actor Actor, ids []InboundID) (err error) {
	defer d.attempt(ctx, &err, actor, "delete suspended mail", "")
	if err := actor.Can(DoListSuspended); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		for _, id := range ids {
			if err := deleteMail(ctx, tx, actor, id); err != nil {
				return err
			}
		}
		return nil
	})
}

func deleteMail(ctx context.Context, tx pgx.Tx, actor Actor, id InboundID) error {
	parts, err := rows[struct{ Upload UploadID }](ctx, tx, `
		with had as (select id, upload_id from inbound where id = $1 and state = 'suspended' and raw is not null for update)
		update inbound i set raw = null, upload_id = null, removed_at = now(), removed_by = nullif($2, 0)
		from had where i.id = had.id returning coalesce(had.upload_id, 0) as upload`, id, actor.ID)
	if err != nil {
		return err
	}
	for _, great := range parts {
		if _, err := tx.Exec(ctx, `delete from inbound_uploads where id = $1`, great.Upload); err != nil {
			return err
		}
	}
	if len(parts) == 0 {
		return refuse(ErrConflict, "Mail %d is not suspended, or was deleted before.", id)
	}
	return audit(ctx, tx, actor, "mail.deleted", object("mail", id), nil)
}

// purgeAtOnce bounds what one statement removes: nobody waits long behind it.
const purgeAtOnce = 200

// PurgeSuspended deletes the content of mail that was suspended longer than the
// instance keeps it; the entries stay. It gives how many there were. TidyGreat
// removes the parts of great ones.
func (d *Desk) PurgeSuspended(ctx context.Context) (gone int, err error) {
	defer wrap(&err, "purge suspended mail")
	for {
		tag, err := d.pool.Exec(ctx, `
			update inbound set raw = null, upload_id = null, removed_at = now() where id in (
				select id from inbound
				where state = 'suspended' and raw is not null
					and suspended_at < now() - make_interval(days => (select suspended_days from instance))
				order by suspended_at limit $1 for update skip locked)`, purgeAtOnce)
		gone += int(tag.RowsAffected())
		if err != nil || tag.RowsAffected() < purgeAtOnce {
			return gone, err
		}
	}
}
