package web

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"postdesk/core"
)

func pathOf(id core.ConversationID) string { return fmt.Sprintf("/agent/conversations/%d", id) }

// onConversation runs an act on the conversation of the address and shows the
// page again: with what it did, or with what was typed and what is wrong.
func (s *server) onConversation(v *visit, t typed, said string, act func(id core.ConversationID) error) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	err = act(id)
	return v.after(err, pathOf(id), said, func(status int, f faults) error {
		return s.showConversation(v, status, id, t, f)
	})
}

// reply sends, keeps as a draft, or only shows who would get what, as the button
// says.
func (s *server) reply(v *visit) error {
	t := typed{Reply: v.r.PostFormValue("contents"), CC: v.field("cc"), Ticked: v.r.PostForm["suggested"],
		Status: core.Status(v.field("status"))}
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	draft := fieldID[core.DraftID](v, "draft")
	cc := append(addressesIn(t.CC), t.Ticked...)
	switch v.field("do") {
	case "preview":
		return s.showConversation(v, http.StatusOK, id, t, nil)
	case "draft":
		return s.onConversation(v, t, "drafted", func(id core.ConversationID) error {
			_, err := s.desk.SaveDraft(v.ctx(), v.actor, id, core.DraftForm{ID: draft, Text: t.Reply, CC: cc})
			return err
		})
	}
	files, err := uploads(v.r)
	if err != nil {
		return err
	}
	said := "replied"
	if !s.relaySet {
		said = "held"
	}
	return s.onConversation(v, t, said, func(id core.ConversationID) error {
		_, err := s.desk.Reply(v.ctx(), v.actor, id, core.ReplyForm{Text: t.Reply, CC: cc, Status: t.Status, Files: files, Draft: draft})
		return err
	})
}

// uploads reads the attached files of a form.
func uploads(r *http.Request) ([]core.Upload, error) {
	if r.MultipartForm == nil {
		return nil, nil
	}
	var files []core.Upload
	for _, head := range r.MultipartForm.File["files"] {
		f, err := head.Open()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(f)
		_ = f.Close() // it was read whole
		if err != nil {
			return nil, err
		}
		if head.Filename == "" && len(content) == 0 {
			continue
		}
		files = append(files, core.Upload{Filename: head.Filename, ContentType: head.Header.Get("Content-Type"), Content: content})
	}
	return files, nil
}

func (s *server) note(v *visit) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	t := typed{Note: v.r.PostFormValue("note"), NoteTab: true}
	noted, err := s.desk.WriteNote(v.ctx(), v.actor, id, core.NoteForm{Text: t.Note, Draft: fieldID[core.DraftID](v, "draft")})
	return s.onConversation(v, t, notedWord(noted), func(core.ConversationID) error {
		if f, _, ok := faultsOf(err); ok && f["contents"].Problem != "" {
			return core.Invalid{Field: "note", Code: core.CodeInvalid, Problem: f["contents"].Problem}
		}
		return err
	})
}

func (s *server) discardDraft(v *visit) error {
	draft, err := pathID[core.DraftID](v, "draft")
	if err != nil {
		return err
	}
	return s.onConversation(v, typed{}, "discarded", func(core.ConversationID) error {
		return s.desk.DiscardDraft(v.ctx(), v.actor, draft)
	})
}

// changed gives a field that differs from what the form was made with, so that a
// page that stood open for long does not undo what others did.
func (v *visit) changed(name string) *string {
	value := v.field(name)
	if _, sent := v.r.PostForm[name]; !sent || value == v.field("was."+name) {
		return nil
	}
	return &value
}

func changedTo[T any](value *string, read func(string) T) *T {
	if value == nil {
		return nil
	}
	t := read(*value)
	return &t
}

