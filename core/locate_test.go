package core_test

import (
	"reflect"
	"testing"

	"postdesk/core"
)

// A place is where in a mail something that points to a conversation was found;
// each is a level, in the order of the mail law.
type place int

const (
	inRCPT place = iota
	inReplyTo
	inLastReference // References from right to left
	inReferenceBefore
	places
)

type pointsFrom struct {
	place   place
	pointer core.Pointer
}

func ownToken(c core.ConversationID) core.Pointer {
	return core.Pointer{How: core.ByOwnToken, Conversation: c, Standing: core.Standing{Participant: true}}
}

func staffToken(c core.ConversationID) core.Pointer {
	return core.Pointer{How: core.ByOwnToken, Staff: true, Conversation: c, Standing: core.Standing{MayView: true}}
}

func othersToken(c core.ConversationID) core.Pointer {
	return core.Pointer{How: core.ByOthersToken, Conversation: c}
}

func ourID(c core.ConversationID) core.Pointer {
	return core.Pointer{How: core.ByThread, Conversation: c}
}

// sharedID is an id of somebody else's making that several stored mails share.
func sharedID(c core.ConversationID) core.Pointer {
	return core.Pointer{How: core.ByThread, Conversation: c, Shared: true}
}

func mentionOf(m core.MentionID, source core.ConversationID) core.Pointer {
	return core.Pointer{How: core.ByMention, Mention: m, Conversation: source}
}

func authorRequested(p core.Pointer) core.Pointer { p.Standing.Requester = true; return p }
func authorInCC(p core.Pointer) core.Pointer      { p.Standing.Participant = true; return p }
func authorViews(p core.Pointer) core.Pointer     { p.Standing.MayView = true; return p }
func authorMentioned(p core.Pointer) core.Pointer { p.ForAuthor = true; return p }

