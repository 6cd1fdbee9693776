package web

import (
	"strings"

	"postdesk/core"
)

// An organizationOption is offered while the name of an organization is typed.
type organizationOption struct{ Value, Label string }

// suggestOrganizations offers what begins like the typed name, for the list of a
// field. The plain page takes the name as well.
func (s *server) suggestOrganizations(v *visit) error {
	typed := v.query("organization")
	found, _, err := s.desk.Organizations(v.ctx(), v.actor, typed, core.Page{Limit: 10})
	if err != nil {
		return err
	}
	return s.renderPart(v, "user", "organization-options", optionsOf(found))
}

// optionsOf are names, or domains where several have the same name.
func optionsOf(found []core.Organization) (options []organizationOption) {
	named := map[string]int{}
	for _, o := range found {
		named[strings.ToLower(o.Name)]++
	}
	for _, o := range found {
		domains := shownDomains(o.Domains)
		option := organizationOption{o.Name, strings.Join(domains, ", ")}
		if named[strings.ToLower(o.Name)] > 1 && len(domains) > 0 {
			option = organizationOption{domains[0], o.Name}
		}
		options = append(options, option)
	}
	return options
}
