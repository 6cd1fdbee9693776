package core

import "time"

// A JourneyEntry is a note on, or an event of, a person or organization. Staff
// only.
type JourneyEntry struct {
	Kind         EntryKind // EntryNote, EntryEvent; EntryMessage for a conversation opened
	Note         NoteID
	Conversation ConversationID
	AuthorID     UserID
	AuthorName   string
	Text         string         // of a note; the subject of a conversation
	Verified     bool           // of a note that came by mail
	Event        string         // created, invited, accepted, role, enabled, disabled, ...
	Detail       map[string]any // of an event
	CreatedAt    time.Time
}

// A JourneyFilter picks kinds; the zero filter takes all.
type JourneyFilter struct {
	Only EntryKind
	Page Page
}
