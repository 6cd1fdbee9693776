package main

import (
	"net/url"
	"strings"
	"testing"
)

// withMention is a story in which Abe, on the page of Cara's conversation,
// mentioned Mia in a note.
func withMention(t *testing.T) (s *story, abe *browser, conversation any, mentioned received) {
	t.Helper()
	s = newStory(t)
	s.person("agent", "abe@desk.test", "Abe Agent")
	s.person("collaborator", "mia@partner.test", "Mia Meyer")
	m := s.file(letter{From: "cara@acme.test", Subject: "My printer", Text: "It does not print."})
	abe = s.signedIn("abe@desk.test")
	abe.open(path("/agent/conversations/%v", m["case_id"]))
	abe.submit(path("/agent/conversations/%v/note", m["case_id"]), url.Values{"note": {"@Mia Meyer is it the nachtigall?"}})
	s.want("after the note", abe.code, 200)
	return s, abe, m["case_id"], s.got("mia@partner.test", "mentioned you")
}

// snapshot is what a conversation is, to see that it was not touched.
func (s *story) snapshot(id any) string {
	s.t.Helper()
	c := s.conversation(id)
	delete(c, "linked_cases")
	return path("%v %v", c, s.posts(id))
}

func TestAMentionMailLeadsToTheNoteAndHoldsNoWordOfIt(t *testing.T) {
	t.Parallel()
	s, _, id, mentioned := withMention(t)
	s.want("a thread of its own", mentioned.Field("References")+mentioned.Field("In-Reply-To"), "")
	s.want("no number in the subject", strings.ContainsAny(mentioned.Field("Subject"), "#0123456789"), false)
	for _, word := range []string{"nachtigall", "cara@acme.test", "It does not print", "My printer"} {
		s.want("the mail holds "+word, strings.Contains(mentioned.all(), word), false)
	}
	note := s.posts(id, "NOTE")[0]
	link := s.at.PublicURL + path("/agent/conversations/%v#note-%v", id, note["id"])
	s.want("it links to the note", strings.Contains(mentioned.Text, link) && strings.Contains(mentioned.HTML, link) && strings.Contains(mentioned.HTML, "View note"), true)

	// The link asks for sign-in and then leads to the note.
	mia := s.stranger()
	mia.open(link)
	s.want("a stranger is asked to sign in", mia.at.Path, "/signin")
	s.want("and sees nothing", mia.says("nachtigall"), false)
	mia.submit("/signin", url.Values{"email": {"mia@partner.test"}, "password": {password}})
	s.want("then the note is there", mia.says("nachtigall"), true)
	s.want("at its place", strings.Contains(mia.text, path(`id="note-%v"`, note["id"])), true)
	s.staysInside("nachtigall")
}

func TestAnAnswerToAMentionMailIsANewConversation(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(m received, id any) letter{
		"plain":        func(m received, _ any) letter { return answer(m, "mia@partner.test", "kanarienvogel: it is.") },
		"token alone":  func(m received, _ any) letter { return onlyToken(m, "mia@partner.test", "kanarienvogel: it is.") },
		"thread alone": func(m received, _ any) letter { return onlyThread(m, "mia@partner.test", "kanarienvogel: it is.") },
		"subject with the number": func(m received, id any) letter {
			l := answer(m, "mia@partner.test", "kanarienvogel: it is.")
			l.Subject = path("Re: [#%v] My printer", id)
			return l
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, id, mentioned := withMention(t)
			s.quiet()
			before := s.snapshot(id)
			m := s.file(write(mentioned, id))
			s.want("rule", m["rule"], "mention")
			if m["case_id"] == id {
				t.Fatal("it went to the conversation of the note")
			}
			c := s.conversation(m["case_id"])
			s.want("requester", c["requester"].(object)["email"], "mia@partner.test")
			s.want("link", s.links(m["case_id"]), path("[MENTION %v]", id))
			s.want("the old one is untouched", s.snapshot(id), before)
			s.want("text", strings.TrimSpace(s.posts(m["case_id"])[0]["contents"].(string)), "kanarienvogel: it is.")
			s.staysInside("kanarienvogel", "nachtigall")
		})
	}
}

func TestAnAnswerToAMentionMailStaysOneWithTheWholeThreadInReferences(t *testing.T) {
	t.Parallel()
	s, _, id, mentioned := withMention(t)
	// She is in CC of the conversation, too; her program puts both threads into one.
	s.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "We ask.", "cc": []string{"mia@partner.test"}})
	copied := s.got("mia@partner.test", "We ask.")
	before := s.snapshot(id)
	l := onlyThread(copied, "mia@partner.test", "kanarienvogel")
	l.Subject = copied.Field("Subject")
	l.Headers = []string{"In-Reply-To: <" + mentioned.id() + ">",
		"References: " + copied.Header.Get("References") + " <" + copied.id() + ">\r\n <" + mentioned.id() + ">"}
	m := s.file(l)
	s.want("rule", m["rule"], "mention")
	s.want("the old one is untouched", s.snapshot(id), before)
	// The answer to the copy itself is a note there, as ever.
	s.want("rule of the copy", s.file(answer(copied, "mia@partner.test", "kanarienvogel two"))["rule"], "collaborator")
	s.staysInside("kanarienvogel", "nachtigall")
}

