package core_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"postdesk/core"
)

// Mail in a walk: what is sent to us, what becomes of it, and what the law says
// about that.

func (w *walk) mail() {
	s := w.draw()
	if len(w.filed) > 0 && w.one(12) { // the same mail, by another way or with another proof
		s = recent(w, w.filed)
		w.again(s.letter)
		switch w.chance.IntN(3) {
		case 0:
			s.env.Recipients = []string{pick(w, support, billing)}
		case 1:
			if s.letter.From[0].Address != passer { // then its author would be another
				s.verdict = pick(w, core.Proven, core.Unproven, core.Refuted)
			}
			s.env.ClientIP = netip.MustParseAddr("192.0.2.2")
		}
	}
	w.filed = append(w.filed, s)
	raw := []byte(s.letter.MessageID + "\n" + s.letter.Text)
	w.letters[string(raw)] = s.letter
	claim, err := w.Accept(w.Context(), s.env, raw, true)
	if err != nil {
		w.Fatal(err)
	}
	w.tell("mail %d from %s, %s %s, to %v, about %v %v: %q; To and Cc %v", claim.ID, s.letter.From[0].Address, s.verdict, s.letter.Kind,
		s.env.Recipients, s.letter.InReplyTo, s.letter.References, s.letter.Text, slices.Concat(s.letter.To, s.letter.Cc))
	if claim.Held {
		w.verdicts[claim.ID] = s.verdict
		w.apply(claim, s.letter, s.verdict)
	}
}

// draw writes a mail.
func (w *walk) draw() sending {
	from := pick(w, cara, cara, cara, cole, cole, eve, eve, mia, mia, mia, abe, abe, olga)
	s := sending{verdict: pick(w, core.Proven, core.Proven, core.Proven, core.Proven, core.Unproven, core.Unproven, core.Refuted)}
	body := w.canary(from, "mail")
	l := core.Letter{FromFields: 1, From: []core.NamedAddress{{Name: pick(w, "", "Somebody", from), Address: from}},
		Kind:    pick(w, core.KindHuman, core.KindHuman, core.KindHuman, core.KindHuman, core.KindHuman, core.KindAutoReply, core.KindGenerated, core.KindReport),
		Subject: "About " + w.canary(from, "subject"), Text: pick(w, "", "", "", "#note ") + "Words " + body,
		MessageID: w.canary(from, "id") + "@client.test"}
	if w.one(4) {
		l.Attachments = []core.Attachment{{Filename: body + ".txt", ContentType: "text/plain", Content: []byte(body)}}
	}
	if slices.Contains([]string{cara, cole, eve}, from) {
		l.Text += " of " + from + " and <mailto:" + from + ">"
		l.Subject += pick(w, "", " for "+from)
		for i := range l.Attachments {
			l.Attachments[i].Filename = from + " " + l.Attachments[i].Filename
		}
	}
	w.address(&s, &l, from)
	if w.one(3) || w.answersMention(s.env) {
		quote := "\n> " + w.canary(from, "quoted") + "\n"
		// In an answer to a mention a quote is staff's, also where the reader took it for words.
		if !w.answersMention(s.env) || w.one(2) {
			l.Folds = []core.Span{{Start: len(l.Text), End: len(l.Text) + len(quote)}}
		}
		l.Text += quote
	}
	for range w.chance.IntN(3) {
		named := core.NamedAddress{Address: pick(w, cara, cole, eve, mia, abe, support, "zoe@far.test", "yan@far.test")}
		if w.one(2) {
			l.To = append(l.To, named)
		} else {
			l.Cc = append(l.Cc, named)
		}
	}
	if w.answersNotice(s.env, from) {
		if !w.one(4) { // few write within seconds of a notice
			w.timePasses()
		}
		if w.one(3) {
			w.sign(&l, from)
		}
	}
	w.spoil(&s, &l)
	s.letter = l
	return s
}

