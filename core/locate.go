package core

import "slices"

// How a mail names a conversation (mail-law: words, Locator), the strongest
// first.
type How string

// The ways of locating.
const (
	ByOwnToken    How = "own token"     // in RCPT, minted for this author
	ByOthersToken How = "other's token" // in RCPT, minted for someone else
	ByThread      How = "thread"        // In-Reply-To or References
	ByMention     How = "mention"       // a mention token, or a mention mail's Message-ID
	ByNothing     How = "none"
)

// A Standing is what the author is to a conversation.
type Standing struct {
	Requester   bool `json:",omitzero"`
	Participant bool `json:",omitzero"` // in CC, by account or by bare address
	MayView     bool `json:",omitzero"` // staff, by case access
}

// On tells that the author is part of the conversation.
func (s Standing) On() bool { return s.Requester || s.Participant }

// A Pointer is something in a mail that names a conversation, or a mention in a
// note. Merged conversations are followed to their survivor before.
type Pointer struct {
	How          How
	Staff        bool // the token is that of a staff notice
	Conversation ConversationID
	Named        ConversationID // as it stands in the mail: Conversation, or one that was merged into it
	Mention      MentionID      // with ByMention; Conversation is then its source, or 0
	ForAuthor    bool           // the mention is the author's own
	Standing     Standing
	// Shared: an id of somebody else's making that several stored mails carry.
	Shared bool
}

// points: what strangers may share names only conversations that the author is
// on.
func (p Pointer) points() bool { return !p.Shared || p.Standing.On() }

// A Level holds pointers of one rank: all RCPT addresses, all of In-Reply-To, or
// one id of References.
type Level []Pointer

// A Locator is the conversation that a mail means.
type Locator struct {
	How          How            `json:",omitzero"`
	Staff        bool           `json:",omitzero"` // located by a staff token of the author's own
	Conversation ConversationID `json:",omitzero"`
	// Named is the one that was merged into it, where the mail means that one: the
	// undo of the merge takes the mail along.
	Named   ConversationID `json:",omitzero"`
	Mention MentionID      `json:",omitzero"`
	// Also are further conversations that the mail names; staff see the link.
	Also []ConversationID `json:",omitzero"`
}

// Located tells that something was found.
func (l Locator) Located() bool { return l.How != ByNothing && l.How != "" }

// Locate decides which conversation is meant: the first level that yields
// something (mail-law: words, Locator).
func Locate(levels []Level) Locator {
	found := Locator{How: ByNothing}
	for _, level := range levels {
		pointers := slices.DeleteFunc(slices.Clone(level), func(p Pointer) bool {
			return !p.points()
		})
		if len(pointers) == 0 {
			continue
		}
		found = decideLevel(pointers)
		break
	}
	for _, level := range levels {
		for _, p := range level {
			if p.points() {
				found.Also = appendNew(found.Also, p.Conversation)
			}
		}
	}
	found.Also = slices.DeleteFunc(found.Also, func(c ConversationID) bool { return c == found.Conversation })
	return found
}

func decideLevel(pointers []Pointer) Locator {
	if mention, ok := pickMention(pointers); ok {
		return Locator{How: ByMention, Mention: mention.Mention, Conversation: mention.Conversation}
	}
	if chosen, ok := onlyConversation(pointers); ok {
		return strongest(pointers, chosen)
	}
	on := slices.DeleteFunc(slices.Clone(pointers), func(p Pointer) bool { return !p.Standing.On() })
	if chosen, ok := onlyConversation(on); ok {
		return strongest(on, chosen)
	}
	return Locator{How: ByNothing}
}

// pickMention prefers the author's own mention.
func pickMention(pointers []Pointer) (Pointer, bool) {
	first := slices.IndexFunc(pointers, func(p Pointer) bool { return p.How == ByMention })
	if first < 0 {
		return Pointer{}, false
	}
	own := slices.IndexFunc(pointers, func(p Pointer) bool { return p.How == ByMention && p.ForAuthor })
	return pointers[max(first, own)], true
}

func onlyConversation(pointers []Pointer) (ConversationID, bool) {
	if len(pointers) == 0 {
		return 0, false
	}
	chosen := pointers[0].Conversation
	for _, p := range pointers {
		if p.Conversation != chosen {
			return 0, false
		}
	}
	return chosen, true
}

// strongest is the best proof among the pointers to one conversation.
func strongest(pointers []Pointer, chosen ConversationID) Locator {
	l := Locator{How: ByThread, Conversation: chosen, Named: onlyNamed(pointers, chosen)}
	for _, p := range pointers {
		if p.Conversation != chosen {
			continue
		}
		if p.How == ByOwnToken {
			l.How = ByOwnToken
			l.Staff = l.Staff || p.Staff
		}
		if p.How == ByOthersToken && l.How != ByOwnToken {
			l.How = ByOthersToken
		}
	}
	return l
}

// onlyNamed is the merged conversation that all of them name, 0 if they do not.
func onlyNamed(pointers []Pointer, chosen ConversationID) (named ConversationID) {
	for i, p := range pointers {
		if p.Named == chosen || i > 0 && p.Named != named {
			return 0
		}
		named = p.Named
	}
	return named
}

func appendNew(ids []ConversationID, id ConversationID) []ConversationID {
	const enough = 100 // as many as a mail has recipients
	if id == 0 || len(ids) >= enough || slices.Contains(ids, id) {
		return ids
	}
	return append(ids, id)
}
