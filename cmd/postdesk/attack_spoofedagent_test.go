package main

import (
	"encoding/base32"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

var tokenLetters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// tokenOf is the token of a reply or bounce address, or of a Message-ID of ours.
func tokenOf(t *testing.T, text string) string {
	t.Helper()
	local, _, _ := strings.Cut(text, "@")
	local, _, _ = strings.Cut(local[strings.LastIndexByte(local, '+')+1:], ".")
	if len(local) != 40 {
		t.Fatalf("%q holds no token", text)
	}
	return local
}

// nearly are texts that are almost a token, and are none: each bit flipped,
// each other purpose and key, cut, longer, with another's half.
func nearly(t *testing.T, token, other string, chance *rand.Rand) (all []string) {
	t.Helper()
	octets, err := tokenLetters.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range 8 * len(octets) {
		flipped := slices.Clone(octets)
		flipped[bit/8] ^= 1 << (bit % 8)
		all = append(all, tokenLetters.EncodeToString(flipped))
	}
	for first := range 256 { // key number and purpose
		if byte(first) != octets[0] {
			all = append(all, tokenLetters.EncodeToString(append([]byte{byte(first)}, octets[1:]...)))
		}
	}
	for n := 1; n < 40; n++ {
		all = append(all, token[:n], token[n:], token[:n]+other[n:])
	}
	all = append(all, token+"a", "a"+token, token+token, strings.Repeat("a", 40), token[:39]+"1", token[:20]+"-"+token[20:], token+"=", token[:39]+"ſ")
	for range 500 {
		guessed := make([]byte, len(octets))
		for i := range guessed {
			guessed[i] = byte(chance.Uint32())
		}
		guessed[0] = octets[0]
		all = append(all, tokenLetters.EncodeToString(guessed), tokenLetters.EncodeToString(append(slices.Clone(octets[:9]), guessed[9:]...)))
	}
	return slices.DeleteFunc(all, func(text string) bool { return text == token || text == other })
}

// TestA24NoAddressThatIsNearlyAReplyAddressTakesMail asks for 10,000 of them.
func TestA24NoAddressThatIsNearlyAReplyAddressTakesMail(t *testing.T) {
	t.Parallel()
	s, id, notice := withAbe(t, "abe@machine.test")
	s.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "Drossel?"})
	reply := s.got("cara@acme.test", "Drossel?")
	tokens := []string{tokenOf(t, notice.replyTo()), tokenOf(t, reply.replyTo()), tokenOf(t, reply.From), tokenOf(t, notice.From)}
	chance := rand.New(rand.NewPCG(4, 24))
	// The names of copies are genuine tokens, and none for an address.
	tried := []string{tokenOf(t, reply.id()), tokenOf(t, notice.id())}
	for i, token := range tokens {
		tried = append(tried, nearly(t, token, tokens[(i+1)%len(tokens)], chance)...)
	}
	for len(tried) < 10_000 {
		tried = append(tried, nearly(t, tokens[0], tokens[1], chance)...)
	}
	var d *dialogue
	for i, text := range tried {
		if i%800 == 0 { // a connection may talk so much without a mail
			d = s.dial()
			d.say(250, "MAIL FROM:<abe@machine.test> SMTPUTF8")
		}
		if told := d.say(550, "RCPT TO:<support+"+text+"@desk.test>"); !strings.HasPrefix(told, "5.1.1 ") && !strings.HasPrefix(told, "5.7.1 ") {
			t.Errorf("%s: %s", text, told)
		}
	}
	// The control: in capitals it is the same address.
	d = s.dial()
	d.say(250, "MAIL FROM:<abe@machine.test>")
	d.say(250, "RCPT TO:<"+strings.ToUpper(notice.replyTo())+">")
	t.Logf("%d addresses were refused", len(tried))
}

// A24: mails that claim to be an agent's, with everything that can be had but the
// three proofs together. Some hundred of them; all with POSTDESK_TEST_FULL=1.
func TestA24ASpoofedAgentNeverRepliesInPublic(t *testing.T) {
	t.Parallel()
	variants := 400
	if os.Getenv("POSTDESK_TEST_FULL") != "" {
		variants = 10_000
	}
	h := newHoard(t)
	h.sql(`update instance set flood_ten_minutes = 1000000, flood_hour = 1000000, flood_day = 1000000`)
	replied := h.count(repliedSQL)
	var all []transaction
	for i := range variants {
		all = append(all, h.draw(i))
	}
	h.sendAll(all)
	h.quiet()
	h.want("mails", h.count(`select count(*) from inbound where message_id like 'a24.%'`), variants)
	h.want("messages of staff", h.count(repliedSQL), replied)
	h.want("decided as a reply", h.count(`select count(*) from inbound where message_id like 'a24.%' and rule = 'staff_reply'`), 0)
	h.want("decided by every rule that may take them", h.rules(), "mention new staff_draft")
	h.staysInside("kanarienvogel")
	// The control: the three proofs together.
	h.aMinutePasses()
	h.want("with all proofs", h.file(answer(h.notice, "abe@machine.test", "Goldammer."))["rule"], "staff_reply")
	h.got("cara@acme.test", "Goldammer.")
}

