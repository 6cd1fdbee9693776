package core

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Member is somebody of the staff, as the agent directory shows them.
type Member struct {
	User
	LinkExpires *time.Time     // of the link of an invite, unless it was used or revoked; may be past
	MailState   DeliveryStatus // of the newest mail of an invite; empty: none that counts
	MailAnswer  string         // what was said to that mail last
}

// An InviteState says what stands between an invitee and the account.
type InviteState string

// The states of an invite.
const (
	InviteQueued  InviteState = "queued"  // the mail with the link is about to leave
	InviteHeld    InviteState = "held"    // the mail waits in the outbox
	InviteFailed  InviteState = "failed"  // the mail did not arrive
	InviteOpen    InviteState = "open"    // the person has a link that works
	InviteExpired InviteState = "expired" // the link is too old, or was shown around and died
)

// Waits tells an account that waits for its person to accept.
func (m Member) Waits() bool { return m.InvitedAt != nil && !m.Enabled }

// InviteState is how far an invite is, by the clock given.
func (m Member) InviteState(now time.Time) InviteState {
	switch {
	case m.MailState == DeliveryQueued:
		return InviteQueued
	case m.MailState == DeliveryHeld:
		return InviteHeld
	case m.MailState == DeliveryFailed:
		return InviteFailed
	case m.LinkExpires != nil && m.LinkExpires.After(now):
		return InviteOpen
	}
	return InviteExpired
}

// A DirectoryFilter narrows the directory. Empty fields filter nothing.
type DirectoryFilter struct {
	Enabled *bool
	Waiting bool   // only those whose invite waits
	Query   string // part of a name or an address
	Role    Role
	Team    TeamID
	Page    Page
}

// Directory lists every account of staff by name, those who wait for their
// invite first, and counts all that the filter leaves. Deleted people and those
// merged away are no accounts any more. ErrForbidden.
func (d *Desk) Directory(ctx context.Context, actor Actor, f DirectoryFilter) (_ []Member, total int, err error) {
	defer wrap(&err, "directory")
	if err := actor.Can(DoAdminister); err != nil {
		return nil, 0, err
	}
	return list[Member](ctx, d.pool, memberColumns, memberTables+`
		where u.role <> 'customer' and u.anonymised_at is null and u.merged_into is null
		  and (@enabled::boolean is null or u.enabled = @enabled) and (@role = '' or u.role = @role)
		  and (not @waiting or u.invited_at is not null and not u.enabled)
		  and (@team::bigint = 0 or exists (select 1 from team_members m where m.user_id = u.id and m.team_id = @team))
		  and (@query = '%%' or u.name ilike @query
		       or exists (select 1 from addresses a where a.user_id = u.id and a.address ilike @query))`,
		`(not u.enabled and u.invited_at is not null) desc, lower(u.name), u.id`, f.Page,
		pgx.StrictNamedArgs{"enabled": f.Enabled, "waiting": f.Waiting, "role": f.Role, "team": f.Team, "query": likePattern(f.Query)})
}

const memberColumns = userColumns + `,
	link.expires_at as link_expires, coalesce(mail.state, '') as mail_state, coalesce(mail.answer, '') as mail_answer`

// A failed mail counts no more once there is a newer link: one that was copied.
const memberTables = `
	from users u left join organizations o on o.id = u.organization_id
	left join lateral (
		select l.expires_at, l.created_at from links l
		where l.user_id = u.id and l.purpose = 'invite' and l.consumed_at is null and l.revoked_at is null
		order by l.created_at desc limit 1
	) link on u.invited_at is not null
	left join lateral (
		select m.state, m.last_response as answer, m.failed_at from deliveries m
		where m.user_id = u.id and m.purpose = 'invite' order by m.id desc limit 1
	) mail on u.invited_at is not null and (mail.failed_at is null or link.created_at is null or mail.failed_at > link.created_at)`
