package core

import (
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"time"
)

// An arrival is a claimed mail on its way to a decision: what was read, and what
// the database says about it.
type arrival struct {
	claim  Claim
	letter Letter
	origin Origin

	from      Address // the author's address, zero if unusable
	fromName  string
	messageID string
	digest    []byte
	mailbox   MailboxID
	alsoAt    []MailboxID // further mailboxes of ours in RCPT
	passedOn  bool        // the author was read from Reply-To
	author    authorRow
	shunned   bool   // muted or suppressed: no mail goes to the author
	lifted    string // why mail to the author had stopped; this mail ended that
	joinable  bool   // an organization has the author's domain
	admins    []colleague
	named     bool  // somebody put the address in CC before it had an account
	opened    filed // the conversation that it opened
	ending    ending

	tokens   []tokenRow  // in RCPT, in order
	bounce   deliveryRow // a valid bounce token in RCPT
	pointers []mailPointer
	cases    map[ConversationID]caseRow // by every id that was named, merged ones too
	states   map[ConversationID]caseRow // by survivor
	mentions map[MentionID]mentionRow

	words *staffWords // of an agent in somebody else's conversation

	answersDraftNotice bool // it names the mail by which its author was told that one was kept

	automaticLeft *automaticLeft // shared by all mails of the transaction; nil: plenty

	facts Facts
}

type authorRow struct {
	ID       UserID
	Name     string
	Verified bool // the address is known to be theirs
	Asked    bool // has a password, or was asked by mail to set one
	Actor    Actor
}

type tokenRow struct {
	Name         RowName
	Purpose      Purpose
	Address      Address
	User         UserID
	Conversation ConversationID
	Mention      MentionID
	Mailbox      MailboxID
	CreatedAt    time.Time
}

type deliveryRow struct {
	ID           DeliveryID
	IDName       RowName
	Conversation ConversationID
	Mention      MentionID
	Mailbox      MailboxID
}

// A mailPointer is an id of the headers and what it names.
type mailPointer struct {
	id           string
	conversation ConversationID
	mention      MentionID
	foreign      bool // of somebody else's making
	shared       bool
}

type caseRow struct {
	Named       ConversationID
	ID          ConversationID
	Status      Status
	Trashed     bool
	Requester   UserID
	Assignee    UserID
	Team        TeamID
	Mailbox     MailboxID
	ClosedLong  bool // 90 days and more: its tokens count as none
	Participant bool
	Mentioned   bool
}

type mentionRow struct {
	ID           MentionID
	User         UserID
	Conversation ConversationID // the source, if it is a conversation
	Subject      UserID         // the source, if it is a user
	Organization OrganizationID
	Opened       ConversationID
}

// readAuthor decides whose mail it is (mail-law: words, Author). From alone
// counts; where From passes other people's mail on, and is proven or came over a
// trusted relay, it is the one mailbox in Reply-To (mail-law: passed on).
func (a *arrival) readAuthor(o *ours) {
	if a.letter.FromFields == 1 {
		a.from = onlyAddress(a.letter.From)
	}
	if a.from.IsZero() {
		return
	}
	a.fromName = a.letter.From[0].Name
	replyTo := onlyAddress(a.letter.ReplyTo)
	believed := a.origin.Verdict == Proven || a.origin.Trusted && a.origin.Verdict != Refuted
	if !o.passing[a.from] || !believed || replyTo.IsZero() || o.isOurs(replyTo) || !a.originalFromIs(replyTo) {
		return
	}
	a.from, a.fromName, a.passedOn = replyTo, a.letter.ReplyTo[0].Name, true
	a.origin.Verdict = Unproven
	a.origin.Reason = "It was passed on: who wrote it first cannot be proven."
}

// applyRelease: what staff decided about a suspended mail (mail-law: suspended
// mail).
func (a *arrival) applyRelease(o *ours) {
	a.facts.Released, a.facts.Without = true, a.claim.Released.Rule
	switch a.claim.Released.Rule {
	case RuleLoop:
		if o.isOurs(a.from) {
			a.from = Address{} // nobody's words: a mailbox is no person
		}
	case RuleForged:
		a.origin.Verdict = Unproven
	case RuleBadFrom:
		a.from, a.origin.Verdict = a.claim.Released.Requester, Unproven
	}
}

