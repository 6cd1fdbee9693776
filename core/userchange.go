package core

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// UserChanges are new values; nil leaves a field as it is.
type UserChanges struct {
	Name         *string
	Role         *Role
	Organization *OrganizationID // 0: none, and none by hand
	Timezone     *string
	Locale       *string
	Phone        *string
	Signature    *string
	Tags         *[]string
	Teams        *[]TeamID
	Digest       *bool
}

// ProfileChanges are what people change about themselves; nil leaves a field as
// it is.
type ProfileChanges struct {
	Name      *string
	Timezone  *string
	Locale    *string
	Phone     *string
	Signature *string
	Digest    *bool // of suspended mail, daily; it comes to admins only
}

// UpdateUser changes another person, or oneself in what is the own profile. The
// role changes at once; enabled and password stay as they were. ErrNotFound,
// ErrForbidden, ErrConflict (last owner), ErrLimit, Invalid.
func (d *Desk) UpdateUser(ctx context.Context, actor Actor, id UserID, c UserChanges) (_ User, err error) {
	defer d.attempt(ctx, &err, actor, c.attempted(), object("user", id))
	if err := actor.mayBegin(id, c); err != nil {
		return User{}, err
	}
	if err := c.check(); err != nil {
		return User{}, err
	}
	var updated User
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if c.Role != nil {
			if actor, err = lockStaff(ctx, tx, actor); err != nil {
				return err
			}
		}
		u, err := lockSeen(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if id != actor.ID || c.beyondProfile() {
			if err := actor.mayUpdate(ctx, tx, u, c); err != nil {
				return err
			}
		}
		if err := d.applyChanges(ctx, tx, actor, u, c); err != nil {
			return err
		}
		if updated, err = userByID(ctx, tx, id); err != nil {
			return err
		}
		return recordChanges(ctx, tx, actor, u, updated)
	})
	return updated, err
}

// UpdateProfile changes oneself. ErrForbidden, Invalid.
func (d *Desk) UpdateProfile(ctx context.Context, actor Actor, c ProfileChanges) (User, error) {
	return d.UpdateUser(ctx, actor, actor.ID, UserChanges{Name: c.Name, Timezone: c.Timezone,
		Locale: c.Locale, Phone: c.Phone, Signature: c.Signature, Digest: c.Digest})
}

// mayBegin refuses before the object is looked at, so that those without the
// function learn nothing about who exists.
func (a Actor) mayBegin(id UserID, c UserChanges) error {
	if id == a.ID && !c.beyondProfile() {
		return a.Can(DoUsePortal)
	}
	if c.Teams != nil {
		return a.Can(DoAdminister)
	}
	return a.Can(DoManagePeople)
}

// attempted names the act for those who are refused it.
func (c UserChanges) attempted() string {
	if c.Role != nil {
		return "change the role of"
	}
	return "update"
}

func (c UserChanges) beyondProfile() bool {
	return c.Role != nil || c.Organization != nil || c.Tags != nil || c.Teams != nil
}

func (a Actor) mayUpdate(ctx context.Context, tx pgx.Tx, u User, c UserChanges) error {
	if c.Role != nil {
		last, err := lastOwner(ctx, tx, u)
		if err != nil {
			return err
		}
		if err := a.MayGrant(u.ID, u.Role, *c.Role, last); err != nil {
			return err
		}
	}
	return a.MayEdit(u.Role)
}

func (c *UserChanges) check() error {
	if c.Name != nil {
		name := cleanLine(*c.Name, 200)
		if name == "" {
			return Invalid{Field: "full_name", Code: CodeEmpty, Problem: "A name is needed."}
		}
		c.Name = &name
	}
	if c.Timezone != nil {
		zone, err := checkZone(*c.Timezone)
		if err != nil {
			return err
		}
		c.Timezone = &zone
	}
	if c.Locale != nil {
		locale := cleanLocale(*c.Locale)
		c.Locale = &locale
	}
	if c.Phone != nil {
		phone := cleanLine(*c.Phone, 60)
		c.Phone = &phone
	}
	if c.Signature != nil {
		signature := cleanText(*c.Signature, 2000)
		c.Signature = &signature
	}
	if c.Tags != nil {
		tags := cleanTags(*c.Tags)
		c.Tags = &tags
	}
	return nil
}

