package core

// A ReplyForm is an agent's public answer.
type ReplyForm struct {
	Text   string
	CC     []string // addresses to let in; who is in stays in
	Status Status   // empty: as mail-law section 8 says
	Files  []Upload
	Draft  DraftID // sent by this reply: its files come along and it goes; 0: none
	Source Channel // ChannelAgent by default
}

// An Upload is a file that somebody attaches.
type Upload struct {
	Filename    string
	ContentType string
	Content     []byte
}

// A Recipient is somebody who gets a reply, and what they get of it, in words.
type Recipient struct {
	PersonRef
	What string // "private copy", "sees addresses"
}

// NewConversation is a conversation that an agent opens on a customer's behalf.
type NewConversation struct {
	Subject        string
	Text           string
	Requester      UserID // or
	RequesterEmail string // an unknown address makes the customer
	CC             []string
	Files          []Upload
	Mailbox        MailboxID // 0: the first
	Channel        Channel   // ChannelAgent by default
}

// Changes are new values for a conversation; nil leaves a field as it is.
type Changes struct {
	Subject        *string
	Status         *Status
	Priority       *string
	Type           *string
	Tags           *[]string
	Assignee       *UserID // 0: nobody
	Team           *TeamID // 0: none
	Requester      *UserID
	RequesterEmail *string // instead of Requester; an unknown address makes the customer
}
