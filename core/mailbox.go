package core

import "time"

// A Mailbox is an address of ours. The oldest one is the first: postmaster and
// abuse lead there, and what has no conversation is sent from there.
type Mailbox struct {
	ID        MailboxID
	Address   Address
	Name      string // shown as the sender
	CreatedAt time.Time
}