func tagsIn(text string) []string {
	tags := []string{}
	for tag := range strings.SplitSeq(text, ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}

func (s *server) updateConversation(v *visit) error {
	ch := core.Changes{
		Subject: v.changed("subject"), Priority: v.changed("priority"), Type: v.changed("type"),
		Status:   changedTo(v.changed("status"), func(t string) core.Status { return core.Status(t) }),
		Tags:     changedTo(v.changed("tags"), tagsIn),
		Assignee: changedTo(v.changed("assignee"), number[core.UserID]),
		Team:     changedTo(v.changed("team"), number[core.TeamID]),
	}
	return s.onConversation(v, typed{}, "updated", func(id core.ConversationID) error {
		return s.desk.UpdateConversation(v.ctx(), v.actor, id, ch)
	})
}

func (s *server) changeRequester(v *visit) error {
	email := v.field("requester")
	// What was confirmed is this address: another one is asked about again.
	ch := core.Changes{RequesterEmail: &email, ConfirmRequester: v.field("confirm_requester") == email}
	return s.onConversation(v, typed{Requester: email}, "updated", func(id core.ConversationID) error {
		return s.desk.UpdateConversation(v.ctx(), v.actor, id, ch)
	})
}

func (s *server) addParticipant(v *visit) error {
	email := v.field("email")
	return s.onConversation(v, typed{Email: email}, "added", func(id core.ConversationID) error {
		return s.desk.AddParticipant(v.ctx(), v.actor, id, email)
	})
}

func (s *server) removeParticipant(v *visit) error {
	return s.onConversation(v, typed{}, "removed", func(id core.ConversationID) error {
		return s.desk.RemoveParticipant(v.ctx(), v.actor, id, v.field("email"))
	})
}

func (s *server) follow(v *visit) error {
	on, said := v.field("follow") == "yes", "unfollowed"
	if on {
		said = "following"
	}
	return s.onConversation(v, typed{}, said, func(id core.ConversationID) error {
		return s.desk.Follow(v.ctx(), v.actor, id, on)
	})
}

func (s *server) trash(v *visit) error {
	return s.onConversation(v, typed{}, "trashed", func(id core.ConversationID) error { return s.desk.Trash(v.ctx(), v.actor, id) })
}

func (s *server) restore(v *visit) error {
	return s.onConversation(v, typed{}, "restored", func(id core.ConversationID) error { return s.desk.Restore(v.ctx(), v.actor, id) })
}

// merge leads to the survivor.
func (s *server) merge(v *visit) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	with := strings.TrimPrefix(v.field("with"), "#")
	other := number[core.ConversationID](with)
	survivor, err := s.desk.Merge(v.ctx(), v.actor, []core.ConversationID{id, other}, v.field("requester_too") == "yes")
	return v.after(err, pathOf(survivor), "merged", func(status int, f faults) error {
		return s.showConversation(v, status, id, typed{Merge: with}, f)
	})
}

// fileAsNote leads to the conversation that the notes are in now.
func (s *server) fileAsNote(v *visit) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	source, err := s.desk.FileAsNote(v.ctx(), v.actor, id)
	return v.after(err, pathOf(source), "filed", func(status int, f faults) error {
		return s.showConversation(v, status, id, typed{}, f)
	})
}

type newConversationPage struct {
	base
	Email, Subject, Text, CC string
	Mailbox                  core.MailboxID
	Mailboxes                []core.Mailbox
}

func (s *server) newConversation(v *visit) error {
	return s.showNewConversation(v, http.StatusOK, newConversationPage{Email: v.query("email")}, nil)
}

func (s *server) showNewConversation(v *visit, status int, p newConversationPage, f faults) (err error) {
	for _, do := range []core.Deed{core.DoOpenForCustomer, core.DoReply} { // its words are a public message
		if err := v.actor.Can(do); err != nil {
			return err
		}
	}
	if p.Mailboxes, err = s.desk.Mailboxes(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.base, err = s.page(v, "New conversation", "inbox"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "newconversation", p)
}

func (s *server) createConversation(v *visit) error {
	p := newConversationPage{Email: v.field("requester_email"), Subject: v.field("subject"), Text: v.r.PostFormValue("contents"),
		CC: v.field("cc"), Mailbox: fieldID[core.MailboxID](v, "mailbox_id")}
	files, err := uploads(v.r)
	if err != nil {
		return err
	}
	id, err := s.desk.CreateConversation(v.ctx(), v.actor, core.NewConversation{Subject: p.Subject, Text: p.Text,
		RequesterEmail: p.Email, CC: addressesIn(p.CC), Files: files, Mailbox: p.Mailbox})
	said := "replied"
	if !s.relaySet {
		said = "held"
	}
	return v.after(err, pathOf(id), said, func(status int, f faults) error {
		return s.showNewConversation(v, status, p, f)
	})
}
