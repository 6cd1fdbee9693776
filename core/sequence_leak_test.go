package core_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"postdesk/core"
)

// The leak canary (reliability.md S3): nothing private in any outgoing mail or
// portal page, no address where it would lead an answer astray.

var canaryWord = regexp.MustCompile(`canary\d+x`)

// A reading is what may stand in one mail.
type reading struct {
	role      core.Role       // of the recipient
	requester bool            // the recipient is the requester
	public    map[string]bool // canaries of the conversation's messages and subject
	customers []string        // addresses, but not the recipient's
	staff     []string
}

// leaks tells what stands in a mail and must not.
func leaks(o *core.Outgoing, r reading) (found []string) {
	all := strings.ToLower(everything(reflect.ValueOf(o)))
	for _, name := range canaryWord.FindAllString(all, -1) {
		if !r.public[name] {
			found = append(found, "private "+name)
		}
		if o.Purpose == core.PurposeMentionMail {
			found = append(found, "words in a mention mail: "+name)
		}
	}
	forbid := func(whose string, addresses []string) {
		for _, a := range addresses {
			if strings.Contains(all, a) {
				found = append(found, whose+" address "+a)
			}
		}
	}
	inCC := r.role == core.RoleCollaborator && !r.requester && o.Purpose == core.PurposeReply
	if o.Purpose == core.PurposeCopy || o.Purpose == core.PurposeMentionMail || inCC {
		forbid("a customer's", r.customers)
	}
	if !r.role.Staff() {
		forbid("staff's", r.staff)
		if o.Purpose == core.PurposeCopy || o.Purpose == core.PurposeMentionMail {
			found = append(found, "a mail for staff to a customer")
		}
	}
	if o.Purpose == core.PurposeStaffNotice && !r.role.Agent() {
		found = append(found, "a notice for agents to a "+string(r.role))
	}
	return found
}

// everything is every string and every file in a value.
func everything(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return v.String() + "\x00"
	case reflect.Pointer:
		if v.IsNil() || v.Type().Elem().PkgPath() == "time" {
			return ""
		}
		return everything(v.Elem())
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return string(v.Bytes()) + "\x00"
		}
		var all string
		for i := range v.Len() {
			all += everything(v.Index(i))
		}
		return all
	case reflect.Struct:
		if v.Type().PkgPath() == "time" {
			return ""
		}
		var all string
		for i := range v.NumField() {
			all += everything(v.Field(i))
		}
		return all
	}
	return ""
}

// TestALeakIsSeen is the control of the walks: each of these is caught.
func TestALeakIsSeen(t *testing.T) {
	t.Parallel()
	r := reading{role: core.RoleCustomer, public: map[string]bool{"canary1x": true}, customers: []string{cara}, staff: []string{abe, mia}}
	clean := core.Outgoing{Purpose: core.PurposeReply, To: []core.NamedAddress{{Address: cara}}, Text: "canary1x", ReplyTo: "support+x@desk.test"}
	if found := leaks(&clean, r); len(found) != 0 {
		t.Fatalf("nothing leaks, and yet: %v", found)
	}
	toStaff := r
	toStaff.role = core.RoleCollaborator
	for name, c := range map[string]struct {
		change func(o *core.Outgoing)
		r      reading
	}{
		"a note in the quote":                 {func(o *core.Outgoing) { o.Quote = []core.Quoted{{Text: "so canary2x"}} }, r},
		"a note in the words":                 {func(o *core.Outgoing) { o.Text = "canary2x" }, r},
		"a note in a file":                    {func(o *core.Outgoing) { o.Files = []core.File{{Content: []byte("canary2x")}} }, r},
		"a note in a file's name":             {func(o *core.Outgoing) { o.Files = []core.File{{Name: "canary2x.txt"}} }, r},
		"a note in an id":                     {func(o *core.Outgoing) { o.References = []string{"canary2x@x.test"} }, r},
		"a classic To and Cc":                 {func(o *core.Outgoing) { o.Cc = []core.NamedAddress{{Address: "Mia@Partner.test"}} }, r},
		"an agent's address as a name":        {func(o *core.Outgoing) { o.Author = abe }, r},
		"a customer in a collaborator's To":   {func(o *core.Outgoing) { o.Purpose = core.PurposeCopy }, toStaff},
		"a customer in a copy's text":         {func(o *core.Outgoing) { o.Purpose, o.To, o.Text = core.PurposeCopy, nil, "I am "+cara }, toStaff},
		"public words in a mention mail":      {func(o *core.Outgoing) { o.Purpose, o.To = core.PurposeMentionMail, nil }, toStaff},
		"a customer's mail to a collaborator": {func(o *core.Outgoing) {}, toStaff},
		"a copy to somebody who was staff":    {func(o *core.Outgoing) { o.Purpose, o.To = core.PurposeCopy, nil }, r},
		"a notice to somebody who was agent":  {func(o *core.Outgoing) { o.Purpose, o.To = core.PurposeStaffNotice, nil }, toStaff},
	} {
		o := clean
		if c.change(&o); len(leaks(&o, c.r)) == 0 {
			t.Errorf("%s is not seen", name)
		}
	}
}

