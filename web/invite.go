package web

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"postdesk/core"
)

type invitePage struct {
	base
	rooms
	Rows  []inviteRow
	Teams []core.Team
	Roles []core.Role
	Added bool // a row was just added: the reader goes on there
	Full  bool // a limit is reached
	Done  string
}

// An inviteRow is one line of the form, as typed, with what is wrong with it.
type inviteRow struct {
	core.Invitee
	Number int
	Faults faults
	Taken  *takenAddress
}

// A takenAddress says whose an address is, and what can be done about it.
type takenAddress struct {
	User    core.User // zero: nobody's
	Mailbox bool      // it is a mailbox of ours
	Offer   bool      // the person can be given the role instead
	Why     string    // why not
}

// Person is the line's number as people count.
func (r inviteRow) Person() int { return r.Number + 1 }

// In tells a team that was chosen.
func (r inviteRow) In(id core.TeamID) bool { return slices.Contains(r.Teams, id) }

// Fault is what is wrong with a field of the line.
func (r inviteRow) Fault(fields ...string) fault {
	for _, field := range fields {
		if f, ok := r.Faults[field]; ok {
			return f
		}
	}
	return fault{}
}

// More tells that another row fits.
func (p invitePage) More() bool { return len(p.Rows) < core.MostInvitees }

// newInvitee is a row that nobody has typed into yet.
func newInvitee() core.Invitee { return core.Invitee{Role: core.RoleCollaborator} }

func (s *server) invitePage(v *visit) error {
	return s.showInvite(v, http.StatusOK, invitePage{}, []core.Invitee{newInvitee()}, nil)
}

func (s *server) showInvite(v *visit, status int, p invitePage, invitees []core.Invitee, wrong []core.Invalid) (err error) {
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return err
	}
	if len(invitees) == 0 {
		invitees = []core.Invitee{newInvitee()}
	}
	for i, invitee := range invitees {
		p.Rows = append(p.Rows, inviteRow{Invitee: invitee, Number: i, Faults: faults{}})
	}
	for _, fault := range wrong {
		if err := s.place(v, &p, fault); err != nil {
			return err
		}
	}
	if len(wrong) > 0 && p.Faults == nil { // the row may be far down
		p.Faults = faults{"": {Problem: "Nobody is invited yet. Mend the fields marked red, and save again."}}
	}
	for _, role := range core.Roles()[1:] {
		if v.actor.MayCreate(role) == nil {
			p.Roles = append(p.Roles, role)
		}
	}
	if p.Teams, err = s.desk.Teams(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.rooms, err = s.rooms(v); err != nil {
		return err
	}
	top := p.Faults
	if p.base, err = s.page(v, "Add new team members", "directory"); err != nil {
		return err
	}
	p.Faults, p.Said = top, p.Done
	return s.render(v, status, "invite", p)
}

var inviteField = regexp.MustCompile(`^invitees\[(\d+)\]\.(.+)$`)

// place puts a fault beside the field that has it; one of no row stands on top.
func (s *server) place(v *visit, p *invitePage, i core.Invalid) error {
	row, field := -1, ""
	if m := inviteField.FindStringSubmatch(i.Field); m != nil {
		row, _ = strconv.Atoi(m[1])
		field = m[2]
	}
	if row < 0 || row >= len(p.Rows) {
		p.Faults = faults{"": {Problem: i.Problem}}
		return nil
	}
	r := &p.Rows[row]
	r.Faults[field] = faultOf(i)
	if i.Code != core.CodeDuplicate || field != "email" {
		return nil
	}
	r.Taken = &takenAddress{Mailbox: i.Mailbox != 0}
	if i.Owner == 0 {
		return nil
	}
	u, err := s.desk.User(v.ctx(), v.actor, i.Owner)
	if err != nil {
		return err
	}
	r.Taken.User = u
	err = v.actor.MayRaise(u, r.Role)
	r.Taken.Offer = err == nil
	if refusal := (core.Refusal{}); errors.As(err, &refusal) {
		r.Taken.Why = refusal.Problem
	}
	return nil
}

