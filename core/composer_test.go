package core_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestAnOlderWindowWritesOverNoNewerWords(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	id := d.Conversation(t, d.Customer(t, "cara@acme.test"), "hello")
	agent := d.Agent(t, "agent@desk.test")
	save := func(f core.DraftForm) core.SavedDraft {
		t.Helper()
		saved, err := d.SaveDraft(t.Context(), agent, id, f)
		if err != nil {
			t.Fatal(err)
		}
		return saved
	}
	first := save(core.DraftForm{Text: "Dear"})
	newer := save(core.DraftForm{ID: first.ID, Revision: first.Revision, Text: "Dear Cara"})
	if newer.ID != first.ID || newer.Revision == first.Revision || newer.Apart {
		t.Errorf("the same window: %+v after %+v", newer, first)
	}
	same := save(core.DraftForm{ID: first.ID, Revision: first.Revision, Text: "Dear Cara"})
	if same.ID != first.ID || same.Apart {
		t.Errorf("the same words of another window: %+v", same)
	}
	apart := save(core.DraftForm{ID: first.ID, Revision: first.Revision, Text: "Dear Sir", CC: []string{"cole@x.test"}, Status: core.StatusPending})
	if !apart.Apart || apart.ID == first.ID {
		t.Errorf("other words of an older window: %+v", apart)
	}
	drafts, err := d.Drafts(t.Context(), agent, id)
	if err != nil || len(drafts) != 2 || drafts[0].Text != "Dear Sir" || drafts[0].Status != core.StatusPending || drafts[1].Text != "Dear Cara" {
		t.Errorf("kept %+v (%v)", drafts, err)
	}
	if gone := save(core.DraftForm{ID: apart.ID, Revision: apart.Revision}); gone.ID != 0 {
		t.Errorf("an emptied draft stays: %+v", gone)
	}
	if got := d.Text(t, `select string_agg(text, ' ') from drafts`); got != "Dear Cara" {
		t.Errorf("left %q", got)
	}
}

func TestADraftOfANoteIsANoteAlsoForWhoMayNotReply(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	id := d.Conversation(t, d.Customer(t, "cara@acme.test"), "hello")
	mia := d.Collaborator(t, "mia@partner.test")
	if _, err := d.SaveDraft(t.Context(), mia, id, core.DraftForm{Text: "Dear Cara"}); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("a draft of a reply: %v", err)
	}
	if _, _, err := d.AttachToDraft(t.Context(), mia, id, 0, core.DraftReply, core.Upload{Filename: "a"}); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("a file of a reply: %v", err)
	}
	draft, file, err := d.AttachToDraft(t.Context(), mia, id, 0, core.DraftNote, core.Upload{Filename: "log.txt", Content: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.SaveDraft(t.Context(), mia, id, core.DraftForm{ID: draft, Kind: core.DraftNote, Revision: 1, Text: "It is the sensor"}); err != nil {
		t.Fatal(err)
	}
	drafts, err := d.Drafts(t.Context(), mia, id)
	if err != nil || len(drafts) != 1 || len(drafts[0].Attachments) != 1 {
		t.Fatalf("drafts %+v (%v)", drafts, err)
	}
	if text, is := drafts[0].Note(); !is || text != "It is the sensor" {
		t.Errorf("no draft of a note: %+v", drafts[0])
	}
	noted, err := d.WriteNote(t.Context(), mia, id, core.NoteForm{Text: "It is the sensor", Draft: draft})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `select note_id || ' ' || (select count(*) from drafts) from attachments where id = $1`, file.ID); got != fmt.Sprint(noted.ID, " 0") {
		t.Errorf("the file and what is left: %s", got)
	}
}

// TestOneFormSentTwiceAtOnceIsSaidOnce: two clicks race; nobody's draft stays.
func TestOneFormSentTwiceAtOnceIsSaidOnce(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	id := d.Conversation(t, d.Customer(t, "cara@acme.test"), "hello")
	agent := d.Agent(t, "agent@desk.test")
	all := func(act func() (string, error)) {
		t.Helper()
		var group sync.WaitGroup
		made := make([]string, 4)
		for i := range made {
			group.Go(func() {
				got, err := act()
				if err != nil {
					t.Error(err)
				}
				made[i] = got
			})
		}
		group.Wait()
		for _, one := range made {
			if one != made[0] {
				t.Errorf("made %v", made)
				break
			}
		}
	}
	all(func() (string, error) {
		draft, _, err := d.AttachToDraft(t.Context(), agent, id, 0, core.DraftReply, core.Upload{Filename: "a", Content: []byte("a")})
		if err != nil {
			return "", err
		}
		post, err := d.Reply(t.Context(), agent, id, core.ReplyForm{Text: "Water it.\r\n", Form: "key", Draft: draft})
		return fmt.Sprint(post), err
	})
	all(func() (string, error) {
		noted, err := d.WriteNote(t.Context(), agent, id, core.NoteForm{Text: "Watered.", Form: "key"})
		return fmt.Sprint(noted.ID), err
	})
	all(func() (string, error) {
		made, err := d.CreateConversation(t.Context(), agent, core.NewConversation{RequesterEmail: "dan@acme.test", Subject: "Hi", Text: "Hello", Form: "key"})
		return fmt.Sprint(made), err
	})
	const count = `select (select count(*) from messages where by_staff) || ' ' || (select count(*) from notes) || ' ' || (select count(*) from conversations)
		|| ' ' || (select count(*) from drafts) || ' ' || (select count(*) from attachments)`
	if got := d.Text(t, count); got != "2 1 2 0 1" {
		t.Errorf("replies, notes, conversations, drafts, files: %s", got)
	}
	if _, err := d.Reply(t.Context(), agent, id, core.ReplyForm{Text: "And feed it.", Form: "key"}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Reply(t.Context(), d.Agent(t, "other@desk.test"), id, core.ReplyForm{Text: "And feed it.", Form: "key"}); err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, count); got != "4 1 2 0 1" {
		t.Errorf("other words, or another's, were taken for the same: %s", got)
	}
}

