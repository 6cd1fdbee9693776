package core

import "context"

func (d *Desk) UpdateConversation(ctx context.Context, actor Actor, id ConversationID, c Changes) error {
	return ErrNotFound
}
func (d *Desk) CreateConversation(ctx context.Context, actor Actor, n NewConversation) (ConversationID, error) {
	return 0, ErrNotFound
}

// OpenConversation is the portal's: the actor asks, as the requester.
func (d *Desk) OpenConversation(ctx context.Context, actor Actor, subject, text string, files []Upload) (ConversationID, error) {
	return 0, ErrNotFound
}
func (d *Desk) Reply(ctx context.Context, actor Actor, id ConversationID, f ReplyForm) (PostID, error) {
	return 0, ErrNotFound
}
func (d *Desk) PortalReply(ctx context.Context, actor Actor, id ConversationID, text string, files []Upload) (PostID, error) {
	return 0, ErrNotFound
}
func (d *Desk) ReplyPreview(ctx context.Context, actor Actor, id ConversationID, cc []string) (to []Recipient, warnings []string, err error) {
	return nil, nil, ErrNotFound
}
func (d *Desk) AddNote(ctx context.Context, actor Actor, id ConversationID, text string) (NoteID, error) {
	return 0, ErrNotFound
}
func (d *Desk) AddParticipant(ctx context.Context, actor Actor, id ConversationID, email string) error {
	return ErrNotFound
}
func (d *Desk) RemoveParticipant(ctx context.Context, actor Actor, id ConversationID, email string) error {
	return ErrNotFound
}
func (d *Desk) Merge(ctx context.Context, actor Actor, ids []ConversationID, requesterToo bool) (ConversationID, error) {
	return 0, ErrNotFound
}
func (d *Desk) FileAsNote(ctx context.Context, actor Actor, id ConversationID) (ConversationID, error) {
	return 0, ErrNotFound
}
func (d *Desk) Trash(ctx context.Context, actor Actor, id ConversationID) error   { return ErrNotFound }
func (d *Desk) Restore(ctx context.Context, actor Actor, id ConversationID) error { return ErrNotFound }
func (d *Desk) Drafts(ctx context.Context, actor Actor, id ConversationID) ([]Draft, error) {
	return nil, ErrNotFound
}
func (d *Desk) SaveDraft(ctx context.Context, actor Actor, id ConversationID, f DraftForm) (DraftID, error) {
	return 0, ErrNotFound
}
func (d *Desk) DiscardDraft(ctx context.Context, actor Actor, id DraftID) error { return ErrNotFound }
func (d *Desk) MessageHTML(ctx context.Context, actor Actor, id InboundID) (string, error) {
	return "", ErrNotFound
}
func (d *Desk) Attachment(ctx context.Context, actor Actor, id AttachmentID) (File, error) {
	return File{}, ErrNotFound
}
func (d *Desk) MyConversations(ctx context.Context, actor Actor) ([]ThreadRow, error) {
	return nil, ErrNotFound
}
func (d *Desk) MyConversation(ctx context.Context, actor Actor, id ConversationID) (Thread, error) {
	return Thread{}, ErrNotFound
}

// Complete: the requester marks the own conversation completed.
func (d *Desk) Complete(ctx context.Context, actor Actor, id ConversationID) error {
	return ErrNotFound
}
func (d *Desk) CloseCompleted(ctx context.Context) (int, error) { return 0, ErrNotFound }