// invite does what the button says: save all rows or none, show one more or one
// less, or give a person who is there already the role of their row.
func (s *server) invite(v *visit) error {
	do, at, _ := strings.Cut(v.field("do"), ".")
	row, err := strconv.Atoi(at)
	if err != nil {
		row = -1
	}
	all := typedInvitees(v)
	switch {
	case do == "row" && len(all) >= core.MostInvitees:
		p := invitePage{base: base{Faults: faults{"": {Problem: fmt.Sprintf("Invite %d people at once at most. Save these first.", core.MostInvitees)}}}}
		return s.showInvite(v, http.StatusBadRequest, p, all, nil)
	case do == "row":
		return s.showInvite(v, http.StatusOK, invitePage{Added: true}, append(all, newInvitee()), nil)
	case do == "drop" && row >= 0 && row < len(all):
		return s.showInvite(v, http.StatusOK, invitePage{}, slices.Delete(all, row, row+1), nil)
	case do == "grant" && row >= 0 && row < len(all):
		return s.grantInstead(v, all, row)
	}
	return s.saveInvite(v, slices.DeleteFunc(all, func(i core.Invitee) bool { return i.Email == "" && i.Name == "" }))
}

// mostTyped is how many rows are read of a form that was not made by our page.
const mostTyped = 200

func typedInvitees(v *visit) []core.Invitee {
	form := v.r.PostForm
	emails := form["email"]
	var all []core.Invitee
	for i := range min(len(emails), mostTyped) {
		all = append(all, core.Invitee{Email: strings.TrimSpace(emails[i]), Name: strings.TrimSpace(at(form["name"], i)), Role: core.Role(at(form["role"], i)),
			Teams: idsOf[core.TeamID](form[fmt.Sprintf("teams.%d", i)])})
	}
	return all
}

func (s *server) saveInvite(v *visit, invitees []core.Invitee) error {
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return err
	}
	p := invitePage{}
	if len(invitees) == 0 {
		p.Faults = faults{"": {Problem: "Name somebody first."}}
		return s.showInvite(v, http.StatusBadRequest, p, invitees, nil)
	}
	_, wrong, err := s.desk.Invite(v.ctx(), v.actor, invitees)
	if err == nil && len(wrong) == 0 {
		return v.see("/admin/directory", "invited")
	}
	status := http.StatusBadRequest
	if err != nil {
		ok := false
		if p.Faults, status, ok = faultsOf(err); !ok {
			return err
		}
		p.Full = errors.Is(err, core.ErrLimit)
	}
	return s.showInvite(v, status, p, invitees, wrong)
}

// grantInstead gives the owner of a taken address the role of that row. The other
// rows come back as they were typed.
func (s *server) grantInstead(v *visit, all []core.Invitee, row int) error {
	u, err := s.desk.GiveRoleInstead(v.ctx(), v.actor, all[row])
	if err == nil {
		p := invitePage{Done: fmt.Sprintf("%s is now %s.", shown(u.Name), withArticle(u.Role))}
		return s.showInvite(v, http.StatusOK, p, slices.Delete(all, row, row+1), nil)
	}
	var invalid core.Invalid
	if errors.As(err, &invalid) {
		invalid.Field = fmt.Sprintf("invitees[%d].%s", row, invalid.Field)
		return s.showInvite(v, http.StatusBadRequest, invitePage{}, all, []core.Invalid{invalid})
	}
	f, status, ok := faultsOf(err)
	if !ok {
		return err
	}
	p := invitePage{Full: errors.Is(err, core.ErrLimit)}
	p.Faults = f
	return s.showInvite(v, status, p, all, nil)
}

// withArticle names a role in a sentence: "an agent".
func withArticle(r core.Role) string {
	if strings.Contains("aeiou", string(r)[:1]) {
		return "an " + string(r)
	}
	return "a " + string(r)
}

// articled is withArticle with the name as pages write it: "an Agent".
func articled(r core.Role) string {
	article, _, _ := strings.Cut(withArticle(r), " ")
	return article + " " + roleName(r)
}

func at(values []string, i int) string {
	if i < len(values) {
		return values[i]
	}
	return ""
}
