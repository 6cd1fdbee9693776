package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	(select count(*) from users u where u.organization_id = o.id) as members`

// seesOrganization is the condition that actor @actor may view organization o:
// by case access, or through a person of it.
const seesOrganization = `(@all
	or exists (select 1 from users u where u.organization_id = o.id
	           and (u.id = @actor or exists (select 1 from conversations c where c.requester_id = u.id and ` + seesConversation + `)))
	or exists (select 1 from mentions m join notes n on n.id = m.note_id where n.organization_id = o.id and m.user_id = @actor))`

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
// belongs to another), ErrForbidden.
func (d *Desk) CreateOrganization(ctx context.Context, actor Actor, n NewOrganization) (made Organization, err error) {
	defer wrap(&err, "create organization")
	c := OrganizationChanges{Name: &n.Name, Domains: &n.Domains, SharesConversations: &n.SharesConversations, ForceDomains: n.ForceDomains}
	if err := c.check(actor); err != nil {
		return Organization{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		id, err := value[OrganizationID](ctx, tx, `insert into organizations (name) values ($1) returning id`, *c.Name)
		if err != nil {
			return err
		}
		made, err = c.apply(ctx, tx, actor, id, "created")
		return err
	})
	return made, err
}

// UpdateOrganization changes one. Domains replace the former ones; their people
// stay. ErrNotFound, Invalid (FIELD_DUPLICATE), ErrForbidden.
func (d *Desk) UpdateOrganization(ctx context.Context, actor Actor, id OrganizationID, c OrganizationChanges) (updated Organization, err error) {
	defer wrap(&err, "update organization %d", id)
	if err := c.check(actor); err != nil {
		return Organization{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if _, err := value[OrganizationID](ctx, tx, `select id from organizations where id = $1 for no key update`, id); err != nil {
			return err
		}
		updated, err = c.apply(ctx, tx, actor, id, "updated")
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
		domains, err := checkDomains(*c.Domains, c.ForceDomains)
		if err != nil {
			return err
		}
		c.Domains = &domains
	}
	return nil
}

func (c OrganizationChanges) apply(ctx context.Context, tx pgx.Tx, actor Actor, id OrganizationID, act string) (Organization, error) {
	_, err := tx.Exec(ctx, `
		update organizations set name = coalesce(@name, name), shares_conversations = coalesce(@shares, shares_conversations)
		where id = @id`, pgx.StrictNamedArgs{"id": id, "name": c.Name, "shares": c.SharesConversations})
	if err != nil {
		return Organization{}, err
	}
	detail := map[string]any{}
	if c.Domains != nil {
		if err := setDomains(ctx, tx, id, *c.Domains); err != nil {
			return Organization{}, err
		}
		detail["domains"], detail["forced"] = *c.Domains, c.ForceDomains
	}
	if c.Name != nil {
		detail["name"] = *c.Name
	}
	if c.SharesConversations != nil {
		detail["shares_conversations"] = *c.SharesConversations
	}
	if err := recordOrganization(ctx, tx, actor, act, id, detail); err != nil {
		return Organization{}, err
	}
	return one[Organization](ctx, tx, `select `+organizationColumns+` from organizations o where o.id = $1`, id)
}

// setDomains makes these the organization's domains. One that belongs to another
// organization is an Invalid.
func setDomains(ctx context.Context, tx pgx.Tx, id OrganizationID, domains []string) error {
	if _, err := tx.Exec(ctx, `delete from organization_domains where organization_id = $1 and domain <> all($2)`, id, domains); err != nil {
		return err
	}
	for _, domain := range domains { // sorted: two who want the same ones meet at the first
		owner, err := value[OrganizationID](ctx, tx, `
			insert into organization_domains (domain, organization_id) values ($1, $2)
			on conflict (domain) do update set domain = excluded.domain returning organization_id`, domain, id)
		if err != nil {
			return err
		}
		if owner != id {
			return Invalid{Field: "domains", Code: CodeDuplicate, Problem: DuplicateProblem}
		}
	}
	return nil
}

// joinOrganization lets a customer into the organization with the longest domain
// that the address is at or below. A customer who has one, or whom somebody gave
// one or none by hand, stays.
func joinOrganization(ctx context.Context, tx pgx.Tx, user UserID, address Address) error {
	joined, err := value[OrganizationID](ctx, tx, `
		update users set organization_id = o.organization_id
		from (select organization_id from organization_domains where domain = any($2) order by length(domain) desc limit 1) o
		where id = $1 and role = 'customer' and users.organization_id is null and not organization_by_hand
		returning users.organization_id`, user, domainsAbove(address.Domain()))
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		insert into events (user_id, kind, detail) values ($1, 'organization', jsonb_build_object('organization', $2::bigint, 'domain', $3::text))`,
		user, joined, address.Domain())
	return err
}

