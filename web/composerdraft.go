package web

import (
	"encoding/json"
	"net/http"

	"postdesk/core"
)

// saveDraft is what the composer does by itself while somebody types.
func (s *server) saveDraft(v *visit) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	saved, err := s.desk.SaveDraft(v.ctx(), v.actor, id, boxForm(v, boxOf(v)).draftForm())
	if err != nil {
		return v.sayJSON(err)
	}
	b, err := s.page(v, "", "")
	if err != nil {
		return err
	}
	told := draftJSON{Draft: saved.ID, Revision: saved.Revision, Apart: saved.Apart}
	if saved.ID != 0 {
		told.Saved = saved.At.In(b.zone).Format("15:04")
	}
	return v.json(http.StatusOK, told)
}

// addDraftFiles keeps files as soon as they are chosen.
func (s *server) addDraftFiles(v *visit) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	if _, err := s.desk.Conversation(v.ctx(), v.actor, id); err != nil {
		return err
	}
	t := boxForm(v, boxOf(v))
	kept, err := s.keepFiles(v, id, &t)
	if err == nil && len(kept) == 0 {
		err = core.Invalid{Field: "files", Code: core.CodeRequired, Problem: "There is no file."}
	}
	if err != nil {
		return v.sayJSON(err)
	}
	told := draftJSON{Draft: t.Draft, Revision: t.Revision}
	for _, f := range kept {
		told.Files = append(told.Files, draftFileJSON{f.ID, shown(f.Filename), size(f.Size)})
	}
	return v.json(http.StatusOK, told)
}

// removeDraftFile takes a file away; the words of the form stay.
func (s *server) removeDraftFile(v *visit) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	file, err := pathID[core.AttachmentID](v, "file")
	if err != nil {
		return err
	}
	if err := s.desk.DetachFromDraft(v.ctx(), v.actor, id, file); err != nil {
		return v.sayJSON(err)
	}
	if v.wantsJSON() {
		return v.json(http.StatusOK, draftJSON{Draft: fieldID[core.DraftID](v, "draft")})
	}
	return s.showConversation(v, http.StatusOK, id, boxForm(v, boxOf(v)), nil)
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

func (v *visit) wantsJSON() bool { return v.r.Header.Get("Accept") == "application/json" }

// json answers a script of ours.
func (v *visit) json(status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(body) // the reader may have left
	return nil
}

// sayJSON tells a script what a person can mend; everything else stays an error, and
// all of it to a browser without scripts.
func (v *visit) sayJSON(err error) error {
	f, status, ok := faultsOf(err)
	if !ok || !v.wantsJSON() {
		return err
	}
	for _, fault := range f {
		return v.json(status, map[string]string{"problem": fault.Problem})
	}
	return err
}
