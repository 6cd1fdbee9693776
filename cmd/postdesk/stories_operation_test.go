package main

import (
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"postdesk/mailer/mailertest"
)

func TestAnUnknownRecipientAndABrokenTokenAre550(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.file(letter{From: "cara@acme.test", Text: "One."})
	to := s.got("cara@acme.test", "has reached us").replyTo()
	local, domain, _ := strings.Cut(to, "@")
	broken := local[:len(local)-1] + map[bool]string{true: "b", false: "a"}[local[len(local)-1] == 'a']
	for _, rcpt := range []string{"nobody@desk.test", "support@other.test", "support+42@desk.test", "support+x@desk.test", broken + "@" + domain,
		local[:len(local)-1] + "@" + domain, local + "a@" + domain} {
		_, err := s.tryMail(letter{From: "cara@acme.test", To: []string{rcpt}, Text: "Two."})
		s.want("code for "+rcpt, code(err), 550)
	}
	s.quiet()
	s.want("mails in the log", len(s.owner.list("/mails")), 1)
	// A relay that writes all in upper case breaks nothing.
	m := s.file(letter{From: "cara@acme.test", To: []string{strings.ToUpper(to)}, Text: "Two."})
	s.want("conversation", m["case_id"], first["case_id"])
	m = s.file(letter{From: "cara@acme.test", To: []string{"Postmaster@desk.test"}, Text: "Three."})
	s.want("rule of a mail to the postmaster", m["rule"], "new")
}

func TestADatabaseThatIsDownMeans451AndNothingIsLost(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.file(letter{From: "cara@acme.test", Text: "Before."})
	s.quiet()

	config, err := pgx.ParseConfig(s.url)
	if err != nil {
		t.Fatal(err)
	}
	name := pgx.Identifier{config.Database}.Sanitize()
	config.Database = "postgres"
	admin, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(t.Context())
	order := func(sql string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
	}
	order(`alter database ` + name + ` allow_connections false`)
	order(`select pg_terminate_backend(pid) from pg_stat_activity where datname = ` + quoteLiteral(s.url))

	// A mail that was promised nothing is sent again by its sender.
	l := letter{From: "cara@acme.test", MessageID: "again@client.test", Text: "While it is down."}
	s.eventually("the gateway says 451", func() bool {
		_, err := s.tryMail(l)
		if err == nil {
			t.Fatal("it took a mail that it cannot keep")
		}
		if strings.Contains(err.Error(), "postgres") || strings.Contains(err.Error(), "SQL") {
			t.Errorf("it tells internals: %v", err)
		}
		return code(err) == 451
	})
	order(`alter database ` + name + ` allow_connections true`)
	s.eventually("the gateway takes it", func() bool {
		_, err := s.tryMail(l)
		return err == nil
	})
	m := s.filed("again@client.test")
	s.want("status", m["status"], "SUCCESS")
	s.want("mails in the log", len(s.owner.list("/mails")), 2)
	s.quiet()
	s.want("conversations", len(s.owner.list("/cases")), 2)
	s.owner.do("POST", path("/cases/%v/reply", m["case_id"]), object{"contents": "All is well."})
	s.got("cara@acme.test", "All is well.")
}

// quoteLiteral is the name of a database as a string of SQL.
func quoteLiteral(url string) string {
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		return "''"
	}
	return "'" + strings.ReplaceAll(config.Database, "'", "''") + "'"
}

func TestTwoProcessesOnOneDatabaseReadEachOthersTokens(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.at
	second, stop := s.start()
	m := s.file(letter{From: "cara@acme.test", Text: "To the first."})
	ack := s.got("cara@acme.test", "has reached us")
	s.at = second
	back := s.file(answer(ack, "cara@acme.test", "To the second."))
	s.want("conversation", back["case_id"], m["case_id"])
	s.want("rule", back["rule"], "requester")
	s.owner.do("POST", path("/cases/%v/reply", m["case_id"]), object{"contents": "From the second."})
	reply := s.got("cara@acme.test", "From the second.")
	stop()
	s.at = first
	m = s.file(answer(reply, "cara@acme.test", "To the first again."))
	s.want("conversation", m["case_id"], back["case_id"])
	s.quiet()
	for _, text := range []string{"has reached us", "From the second."} {
		count := 0
		for _, m := range s.outbox("cara@acme.test") {
			if strings.Contains(m.Text, text) && !strings.Contains(m.Text, "> "+text) {
				count++
			}
		}
		s.want("mails that say "+text, count, 1)
	}
}

func TestTheAccountLinkOfTheAcknowledgementLeadsToTheConversations(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.file(letter{From: "Cara Customer <cara@acme.test>", Subject: "My printer", Text: "It does not print."})
	ack := s.got("cara@acme.test", "/accept/")
	s.want("links alone on a line", len(ack.Links()), 1)
	link := ack.Links()[0]
	if !strings.HasPrefix(link, s.at.PublicURL+"/accept/") {
		t.Fatalf("the link is %s", link)
	}
	// Mail scanners look at links; that uses nothing up.
	for range 3 {
		scanner := s.stranger()
		scanner.open(link)
		s.want("a look", scanner.code, 200)
	}
	cara := s.stranger()
	cara.open(link)
	cara.submit(cara.at.Path, url.Values{"password": {"short"}})
	s.want("a short password", cara.code, 400)
	cara.accept(link)
	s.want("leads to", cara.at.Path, "/conversations")
	s.want("her conversation is there", cara.says("My printer"), true)
	s.want("she has a password", s.owner.list("/users?email=cara@acme.test")[0]["has_password"], true)
	late := s.stranger()
	late.open(link)
	s.want("a used link", late.code, 410)
	back := s.signedIn("cara@acme.test")
	s.want("sign-in leads to", back.at.Path, "/conversations")
	// The stored bytes of the mail are gone: nobody else finds the link.
	s.quiet()
	for _, d := range s.owner.list("/deliveries") {
		if d["purpose"] == "ACKNOWLEDGEMENT" {
			_, o := s.owner.try("GET", path("/deliveries/%v/source", d["id"]), nil)
			s.want("the link is kept", strings.Contains(path("%v", o), link), false)
		}
	}
}

