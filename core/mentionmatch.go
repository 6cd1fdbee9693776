package core

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A MentionMatch is somebody whom a note may mention.
type MentionMatch struct {
	ID      UserID
	Name    string
	Address Address // the primary one
	Role    Role
	Shared  bool // no name, or one that another of them bears: only the address tells who is meant
}

// Mention is what a note says to mention them, without the @.
func (m MentionMatch) Mention() string {
	if m.Shared {
		return m.Address.String()
	}
	return strings.Join(strings.Fields(m.Name), " ")
}

// mostMentionable are told at once.
const mostMentionable = 100

// MentionMatches finds enabled staff, a word of whose name, or whose address begins
// like this; with nothing typed, everybody. By name, so many at most. Who may note
// may know them: ErrNotFound for customers, ErrForbidden.
func (d *Desk) MentionMatches(ctx context.Context, actor Actor, query string, most int) (matches []MentionMatch, err error) {
	defer wrap(&err, "whom a note may mention")
	for _, do := range []Deed{DoView, DoNote} {
		if err := actor.Can(do); err != nil {
			return nil, err
		}
	}
	begins := strings.ToLower(nfc(cleanLine(query, 200)))
	return rows[MentionMatch](ctx, d.pool, `
		select u.id, u.name, a.address, u.role, btrim(u.name) = '' or exists (
			select from users o where o.id <> u.id and o.enabled and o.role <> 'customer' and lower(btrim(o.name)) = lower(btrim(u.name))) as shared
		from users u join addresses a on a.user_id = u.id and a.is_primary
		where u.role <> 'customer' and u.enabled
			and (position(' ' || @begins in ' ' || lower(u.name)) > 0 or starts_with(a.address, @begins))
		order by lower(u.name), u.id limit @most`,
		pgx.StrictNamedArgs{"begins": begins, "most": min(max(most, 1), mostMentionable)})
}
