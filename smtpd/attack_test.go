package smtpd

import (
	"bytes"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
)

// The attack cases of the dialogue, by their numbers in the project's list, over
// sockets and with a database.

func TestA1AfterAFalseEndNothingRunsAndTheMailIsFlagged(t *testing.T) {
	t.Parallel()
	h := open(t, Config{})
	const second = "MAIL FROM:<ceo@victim.test>\r\nRCPT TO:<billing@desk.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nx"
	for i, form := range []struct {
		end, kept string
		bare      bool
	}{
		{"\n.\n", "\n.\n", true}, {"\n.\r\n", "\n.\r\n", true}, {"\r.\r", "\r.\r", true}, {"\r.\r\n", "\r.\r\n", true},
		{"\r\n.\n", "\r\n\n", true}, {"\r\n.\r", "\r\n\r", true}, {"\n\n.\r\n", "\n\n.\r\n", true},
		{"\r\r\n.\r\n", "\r\r\n.\r\n", true}, {"\r\n.\r\r\n", "\r\n\r\r\n", true}, {"\n\x00.\r\n", "\n\x00.\r\n", true},
		{"\r\n\x00.\r\n", "\r\n\x00.\r\n", false}, {"\r\n.\x00\r\n", "\r\n\x00\r\n", false},
	} {
		c := h.greet()
		c.mail(letterOf(fmt.Sprintf("first %d", i))+form.end+second, "250")
		c.say("NOOP")
		c.want("250")
		if n := h.mails(); n != i+1 {
			t.Fatalf("%q: %d mails are stored, want %d", form.end, n, i+1)
		}
		newest := fmt.Sprintf(` from inbound where subject = 'first %d'`, i)
		until(t, "the mail is filed", func() bool {
			var n int
			h.query(&n, `select count(*)`+newest+` and state <> 'received'`)
			return n == 1
		})
		var kept, flagged bool
		var raw []byte
		h.query(&raw, `select raw`+newest)
		if !strings.HasSuffix(string(raw), "Hello."+form.kept+second+"\r\n") {
			t.Errorf("%q: stored %q", form.end, raw)
		}
		h.query(&kept, `select envelope_from = 'cara@acme.test' and recipients = '{support@desk.test}'`+newest)
		if !kept {
			t.Errorf("%q: the envelope is not the first mail's", form.end)
		}
		h.query(&flagged, `select coalesce(trace->>'Defects', '') like '%bare newline%'`+newest)
		if flagged != form.bare {
			t.Errorf("%q: flagged as having a bare newline: %v", form.end, flagged)
		}
	}
}

// part begins a mail and gives a part of its first chunk.
func (c *client) part(opening string) {
	c.t.Helper()
	c.envelope()
	if err := c.send(opening); err != nil {
		c.t.Fatal(err)
	}
}

// chunks sends a mail in chunks and wants it taken.
func (c *client) chunks(pieces ...string) {
	c.t.Helper()
	c.envelope()
	for i, piece := range pieces {
		last := ""
		if i == len(pieces)-1 {
			last = " LAST"
		}
		if err := c.send(fmt.Sprintf("BDAT %d%s\r\n%s", len(piece), last, piece)); err != nil {
			c.t.Fatal(err)
		}
		c.want("250 ")
	}
}

