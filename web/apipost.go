package web

import (
	"errors"
	"time"

	"postdesk/core"
)

type attachmentJSON struct {
	ID          core.AttachmentID `json:"id"`
	Filename    string            `json:"filename"`
	ContentType string            `json:"content_type"`
	Size        int64             `json:"size"`
	IsInline    bool              `json:"is_inline"`
}

func attachmentsOf(files []core.AttachmentRef) []attachmentJSON {
	shown := []attachmentJSON{}
	for _, f := range files {
		shown = append(shown, attachmentJSON{f.ID, f.Filename, f.ContentType, f.Size, f.Inline})
	}
	return shown
}

// A postJSON is a message, note or event; ids of one type are unique.
type postJSON struct {
	ID          int64            `json:"id"`
	Type        core.EntryKind   `json:"type"`
	Author      *personJSON      `json:"author"`
	Source      *string          `json:"source"` // null for events
	IsVerified  bool             `json:"is_verified"`
	Contents    string           `json:"contents"`
	Elided      string           `json:"elided"`
	Attachments []attachmentJSON `json:"attachments"`
	Warnings    []string         `json:"warnings"`
	MailID      *core.InboundID  `json:"mail_id"`
	CreatedAt   time.Time        `json:"created_at"`
}

func postOf(e core.Entry) postJSON {
	shown := postJSON{
		ID: e.ID, Type: e.Kind, Author: somebody(e.Author), IsVerified: e.Verified, Contents: e.Text, Elided: e.Elided,
		Attachments: attachmentsOf(e.Attachments), Warnings: nonNil(e.Warnings), MailID: ref(e.InboundID), CreatedAt: e.CreatedAt.UTC(),
	}
	if e.Kind != core.EntryEvent {
		source := upper(e.Source)
		shown.Source = &source
	}
	return shown
}

func noteOf(n core.Note) postJSON {
	return postOf(core.Entry{Kind: core.EntryNote, ID: int64(n.ID), Author: n.Author, Source: n.Source, Verified: n.Verified,
		Text: n.Text, Elided: n.Elided, Warnings: n.Warnings, InboundID: n.InboundID, CreatedAt: n.CreatedAt})
}

// An ownPostJSON is a message as its requester sees it: the author is a name,
// never an address.
type ownPostJSON struct {
	ID          core.PostID      `json:"id"`
	Type        core.EntryKind   `json:"type"`
	Author      ownAuthorJSON    `json:"author"`
	IsMine      bool             `json:"is_mine"`
	Contents    string           `json:"contents"`
	Attachments []attachmentJSON `json:"attachments"`
	CreatedAt   time.Time        `json:"created_at"`
}

type ownAuthorJSON struct {
	FullName string `json:"full_name"`
}

func ownPostOf(p core.ThreadPost) ownPostJSON {
	return ownPostJSON{p.ID, core.EntryMessage, ownAuthorJSON{p.Author}, p.Mine, p.Text, attachmentsOf(p.Attachments), p.CreatedAt.UTC()}
}

func (a *api) posts(c *apiCall, id core.ConversationID) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	if c.asCustomer() {
		thread, err := a.desk.MyConversation(c.ctx(), c.actor, id)
		if err != nil {
			return apiAnswer{}, err
		}
		return listed("post", pageOf(thread.Posts, page), len(thread.Posts), ownPostOf)
	}
	all, err := a.desk.Timeline(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("post", pageOf(all, page), len(all), postOf)
}

// reply says something in public: staff as the company, a customer as the
// requester of the case.
func (a *api) reply(c *apiCall, id core.ConversationID) (apiAnswer, error) {
	var form struct {
		Contents string   `json:"contents"`
		CC       []string `json:"cc"`
		Status   *string  `json:"status"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	if c.asCustomer() {
		return a.ownReply(c, id, form.Contents)
	}
	f := core.ReplyForm{Text: form.Contents, CC: form.CC, Source: core.ChannelAPI}
	if form.Status != nil {
		f.Status = *lower[core.Status](form.Status)
	}
	post, err := a.desk.Reply(c.ctx(), c.actor, id, f)
	if err != nil {
		return apiAnswer{}, err
	}
	return a.madePost(c, id, core.EntryMessage, int64(post))
}

func (a *api) ownReply(c *apiCall, id core.ConversationID, text string) (apiAnswer, error) {
	post, err := a.desk.PortalReply(c.ctx(), c.actor, id, text, nil)
	if err != nil {
		return apiAnswer{}, err
	}
	thread, err := a.desk.MyConversation(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	for _, p := range thread.Posts {
		if p.ID == post {
			return made("post", ownPostOf(p))
		}
	}
	return apiAnswer{}, errors.New("the new post is not in its case")
}

func (a *api) noteOnCase(c *apiCall, id core.ConversationID) (apiAnswer, error) {
	text, err := c.contents()
	if err != nil {
		return apiAnswer{}, err
	}
	noted, err := a.desk.AddNote(c.ctx(), c.actor, id, text)
	if err != nil {
		return apiAnswer{}, err
	}
	return a.madePost(c, id, core.EntryNote, int64(noted.ID))
}

func (c *apiCall) contents() (string, error) {
	var form struct {
		Contents string `json:"contents"`
	}
	err := c.decode(&form)
	return form.Contents, err
}

// madePost shows what was just written: in the case, or in the survivor that the
// case was merged into.
func (a *api) madePost(c *apiCall, id core.ConversationID, kind core.EntryKind, post int64) (apiAnswer, error) {
	now, err := a.desk.Conversation(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	if now.MergedInto != 0 {
		id = now.MergedInto
	}
	all, err := a.desk.Timeline(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	for _, e := range all {
		if e.Kind == kind && e.ID == post {
			return made("post", postOf(e))
		}
	}
	return apiAnswer{}, errors.New("the new post is not in its case")
}
