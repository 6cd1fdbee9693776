package main

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/foxcpp/go-mockdns"

	"postdesk/core"
	"postdesk/smtpd/eml"
	"postdesk/smtpd/verify"
)

// reader judges mail of ours as another server would that sees what we published
// of our keys; nothing else proves it, because no SPF record lets its client send.
func (s *story) reader() func(raw []byte) core.Origin {
	s.t.Helper()
	keys, err := core.SigningKeysOf(s.t.Context(), s.db())
	if err != nil {
		s.t.Fatal(err)
	}
	zones := map[string]mockdns.Zone{"desk.test.": {TXT: []string{"v=spf1 -all"}}, "_dmarc.desk.test.": {TXT: []string{"v=DMARC1; p=reject; adkim=s; aspf=s"}}}
	for _, k := range keys {
		zones[k.RecordName()+"."] = mockdns.Zone{TXT: []string{k.Record()}}
	}
	server, err := mockdns.NewServerWithLogger(zones, log.New(io.Discard, "", 0), false)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = server.Close() })
	checker := verify.New(verify.NewResolver(server.LocalAddr().String()))
	return func(raw []byte) core.Origin {
		return checker.Check(context.Background(), core.Envelope{ClientIP: netip.MustParseAddr("192.0.2.77"), From: "support@desk.test", Helo: "mx.other.test"}, eml.Parse(raw), raw)
	}
}

func TestEveryMailOfOursIsProvenAtItsReader(t *testing.T) {
	t.Parallel()
	s := firstStory(t)
	s.person("agent", "abe@desk.test", "Abe Ägent")
	m := s.file(letter{From: "cara@acme.test", Subject: "Größe 大きさ", Text: "Hallo?"})
	s.owner.do("POST", path("/cases/%v/reply", m["case_id"]), object{"contents": ".\n..\nGrüße, " + strings.Repeat("x", 2000) + "\n \n\n", "cc": []any{"cole@other.test"}})
	s.owner.do("POST", path("/cases/%v/notes", m["case_id"]), object{"contents": "@Abe Ägent look"})
	s.got("cara@acme.test", "Grüße")
	s.got("cole@other.test", "Grüße")
	s.got("abe@desk.test", "mentioned you")
	judge := s.reader()
	for _, sent := range s.sink.Messages() {
		if origin := judge(sent.Raw); origin.Verdict != core.Proven || !strings.HasPrefix(origin.DKIM, "pass desk.test") {
			t.Errorf("to %v: %+v\n%s", sent.To, origin, sent.Raw)
		}
		if origin := judge(append([]byte("Subject: Pay here instead\r\n"), sent.Raw...)); origin.Verdict == core.Proven {
			t.Errorf("to %v, with another subject: %+v", sent.To, origin)
		}
		if origin := judge(bytes.Replace(sent.Raw, []byte("desk"), []byte("desc"), -1)); origin.Verdict == core.Proven {
			t.Errorf("to %v, with other words: %+v", sent.To, origin)
		}
	}
}

func TestTwoProcessesSignWithOneKeyAndFollowARotation(t *testing.T) {
	t.Parallel()
	s := firstStory(t)
	s.start() // a second one, which sends too
	m := s.file(letter{From: "cara@acme.test", Subject: "One", Text: "Hallo?"})
	s.got("cara@acme.test", "")
	s.want("keys", s.count(`select count(*) from signing_keys`), 1)

	olga := s.signedIn("olga@desk.test")
	olga.open("/admin/sending")
	s.want("a record to publish", olga.says("Record missing"), true)
	olga.post("/admin/sending", url.Values{"do": {"make"}, "domain": {"desk.test"}})
	s.eventually("a key waits", func() bool { return s.count(`select count(*) from signing_keys where activated_at is null`) == 1 })
	before := s.reader() // the old key and the new one are published
	waiting := s.count(`select id from signing_keys where activated_at is null`)
	olga.post("/admin/sending", url.Values{"do": {"use"}, "key": {path("%v", waiting)}})
	s.owner.do("POST", path("/cases/%v/reply", m["case_id"]), object{"contents": "Drossel."})
	reply := s.got("cara@acme.test", "Drossel.")
	if origin := before(reply.Raw); origin.Verdict != core.Proven {
		t.Errorf("after the rotation: %+v\n%s", origin, reply.Raw)
	}
	s.want("keys that sign", s.count(`select count(*) from signing_keys where activated_at is not null and retired_at is null`), 1)
}
