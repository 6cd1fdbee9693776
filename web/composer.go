package web

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"postdesk/core"
)

// A composer is the box under a conversation: for the reply and for the note, each
// with its draft.
type composer struct {
	Drafts     []core.Draft
	ReplyDraft core.Draft // the one in the box; ID 0: none
	NoteDraft  core.Draft
	Check      core.ReplyCheck
	FormKey    string      // what is made of this page is made once
	Seen       core.PostID // the newest message that the page shows
}

// typed is what somebody was writing when a form came back.
type typed struct {
	Reply, CC, Note string
	Status          core.Status
	Ticked          []string
	Email           string // of a new participant
	Requester       string
	Merge           string
	NoteTab         bool
	Box             core.DraftKind // whose form came back; empty: neither
	Draft           core.DraftID   // of that form
	Revision        int
}

// Has tells a ticked suggestion.
func (t typed) Has(address core.Address) bool { return slices.Contains(t.Ticked, address.String()) }

// cc is everybody who was named.
func (t typed) cc() []string { return append(addressesIn(t.CC), t.Ticked...) }

// boxForm reads the form of a box.
func boxForm(v *visit, box core.DraftKind) typed {
	t := typed{Box: box, Draft: fieldID[core.DraftID](v, "draft"), Revision: int(fieldID[core.DraftID](v, "revision"))}
	if box == core.DraftNote {
		t.Note, t.NoteTab = v.r.PostFormValue("note"), true
		return t
	}
	t.Reply, t.CC, t.Ticked = v.r.PostFormValue("contents"), v.field("cc"), v.r.PostForm["suggested"]
	t.Status = core.Status(v.field("status"))
	return t
}

// boxOf is the box that a form says it belongs to.
func boxOf(v *visit) core.DraftKind {
	if core.DraftKind(v.field("kind")) == core.DraftNote {
		return core.DraftNote
	}
	return core.DraftReply
}

func (t typed) draftForm() core.DraftForm {
	if t.Box == core.DraftNote {
		return core.DraftForm{ID: t.Draft, Kind: t.Box, Revision: t.Revision, Text: t.Note}
	}
	return core.DraftForm{ID: t.Draft, Kind: t.Box, Revision: t.Revision, Text: t.Reply, CC: t.cc(), Status: t.Status}
}

// Others are the drafts of a box that are not in it.
func (c composer) Others(note bool) []core.Draft {
	return slices.DeleteFunc(slices.Clone(c.Drafts), func(d core.Draft) bool {
		_, is := d.Note()
		return is != note || d.ID == c.ReplyDraft.ID || d.ID == c.NoteDraft.ID
	})
}

// fillComposer puts drafts into the boxes, the newest that was typed here before
// others, and says who gets what.
func (s *server) fillComposer(v *visit, p *conversationPage) (err error) {
	p.FormKey = rand.Text()
	for _, e := range p.Entries {
		if e.Kind == core.EntryMessage {
			p.Seen = max(p.Seen, core.PostID(e.ID))
		}
	}
	if p.Drafts, err = s.desk.Drafts(v.ctx(), v.actor, p.C.ID); err != nil {
		return err
	}
	p.openDrafts(number[core.DraftID](v.query("draft")), v.r.Method == http.MethodGet)
	if p.Mine() || !p.Answers() || !p.MayReply() {
		return nil
	}
	p.Check, err = s.desk.CheckReply(v.ctx(), v.actor, p.C.ID, p.Typed.cc())
	return err
}

// openDrafts chooses the draft of each box, and puts its words there. A form that
// came back keeps its own words.
func (p *conversationPage) openDrafts(wanted core.DraftID, fresh bool) {
	t := &p.Typed
	for _, d := range p.Drafts {
		box, kind := &p.ReplyDraft, core.DraftReply
		if _, is := d.Note(); is {
			box, kind = &p.NoteDraft, core.DraftNote
		} else if !p.MayReply() {
			continue // there is no box for it: it is shown above the note
		}
		if t.Box == kind && d.ID == t.Draft || t.Box != kind && (box.ID == 0 || d.ID == wanted) {
			*box = d
		}
	}
	if note, ok := p.NoteDraft.Note(); ok && t.Box != core.DraftNote {
		t.Note = note
		t.NoteTab = t.NoteTab || fresh && (p.NoteDraft.ID == wanted || p.ReplyDraft.ID == 0)
	}
	if p.ReplyDraft.ID != 0 && t.Box != core.DraftReply {
		t.Reply, t.CC, t.Status = p.ReplyDraft.Text, strings.Join(p.ReplyDraft.CC, ", "), p.ReplyDraft.Status
	}
	if t.Box == core.DraftReply && t.Draft != 0 {
		p.ReplyDraft.ID, p.ReplyDraft.Revision = t.Draft, t.Revision
	}
	if t.Box == core.DraftNote && t.Draft != 0 {
		p.NoteDraft.ID, p.NoteDraft.Revision = t.Draft, t.Revision
	}
}