// compose takes every mail that is due, and does as a courier does.
func (w *walk) compose() {
	for {
		c, err := w.ClaimDelivery(w.Context())
		if errors.Is(err, core.ErrNoWork) {
			return
		}
		if err != nil && !errors.Is(err, core.ErrNotFound) {
			w.Fatalf("delivery %d: %v", c.ID, err)
		}
		if err != nil {
			w.tell("mail of ours %d to %s is not written: %v", c.ID, c.Recipient, err)
			w.finish(c, core.Never)
			continue
		}
		if c.Outgoing != nil {
			w.checkOutgoing(c)
			if err := w.StoreComposed(w.Context(), c, []byte("bytes")); err != nil {
				w.Fatal(err)
			}
			w.learn(c)
		}
		if !c.Held {
			w.finish(c, pick(w, core.Sent, core.Sent, core.Sent, core.Sent, core.Sent, core.Sent, core.Later, core.Never))
		}
	}
}

func (w *walk) finish(c core.Delivery, outcome core.Outcome) {
	if err := w.FinishDelivery(w.Context(), c, core.Receipt{Outcome: outcome, Text: "as drawn"}); err != nil {
		w.Fatal(err)
	}
}

// learn is what the recipient, and whoever they forward it to, can answer to.
func (w *walk) learn(c core.Delivery) {
	o := c.Outgoing
	w.ids = append(w.ids, o.MessageID)
	w.oursIDs[o.MessageID] = c.ID
	if len(o.References) > 0 {
		w.ids = append(w.ids, o.References[0])
	}
	if o.ReplyTo != "" {
		w.doors = append(w.doors, door{address: o.ReplyTo, delivery: c.ID, to: c.Recipient.String()})
	}
	if w.one(3) {
		w.doors = append(w.doors, door{address: c.EnvelopeFrom, delivery: c.ID, to: c.Recipient.String(), bounce: true})
	}
	for _, name := range canaryWord.FindAllString(everything(reflect.ValueOf(o)), -1) {
		w.reads(c.Recipient.String(), name)
	}
}

// reads remembers who knows a canary: the address, and whoever has it by now.
func (w *walk) reads(address, name string) {
	w.knows(address, name)
	if who := w.who(address); who.ID != 0 {
		w.knows(w.primary(who.ID), name)
	}
}

func (w *walk) knows(address, name string) {
	if w.mayRead[address] == nil {
		w.mayRead[address] = map[string]bool{}
	}
	w.mayRead[address][name] = true
}

func (w *walk) checkOutgoing(c core.Delivery) {
	o := c.Outgoing
	w.seen["mail "+string(o.Purpose)]++
	r := reading{role: w.who(c.Recipient.String()).Role, public: map[string]bool{}}
	var conversation core.ConversationID
	w.scan(&conversation, `
		with recursive chain (id, merged_into) as (
			select id, merged_into from conversations where id = (select conversation_id from deliveries where id = $1)
			union all
			select c.id, c.merged_into from chain join conversations c on c.id = chain.merged_into)
		select coalesce((select id from chain where merged_into is null), 0)`, c.ID)
	w.scan(&r.requester, `select exists (select from conversations c join addresses a on a.user_id = c.requester_id 
		where c.id in ($1, (select conversation_id from deliveries where id = $3)) and a.address = $2)`, conversation, c.Recipient.String(), c.ID)
	for _, s := range w.spoken() {
		if s.conversation == conversation {
			r.public[s.name] = true
		}
	}
	// Customers may see the ids of customers' mails.
	for name, wrote := range w.words {
		if wrote.what == "id" && (o.Purpose == core.PurposeReply || o.AutoSubmitted != "" && o.Purpose != core.PurposeStaffNotice && o.Purpose != core.PurposeMentionMail) && (wrote.again || wrote.author == c.Recipient.String() || w.who(wrote.author).Role == core.RoleCustomer) {
			r.public[name] = true
		}
	}
	var subjects string
	w.scan(&subjects, `select coalesce(string_agg(subject, ' '), '') from conversations where id in ($1, (select conversation_id from deliveries where id = $2))`, conversation, c.ID)
	for _, name := range canaryWord.FindAllString(subjects, -1) {
		r.public[name] = true
	}
	// What somebody wrote as a requester is theirs to say, their own address too.
	w.scan(&r.staff, `
		select array_agg(a.address) from addresses a join users u on u.id = a.user_id where u.role <> 'customer' and a.address <> $1
			and not exists (select from messages m where not m.by_staff and m.conversation_id = $2 and position(a.address in m.text) > 0)`,
		c.Recipient.String(), conversation)
	w.scan(&r.customers, `
		select coalesce(array_agg(x.address), '{}') from (
			select address from participants union select unnest($2::text[])) x left join addresses a on a.address = x.address left join users u on u.id = a.user_id
		where x.address <> $1 and coalesce(u.role, 'customer') = 'customer'`, c.Recipient.String(), []string{cara, cole, eve, mia, abe, "zoe@far.test", "yan@far.test"})
	for _, leak := range leaks(o, r) {
		w.Errorf("delivery %d, %s to %s (%s) about #%d: %s\n%+v", c.ID, o.Purpose, c.Recipient, r.role, conversation, leak, *o)
	}
}

