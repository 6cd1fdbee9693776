package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"postdesk/core"
)

// How an account ends: merged into another, or deleted.

type userMergePage struct {
	base
	U          core.User // who stays
	Query      string
	Candidates []core.User
	With       core.UserID // the other; 0 until chosen
	Preview    core.MergePreview
}

// Sides are both people, the one who stays first.
func (p userMergePage) Sides() []mergeSide {
	return []mergeSide{{p.Preview.Survivor, p.Preview.SurvivorHas, true}, {p.Preview.Other, p.Preview.OtherHas, false}}
}

type mergeSide struct {
	core.User
	Has   core.MergeCounts
	Stays bool
}

// mergeUserPage asks with whom, and then shows both: /agent/users/7/merge?with=9.
func (s *server) mergeUserPage(v *visit) error {
	return s.showUserMerge(v, http.StatusOK, number[core.UserID](v.query("with")), nil)
}

func (s *server) showUserMerge(v *visit, status int, with core.UserID, f faults) error {
	id, err := pathID[core.UserID](v, "id")
	if err != nil {
		return err
	}
	p := userMergePage{Query: v.query("q"), With: with}
	if p.Candidates, err = s.desk.MergeCandidates(v.ctx(), v.actor, id, p.Query); err != nil {
		return err
	}
	if p.U, err = s.desk.User(v.ctx(), v.actor, id); err != nil {
		return err
	}
	if p.U.Role.Staff() || !p.U.Enabled {
		return core.Refusal{Kind: core.ErrConflict, Problem: "Only enabled customers can be merged."}
	}
	if p.base, err = s.page(v, "Merge "+p.U.Name, "users"); err != nil {
		return err
	}
	p.Faults = f
	if with != 0 && f == nil {
		p.Preview, err = s.desk.PreviewMerge(v.ctx(), v.actor, id, with)
		if f, st, ok := faultsOf(err); ok {
			p.With, p.Faults, status = 0, f, st
		} else if err != nil {
			return err
		}
	} else {
		p.With = 0
	}
	return s.render(v, status, "usermerge", p)
}

func (s *server) mergeUser(v *visit) error {
	id, err := pathID[core.UserID](v, "id")
	if err != nil {
		return err
	}
	with := fieldID[core.UserID](v, "with")
	return v.after(s.desk.MergeUsers(v.ctx(), v.actor, id, with), userPath(id), "united", func(status int, f faults) error {
		return s.showUserMerge(v, status, with, f)
	})
}

// unmergeUser undoes the merge of the person of the address, and leads to them.
func (s *server) unmergeUser(v *visit) error {
	id, err := pathID[core.UserID](v, "id")
	if err != nil {
		return err
	}
	if err := s.desk.UnmergeUsers(v.ctx(), v.actor, id); err != nil {
		return err
	}
	return v.see(userPath(id), "parted")
}

// toSurvivor leads on from a person who was merged into another.
func (s *server) toSurvivor(v *visit, id core.UserID, err error) error {
	if !errors.Is(err, core.ErrNotFound) {
		return err
	}
	survivor, lookup := s.desk.SurvivorOf(v.ctx(), v.actor, id)
	if lookup != nil || survivor == 0 {
		return err
	}
	to := userPath(survivor)
	if note := v.query("note"); note != "" { // of a mention mail
		to += "?note=" + url.QueryEscape(note)
	}
	return v.see(to, "")
}

type anonymisePage struct {
	base
	U     core.User
	Typed string
}

// Word is what must be typed: the address or, without one, a word.
func (p anonymisePage) Word() string {
	if a := p.U.Primary(); !a.IsZero() {
		return a.String()
	}
	return "DELETE"
}

func (s *server) anonymisePage(v *visit) error {
	return s.showAnonymise(v, http.StatusOK, nil)
}

func (s *server) showAnonymise(v *visit, status int, f faults) error {
	p, err := s.toAnonymise(v)
	if err != nil {
		return err
	}
	if p.U.Deleted {
		return v.see(userPath(p.U.ID), "")
	}
	if p.base, err = s.page(v, "Delete "+p.U.Name, "users"); err != nil {
		return err
	}
	p.Faults, p.Typed = f, v.field("sure")
	return s.render(v, status, "anonymise", p)
}

// toAnonymise finds whom the visitor is about to delete, and may.
func (s *server) toAnonymise(v *visit) (p anonymisePage, err error) {
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return p, err
	}
	id, err := pathID[core.UserID](v, "id")
	if err != nil {
		return p, err
	}
	if p.U, err = s.desk.User(v.ctx(), v.actor, id); err != nil {
		return p, err
	}
	return p, v.actor.MayAnonymise(id, p.U.Role, false)
}

func (s *server) anonymise(v *visit) error {
	p, err := s.toAnonymise(v)
	if err != nil {
		return err
	}
	if typed := v.field("sure"); !strings.EqualFold(typed, p.Word()) && typed != "DELETE" {
		return s.showAnonymise(v, http.StatusBadRequest, faults{"sure": {Problem: fmt.Sprintf("Type %s, or DELETE, so that nobody is deleted by a slip.", p.Word())}})
	}
	err = s.desk.AnonymiseUser(v.ctx(), v.actor, p.U.ID)
	return v.after(err, userPath(p.U.ID), "erased", func(status int, f faults) error {
		return s.showAnonymise(v, status, f)
	})
}
