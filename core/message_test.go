package core_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestAnAgentsReplyTakesAndOpensAnUnassignedConversation(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	mia := d.Person(t, core.RoleCollaborator, "mia@partner.test")
	other := d.Person(t, core.RoleAgent, "other@desk.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	id := d.Conversation(t, cara, "hello")
	form := core.ReplyForm{Text: "Good\r\nmorning \x00", CC: []string{"Cole@X.test", mia.Address.String(), "CARA@acme.test", " ", other.Address.String(), "cole@x.test"}}
	post, err := d.Reply(t.Context(), agent, id, form)
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Desk.Conversation(t.Context(), agent, id)
	if err != nil || c.Status != core.StatusOpen || c.Assignee.ID != agent.ID || !c.Following {
		t.Errorf("%+v (%v)", c, err)
	}
	var in []string
	for _, p := range c.Participants {
		in = append(in, fmt.Sprintf("%s %s %d", p.Address, p.Via, p.ID))
	}
	want := fmt.Sprintf("cole@x.test agent 0, mia@partner.test agent %d, other@desk.test agent %d", mia.ID, other.ID)
	if got := strings.Join(in, ", "); got != want {
		t.Errorf("in CC %s, want %s", got, want)
	}
	if got := d.Text(t, `select text || by_staff || is_verified || source from messages where id = $1`, post); got != "Good\nmorningtruetrueagent" {
		t.Errorf("message %q", got)
	}
	got := d.Text(t, `select string_agg(purpose || ' ' || recipient, ', ' order by recipient) from deliveries where post_id = $1`, post)
	if want := "reply cara@acme.test, reply cole@x.test, copy mia@partner.test"; got != want {
		t.Errorf("mailed %s, want %s", got, want)
	}
	if got := d.Text(t, `select count(*) from followers where user_id = $1`, other.ID); got != "1" {
		t.Error("an agent in CC does not follow")
	}
	if _, err := d.Reply(t.Context(), other, id, core.ReplyForm{Text: "and done", Status: core.StatusCompleted}); err != nil {
		t.Fatal(err)
	}
	if c, err = d.Desk.Conversation(t.Context(), agent, id); err != nil || c.Status != core.StatusCompleted || c.Assignee.ID != agent.ID {
		t.Errorf("after the second: %+v (%v)", c, err)
	}
	if got := d.Text(t, `select completed_at is not null from conversations where id = $1`, id); got != "true" {
		t.Error("nobody knows when it was completed")
	}
}

func TestTwoAgentsReplyingAtOnceBothSucceed(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	id := d.Conversation(t, cara, "hello")
	var all sync.WaitGroup
	for i := range 8 {
		agent := d.Person(t, core.RoleAgent, fmt.Sprintf("agent%d@desk.test", i))
		all.Go(func() {
			if _, err := d.Reply(t.Context(), agent, id, core.ReplyForm{Text: "at once", CC: []string{"cole@x.test"}}); err != nil {
				t.Errorf("agent %d: %v", i, err)
			}
		})
	}
	all.Wait()
	if got := d.Text(t, `select count(*) from messages where by_staff`); got != "8" {
		t.Errorf("%s replies of 8", got)
	}
	if got := d.Text(t, `select count(*) from deliveries where recipient = 'cara@acme.test' and purpose = 'reply'`); got != "8" {
		t.Errorf("%s mails to the customer of 8", got)
	}
}

func TestNobodyAnswersWhereNobodyExpectsIt(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	closed, trashed, merged, open := d.Conversation(t, cara, "closed"), d.Conversation(t, cara, "trashed"), d.Conversation(t, cara, "merged"), d.Conversation(t, cara, "open")
	d.Exec(t, `update conversations set status = 'closed' where id = $1`, closed)
	d.Exec(t, `update conversations set trashed_at = now() where id = $1`, trashed)
	d.Exec(t, `update conversations set merged_into = $2 where id = $1`, merged, open)
	for name, c := range map[string]struct {
		id   core.ConversationID
		says string
	}{
		"closed": {closed, "is closed"}, "trashed": {trashed, "in the trash"}, "merged": {merged, fmt.Sprintf("#%d", open)},
	} {
		_, err := d.Reply(t.Context(), agent, c.id, core.ReplyForm{Text: "hello"})
		var refusal core.Refusal
		if !errors.As(err, &refusal) || !errors.Is(err, core.ErrConflict) || !strings.Contains(refusal.Problem, c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.PortalReply(t.Context(), cara, closed, "one more thing", nil); !errors.Is(err, core.ErrConflict) {
		t.Errorf("the customer in a closed one: %v", err)
	}
	if _, err := d.AddNote(t.Context(), agent, closed, "a note may be"); err != nil {
		t.Errorf("note on a closed one: %v", err)
	}
	if _, err := d.AddNote(t.Context(), agent, merged, "goes on"); err != nil {
		t.Errorf("note on a merged one: %v", err)
	}
	if got := d.Text(t, `select conversation_id from notes where text = 'goes on'`); got != fmt.Sprint(open) {
		t.Errorf("the note stands in %s, not in the survivor", got)
	}
}

func TestWhatCannotBeInCC(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{ReplyDomain: "reply.desk.test"})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	gone := d.Person(t, core.RoleCollaborator, "gone@partner.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	d.Exec(t, `update users set enabled = false where id = $1`, gone.ID)
	id := d.Conversation(t, cara, "hello")
	for email, says := range map[string]string{
		"Support@DESK.test":             "address of this help desk",
		"support+abc@desk.test":         "address of this help desk",
		"abcdef@reply.desk.test":        "address of this help desk",
		"gone@partner.test":             "not enabled",
		"no address":                    "no address is not an email address",
		"cole@x.test, dora@x.test":      "is not an email address",
		"Cole <cole@x.test>":            "is not an email address",
		"a@b\r\nBcc: everybody@x.test":  "is not an email address",
		strings.Repeat("a", 400) + "@b": "is not an email address",
	} {
		_, err := d.Reply(t.Context(), agent, id, core.ReplyForm{Text: "hello", CC: []string{"fine@x.test", email}})
		var invalid core.Invalid
		if !errors.As(err, &invalid) || invalid.Field != "cc" || !strings.Contains(invalid.Problem, says) {
			t.Errorf("%q in CC: %v", email, err)
		}
		if _, _, err := d.ReplyPreview(t.Context(), agent, id, []string{email}); !errors.As(err, &invalid) {
			t.Errorf("%q in the preview: %v", email, err)
		}
		if err := d.AddParticipant(t.Context(), agent, id, email); !errors.As(err, &invalid) || invalid.Field != "email" {
			t.Errorf("%q as participant: %v", email, err)
		}
	}
	if got := d.Text(t, `select (select count(*) from messages where by_staff) + (select count(*) from participants) + (select count(*) from deliveries)`); got != "0" {
		t.Error("what was refused left something behind")
	}
}

func TestAParticipantIsTakenOutByAnyOfTheirAddresses(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	cole := d.Person(t, core.RoleCustomer, "cole@x.test")
	d.Exec(t, `insert into addresses (address, user_id, is_primary) values ('cole@home.test', $1, false)`, cole.ID)
	id := d.Conversation(t, cara, "hello")
	for _, email := range []string{"cole@x.test", "cole@home.test", "bare@x.test"} {
		if err := d.AddParticipant(t.Context(), agent, id, email); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.Text(t, `select count(*) from participants`); got != "2" {
		t.Errorf("%s in CC, want Cole once and the bare address", got)
	}
	for _, c := range []struct{ email, want string }{{"cole@home.test", "200"}, {"cole@x.test", "404"}, {"BARE@x.test", "200"}} {
		if got := answer(d.RemoveParticipant(t.Context(), agent, id, c.email)); got != c.want {
			t.Errorf("take %s out: %s, want %s", c.email, got, c.want)
		}
	}
	if got := d.Text(t, `select count(*) from participants`); got != "0" {
		t.Errorf("%s still in CC", got)
	}
}

func TestThePreviewTellsWhoGetsWhat(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	mia := d.Person(t, core.RoleCollaborator, "mia@partner.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	id := d.Conversation(t, cara, "hello")
	d.Exec(t, `insert into participants (conversation_id, address, user_id, via) values ($1, $2, $3, 'mail')`, id, mia.Address, mia.ID)
	d.Exec(t, `insert into suppressions (address, reason) values ('cole@x.test', 'no such user')`)
	to, warnings, err := d.ReplyPreview(t.Context(), agent, id, []string{"cole@x.test", "MIA@partner.test"})
	var got []string
	for _, r := range to {
		got = append(got, r.Address.String()+" "+r.What[:strings.Index(r.What, ":")])
	}
	if want := "cara@acme.test requester, mia@partner.test collaborator, cole@x.test customer"; err != nil || strings.Join(got, ", ") != want {
		t.Errorf("%s (%v), want %s", strings.Join(got, ", "), err, want)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "no such user") {
		t.Errorf("warnings %q", warnings)
	}
	if got := d.Text(t, `select count(*) from participants`); got != "1" {
		t.Error("a preview put somebody in CC")
	}
}

func TestWhoLostTheRoleMeanwhileIsRefused(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	id := d.Conversation(t, cara, "hello")
	d.Exec(t, `update users set role = 'collaborator' where id = $1`, agent.ID)
	if _, err := d.Reply(t.Context(), agent, id, core.ReplyForm{Text: "still me"}); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("reply with yesterday's role: %v", err)
	}
	if _, err := d.AddNote(t.Context(), agent, id, "still me"); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("note with yesterday's role: %v", err)
	}
}

func TestARequestersOwnWordsAreTheirsWhateverTheirRole(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	for _, role := range core.Roles() {
		person := d.Person(t, role, string(role)+"@some.test")
		id := d.Conversation(t, person, "my own request")
		d.Exec(t, `update conversations set status = 'pending', assignee_id = $2 where id = $1`, id, agent.ID)
		post, err := d.PortalReply(t.Context(), person, id, "any news?", []core.Upload{{Filename: "a.txt", Content: []byte("x")}})
		if err != nil {
			t.Errorf("%s: %v", role, err)
			continue
		}
		got := d.Text(t, `select m.by_staff || ' ' || c.status || ' ' || c.assignee_id from messages m join conversations c on c.id = m.conversation_id where m.id = $1`, post)
		if want := fmt.Sprintf("false open %d", agent.ID); got != want {
			t.Errorf("%s: %s, want %s", role, got, want)
		}
	}
	mia := d.Person(t, core.RoleCollaborator, "mia@partner.test")
	id := d.Conversation(t, mia, "a collaborator asks")
	if _, err := d.Reply(t.Context(), mia, id, core.ReplyForm{Text: "as requester"}); err != nil {
		t.Errorf("a collaborator in their own request: %v", err)
	}
}

func TestADraftIsSentOnceWithItsFilesAndByItsAuthorOnly(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	other := d.Person(t, core.RoleAgent, "other@desk.test")
	id := d.Conversation(t, cara, "hello")
	saved, err := d.SaveDraft(t.Context(), agent, id, core.DraftForm{Text: "half a"})
	if err != nil {
		t.Fatal(err)
	}
	draft := saved.ID
	d.Exec(t, `insert into attachments (draft_id, filename, content_type, size, sha256, content) values ($1, 'a', 'text/plain', 1, '', 'x')`, draft)
	if _, err := d.SaveDraft(t.Context(), agent, id, core.DraftForm{ID: draft, Text: "half a sentence", CC: []string{"cole@x.test"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.SaveDraft(t.Context(), other, id, core.DraftForm{ID: draft, Text: "not mine"}); !errors.Is(err, core.ErrConflict) {
		t.Errorf("another's draft saved: %v", err)
	}
	if err := d.DiscardDraft(t.Context(), other, draft); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("another's draft discarded: %v", err)
	}
	if _, err := d.Attachment(t.Context(), other, 1); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("file of another's draft: %v", err)
	}
	if drafts, err := d.Drafts(t.Context(), other, id); err != nil || len(drafts) != 0 {
		t.Errorf("another sees %v (%v)", drafts, err)
	}
	drafts, err := d.Drafts(t.Context(), agent, id)
	if err != nil || len(drafts) != 1 || drafts[0].Text != "half a sentence" || len(drafts[0].Attachments) != 1 || drafts[0].CC[0] != "cole@x.test" {
		t.Errorf("own drafts %+v (%v)", drafts, err)
	}
	post, err := d.Reply(t.Context(), agent, id, core.ReplyForm{Text: "whole", Draft: draft})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `select message_id from attachments`); got != fmt.Sprint(post) {
		t.Errorf("the file stands at %s", got)
	}
	if _, err := d.Reply(t.Context(), agent, id, core.ReplyForm{Text: "whole", Draft: draft}); !errors.Is(err, core.ErrConflict) {
		t.Errorf("sent twice: %v", err)
	}
	if got := d.Text(t, `select count(*) from messages where by_staff`); got != "1" {
		t.Errorf("%s replies", got)
	}
}

func TestFilesComeFromTheRowOrFromTheRawMail(t *testing.T) {
	t.Parallel()
	read := func(raw []byte) core.Letter {
		return core.Letter{HTML: "<b>" + string(raw) + "</b>", Attachments: []core.Attachment{{Content: []byte("first")}, {Content: []byte("second")}}}
	}
	d := coretest.OpenDesk(t, core.Config{Read: read})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	dan := d.Person(t, core.RoleCustomer, "dan@other.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	id := d.Conversation(t, cara, "hello")
	d.Exec(t, `insert into inbound (digest, due_at, received_at, helo, tls, envelope_from, recipients, size, raw)
		values ('', now(), now(), '', false, '', '{}', 3, 'raw')`)
	d.Exec(t, `update messages set inbound_id = 1`)
	file := func(ordinal int, content string) core.AttachmentID {
		digest := sha256.Sum256([]byte(content))
		d.Exec(t, `insert into attachments (message_id, filename, content_type, size, sha256, inbound_id, ordinal)
			values (1, 'f', 'text/plain', 1, $1, 1, $2)`, digest[:], ordinal)
		var last core.AttachmentID
		_, _ = fmt.Sscan(d.Text(t, `select max(id) from attachments`), &last)
		return last
	}
	for name, c := range map[string]struct {
		id   core.AttachmentID
		want string
	}{
		"by ordinal": {file(1, "second"), "second"}, "by digest": {file(1, "first"), "first"},
		"beyond": {file(7, "second"), "second"}, "not there": {file(0, "third"), ""},
	} {
		f, err := d.Attachment(t.Context(), agent, c.id)
		if string(f.Content) != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q (%v)", name, f.Content, err)
		}
	}
	if html, err := d.MessageHTML(t.Context(), agent, 1); err != nil || html != "<b>raw</b>" {
		t.Errorf("HTML %q (%v)", html, err)
	}
	if _, err := d.MessageHTML(t.Context(), cara, 1); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("HTML for a customer: %v", err)
	}

	upload := []core.Upload{{Filename: `C:\dir/..\evil.txt`, ContentType: "Text/Plain; charset=x", Content: []byte("hi")}, {Filename: "..", ContentType: "<script>"}}
	post, err := d.Reply(t.Context(), agent, id, core.ReplyForm{Text: "see file", Files: upload})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `select string_agg(filename || ' ' || content_type, ', ' order by id) from attachments where message_id = $1`, post); got != "evil.txt text/plain, file application/octet-stream" {
		t.Error(got)
	}
	var sent core.AttachmentID
	_, _ = fmt.Sscan(d.Text(t, `select min(id) from attachments where message_id = $1`, post), &sent)
	if f, err := d.Attachment(t.Context(), cara, sent); err != nil || string(f.Content) != "hi" {
		t.Errorf("the requester's file %q (%v)", f.Content, err)
	}
	if _, err := d.Attachment(t.Context(), dan, sent); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a stranger's file: %v", err)
	}
	big := []core.Upload{{Filename: "big", Content: make([]byte, 19<<20)}}
	if _, err := d.Reply(t.Context(), agent, id, core.ReplyForm{Text: "see file", Files: big}); answer(err) != "400" {
		t.Errorf("more than a mail carries: %v", err)
	}
}

