package core_test

import (
	"testing"

	"postdesk/core"
)

// Rules 10 to 17: whose words go where.

func TestAnAnswerToAMentionMailOpensAConversation(t *testing.T) {
	t.Parallel()
	opened := func(links ...core.LinkTo) core.Decision {
		return changed(staffOpenedBy(core.RuleMention, links...), func(d *core.Decision) { d.Mention, d.AddsPeople = mention5, false })
	}
	further := core.Decision{Rule: core.RuleMention, Effect: core.EffectMessage, Conversation: case43, Mention: mention5, Verified: true, Reopens: true}
	openedBefore := func(f *core.Facts) { f.MentionAnswers = case43 }
	mia := by(core.RoleCollaborator)
	runRouteCases(t, []routeCase{
		{"T31: new conversation, requester = author, linked to the source for staff only",
			mailWith(mia, mayView, toMention), opened(fromMention(case42))},
		{"T32: full References to #77 add a link, nothing else",
			mailWith(mia, mayView, toMention, alsoNames77), opened(fromMention(case42), mayBelong(case77))},
		{"a mention on a user or organization has no conversation to link to",
			mailWith(mia, toMentionOnUser), opened()},
		{"before requester: the requester's answer to a mention mail too",
			mailWith(mia, isRequester, mayView, toMention), opened(fromMention(case42))},
		{"before collaborator: in CC there, it is still no note",
			mailWith(mia, isInCC, mayView, toMention), opened(fromMention(case42))},
		{"before staff_draft: an agent's answer to a mention mail is no draft",
			mailWith(by(core.RoleAgent), mayView, toMention), opened(fromMention(case42))},
		{"a closed or trashed source does not matter",
			mailWith(mia, mayView, toMention, isClosed, isTrashed), opened(fromMention(case42))},
		{"unproven: a new conversation, not verified",
			mailWith(mia, mayView, unproven, toMention), doubted(opened(fromMention(case42)))},
		{"a stranger with the leaked mention address gets one of their own, and adds nobody",
			mailWith(toMention), changed(openedBy(core.RuleMention, fromMention(case42)), func(d *core.Decision) { d.Mention, d.AddsPeople = mention5, false })},
		{"a further answer by the same author to the same mention mail is a message in the conversation that the first one opened",
			mailWith(mia, mayView, toMention, openedBefore), further},
		{"a further answer, unproven",
			mailWith(mia, mayView, toMention, openedBefore, unproven), doubted(further)},
		{"a further answer that is generated reopens nothing",
			mailWith(mia, mayView, toMention, openedBefore, kindOf(core.KindGenerated)), changed(further, func(d *core.Decision) { d.Reopens = false })},
		{"otherwise it opens another",
			mailWith(mia, mayView, toMention), opened(fromMention(case42))},
		{"the leak warning is for notes and drafts, not for a conversation of its own",
			mailWith(mia, mayView, toMention, alsoTo), opened(fromMention(case42))},
	})
}

func TestTheRequesterWritesMessages(t *testing.T) {
	t.Parallel()
	cara := by(core.RoleCustomer)
	message := message42(core.RuleRequester)
	runRouteCases(t, []routeCase{
		{"located by own token: message; reopens", mailWith(cara, isRequester, names(core.ByOwnToken)), message},
		{"located in any way: other's token", mailWith(cara, isRequester, names(core.ByOthersToken)), message},
		{"located in any way: thread", mailWith(cara, isRequester, names(core.ByThread)), message},
		{"T11: unproven, with References alone: a message with the doubt stated", mailWith(cara, isRequester, unproven, names(core.ByThread)), doubted(message)},
		{"T09c: with a null sender", mailWith(cara, isRequester, nullSender, names(core.ByOwnToken)), message},
		{"reopens (a generated one does not)", mailWith(cara, isRequester, kindOf(core.KindGenerated), names(core.ByThread)),
			changed(message, func(d *core.Decision) { d.Reopens = false })},
		{"any role: a collaborator in their own request writes a message", mailWith(by(core.RoleCollaborator), isRequester, mayView, names(core.ByThread)), message},
		{"any role: so does an agent, by own notice too", mailWith(by(core.RoleAgent), isRequester, mayView, toNotice), message},
		{"any role: and #note in one's own request is just text", mailWith(by(core.RoleOwner), isRequester, mayView, toNotice, usesNoteMarker), message},
		{"T57: further conversations that the mail names are linked", mailWith(cara, isRequester, names(core.ByThread), alsoNames77),
			changed(message, func(d *core.Decision) { d.Links = []core.LinkTo{alsoNamed(case77)} })},
	})
}