func TestAReplyThatCrossesAnothersIsStoppedUntilItIsSeen(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Customer(t, "cara@acme.test")
	id := d.Conversation(t, cara, "hello")
	abe, mia := d.Agent(t, "abe@desk.test"), d.Agent(t, "mia@desk.test")
	seen := core.PostID(1)
	reply := func(as core.Actor, text string, seen core.PostID) (core.PostID, error) {
		return d.Reply(t.Context(), as, id, core.ReplyForm{Text: text, Seen: seen})
	}
	its, err := reply(mia, "I look.", seen)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reply(mia, "And found it.", seen); err != nil {
		t.Errorf("one's own reply is in one's way: %v", err)
	}
	var collision core.Collision
	if _, err := reply(abe, "I look.", seen); !errors.As(err, &collision) || !errors.Is(err, core.ErrConflict) || !collision.ByStaff || collision.Who == "" {
		t.Errorf("crossed: %v", err)
	}
	said := d.Message(t, id, cara, "Thank you both")
	if _, err := reply(abe, "I look.", its+1); !errors.As(err, &collision) || collision.ByStaff {
		t.Errorf("the customer wrote: %v", err)
	}
	if _, err := reply(abe, "Gladly.", said); err != nil {
		t.Errorf("all was seen: %v", err)
	}
	if got := d.Text(t, `select count(*) from messages where by_staff`); got != "3" {
		t.Errorf("%s replies", got)
	}
}

func TestTheCheckOfAReplyTellsOfEachAddress(t *testing.T) {
	t.Parallel()
	read := func(raw []byte) core.Letter { return core.Letter{ListHeaders: bytes.Contains(raw, []byte("List-Id:"))} }
	d := coretest.OpenDesk(t, core.Config{Read: read, ReplyDomain: "reply.desk.test"})
	cara := d.Customer(t, "cara@acme.test")
	id := d.Conversation(t, cara, "hello")
	agent := d.Agent(t, "agent@desk.test")
	d.Collaborator(t, "mia@partner.test")
	d.Customer(t, "lee@acme.test")
	dan := d.Customer(t, "dan@acme.test")
	d.Exec(t, `update users set enabled = false where id = $1`, dan.ID)
	mailbox := d.Text(t, `select address from mailboxes order by id limit 1`)
	for typed, want := range map[string]string{
		"mia@partner.test":      "collaborator: private copy",
		"LEE@acme.test":         "customer: gets the message",
		"new@x.test":            "customer: gets the message",
		"agent@desk.test":       "", // oneself
		"cara@acme.test":        "", // the requester, told already
		"dan@acme.test":         "fault: not enabled",
		mailbox:                 "fault: is an address of this help desk",
		"x+abc@reply.desk.test": "fault: is an address of this help desk",
		"no address":            "fault: is not an email address",
	} {
		check, err := d.CheckReply(t.Context(), agent, id, []string{"good@x.test", typed})
		if err != nil {
			t.Fatal(err)
		}
		if len(check.To) < 2 || check.To[0].Address != cara.Address || check.To[1].Address.String() != "good@x.test" {
			t.Errorf("%s: the others are told as %+v", typed, check.To)
		}
		got := ""
		for _, r := range check.To[2:] {
			got = r.What
		}
		for _, f := range check.Faults {
			got = "fault: " + f.Problem
		}
		fault, isFault := strings.CutPrefix(want, "fault: ")
		if isFault && (!strings.Contains(got, fault) || !strings.HasPrefix(got, "fault: ")) || !isFault && !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, want %q", typed, got, want)
		}
	}
	d.Exec(t, `
		with mail as (insert into inbound (due_at, digest, raw, helo, tls, size, envelope_from, from_address, recipients, received_at, state, conversation_id)
			select now(), 'x', 'List-Id: <x.acme.test>'::bytea, '', false, 1, 'cara@home.test', 'cara@home.test', '{}', now(), 'success', $1 returning id)
		insert into messages (conversation_id, author_id, author_address, source, text, is_verified, inbound_id) select $1, $2, 'cara@home.test', 'mail', 'more', true, id from mail`, id, cara.ID)
	check, err := d.CheckReply(t.Context(), agent, id, nil)
	if err != nil || len(check.Warnings) != 2 || !strings.Contains(check.Warnings[0], "another domain") || !strings.Contains(check.Warnings[1], "mailing list") {
		t.Errorf("warned of %q (%v)", check.Warnings, err)
	}
	if got := d.Text(t, `select count(*) from participants`); got != "0" {
		t.Error("a check let somebody in")
	}
}

