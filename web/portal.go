package web

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"

	"postdesk/core"
)

// threadsPageSize is how many conversations one page of the portal lists.
const threadsPageSize = 25

type threadsPage struct {
	base
	core.ThreadList
	Shared bool // the organization's tab
	Query  string
	Foot   paging
}

// Tab is the address of a tab, with what is looked for.
func (p threadsPage) Tab(shared bool) string {
	q := url.Values{}
	if shared {
		q.Set("of", "organization")
	}
	if p.Query != "" {
		q.Set("q", p.Query)
	}
	if len(q) == 0 {
		return "/conversations"
	}
	return "/conversations?" + q.Encode()
}

func (s *server) myConversations(v *visit) error {
	page := pieceOf(v, "page", threadsPageSize)
	p := threadsPage{Shared: v.query("of") == "organization", Query: v.query("q")}
	var err error
	if p.ThreadList, err = s.desk.Threads(v.ctx(), v.actor, core.ThreadSearch{Shared: p.Shared, Query: p.Query, Page: page}); err != nil {
		return err
	}
	p.Foot = footOf(v, "page", page, len(p.Threads), p.Total)
	if p.base, err = s.page(v, v.t("My conversations"), "my"); err != nil {
		return err
	}
	return s.render(v, http.StatusOK, "threads", p)
}

// A question is what somebody types to ask something new.
type question struct {
	Subject, Text string
	Form          string              // its key: a button that is pressed twice asks once
	After         core.ConversationID // the closed conversation that it goes on with
}

type newThreadPage struct {
	base
	question
	Suggested []core.ArticleRef // may answer it; shown once, before it is sent
	Before    string            // the subject of After
}

func (s *server) newThread(v *visit) error {
	q := question{Form: rand.Text(), After: number[core.ConversationID](v.query("after"))}
	return s.showNewThread(v, http.StatusOK, q, nil, nil)
}

func (s *server) showNewThread(v *visit, status int, q question, suggested []core.ArticleRef, f faults) error {
	p := newThreadPage{question: q, Suggested: suggested}
	if q.After != 0 {
		closed, err := s.desk.MyConversation(v.ctx(), v.actor, q.After)
		if err != nil {
			return err
		}
		p.Before = closed.Subject
		if p.Subject == "" && f == nil {
			p.Subject = closed.Subject
		}
	}
	var err error
	if p.base, err = s.page(v, v.t("Ask something new"), "my"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "newthread", p)
}

// mostSuggested articles are offered before a question is sent.
const mostSuggested = 3

// ask opens a conversation of one's own. Articles that may answer it are shown
// once, before it is sent; one with files is sent at once, for no browser gives
// them a second time by itself.
func (s *server) ask(v *visit) error {
	q := question{Subject: v.field("subject"), Text: v.r.PostFormValue("contents"), Form: v.field("form"), After: fieldID[core.ConversationID](v, "after")}
	files, err := uploads(v.r)
	if err == nil && len(files) == 0 && q.Subject != "" && v.field("contents") != "" && v.field("suggested") == "" {
		suggested, err := s.desk.SuggestArticles(v.ctx(), v.actor, q.Subject, mostSuggested)
		if err != nil {
			return err
		}
		if len(suggested) > 0 {
			return s.showNewThread(v, http.StatusOK, q, suggested, nil)
		}
	}
	var id core.ConversationID
	if err == nil {
		id, err = s.desk.Ask(v.ctx(), v.actor, core.Question{Subject: q.Subject, Text: q.Text, Files: files, Form: q.Form, After: q.After})
	}
	return v.after(err, threadPath(id), "asked", func(status int, f faults) error {
		return s.showNewThread(v, status, q, nil, f.withFiles(v))
	})
}

// withFiles tells that files must be chosen again, where some were: browsers never
// fill them in.
func (f faults) withFiles(v *visit) faults {
	if _, told := f["files"]; !told && v.r.MultipartForm != nil && len(v.r.MultipartForm.File["files"]) > 0 && v.r.MultipartForm.File["files"][0].Filename != "" {
		f["files"] = fault{Problem: "Please choose your files again."}
	}
	return f
}

func threadPath(id core.ConversationID) string { return fmt.Sprintf("/conversations/%d", id) }

type threadPage struct {
	base
	Thread core.Thread
	Text   string
	Form   string
}

// Closed tells that no answer goes here any more.
func (p threadPage) Closed() bool { return p.Thread.Status == core.StatusClosed }

// Completed tells that an answer opens it again.
func (p threadPage) Completed() bool { return p.Thread.Status == core.StatusCompleted }

func (s *server) myConversation(v *visit) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	return s.showThread(v, http.StatusOK, id, threadPage{Form: rand.Text()}, nil)
}

func (s *server) showThread(v *visit, status int, id core.ConversationID, p threadPage, f faults) error {
	var err error
	if p.Thread, err = s.desk.MyConversation(v.ctx(), v.actor, id); err != nil {
		return err
	}
	if p.Thread.Unread && v.r.Method == http.MethodGet {
		if err := s.desk.ReadThread(v.ctx(), v.actor, p.Thread.ID); err != nil {
			return err
		}
	}
	if p.base, err = s.page(v, p.Thread.Subject, "my"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "thread", p)
}

func (s *server) portalReply(v *visit) error {
	typed := threadPage{Text: v.r.PostFormValue("contents"), Form: v.field("form")}
	return s.onThread(v, typed, "asked", func(id core.ConversationID) error {
		files, err := uploads(v.r)
		if err == nil {
			_, err = s.desk.PortalAnswer(v.ctx(), v.actor, id, core.PortalForm{Text: typed.Text, Files: files, Form: typed.Form})
		}
		return err
	})
}

func (s *server) complete(v *visit) error {
	return s.onThread(v, threadPage{Form: rand.Text()}, "completed", func(id core.ConversationID) error {
		return s.desk.Complete(v.ctx(), v.actor, id)
	})
}

func (s *server) onThread(v *visit, typed threadPage, said string, act func(core.ConversationID) error) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	err = act(id)
	return v.after(err, threadPath(id), said, func(status int, f faults) error {
		return s.showThread(v, status, id, typed, f.withFiles(v))
	})
}
