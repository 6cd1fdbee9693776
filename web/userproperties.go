package web

import (
	"slices"
	"strings"

	"postdesk/core"
)

// properties are the fields of a person's form, as text. The page has them twice:
// what stands in the fields, and what the form was made with. They differ after a
// fault, and only then: what was typed must still count as changed.
type properties struct {
	Name, Organization, Role, Timezone, Locale, Phone, Tags string
	Teams                                                   []core.TeamID
}

func propertiesOf(u core.User) properties {
	p := properties{Name: u.Name, Organization: u.OrganizationName, Role: string(u.Role), Timezone: u.Timezone,
		Locale: u.Locale, Phone: u.Phone, Tags: strings.Join(u.Tags, ", ")}
	for _, t := range u.Teams {
		p.Teams = append(p.Teams, t.ID)
	}
	return p
}

// read takes over the fields that were sent; a disabled field is not.
func (p *properties) read(v *visit, prefix string) {
	for name, field := range map[string]*string{"full_name": &p.Name, "organization": &p.Organization, "role": &p.Role,
		"time_zone": &p.Timezone, "locale": &p.Locale, "phone": &p.Phone, "tags": &p.Tags} {
		if _, sent := v.r.PostForm[prefix+name]; sent {
			*field = v.field(prefix + name)
		}
	}
}

// retype puts into the page what was typed, over what its form was made with.
func (p *userPage) retype(v *visit) {
	p.Was.read(v, "was.")
	p.Form = p.Was
	p.Form.read(v, "")
	if sendsTeams(v) {
		p.Was.Teams = idsOf[core.TeamID](strings.FieldsFunc(v.field("was.teams"), func(r rune) bool { return r == ',' }))
		p.Form.Teams = idsOf[core.TeamID](v.r.PostForm["team"])
	}
}

// sendsTeams tells a form with the boxes of teams from one without: boxes that
// are empty send nothing.
func sendsTeams(v *visit) bool { return v.field("sends_teams") == "yes" }

// In tells that the box of a team is ticked.
func (p userPage) In(id core.TeamID) bool { return slices.Contains(p.Form.Teams, id) }

// WasTeams is what the form was made with.
func (p userPage) WasTeams() string {
	ids := []core.TeamID{}
	for _, t := range p.Teams {
		if slices.Contains(p.Was.Teams, t.ID) {
			ids = append(ids, t.ID)
		}
	}
	return joinIDs(ids)
}
