package web

import (
	"encoding/json"
	"fmt"
	"net/http"

	"postdesk/core"
)

// manyWords tell what became of several conversations.
type manyWords struct {
	Head string
	Left []core.LeftConversation
	Undo []core.ConversationID // just thrown away
}

// many changes the ticked conversations. The address is that of the list, to come
// back to it.
func (s *server) many(v *visit) error {
	ids := idsOf[core.ConversationID](v.r.PostForm["id"])
	changes, done := manyOf(v)
	outcome, err := s.desk.ChangeMany(v.ctx(), v.actor, ids, changes)
	if f, status, ok := faultsOf(err); ok {
		for _, field := range []string{"id", "do"} { // these have no field of their own
			if fault, is := f[field]; is {
				f[""] = fault
			}
		}
		return s.showInbox(v, status, manyWords{}, ids, f)
	}
	if err != nil {
		return err
	}
	words := wordsOfMany(outcome, done)
	if changes.Trash != nil && *changes.Trash {
		words.Undo = outcome.Done
	}
	if len(outcome.Done) == 0 {
		return s.showInbox(v, http.StatusConflict, words, ids, nil)
	}
	told, err := json.Marshal(words)
	if err != nil {
		return err
	}
	s.sessions.Put(v.ctx(), sessionMany, string(told))
	next := "/agent"
	if q := v.r.URL.RawQuery; q != "" {
		next += "?" + q
	}
	return v.see(firstOf(localPath(next), "/agent"), "")
}

// sessionMany keeps what became of several until the list is shown again. The
// address cannot tell it: anybody could write such an address.
const sessionMany = "many"

func (s *server) toldOfMany(v *visit) (words manyWords) {
	if told := s.sessions.PopString(v.ctx(), sessionMany); told != "" {
		_ = json.Unmarshal([]byte(told), &words) // we wrote it; else there is nothing to tell
	}
	return words
}

// manyOf reads what is to be done, with the word for what was done.
func manyOf(v *visit) (m core.ManyChanges, done string) {
	yes, no := true, false
	switch v.field("do") {
	case "trash":
		return core.ManyChanges{Trash: &yes}, "moved to the trash"
	case "restore":
		return core.ManyChanges{Trash: &no}, "taken out of the trash"
	}
	if status := core.Status(v.field("status")); status != "" {
		m.Status = &status
	}
	if priority := v.field("priority"); priority != "" {
		m.Priority = &priority
	}
	if v.field("assignee") != "" {
		assignee := fieldID[core.UserID](v, "assignee")
		m.Assignee = &assignee
	}
	if v.field("team") != "" {
		team := fieldID[core.TeamID](v, "team")
		m.Team = &team
	}
	m.AddTag, m.RemoveTag = v.field("add_tag"), v.field("remove_tag")
	return m, "changed"
}

// wordsOfMany says it: "12 changed, 2 could not be."
func wordsOfMany(o core.ManyOutcome, done string) manyWords {
	head := fmt.Sprintf("%d %s.", len(o.Done), done)
	if len(o.Left) > 0 {
		head = fmt.Sprintf("%d %s, %d could not be.", len(o.Done), done, len(o.Left))
	}
	return manyWords{Head: head, Left: o.Left}
}
