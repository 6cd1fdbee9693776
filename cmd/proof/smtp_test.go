package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/textproto"
	"strings"
	"testing"
)

func TestAMailOfFullStopsArrivesAsItWas(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"a\r\n", ".\r\n", "..\r\n", "a\r\n.b\r\n..\r\n\r\n", prose(7, 5000) + "\r\n"} {
		got, err := io.ReadAll(textproto.NewReader(bufio.NewReader(strings.NewReader(string(dotted([]byte(raw)))))).DotReader())
		if want := strings.ReplaceAll(raw, "\r\n", "\n"); err != nil || string(got) != want {
			t.Errorf("%.40q arrives as %.40q, %v", raw, got, err)
		}
	}
}

// answer serves one connection with these replies, each after one more line of
// the client.
func answer(t *testing.T, replies ...string) *sender {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	go func() {
		in := bufio.NewReader(theirs)
		for _, reply := range replies {
			if _, err := in.ReadString('\n'); err != nil {
				return
			}
			if _, err := io.WriteString(theirs, reply); err != nil {
				return
			}
		}
		theirs.Close()
	}()
	return &sender{conn: ours, in: bufio.NewReader(ours)}
}

func TestEachWayThatATransmissionEndsIsToldApart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		replies []string
		code    int  // of a refusal
		unknown bool // neither 250 nor refusal
	}{
		{name: "taken", replies: []string{"250 ok\r\n", "250-first\r\n250 ok\r\n", "354 go\r\n", "250 kept\r\n"}},
		{name: "refused for now", replies: []string{"250 ok\r\n", "451 4.3.0 later\r\n"}, code: 451},
		{name: "refused for good at the end", replies: []string{"250 ok\r\n", "250 ok\r\n", "354 go\r\n", "554 no\r\n"}, code: 554},
		{name: "cut off before the answer", replies: []string{"250 ok\r\n", "250 ok\r\n", "354 go\r\n"}, unknown: true},
		{name: "an answer cut off", replies: []string{"250 ok\r\n", "250 ok\r\n", "354 go\r\n", "25"}, unknown: true},
		{name: "no SMTP", replies: []string{"hello\r\n"}, unknown: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := inOneLine(answer(t, c.replies...))
			var no refusal
			refused := errors.As(err, &no)
			if no.code != c.code || (err != nil && !refused) != c.unknown {
				t.Errorf("got %v", err)
			}
		})
	}
}

// inOneLine sends a mail whose text is one line. The commands are written
// beside the reading, for a pipe holds nothing.
func inOneLine(s *sender) error {
	s.conn = eager{s.conn}
	return s.send("a@bench.test", nil)
}

type eager struct{ net.Conn }

func (e eager) Write(p []byte) (int, error) {
	go func() { _, _ = e.Conn.Write(p) }()
	return len(p), nil
}

func TestTheListeningLineIsFoundAmongOthers(t *testing.T) {
	t.Parallel()
	out := "first\nlistening smtp=127.0.0.1:1 http=127.0.0.1:2 metrics=127.0.0.1:3\nlater\n"
	if at, ok := readListening(strings.NewReader(out)); !ok || at != (addresses{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"}) {
		t.Errorf("got %v, %v", at, ok)
	}
	for _, out := range []string{"", "first\n", "listening smtp=127.0.0.1:1\n"} {
		if at, ok := readListening(strings.NewReader(out)); ok {
			t.Errorf("%q gave %v", out, at)
		}
	}
}

func TestNoSettingOfOursReachesTheGateway(t *testing.T) {
	t.Parallel()
	got := environment([]string{"PATH=/bin", "POSTDESK_DATABASE_URL=postgres://real", "HOME=/"})
	if strings.Join(got, " ") != "PATH=/bin HOME=/" {
		t.Errorf("got %v", got)
	}
}
