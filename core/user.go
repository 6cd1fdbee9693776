package core

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// A User is anybody with an account: customer, collaborator, agent, admin or
// owner.
type User struct {
	ID               UserID
	Name             string
	Role             Role
	Enabled          bool
	HasPassword      bool
	InvitedAt        *time.Time // an invite waits for its answer since then
	Organization     OrganizationID
	OrganizationName string
	Timezone         string // IANA name; empty: the instance's
	Locale           string // the language that they have chosen; empty: none
	Language         string // that, else the instance's
	Phone            string
	Signature        string // under the public replies of an agent
	Tags             []string
	Addresses        []Identity // the primary one first
	Teams            []Team
	CreatedAt        time.Time
	Deleted          bool   // anonymised: nothing of the person is left
	MergedInto       UserID // the same person as that one; 0: not merged
	Digest           bool   // wants the daily digest of suspended mail, as an admin
}

// An Identity is one address of a person.
type Identity struct {
	Address  Address
	Primary  bool
	Verified bool // it proved itself, or staff vouch for it
}

// Primary gives the address that mail to the person goes to.
func (u User) Primary() Address {
	for _, i := range u.Addresses {
		if i.Primary {
			return i.Address
		}
	}
	return Address{}
}

// DisplayName is the name as pages show it, with " (Disabled)" where that is so.
// An invitee is not called disabled.
func (u User) DisplayName() string {
	return nameWithState(u.Name, u.Enabled || u.InvitedAt != nil || u.Deleted)
}

// A UserFilter narrows a list of users. Empty fields filter nothing.
type UserFilter struct {
	Email        string // exactly this address, in any spelling
	Role         Role
	Staff        bool // everybody but customers
	Organization OrganizationID
	Enabled      *bool
	Query        string // words that each begin a word of the name or of an address
	Page         Page
}

const userColumns = `
	u.id, u.name, u.role, u.enabled, u.password_hash is not null as has_password, u.invited_at,
	coalesce(u.organization_id, 0) as organization, coalesce(o.name, '') as organization_name,
	coalesce(u.timezone, '') as timezone, u.locale,
	coalesce(nullif(u.locale, ''), (select language from instance)) as language, u.phone, u.signature, u.tags, u.created_at,
	u.anonymised_at is not null as deleted, coalesce(u.merged_into, 0) as merged_into, u.suspended_digest as digest,
	coalesce((select jsonb_agg(jsonb_build_object('address', a.address, 'primary', a.is_primary, 'verified', a.verified_at is not null)
	                           order by a.is_primary desc, a.address)
	          from addresses a where a.user_id = u.id), '[]') as addresses,
	coalesce((select jsonb_agg(jsonb_build_object('id', t.id, 'title', t.title) order by t.title)
	          from team_members m join teams t on t.id = m.team_id where m.user_id = u.id), '[]') as teams`

// seesUser is the condition that actor @actor may view user u. Case access
// decides over customers; colleagues see each other (behaviour section 2).
const seesUser = `(@all or u.id = @actor or u.role <> 'customer'
	or exists (select 1 from conversations c where c.requester_id = u.id and ` + seesConversation + `)
	or exists (select 1 from mentions m join notes n on n.id = m.note_id where n.user_id = u.id and m.user_id = @actor)
	or exists (select 1 from events e where e.user_id = u.id and e.kind = 'created' and e.actor_id = @actor))`

// seesConversation is MayView of policy.go as a condition on conversation c.
const seesConversation = `(@all or c.requester_id = @actor or c.assignee_id = @actor or c.team_id = any(@teams)
	or exists (select 1 from participants p where p.conversation_id = c.id and p.user_id = @actor)
	or exists (select 1 from mentions m join notes n on n.id = m.note_id where n.conversation_id = c.id and m.user_id = @actor))`

// sight gives the arguments that seesUser and seesConversation need.
func (a Actor) sight() pgx.StrictNamedArgs {
	access := a.rights().Access
	teams := []TeamID{}
	if access == AccessTeams && a.Teams != nil {
		teams = a.Teams
	}
	return pgx.StrictNamedArgs{"actor": a.ID, "all": access == AccessAll, "teams": teams}
}

// User gives one person: oneself, or whom staff may view. ErrNotFound,
// ErrForbidden.
func (d *Desk) User(ctx context.Context, actor Actor, id UserID) (_ User, err error) {
	defer wrap(&err, "user %d", id)
	if err := actor.mayLookAt(id); err != nil {
		return User{}, err
	}
	return userSeen(ctx, d.pool, actor, id)
}

func (a Actor) mayLookAt(id UserID) error {
	if id == a.ID && id != 0 {
		return a.Can(DoUsePortal)
	}
	return a.Can(DoView)
}

func userSeen(ctx context.Context, q querier, actor Actor, id UserID) (User, error) {
	args := actor.sight()
	args["id"] = id
	return one[User](ctx, q, `select `+userColumns+`
		from users u left join organizations o on o.id = u.organization_id
		where u.id = @id and u.merged_into is null and `+seesUser, args)
}

// Users lists people, newest first, and counts all that the filter leaves.
// ErrForbidden, ErrNotFound for customers.
func (d *Desk) Users(ctx context.Context, actor Actor, f UserFilter) (users []User, total int, err error) {
	defer wrap(&err, "users")
	if err := actor.Can(DoView); err != nil {
		return nil, 0, err
	}
	where, args := f.where(actor)
	if where == "" {
		return nil, 0, nil
	}
	return list[User](ctx, d.pool, userColumns, where, `u.id desc`, f.Page, args)
}

// where is the filter as a condition; "" is one that nobody meets.
func (f UserFilter) where(actor Actor) (string, pgx.StrictNamedArgs) {
	args := pgx.StrictNamedArgs{}
	where := ` from users u left join organizations o on o.id = u.organization_id where u.merged_into is null and u.anonymised_at is null`
	if !f.Staff && actor.rights().Access != AccessAll { // colleagues see each other
		where, args = where+` and `+listsUser, actor.sight()
		delete(args, "all")
	}
	// Conditions only of what is asked for, so that an index can answer them.
	for _, field := range []struct {
		given     bool
		condition string
		name      string
		value     any
	}{
		{f.Staff, `u.role <> 'customer'`, "", nil},
		{f.Role != "", `u.role = @role`, "role", f.Role},
		{f.Organization != 0, `u.organization_id = @organization`, "organization", f.Organization},
		{f.Enabled != nil, `u.enabled = @enabled`, "enabled", f.Enabled},
	} {
		if field.given {
			where += ` and ` + field.condition
		}
		if field.given && field.name != "" {
			args[field.name] = field.value
		}
	}
	if f.Email != "" {
		email, err := ParseAddress(f.Email)
		if err != nil {
			return "", nil // nobody has what is no address
		}
		where += ` and exists (select 1 from addresses a where a.user_id = u.id and a.address = @email)`
		args["email"] = email.String()
	}
	if f.Query != "" {
		s := searchFor(f.Query)
		if len(s.words) == 0 {
			return "", nil // nobody is called like a comma
		}
		args = s.args(args)
		// An array, so that the planner cannot walk all users and look each up.
		where += ` and u.id = any(array(` + s.found() + `))`
		if exactly := s.matching(false); exactly != "" {
			where += ` and exists (select 1 from addresses a where a.user_id = u.id` + exactly + `)`
		}
	}
	return where, args
}