// sign puts below the words what an agent's mail program does: a signature that the
// reader knows or not, a part of a notice, the address that they answer to.
func (w *walk) sign(l *core.Letter, from string) {
	known := "\n-- \n" + w.canary(from, "signature") + " " + from + "\n"
	switch w.chance.IntN(4) {
	case 0:
		l.Folds = append(l.Folds, core.Span{Start: len(l.Text), End: len(l.Text) + len(known)})
		l.Text += known
	case 1:
		l.Text += "\n\n" + w.who(from).Name + "\n" + w.canary(from, "signature") + "\nTel. +49 30 7654321\n" + from + "\n"
	case 2:
		l.Text += "\n\n" + w.who(from).Name + " wrote in conversation #1\n\nOpen the conversation:\nhttps://desk.test/agent/conversations/1\n"
	case 3:
		if len(w.doors) > 0 { // words that speak of what is private, which a person would have to look at
			l.Text += "\nI am " + from + ", write to " + recent(w, w.doors).address[:20] + "\n" + recent(w, w.doors).address + "\n"
		}
	}
	w.seen["signed"]++
}

// answersNotice: it goes to the address of an agent's own notice about what somebody
// else asked.
func (w *walk) answersNotice(env core.Envelope, from string) (own bool) {
	at := slices.IndexFunc(w.doors, func(at door) bool { return at.address == env.Recipients[0] && !at.bounce })
	if at >= 0 && len(env.Recipients) == 1 && w.who(from).Role.Agent() {
		w.scan(&own, `select exists (select from deliveries d join conversations c on c.id = d.conversation_id
			where d.id = $1 and d.purpose = 'staff_notice' and d.recipient = $2 and c.requester_id <> d.user_id and c.merged_into is null)`, w.doors[at].delivery, from)
	}
	return own
}

// again: what the mail says may stand in two places, and with another address or
// a dead one a quote that the reader took for words is words.
func (w *walk) again(l core.Letter) {
	for _, name := range canaryWord.FindAllString(l.MessageID+l.Text, -1) {
		known := w.words[name]
		known.again = true
		if known.role == core.RoleCollaborator { // what an agent wrote, they may have published before they became one
			known.role = w.who(known.author).Role
		}
		delete(w.noted, name)
		if known.what == "quoted" && len(l.Folds) == 0 {
			known.what = "mail"
		}
		w.words[name] = known
	}
}

// answersMention: the one address that it goes to is a mention that lives.
func (w *walk) answersMention(env core.Envelope) (lives bool) {
	at := slices.IndexFunc(w.doors, func(at door) bool { return at.address == env.Recipients[0] && !at.bounce })
	if at >= 0 && len(env.Recipients) == 1 {
		w.scan(&lives, `select exists (select from deliveries d join tokens t on t.name = d.reply_token where d.id = $1 and t.mention_id is not null and t.revoked_at is null)`,
			w.doors[at].delivery)
	}
	return lives
}

// address gives the mail recipients and ids.
func (w *walk) address(s *sending, l *core.Letter, from string) {
	s.env = core.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "client.test", From: from, Recipients: []string{pick(w, support, support, billing)}}
	if len(w.doors) > 0 && !w.one(3) {
		at := recent(w, w.doors)
		for range 6 { // mostly a door of one's own
			if at.to != from {
				at = recent(w, w.doors)
			}
		}
		s.env.Recipients = []string{at.address}
		if w.one(8) {
			if more := recent(w, w.doors); !more.bounce {
				s.env.Recipients = append(s.env.Recipients, more.address, pick(w, support, billing))
			}
		}
	}
	if len(w.ids) == 0 {
		return
	}
	if w.one(2) {
		l.InReplyTo = []string{recent(w, w.ids)}
	}
	for range w.chance.IntN(6) - 3 {
		l.References = append(l.References, recent(w, w.ids))
	}
}

// spoil makes it one of the rarer kinds.
func (w *walk) spoil(s *sending, l *core.Letter) {
	switch {
	case l.Kind == core.KindReport:
		s.env.From = ""
		l.Report = &core.Report{Action: core.ActionFailed, Status: []string{"5.1.1"}, Permanent: w.one(2), Text: "no such user"}
	case w.one(25):
		l.From[0].Address = support
	case w.one(25):
		l.FromFields = 2
	case w.one(15) && s.verdict == core.Proven:
		l.ReplyTo, l.From = []core.NamedAddress{{Address: l.From[0].Address}}, []core.NamedAddress{{Address: passer}}
	case w.one(25) && len(w.ids) > 0:
		l.MessageID = recent(w, w.ids)
		w.again(*l)
	}
}