func TestAConversationOnACustomersBehalfIsMailedToThem(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	d.Exec(t, `with o as (insert into organizations (name) values ('Acme') returning id) insert into organization_domains select 'acme.test', id from o`)
	id, err := d.CreateConversation(t.Context(), agent, core.NewConversation{Subject: " Your\norder ", Text: "It is on its way.", RequesterEmail: "New@Acme.test", CC: []string{"cole@x.test"}, Channel: core.ChannelAPI})
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Desk.Conversation(t.Context(), agent, id)
	if err != nil || c.Subject != "Your order" || c.Requester.Name != "new" || c.Requester.Role != core.RoleCustomer || c.Channel != core.ChannelAPI ||
		c.Status != core.StatusOpen || c.Assignee.ID != agent.ID || c.Mailbox.Address.String() != "support@desk.test" {
		t.Errorf("%+v (%v)", c, err)
	}
	if got := d.Text(t, `select string_agg(purpose || ' ' || recipient, ', ' order by recipient) from deliveries`); got != "reply cole@x.test, reply new@acme.test" {
		t.Errorf("mailed %s", got)
	}
	if got := d.Text(t, `select o.name from users u join organizations o on o.id = u.organization_id where u.id = $1`, c.Requester.ID); got != "Acme" {
		t.Error("joined " + got)
	}
	again, err := d.CreateConversation(t.Context(), agent, core.NewConversation{Subject: "Again", Text: "Hello", RequesterEmail: "new@acme.test"})
	if err != nil || d.Text(t, `select requester_id from conversations where id = $1`, again) != fmt.Sprint(c.Requester.ID) {
		t.Errorf("the second one has another requester (%v)", err)
	}
	gone := d.Person(t, core.RoleCustomer, "gone@acme.test")
	d.Exec(t, `update users set enabled = false where id = $1`, gone.ID)
	for field, n := range map[string]core.NewConversation{
		"subject":         {Text: "t", RequesterEmail: "new@acme.test"},
		"contents":        {Subject: "s", RequesterEmail: "new@acme.test"},
		"requester_email": {Subject: "s", Text: "t", RequesterEmail: "support@desk.test"},
		"requester_id":    {Subject: "s", Text: "t", Requester: gone.ID},
		"cc":              {Subject: "s", Text: "t", RequesterEmail: "new@acme.test", CC: []string{"support@desk.test"}},
		"mailbox_id":      {Subject: "s", Text: "t", RequesterEmail: "new@acme.test", Mailbox: 77},
	} {
		var invalid core.Invalid
		if _, err := d.CreateConversation(t.Context(), agent, n); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if got := d.Text(t, `select count(*) from conversations`); got != "2" {
		t.Errorf("%s conversations: what was refused left something behind", got)
	}
}
