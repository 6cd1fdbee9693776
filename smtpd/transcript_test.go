package smtpd

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The transcripts in testdata are dialogues with the running server:
//
//	C: a line of the client      S: how the last line of the reply begins
//	C* 20 a line, so many times  S* 20 the same reply, so many times
//	C" octets, in Go's quoting   S+ a line somewhere in the reply before
//	                             S. the server hangs up
//	= n mails are stored         # a word to the reader
//
// The client is on loopback, or where a first line `@ address` says.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.smtp")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".smtp"), func(t *testing.T) {
			t.Parallel()
			lines := strings.Split(strings.TrimSpace(string(text)), "\n")
			from, stranger := strings.CutPrefix(lines[0], "@ ")
			if !stranger {
				from = "127.0.0.1"
			}
			h := open(t, Config{MaxMessageBytes: 50_000, BannerDelay: -1, TarpitStep: -1}, comingFrom(from))
			s := &transcript{t: t, house: h, client: h.dial()}
			for n, line := range lines {
				s.at = filepath.Base(file) + ":" + strconv.Itoa(n+1)
				s.step(line)
			}
		})
	}
}

type transcript struct {
	t      *testing.T
	house  *house
	client *client
	at     string
	last   string
}

func (s *transcript) step(line string) {
	s.t.Helper()
	mark := line[:min(2, len(line))]
	rest := strings.TrimPrefix(line[len(mark):], " ")
	switch mark {
	case "C:":
		s.send(rest+"\r\n", 1)
	case "C*":
		count, text, _ := strings.Cut(rest, " ")
		s.send(text+"\r\n", s.number(count))
	case `C"`:
		octets, err := strconv.Unquote(`"` + rest)
		if err != nil {
			s.t.Fatalf("%s: %v", s.at, err)
		}
		s.send(octets, 1)
	case "S:":
		s.reply(rest)
	case "S*":
		count, text, _ := strings.Cut(rest, " ")
		for range s.number(count) {
			s.reply(text)
		}
	case "S+":
		if !strings.Contains("\n"+s.last, "\n"+rest+"\r\n") {
			s.t.Fatalf("%s: no line %q in %q", s.at, rest, s.last)
		}
	case "S.":
		if more := s.client.wantClosed(); more != "" {
			s.t.Fatalf("%s: more was said: %q", s.at, more)
		}
	case "= ":
		if n := s.house.mails(); n != s.number(rest) {
			s.t.Fatalf("%s: %d mails are stored, want %s", s.at, n, rest)
		}
	case "#", "# ", "@ ", "":
	default:
		s.t.Fatalf("%s: cannot read %q", s.at, line)
	}
}

// send may fail: the server may have hung up, which the next S. line tells.
func (s *transcript) send(octets string, times int) {
	_ = s.client.send(strings.Repeat(octets, times))
}

func (s *transcript) reply(prefix string) {
	s.t.Helper()
	all, last, err := s.client.reply()
	if err != nil || !strings.HasPrefix(last, prefix) {
		s.t.Fatalf("%s: got %q, %v, want %q", s.at, all+last, err, prefix)
	}
	s.last = all
}

func (s *transcript) number(text string) int {
	s.t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		s.t.Fatalf("%s: %v", s.at, err)
	}
	return n
}
