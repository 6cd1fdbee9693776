package core

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
)

// NewUser is what an account is made of.
type NewUser struct {
	Name         string // empty: the local part of the address
	Email        string
	Role         Role           // empty: customer
	Organization OrganizationID // 0: found by domain
	Timezone     string         // IANA name; empty: the instance's
	Locale       string         // empty: none chosen, mail is in the instance's
	Phone        string
	Tags         []string
	Teams        []TeamID // staff only
}

// CreateUser makes a customer, who is enabled at once and gets the verification
// mail, or invites a team member. Invalid (FIELD_DUPLICATE with Owner for an
// address that anyone holds), ErrForbidden, ErrLimit.
func (d *Desk) CreateUser(ctx context.Context, actor Actor, n NewUser) (_ User, err error) {
	defer d.attempt(ctx, &err, actor, "create a user", "")
	if n.Role == "" {
		n.Role = RoleCustomer
	}
	if err := actor.MayCreate(n.Role); err != nil {
		return User{}, err
	}
	if len(n.Teams) > 0 {
		if err := actor.Can(DoAdminister); err != nil {
			return User{}, err
		}
	}
	p, err := n.person()
	if err != nil {
		return User{}, err
	}
	var made User
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if err := lockAddresses(ctx, tx, p.address); err != nil {
			return err
		}
		id, err := d.createPerson(ctx, tx, actor, p)
		if err != nil {
			return err
		}
		made, err = userByID(ctx, tx, id)
		return err
	})
	return made, err
}

// CreateAccount is the command's: an enabled account without any mail, its
// address taken as verified. A nil password sets none. Invalid, ErrLimit.
func (d *Desk) CreateAccount(ctx context.Context, n NewUser, password *string) (id UserID, err error) {
	defer wrap(&err, "create account")
	if n.Role == "" {
		n.Role = RoleCustomer
	}
	p, err := n.person()
	if err != nil {
		return 0, err
	}
	if password != nil {
		hash, err := d.hashPassword(ctx, *password)
		if err != nil {
			return 0, err
		}
		p.passwordHash = &hash
	}
	p.enabled, p.verified = true, true
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if err := lockAddresses(ctx, tx, p.address); err != nil {
			return err
		}
		if id, err = insertMember(ctx, tx, Actor{}, p); err != nil {
			return err
		}
		return recordUser(ctx, tx, Actor{}, "created", id, map[string]any{"address": p.address.String(), "role": p.role})
	})
	return id, err
}

// person is a NewUser that was checked.
type person struct {
	name         string
	address      Address
	role         Role
	organization OrganizationID
	timezone     string
	locale       string
	phone        string
	tags         []string
	teams        []TeamID
	passwordHash *string
	enabled      bool
	verified     bool
}

// person checks each field by itself. Customers are enabled from the start, team
// members are not.
func (n NewUser) person() (person, error) {
	if cleanLine(n.Email, maxAddress) == "" {
		return person{}, Invalid{Field: "email", Code: CodeRequired, Problem: "An email address is needed."}
	}
	address, err := ParseAddress(n.Email)
	if err != nil {
		return person{}, err
	}
	if n.Role.Rank() == 0 {
		return person{}, Invalid{Field: "role", Code: CodeInvalid, Problem: "There is no such role."}
	}
	timezone, err := checkZone(n.Timezone)
	if err != nil {
		return person{}, err
	}
	if len(n.Teams) > 0 && !n.Role.Staff() {
		return person{}, Invalid{Field: "team_ids", Code: CodeInvalid, Problem: "Customers are in no team."}
	}
	return person{
		name: personName(n.Name, address), address: address, role: n.Role, organization: n.Organization,
		timezone: timezone, locale: cleanLocale(n.Locale), phone: cleanLine(n.Phone, 60), tags: cleanTags(n.Tags),
		teams: n.Teams, enabled: n.Role == RoleCustomer,
	}, nil
}

// createPerson inserts an account made by staff, joins it to the organization of
// its domain and asks it by mail to set a password. Needs lockAddresses.
func (d *Desk) createPerson(ctx context.Context, tx pgx.Tx, actor Actor, p person) (UserID, error) {
	id, err := insertMember(ctx, tx, actor, p)
	if err != nil {
		return 0, err
	}
	if err := joinOrganization(ctx, tx, id, p.address); err != nil {
		return 0, err
	}
	act, purpose := "created", PurposeVerify
	if p.role.Staff() {
		act, purpose = "invited", PurposeInvite
	}
	if err := recordUser(ctx, tx, actor, act, id, map[string]any{"address": p.address.String(), "role": p.role}); err != nil {
		return 0, err
	}
	_, err = d.enqueueAccountMail(ctx, tx, id, p.address, purpose, actor.ID)
	return id, err
}

// insertMember is insertPerson with the limits, the organization and the teams
// looked at.
func insertMember(ctx context.Context, tx pgx.Tx, actor Actor, p person) (UserID, error) {
	if p.role.Staff() {
		var err error
		if actor, err = lockStaff(ctx, tx, actor); err != nil {
			return 0, err
		}
		if actor.ID != 0 {
			if err := actor.MayCreate(p.role); err != nil {
				return 0, err
			}
		}
		if err := makeRoom(ctx, tx, p.role, 1); err != nil {
			return 0, err
		}
	}
	if err := organizationGiven(ctx, tx, actor, p.organization); err != nil {
		return 0, err
	}
	if err := leadsElsewhere(ctx, tx, p.address); err != nil {
		return 0, err
	}
	id, err := insertPerson(ctx, tx, p)
	if err != nil {
		return 0, err
	}
	return id, setTeams(ctx, tx, id, p.teams)
}