const repliedSQL = `select count(*) from messages where by_staff`

// A hoard is everything that an attacker can have got of two conversations.
type hoard struct {
	*story
	chance *rand.Rand
	notice received
	own    []string // addresses that are the agents' own: without proof of origin only
	others []string // of others, of other purposes, revoked
	ids    []string // Message-IDs, true and false
}

func newHoard(t *testing.T) *hoard {
	t.Helper()
	s, id, notice := withAbe(t, "abe@machine.test")
	h := &hoard{story: s, chance: rand.New(rand.NewPCG(24, 24)), notice: notice}
	alex := s.person("agent", "alex@machine.test", "Alex Agent")
	s.person("collaborator", "mia@partner.test", "Mia Meyer")
	s.owner.do("POST", path("/cases/%v/notes", id), object{"contents": "@mia@partner.test @abe@machine.test look"})
	s.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "Drossel?", "cc": []string{"mia@partner.test"}})
	second := s.file(letter{From: "cole@other.test", Subject: "Other", Text: "Hello."})
	s.owner.do("PUT", path("/cases/%v", second["case_id"]), object{"assigned_agent_id": number(t, alex.id)})
	s.file(answer(s.got("cole@other.test", "has reached us"), "cole@other.test", "Rotkehlchen."))
	old := s.got("alex@machine.test", "Rotkehlchen.")
	s.owner.do("POST", path("/users/%v/disable", alex.id), nil) // his tokens are dead
	s.owner.do("POST", path("/users/%v/enable", alex.id), nil)
	abe := s.owner.list("/users?email=abe@machine.test")[0]
	s.owner.do("PUT", path("/cases/%v", second["case_id"]), object{"assigned_agent_id": abe["id"]})
	s.file(answer(s.got("cole@other.test", "has reached us"), "cole@other.test", "Zaunkönig."))
	elsewhere := s.got("abe@machine.test", "Zaunkönig.")
	s.quiet()
	h.own = []string{notice.replyTo(), elsewhere.replyTo()}
	h.others = []string{old.replyTo(), "support@desk.test"}
	for _, m := range s.sink.Messages() {
		r := s.outbox(m.To[0])[0]
		h.others, h.ids = append(h.others, m.From), append(h.ids, r.id())
	}
	for _, m := range append(append(s.outbox("cara@acme.test"), s.outbox("cole@other.test")...), s.outbox("mia@partner.test")...) {
		h.others, h.ids = append(h.others, m.replyTo()), append(h.ids, m.id(), tokenOfOr(m.replyTo())+".x@desk.test")
	}
	h.others = slices.DeleteFunc(h.others, func(a string) bool { return a == "" || strings.HasPrefix(a, "<") })
	// What stands in an id is no address, a genuine token of staff least of all.
	for _, address := range h.own {
		h.ids = append(h.ids, tokenOf(t, address)+".x@desk.test", strings.TrimPrefix(address, "support+"), address)
	}
	h.aMinutePasses()
	return h
}

// tokenOfOr is the tag of an address.
func tokenOfOr(address string) string {
	local, _, _ := strings.Cut(address, "@")
	return local[strings.LastIndexByte(local, '+')+1:]
}

// draw makes a mail that lacks possession, or origin, or both.
func (h *hoard) draw(i int) transaction {
	pick := func(from []string) string { return from[h.chance.IntN(len(from))] }
	who := pick([]string{"abe@machine.test", "ABE@machine.TEST", "alex@machine.test"})
	m := transaction{from: strings.ToLower(who), to: []string{pick(h.others)}}
	if h.chance.IntN(2) == 0 {
		m.from = pick([]string{"eve@other.test", "eve@unproven.test", "cara@acme.test"})
		m.to = append(m.to, pick(h.own))
	}
	if h.chance.IntN(3) == 0 {
		m.to = append(m.to, pick(h.others))
	}
	h.chance.Shuffle(len(m.to), func(a, b int) { m.to[a], m.to[b] = m.to[b], m.to[a] })
	names := "<" + pick(h.ids) + ">"
	for range h.chance.IntN(4) {
		names += "\r\n <" + pick(h.ids) + ">"
	}
	from := pick([]string{who, "Abe Agent <" + who + ">", "=?utf-8?q?Abe_Agent?= <" + who + ">"})
	lines := []string{"From: " + from, "To: Cara <cara@acme.test>, support@desk.test", "Message-ID: <a24." + fmt.Sprint(i) + "@client.test>",
		pick([]string{"Subject: Re: [#1] My printer", "Subject: Re: My printer"}), pick([]string{"In-Reply-To: ", "References: "}) + names,
		"Authentication-Results: desk.test; dmarc=pass header.from=machine.test", "", fmt.Sprintf("kanarienvogel %d, pay to another account.", i), ""}
	m.raw = []byte(strings.Join(lines, "\r\n"))
	return m
}

// rules are all that decided about the mails.
func (h *hoard) rules() string {
	h.t.Helper()
	return h.text(`select string_agg(distinct rule, ' ' order by rule) from inbound where message_id like 'a24.%'`)
}
