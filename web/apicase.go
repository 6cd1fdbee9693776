package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"postdesk/core"
)

// A personJSON is somebody as staff see them. An address in CC without an account
// has no id.
type personJSON struct {
	ID        *core.UserID `json:"id"`
	FullName  string       `json:"full_name"`
	Email     string       `json:"email"`
	IsEnabled bool         `json:"is_enabled"`
}

func personOf(p core.PersonRef) personJSON {
	return personJSON{ref(p.ID), p.Name, p.Address.String(), p.ID == 0 || p.Enabled}
}

// somebody is null for nobody.
func somebody(p core.PersonRef) *personJSON {
	if p.ID == 0 {
		return nil
	}
	shown := personOf(p)
	return &shown
}

type participantJSON struct {
	personJSON
	Via string `json:"via"`
}

type teamRefJSON struct {
	ID    core.TeamID `json:"id"`
	Title string      `json:"title"`
}

type linkJSON struct {
	ID       core.ConversationID `json:"id"`
	Relation string              `json:"relation"`
}

type caseJSON struct {
	ID            core.ConversationID  `json:"id"`
	Subject       string               `json:"subject"`
	Status        string               `json:"status"`
	Priority      string               `json:"priority"`
	Type          string               `json:"type"`
	Tags          []string             `json:"tags"`
	Requester     *personJSON          `json:"requester"`
	AssignedAgent *personJSON          `json:"assigned_agent"`
	AssignedTeam  *teamRefJSON         `json:"assigned_team"`
	Participants  []participantJSON    `json:"participants"`
	SourceChannel string               `json:"source_channel"`
	LinkedCases   []linkJSON           `json:"linked_cases"`
	MergedIntoID  *core.ConversationID `json:"merged_into_id"`
	IsTrashed     bool                 `json:"is_trashed"`
	CreatedAt     time.Time            `json:"created_at"`
	UpdatedAt     time.Time            `json:"updated_at"`
}

func caseOf(c core.Conversation) caseJSON {
	shown := caseJSON{
		ID: c.ID, Subject: c.Subject, Status: upper(c.Status), Priority: upper(c.Priority), Type: upper(c.Type),
		Tags: nonNil(c.Tags), Requester: somebody(c.Requester), AssignedAgent: somebody(c.Assignee),
		Participants: []participantJSON{}, SourceChannel: upper(c.Channel), LinkedCases: []linkJSON{},
		MergedIntoID: ref(c.MergedInto), IsTrashed: c.Trashed, CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC(),
	}
	if c.Team.ID != 0 {
		shown.AssignedTeam = &teamRefJSON{c.Team.ID, c.Team.Title}
	}
	for _, p := range c.Participants {
		shown.Participants = append(shown.Participants, participantJSON{personOf(p.PersonRef), upper(p.Via)})
	}
	for _, l := range c.Links {
		shown.LinkedCases = append(shown.LinkedCases, linkJSON{l.Conversation, upper(l.Relation)})
	}
	return shown
}

// An ownCaseJSON is what a customer sees of a case: a type of its own, so that
// nothing of staff's can slip in.
type ownCaseJSON struct {
	ID        core.ConversationID `json:"id"`
	Subject   string              `json:"subject"`
	Status    string              `json:"status"`
	CreatedAt time.Time           `json:"created_at"`
	UpdatedAt time.Time           `json:"updated_at"`
}

func ownCaseOf(t core.ThreadRow) ownCaseJSON {
	return ownCaseJSON{t.ID, t.Subject, upper(t.Status), t.CreatedAt.UTC(), t.UpdatedAt.UTC()}
}

// asCustomer tells that the caller sees cases as the portal shows them.
func (c *apiCall) asCustomer() bool { return !c.actor.Role.Staff() }

func (a *api) cases(c *apiCall) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	if c.asCustomer() {
		all, err := a.desk.MyConversations(c.ctx(), c.actor)
		if err != nil {
			return apiAnswer{}, err
		}
		return listed("case", pageOf(all, page), len(all), ownCaseOf)
	}
	f, err := caseFilter(c)
	if err != nil {
		return apiAnswer{}, err
	}
	f.Page = page
	list, err := a.desk.List(c.ctx(), c.actor, f)
	if err != nil {
		return apiAnswer{}, err
	}
	answer, err := listed("case", list.Rows, list.Total.N, func(row core.ConversationRow) caseJSON { return caseOf(row.Conversation) })
	if list.Older != nil {
		answer.next = list.Older.String()
	}
	if list.Newer != nil {
		answer.previous = list.Newer.String()
	}
	return answer, err
}

