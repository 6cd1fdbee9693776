package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/net/idna"
)

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
			return Invalid{Field: "domains", Code: CodeDuplicate, Problem: DuplicateProblem, Organization: owner, Value: domain}
		}
	}
	return nil
}

// joinOrganization lets a customer into the organization with the longest domain
// that the address is at or below. A customer who has one, or whom somebody gave
// one or none by hand, stays.
func joinOrganization(ctx context.Context, tx pgx.Tx, user UserID, address Address) error {
	_, err := joins(ctx, tx, user, address)
	return err
}

// joins is joinOrganization, and tells whether the customer went in.
func joins(ctx context.Context, tx pgx.Tx, user UserID, address Address) (bool, error) {
	joined, err := value[OrganizationID](ctx, tx, `
		update users set organization_id = o.organization_id
		from (select organization_id from organization_domains where domain = any($2) order by length(domain) desc limit 1) o
		where id = $1 and role = 'customer' and users.organization_id is null and not organization_by_hand
		returning users.organization_id`, user, domainsAbove(address.Domain()))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = tx.Exec(ctx, `
		insert into events (user_id, kind, detail) values ($1, 'organization', jsonb_build_object('organization', $2::bigint, 'domain', $3::text))`,
		user, joined, address.Domain())
	return true, err
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

// A Candidate is a customer who could join an organization by their address.
type Candidate struct {
	ID      UserID
	Name    string
	Address Address // the one whose domain lets them in
}

// Joinable gives the customers without an organization whose domain would let
// them in: those who wrote before the domain was added, as far as the actor may view
// them. ErrForbidden, ErrNotFound.
func (d *Desk) Joinable(ctx context.Context, actor Actor, id OrganizationID) (_ []Candidate, err error) {
	defer wrap(&err, "joinable to organization %d", id)
	if err := actor.Can(DoManagePeople); err != nil {
		return nil, err
	}
	if _, err := organizationSeen(ctx, d.pool, actor, id); err != nil {
		return nil, err
	}
	return joinable(ctx, d.pool, actor, id)
}

// JoinExisting lets those in whom Joinable gives, and counts them. ErrForbidden,
// ErrNotFound.
func (d *Desk) JoinExisting(ctx context.Context, actor Actor, id OrganizationID) (n int, err error) {
	defer d.attempt(ctx, &err, actor, "join existing users to", object("organization", id))
	if err := actor.Can(DoManagePeople); err != nil {
		return 0, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if _, err := value[OrganizationID](ctx, tx, `select id from organizations where id = $1 for no key update`, id); err != nil {
			return err
		}
		if _, err := organizationSeen(ctx, tx, actor, id); err != nil {
			return err
		}
		found, err := joinable(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		n = 0
		for _, c := range found {
			joined, err := joins(ctx, tx, c.ID, c.Address)
			if err != nil {
				return err
			}
			if joined {
				n++
			}
		}
		if n == 0 {
			return nil
		}
		return recordOrganization(ctx, tx, actor, "joined_existing", id, map[string]any{"users": n})
	})
	return n, err
}

// joinable finds addresses that are verified, or that staff vouched for by making the
// account: an unproven first mail joins nothing.
// The primary address speaks before the others.
func joinable(ctx context.Context, q querier, actor Actor, id OrganizationID) ([]Candidate, error) {
	args := actor.sight()
	args["id"] = id
	all, err := rows[Candidate](ctx, q, `
		select u.id, u.name, a.address from users u join addresses a on a.user_id = u.id
		where u.role = 'customer' and u.organization_id is null and not u.organization_by_hand
		  and exists (select 1 from organization_domains d where d.organization_id = @id
		              and (split_part(a.address, '@', -1) = d.domain or split_part(a.address, '@', -1) like '%.' || d.domain))
		  and (a.verified_at is not null
		       or exists (select 1 from events e where e.user_id = u.id and e.kind = 'created' and e.actor_id is not null))
		  and `+seesUser+`
		order by u.id, a.is_primary desc, a.address`, args)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	owner, err := domainOwners(ctx, q)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(c Candidate) bool {
		for _, domain := range domainsAbove(c.Address.Domain()) { // longest first
			if o, known := owner[domain]; known {
				return o != id
			}
		}
		return true
	})
	return slices.CompactFunc(all, func(a, b Candidate) bool { return a.ID == b.ID }), nil
}

func domainOwners(ctx context.Context, q querier) (map[string]OrganizationID, error) {
	all, err := rows[struct {
		Domain       string
		Organization OrganizationID
	}](ctx, q, `select domain, organization_id as organization from organization_domains`)
	owner := map[string]OrganizationID{}
	for _, o := range all {
		owner[o.Domain] = o.Organization
	}
	return owner, err
}

// mostDomains is how many domains an organization has at most.
const mostDomains = 200

// checkDomains gives canonical domains, sorted, once each. Invalid of "domains".
func checkDomains(given []string) ([]string, error) {
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
		domains = append(domains, domain)
	}
	slices.Sort(domains)
	domains = slices.Compact(domains)
	if len(domains) > mostDomains {
		return nil, Invalid{Field: "domains", Code: CodeInvalid, Problem: fmt.Sprintf("An organization has %d domains at most.", mostDomains)}
	}
	return domains, nil
}

// refusePublic refuses public mail providers and top-level names among new
// domains: an Invalid of "domains" whose Value is the domain.
func refusePublic(domains, known []string) error {
	for _, domain := range domains {
		if !slices.Contains(known, domain) && (publicProvider(domain) || !strings.Contains(domain, ".")) {
			return Invalid{Field: "domains", Code: CodeInvalid, Value: domain,
				Problem: domain + " is used by people of many companies: everybody there would join."}
		}
	}
	return nil
}

// ShownDomain is how people write a domain: A-labels as the letters they stand
// for (RFC 5891). It can be typed back.
func ShownDomain(domain string) string {
	shown, err := idna.Display.ToUnicode(domain)
	if back, ok := canonicalDomain(shown); err != nil || !ok || back != domain {
		return domain
	}
	return shown
}
