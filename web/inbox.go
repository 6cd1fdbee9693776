package web

import (
	"net/http"
	"net/url"
	"slices"

	"postdesk/core"
)

type inboxPage struct {
	base
	Filter      core.ListFilter
	List        core.ConversationList
	Views       []listLink
	Status      []listLink
	Hidden      []pair // of the address, for the forms that narrow it
	Chosen      int    // how many of the narrower filters are set
	Staff       []core.User
	Teams       []core.Team
	Priorities  []string
	Newer       string // addresses, or ""
	Older       string
	Top         string // this list from its top
	Many        manyWords
	Ticked      []core.ConversationID
	AllStatuses []core.Status
}

// A choice is a link of a filter.
type choice struct {
	Label   string
	To      string
	Current bool
}

// A listLink is a choice with how many it leads to.
type listLink struct {
	choice
	Count string
}

// A pair is a name and a value of the address.
type pair struct{ Name, Value string }

// Picks tells who may tick lines: who can do something with them.
func (p inboxPage) Picks() bool { return p.Changes() || p.Merges() }

// Has tells a line that comes back ticked.
func (p inboxPage) Has(id core.ConversationID) bool { return slices.Contains(p.Ticked, id) }

// Narrowed tells that something may be hidden.
func (p inboxPage) Narrowed() bool {
	return p.Chosen > 0 || p.Filter.Query != "" || p.Filter.Status != ""
}

// inbox lists conversations: /agent?view=mine&status=open&q=words&cursor=….
func (s *server) inbox(v *visit) error {
	return s.showInbox(v, http.StatusOK, manyWords{}, nil, nil)
}

// showInbox shows the list that the address names, with what became of several, or
// with what was ticked when something was wrong.
func (s *server) showInbox(v *visit, status int, many manyWords, ticked []core.ConversationID, f faults) error {
	filter, err := inboxFilter(v)
	if err != nil {
		return err
	}
	p := inboxPage{Filter: filter, Many: many, Ticked: ticked, Priorities: priorities(), AllStatuses: statuses()}
	if p.List, err = s.desk.List(v.ctx(), v.actor, filter); err != nil {
		return err
	}
	counts, err := s.desk.CountLists(v.ctx(), v.actor, filter.View)
	if err != nil {
		return err
	}
	if p.Staff, _, err = s.desk.Users(v.ctx(), v.actor, enabledStaff()); err != nil {
		return err
	}
	if p.Teams, err = s.desk.Teams(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.base, err = s.page(v, "Conversations", "inbox"); err != nil {
		return err
	}
	if many.Head == "" {
		p.Many = s.toldOfMany(v)
	}
	p.Faults = f
	p.link(v, counts)
	return s.render(v, status, "inbox", p)
}

// inboxFilter reads the address. What there is not, as a view, is as if it was not
// named; only a cursor must be one of ours.
func inboxFilter(v *visit) (f core.ListFilter, err error) {
	f = core.ListFilter{
		View: viewOf(v.query("view")), Status: core.Status(v.query("status")), Query: v.query("q"), Tag: v.query("tag"),
		Team: number[core.TeamID](v.query("team")), Assignee: number[core.UserID](v.query("assignee")), Priority: v.query("priority"),
		Page: core.Page{Limit: pageSize},
	}
	if !f.Status.Valid() {
		f.Status = ""
	}
	if !slices.Contains(priorities(), f.Priority) {
		f.Priority = ""
	}
	if text := v.query("cursor"); text != "" {
		cursor, err := core.ParseCursor(text)
		if err != nil {
			return f, err
		}
		f.Cursor = &cursor
	}
	return f, nil
}

// viewOf gives a view that there is.
func viewOf(name string) core.View {
	switch view := core.View(name); view {
	case core.ViewMine, core.ViewTeam, core.ViewUnassigned, core.ViewTrash:
		return view
	}
	return core.ViewAll
}

func priorities() []string { return []string{"low", "normal", "high", "urgent"} }

// link makes the addresses of the page: each keeps all of the filter but what it
// changes, and begins at the top.
func (p *inboxPage) link(v *visit, counts core.ListCounts) {
	kept := url.Values{}
	for _, name := range []string{"view", "status", "priority", "tag", "team", "assignee", "q"} {
		if value := v.query(name); value != "" && (name != "view" || p.Filter.View != core.ViewAll) {
			kept.Set(name, value)
		}
	}
	at := func(name, value string) string {
		q := url.Values{}
		for n, values := range kept {
			q[n] = values
		}
		q.Del(name)
		if value != "" {
			q.Set(name, value)
		}
		if len(q) == 0 {
			return "/agent"
		}
		return "/agent?" + q.Encode()
	}
	for _, c := range []struct {
		view  core.View
		value string
		label string
	}{{core.ViewAll, "", "All"}, {core.ViewMine, "mine", "Mine"}, {core.ViewTeam, "team", "My teams"}, {core.ViewUnassigned, "unassigned", "Unassigned"}, {core.ViewTrash, "trash", "Trash"}} {
		p.Views = append(p.Views, listLink{choice{c.label, at("view", c.value), c.view == p.Filter.View}, counts.Views[c.view].String()})
	}
	p.Status = []listLink{{choice{"Any status", at("status", ""), p.Filter.Status == ""}, ""}}
	for _, status := range statuses() {
		if p.Filter.View == core.ViewUnassigned && (status == core.StatusCompleted || status == core.StatusClosed) {
			continue // what is done waits for nobody
		}
		p.Status = append(p.Status, listLink{choice{upperFirst(string(status)), at("status", string(status)), status == p.Filter.Status}, counts.Statuses[status].String()})
	}
	for _, name := range []string{"view", "status"} {
		if value := kept.Get(name); value != "" {
			p.Hidden = append(p.Hidden, pair{name, value})
		}
	}
	for _, name := range []string{"priority", "tag", "team", "assignee"} {
		if kept.Get(name) != "" {
			p.Chosen++
		}
	}
	p.Top = at("", "")
	if c := p.List.Newer; c != nil {
		p.Newer = at("cursor", c.String())
	}
	if c := p.List.Older; c != nil {
		p.Older = at("cursor", c.String())
	}
}

// Unnarrowed is this list without what narrows it.
func (p inboxPage) Unnarrowed() string {
	if p.Filter.View == core.ViewAll {
		return "/agent"
	}
	return "/agent?view=" + string(p.Filter.View)
}

// Act is where the ticked are sent, with the list to come back to.
func (p inboxPage) Act() string {
	if u, err := url.Parse(p.Here); err == nil && (u.Path == "/agent" || u.Path == "/agent/many") && u.RawQuery != "" {
		q := u.Query()
		q.Del("said")
		return "/agent/many?" + q.Encode()
	}
	return "/agent/many"
}

func statuses() []core.Status {
	return []core.Status{core.StatusNew, core.StatusOpen, core.StatusPending, core.StatusCompleted, core.StatusClosed}
}
