package core

import (
	"time"

	"postdesk/core/language"
)

// DeliveryPurpose says what an outgoing mail is for.
type DeliveryPurpose string

// The purposes, as the API names them in upper case.
const (
	PurposeReply           DeliveryPurpose = "reply"           // to requester and customers in CC
	PurposeCopy            DeliveryPurpose = "copy"            // the safe copy of a collaborator in CC
	PurposeAcknowledgement DeliveryPurpose = "acknowledgement" // a first contact's one automatic mail
	PurposeMentionMail     DeliveryPurpose = "mention"         // to mentioned staff; no word of the note
	PurposeStaffNotice     DeliveryPurpose = "staff_notice"    // to agents, see NoticeKind
	PurposeVerify          DeliveryPurpose = "verify"
	PurposeInvite          DeliveryPurpose = "invite"
	PurposeReset           DeliveryPurpose = "reset"
)

// NoticeKind says what a staff notice is about.
type NoticeKind string

// The kinds of staff notice. Only NoticeMessage carries words: a customer's.
const (
	NoticeMessage NoticeKind = "message" // a customer wrote
	NoticeNote    NoticeKind = "note"    // somebody noted; no word of the note
	NoticeDraft   NoticeKind = "draft"   // your mail was kept as a draft, nothing was sent
	NoticeDelayed NoticeKind = "delayed" // your answer is not delivered yet
	NoticeFailed  NoticeKind = "failed"  // your answer could not be delivered
	NoticeDigest  NoticeKind = "digest"  // what was suspended since the last one
)

// NoticeAddresses goes with PurposeVerify, without a link: it tells a person's
// old address that staff added one, or that another one is the primary now.
const NoticeAddresses NoticeKind = "addresses"

// NoticeSecurity goes with PurposeVerify, without a link: it tells a person that
// their two-factor sign-in was changed, or is being guessed at.
const NoticeSecurity NoticeKind = "security"

// NoticeConfirm goes with PurposeVerify where the account has a password: the
// address was added to it, and the password confirms that.
const NoticeConfirm NoticeKind = "confirm"

// NoticeSignIn goes with PurposeReset: the link signs in and sets no password.
const NoticeSignIn NoticeKind = "sign_in"

// A Delivery is one mail to one recipient, claimed by this process until its
// lease ends.
type Delivery struct {
	ID           DeliveryID
	Attempt      int // fences: only the last claimer may finish
	Purpose      DeliveryPurpose
	Recipient    Address
	EnvelopeFrom string // the bounce address: its token names this delivery
	Held         bool   // compose and store, do not send
	CreatedAt    time.Time
	Composed     bool      // has its bytes: sent as they are, at every attempt
	Bytes        []byte    // of a composed mail that is not large; ComposedBytes reads a large one's
	Size         int64     // in octets, about: before it is composed that of its files, encoded
	Outgoing     *Outgoing // what it is composed of, once Gather has read it

	destination string // of the lane that claimed it
	failures    int    // of that destination then: more than 0 is a probe
}

// Outgoing is all that one mail is composed of. It has no field for a note: what
// must not leave cannot be typed (house rule).
type Outgoing struct {
	Purpose  DeliveryPurpose
	Notice   NoticeKind   // with PurposeStaffNotice, verify and reset
	Words    MailText     // the mailbox's own text of this kind; empty: the standard text
	Instance string       // the name of this help desk
	Language language.Tag // of the recipient, else of the instance
	Accent   string       // "#rrggbb", the colour of the instance; empty: the program's own

	From       NamedAddress
	Recipient  NamedAddress
	To, Cc     []NamedAddress // what the headers show; mail-law section 4
	ReplyTo    string
	Subject    string
	MessageID  string // without angle brackets, like all ids here
	InReplyTo  string
	References []string
	Date       time.Time
	Zone       *time.Location // of the recipient

	AutoSubmitted string // auto-replied or auto-generated; empty for a person's words
	Loop          string // value of LoopHeader, empty for a person's words

	Author    string // who speaks, or who mentioned
	Text      string // the public words
	Signature string // of the agent
	Quote     []Quoted
	Files     []File

	Link        string // single use, alone on a line
	LinkExpires time.Time
	AccountPage string // where a customer without a password may ask for one; no secret
	Page        string // what a View button opens
	Where       string // what the page is, in words: "conversation #42"
	Problem     string // with NoticeFailed, NoticeDelayed, NoticeDraft: what went wrong, in words
	Digest      Digest // with NoticeDigest
}

// Quoted is an earlier public message under the new one.
type Quoted struct {
	Author string
	At     time.Time
	Text   string
}

// A File is an attachment with its bytes.
type File struct {
	Name        string
	ContentType string
	ContentID   string
	Inline      bool
	Content     []byte
}

// An Outcome is what a try to deliver brought.
type Outcome string

// The outcomes.
const (
	Sent  Outcome = "sent"
	Later Outcome = "later"
	Never Outcome = "never"
)

// A Receipt is the outcome of a try with the server's words.
type Receipt struct {
	Outcome          Outcome
	Code             int           // RFC 5321 reply code, 0 if the server gave none
	Enhanced         string        // RFC 3463 code, if given
	Text             string        // the server's words, or what went wrong before it spoke
	Remote           string        // the server
	PerhapsDelivered bool          // the connection was lost after the final dot
	Unreachable      bool          // no server of the destination could be spoken to: the others wait too
	Took             time.Duration // the try's dialogue; 0 if there was none
}
