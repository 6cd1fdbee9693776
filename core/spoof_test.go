package core_test

import (
	"strings"
	"testing"

	"postdesk/core"
)

// The spoof table (reliability.md, S1): who it says it is from, whether that is
// so, and how it names conversation #42, each with the rule that decides. A
// subject names nothing, so its column is that of none. The three encodings of
// From are read before facts exist; all come to the same author.
const spoofTable = `
author           origin    | own token     other's token  thread        mention   subject   none
agent            proven    | staff_reply   staff_draft    staff_draft   mention   new       new
agent            unproven  | staff_draft   staff_draft    staff_draft   mention   new       new
agent            refuted   | forged        forged         forged        forged    forged    forged
no-reply-agent   proven    | staff_draft   staff_draft    staff_draft   mention   new       new
no-reply-agent   unproven  | staff_draft   staff_draft    staff_draft   mention   new       new
no-reply-agent   refuted   | forged        forged         forged        forged    forged    forged
agent-elsewhere  proven    | elsewhere     elsewhere      elsewhere     mention   new       new
agent-elsewhere  unproven  | elsewhere     elsewhere      elsewhere     mention   new       new
agent-elsewhere  refuted   | forged        forged         forged        forged    forged    forged
collaborator     proven    | collaborator  collaborator   collaborator  mention   new       new
collaborator     unproven  | elsewhere     elsewhere      elsewhere     mention   new       new
collaborator     refuted   | forged        forged         forged        forged    forged    forged
collaborator-cc  proven    | collaborator  collaborator   collaborator  mention   new       new
collaborator-cc  unproven  | collaborator  collaborator   collaborator  mention   new       new
collaborator-cc  refuted   | forged        forged         forged        forged    forged    forged
requester        proven    | requester     requester      requester     mention   new       new
requester        unproven  | requester     requester      requester     mention   new       new
requester        refuted   | forged        forged         forged        forged    forged    forged
participant      proven    | participant   participant    participant   mention   new       new
participant      unproven  | participant   participant    participant   mention   new       new
participant      refuted   | forged        forged         forged        forged    forged    forged
customer         proven    | elsewhere     elsewhere      elsewhere     mention   new       new
customer         unproven  | elsewhere     elsewhere      elsewhere     mention   new       new
customer         refuted   | forged        forged         forged        forged    forged    forged
stranger         proven    | elsewhere     elsewhere      elsewhere     mention   new       new
stranger         unproven  | elsewhere     elsewhere      elsewhere     mention   new       new
stranger         refuted   | forged        forged         forged        forged    forged    forged
disabled         proven    | disabled      disabled       disabled      disabled  disabled  disabled
disabled         unproven  | disabled      disabled       disabled      disabled  disabled  disabled
disabled         refuted   | forged        forged         forged        forged    forged    forged
`

// spoofAuthors are the people of the table: who they are and what they are to #42.
func spoofAuthors() map[string][]fact {
	return map[string][]fact{
		"agent":           {by(core.RoleAgent), mayView},
		"no-reply-agent":  {by(core.RoleAgent), withoutReply, mayView},
		"agent-elsewhere": {by(core.RoleAgent)},
		"collaborator":    {by(core.RoleCollaborator), mayView},
		"collaborator-cc": {by(core.RoleCollaborator), mayView, isInCC},
		"requester":       {by(core.RoleCustomer), isRequester},
		"participant":     {by(core.RoleCustomer), isInCC},
		"customer":        {by(core.RoleCustomer)},
		"stranger":        {},
		"disabled":        {by(core.RoleCustomer), isDisabled, isRequester},
	}
}

func TestSpoofedMailIsDecidedAsTheTableSays(t *testing.T) {
	t.Parallel()
	nothing := func(*core.Facts) {}
	locators := []fact{toNotice, names(core.ByOthersToken), names(core.ByThread), toMention, nothing, nothing}
	lines := strings.Split(strings.TrimSpace(spoofTable), "\n")[1:]
	if want := len(spoofAuthors()) * 3; len(lines) != want {
		t.Fatalf("the table has %d rows, want %d", len(lines), want)
	}
	for _, line := range lines {
		who, cells, _ := strings.Cut(line, "|")
		author, origin := strings.Fields(who)[0], core.Verdict(strings.Fields(who)[1])
		for i, rule := range strings.Fields(cells) {
			facts := append(spoofAuthors()[author], locators[i], func(f *core.Facts) {
				f.Origin = origin
				f.Locator.Staff = f.Locator.Staff && f.Author.Role.Agent() // others have participant tokens
			})
			f := mailWith(facts...)
			if got := checkProperties(t, f); got.Rule != core.Rule(rule) {
				t.Errorf("%s, %s, column %d: rule %s, want %s", author, origin, i+1, got.Rule, rule)
			}
		}
	}
}

// A24: whatever a spoofed agent lacks, the mail is never sent on. Facts are those
// of a reply that is let through, with one to all of the proofs taken away.
func TestASpoofedAgentNeverReplies(t *testing.T) {
	t.Parallel()
	chance := seeded(t)
	missing := []fact{
		unproven, refuted,
		names(core.ByThread), names(core.ByOthersToken), names(core.ByOwnToken), // no token, another's, one that is no staff token
		toMention, withoutReply,
		func(f *core.Facts) { f.Standing.MayView = false },
		func(f *core.Facts) { f.Locator = core.Locator{How: core.ByNothing} },
		func(f *core.Facts) { f.Kind = core.KindGenerated },
		func(f *core.Facts) { f.Author.Role = core.RoleCollaborator },
		func(f *core.Facts) { f.Author = core.Author{} },
		func(f *core.Facts) { f.NearNotice = true },
		func(f *core.Facts) { f.NewerCustomerMessage = true },
	}
	for range 10_000 {
		f := mailWith(by(oneOf(chance.IntN, core.RoleAgent, core.RoleAdmin, core.RoleOwner)), mayView, toNotice, alsoNames77)
		f.Standing.Participant = chance.IntN(2) == 0
		f.AlsoToCustomer, f.HeldAnyway = chance.IntN(2) == 0, chance.IntN(2) == 0
		if d := core.Route(f); d.Effect != core.EffectReply {
			t.Fatalf("control: with every proof it is %s by rule %s, want a reply", d.Effect, d.Rule)
		}
		for _, i := range chance.Perm(len(missing))[:1+chance.IntN(3)] {
			missing[i](&f)
		}
		if d := core.Route(f); d.Effect == core.EffectReply {
			t.Fatalf("sent with less than every proof:\n%+v", f)
		}
	}
}