func TestTheSecondRoundStaysInTheNewConversation(t *testing.T) {
	t.Parallel()
	s, _, id, mentioned := withMention(t)
	first := s.file(answer(mentioned, "mia@partner.test", "kanarienvogel: it is."))
	before := s.snapshot(id)
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Are you sure?"})
	reply := s.got("mia@partner.test", "Are you sure?")
	second := s.file(answer(reply, "mia@partner.test", "kanarienvogel: quite."))
	s.want("rule", second["rule"], "requester")
	s.want("conversation", second["case_id"], first["case_id"])
	again := s.file(answer(mentioned, "mia@partner.test", "kanarienvogel: more of it."))
	s.want("rule of a further answer to the mention mail", again["rule"], "mention")
	s.want("its conversation", again["case_id"], first["case_id"])
	s.want("messages", len(s.posts(first["case_id"], "MESSAGE")), 4)
	s.want("the old one is untouched", s.snapshot(id), before)
	s.owner.do("PUT", path("/cases/%v", first["case_id"]), object{"status": "CLOSED"})
	third := s.file(answer(mentioned, "mia@partner.test", "kanarienvogel: after the end."))
	s.want("rule after closing", third["rule"], "mention")
	if third["case_id"] == first["case_id"] || third["case_id"] == id {
		t.Errorf("after closing it went to %v", third["case_id"])
	}
	// Her own words may come back to her in a quote, but to nobody else.
	for _, m := range s.outbox("cara@acme.test") {
		s.want("the customer learns", strings.Contains(m.all(), "kanarienvogel"), false)
	}
}

func TestFilingOrMergingItBackKeepsTheWordsPrivate(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]func(s *story, abe *browser, old, new any){
		"File as a note": func(s *story, abe *browser, old, new any) {
			abe.open(path("/agent/conversations/%v", new))
			abe.submit(path("/agent/conversations/%v/file-as-note", new), nil)
			s.want("leads to", abe.at.Path, path("/agent/conversations/%v", old))
		},
		"merge": func(s *story, _ *browser, old, new any) {
			s.owner.do("POST", path("/cases/%v/merge", old), object{"case_ids": []any{new}})
		},
		"merge with the requester": func(s *story, _ *browser, old, new any) {
			s.owner.do("POST", path("/cases/%v/merge", old), object{"case_ids": []any{new}, "add_requesters": true})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, abe, old, mentioned := withMention(t)
			opened := s.file(answer(mentioned, "mia@partner.test", "kanarienvogel: it is."))
			file(s, abe, old, opened["case_id"])
			for _, p := range s.posts(old, "MESSAGE") {
				s.want("public words", strings.TrimSpace(p["contents"].(string)), "It does not print.")
			}
			notes := s.posts(old, "NOTE")
			s.want("notes", len(notes), 2)
			s.want("her words", strings.Contains(notes[1]["contents"].(string), "kanarienvogel"), true)
			s.want("author", notes[1]["author"].(object)["email"], "mia@partner.test")

			s.owner.do("POST", path("/cases/%v/reply", old), object{"contents": "We know now."})
			s.got("cara@acme.test", "We know now.")
			// A further answer of hers is a note there, or a conversation of its own.
			s.file(answer(mentioned, "mia@partner.test", "kanarienvogel: more."))
			s.owner.do("POST", path("/cases/%v/reply", old), object{"contents": "And more."})
			s.got("cara@acme.test", "And more.")
			s.staysInside("kanarienvogel", "nachtigall")

			cara := s.stranger()
			cara.accept(s.got("cara@acme.test", "/accept/").Links()[0])
			cara.open(path("/conversations/%v", old))
			s.want("the customer's page shows the reply", cara.says("We know now."), true)
			s.want("and no private word", strings.Contains(cara.text, "kanarienvogel") || strings.Contains(cara.text, "nachtigall") || strings.Contains(cara.text, "Mia"), false)
		})
	}
}

