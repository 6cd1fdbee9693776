package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"postdesk/core"
)

type directoryPage struct {
	base
	rooms
	Query             string
	Role              core.Role
	Team              core.TeamID
	Roles             []core.Role
	Teams             []core.Team
	Enabled, Disabled staffList
	Secured           map[core.UserID]bool // who signs in with two factors
	Link              string               // just copied, shown once
	LinkOf            core.UserID
}

// rooms are the limits, where people are let in.
type rooms struct{ Collaborators, Seats core.Room }

func (s *server) rooms(v *visit) (r rooms, err error) {
	r.Collaborators, r.Seats, err = s.desk.Rooms(v.ctx(), v.actor)
	return r, err
}

// A staffList is one of the two lists, a piece of it at a time.
type staffList struct {
	Rows []core.Member
	Foot paging
}

// Filtered tells that not everybody is asked for.
func (p directoryPage) Filtered() bool { return p.Query != "" || p.Role != "" || p.Team != 0 }

// At is the address of an act on somebody, which leads back to this piece.
func (p directoryPage) At(id core.UserID) string {
	u := url.URL{Path: fmt.Sprintf("/admin/directory/%d", id)}
	if here, err := url.Parse(p.Here); err == nil {
		q := here.Query()
		q.Del("said")
		u.RawQuery = q.Encode()
	}
	return u.String()
}

// May tells that the reader may touch somebody with a role at all.
func (p directoryPage) May(role core.Role) bool { return p.Actor.MayEdit(role) == nil }

// State is how far an invite is.
func (p directoryPage) State(m core.Member) core.InviteState { return m.InviteState(p.now) }

// Of tells how many there are, of how many there may be.
func (rooms) Of(r core.Room, one, many string) string {
	counted, text := r.Used, fmt.Sprint(r.Used)
	if r.Most != nil {
		counted, text = *r.Most, fmt.Sprintf("%d of %d", r.Used, *r.Most)
	}
	if text += " " + many; counted == 1 {
		text = strings.TrimSuffix(text, many) + one
	}
	if r.Most == nil {
		text += ", no limit"
	}
	if r.Invited > 0 {
		text += fmt.Sprintf(", %d of them invited", r.Invited)
	}
	return text
}

// team leads to the directory by its other name.
func (s *server) team(v *visit) error {
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return err
	}
	return v.see("/admin/directory", "")
}

// directory lists every account of staff, in two lists.
func (s *server) directory(v *visit) error {
	return s.showDirectory(v, http.StatusOK, directoryPage{}, nil)
}

func (s *server) showDirectory(v *visit, status int, p directoryPage, f faults) (err error) {
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return err
	}
	p.Query, p.Role, p.Team, p.Roles = v.query("q"), core.Role(v.query("role")), number[core.TeamID](v.query("team")), core.Roles()[1:]
	if !p.Role.Staff() {
		p.Role = ""
	}
	if p.Enabled, err = s.staffList(v, p, "page", true); err != nil {
		return err
	}
	if p.Disabled, err = s.staffList(v, p, "disabled", false); err != nil {
		return err
	}
	var shown []core.UserID
	for _, m := range slices.Concat(p.Enabled.Rows, p.Disabled.Rows) {
		shown = append(shown, m.ID)
	}
	if p.Secured, err = s.desk.WhoUsesTwoFactors(v.ctx(), v.actor, shown); err != nil {
		return err
	}
	if p.Teams, err = s.desk.Teams(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.rooms, err = s.rooms(v); err != nil {
		return err
	}
	if p.base, err = s.page(v, "Agent directory", "directory"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "directory", p)
}

func (s *server) staffList(v *visit, p directoryPage, name string, enabled bool) (l staffList, err error) {
	f := core.DirectoryFilter{Enabled: &enabled, Query: p.Query, Role: p.Role, Team: p.Team, Page: pieceOf(v, name, pageSize)}
	total := 0
	l.Rows, total, err = s.desk.Directory(v.ctx(), v.actor, f)
	l.Foot = footOf(v, name, f.Page, len(l.Rows), total)
	return l, err
}

// onMember runs an act of the directory on somebody, and shows the same piece of
// it again.
func (s *server) onMember(v *visit) error {
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return err
	}
	id, err := pathID[core.UserID](v, "id")
	if err != nil {
		return err
	}
	said := ""
	switch v.field("do") {
	case "send":
		said, err = "link-sent", s.desk.SendAccountMail(v.ctx(), v.actor, id)
	case "revoke":
		said, err = "revoked", s.desk.RevokeInvite(v.ctx(), v.actor, id)
	case "copy":
		return s.copyMemberLink(v, id)
	default:
		err = core.Invalid{Field: "", Code: core.CodeInvalid, Problem: "There is no such act."}
	}
	next := url.URL{Path: "/admin/directory", RawQuery: v.r.URL.RawQuery}
	return v.after(err, next.String(), said, func(status int, f faults) error {
		return s.showDirectory(v, status, directoryPage{}, f)
	})
}

// copyMemberLink shows a new link once, on the answer to the POST: it never stands
// in an address of ours that somebody could come back to.
func (s *server) copyMemberLink(v *visit, id core.UserID) error {
	secret, _, err := s.desk.CopyLink(v.ctx(), v.actor, id)
	if err != nil {
		return v.after(err, "", "", func(status int, f faults) error {
			return s.showDirectory(v, status, directoryPage{}, f)
		})
	}
	v.w.Header().Set("Cache-Control", "no-store")
	return s.showDirectory(v, http.StatusOK, directoryPage{Link: s.publicURL + "/accept/" + secret, LinkOf: id}, nil)
}