// domainsAbove gives a domain and all that it is below.
func domainsAbove(domain string) []string {
	above := []string{domain}
	for {
		_, rest, found := strings.Cut(domain, ".")
		if !found {
			return above
		}
		above, domain = append(above, rest), rest
	}
}

// Joinable counts the customers without an organization whose domain would let
// them in: those who wrote before the domain was added. ErrForbidden.
func (d *Desk) Joinable(ctx context.Context, actor Actor, id OrganizationID) (n int, err error) {
	defer wrap(&err, "joinable to organization %d", id)
	if err := actor.Can(DoManagePeople); err != nil {
		return 0, err
	}
	found, err := joinable(ctx, d.pool, id)
	return len(found), err
}

// JoinExisting lets those in whom Joinable counts, each by the longest domain.
// ErrForbidden, ErrNotFound.
func (d *Desk) JoinExisting(ctx context.Context, actor Actor, id OrganizationID) (n int, err error) {
	defer wrap(&err, "join existing users to organization %d", id)
	if err := actor.Can(DoManagePeople); err != nil {
		return 0, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if _, err := value[OrganizationID](ctx, tx, `select id from organizations where id = $1 for no key update`, id); err != nil {
			return err
		}
		found, err := joinable(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, c := range found {
			if err := joinOrganization(ctx, tx, c.ID, c.Address); err != nil {
				return err
			}
		}
		n = len(found)
		return recordOrganization(ctx, tx, actor, "joined_existing", id, map[string]any{"users": n})
	})
	return n, err
}

type candidate struct {
	ID      UserID
	Address Address
}

// joinable finds verified addresses only: an unproven first mail joins nothing.
func joinable(ctx context.Context, q querier, id OrganizationID) ([]candidate, error) {
	all, err := rows[candidate](ctx, q, `
		select u.id, a.address from users u join addresses a on a.user_id = u.id and a.is_primary and a.verified_at is not null
		where u.role = 'customer' and u.organization_id is null and not u.organization_by_hand
		  and exists (select 1 from organization_domains d where d.organization_id = $1
		              and (split_part(a.address, '@', -1) = d.domain or split_part(a.address, '@', -1) like '%.' || d.domain))
		order by u.id`, id)
	if err != nil {
		return nil, err
	}
	own, err := rows[struct {
		Domain       string
		Organization OrganizationID
	}](ctx, q, `select domain, organization_id as organization from organization_domains`)
	if err != nil {
		return nil, err
	}
	owner := map[string]OrganizationID{}
	for _, o := range own {
		owner[o.Domain] = o.Organization
	}
	return slices.DeleteFunc(all, func(c candidate) bool {
		for _, domain := range domainsAbove(c.Address.Domain()) { // longest first
			if o, known := owner[domain]; known {
				return o != id
			}
		}
		return true
	}), nil
}

// checkDomains gives canonical domains, sorted, once each. Public mail providers
// and top-level names are refused unless forced. Invalid of "domains".
func checkDomains(given []string, force bool) ([]string, error) {
	domains := []string{}
	for _, g := range given {
		g = strings.TrimPrefix(strings.TrimSpace(g), "@")
		if g == "" {
			continue
		}
		domain, ok := canonicalDomain(g)
		if !ok {
			return nil, Invalid{Field: "domains", Code: CodeInvalid, Problem: fmt.Sprintf("%s is not a domain.", cleanLine(g, 100))}
		}
		if !force && (publicProvider(domain) || !strings.Contains(domain, ".")) {
			return nil, Invalid{Field: "domains", Code: CodeInvalid,
				Problem: domain + " is used by people of many companies: everybody there would join."}
		}
		domains = append(domains, domain)
	}
	slices.Sort(domains)
	return slices.Compact(domains), nil
}
