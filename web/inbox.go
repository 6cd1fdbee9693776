package web

import (
	"net/http"
	"net/url"

	"postdesk/core"
)

type inboxPage struct {
	base
	Filter core.ListFilter
	Views  []choice
	Status []choice
	Rows   []core.ConversationRow
	paging
}

// A choice is a link of a filter.
type choice struct {
	Label   string
	To      string
	Current bool
}

// inbox lists conversations: /agent?view=mine&status=open&q=words&page=2.
func (s *server) inbox(v *visit) error {
	f := core.ListFilter{View: viewOf(v.query("view")), Status: core.Status(v.query("status")), Query: v.query("q"), Page: listPage(v)}
	if !f.Status.Valid() {
		f.Status = ""
	}
	if f.View == "" {
		f.View = core.ViewAll
	}
	rows, total, err := s.desk.Conversations(v.ctx(), v.actor, f)
	if err != nil {
		return err
	}
	b, err := s.page(v, "Conversations", "inbox")
	if err != nil {
		return err
	}
	return s.render(v, http.StatusOK, "inbox", inboxPage{base: b, Filter: f, Rows: rows,
		Views: viewChoices(f), Status: statusChoices(f), paging: pagingOf(v, f.Page, len(rows), total)})
}

// viewOf gives a view that there is, or "".
func viewOf(name string) core.View {
	switch view := core.View(name); view {
	case core.ViewMine, core.ViewTeam, core.ViewUnassigned, core.ViewTrash, core.ViewAll:
		return view
	}
	return ""
}

func inboxAt(view core.View, status core.Status, query string) string {
	q := url.Values{}
	if view != core.ViewAll {
		q.Set("view", string(view))
	}
	if status != "" {
		q.Set("status", string(status))
	}
	if query != "" {
		q.Set("q", query)
	}
	if len(q) == 0 {
		return "/agent"
	}
	return "/agent?" + q.Encode()
}

func viewChoices(f core.ListFilter) []choice {
	var choices []choice
	for _, c := range []struct {
		view  core.View
		label string
	}{{core.ViewAll, "All"}, {core.ViewMine, "Mine"}, {core.ViewTeam, "My teams"}, {core.ViewUnassigned, "Unassigned"}, {core.ViewTrash, "Trash"}} {
		choices = append(choices, choice{c.label, inboxAt(c.view, f.Status, f.Query), c.view == f.View})
	}
	return choices
}

func statusChoices(f core.ListFilter) []choice {
	choices := []choice{{"Any status", inboxAt(f.View, "", f.Query), f.Status == ""}}
	for _, status := range statuses() {
		choices = append(choices, choice{upperFirst(string(status)), inboxAt(f.View, status, f.Query), status == f.Status})
	}
	return choices
}

func statuses() []core.Status {
	return []core.Status{core.StatusNew, core.StatusOpen, core.StatusPending, core.StatusCompleted, core.StatusClosed}
}
