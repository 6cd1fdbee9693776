package core

import "time"

// A ThreadRow is a line of My conversations.
type ThreadRow struct {
	ID        ConversationID
	Subject   string
	Status    Status
	CreatedAt time.Time
	UpdatedAt time.Time // of the last message
}

// A Thread is a conversation as its requester sees it. It has no field for a
// note, an event, a warning or folded text: what must not be shown cannot be
// typed.
type Thread struct {
	ThreadRow
	Posts []ThreadPost
}

// A ThreadPost is a message as the requester sees it.
type ThreadPost struct {
	ID          PostID
	Author      string // a name, never an address
	Mine        bool
	ByStaff     bool
	Text        string
	Attachments []AttachmentRef
	CreatedAt   time.Time
}
