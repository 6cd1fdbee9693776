package core_test

import (
	"slices"
	"strings"

	"postdesk/core"
)

// What people do in the panel, in a walk.

func (w *walk) reply() {
	actor, id := w.staff(), w.conversation()
	form := core.ReplyForm{Text: "Answer " + w.canary(actor.Address.String(), "reply")}
	for range w.chance.IntN(3) {
		form.CC = append(form.CC, pick(w, cara, cole, eve, mia, mia, abe, "zoe@far.test"))
	}
	if drafts, err := w.Drafts(w.Context(), actor, id); err == nil && len(drafts) > 0 {
		form.Draft, form.Text = drafts[0].ID, drafts[0].Text
		if kept, _, private := strings.Cut(form.Text, "\nI am "); private { // its author was warned, and looked
			form.Text = kept
		}
	}
	if w.one(4) {
		form.Files = []core.Upload{{Filename: "answer.txt", ContentType: "text/plain", Content: []byte(form.Text)}}
	}
	if w.one(5) {
		form.Status = pick(w, core.StatusPending, core.StatusCompleted)
	}
	_, err := w.Reply(w.Context(), actor, id, form)
	w.deed(err, "%s replies in #%d, CC %v, draft %d: %s", actor.Address, id, form.CC, form.Draft, form.Text)
}

func (w *walk) note() {
	actor := w.staff()
	text := w.canary(actor.Address.String(), "note") + pick(w, "", " @"+mia, " @"+mia, " @"+abe) + " about " + cara
	if customer := w.who(cara); w.one(5) && customer.ID != 0 {
		_, err := w.AddUserNote(w.Context(), actor, customer.ID, text)
		w.deed(err, "%s notes on %s: %s", actor.Address, cara, text)
		return
	}
	id := w.conversation()
	_, err := w.AddNote(w.Context(), actor, id, text)
	w.deed(err, "%s notes on #%d: %s", actor.Address, id, text)
}

func (w *walk) merge() {
	actor, ids, too := w.staff(), []core.ConversationID{w.conversation(), w.conversation()}, w.one(2)
	if w.one(4) {
		ids = append(ids, w.conversation())
	}
	if _, err := w.Merge(w.Context(), actor, ids, too); w.deed(err, "%s merges %v, requester too %t", actor.Address, ids, too) {
		w.seen["merged"]++
	}
}

func (w *walk) unmerge() {
	actor, id := w.staff(), w.conversation()
	var merged []core.ConversationID
	w.scan(&merged, `select array_agg(id order by merged_at) from conversations where merged_into is not null`)
	if len(merged) > 0 && !w.one(8) {
		id = recent(w, merged)
	}
	if w.deed(w.Unmerge(w.Context(), actor, id), "%s undoes the merge of #%d", actor.Address, id) {
		w.seen["unmerged"]++
	}
}

func (w *walk) split() {
	actor, id, rest := w.staff(), w.conversation(), w.one(2)
	var posts []core.PostID
	w.scan(&posts, `select array_agg(id order by id) from messages where not by_staff and conversation_id in (
		select conversation_id from messages group by 1 having count(*) > 1)`)
	post := core.PostID(1)
	if len(posts) > 0 {
		post = recent(w, posts)
		w.scan(&id, `select conversation_id from messages where id = $1`, post)
	}
	made, err := w.Split(w.Context(), actor, id, core.SplitForm{Post: post, Rest: rest})
	if !w.deed(err, "%s splits message %d off #%d, with the rest %t: #%d", actor.Address, post, id, rest, made) {
		return
	}
	w.seen["split"]++
	if w.one(3) {
		_, err := w.Merge(w.Context(), actor, []core.ConversationID{id, made}, w.one(2))
		w.deed(err, "%s merges #%d back into #%d", actor.Address, made, id)
	}
}

func (w *walk) fileAsNote() {
	actor, id := w.staff(), w.conversation()
	var answers []core.ConversationID
	w.scan(&answers, `select array_agg(conversation_id) from conversation_links where relation = 'mention'`)
	if len(answers) > 0 && !w.one(4) {
		id = recent(w, answers)
	}
	into, err := w.FileAsNote(w.Context(), actor, id)
	w.deed(err, "%s files #%d as note in #%d", actor.Address, id, into)
}

func (w *walk) update() {
	actor, id := w.staff(), w.conversation()
	var c core.Changes
	switch w.chance.IntN(4) {
	case 0:
		status := pick(w, core.StatusOpen, core.StatusPending, core.StatusCompleted, core.StatusClosed)
		c.Status = &status
		err := w.UpdateConversation(w.Context(), actor, id, c)
		w.deed(err, "%s makes #%d %s", actor.Address, id, status)
	case 1:
		to := w.who(pick(w, abe, olga, mia)).ID
		c.Assignee = &to
		err := w.UpdateConversation(w.Context(), actor, id, c)
		w.deed(err, "%s gives #%d to user %d", actor.Address, id, to)
	default:
		to := pick(w, cara, cole, eve, mia, mia, abe)
		c.RequesterEmail, c.ConfirmRequester = &to, true
		err := w.UpdateConversation(w.Context(), actor, id, c)
		w.deed(err, "%s makes %s the requester of #%d", actor.Address, to, id)
	}
}

func (w *walk) trash() {
	actor, id := w.staff(), w.conversation()
	if w.one(2) {
		w.deed(w.Trash(w.Context(), actor, id), "%s trashes #%d", actor.Address, id)
		return
	}
	w.scan(&id, `select coalesce(max(id), 1) from conversations where trashed_at is not null`)
	w.deed(w.Restore(w.Context(), actor, id), "%s restores #%d", actor.Address, id)
}