// applyChanges writes what changes.
func (d *Desk) applyChanges(ctx context.Context, tx pgx.Tx, actor Actor, u User, c UserChanges) error {
	if c.Organization != nil {
		if err := organizationGiven(ctx, tx, actor, *c.Organization); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `
		update users set
			name = coalesce(@name, name),
			timezone = case when @timezone::text is null then timezone else nullif(@timezone, '') end,
			locale = coalesce(@locale, locale), phone = coalesce(@phone, phone),
			signature = coalesce(@signature, signature), tags = coalesce(@tags, tags),
			organization_id = case when @organization::bigint is null then organization_id else nullif(@organization, 0) end,
			organization_by_hand = organization_by_hand or @organization is not null,
			suspended_digest = coalesce(@digest, suspended_digest)
		where id = @id`,
		pgx.StrictNamedArgs{"id": u.ID, "name": c.Name, "timezone": c.Timezone, "locale": c.Locale, "phone": c.Phone,
			"signature": c.Signature, "tags": c.Tags, "organization": c.Organization, "digest": c.Digest})
	if err != nil {
		return err
	}
	if c.Role != nil && *c.Role != u.Role {
		if err := d.changeRole(ctx, tx, actor, u, *c.Role); err != nil {
			return err
		}
		u.Role = *c.Role
	}
	if c.Teams != nil {
		if len(*c.Teams) > 0 && !u.Role.Staff() {
			return Invalid{Field: "team_ids", Code: CodeInvalid, Problem: "Customers are in no team."}
		}
		if err := setTeams(ctx, tx, u.ID, *c.Teams); err != nil {
			return err
		}
	}
	return nil
}

// recordChanges tells what is another value now. The role has an entry of its own.
func recordChanges(ctx context.Context, tx pgx.Tx, actor Actor, before, after User) error {
	c := changes{}
	c.note("name", before.Name, after.Name)
	c.note("organization", before.OrganizationName, after.OrganizationName)
	c.note("timezone", before.Timezone, after.Timezone)
	c.note("locale", before.Locale, after.Locale)
	c.note("phone", before.Phone, after.Phone)
	c.note("signature", before.Signature, after.Signature)
	c.note("tags", nonNil(before.Tags), nonNil(after.Tags))
	c.note("suspended_digest", before.Digest, after.Digest)
	c.note("teams", before.teamTitles(), after.teamTitles())
	if len(c) == 0 {
		return nil
	}
	return recordUser(ctx, tx, actor, "updated", after.ID, c)
}

func (u User) teamTitles() []string {
	titles := []string{}
	for _, t := range u.Teams {
		titles = append(titles, t.Title)
	}
	return titles
}

// lockUser reads a person and keeps others from changing them meanwhile. One who
// was merged away is not there, one who was deleted cannot be changed: ErrConflict.
func lockUser(ctx context.Context, tx pgx.Tx, id UserID) (User, error) {
	if _, err := value[UserID](ctx, tx, `select id from users where id = $1 and merged_into is null for no key update`, id); err != nil {
		return User{}, err
	}
	u, err := userByID(ctx, tx, id)
	if err == nil && u.Deleted {
		err = errDeleted()
	}
	return u, err
}

// lockSeen is lockUser for whom the actor may view. ErrNotFound for anybody else:
// an act must not reach, or tell of, whom case access hides.
func lockSeen(ctx context.Context, tx pgx.Tx, actor Actor, id UserID) (User, error) {
	u, err := lockUser(ctx, tx, id)
	if err != nil && !errors.Is(err, ErrConflict) {
		return User{}, err
	}
	if _, hidden := userSeen(ctx, tx, actor, id); hidden != nil {
		return User{}, hidden
	}
	return u, err
}

func errDeleted() error { return refuse(ErrConflict, "This person was deleted.") }
