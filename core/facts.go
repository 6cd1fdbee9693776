package core

import "slices"

// assemble turns rows into the facts that Route reads.
func (d *Desk) assemble(a *arrival) {
	f := &a.facts
	f.Kind, f.Unanswerable, f.VacationSubject = a.kind(), a.unanswerable(), a.letter.VacationSubject
	f.NullSender = a.claim.Envelope.From == ""
	f.NoteMarker = hasNoteMarker(a.letter.NewText())
	f.NothingNew = !a.letter.HasNewText()
	f.UsableFrom = !a.from.IsZero()
	f.Origin = a.origin.Verdict
	f.HeldAnyway = d.heldAnyway()
	f.Author = Author{ID: a.author.ID, Role: a.author.Actor.Role, Disabled: a.author.ID != 0 && !a.author.Actor.Enabled,
		MayReply: a.author.Actor.Can(DoReply) == nil}
	f.Bounce = a.bounce.ID
	f.Locator = Locate(a.levels())
	if a.bounce.ID != 0 {
		f.Locator = a.locatorOfBounce()
	}
	f.Standing = a.standing(f.Locator.Conversation)
	if f.Locator.How == ByMention && a.mentions[f.Locator.Mention].User == a.author.ID {
		f.Standing.MayView = true
	}
	if c, ok := a.states[f.Locator.Conversation]; ok {
		f.Status, f.Trashed = c.Status, c.Trashed
	}
	if m := a.mentions[f.Locator.Mention]; m.Opened != 0 && f.Locator.How == ByMention {
		c, ok := a.cases[m.Opened]
		if ok && c.ID == m.Opened && c.Requester == a.author.ID && c.Status != StatusClosed && !c.Trashed {
			f.MentionAnswers = c.ID
		}
	}
}

func (a *arrival) standing(id ConversationID) Standing {
	c, ok := a.states[id]
	if !ok {
		return Standing{}
	}
	s := Standing{Requester: a.author.ID != 0 && c.Requester == a.author.ID, Participant: c.Participant}
	s.MayView = a.author.Actor.MayView(CaseFacts{Requester: c.Requester, Assignee: c.Assignee, Team: c.Team,
		Participant: c.Participant, Mentioned: c.Mentioned})
	return s
}

// levels are the pointers of the mail, rank by rank.
func (a *arrival) levels() []Level {
	var rcpt Level
	for _, t := range a.tokens {
		if p, ok := a.tokenPointer(t); ok {
			rcpt = append(rcpt, p)
		}
	}
	levels := []Level{rcpt}
	for _, ids := range a.letter.headerIDs() {
		var level Level
		for _, p := range a.pointers {
			if slices.Contains(ids, p.id) {
				level = a.appendPointer(level, p)
			}
		}
		levels = append(levels, level)
	}
	return levels
}

func (a *arrival) tokenPointer(t tokenRow) (Pointer, bool) {
	own := t.User != 0 && t.User == a.author.ID || t.User == 0 && t.Address == a.from
	if t.Mention != 0 {
		m := a.mentions[t.Mention]
		return Pointer{How: ByMention, Mention: t.Mention, Conversation: a.cases[m.Conversation].ID, ForAuthor: own}, true
	}
	c, ok := a.cases[t.Conversation]
	if !ok || c.ClosedLong {
		return Pointer{}, false
	}
	p := Pointer{How: ByOthersToken, Conversation: c.ID, Named: t.Conversation, Standing: a.standing(c.ID)}
	if own {
		p.How, p.Staff = ByOwnToken, t.Purpose == PurposeStaff
	}
	return p, true
}

func (a *arrival) appendPointer(level Level, p mailPointer) Level {
	if m, ok := a.mentions[p.mention]; ok {
		return append(level, Pointer{How: ByMention, Mention: m.ID, Conversation: a.cases[m.Conversation].ID, ForAuthor: m.User == a.author.ID})
	}
	if c, ok := a.cases[p.conversation]; ok {
		return append(level, Pointer{How: ByThread, Conversation: c.ID, Named: p.conversation, Shared: p.shared, Standing: a.standing(c.ID)})
	}
	return level
}

// locatorOfBounce: mail at a bounce address is about that delivery (mail-law:
// report).
func (a *arrival) locatorOfBounce() Locator {
	if m, ok := a.mentions[a.bounce.Mention]; ok {
		return Locator{How: ByMention, Mention: m.ID, Conversation: a.cases[m.Conversation].ID}
	}
	if c, ok := a.cases[a.bounce.Conversation]; ok {
		return Locator{How: ByThread, Conversation: c.ID}
	}
	return Locator{How: ByNothing}
}
