package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestALimitThatShutsEverybodyOutIsToldByItsFlag(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--max-connections=0"}, {"--max-connections=-1"}, {"--max-connections-per-ip=0"}, {"--max-connections-per-destination=0"}, {"--max-message-bytes=1000"}, {"--max-connections=many"},
	} {
		var out, errOut bytes.Buffer
		code := run(context.Background(), append([]string{"serve", "--data-dir", t.TempDir()}, args...), strings.NewReader(""), &out, &errOut)
		flag, _, _ := strings.Cut(args[0], "=")
		if code == exitWell || !strings.Contains(errOut.String(), flag) {
			t.Errorf("%v: exit %d, %s", args, code, errOut.String())
		}
	}
}

// A visitor is one connection to the front door.
type visitor struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func (s *story) visit() visitor {
	s.t.Helper()
	c, err := net.Dial("tcp", s.at.SMTP)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return visitor{s.t, c, bufio.NewReader(c)}
}

func (v visitor) want(prefix string) {
	v.t.Helper()
	line, err := v.in.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, prefix) {
		v.t.Fatalf("got %q, %v, want %q", line, err, prefix)
	}
}

// An admin sees at /metrics what the front door refused, and that the settings of
// the command line hold.
func TestRefusalsAndTheCapOnConnectionsAreSeenAtMetrics(t *testing.T) {
	t.Parallel()
	s := newStory(t, func(set *settings) { set.MaxConnections = 2 })
	first, second := s.visit(), s.visit()
	first.want("220")
	second.want("220")
	s.visit().want("421 4.3.2")
	if _, err := io.WriteString(first, "HELO client.test\r\nMAIL FROM:<eve@acme.test>\r\nRCPT TO:<nobody@desk.test>\r\nRCPT TO:<eve@other.test>\r\n"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"250", "250", "550 5.1.1", "550 5.7.1"} {
		first.want(want)
	}
	answer, err := http.Get("http://" + s.at.Metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"postdesk_smtp_connections 2", `postdesk_smtp_refusals_total{reason="connections"} 1`,
		`postdesk_smtp_refusals_total{reason="unknown_recipient"} 1`, `postdesk_smtp_refusals_total{reason="foreign_recipient"} 1`,
		`postdesk_smtp_refusals_total{reason="handshake"} 0`, "postdesk_smtp_tarpitted_total 0",
	} {
		if !strings.Contains(string(page), "\n"+line+"\n") {
			t.Errorf("/metrics does not say %s", line)
		}
	}
}
