package core

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// An Organization is a company that customers belong to.
type Organization struct {
	ID                  OrganizationID
	Name                string
	Domains             []string // A-labels, lower case
	SharesConversations bool     // members read each other's conversations in the portal
	Members             int
	CreatedAt           time.Time
}

// NewOrganization is what an organization is made of.
type NewOrganization struct {
	Name                string
	Domains             []string
	SharesConversations bool
	ForceDomains        bool // take a public mail provider as a domain all the same
}

// OrganizationChanges are new values; nil leaves a field as it is.
type OrganizationChanges struct {
	Name                *string
	Domains             *[]string
	SharesConversations *bool
	ForceDomains        bool
}

const organizationColumns = `
	o.id, o.name, o.shares_conversations, o.created_at,
	array(select domain from organization_domains d where d.organization_id = o.id order by domain) as domains,
	(select count(*) from users u where u.organization_id = o.id and u.anonymised_at is null and u.merged_into is null) as members`

// seesOrganization is the condition that actor @actor may view organization o:
// by case access, or through a person of it.
const seesOrganization = `(@all
	or exists (select 1 from users u where u.organization_id = o.id
	           and (u.id = @actor or exists (select 1 from conversations c where c.requester_id = u.id and ` + seesConversation + `)))
	or exists (select 1 from mentions m join notes n on n.id = m.note_id where n.organization_id = o.id and m.user_id = @actor)
	or exists (select 1 from events e where e.organization_id = o.id and e.kind = 'created' and e.actor_id = @actor))`

// Organizations lists them, newest first; query is part of a name or domain.
// ErrForbidden, ErrNotFound for customers.
func (d *Desk) Organizations(ctx context.Context, actor Actor, query string, page Page) (_ []Organization, total int, err error) {
	defer wrap(&err, "organizations")
	if err := actor.Can(DoView); err != nil {
		return nil, 0, err
	}
	args := actor.sight()
	args["query"] = likePattern(query)
	return list[Organization](ctx, d.pool, organizationColumns, ` from organizations o
		where (o.name ilike @query or exists (select 1 from organization_domains d where d.organization_id = o.id and d.domain ilike @query))
		  and `+seesOrganization, `o.id desc`, page, args)
}

// Organization gives one. ErrNotFound, ErrForbidden.
func (d *Desk) Organization(ctx context.Context, actor Actor, id OrganizationID) (_ Organization, err error) {
	defer wrap(&err, "organization %d", id)
	if err := actor.Can(DoView); err != nil {
		return Organization{}, err
	}
	return organizationSeen(ctx, d.pool, actor, id)
}

func organizationSeen(ctx context.Context, q querier, actor Actor, id OrganizationID) (Organization, error) {
	args := actor.sight()
	args["id"] = id
	return one[Organization](ctx, q, `select `+organizationColumns+` from organizations o where o.id = @id and `+seesOrganization, args)
}

// CreateOrganization makes one. Invalid (FIELD_DUPLICATE for a domain that
// belongs to another, with Organization and Value), ErrForbidden.
func (d *Desk) CreateOrganization(ctx context.Context, actor Actor, n NewOrganization) (made Organization, err error) {
	defer d.attempt(ctx, &err, actor, "create an organization", "")
	c := OrganizationChanges{Name: &n.Name, Domains: &n.Domains, SharesConversations: &n.SharesConversations, ForceDomains: n.ForceDomains}
	if err := c.check(actor); err != nil {
		return Organization{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		id, err := value[OrganizationID](ctx, tx, `insert into organizations (name) values ($1) returning id`, *c.Name)
		if err != nil {
			return err
		}
		made, err = c.apply(ctx, tx, actor, Organization{ID: id}, "created")
		return err
	})
	return made, err
}

// UpdateOrganization changes one. Domains replace the former ones; their people
// stay. ErrNotFound, Invalid (FIELD_DUPLICATE), ErrForbidden.
func (d *Desk) UpdateOrganization(ctx context.Context, actor Actor, id OrganizationID, c OrganizationChanges) (updated Organization, err error) {
	defer d.attempt(ctx, &err, actor, "update", object("organization", id))
	if err := c.check(actor); err != nil {
		return Organization{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if _, err := value[OrganizationID](ctx, tx, `select id from organizations where id = $1 for no key update`, id); err != nil {
			return err
		}
		before, err := organizationSeen(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		updated, err = c.apply(ctx, tx, actor, before, "updated")
		return err
	})
	return updated, err
}

func (c *OrganizationChanges) check(actor Actor) error {
	if err := actor.Can(DoManagePeople); err != nil {
		return err
	}
	if c.Name != nil {
		name := cleanLine(*c.Name, 200)
		if name == "" {
			return Invalid{Field: "name", Code: CodeRequired, Problem: "A name is needed."}
		}
		c.Name = &name
	}
	if c.Domains != nil {
		domains, err := checkDomains(*c.Domains)
		if err != nil {
			return err
		}
		c.Domains = &domains
	}
	return nil
}

func (c OrganizationChanges) apply(ctx context.Context, tx pgx.Tx, actor Actor, before Organization, act string) (Organization, error) {
	_, err := tx.Exec(ctx, `
		update organizations set name = coalesce(@name, name), shares_conversations = coalesce(@shares, shares_conversations)
		where id = @id`, pgx.StrictNamedArgs{"id": before.ID, "name": c.Name, "shares": c.SharesConversations})
	if err != nil {
		return Organization{}, err
	}
	if c.Domains != nil {
		if err := refusePublic(*c.Domains, before.Domains); err != nil && !c.ForceDomains {
			return Organization{}, err
		}
		if err := setDomains(ctx, tx, before.ID, *c.Domains); err != nil {
			return Organization{}, err
		}
	}
	after, err := organizationByID(ctx, tx, before.ID)
	if err != nil {
		return Organization{}, err
	}
	detail := changes{}
	detail.note("name", before.Name, after.Name)
	detail.note("domains", nonNil(before.Domains), nonNil(after.Domains))
	detail.note("shares_conversations", before.SharesConversations, after.SharesConversations)
	if len(detail) == 0 && act == "updated" {
		return after, nil
	}
	if c.ForceDomains {
		detail["forced"] = true
	}
	return after, recordOrganization(ctx, tx, actor, act, before.ID, detail)
}

func organizationByID(ctx context.Context, q querier, id OrganizationID) (Organization, error) {
	return one[Organization](ctx, q, `select `+organizationColumns+` from organizations o where o.id = $1`, id)
}
