package web

import (
	"net/http"
	"strings"

	"postdesk/core"
)

// sendersPage is /admin/senders: the block list, the safe list, and the addresses
// that pass on other people's mail.
type sendersPage struct {
	base
	Blocked, Safe sheet[core.SenderEntry]
	Passing       sheet[core.PassingAddress]
	Offers        []core.PassingOffer
	Typed         typedSender
}

// typedSender is a form that came back.
type typedSender struct {
	List, Pattern, Note string
	Sure                string // the pattern that is added when the form comes again
}

// isSure tells that a warning about this very entry was read.
func (t typedSender) isSure(of string) bool {
	pattern, err := core.ParsePattern(listOf(t.List), t.Pattern)
	return err == nil && of == pattern
}

// A sheet is a list with its foot.
type sheet[T any] struct {
	Rows []T
	Foot paging
}

// Form is what the reader typed into the form of a list.
func (p sendersPage) Form(list string) typedSender {
	if p.Typed.List == list {
		return p.Typed
	}
	return typedSender{List: list}
}

// FaultOf is what is wrong with the form of a list.
func (p sendersPage) FaultOf(list string) fault {
	if p.Typed.List == list {
		return p.Fault("pattern", "address")
	}
	return fault{}
}

func (s *server) senders(v *visit) error {
	return s.showSenders(v, http.StatusOK, typedSender{}, nil)
}

func (s *server) showSenders(v *visit, status int, t typedSender, f faults) (err error) {
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return err
	}
	p := sendersPage{Typed: t}
	for _, l := range []struct {
		name string
		of   core.SenderList
		into *sheet[core.SenderEntry]
	}{{"blocked", core.BlockList, &p.Blocked}, {"safe", core.SafeList, &p.Safe}} {
		page, total := pieceOf(v, l.name, pageSize), 0
		if l.into.Rows, total, err = s.desk.Senders(v.ctx(), v.actor, l.of, page); err != nil {
			return err
		}
		l.into.Foot = footOf(v, l.name, page, len(l.into.Rows), total)
	}
	page, total := pieceOf(v, "passing", pageSize), 0
	if p.Passing.Rows, total, err = s.desk.PassingAddresses(v.ctx(), v.actor, page); err != nil {
		return err
	}
	p.Passing.Foot = footOf(v, "passing", page, len(p.Passing.Rows), total)
	if p.Offers, err = s.desk.PassingOffers(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.base, err = s.page(v, "Senders", "senders"); err != nil {
		return err
	}
	p.Faults, p.Typed.Sure = f, f["pattern"].Value
	return s.render(v, status, "senders", p)
}

// actOnSenders adds to a list, takes off it, or answers an offer, and leads back
// to where the form stood.
func (s *server) actOnSenders(v *visit) error {
	t := typedSender{List: v.field("list"), Pattern: v.field("pattern"), Note: v.field("note")}
	said, err := "added", error(nil)
	switch do := v.field("do"); {
	case t.List == "passing" && do == "remove":
		said, err = "removed", s.desk.ForgetPassing(v.ctx(), v.actor, t.Pattern)
	case t.List == "passing" && do == "decline":
		said, err = "declined", s.desk.DeclinePassing(v.ctx(), v.actor, t.Pattern)
	case t.List == "passing":
		said = "named"
		_, err = s.desk.NamePassing(v.ctx(), v.actor, t.Pattern, t.Note)
	case do == "remove":
		said, err = "removed", s.desk.RemoveSender(v.ctx(), v.actor, listOf(t.List), t.Pattern)
	default:
		_, err = s.desk.AddSender(v.ctx(), v.actor, listOf(t.List), t.Pattern, t.Note, t.isSure(v.field("sure")))
	}
	return v.after(err, firstOf(panelPath(v.field("back")), "/admin/senders"), said, func(status int, f faults) error {
		return s.showSenders(v, status, t, f)
	})
}

func listOf(name string) core.SenderList {
	if name == string(core.SafeList) {
		return core.SafeList
	}
	return core.BlockList
}

// panelPath lets a form lead back to pages of the panel only.
func panelPath(path string) string {
	if strings.HasPrefix(path, "/agent/") || strings.HasPrefix(path, "/admin/") {
		return localPath(path)
	}
	return ""
}