// insertPerson writes the account with its address, and gives it the places in
// CC that the bare address has. Invalid if anybody, or a mailbox of ours, has the
// address. Needs lockAddresses.
func insertPerson(ctx context.Context, tx pgx.Tx, p person) (UserID, error) {
	id, err := value[UserID](ctx, tx, `
		with u as (
			insert into users (name, role, enabled, invited_at, password_hash, organization_id, organization_by_hand,
			                   timezone, locale, phone, tags)
			select @name, @role, @enabled, case when not @enabled then now() end, @hash,
			       nullif(@organization::bigint, 0), @organization <> 0, nullif(@timezone, ''), @locale, @phone, @tags
			where not exists (select 1 from addresses where address = @address)
			  and not exists (select 1 from mailboxes where address = @address)
			returning id
		), a as (
			insert into addresses (address, user_id, is_primary, verified_at)
			select @address, id, true, case when @verified then now() end from u
		), p as (
			update participants set user_id = u.id from u where address = @address and user_id is null
		), t as (
			update tokens set user_id = u.id, revoked_at = case when @role = 'customer' then revoked_at else now() end
			from u where address = @address and user_id is null
		)
		select id from u`,
		pgx.StrictNamedArgs{"name": p.name, "role": p.role, "enabled": p.enabled, "hash": p.passwordHash,
			"organization": p.organization, "timezone": p.timezone, "locale": p.locale, "phone": p.phone,
			"tags": p.tags, "address": p.address, "verified": p.verified})
	if errors.Is(err, ErrNotFound) {
		return 0, addressTaken(ctx, tx, p.address)
	}
	return id, err
}

// addressTaken says whose an address is: a person's, or a mailbox's of ours.
func addressTaken(ctx context.Context, q querier, address Address) error {
	holder, err := one[struct {
		Owner   UserID
		Mailbox MailboxID
	}](ctx, q, `
		select coalesce((select user_id from addresses where address = $1), 0) as owner,
		       coalesce((select id from mailboxes where address = $1), 0) as mailbox`, address)
	if err != nil {
		return err
	}
	return Invalid{Field: "email", Code: CodeDuplicate, Problem: DuplicateProblem, Owner: holder.Owner, Mailbox: holder.Mailbox}
}

// makeCustomer is the account that a first mail makes: enabled, without a
// password. An address that has an account already gives that one.
// Needs lockAddresses.
func makeCustomer(ctx context.Context, tx pgx.Tx, address Address, name string, verified bool) (UserID, error) {
	id, err := insertPerson(ctx, tx, person{name: personName(name, address), address: address,
		role: RoleCustomer, tags: []string{}, enabled: true, verified: verified})
	var taken Invalid
	if errors.As(err, &taken) && taken.Owner != 0 {
		return taken.Owner, nil
	}
	return id, err
}

// personName is what somebody is called: as they say, else by the local part.
func personName(name string, address Address) string {
	if name = cleanLine(name, 200); name != "" {
		return name
	}
	return cleanLine(address.Local(), 200)
}

// cleanLocale is a language as it is kept (RFC 5646 section 4.4.1), "" for none.
// One that no page is written in is kept, too: staff see what a customer speaks.
func cleanLocale(locale string) string { return cleanLine(locale, 35) }

// cleanTags gives tags once each, sorted, none empty, 50 at most.
func cleanTags(given []string) []string {
	tags := []string{}
	for _, tag := range given {
		if tag = cleanLine(tag, 50); tag != "" {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	tags = slices.Compact(tags)
	return tags[:min(len(tags), 50)]
}

// organizationGiven keeps an organization there that somebody is put into, and
// that the actor may view: its page opens to whoever sees a person of it. Commands
// see all.
func organizationGiven(ctx context.Context, tx pgx.Tx, actor Actor, id OrganizationID) error {
	if id == 0 {
		return nil
	}
	_, err := value[OrganizationID](ctx, tx, `select id from organizations where id = $1 for key share`, id)
	if err == nil && actor.ID != 0 {
		_, err = organizationSeen(ctx, tx, actor, id)
	}
	if errors.Is(err, ErrNotFound) {
		return Invalid{Field: "organization_id", Code: CodeInvalid, Problem: "There is no such organization."}
	}
	return err
}

// setTeams makes these the person's teams, and no others.
func setTeams(ctx context.Context, tx pgx.Tx, user UserID, teams []TeamID) error {
	if _, err := tx.Exec(ctx, `delete from team_members where user_id = $1 and team_id <> all($2)`, user, nonNil(teams)); err != nil {
		return err
	}
	known, err := value[int](ctx, tx, `
		with known as (select id from teams where id = any(@teams) for key share),
		     made as (insert into team_members (team_id, user_id) select id, @user from known on conflict do nothing)
		select count(*) from known`, pgx.StrictNamedArgs{"teams": nonNil(teams), "user": user})
	if err != nil {
		return err
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(teams)))
	if known < len(distinct) {
		return Invalid{Field: "team_ids", Code: CodeInvalid, Problem: "There is no such team."}
	}
	return nil
}

// nonNil keeps an empty list from becoming null.
func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func userByID(ctx context.Context, q querier, id UserID) (User, error) {
	return one[User](ctx, q, `select `+userColumns+`
		from users u left join organizations o on o.id = u.organization_id where u.id = $1`, id)
}