func TestACollaboratorsWordsAreNotes(t *testing.T) {
	t.Parallel()
	mia := by(core.RoleCollaborator)
	note := to42(core.RuleCollaborator, core.EffectNote)
	elsewhere := staffOpenedBy(core.RuleElsewhere, mayBelong(case42))
	runRouteCases(t, []routeCase{
		{"T26: located and a participant by CC: private note", mailWith(mia, isInCC, mayView, names(core.ByOwnToken)), note},
		{"participant by CC, unproven: the note says sender not verified", mailWith(mia, isInCC, unproven, names(core.ByThread)), doubted(note)},
		{"T29: may view the conversation and origin is proven: a customer's token gives no more (role beats token)",
			mailWith(mia, mayView, names(core.ByOthersToken)), note},
		{"T28: by References alone", mailWith(mia, mayView, names(core.ByThread)), note},
		{"may view, unproven, not in CC: not even a note", mailWith(mia, mayView, unproven, names(core.ByThread)), doubted(elsewhere)},
		{"neither in CC nor may view: a conversation of their own", mailWith(mia, names(core.ByThread)), elsewhere},
		{"on a closed one too", mailWith(mia, isInCC, mayView, isClosed, names(core.ByOwnToken)), note},
		{"not in the trash", mailWith(mia, isInCC, mayView, isTrashed, names(core.ByOwnToken)), elsewhere},
		{"first match wins: their own request, closed, that they may view: a note, proven",
			mailWith(mia, isRequester, mayView, isClosed, names(core.ByOwnToken)), note},
		{"their own request, closed, unproven: a follow-up",
			mailWith(mia, isRequester, mayView, isClosed, unproven, names(core.ByOwnToken)), doubted(staffOpenedBy(core.RuleElsewhere, followUp(case42)))},
		{"never a message: with a staff token from before a change of role", mailWith(mia, isInCC, mayView, toNotice), note},
		{"never a message: with a right to reply that a collaborator cannot have",
			mailWith(mia, isInCC, mayView, toNotice, func(f *core.Facts) { f.Author.MayReply = true }), note},
		{"A47, T27: sent to the customer by its author too: the note says so", mailWith(mia, isInCC, mayView, alsoTo, names(core.ByThread)),
			to42(core.RuleCollaborator, core.EffectNote, core.WarnAlsoToCustomer)},
		{"both doubts", mailWith(mia, isInCC, unproven, alsoTo, names(core.ByThread)),
			doubted(to42(core.RuleCollaborator, core.EffectNote, core.WarnAlsoToCustomer))},
		{"not located: a fresh mail, whatever its subject names, is their own request", mailWith(mia), staffOpenedBy(core.RuleNew)},
	})
}

