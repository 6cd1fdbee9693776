package main

import (
	"encoding/json"
	"fmt"
	"time"
)

// mailTables are what was said and happened, and the mails that carried it.
func (st *stock) mailTables() []table {
	notes, events, about := newSpeaker(st.Seed, 6, st.words), newSpeaker(st.Seed, 7, st.words), newSpeaker(st.Seed, 8, st.words)
	return append([]table{
		{"notes", "id conversation_id author_id source text is_verified created_at", st.within(notesOf, func(id, c, i int, t *talk) []any {
			return []any{id, c, 1 + notes.IntN(st.staff), "agent", notes.say(t.language, 5+notes.IntN(40)), true, t.at(i, t.notes)}
		})},
		{"mentions", "note_id user_id", st.within(notesOf, func(id, c, i int, t *talk) []any {
			if id%10 != 0 {
				return nil
			}
			return []any{id, 1 + id/10%st.staff}
		})},
		{"events", "conversation_id kind actor_id detail created_at", st.within(eventsOf, func(id, c, i int, t *talk) []any {
			detail, _ := json.Marshal(map[string]string{"from": events.one([]string{"new", "open", "pending"}), "to": events.one([]string{"open", "pending", "completed"})})
			return []any{c, "status", 1 + events.IntN(st.agents), string(detail), t.at(i, t.events)}
		})},
		{"audit", "actor_id act object detail at", each(st.People/5, func(id int) []any {
			return []any{1 + about.IntN(st.agents), "user.changed", fmt.Sprintf("user %d", st.staff+id), "{}", st.now.Add(-time.Duration(id) * time.Minute)}
		})},
	}, st.letterTables()...)
}

// letterTables are messages, with the mails that brought them and took them away.
func (st *stock) letterTables() []table {
	said, raw, sent := newSpeaker(st.Seed, 5, st.words), newSpeaker(st.Seed, 9, st.words), newSpeaker(st.Seed, 10, st.words)
	return []table{
		{"inbound", "id digest state due_at received_at helo tls envelope_from recipients size from_address from_name subject message_id kind origin rule conversation_id post_id raw",
			st.within(messagesOf, func(id, c, i int, t *talk) []any {
				if t.byStaff(i) {
					return nil
				}
				from := st.address(t.requester)
				text := fmt.Appendf(nil, "From: <%s>\r\nTo: <%s>\r\nMessage-ID: <in.%d@firm.test>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n", from, mailbox, id, raw.say(t.language, 40))
				return []any{id, sumOf(st.Seed, id), "success", t.at(i, t.messages), t.at(i, t.messages), "mx.test", true, from, []string{mailbox}, len(text),
					from, "", "A question", fmt.Sprintf("in.%d@firm.test", id), "message", "proven", "new", c, id, text}
			})},
		{"messages", "id conversation_id author_id author_address source text elided is_verified by_staff warnings inbound_id created_at",
			st.within(messagesOf, func(id, c, i int, t *talk) []any { return st.message(said, id, c, i, t) })},
		{"attachments", "message_id filename content_type size sha256 content", st.within(messagesOf, func(id, c, i int, t *talk) []any {
			if id%20 != 0 {
				return nil
			}
			return []any{id, fmt.Sprintf("scan-%d.pdf", id), "application/pdf", 12, sumOf("file", id), []byte("%PDF-1.7\n\n%%")}
		})},
		{"deliveries", "purpose state recipient user_id conversation_id post_id mailbox_id author_id bounce_name id_name automatic subject message_id attempts tries last_response created_at composed_at sent_at failed_at",
			st.within(messagesOf, func(id, c, i int, t *talk) []any {
				if i > 0 && !t.byStaff(i) {
					return nil
				}
				return st.delivery(sent, id, c, i, t)
			})},
		{"delivery_attempts", "delivery_id attempt outcome code response", each(st.Messages/4, func(id int) []any {
			return []any{id, 1, "sent", 250, "250 2.0.0 Ok"}
		})},
	}
}

func (st *stock) message(r *speaker, id, c, i int, t *talk) []any {
	author, source, inbound := t.requester, "mail", any(id)
	if t.byStaff(i) {
		author, source, inbound = t.assignee, "agent", nil
	}
	elided := ""
	if i > 0 && !t.byStaff(i) {
		elided = "> " + r.say(t.language, 30)
	}
	warnings := []string{}
	if id%200 == 0 {
		warnings = append(warnings, "Its address looks like somebody else's.")
	}
	return []any{id, c, author, st.address(author), source, r.say(t.language, 12+int(90*r.Float64()*r.Float64())), elided,
		true, t.byStaff(i), warnings, inbound, t.at(i, t.messages)}
}

// delivery is the acknowledgement of a first message, or what carried an answer.
func (st *stock) delivery(r *speaker, id, c, i int, t *talk) []any {
	purpose, author, at := "reply", any(t.assignee), t.at(i, t.messages)
	if i == 0 {
		purpose, author = "acknowledgement", nil
	}
	state, response, sent, failed := "sent", "250 2.0.0 Ok", any(at), any(nil)
	if r.IntN(300) == 0 {
		state, response, sent, failed = "failed", "550 5.1.1 No such user here", nil, at
	}
	return []any{purpose, state, st.address(t.requester), t.requester, c, id, 1 + c%3, author, 2 * id, 2*id + 1, i == 0,
		"Re: your question", fmt.Sprintf("out.%d.%d@desk.test", st.Seed, id), 1, 1, response, at, at, sent, failed}
}