// A state is what must not change, or only in one place.
type state struct {
	people   map[core.ConversationID]string // requester and participants
	tables   map[string]string
	lastMail core.DeliveryID
}

func (w *walk) state(except core.InboundID) state {
	s := state{people: map[core.ConversationID]string{}, tables: map[string]string{}}
	rows, err := w.Pool.Query(w.Context(), `
		select c.id, c.requester_id || ': ' || coalesce((select string_agg(address, ' ' order by address) from participants p where p.conversation_id = c.id), '')
		from conversations c`)
	if err != nil {
		w.Fatal(err)
	}
	for rows.Next() {
		var id core.ConversationID
		var people string
		if err := rows.Scan(&id, &people); err != nil {
			w.Fatal(err)
		}
		s.people[id] = people
	}
	w.scan(&s.lastMail, `select coalesce(max(id), 0) from deliveries`)
	w.scan(&s.tables, `select jsonb_object_agg(name, digest) from (`+everyTable(except)+`) x`)
	return s
}

// everyTable digests all that a mail might change, but for its own row.
func everyTable(except core.InboundID) string {
	var parts []string
	for _, name := range []string{"instance", "users", "addresses", "organizations", "tokens", "links", "conversations", "conversation_links", "participants",
		"participant_suggestions", "followers", "messages", "notes", "mentions", "drafts", "events", "attachments", "deliveries",
		"delivery_attempts", "suppressions", "automatic_mutes", "sender_list", "audit"} {
		parts = append(parts, fmt.Sprintf(`select '%s' as name, md5(coalesce(string_agg(x::text, '|' order by x::text), '')) as digest from %s x`, name, name))
	}
	parts = append(parts, fmt.Sprintf(`select 'inbound', md5(coalesce(string_agg((to_jsonb(x) - 'arrivals' - 'raw')::text, '|' order by id), '')) from inbound x where id <> %d`, except))
	return strings.Join(parts, " union all ")
}

// apply files a claimed mail and holds it to the law.
func (w *walk) apply(claim core.Claim, l core.Letter, verdict core.Verdict) {
	w.Helper()
	before, named := w.state(claim.ID), w.named(claim.Envelope, l)
	if err := w.Apply(w.Context(), claim, l, core.Origin{Verdict: verdict, Reason: "drawn"}); err != nil {
		w.Fatalf("mail %d is parked for ever: %v", claim.ID, err)
	}
	m, err := w.Mail(w.Context(), operator(), claim.ID)
	if err != nil {
		w.Fatal(err)
	}
	after := w.state(claim.ID)
	w.tell("  %s %s %s, #%d", m.Rule, m.Status, m.Suspension, m.Conversation)
	w.seen["rule "+string(m.Rule)]++
	if m.MessageID != "" {
		w.ids = append(w.ids, m.MessageID)
	}
	opened := w.checkPeople(before, after, m)
	if (m.Rule == core.RuleNew || m.Rule == core.RuleElsewhere || m.Rule == core.RuleMention) && opened > 1 {
		w.Errorf("mail %d opened %d conversations", m.ID, opened)
	}
	w.checkStill(before, after, m, l)
	w.checkOnce(before, m, opened)
	if opened == 1 {
		w.checkLinked(m, named)
	}
	if w.one(4) { // again, as by a process that did not hear of the commit
		if err := w.Apply(w.Context(), claim, l, core.Origin{Verdict: verdict}); err != nil || !maps.Equal(w.state(claim.ID).tables, after.tables) {
			w.Errorf("applying mail %d twice changed something (%v)", claim.ID, err)
		}
	}
}

// checkPeople is property 2. It gives how many conversations were opened.
func (w *walk) checkPeople(before, after state, m core.Mail) (opened int) {
	for id, people := range after.people {
		was, existed := before.people[id]
		switch {
		case existed && was != people:
			w.Errorf("mail %d (%s) changed the people of #%d from %q to %q", m.ID, m.Rule, id, was, people)
		case !existed:
			opened++
			if m.Origin != core.Proven && !strings.HasSuffix(people, ": ") {
				w.Errorf("mail %d, %s, put people in CC: %q", m.ID, m.Origin, people)
			}
		}
	}
	return opened
}

