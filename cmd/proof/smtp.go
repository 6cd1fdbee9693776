package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// replyTime bounds one step of a dialogue. It is longer than the gateway may
// wait for its database.
const replyTime = 2 * time.Minute

// A refusal is a negative reply. 4xx: try again. 5xx: never.
type refusal struct {
	code int
	text string
}

func (r refusal) Error() string { return fmt.Sprintf("refused: %d %s", r.code, r.text) }

// temporary says that the same mail may be taken later.
func (r refusal) temporary() bool { return r.code < 500 }

// A sender is one SMTP connection. After any error it is of no use. It ends with
// the context that it was dialled with.
type sender struct {
	conn net.Conn
	in   *bufio.Reader
	free func() bool

	patience time.Duration // for a step; replyTime if 0
}

func dial(ctx context.Context, addr string) (*sender, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &sender{conn: conn, in: bufio.NewReader(conn)}
	s.free = context.AfterFunc(ctx, func() { _ = conn.Close() })
	if err = s.step(nil, 220); err == nil {
		err = s.step([]byte("EHLO "+senderDomain+"\r\n"), 250)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *sender) close() {
	s.free()
	_ = s.conn.Close()
}

// send takes one mail to its 250, in two round trips. Any other error than a
// refusal leaves it unknown whether the mail was taken.
func (s *sender) send(from string, raw []byte) error { return s.sendTo(from, mailbox, raw) }

func (s *sender) sendTo(from, to string, raw []byte) error {
	err := s.step([]byte("MAIL FROM:<"+from+">\r\nRCPT TO:<"+to+">\r\nDATA\r\n"), 250, 250, 354)
	if err != nil {
		return err
	}
	return s.step(dotted(raw), 250)
}

// bring takes one mail to its 250 in one of four ways: DATA and BDAT, each with
// everything that may be pipelined (RFC 2920, RFC 3030) in one go, DATA line by
// line, and BDAT in many chunks of which none waits for the one before.
func (s *sender) bring(m mail, way int) error {
	to := m.to
	if len(to) == 0 {
		to = []string{mailbox}
	}
	commands := []string{"MAIL FROM:<" + m.from + ">\r\n"}
	for _, rcpt := range to {
		commands = append(commands, "RCPT TO:<"+rcpt+">\r\n")
	}
	switch way % 4 {
	case 0:
		return s.chunks(commands, m.raw, 2)
	case 1:
		return s.chunks(commands, m.raw, 1+way/4%7)
	case 2:
		for _, command := range commands {
			if err := s.step([]byte(command), 250); err != nil {
				return err
			}
		}
		commands = nil
	}
	begin := strings.Join(commands, "") + "DATA\r\n"
	if err := s.step([]byte(begin), append(slices.Repeat([]int{250}, len(commands)), 354)...); err != nil {
		return err
	}
	return s.step(dotted(m.raw), 250)
}

// chunks says commands and a mail in so many chunks, all at once.
func (s *sender) chunks(commands []string, raw []byte, count int) error {
	var out bytes.Buffer
	out.WriteString(strings.Join(commands, ""))
	size := len(raw)/count + 1
	for rest, last := raw, false; !last; rest = rest[min(size, len(rest)):] {
		chunk := rest[:min(size, len(rest))]
		last = len(chunk) == len(rest)
		end := "\r\n"
		if last {
			end = " LAST\r\n"
		}
		fmt.Fprintf(&out, "BDAT %d%s", len(chunk), end)
		out.Write(chunk)
		commands = append(commands, "")
	}
	return s.step(out.Bytes(), slices.Repeat([]int{250}, len(commands))...)
}

// step writes and reads the replies that must come.
func (s *sender) step(out []byte, want ...int) error {
	if err := s.conn.SetDeadline(time.Now().Add(cmp.Or(s.patience, replyTime))); err != nil {
		return err
	}
	if len(out) > 0 {
		if _, err := s.conn.Write(out); err != nil {
			return err
		}
	}
	for _, code := range want {
		got, text, err := s.reply()
		if err != nil {
			return err
		}
		if got != code {
			return refusal{got, text}
		}
	}
	return nil
}

// reply reads one reply and gives the text of its last line.
func (s *sender) reply() (code int, text string, err error) {
	for {
		line, err := s.in.ReadSlice('\n')
		if err != nil {
			return 0, "", err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) < 3 {
			return 0, "", errors.New("no SMTP reply: " + strconv.Quote(string(line)))
		}
		if code, err = strconv.Atoi(string(line[:3])); err != nil {
			return 0, "", errors.New("no SMTP reply: " + strconv.Quote(string(line)))
		}
		if len(line) == 3 || line[3] == ' ' {
			return code, string(line[min(4, len(line)):]), nil
		}
	}
}

// dotted is a mail as it goes over the wire (RFC 5321 section 4.5.2). Its lines
// end in CRLF.
func dotted(raw []byte) []byte {
	out := make([]byte, 0, len(raw)+len(raw)/64+8)
	for line := range bytes.Lines(raw) {
		if line[0] == '.' {
			out = append(out, '.')
		}
		out = append(out, line...)
	}
	return append(out, ".\r\n"...)
}
