package web

import (
	"fmt"
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
		Shown:    v.shownProperties(),
	}
	return s.onConversation(v, typed{}, "updated", func(id core.ConversationID) error {
		return s.desk.UpdateConversation(v.ctx(), v.actor, id, ch)
	})
}

// shownProperties are what the form was made with, nil for one without them.
func (v *visit) shownProperties() *core.Shown {
	if _, sent := v.r.PostForm["was.status"]; !sent {
		return nil
	}
	return &core.Shown{Subject: v.field("was.subject"), Priority: v.field("was.priority"), Type: v.field("was.type"),
		Status: core.Status(v.field("was.status")), Assignee: number[core.UserID](v.field("was.assignee")), Team: number[core.TeamID](v.field("was.team"))}
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
