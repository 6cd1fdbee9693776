package core_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// said gives what stands in a conversation, messages as M, notes as N, in order.
func said(t *testing.T, d coretest.Desk, id core.ConversationID) string {
	t.Helper()
	admin := core.Actor{ID: -1, Role: core.RoleAdmin, Rights: core.BuiltinRights(core.RoleAdmin), Enabled: true}
	entries, err := d.Timeline(t.Context(), admin, id)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, e := range entries {
		if e.Kind != core.EntryEvent {
			lines = append(lines, string(e.Kind[:1])+" "+e.Text)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, ", ")
}

func TestMergingOneRequestersConversationsKeepsTheirWordsPublic(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	other := d.Person(t, core.RoleAgent, "other@desk.test")
	old, young, third := d.Conversation(t, cara, "old"), d.Conversation(t, cara, "young"), d.Conversation(t, cara, "third")
	d.Note(t, young, agent, "private")
	d.Exec(t, `insert into participants (conversation_id, address, via) values ($1, 'cole@x.test', 'mail'), ($1, 'dora@x.test', 'mail'), ($2, 'dora@x.test', 'agent')`, young, old)
	d.Exec(t, `insert into followers values ($1, $2)`, young, other.ID)
	d.Exec(t, `insert into drafts (conversation_id, user_id, source, text) values ($1, $2, 'agent', 'draft')`, young, agent.ID)
	d.Exec(t, `insert into conversation_links (conversation_id, other_id, relation) values ($1, $2, 'may_belong'), ($3, $2, 'also_names')`, young, old, third)
	d.Exec(t, `update conversations set status = 'completed', completed_at = now() where id = $1`, old)

	survivor, err := d.Merge(t.Context(), agent, []core.ConversationID{young, old}, false)
	if err != nil || survivor != old {
		t.Fatalf("survivor %d (%v), want %d", survivor, err, old)
	}
	if got := said(t, d, old); got != "M old, M young, N private" {
		t.Error(got)
	}
	c, err := d.Desk.Conversation(t.Context(), agent, old)
	if err != nil || len(c.Participants) != 2 || c.Status != core.StatusOpen || len(c.Links) != 1 || c.Links[0].Conversation != third {
		t.Errorf("%+v (%v)", c, err)
	}
	if c, err = d.Desk.Conversation(t.Context(), other, old); err != nil || !c.Following {
		t.Errorf("the follower was lost (%v)", err)
	}
	if drafts, err := d.Drafts(t.Context(), agent, old); err != nil || len(drafts) != 1 {
		t.Errorf("drafts %v (%v)", drafts, err)
	}
	if c, err = d.Desk.Conversation(t.Context(), agent, young); err != nil || c.MergedInto != old {
		t.Errorf("the merged one leads to %d (%v)", c.MergedInto, err)
	}
	if thread, err := d.MyConversation(t.Context(), cara, young); err != nil || thread.ID != old || len(thread.Posts) != 2 {
		t.Errorf("the requester's link to the merged one: %+v (%v)", thread, err)
	}
	if got := d.Text(t, `select string_agg(came_from::text, ' ') from (select came_from from messages union all select came_from from notes) x where came_from is not null`); got != fmt.Sprintf("%d %d", young, young) {
		t.Errorf("came from %s", got)
	}

	// A merge of a merge: whoever names any of them means the survivor.
	if _, err := d.Merge(t.Context(), agent, []core.ConversationID{young, third}, false); err != nil {
		t.Fatal(err)
	}
	if got := said(t, d, old); got != "M old, M third, M young, N private" {
		t.Error(got)
	}
	if _, err := d.Merge(t.Context(), agent, []core.ConversationID{young, third}, false); answer(err) != "400" {
		t.Errorf("merged with itself: %v", err)
	}
	if _, err := d.Merge(t.Context(), agent, []core.ConversationID{old, 999}, false); answer(err) != "404" {
		t.Errorf("merged with a missing one: %v", err)
	}
}

func TestMergingNeverMakesWordsPublic(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	dan := d.Person(t, core.RoleCustomer, "dan@other.test")
	mia := d.Person(t, core.RoleCollaborator, "mia@partner.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")

	t.Run("another customer's", func(t *testing.T) {
		old, young := d.Conversation(t, cara, "caras"), d.Conversation(t, dan, "dans secret")
		answered := d.Message(t, young, agent, "to dan")
		d.Message(t, young, cara, "cara in dans")
		d.Exec(t, `insert into attachments (message_id, filename, content_type, size, sha256, content) values ($1, 'x', 'text/plain', 1, '', 'x')`, answered)
		d.Exec(t, `insert into participants (conversation_id, address, user_id, via, by_staff) values ($1, 'friend@other.test', null, 'mail', false), ($1, $2, $3, 'mail', false)`, young, mia.Address, mia.ID)
		if _, err := d.Merge(t.Context(), agent, []core.ConversationID{old, young}, false); err != nil {
			t.Fatal(err)
		}
		if got := said(t, d, old); got != "M cara in dans, M caras, N dans secret, N to dan" {
			t.Error(got)
		}
		if got := d.Text(t, `select bool_and(was_message) || ' ' || min(came_from) || ' ' || count(f.id) from notes n left join attachments f on f.note_id = n.id where n.conversation_id = $1`, old); got != fmt.Sprintf("true %d 1", young) {
			t.Errorf("the notes: %s", got)
		}
		c, err := d.Desk.Conversation(t.Context(), agent, old)
		if err != nil || len(c.Participants) != 1 || c.Participants[0].ID != mia.ID || len(c.Suggestions) != 1 || c.Suggestions[0].Address.String() != "friend@other.test" {
			t.Errorf("in CC %+v, suggested %+v (%v)", c.Participants, c.Suggestions, err)
		}
		if got := d.Text(t, `select by_staff from participants where conversation_id = $1`, old); got != "true" {
			t.Error("staff put the collaborator there, and nobody knows")
		}
		var file core.AttachmentID
		_, _ = fmt.Sscan(d.Text(t, `select max(id) from attachments`), &file)
		for _, who := range []core.Actor{cara, dan} {
			if _, err := d.Attachment(t.Context(), who, file); !errors.Is(err, core.ErrNotFound) {
				t.Errorf("%s reads a file that is a note's now: %v", who.Name, err)
			}
		}
		if _, err := d.MyConversation(t.Context(), dan, young); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("the merged one's requester reads the survivor: %v", err)
		}
	})

	t.Run("with the requester in CC", func(t *testing.T) {
		old, young := d.Conversation(t, cara, "caras"), d.Conversation(t, dan, "dans")
		if _, err := d.Merge(t.Context(), agent, []core.ConversationID{old, young}, true); err != nil {
			t.Fatal(err)
		}
		c, err := d.Desk.Conversation(t.Context(), agent, old)
		if err != nil || len(c.Participants) != 1 || c.Participants[0].ID != dan.ID || c.Participants[0].Via != "merge" {
			t.Errorf("in CC %+v (%v)", c.Participants, err)
		}
		if got := said(t, d, old); got != "M caras, N dans" {
			t.Error(got)
		}
	})

	t.Run("a collaborator's request", func(t *testing.T) {
		old, young := d.Conversation(t, cara, "caras"), d.Conversation(t, mia, "mias answer")
		d.Message(t, young, agent, "to mia")
		if _, err := d.Merge(t.Context(), agent, []core.ConversationID{old, young}, true); err != nil {
			t.Fatal(err)
		}
		if got := said(t, d, old); got != "M caras, N mias answer, N to mia" {
			t.Error(got)
		}
	})

	t.Run("a copy that is not written yet", func(t *testing.T) {
		old, young := d.Conversation(t, cara, "caras"), d.Conversation(t, dan, "dans")
		if _, err := d.Reply(t.Context(), agent, young, core.ReplyForm{Text: "for dan"}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Merge(t.Context(), agent, []core.ConversationID{old, young}, false); err != nil {
			t.Fatal(err)
		}
		if got := d.Text(t, `select state || (last_response <> '') from deliveries where conversation_id = $1 and purpose = 'reply'`, young); got != "failedtrue" {
			t.Errorf("the mail is %s", got)
		}
	})

	t.Run("into a closed one", func(t *testing.T) {
		old, young := d.Conversation(t, cara, "closed"), d.Conversation(t, cara, "open")
		d.Exec(t, `update conversations set status = 'closed' where id = $1`, old)
		if _, err := d.Merge(t.Context(), agent, []core.ConversationID{old, young}, false); !errors.Is(err, core.ErrConflict) {
			t.Errorf("%v", err)
		}
	})
}

// A press on Send must not bring one what was begun to another.
func TestAReplyBegunToSomebodyElseGoesOnAsANote(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara, mia := d.Person(t, core.RoleCustomer, "cara@acme.test"), d.Person(t, core.RoleCollaborator, "mia@partner.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	for _, c := range []struct {
		about string
		from  core.Actor
		kind  core.DraftKind
		cc    int
	}{{"mias", mia, core.DraftNote, 0}, {"caras second", cara, core.DraftReply, 1}} {
		into, merged := d.Conversation(t, cara, "caras"), d.Conversation(t, c.from, c.about)
		d.Exec(t, `insert into drafts (conversation_id, user_id, source, text, cc) values ($1, $2, 'agent', 'between us', '{cole@x.test}')`, merged, agent.ID)
		if _, err := d.Merge(t.Context(), agent, []core.ConversationID{into, merged}, false); err != nil {
			t.Fatal(err)
		}
		drafts, err := d.Drafts(t.Context(), agent, into)
		if err != nil || len(drafts) != 1 || drafts[0].Kind != c.kind || len(drafts[0].CC) != c.cc {
			t.Errorf("%s: %+v (%v), want a %s with %d in CC", c.about, drafts, err, c.kind, c.cc)
		}
	}
}

func TestAMentionAnswerIsFiledAsNotesWhereTheMentionStands(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	mia := d.Person(t, core.RoleCollaborator, "mia@partner.test")
	older, source, answered := d.Conversation(t, cara, "older"), d.Conversation(t, cara, "source"), d.Conversation(t, mia, "mias answer")
	d.Message(t, answered, agent, "second round")
	d.Exec(t, `insert into conversation_links (conversation_id, other_id, relation) values ($1, $2, 'mention')`, answered, source)
	d.Exec(t, `insert into participants (conversation_id, address, via) values ($1, 'friend@partner.test', 'mail')`, answered)
	d.Exec(t, `update conversations set status = 'closed' where id = $1`, older)
	d.Exec(t, `update conversations set merged_into = $2 where id = $1`, source, older)
	if got := answer(ignore(d.FileAsNote(t.Context(), mia, answered))); got != "403" {
		t.Errorf("by a collaborator: %s", got)
	}
	into, err := d.FileAsNote(t.Context(), agent, answered)
	if err != nil || into != older {
		t.Fatalf("filed in %d (%v), want the source's survivor %d", into, err, older)
	}
	if got := said(t, d, older); got != "M older, N mias answer, N second round" {
		t.Error(got)
	}
	c, err := d.Desk.Conversation(t.Context(), agent, older)
	if err != nil || c.Status != core.StatusClosed || len(c.Participants) != 0 {
		t.Errorf("%+v (%v)", c, err)
	}
	for name, id := range map[string]core.ConversationID{"again": answered, "no mention": source} {
		if got := answer(ignore(d.FileAsNote(t.Context(), agent, id))); got != "409" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := answer(ignore(d.FileAsNote(t.Context(), agent, 999))); got != "404" {
		t.Errorf("a missing one: %s", got)
	}
}

func ignore[T any](_ T, err error) error { return err }

func TestAChangeOfRequesterMakesPrivateWhatTheNewOneCouldNotRead(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	dan := d.Person(t, core.RoleCustomer, "dan@other.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	id := d.Conversation(t, cara, "caras words")
	d.Message(t, id, dan, "dans own")
	mailed := d.Message(t, id, agent, "mailed to both")
	d.Exec(t, `insert into participants (conversation_id, address, user_id, via) values ($1, $2, $3, 'mail')`, id, dan.Address, dan.ID)
	d.Exec(t, `insert into deliveries (purpose, state, recipient, user_id, conversation_id, post_id, mailbox_id, bounce_name, id_name, automatic)
		values ('reply', 'sent', $1, $2, $3, $4, $5, 1, 1, false)`, dan.Address, dan.ID, id, mailed, d.Mailbox)

	if err := d.UpdateConversation(t.Context(), agent, id, core.Changes{Requester: &dan.ID, ConfirmRequester: true}); err != nil {
		t.Fatal(err)
	}
	if got := said(t, d, id); got != "M dans own, M mailed to both, N caras words" {
		t.Error(got)
	}
	c, err := d.Desk.Conversation(t.Context(), agent, id)
	if err != nil || c.Requester.ID != dan.ID || len(c.Participants) != 0 {
		t.Errorf("%+v (%v)", c, err)
	}
	// Back again: private stays private.
	if err := d.UpdateConversation(t.Context(), agent, id, core.Changes{Requester: &cara.ID, ConfirmRequester: true}); err != nil {
		t.Fatal(err)
	}
	if got := said(t, d, id); got != "N caras words, N dans own, N mailed to both" {
		t.Error(got)
	}
	email := "fresh@acme.test"
	if err := d.UpdateConversation(t.Context(), agent, id, core.Changes{RequesterEmail: &email}); err != nil {
		t.Fatal(err)
	}
	if c, err = d.Desk.Conversation(t.Context(), agent, id); err != nil || c.Requester.Address.String() != email {
		t.Errorf("requester %+v (%v)", c.Requester, err)
	}
}

func TestMergesInOppositeDirectionsEndInOneSurvivor(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	var ids []core.ConversationID
	for i := range 5 {
		ids = append(ids, d.Conversation(t, cara, fmt.Sprint("c", i)))
	}
	var all sync.WaitGroup
	for i := range ids {
		pair := []core.ConversationID{ids[i], ids[(i+1)%len(ids)]}
		all.Go(func() {
			_, err := d.Merge(t.Context(), agent, pair, false)
			if got := answer(err); got != "200" && got != "400" && got != "409" {
				t.Errorf("merge %v: %v", pair, err)
			}
		})
	}
	all.Wait()
	if _, err := d.Merge(t.Context(), agent, ids, false); err != nil && answer(err) != "400" {
		t.Fatal(err)
	}
	if got := said(t, d, ids[0]); got != "M c0, M c1, M c2, M c3, M c4" {
		t.Error(got)
	}
}

// TestNoSequenceOfMergesAndChangesShowsACustomerWhatIsNotTheirs is property 1 of
// mail-law section 2 and the leak canary of reliability.md, at the desk: words
// carry their author and their requester at the time.
func TestNoSequenceOfMergesAndChangesShowsACustomerWhatIsNotTheirs(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	mia := d.Person(t, core.RoleCollaborator, "mia@partner.test")
	customers := []core.Actor{d.Person(t, core.RoleCustomer, "cara@acme.test"), d.Person(t, core.RoleCustomer, "dan@other.test"), d.Person(t, core.RoleCustomer, "eve@third.test")}
	requesters := append([]core.Actor{mia}, customers...)
	random := rand.New(rand.NewPCG(7, 11))
	var ids []core.ConversationID
	owner := map[core.ConversationID]core.Actor{}
	pick := func() core.ConversationID { return ids[random.IntN(len(ids))] }
	for step := range 150 {
		switch what := random.IntN(6); {
		case what == 0 || len(ids) < 3:
			who := requesters[random.IntN(len(requesters))]
			id := d.Conversation(t, who, fmt.Sprintf("for-%s-", who.Name))
			ids, owner[id] = append(ids, id), who
		case what == 1:
			id := pick()
			_, _ = d.Reply(t.Context(), agent, id, core.ReplyForm{Text: fmt.Sprintf("for-%s-", owner[id].Name)})
		case what == 2:
			_, _ = d.AddNote(t.Context(), mia, pick(), "for-nobody-")
		case what == 3:
			id := pick()
			_, _ = d.PortalReply(t.Context(), owner[id], id, fmt.Sprintf("for-%s-", owner[id].Name), nil)
		case what == 4:
			id, who := pick(), requesters[random.IntN(len(requesters))]
			if err := d.UpdateConversation(t.Context(), agent, id, core.Changes{Requester: &who.ID, ConfirmRequester: true}); err == nil {
				owner[id] = who
			}
		default:
			_, _ = d.Merge(t.Context(), agent, []core.ConversationID{pick(), pick()}, random.IntN(2) == 0)
		}
		if step%10 != 9 {
			continue
		}
		for _, who := range customers {
			list, err := d.MyConversations(t.Context(), who)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range list {
				thread, err := d.MyConversation(t.Context(), who, row.ID)
				if err != nil {
					t.Fatal(err)
				}
				shown, _ := json.Marshal(thread.Posts)
				for _, other := range []string{"Mia", "Cara", "Dan", "Eve", "nobody"} {
					if other != who.Name && strings.Contains(string(shown), "for-"+other+"-") {
						t.Fatalf("step %d: %s reads what was for %s: %s", step, who.Name, other, shown)
					}
				}
			}
		}
	}
	if got := d.Text(t, `select count(*) from notes where was_message`); got == "0" {
		t.Error("nothing ever became private: the walk proves nothing")
	}
	if got := d.Text(t, `select count(*) from conversations where merged_into is not null`); got == "0" {
		t.Error("nothing was merged: the walk proves nothing")
	}
}