func TestALinkThatComesBackInAMailIsRevoked(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]func(link string) []string{
		"in the text": func(link string) []string {
			return []string{"Content-Type: text/plain", "", "What is this?", "> " + link}
		},
		"in the HTML alone": func(link string) []string {
			return []string{`Content-Type: multipart/alternative; boundary="b"`, "", "--b", "Content-Type: text/plain", "", "What is this?", "",
				"--b", "Content-Type: text/html", "", `<p>What is this?</p><a href="` + link + `">Set a password</a>`, "--b--"}
		},
		"in a wrapped line": func(link string) []string {
			return []string{"Content-Type: text/plain", "Content-Transfer-Encoding: quoted-printable", "", "What is this?", link[:60] + "=", link[60:]}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			m := s.file(letter{From: "cara@acme.test", Text: "One."})
			ack := s.got("cara@acme.test", "/accept/")
			link := ack.Links()[0]
			lines := append([]string{"From: cara@acme.test", "To: " + ack.replyTo(), "MIME-Version: 1.0"}, body(link)...)
			back := s.filed(s.raw("cara@acme.test", []string{ack.replyTo()}, lines...))
			s.want("conversation", back["case_id"], m["case_id"])
			secret := strings.TrimPrefix(link, s.at.PublicURL+"/accept/")
			s.want("the conversation shows it", strings.Contains(path("%v", s.posts(m["case_id"])), secret), false)
			olga := s.signedIn("olga@desk.test")
			olga.open(path("/frame/conversations/%v/%v", m["case_id"], back["id"]))
			s.want("the frame shows it", strings.Contains(olga.text, secret), false)
			b := s.stranger()
			b.open(link)
			s.want("the link", b.code, 410)
		})
	}
}

func TestWithoutARelayMailIsHeldAndCanBeRead(t *testing.T) {
	t.Parallel()
	s := newStory(t, func(set *settings) { set.Relay = "" })
	first := s.file(letter{From: "cara@unproven.test", Text: "Hello."})
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "A word of ours."})
	held := func() (all []object) {
		for _, d := range s.owner.list("/deliveries?state=HELD") {
			if d["recipient"] == "cara@unproven.test" {
				all = append(all, d)
			}
		}
		return all
	}
	var source string
	s.eventually("the reply can be read", func() bool {
		for _, d := range held() {
			if d["purpose"] == "REPLY" {
				_, o := s.owner.try("GET", path("/deliveries/%v/source", d["id"]), nil)
				source, _ = o["raw"].(string)
			}
		}
		return source != ""
	})
	reply := mailertest.Read(t, []byte(source))
	s.want("its text", strings.Contains(reply.Text, "A word of ours."), true)
	// Even the acknowledgement to an unproven sender: it leaves nobody.
	s.want("held for her", len(held()), 2)
	m := s.file(answer(received{Mail: reply, Message: mailertest.Message{}}, "cara@unproven.test", "I read it in the panel."))
	s.want("an answer to it", m["case_id"], first["case_id"])
	s.want("mails that left", len(s.sink.Messages()), 0)

	// With a relay set later, what is held stays held until an admin sends it; the
	// automatic mail to an unproven sender is discarded.
	s.stop()
	s.at, s.stop = s.start()
	s.want("held after the restart", len(held()), 1)
	s.want("mails that left", len(s.sink.Messages()), 0)
	s.owner.do("POST", path("/deliveries/%v/send", held()[0]["id"]), nil)
	s.got("cara@unproven.test", "A word of ours.")
}

func TestThePartsOfTheGatewayMayRunInProcessesOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := newStory(t, func(set *settings) { set.Run = []string{"web"} })
	ears, _ := s.start(func(set *settings) { set.Run = []string{"smtp"} })
	s.start(func(set *settings) { set.Run = []string{"mail"} })
	s.at.SMTP = ears.SMTP
	first := s.file(letter{From: "cara@acme.test", Text: "One."})
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Two."})
	m := s.file(answer(s.got("cara@acme.test", "Two."), "cara@acme.test", "Three."))
	s.want("conversation", m["case_id"], first["case_id"])
}

func TestAHeldOutboxSendsNothingUntilAnAdminDoes(t *testing.T) {
	t.Parallel()
	s := newStory(t, func(set *settings) { set.HoldOutbox = true })
	first := s.file(letter{From: "cara@acme.test", Text: "One."})
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Two."})
	var reply, ack object
	for _, d := range s.owner.list("/deliveries?state=HELD") {
		switch d["purpose"] {
		case "REPLY":
			reply = d
		case "ACKNOWLEDGEMENT":
			ack = d
		}
	}
	s.quiet()
	s.want("mails that left", len(s.sink.Messages()), 0)
	s.owner.do("POST", path("/deliveries/%v/discard", ack["id"]), nil)
	s.owner.do("POST", path("/deliveries/%v/send", reply["id"]), nil)
	s.got("cara@acme.test", "Two.")
	s.quiet()
	s.want("mails that left", len(s.sink.To("cara@acme.test")), 1)
}