func TestLocatorIsDecidedByTheFirstLevelThatYieldsSomething(t *testing.T) {
	t.Parallel()
	at := func(how core.How, c core.ConversationID, also ...core.ConversationID) core.Locator {
		return core.Locator{How: how, Conversation: c, Also: also}
	}
	atStaff := func(c core.ConversationID) core.Locator {
		return core.Locator{How: core.ByOwnToken, Staff: true, Conversation: c}
	}
	atMention := func(m core.MentionID, c core.ConversationID, also ...core.ConversationID) core.Locator {
		return core.Locator{How: core.ByMention, Mention: m, Conversation: c, Also: also}
	}
	const a, b, c = case42, case77, core.ConversationID(99)
	for _, test := range []struct {
		sentence string
		mail     []pointsFrom
		want     core.Locator
	}{
		{"nothing names a conversation: none", nil, at(core.ByNothing, 0)},
		{"own token: in RCPT, minted for this author", []pointsFrom{{inRCPT, ownToken(a)}}, at(core.ByOwnToken, a)},
		{"other's token: in RCPT, minted for someone else", []pointsFrom{{inRCPT, othersToken(a)}}, at(core.ByOthersToken, a)},
		{"own staff token: the possession that a reply by mail needs", []pointsFrom{{inRCPT, staffToken(a)}}, atStaff(a)},
		{"a staff token of somebody else's is other's token, no possession", []pointsFrom{{inRCPT, core.Pointer{How: core.ByOthersToken, Staff: true, Conversation: a}}}, at(core.ByOthersToken, a)},
		{"thread: In-Reply-To names a message that we sent or hold", []pointsFrom{{inReplyTo, ourID(a)}}, at(core.ByThread, a)},
		{"thread: References do", []pointsFrom{{inReferenceBefore, ourID(a)}}, at(core.ByThread, a)},
		{"an id proves no possession, also in the author's own conversation", []pointsFrom{{inReplyTo, authorRequested(ourID(a))}}, at(core.ByThread, a)},
		{"mention: a mention token in RCPT", []pointsFrom{{inRCPT, mentionOf(5, a)}}, atMention(5, a)},
		{"mention: a mention mail's Message-ID", []pointsFrom{{inReplyTo, mentionOf(5, a)}}, atMention(5, a)},
		{"mention on a user or organization: no conversation", []pointsFrom{{inRCPT, mentionOf(5, 0)}}, atMention(5, 0)},

		{"our addresses in RCPT come before In-Reply-To; the rest is linked", []pointsFrom{{inRCPT, othersToken(a)}, {inReplyTo, authorRequested(ourID(b))}}, at(core.ByOthersToken, a, b)},
		{"RCPT comes before a mention mail's Message-ID", []pointsFrom{{inRCPT, ownToken(a)}, {inReplyTo, mentionOf(5, b)}}, at(core.ByOwnToken, a, b)},
		{"T32: a mention token comes before full References", []pointsFrom{{inRCPT, mentionOf(5, a)}, {inReplyTo, ourID(a)}, {inLastReference, ourID(b)}}, atMention(5, a, b)},
		{"In-Reply-To comes before References", []pointsFrom{{inReplyTo, ourID(a)}, {inLastReference, authorRequested(ourID(b))}}, at(core.ByThread, a, b)},
		{"T57: References from right to left, each id a level of its own: the newest, not the oldest, also where the author is only on the older",
			[]pointsFrom{{inLastReference, ourID(a)}, {inReferenceBefore, authorRequested(ourID(b))}}, at(core.ByThread, a, b)},
		{"a conversation in In-Reply-To comes before a mention in References: only within one level a mention beats a conversation",
			[]pointsFrom{{inReplyTo, ourID(a)}, {inLastReference, mentionOf(5, b)}}, at(core.ByThread, a, b)},

		{"within one level a mention beats a conversation", []pointsFrom{{inRCPT, ownToken(a)}, {inRCPT, mentionOf(5, b)}}, atMention(5, b, a)},
		{"it beats also one that the author requested", []pointsFrom{{inReplyTo, authorRequested(ourID(a))}, {inReplyTo, mentionOf(5, b)}}, atMention(5, b, a)},
		{"of several mentions, the author's own", []pointsFrom{{inRCPT, mentionOf(5, a)}, {inRCPT, authorMentioned(mentionOf(6, b))}}, atMention(6, b, a)},
		{"of several mentions of others, the first", []pointsFrom{{inRCPT, mentionOf(5, a)}, {inRCPT, mentionOf(6, b)}}, atMention(5, a, b)},

		{"A45: several conversations on one level: the one where the author is requester", []pointsFrom{{inRCPT, othersToken(a)}, {inRCPT, authorRequested(othersToken(b))}}, at(core.ByOthersToken, b, a)},
		{"several conversations on one level: the one where the author is participant", []pointsFrom{{inRCPT, othersToken(a)}, {inRCPT, ownToken(b)}}, at(core.ByOwnToken, b, a)},
		{"A45: two tokens and the author on neither: none, linked to each", []pointsFrom{{inRCPT, othersToken(a)}, {inRCPT, othersToken(b)}}, at(core.ByNothing, 0, a, b)},
		{"two tokens and the author on both: none, linked to each", []pointsFrom{{inRCPT, ownToken(a)}, {inRCPT, authorRequested(othersToken(b))}}, at(core.ByNothing, 0, a, b)},
		{"if that is not exactly one, none: who may view it is not on it", []pointsFrom{{inRCPT, staffToken(a)}, {inRCPT, staffToken(b)}}, at(core.ByNothing, 0, a, b)},
		{"if that is not exactly one, none: no later level is asked, but it is linked too", []pointsFrom{{inRCPT, othersToken(a)}, {inRCPT, othersToken(b)}, {inReplyTo, authorRequested(ourID(c))}}, at(core.ByNothing, 0, a, b, c)},
		{"several ids in In-Reply-To are one level", []pointsFrom{{inReplyTo, ourID(a)}, {inReplyTo, authorInCC(ourID(b))}}, at(core.ByThread, b, a)},
		{"merged conversations are one by then: two tokens of it are no doubt", []pointsFrom{{inRCPT, othersToken(a)}, {inRCPT, ownToken(a)}}, at(core.ByOwnToken, a)},
		{"the strongest token counts: own before other's, in any order", []pointsFrom{{inRCPT, ownToken(a)}, {inRCPT, othersToken(a)}}, at(core.ByOwnToken, a)},
		{"the strongest token counts: the staff notice's", []pointsFrom{{inRCPT, staffToken(a)}, {inRCPT, ownToken(a)}}, atStaff(a)},
		{"another conversation's staff token lends nothing", []pointsFrom{{inRCPT, staffToken(a)}, {inRCPT, ownToken(b)}}, at(core.ByOwnToken, b, a)},

		{"T115: a shared foreign id points to nothing that the author is not on", []pointsFrom{{inReplyTo, sharedID(a)}}, at(core.ByNothing, 0)},
		{"a shared foreign id does not point to what the author may only view", []pointsFrom{{inReplyTo, authorViews(sharedID(a))}}, at(core.ByNothing, 0)},
		{"a shared foreign id points to the conversation that the author is on", []pointsFrom{{inReplyTo, sharedID(a)}, {inReplyTo, authorRequested(sharedID(b))}}, at(core.ByThread, b)},
		{"a level with only others' shared ids yields nothing: the next is asked", []pointsFrom{{inReplyTo, sharedID(a)}, {inLastReference, ourID(b)}}, at(core.ByThread, b)},
		{"two shared ids, the author on both: none, linked to each", []pointsFrom{{inReplyTo, authorInCC(sharedID(a))}, {inReplyTo, authorRequested(sharedID(b))}}, at(core.ByNothing, 0, a, b)},
		{"an id of somebody else's that one stored mail has points like ours", []pointsFrom{{inReplyTo, ourID(a)}}, at(core.ByThread, a)},
		{"a mention on a user or organization adds no link", []pointsFrom{{inRCPT, ownToken(a)}, {inReplyTo, mentionOf(5, 0)}}, at(core.ByOwnToken, a)},
		{"named twice is linked once, and never to itself", []pointsFrom{{inRCPT, ownToken(a)}, {inReplyTo, ourID(b)}, {inLastReference, ourID(a)}, {inReferenceBefore, ourID(b)}}, at(core.ByOwnToken, a, b)},
	} {
		t.Run(test.sentence, func(t *testing.T) {
			t.Parallel()
			levels := make([]core.Level, places)
			for _, p := range test.mail {
				levels[p.place] = append(levels[p.place], p.pointer)
			}
			got := core.Locate(levels)
			if len(got.Also) == 0 {
				got.Also = nil
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("located\n%+v, want\n%+v", got, test.want)
			}
			if got.Located() != (test.want.How != core.ByNothing) {
				t.Errorf("Located() = %t for %q", got.Located(), got.How)
			}
		})
	}
}

func TestAMailToAHundredConversationsIsLinkedToEach(t *testing.T) {
	t.Parallel()
	var rcpt core.Level
	for id := range core.ConversationID(100) {
		rcpt = append(rcpt, othersToken(id+1))
	}
	for _, mail := range [][]core.Level{{rcpt}, {rcpt, {ourID(101), ourID(102)}}} { // more than that help nobody
		got := core.Locate(mail)
		if got.Located() || len(got.Also) != 100 {
			t.Errorf("located by %q with %d links, want none with 100", got.How, len(got.Also))
		}
	}
}

func TestLocatingChangesNothingThatItWasGiven(t *testing.T) {
	t.Parallel()
	mail := func() []core.Level {
		return []core.Level{{sharedID(case77), othersToken(case42), ownToken(case43)}, {ourID(case77)}}
	}
	given := mail()
	first := core.Locate(given)
	if !reflect.DeepEqual(given, mail()) {
		t.Errorf("the levels became %+v", given)
	}
	if second := core.Locate(given); !reflect.DeepEqual(first, second) {
		t.Errorf("located %+v, then %+v", first, second)
	}
}
