package web

import (
	"net/http"
	"strings"

	"postdesk/core"
)

type savedRepliesPage struct {
	base
	Replies      []core.SavedReply
	Teams        []core.Team // that may be chosen
	R            core.SavedReply
	Placeholders []core.Placeholder
}

func (s *server) savedReplies(v *visit) error {
	return s.showReplies(v, http.StatusOK, core.SavedReply{Visibility: core.ForMe}, nil)
}

func (s *server) savedReply(v *visit) error {
	id, err := pathID[core.SavedReplyID](v, "id")
	if err != nil {
		return err
	}
	r, err := s.desk.SavedReply(v.ctx(), v.actor, id)
	if err != nil {
		return err
	}
	return s.showReplies(v, http.StatusOK, r, nil)
}

// showReplies shows the list beside the form of one; ID 0 is a new one.
func (s *server) showReplies(v *visit, status int, r core.SavedReply, f faults) (err error) {
	p := savedRepliesPage{R: r, Placeholders: core.ReplyPlaceholders()}
	if p.Replies, err = s.desk.SavedReplies(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.Teams, err = s.desk.Teams(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.base, err = s.page(v, "Saved replies", "replies"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "replies", p)
}

func (s *server) saveReply(v *visit) error {
	r := core.SavedReply{Name: v.field("name"), Text: v.r.PostFormValue("text"),
		Language: v.field("language"), Visibility: v.field("visibility"), Team: fieldID[core.TeamID](v, "team"), Editable: true}
	var err error
	if v.r.URL.Path != "/agent/replies" {
		if r.ID, err = pathID[core.SavedReplyID](v, "id"); err != nil {
			return err
		}
	}
	_, err = s.desk.SaveReply(v.ctx(), v.actor, r.ID, core.SavedReplyForm{Name: r.Name, Text: r.Text, Language: r.Language,
		Visibility: r.Visibility, Team: r.Team})
	return v.after(err, "/agent/replies", "reply-saved", func(status int, f faults) error { return s.showReplies(v, status, r, f) })
}

func (s *server) deleteReply(v *visit) error {
	id, err := pathID[core.SavedReplyID](v, "id")
	if err != nil {
		return err
	}
	return v.after(s.desk.DeleteReply(v.ctx(), v.actor, id), "/agent/replies", "reply-deleted", func(status int, f faults) error {
		return s.showReplies(v, status, core.SavedReply{Visibility: core.ForMe}, f)
	})
}

// repliesFor gives a script what the reader may insert, filled for the conversation.
func (s *server) repliesFor(v *visit) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	all, err := s.desk.FilledReplies(v.ctx(), v.actor, id)
	if err != nil {
		return err
	}
	type replyJSON struct {
		ID       core.SavedReplyID `json:"id"`
		Name     string            `json:"name"`
		Language string            `json:"language"`
		Text     string            `json:"text"`
	}
	shown := []replyJSON{}
	for _, r := range all {
		shown = append(shown, replyJSON{r.ID, r.Name, r.Language, r.Text})
	}
	return v.json(http.StatusOK, shown)
}

// insertReply is the way without scripts: the composer comes back with what was
// typed, and the words of the saved reply below it.
func (s *server) insertReply(v *visit) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	if err := v.actor.Can(core.DoReply); err != nil {
		return err
	}
	t := boxForm(v, core.DraftReply)
	if _, err := s.keepFiles(v, id, &t); err != nil { // a form that comes back has lost them
		return err
	}
	reply := fieldID[core.SavedReplyID](v, "saved_reply")
	if reply == 0 {
		return s.showConversation(v, http.StatusOK, id, t, nil)
	}
	text, err := s.desk.FilledReply(v.ctx(), v.actor, id, reply)
	if err != nil {
		return err
	}
	if typed := strings.TrimRight(t.Reply, " \r\n"); typed != "" {
		text = typed + "\n\n" + text
	}
	t.Reply = text
	return s.showConversation(v, http.StatusOK, id, t, nil)
}
