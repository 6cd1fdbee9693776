package core

import "time"

// A Draft is an unsent reply of one person, sent by nobody but them.
type Draft struct {
	ID          DraftID
	Source      Channel // agent: typed in the panel; mail: made of a mail that lacked a proof
	Text        string
	CC          []string
	Verified    bool
	Warnings    []string
	Attachments []AttachmentRef
	InboundID   InboundID
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// A DraftForm is what the composer holds.
type DraftForm struct {
	ID   DraftID // 0: a new one
	Text string
	CC   []string
}
