package mailertest

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"
)

// Script is a server that plays a transcript once per connection, for what no
// real server would say. It gives its address. Lines are
//
//	S: 220 hello       what the server says
//	C: EHLO            how the client's next line begins
//	C: .               all that the client says up to the final dot
//
// At the end, or when the client says something else, the server hangs up.
func Script(t testing.TB, transcript string) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go play(conn, transcript)
		}
	}()
	return listener.Addr().String()
}

func play(conn net.Conn, transcript string) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(Patience))
	client := bufio.NewReader(conn)
	for line := range strings.Lines(transcript) {
		line = strings.TrimSpace(line)
		if said, ok := strings.CutPrefix(line, "S: "); ok {
			if _, err := conn.Write([]byte(said + "\r\n")); err != nil {
				return
			}
			continue
		}
		expected, ok := strings.CutPrefix(line, "C: ")
		if ok && !heard(client, expected) {
			return
		}
	}
}

func heard(client *bufio.Reader, expected string) bool {
	for {
		line, err := client.ReadString('\n')
		if err != nil {
			return false
		}
		if expected != "." {
			return strings.HasPrefix(strings.ToUpper(line), expected)
		}
		if line == ".\r\n" {
			return true
		}
	}
}