func TestAnAgentsMailSpeaksForTheCompanyOnlyWithEveryProof(t *testing.T) {
	t.Parallel()
	abe := by(core.RoleAgent)
	draft := to42(core.RuleStaffDraft, core.EffectDraft)
	less := func(missing ...fact) core.Facts {
		return mailWith(append([]fact{abe, mayView, toNotice}, missing...)...)
	}
	runRouteCases(t, []routeCase{
		{"T67: own staff token, origin proven: public reply", less(), to42(core.RuleStaffReply, core.EffectReply)},
		{"an admin too", mailWith(by(core.RoleAdmin), mayView, toNotice), to42(core.RuleStaffReply, core.EffectReply)},
		{"an owner too", mailWith(by(core.RoleOwner), mayView, toNotice), to42(core.RuleStaffReply, core.EffectReply)},
		{"in CC there too", mailWith(abe, isInCC, mayView, toNotice), to42(core.RuleStaffReply, core.EffectReply)},
		{"first line #note: private note", less(usesNoteMarker), to42(core.RuleStaffReply, core.EffectNote)},
		{"#note, also sent to the customer", less(usesNoteMarker, alsoTo), to42(core.RuleStaffReply, core.EffectNote, core.WarnAlsoToCustomer)},
		{"a reply is not warned of: it goes to the customer anyhow", less(alsoTo), to42(core.RuleStaffReply, core.EffectReply)},
		{"not own: T69, a colleague's staff token: draft", mailWith(abe, mayView, names(core.ByOthersToken)), draft},
		{"not staff: a customer's own token of the same person: draft", mailWith(abe, mayView, names(core.ByOwnToken)), draft},
		{"T12, A24: an id proves no possession: draft", mailWith(abe, mayView, names(core.ByThread)), draft},
		{"origin unproven: draft, marked sender not verified", less(unproven), doubted(draft)},
		{"kind not human: draft", less(kindOf(core.KindGenerated)), draft},
		{"T39: within 15 s of our notice: draft", less(func(f *core.Facts) { f.NearNotice = true }), draft},
		{"a vacation subject: draft", less(func(f *core.Facts) { f.VacationSubject = true }), draft},
		{"nothing but the quoted notice: draft", less(func(f *core.Facts) { f.NothingNew = true }), draft},
		{"T68: a newer customer message: draft", less(func(f *core.Facts) { f.NewerCustomerMessage = true }), draft},
		{"closed: draft", less(isClosed), draft},
		{"in the trash: draft", less(isTrashed), draft},
		{"#note with less than every proof is a draft, not a note", less(usesNoteMarker, unproven), doubted(draft)},
		{"a draft that its author sent to the customer too", less(unproven, alsoTo), doubted(to42(core.RuleStaffDraft, core.EffectDraft, core.WarnAlsoToCustomer))},
		{"without the right to reply: private note", less(withoutReply), to42(core.RuleStaffDraft, core.EffectNote)},
		{"without the right to reply, unproven: private note, marked alike", less(withoutReply, unproven), doubted(to42(core.RuleStaffDraft, core.EffectNote))},
		{"without the right to reply, on a closed one", less(withoutReply, isClosed), to42(core.RuleStaffDraft, core.EffectNote)},
		{"an agent who may not view it: a conversation of their own, even with an old staff token", mailWith(abe, toNotice),
			staffOpenedBy(core.RuleElsewhere, mayBelong(case42))},
		{"an agent's own request, closed: a draft there, first match wins", mailWith(abe, isRequester, mayView, isClosed, names(core.ByThread)), draft},
		{"not located: an agent's fresh mail", mailWith(abe), staffOpenedBy(core.RuleNew)},
		{"A49: a demoted agent with the old staff token is a stranger", mailWith(by(core.RoleCustomer), toNotice), knownOpenedBy(core.RuleElsewhere, mayBelong(case42))},
	})
}

func TestPeopleInCCWriteMessages(t *testing.T) {
	t.Parallel()
	cole := by(core.RoleCustomer)
	message := message42(core.RuleParticipant)
	becomesCustomer := changed(message, func(d *core.Decision) { d.MakesAccount, d.JoinsByDomain, d.AsksPassword = true, true, true })
	runRouteCases(t, []routeCase{
		{"participant, located by own token: message by that person; reopens", mailWith(cole, isInCC, names(core.ByOwnToken)), message},
		{"T30: located in any way: the collaborator's token", mailWith(cole, isInCC, names(core.ByOthersToken)), message},
		{"located in any way: thread, unproven", mailWith(cole, isInCC, unproven, names(core.ByThread)), doubted(message)},
		{"a generated one does not reopen", mailWith(cole, isInCC, kindOf(core.KindGenerated), names(core.ByThread)),
			changed(message, func(d *core.Decision) { d.Reopens = false })},
		{"a bare address becomes a customer as in 17: joined by domain, asked to set a password", mailWith(isInCC, names(core.ByOwnToken)), becomesCustomer},
		{"a bare address, unproven: joins when the address is verified, and no mail", mailWith(isInCC, unproven, names(core.ByOwnToken)), doubted(becomesCustomer)},
		{"a bare address, released: no mail, no organization", mailWith(isInCC, names(core.ByOwnToken), releasedFrom(core.RuleFiltered)),
			changed(becomesCustomer, func(d *core.Decision) {
				d.JoinsByDomain, d.AsksPassword, d.Skipped = false, false, "It was released by hand."
			})},
		{"(a customer): an agent in CC who may not view it is none", mailWith(by(core.RoleAgent), isInCC, names(core.ByOwnToken)),
			staffOpenedBy(core.RuleElsewhere, mayBelong(case42))},
		{"who is requester as well is requester", mailWith(cole, isRequester, isInCC, names(core.ByThread)), message42(core.RuleRequester)},
		{"closed: a follow-up", mailWith(cole, isInCC, isClosed, names(core.ByOwnToken)), knownOpenedBy(core.RuleElsewhere, followUp(case42))},
		{"in the trash: a conversation of their own", mailWith(cole, isInCC, isTrashed, names(core.ByOwnToken)), knownOpenedBy(core.RuleElsewhere, mayBelong(case42))},
	})
}