// checkStill is property 3, and that suspended mail causes nothing. Only an
// automatic answer is remembered, so that no machine is answered for ever; only a
// bounce token makes a refuted report believed.
func (w *walk) checkStill(before, after state, m core.Mail, l core.Letter) {
	refuted := m.Origin == core.Refuted && m.Rule != core.RuleReport
	suspended := m.Suspension != "" && l.Kind != core.KindAutoReply
	if (refuted || suspended) && !maps.Equal(before.tables, after.tables) {
		for name, digest := range after.tables {
			if before.tables[name] != digest {
				w.Errorf("mail %d, %s and %s by %s, changed %s", m.ID, m.Origin, m.Status, m.Rule, name)
			}
		}
	}
}

// checkOnce is property 5 and invariants I2 and I3.
func (w *walk) checkOnce(before state, m core.Mail, opened int) {
	var state string
	w.scan(&state, `select state from inbound where id = $1`, m.ID)
	if state != "success" && state != "suspended" && state != "rejected" {
		w.Errorf("mail %d ended as %s", m.ID, state)
	}
	var wrote, twice int
	w.scan(&wrote, `select (select count(*) from messages where inbound_id = $1) + (select count(*) from notes where inbound_id = $1) + (select count(*) from drafts where inbound_id = $1)`, m.ID)
	// A report that stops mail to an address tells of each mail that waited for it.
	w.scan(&twice, `select count(*) from (select from deliveries where id > $1 group by recipient, purpose, conversation_id, post_id having count(*) > 1) x`, before.lastMail)
	if wrote > 1 || opened > 1 || opened == 1 && wrote != 1 || twice > 0 {
		w.Errorf("mail %d opened %d conversations, wrote %d times and told %d people twice", m.ID, opened, wrote, twice)
	}
}

// named are the conversations, survivors of merges, that a mail names by an
// address or id of ours.
func (w *walk) named(env core.Envelope, l core.Letter) (ids []core.ConversationID) {
	var byToken, byID []core.DeliveryID
	for _, at := range w.doors {
		if slices.Contains(env.Recipients, at.address) {
			if at.bounce { // then it is about that mail, whatever else it names
				byToken, byID = nil, []core.DeliveryID{at.delivery}
				l = core.Letter{}
				break
			}
			byToken = append(byToken, at.delivery)
		}
	}
	for _, id := range append(slices.Clone(l.InReplyTo), l.References...) {
		if delivery, ok := w.oursIDs[id]; ok {
			byID = append(byID, delivery)
		}
	}
	w.scan(&ids, `
		with recursive named (id) as (
			select coalesce(n.conversation_id, case when d.mention_id is null then d.conversation_id end) from deliveries d
			left join mentions m on m.id = d.mention_id left join notes n on n.id = m.note_id where d.id = any($2)
			union
			select coalesce(n.conversation_id, t.conversation_id) from deliveries d -- a person's token stays where it is in a split
			join tokens t on t.name = d.reply_token and t.revoked_at is null
			left join mentions m on m.id = d.mention_id left join notes n on n.id = m.note_id where d.id = any($1)),
		chain (id, merged_into) as (
			select id, merged_into from conversations where id in (select id from named)
			union
			select c.id, c.merged_into from chain join conversations c on c.id = chain.merged_into)
		select coalesce(array_agg(id), '{}') from chain where merged_into is null`, byToken, byID)
	return ids
}

// checkLinked is property 4.
func (w *walk) checkLinked(m core.Mail, named []core.ConversationID) {
	for _, id := range named {
		var linked bool
		w.scan(&linked, `select exists (select from conversation_links where conversation_id in ($1, $2) and other_id in ($1, $2))`, m.Conversation, id)
		if !linked {
			w.Errorf("mail %d (%s) named #%d and opened #%d without a link", m.ID, m.Rule, id, m.Conversation)
		}
	}
}
