package core

import (
	"context"
	"fmt"
	"strings"
)

// OrganizationNamed finds the one that somebody typed: by its whole name, in any
// letter case, or by a domain of it. Empty is none. Invalid of "organization_id" for
// an unknown one, and for a name that several have. ErrForbidden.
func (d *Desk) OrganizationNamed(ctx context.Context, actor Actor, typed string) (id OrganizationID, err error) {
	defer wrap(&err, "organization named %.100q", typed)
	if err := actor.Can(DoView); err != nil {
		return 0, err
	}
	typed = cleanLine(typed, 200)
	if typed == "" {
		return 0, nil
	}
	domain, _ := canonicalDomain(strings.TrimPrefix(typed, "@"))
	args := actor.sight()
	args["name"], args["domain"] = typed, domain
	found, err := rows[Organization](ctx, d.pool, `select `+organizationColumns+` from organizations o
		where (lower(o.name) = lower(@name) or exists (select 1 from organization_domains d where d.organization_id = o.id and d.domain = @domain))
		  and `+seesOrganization+` order by o.id limit 20`, args)
	switch {
	case err != nil:
		return 0, err
	case len(found) == 1:
		return found[0].ID, nil
	case len(found) == 0:
		return 0, Invalid{Field: "organization_id", Code: CodeInvalid,
			Problem: fmt.Sprintf("There is no organization %s. Write the whole name, or a domain of it.", typed)}
	}
	return 0, Invalid{Field: "organization_id", Code: CodeInvalid, Problem: severalOf(typed, found)}
}

// severalOf asks which of several organizations of one name is meant.
func severalOf(name string, all []Organization) string {
	var known []string
	for _, o := range all {
		if len(o.Domains) > 0 {
			known = append(known, ShownDomain(o.Domains[0]))
		}
	}
	if len(known) == 0 {
		return fmt.Sprintf("%d organizations are called %s, and none of them has a domain. Give one of them another name first.", len(all), name)
	}
	return fmt.Sprintf("%d organizations are called %s. Write the domain of the one you mean: %s.", len(all), name, strings.Join(known, " or "))
}
