package core

import (
	"time"
)

// A Conversation is what a requester wants and who takes part in it, as staff
// see it. What was said is its Timeline.
type Conversation struct {
	ID           ConversationID
	Subject      string
	Status       Status
	Priority     string // low, normal, high, urgent
	Type         string // question, task, problem, incident
	Tags         []string
	Requester    PersonRef
	Assignee     PersonRef // ID 0: nobody
	Team         Team      // ID 0: none; without members
	Mailbox      Mailbox
	Channel      Channel
	Participants []Participant
	Suggestions  []Suggestion
	Links        []Link
	Following    bool           // the reader follows it
	MergedInto   ConversationID // the survivor, merges of merges followed; 0: not merged
	Trashed      bool
	CreatedAt    time.Time
	UpdatedAt    time.Time // last activity
}

// Closed tells that nothing can be said here any more but notes.
func (c Conversation) Closed() bool { return c.Status == StatusClosed }

// A PersonRef is a person as others see them.
type PersonRef struct {
	ID      UserID // 0: an address without an account
	Name    string
	Address Address // the primary one
	Role    Role
	Enabled bool
	Invited bool // and has not answered yet: neither enabled nor called disabled
	Deleted bool // anonymised: nothing of the person is left
}

// DisplayName marks the disabled (behaviour.md section 3), and gives an address
// for those without a name.
func (p PersonRef) DisplayName() string {
	name := p.Name
	if name == "" {
		name = p.Address.String()
	}
	return nameWithState(name, p.ID == 0 || p.Enabled || p.Invited || p.Deleted)
}

// nameWithState is the one place that calls somebody disabled. No mail and no
// customer reads it: there, names are names.
func nameWithState(name string, enabled bool) string {
	if enabled {
		return name
	}
	return name + " (Disabled)"
}

// A Participant is somebody in CC, with how they came in: mail, agent, api,
// merge, requester or split.
type Participant struct {
	PersonRef
	Via string
}

// A Suggestion is an address that a mail named in To or Cc and that nobody let
// in yet. It gets no mail (mail-law section 4).
type Suggestion struct {
	Address  Address
	Name     string
	NamedBy  string // the author of that mail
	Verified bool   // whose origin was proven
}

// A Link leads to another conversation. Only staff see links. Relation: mention,
// may_belong, follow_up, also_names, split.
type Link struct {
	Conversation ConversationID
	Subject      string
	Relation     string
	Younger      bool // the other is the younger one
}

// A Channel is the way something was written, or a conversation began.
type Channel string

// The channels.
const (
	ChannelMail       Channel = "mail"
	ChannelAgent      Channel = "agent" // the panel
	ChannelHelpCenter Channel = "helpcenter"
	ChannelAPI        Channel = "api"
)