func caseFilter(c *apiCall) (f core.ListFilter, err error) {
	for _, of := range []struct {
		name string
		to   *string
		all  []string
	}{
		{"view", (*string)(&f.View), []string{"all", "mine", "team", "unassigned", "trash"}},
		{"status", (*string)(&f.Status), []string{"new", "open", "pending", "completed", "closed"}},
		{"priority", &f.Priority, priorities()},
	} {
		if *of.to, err = c.choice(of.name, of.all...); err != nil {
			return f, err
		}
	}
	for _, of := range []struct {
		name string
		to   *int64
	}{{"requester_id", (*int64)(&f.Requester)}, {"assigned_agent_id", (*int64)(&f.Assignee)}, {"assigned_team_id", (*int64)(&f.Team)}} {
		if *of.to, err = c.number(of.name); err != nil {
			return f, err
		}
	}
	if f.Tag, err = c.query("tag"); err != nil {
		return f, err
	}
	if f.Query, err = c.search(); err != nil {
		return f, err
	}
	cursor, err := c.query("cursor")
	if err != nil || cursor == "" {
		return f, err
	}
	at, err := core.ParseCursor(cursor)
	f.Cursor = &at
	return f, err
}

func (a *api) theCase(c *apiCall, id core.ConversationID) (apiAnswer, error) {
	if c.asCustomer() {
		thread, err := a.desk.MyConversation(c.ctx(), c.actor, id)
		if err != nil {
			return apiAnswer{}, err
		}
		return found("case", ownCaseOf(thread.ThreadRow))
	}
	return a.caseNow(c, id)
}

// caseNow answers with a case as it is after what was done.
func (a *api) caseNow(c *apiCall, id core.ConversationID) (apiAnswer, error) {
	now, err := a.desk.Conversation(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return found("case", caseOf(now))
}

func (a *api) createCase(c *apiCall) (apiAnswer, error) {
	var form struct {
		Subject        string         `json:"subject"`
		Contents       string         `json:"contents"`
		RequesterID    core.UserID    `json:"requester_id"`
		RequesterEmail string         `json:"requester_email"`
		CC             []string       `json:"cc"`
		MailboxID      core.MailboxID `json:"mailbox_id"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	id, err := a.desk.CreateConversation(c.ctx(), c.actor, core.NewConversation{
		Subject: form.Subject, Text: form.Contents, Requester: form.RequesterID, RequesterEmail: form.RequesterEmail,
		CC: form.CC, Mailbox: form.MailboxID, Channel: core.ChannelAPI,
	})
	if err != nil {
		return apiAnswer{}, err
	}
	answer, err := a.caseNow(c, id)
	if errors.Is(err, core.ErrNotFound) { // who sees only their own cases may not see it
		answer, err = found("case", rowJSON[core.ConversationID]{id})
	}
	answer.status = http.StatusCreated
	return answer, err
}

func (a *api) updateCase(c *apiCall, id core.ConversationID) (apiAnswer, error) {
	var form struct {
		Subject         *string               `json:"subject"`
		Status          *string               `json:"status"`
		Priority        *string               `json:"priority"`
		Type            *string               `json:"type"`
		Tags            *[]string             `json:"tags"`
		AssignedAgentID optional[core.UserID] `json:"assigned_agent_id"`
		AssignedTeamID  optional[core.TeamID] `json:"assigned_team_id"`
		RequesterID     *core.UserID          `json:"requester_id"`
		Confirm         bool                  `json:"confirm_requester"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	err := a.desk.UpdateConversation(c.ctx(), c.actor, id, core.Changes{
		Subject: form.Subject, Status: lower[core.Status](form.Status), Priority: lower[string](form.Priority),
		Type: lower[string](form.Type), Tags: form.Tags, Assignee: form.AssignedAgentID.pointer(),
		Team: form.AssignedTeamID.pointer(), Requester: form.RequesterID, ConfirmRequester: form.Confirm,
	})
	if err != nil {
		return apiAnswer{}, err
	}
	return a.caseNow(c, id)
}

func (a *api) mergeCases(c *apiCall, id core.ConversationID) (apiAnswer, error) {
	var form struct {
		CaseIDs       []core.ConversationID `json:"case_ids"`
		AddRequesters bool                  `json:"add_requesters"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	if !slices.Contains(form.CaseIDs, id) {
		form.CaseIDs = append(form.CaseIDs, id)
	}
	survivor, err := a.desk.Merge(c.ctx(), c.actor, form.CaseIDs, form.AddRequesters)
	if err != nil {
		return apiAnswer{}, err
	}
	return a.caseNow(c, survivor)
}

func (a *api) addParticipant(c *apiCall, id core.ConversationID) (apiAnswer, error) {
	var form struct {
		Email string `json:"email"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	if err := a.desk.AddParticipant(c.ctx(), c.actor, id, strings.TrimSpace(form.Email)); err != nil {
		return apiAnswer{}, err
	}
	return a.caseNow(c, id)
}