func TestA3AMailInChunksThatWasNotWholeIsStoredOnceByItsRetry(t *testing.T) {
	t.Parallel()
	whole := letterOf("chunks") + "\r\n"
	half := len(whole) / 2
	ends := map[string]func(*client){
		"FIN": func(c *client) { _ = c.Conn.(*net.TCPConn).CloseWrite() },
		"RST": func(c *client) { _ = c.Conn.(*net.TCPConn).SetLinger(0); _ = c.Close() },
	}
	cut := map[string]string{
		"the only chunk":   fmt.Sprintf("BDAT %d LAST\r\n%s", len(whole), whole[:half]),
		"a whole one":      fmt.Sprintf("BDAT %d\r\n%s", half, whole[:half]),
		"the second chunk": fmt.Sprintf("BDAT %d\r\n%sBDAT %d LAST\r\n%s", half, whole[:half], len(whole)-half, whole[half:len(whole)-1]),
		"before the last":  fmt.Sprintf("BDAT %d\r\n%sBDAT 0", len(whole), whole),
	}
	for end, hangUp := range ends {
		for where, stream := range cut {
			t.Run(end+" in "+where, func(t *testing.T) {
				t.Parallel()
				h := open(t, Config{})
				c := h.greet()
				c.part(stream)
				hangUp(c)
				if end == "FIN" {
					if rest := c.wantClosed(); strings.Contains(rest, "queued") {
						t.Errorf("it was taken: %q", rest)
					}
				}
				until(t, "the cut is noticed", func() bool { return h.server.Stats().CutOff == 1 })
				if n := h.mails(); n != 0 {
					t.Errorf("%d mails are stored of half a mail", n)
				}
				h.greet().chunks(whole[:half], whole[half:], "")
				h.greet().chunks(whole[:half], whole[half:], "") // its 250 was lost
				if got := h.raw(); string(got) != whole {
					t.Errorf("stored %q", got)
				}
			})
		}
	}
}

func TestA3AMailThatIsGivenUpOrMixedUpIsStoredOnceByItsRetry(t *testing.T) {
	t.Parallel()
	whole := letterOf("mixed") + "\r\n"
	for name, told := range map[string]struct{ sent, answer string }{
		"BDAT 0 LAST and nothing before": {"BDAT 0 LAST\r\n", "554 5.6.0"},
		"a chunk of 2^31 octets":         {"BDAT 2147483648 LAST\r\nwords\r\n", "552 5.3.4"},
		"a chunk of 2^32 + 5 octets":     {"BDAT 4294967301 LAST\r\nwords\r\n", "552 5.3.4"},
		"a chunk of 2^64 + 5 octets":     {"BDAT 18446744073709551621 LAST\r\nwords\r\n", "501 5.5.4"},
		"a chunk of less than nothing":   {"BDAT -1 LAST\r\nwords\r\n", "501 5.5.4"},
		"RSET between chunks":            {"BDAT 7\r\nwords\r\nRSET\r\n", "421 4.5.1"},
		"EHLO between chunks":            {"BDAT 7\r\nwords\r\nEHLO a.test\r\n", "421 4.5.1"},
		"DATA between chunks":            {"BDAT 7\r\nwords\r\nDATA\r\nQUIT\r\n", "221 "},
		"MAIL between chunks":            {"BDAT 7\r\nwords\r\nMAIL FROM:<ceo@victim.test>\r\nQUIT\r\n", "221 "},
		"BDAT inside of DATA":            {"DATA\r\nBDAT 5 LAST\r\nwords\r\n", ""},
		"RSET inside of DATA":            {"DATA\r\nRSET\r\nQUIT\r\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, Config{})
			c := h.greet()
			c.part(told.sent)
			_ = c.Conn.(*net.TCPConn).CloseWrite()
			rest := c.wantClosed()
			if strings.Contains(rest, "queued") || strings.Contains(rest, "victim") || !strings.Contains("\n"+rest, "\n"+told.answer) {
				t.Errorf("it answered %q, want %q", rest, told.answer)
			}
			if n := h.mails(); n != 0 {
				t.Errorf("%d mails are stored", n)
			}
			h.greet().chunks(whole)
			h.greet().mail(strings.TrimSuffix(whole, "\r\n"), "250") // the same bytes by DATA
			if got := h.raw(); string(got) != whole {
				t.Errorf("stored %q", got)
			}
		})
	}
}

// After what can be told apart from a mail the session goes on.
func TestA3ASessionSurvivesWhatItCanTellApart(t *testing.T) {
	t.Parallel()
	h := open(t, Config{})
	c := h.greet()
	c.say("BDAT 6 LAST", "NOOP") // no mail is under way: the chunk is swallowed
	c.want("503")
	c.envelope()
	c.say("BDAT 0 LAST")
	c.want("554 5.6.0")
	c.say("RSET")
	c.want("250")
	c.chunks(letterOf("after all")+"\r\n", "")
	c.mail(letterOf("and by DATA"), "250")
	if n := h.mails(); n != 2 {
		t.Errorf("%d mails are stored, want 2", n)
	}
}

