package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"postdesk/core"
)

// Conversations that were one and should be two, and the other way round.

// An undo is a button beside what was just done: where it posts to, with at most
// one field.
type undo struct{ Action, Name, Value string }

// undoOf is the way back from what the page says was just done.
func (p conversationPage) undoOf(word, of string) *undo {
	switch {
	case !p.Merges():
	case word == "trashed" && p.C.Trashed:
		return &undo{Action: pathOf(p.C.ID) + "/restore"}
	case word == "split":
		for _, link := range p.C.Links {
			if link.Relation == "split" && !link.Younger {
				return &undo{pathOf(p.C.ID) + "/merge", "with", fmt.Sprint(link.Conversation)}
			}
		}
	case word == "merged" || word == "filed":
		for _, m := range p.MergedIn {
			if of == fmt.Sprint(m.ID) {
				return &undo{Action: pathOf(m.ID) + "/unmerge"}
			}
		}
	}
	return nil
}

type splitPage struct {
	base
	C       core.Conversation
	P       core.SplitPreview
	Subject string
	Rest    bool
}

// Excerpt is the beginning of what goes.
func (p splitPage) Excerpt() string {
	const most = 400
	if text := []rune(p.P.Text); len(text) > most {
		return string(text[:most]) + "…"
	}
	return p.P.Text
}

func (s *server) splitPage(v *visit) error {
	return s.showSplit(v, http.StatusOK, splitPage{}, nil)
}

func (s *server) showSplit(v *visit, status int, p splitPage, f faults) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	post, err := pathID[core.PostID](v, "post")
	if err != nil {
		return err
	}
	if p.P, err = s.desk.PreviewSplit(v.ctx(), v.actor, id, post); err != nil {
		if f, status, ok := faultsOf(err); ok { // what may not be split off: said where it stands
			return s.showConversation(v, status, id, typed{}, f)
		}
		return err
	}
	if p.C, err = s.desk.Conversation(v.ctx(), v.actor, id); err != nil {
		return err
	}
	if p.base, err = s.page(v, fmt.Sprintf("Split #%d", id), "inbox"); err != nil {
		return err
	}
	p.Faults, p.Subject = f, firstOf(p.Subject, p.P.Subject)
	return s.render(v, status, "split", p)
}

func (s *server) split(v *visit) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	post, err := pathID[core.PostID](v, "post")
	if err != nil {
		return err
	}
	p := splitPage{Subject: v.field("subject"), Rest: v.field("rest") == "yes"}
	made, err := s.desk.Split(v.ctx(), v.actor, id, core.SplitForm{Post: post, Rest: p.Rest, Subject: p.Subject})
	return v.after(err, pathOf(made), "split", func(status int, f faults) error {
		return s.showSplit(v, status, p, f)
	})
}

// unmerge leads to the conversation that came back.
func (s *server) unmerge(v *visit) error {
	return s.onConversation(v, typed{}, "unmerged", func(id core.ConversationID) error {
		return s.desk.Unmerge(v.ctx(), v.actor, id)
	})
}

type mergePage struct {
	base
	C       core.Conversation
	Query   string
	Choices []core.ConversationRow
	With    core.ConversationID // chosen; 0: none yet
	P       core.ConversationMergePreview
}

// mergePage picks the other one, and then tells what would happen.
func (s *server) mergePage(v *visit) error {
	p := mergePage{Query: v.query("q"), With: number[core.ConversationID](strings.TrimPrefix(v.query("with"), "#"))}
	return s.showMerge(v, http.StatusOK, p, nil)
}

func (s *server) showMerge(v *visit, status int, p mergePage, f faults) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	if p.Choices, err = s.desk.MergeChoices(v.ctx(), v.actor, id, p.Query); err != nil {
		return err
	}
	if p.With != 0 {
		p.P, err = s.desk.PreviewConversationMerge(v.ctx(), v.actor, id, p.With)
		if refused, refusedStatus, ok := faultsOf(err); ok {
			if f == nil {
				status = refusedStatus
			}
			p.With, f, err = 0, refused, nil
		}
		if err != nil {
			return err
		}
	}
	if p.C, err = s.desk.Conversation(v.ctx(), v.actor, id); err != nil {
		return err
	}
	if p.base, err = s.page(v, fmt.Sprintf("Merge #%d", id), "inbox"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "merge", p)
}

// merge leads to the survivor.
func (s *server) merge(v *visit) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	other := number[core.ConversationID](strings.TrimPrefix(v.field("with"), "#"))
	survivor, err := s.desk.Merge(v.ctx(), v.actor, []core.ConversationID{id, other}, v.field("requester_too") == "yes")
	gone := other
	if survivor == other {
		gone = id
	}
	return v.after(err, pathOf(survivor)+"?of="+url.QueryEscape(fmt.Sprint(gone)), "merged", func(status int, f faults) error {
		return s.showMerge(v, status, mergePage{Query: v.field("q")}, f)
	})
}

// fileAsNote leads to the conversation that the notes are in now.
func (s *server) fileAsNote(v *visit) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	source, err := s.desk.FileAsNote(v.ctx(), v.actor, id)
	return v.after(err, pathOf(source)+"?of="+fmt.Sprint(id), "filed", func(status int, f faults) error {
		return s.showConversation(v, status, id, typed{}, f)
	})
}