func TestAVacationAnswerToAMentionMailIsAnEventAndOpensNothing(t *testing.T) {
	t.Parallel()
	s, _, id, mentioned := withMention(t)
	cases := len(s.owner.list("/cases"))
	s.want("mail because of it", s.sends(func() {
		l := answer(mentioned, "mia@partner.test", "I am away.")
		l.Headers, l.EnvelopeFrom = append(l.Headers, "Auto-Submitted: auto-replied"), "<>"
		m := s.file(l)
		s.want("rule", m["rule"], "auto_reply")
		s.want("conversation", m["case_id"], id)
	}), "[]")
	s.want("conversations", len(s.owner.list("/cases")), cases)
	s.want("notes", len(s.posts(id, "NOTE")), 1)
}

func TestAMentionOnAUserOrAnOrganizationIsAnsweredWithAConversationToo(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("collaborator", "mia@partner.test", "Mia Meyer")
	organization := s.owner.do("POST", "/organizations", object{"name": "Acme", "domains": []string{"acme.test"}})
	s.file(letter{From: "cara@acme.test", Text: "Hello."})
	cara := s.owner.list("/users?email=cara@acme.test")[0]
	for about, subject := range map[string]any{"users": cara["id"], "organizations": organization["id"]} {
		note := s.owner.do("POST", path("/"+about+"/%v/notes", subject), object{"contents": "nachtigall @mia@partner.test, who is that?"})
		mentioned := s.got("mia@partner.test", path("/agent/"+about+"/%v?note=%v#note-%v", subject, note["id"], note["id"]))
		m := s.file(answer(mentioned, "mia@partner.test", "kanarienvogel"))
		s.want("rule", m["rule"], "mention")
		s.want("link", s.links(m["case_id"]), "[]")
		s.want("requester", s.conversation(m["case_id"])["requester"].(object)["email"], "mia@partner.test")
	}
	s.staysInside("kanarienvogel", "nachtigall")
}

func TestWhatIsQuotedInAnAnswerToAMentionMailNeverLeaves(t *testing.T) {
	t.Parallel()
	for name, body := range map[string][]string{
		"below":        {"Content-Type: text/plain", "", "Spatz: it is.", "", "On Monday, Abe Agent wrote:", "> is it the nachtigall?"},
		"between":      {"Content-Type: text/plain", "", "> is it the nachtigall?", "", "Spatz: it is.", "", "> or nachtigall two?", "", "No."},
		"Outlook":      {"Content-Type: text/plain", "", "Spatz: it is.", "", "-----Original Message-----", "From: Abe Agent", "Sent: Monday", "To: Mia", "Subject: note", "", "is it the nachtigall?"},
		"HTML":         {"Content-Type: text/html", "", "<p>Spatz: it is.</p><div class=gmail_quote>On Monday, Abe wrote:<blockquote>is it the nachtigall?</blockquote></div>"},
		"HTML between": {"Content-Type: text/html", "", "<blockquote type=cite>is it the nachtigall?</blockquote><p>Spatz: it is.</p><blockquote type=cite>nachtigall two</blockquote><p>No.</p>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, _, mentioned := withMention(t)
			lines := append([]string{"From: mia@partner.test", "To: " + mentioned.replyTo(), "Subject: Re: note", "MIME-Version: 1.0"}, body...)
			m := s.filed(s.raw("mia@partner.test", []string{mentioned.replyTo()}, lines...))
			s.want("rule", m["rule"], "mention")
			// The agent answers, and lets the customer listen from now on.
			s.owner.do("POST", path("/cases/%v/reply", m["case_id"]), object{"contents": "Drossel, then.", "cc": []string{"cara@acme.test"}})
			s.want("her own words are quoted", strings.Contains(s.got("cara@acme.test", "Drossel, then.").all(), "Spatz"), true)
			s.staysInside("nachtigall")
			for _, sent := range s.outbox("mia@partner.test") {
				s.want("it comes back by mail", strings.Contains(sent.all(), "nachtigall"), false)
			}
		})
	}
}

func TestWhoeverAnswersAForwardedMentionMailOpensAConversation(t *testing.T) {
	t.Parallel()
	s, _, id, mentioned := withMention(t)
	s.quiet()
	before := s.snapshot(id)
	m := s.file(answer(mentioned, "pat@partner.test", "Mia asked me to answer."))
	s.want("rule", m["rule"], "mention")
	s.want("requester", s.conversation(m["case_id"])["requester"].(object)["email"], "pat@partner.test")
	s.want("link", s.links(m["case_id"]), path("[MENTION %v]", id))
	s.want("the old one is untouched", s.snapshot(id), before)
	// It was not Mia's answer: hers opens another.
	own := s.file(answer(mentioned, "mia@partner.test", "And mine."))
	s.want("rule of hers", own["rule"], "mention")
	if own["case_id"] == m["case_id"] {
		t.Error("her answer is in the stranger's conversation")
	}
	s.staysInside("nachtigall", "And mine.")
}
