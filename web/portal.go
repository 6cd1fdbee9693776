package web

import (
	"fmt"
	"net/http"

	"postdesk/core"
)

type threadsPage struct {
	base
	Threads       []core.ThreadRow
	Subject, Text string
}

func (s *server) myConversations(v *visit) error {
	return s.showMyConversations(v, http.StatusOK, "", "", nil)
}

func (s *server) showMyConversations(v *visit, status int, subject, text string, f faults) error {
	threads, err := s.desk.MyConversations(v.ctx(), v.actor)
	if err != nil {
		return err
	}
	b, err := s.page(v, v.t("My conversations"), "my")
	b.Faults = f
	if err != nil {
		return err
	}
	return s.render(v, status, "threads", threadsPage{base: b, Threads: threads, Subject: subject, Text: text})
}

// ask opens a conversation of one's own.
func (s *server) ask(v *visit) error {
	subject, text := v.field("subject"), v.r.PostFormValue("contents")
	files, err := uploads(v.r)
	if err != nil {
		return err
	}
	id, err := s.desk.OpenConversation(v.ctx(), v.actor, subject, text, files)
	return v.after(err, threadPath(id), "asked", func(status int, f faults) error {
		return s.showMyConversations(v, status, subject, text, f)
	})
}

func threadPath(id core.ConversationID) string { return fmt.Sprintf("/conversations/%d", id) }

type threadPage struct {
	base
	Thread core.Thread
	Text   string
}

// Closed tells that no answer goes here any more.
func (p threadPage) Closed() bool { return p.Thread.Status == core.StatusClosed }

func (s *server) myConversation(v *visit) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	return s.showThread(v, http.StatusOK, id, "", nil)
}

func (s *server) showThread(v *visit, status int, id core.ConversationID, text string, f faults) error {
	thread, err := s.desk.MyConversation(v.ctx(), v.actor, id)
	if err != nil {
		return err
	}
	b, err := s.page(v, thread.Subject, "my")
	b.Faults = f
	if err != nil {
		return err
	}
	return s.render(v, status, "thread", threadPage{base: b, Thread: thread, Text: text})
}

func (s *server) portalReply(v *visit) error {
	text := v.r.PostFormValue("contents")
	files, err := uploads(v.r)
	if err != nil {
		return err
	}
	return s.onThread(v, text, "asked", func(id core.ConversationID) error {
		_, err := s.desk.PortalReply(v.ctx(), v.actor, id, text, files)
		return err
	})
}

func (s *server) complete(v *visit) error {
	return s.onThread(v, "", "completed", func(id core.ConversationID) error {
		return s.desk.Complete(v.ctx(), v.actor, id)
	})
}

func (s *server) onThread(v *visit, text, said string, act func(core.ConversationID) error) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	err = act(id)
	return v.after(err, threadPath(id), said, func(status int, f faults) error {
		return s.showThread(v, status, id, text, f)
	})
}
