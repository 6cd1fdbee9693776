package core

import "time"

// An EntryKind is what an entry of a timeline is, as the API names it.
type EntryKind string

// The kinds of entries.
const (
	EntryMessage EntryKind = "MESSAGE" // a customer may read it
	EntryNote    EntryKind = "NOTE"    // a customer may never read it
	EntryEvent   EntryKind = "EVENT"
)

// An Entry is one thing that was said or happened in a conversation, for staff
// only: it has notes, folded text and warnings, which a Thread never has.
type Entry struct {
	Kind        EntryKind
	ID          int64 // PostID, NoteID or EventID
	Author      PersonRef
	Source      Channel // empty for events
	Verified    bool    // the origin was proven, or the author was signed in
	ByStaff     bool    // spoken in the name of the company
	WasMessage  bool    // a note that was a message before a merge or a change of requester
	Text        string  // what is new; of an event, the sentence
	Elided      string  // the folded rest
	HasHTML     bool
	Warnings    []string
	Attachments []AttachmentRef
	Deliveries  []DeliveryState // the mails that carried a message
	InboundID   InboundID       // the original; 0: not by mail
	CameFrom    ConversationID  // where it stood before a merge
	EventKind   string
	Detail      map[string]any // of an event
	CreatedAt   time.Time
}

// A DeliveryState is how far one copy of a message has come.
type DeliveryState struct {
	ID           DeliveryID
	Purpose      DeliveryPurpose
	State        string // queued, sent, failed, held
	Recipient    Address
	LastResponse string
}

// An AttachmentRef names a file without its bytes.
type AttachmentRef struct {
	ID          AttachmentID
	Filename    string
	ContentType string
	ContentID   string
	Inline      bool
	Size        int64
}