func TestAFileIsReadPieceByPieceFromAnyPlace(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Customer(t, "cara@acme.test")
	id := d.Conversation(t, cara, "hello")
	agent, other := d.Agent(t, "agent@desk.test"), d.Agent(t, "other@desk.test")
	content := bytes.Repeat([]byte("0123456789abcde\n"), 40_000) // two and a half pieces
	_, file, err := d.AttachToDraft(t.Context(), agent, id, 0, core.DraftReply, core.Upload{Filename: "../a.txt", Content: content})
	if err != nil {
		t.Fatal(err)
	}
	for _, stranger := range []core.Actor{other, cara} {
		if _, err := d.OpenAttachment(t.Context(), stranger, file.ID); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("%s opens a file of another's draft: %v", stranger.Role, err)
		}
	}
	open, err := d.OpenAttachment(t.Context(), agent, file.ID)
	if err != nil || open.Name != "a.txt" || open.Size != int64(len(content)) {
		t.Fatalf("%+v (%v)", open, err)
	}
	if digest := sha256.Sum256(content); !bytes.Equal(open.Digest, digest[:]) {
		t.Error("another digest")
	}
	r, err := open.Bytes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content) {
		t.Errorf("read %d bytes (%v)", len(got), err)
	}
	if _, err := r.Seek(-17, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content[len(content)-17:]) {
		t.Errorf("the end is %q (%v)", got, err)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if err := d.DetachFromDraft(t.Context(), other, id, file.ID); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("another takes the file away: %v", err)
	}
	if err := d.DetachFromDraft(t.Context(), agent, id, file.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a file that is gone reads as %v", err)
	}
}

func TestADraftHoldsNoMoreFilesThanAMailCarries(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	id := d.Conversation(t, d.Customer(t, "cara@acme.test"), "hello")
	agent := d.Agent(t, "agent@desk.test")
	half := make([]byte, 9<<20)
	draft, _, err := d.AttachToDraft(t.Context(), agent, id, 0, core.DraftReply, core.Upload{Filename: "a", Content: half})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.AttachToDraft(t.Context(), agent, id, draft, core.DraftReply, core.Upload{Filename: "b", Content: half}); err != nil {
		t.Errorf("as much as fits: %v", err)
	}
	var invalid core.Invalid
	if _, _, err := d.AttachToDraft(t.Context(), agent, id, draft, core.DraftReply, core.Upload{Filename: "c", Content: []byte("x")}); !errors.As(err, &invalid) || invalid.Field != "files" {
		t.Errorf("a byte more: %v", err)
	}
	if _, _, err := d.AttachToDraft(t.Context(), d.Agent(t, "other@desk.test"), id, draft, core.DraftReply, core.Upload{}); !errors.Is(err, core.ErrConflict) {
		t.Errorf("another's draft: %v", err)
	}
}

func TestStaffAloneLearnWhomANoteMayMention(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent, mia := d.Agent(t, "abe@desk.test"), d.Collaborator(t, "mia@partner.test")
	d.Exec(t, `update users set name = 'Mia Louise Expert' where id = $1`, mia.ID)
	for _, twin := range []string{"one@desk.test", "two@desk.test"} {
		d.Exec(t, `update users set name = 'Sam Twin' where id = $1`, d.Agent(t, twin).ID)
	}
	d.Exec(t, `update users set name = 'Mia Gone', enabled = false where id = $1`, d.Agent(t, "gone@desk.test").ID)
	cara := d.Customer(t, "mia@acme.test")
	for query, want := range map[string]string{
		"mia": "Mia Louise Expert", "LOUISE": "Mia Louise Expert", "mia louise e": "Mia Louise Expert", "mia@p": "Mia Louise Expert",
		"sam": "one@desk.test, two@desk.test", "ouise": "", "%": "", "acme": "", "gone": "",
	} {
		for _, who := range []core.Actor{agent, mia} {
			matches, err := d.MentionMatches(t.Context(), who, query, 8)
			var got []string
			for _, m := range matches {
				got = append(got, m.Mention())
			}
			if err != nil || strings.Join(got, ", ") != want {
				t.Errorf("%s asks for %q: %q (%v), want %q", who.Role, query, got, err, want)
			}
		}
	}
	if all, err := d.MentionMatches(t.Context(), mia, "", 3); err != nil || len(all) != 3 {
		t.Errorf("everybody, three at most: %d (%v)", len(all), err)
	}
	if _, err := d.MentionMatches(t.Context(), cara, "mia", 8); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a customer asks: %v", err)
	}
}
