package core

// The names of rows. They stay inside: what a stranger may hold is a Token.
type (
	UserID         int64 // a person's account
	OrganizationID int64 // a customer organization
	TeamID         int64 // a team of staff
	MailboxID      int64 // an address of ours
	ConversationID int64 // a conversation
	PostID         int64 // a message: words that a customer may read
	NoteID         int64 // a note: words that a customer may never read
	MentionID      int64 // one person mentioned in one note
	DraftID        int64 // an unsent reply of one person
	EventID        int64 // something that happened
	AttachmentID   int64 // a file
	InboundID      int64 // an accepted mail
	DeliveryID     int64 // one mail to one recipient
	CategoryID     int64 // a shelf of the Help Center
	SectionID      int64 // a group of articles in a category
	ArticleID      int64 // an article of the Help Center
	ProposalID     int64 // a proposed revision of an article
	SigningKeyID   int64 // a DKIM key of a domain of ours
)