func TestA5NothingThatWasPipelinedBehindSTARTTLSIsCarriedOver(t *testing.T) {
	t.Parallel()
	h := open(t, Config{TLS: certificate(t)})
	c := h.greet()
	c.startTLS("EHLO injected.test\r\nMAIL FROM:<ceo@victim.test>\r\nRCPT TO:<support@desk.test>\r\nDATA\r\n" + letterOf("injected") + "\r\n.\r\n")
	c.say("DATA")
	c.want("503")
	c.say("RCPT TO:<support@desk.test>")
	c.want("503")
	c.say("MAIL FROM:<cara@acme.test>")
	c.want("503 5.5.1")
	c.say("QUIT")
	c.want("221")
	if rest := c.wantClosed(); rest != "" {
		t.Errorf("more was said: %q", rest)
	}
	if n := h.mails(); n != 0 {
		t.Errorf("%d mails are stored", n)
	}
}

// Not parallel, as it looks at the memory of the process.
func TestA6EndlessTalkIsCutOffAndTakesNoMemory(t *testing.T) {
	h := open(t, Config{MaxPerIP: 100, BannerDelay: -1, TarpitStep: -1}, comingFrom("203.0.113.7"))
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	clients := make([]*client, 0, 40)
	for range 10 {
		for last, talk := range map[string]struct {
			line  string
			times int
		}{
			replyLineTooLong:       {strings.Repeat("x", 3<<20), 1},
			replyTooMuchTalk:       {"NOOP\r\n", 100_000},
			replyTooMuchTalk + ".": {"RSET\r\n", 100_000},
			replyTooManyErrors:     {"RCPT TO:<nobody@desk.test>\r\n", 10_000},
		} {
			c := h.greet()
			clients = append(clients, c)
			if last == replyTooManyErrors {
				c.say("MAIL FROM:<cara@acme.test>")
				c.want("250")
			}
			go func() { _ = c.send(strings.Repeat(talk.line, talk.times)) }()
			said := c.wantClosed()
			if !strings.HasSuffix(said, strings.TrimSuffix(last, ".")+"\r\n") || len(said) > 100_000 {
				t.Errorf("%.10q: said %d octets, at last %q", talk.line, len(said), said[max(0, len(said)-100):])
			}
		}
	}
	until(t, "all are gone", func() bool { return h.server.Stats().Connections == 0 })
	if grown := int64(heap()) - int64(before); grown > 8<<20 {
		t.Errorf("%d clients left %d octets behind", len(clients), grown)
	}
	if n := h.mails(); n != 0 {
		t.Errorf("%d mails are stored", n)
	}
}

func TestA8SixtyMegabytesCalledTenAreRefusedInsideOfTheBudget(t *testing.T) {
	t.Parallel()
	const most = 35 << 20
	h := open(t, Config{MaxMessageBytes: most, MaxBytes: 80 << 20}) // so much is all that mails may take
	c := h.greet()
	for _, size := range []string{"36700161", "60000000", "2147483648", "99999999999999999999"} {
		c.say("MAIL FROM:<cara@acme.test> SIZE=" + size)
		c.want("552 5.3.4")
	}
	c.say("MAIL FROM:<cara@acme.test> SIZE=10", "RCPT TO:<support@desk.test>", "DATA")
	c.want("250")
	c.want("250")
	c.want("354")
	line := bytes.Repeat([]byte("0123456789abcd\r\n"), 1<<12) // 64 KiB
	for range 60 << 20 / len(line) {
		if _, err := c.Conn.Write(line); err != nil {
			t.Fatal(err)
		}
		if left := h.server.bytes.left.Load(); left < 0 {
			t.Fatalf("%d octets more than there are were taken", -left)
		}
	}
	c.say(".")
	c.want("552 5.3.4")
	if left := h.server.bytes.left.Load(); left != 80<<20 {
		t.Errorf("%d octets of the budget are not given back", 80<<20-left)
	}
	if n := h.mails(); n != 0 {
		t.Errorf("%d mails are stored", n)
	}
	c.mail(letterOf("honest"), "250")
}