// reply sends, keeps as a draft, or only shows who would get what, as the button
// says.
func (s *server) reply(v *visit) error {
	return s.inBox(v, boxForm(v, core.DraftReply), func(id core.ConversationID, t typed, files []core.Upload) (string, error) {
		said := "replied"
		if !s.relaySet {
			said = "held"
		}
		_, err := s.desk.Reply(v.ctx(), v.actor, id, core.ReplyForm{Text: t.Reply, CC: t.cc(), Status: t.Status, Files: files,
			Draft: t.Draft, Form: v.field("form"), Seen: fieldID[core.PostID](v, "seen")})
		return said, err
	})
}

func (s *server) note(v *visit) error {
	return s.inBox(v, boxForm(v, core.DraftNote), func(id core.ConversationID, t typed, _ []core.Upload) (string, error) {
		noted, err := s.desk.WriteNote(v.ctx(), v.actor, id, core.NoteForm{Text: t.Note, Draft: t.Draft, Form: v.field("form")})
		return notedWord(noted), err
	})
}

// inBox does what the button of a box says. Files are kept with the draft first:
// a form that comes back has them still.
func (s *server) inBox(v *visit, t typed, send func(core.ConversationID, typed, []core.Upload) (said string, err error)) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	again := func(status int, f faults) error { return s.showConversation(v, status, id, t, f) }
	var files []core.Upload
	if t.Box == core.DraftNote || v.actor.Can(core.DoReply) == nil {
		_, err = s.keepFiles(v, id, &t)
	} else if files, err = uploads(v.r); err != nil {
		return err
	}
	if err != nil {
		return v.after(err, "", "", again)
	}
	switch v.field("do") {
	case "preview":
		return again(http.StatusOK, nil)
	case "draft":
		saved, err := s.desk.SaveDraft(v.ctx(), v.actor, id, t.draftForm())
		said := "drafted"
		if saved.Apart {
			said = "drafted-apart"
		}
		return v.after(err, fmt.Sprintf("%s?draft=%d", pathOf(id), saved.ID), said, again)
	}
	said, err := send(id, t, files)
	var collision core.Collision
	if errors.As(err, &collision) {
		return again(http.StatusConflict, faults{"seen": {Problem: crossed(collision, time.Now())}})
	}
	return v.after(composerFault(err, t.Box), pathOf(id), said, again)
}

// crossed says that somebody else was faster.
func crossed(c core.Collision, now time.Time) string {
	did, when := "wrote", "just now"
	if c.ByStaff {
		did = "replied"
	}
	switch ago := now.Sub(c.At); {
	case ago >= 2*time.Hour:
		when = fmt.Sprintf("%d hours ago", int(ago.Hours()))
	case ago >= 2*time.Minute:
		when = fmt.Sprintf("%d minutes ago", int(ago.Minutes()))
	case ago >= time.Minute:
		when = "a minute ago"
	}
	return fmt.Sprintf("%s %s %s. Read it, then send anyway.", shown(c.Who), did, when)
}

// composerFault names the field of a note as the form does.
func composerFault(err error, box core.DraftKind) error {
	var invalid core.Invalid
	if box == core.DraftNote && errors.As(err, &invalid) && invalid.Field == "contents" {
		invalid.Field = "note"
		return invalid
	}
	return err
}

// keepFiles takes the files of a form over into its draft.
func (s *server) keepFiles(v *visit, id core.ConversationID, t *typed) (kept []core.AttachmentRef, err error) {
	err = s.eachUpload(v, func(f core.Upload) error {
		draft, file, err := s.desk.AttachToDraft(v.ctx(), v.actor, id, t.Draft, t.Box, f)
		if err != nil {
			return err
		}
		if t.Draft == 0 {
			t.Draft, t.Revision = draft, 1
		}
		kept = append(kept, file)
		return nil
	})
	return kept, err
}

// recipients is the part of the page that follows who is named: who gets what.
func (s *server) recipients(v *visit) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	check, err := s.desk.CheckReply(v.ctx(), v.actor, id, addressesIn(strings.Join(v.r.URL.Query()["cc"], " ")))
	if err != nil {
		return err
	}
	return s.renderPart(v, "conversation", "recipients", check)
}

// A draftJSON tells the script of the composer what was kept.
type draftJSON struct {
	Draft    core.DraftID    `json:"draft"`
	Revision int             `json:"revision"`
	Saved    string          `json:"saved"` // when, in the reader's zone
	Apart    bool            `json:"apart"` // another window saved other words: both are kept
	Files    []draftFileJSON `json:"files,omitempty"`
}

type draftFileJSON struct {
	ID   core.AttachmentID `json:"id"`
	Name string            `json:"name"`
	Size string            `json:"size"`
}