func (w *walk) changeRole() {
	whom := pick(w, mia, mia, mia, abe)
	role := pick(w, core.RoleCollaborator, core.RoleCollaborator, core.RoleCustomer, core.RoleAgent)
	_, err := w.UpdateUser(w.Context(), w.who(olga), w.who(whom).ID, core.UserChanges{Role: &role})
	w.deed(err, "%s becomes %s", whom, role)
}

func (w *walk) shut() {
	whom := pick(w, cara, cole, eve, mia, abe)
	person := w.who(whom)
	if person.Enabled && w.one(2) {
		w.deed(w.DisableUser(w.Context(), w.who(olga), person.ID), "%s is disabled", whom)
		return
	}
	for _, whom := range []string{cara, cole, eve, mia, abe} {
		if person := w.who(whom); person.ID != 0 && !person.Enabled {
			w.deed(w.EnableUser(w.Context(), w.who(olga), person.ID), "%s is enabled", whom)
		}
	}
}

func (w *walk) release() {
	var kept []core.InboundID
	w.scan(&kept, `select array_agg(id order by id) from inbound where state = 'suspended' and suspension <> 'loop' and kind <> 'report'`)
	if len(kept) == 0 {
		return
	}
	id, actor := recent(w, kept), w.who(pick(w, abe, olga))
	if !w.deed(w.Release(w.Context(), actor, []core.InboundID{id}, cole, false), "%s releases mail %d", actor.Address, id) {
		return
	}
	claims, err := w.ClaimInbound(w.Context(), 5)
	if err != nil || len(claims) != 1 {
		w.Fatalf("released mail: %d claims (%v)", len(claims), err)
	}
	l := w.letters[string(claims[0].Raw)]
	w.again(l)
	if claims[0].Released.Rule == core.RuleBadFrom { // staff say that they are Cole's words
		for _, name := range canaryWord.FindAllString(l.Subject+l.MessageID+l.Text, -1) {
			w.words[name] = word{author: cole, role: w.who(cole).Role, what: w.words[name].what, again: true}
		}
	}
	w.apply(claims[0], l, w.verdicts[id])
}

func (w *walk) portal() {
	id := w.conversation()
	actor := w.requester(id)
	text := "By page " + w.canary(actor.Address.String(), "mail")
	if w.one(6) {
		actor = w.who(pick(w, eve, mia))
	}
	_, err := w.PortalReply(w.Context(), actor, id, text, nil)
	w.deed(err, "%s writes on the page of #%d: %s", actor.Address, id, text)
}

func (w *walk) requester(id core.ConversationID) core.Actor {
	var address string
	w.scan(&address, `select coalesce((select a.address from conversations c join addresses a on a.user_id = c.requester_id and a.is_primary where c.id = $1), '')`, id)
	return w.who(address)
}

func (w *walk) participants() {
	actor, id, whom := w.staff(), w.conversation(), pick(w, cara, cole, eve, mia, abe, "zoe@far.test")
	if w.one(2) {
		w.deed(w.AddParticipant(w.Context(), actor, id, whom), "%s puts %s in CC of #%d", actor.Address, whom, id)
		return
	}
	w.deed(w.RemoveParticipant(w.Context(), actor, id, whom), "%s takes %s out of #%d", actor.Address, whom, id)
}

// mergePeople: from then on the one who stays reads what the other could. What is
// said meanwhile is read by the one who stays; the one who comes back has only what
// they wrote themselves or got by mail.
func (w *walk) mergePeople() {
	actor := w.staff()
	var gone []core.UserID
	w.scan(&gone, `select array_agg(id order by id) from users where merged_into is not null`)
	if len(gone) > 0 && w.one(2) {
		id := pick(w, gone...)
		if w.deed(w.UnmergeUsers(w.Context(), actor, id), "%s undoes the merge of user %d", actor.Address, id) {
			w.seen["people parted"]++
		}
		return
	}
	stays, goes := pick(w, cara, cole, eve), pick(w, cara, cole, eve)
	survivor, other := w.who(stays), w.who(goes)
	all := slices.Concat(w.addresses(survivor.ID), w.addresses(other.ID))
	if !w.deed(w.MergeUsers(w.Context(), actor, survivor.ID, other.ID), "%s merges %s into %s", actor.Address, goes, stays) {
		return
	}
	w.seen["people merged"]++
	for _, from := range all {
		for name := range w.mayRead[from] {
			w.knows(w.primary(survivor.ID), name)
		}
	}
}

// addresses are all of a person's, primary the one that mail goes to.
func (w *walk) addresses(id core.UserID) (all []string) {
	w.scan(&all, `select coalesce(array_agg(address order by address), '{}') from addresses where user_id = $1`, id)
	return all
}

func (w *walk) primary(id core.UserID) (address string) {
	w.scan(&address, `select address from addresses where user_id = $1 and is_primary`, id)
	return address
}

// timePasses makes notices old enough to be answered by a person.
func (w *walk) timePasses() {
	w.Exec(w.T, `update deliveries set created_at = created_at - interval '1 minute', sent_at = sent_at - interval '1 minute'`)
	if w.one(3) {
		w.Exec(w.T, `update deliveries set created_at = created_at - interval '1 day' where automatic`)
	}
	w.tell("time passes")
}