func (a *arrival) originalFromIs(replyTo Address) bool {
	for _, original := range a.letter.OriginalFrom {
		if o, err := ParseAddress(original.Address); err != nil || o != replyTo {
			return false
		}
	}
	return true
}

func onlyAddress(list []NamedAddress) Address {
	if len(list) != 1 {
		return Address{}
	}
	a, err := ParseAddress(list[0].Address)
	if err != nil {
		return Address{}
	}
	return a
}

// tokensIn reads the recipients' tokens without the database.
func (d *Desk) tokensIn(recipients []string) (replies []RowName, bounces []RowName) {
	for _, rcpt := range recipients {
		text, tagged := TokenOfAddress(rcpt)
		if !tagged {
			continue
		}
		switch token, ok := d.keys.Read(text); {
		case !ok:
		case token.Purpose == PurposeBounce:
			bounces = append(bounces, token.Row)
		case token.Purpose != PurposeID:
			replies = append(replies, token.Row)
		}
	}
	return replies, bounces
}

// headerIDs are the ids that may locate, in the law's order: each step a level.
func (l Letter) headerIDs() [][]string {
	levels := [][]string{l.InReplyTo}
	for _, id := range slices.Backward(l.References) {
		levels = append(levels, []string{id})
	}
	return levels
}

// mayBeAcknowledged spares the look at the rates where nothing would be sent.
func (a *arrival) mayBeAcknowledged(d *Desk) bool {
	return a.kind() == KindHuman && !a.unanswerable() && a.claim.Envelope.From != "" &&
		(a.origin.Verdict == Proven || d.heldAnyway()) && !a.from.IsZero()
}

// heldAnyway: with no relay, automatic mail to unproven senders leaves nobody.
func (d *Desk) heldAnyway() bool { return !d.cfg.RelaySet }

// names tells that one of the addresses stands in To or Cc.
func (a *arrival) names(addresses []string) bool {
	for _, list := range [][]NamedAddress{a.letter.To, a.letter.Cc} {
		for _, n := range list {
			if named, err := ParseAddress(n.Address); err == nil && slices.Contains(addresses, named.String()) {
				return true
			}
		}
	}
	return false
}

// noteMarker begins an agent's answer that is to be a note (mail-law:
// staff_reply). Words on its line are private too, whatever a client put around
// it, and so are those below one that was mistyped: rather a note too many than
// one too few.
var noteMarker = regexp.MustCompile("(?i)^" + unseenOrBold + `[#＃]` + unseenOrBold +
	`(?:notes?\b|(?:ntoe|noet|onte|nte|noe|not|nore|nite|mote|notr|nota)` + unseenOrBold + `(?:\n|$))[ \t:*_\p{Zs}\p{Cf}]*`)

const unseenOrBold = "[\\s\\p{Zs}\\p{Cf}*_\"'`(\\[]*"

func hasNoteMarker(text string) bool { return noteMarker.MatchString(text) }

// withoutNoteMarker gives the words of a note: lines that it quotes may stand above
// its marker.
func withoutNoteMarker(text string) string {
	own := firstOwnLine(text)
	above := text[:len(text)-len(own)]
	return strings.TrimSpace(above + strings.TrimSpace(own[len(noteMarker.FindString(own)):]))
}

// loopSign says why a mail is our own coming back, or "" (mail-law: loop).
func (d *Desk) loopSign(a *arrival, o *ours) string {
	if text, ok := TokenOfMessageID(a.letter.MessageID); ok {
		if _, ok := d.keys.ReadAs(text, PurposeID); ok {
			return "it has a Message-ID of ours"
		}
	}
	for _, value := range a.letter.Loops {
		if instance, _, _ := strings.Cut(value, ";"); strings.TrimSpace(instance) == d.instanceID() {
			return "it carries our loop mark"
		}
	}
	if _, mailbox := o.mailboxes[a.from]; mailbox && !a.passedOn {
		return "its sender is a mailbox of ours"
	}
	return ""
}

func (d *Desk) instanceID() string { return hex.EncodeToString(d.keys.instance[:]) }