// spoken is one canary in one message.
type spoken struct {
	name         string
	conversation core.ConversationID
	requester    string
}

func (w *walk) spoken() (all []spoken) {
	rows, err := w.Pool.Query(w.Context(), `
		select m.conversation_id, a.address, m.text || ' ' || coalesce((select string_agg(filename, ' ') from attachments f where f.message_id = m.id), '')
		from messages m join conversations c on c.id = m.conversation_id join addresses a on a.user_id = c.requester_id and a.is_primary`)
	if err != nil {
		w.Fatal(err)
	}
	for rows.Next() {
		var s spoken
		var text string
		if err := rows.Scan(&s.conversation, &s.requester, &text); err != nil {
			w.Fatal(err)
		}
		for _, s.name = range canaryWord.FindAllString(text, -1) {
			all = append(all, s)
		}
	}
	return all
}

// checkWords is property 1, and that what is private stays it.
func (w *walk) checkWords() {
	var private string
	w.scan(&private, `select coalesce(string_agg(text, ' '), '') from notes`)
	noted := canaryWord.FindAllString(private, -1)
	for _, s := range w.spoken() {
		wrote := w.words[s.name]
		if wrote.what == "note" || wrote.what == "quoted" || wrote.what == "signature" {
			w.Errorf("%s, which %s wrote as %s, is public in #%d", s.name, wrote.author, wrote.what, s.conversation)
		}
		if wrote.role == core.RoleCollaborator && s.requester != wrote.author {
			w.Errorf("%s by the collaborator %s is public in #%d of %s", s.name, wrote.author, s.conversation, s.requester)
		}
		if slices.Contains(noted, s.name) && !wrote.again {
			w.Errorf("%s is a note, and public in #%d", s.name, s.conversation)
		}
		first := s.name
		if wrote.again { // a mail that came twice may have been said in two places
			first = fmt.Sprint(s.name, " in ", s.conversation)
		}
		if !w.noted[first] {
			w.noted[first] = true
			w.reads(s.requester, s.name)
			w.reads(wrote.author, s.name)
		}
	}
}

// hasRead tells that a person wrote or got a canary at one of the addresses that
// they have now.
func (w *walk) hasRead(id core.UserID, name string) bool {
	return slices.ContainsFunc(w.addresses(id), func(address string) bool { return w.mayRead[address][name] })
}

// checkPortal: nobody reads on a page what was not theirs to read.
func (w *walk) checkPortal() {
	for _, address := range []string{cara, cole, eve, mia, abe} {
		who := w.who(address)
		if who.ID == 0 || !who.Enabled {
			continue
		}
		list, err := w.MyConversations(w.Context(), who)
		if err != nil {
			w.Fatal(err)
		}
		for _, row := range list {
			thread, err := w.MyConversation(w.Context(), who, row.ID)
			if err != nil {
				w.Fatal(err)
			}
			page, err := json.Marshal(thread.Posts)
			if err != nil {
				w.Fatal(err)
			}
			for _, name := range canaryWord.FindAllString(string(page), -1) {
				if wrote := w.words[name]; !w.hasRead(who.ID, name) || wrote.role == core.RoleCollaborator && wrote.author != address {
					w.Errorf("%s reads %s in #%d, which %s wrote", address, name, row.ID, wrote.author)
				}
			}
		}
	}
}

// checkEnd: nothing is left over.
func (w *walk) checkEnd() {
	var private int
	w.scan(&private, `select count(*) from notes where was_message`)
	w.seen["made private"] += private
	var stuck, unread string
	w.scan(&stuck, `select coalesce(string_agg(id || ' ' || state, ', '), '') from inbound where state not in ('success', 'suspended', 'rejected')`)
	w.scan(&unread, `select coalesce(string_agg(id || ' ' || state, ', '), '') from deliveries where composed_at is null and state in ('held', 'queued')`)
	if stuck != "" || unread != "" {
		w.Error(fmt.Sprintf("mails without an end: %s; of ours: %s", stuck, unread))
	}
}