func TestAThreadCannotBeJoinedByAHeaderOrALeakedToken(t *testing.T) {
	t.Parallel()
	cara := by(core.RoleCustomer)
	runRouteCases(t, []routeCase{
		{"T13: a stranger with a forwarded mail's token: own conversation, linked may belong", mailWith(cara, names(core.ByOthersToken)),
			knownOpenedBy(core.RuleElsewhere, mayBelong(case42))},
		{"T24: a guessed id", mailWith(names(core.ByThread)), openedBy(core.RuleElsewhere, mayBelong(case42))},
		{"T22, A22: a third party's confirmation at the customer's token", mailWith(kindOf(core.KindGenerated), names(core.ByOthersToken)),
			changed(openedBy(core.RuleElsewhere, mayBelong(case42)), func(d *core.Decision) { d.Acknowledges = false })},
		{"an unknown author gets an account as in 17, unproven: adds nobody, no mail", mailWith(unproven, names(core.ByOthersToken)),
			doubted(openedBy(core.RuleElsewhere, mayBelong(case42)))},
		{"closed: follow-up both ways if the author was its requester", mailWith(cara, isRequester, isClosed, names(core.ByOwnToken)),
			knownOpenedBy(core.RuleElsewhere, followUp(case42))},
		{"closed: follow-up for a participant by bare address", mailWith(isInCC, isClosed, names(core.ByThread)), openedBy(core.RuleElsewhere, followUp(case42))},
		{"closed: only may belong for a stranger", mailWith(cara, isClosed, names(core.ByThread)), knownOpenedBy(core.RuleElsewhere, mayBelong(case42))},
		{"T16: in the trash, no resurrection", mailWith(cara, isRequester, isTrashed, names(core.ByOwnToken)), knownOpenedBy(core.RuleElsewhere, mayBelong(case42))},
		{"closed and in the trash: what is in the trash has no follow-up", mailWith(cara, isRequester, isClosed, isTrashed, names(core.ByOwnToken)),
			knownOpenedBy(core.RuleElsewhere, mayBelong(case42))},
		{"all that the mail names is linked, the located one first", mailWith(names(core.ByThread), alsoNames77),
			openedBy(core.RuleElsewhere, mayBelong(case42), mayBelong(case77))},
	})
}

func TestEveryoneElseOpensAConversation(t *testing.T) {
	t.Parallel()
	runRouteCases(t, []routeCase{
		{"unknown address: a customer account is made, joined to the organization of its domain if origin is proven, and asked to set a password",
			mailWith(), openedBy(core.RuleNew)},
		{"T105b: unproven: a customer who joins when the address is verified", mailWith(unproven), doubted(openedBy(core.RuleNew))},
		{"a known customer", mailWith(by(core.RoleCustomer)), knownOpenedBy(core.RuleNew)},
		{"A21: a spoofed requester who names only the number, with an attacker in CC: unverified, not linked, attacker not added",
			mailWith(by(core.RoleCustomer), isRequester, unproven), doubted(knownOpenedBy(core.RuleNew))},
		{"A45: several conversations and no one of them: the new conversation is linked to each",
			mailWith(by(core.RoleCustomer), func(f *core.Facts) { f.Locator.Also = []core.ConversationID{case42, case77} }),
			knownOpenedBy(core.RuleNew, mayBelong(case42), mayBelong(case77))},
		{"T45: a newsletter: conversation without acknowledgement", mailWith(kindOf(core.KindGenerated)),
			changed(openedBy(core.RuleNew), func(d *core.Decision) { d.Acknowledges = false })},
		{"a locator that was never filled in names nothing", mailWith(func(f *core.Facts) { f.Locator = core.Locator{} }), openedBy(core.RuleNew)},
	})
}
