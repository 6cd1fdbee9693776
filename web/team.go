package web

import (
	"fmt"
	"net/http"
	"strings"

	"postdesk/core"
)

type teamsPage struct {
	base
	Teams          []core.Team
	Colleagues     []core.Colleague
	TeamTitle, Add string // of a new one, as typed: Title is the page's own
}

func (s *server) teams(v *visit) error { return s.showTeams(v, http.StatusOK, teamsPage{}, nil) }

func (s *server) showTeams(v *visit, status int, p teamsPage, f faults) (err error) {
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return err
	}
	if p.Teams, err = s.desk.Teams(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.Colleagues, err = s.desk.Colleagues(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.base, err = s.page(v, "Teams", "teams"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "teams", p)
}

func teamPath(id core.TeamID) string { return fmt.Sprintf("/admin/teams/%d", id) }

func (s *server) createTeam(v *visit) error {
	p := teamsPage{TeamTitle: v.field("title"), Add: v.field("add")}
	members, err := s.desk.StaffNamed(v.ctx(), v.actor, namesIn(p.Add))
	var made core.Team
	if err == nil {
		made, err = s.desk.CreateTeam(v.ctx(), v.actor, p.TeamTitle, members)
	}
	return v.after(err, teamPath(made.ID), "created", func(status int, f faults) error {
		return s.showTeams(v, status, p, f)
	})
}

// namesIn reads names and addresses with commas or lines between them.
func namesIn(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == '\n' || r == '\r' })
}

type teamPage struct {
	base
	T              core.Team
	Members        []core.Member
	Foot           paging
	Colleagues     []core.Colleague
	Conversations  int
	TeamTitle, Add string // as typed: Title is the page's own
	Deleting       bool
}

func (s *server) teamPage(v *visit) error {
	return s.showTeam(v, http.StatusOK, func(*teamPage) {}, nil)
}

func (s *server) showTeam(v *visit, status int, typed func(p *teamPage), f faults) (err error) {
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return err
	}
	id, err := pathID[core.TeamID](v, "id")
	if err != nil {
		return err
	}
	p := teamPage{}
	if p.T, err = s.desk.Team(v.ctx(), v.actor, id); err != nil {
		return err
	}
	page, total := listPage(v), 0
	if p.Members, total, err = s.desk.Directory(v.ctx(), v.actor, core.DirectoryFilter{Team: id, Page: page}); err != nil {
		return err
	}
	p.Foot = pagingOf(v, page, len(p.Members), total)
	if p.Colleagues, err = s.desk.Colleagues(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.Conversations, err = s.desk.TeamConversations(v.ctx(), v.actor, id); err != nil {
		return err
	}
	p.TeamTitle = p.T.Title
	typed(&p)
	if p.base, err = s.page(v, p.T.Title, "teams"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "team", p)
}

// updateTeam changes what the reader changed: the title, who is added, and who is
// taken out. What somebody else did meanwhile stays.
func (s *server) updateTeam(v *visit) error {
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return err
	}
	id, err := pathID[core.TeamID](v, "id")
	if err != nil {
		return err
	}
	add, err := s.desk.StaffNamed(v.ctx(), v.actor, namesIn(v.field("add")))
	if err == nil {
		_, err = s.desk.ChangeTeam(v.ctx(), v.actor, id, core.TeamChanges{Title: v.changed("title"), Add: add,
			Remove: idsOf[core.UserID](v.r.PostForm["remove"])})
	}
	return v.after(err, teamPath(id), "updated", func(status int, f faults) error {
		return s.showTeam(v, status, func(p *teamPage) {
			p.Add = v.field("add")
			if _, sent := v.r.PostForm["title"]; sent {
				p.TeamTitle = v.field("title")
			}
		}, f)
	})
}

// deleteTeam asks first; the second button does it.
func (s *server) deleteTeam(v *visit) error {
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return err
	}
	id, err := pathID[core.TeamID](v, "id")
	if err != nil {
		return err
	}
	if v.field("sure") != "yes" {
		return s.showTeam(v, http.StatusOK, func(p *teamPage) { p.Deleting = true }, nil)
	}
	_, err = s.desk.DeleteTeam(v.ctx(), v.actor, id)
	return v.after(err, "/admin/teams", "team-deleted", func(status int, f faults) error {
		return s.showTeam(v, status, func(*teamPage) {}, f)
	})
}
