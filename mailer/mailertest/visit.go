package mailertest

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
)

// A visit is one connection to a Rogue.
type visit struct {
	rogue   *Rogue
	conn    net.Conn
	in      *bufio.Reader
	secured bool
	refused bool // what was said last was no
	begun   bool // MAIL was taken
	message Message
}

// reply says what the book says, or plays the trick of this place. It tells
// whether the visit goes on.
func (v *visit) reply(at, right string) (going bool) {
	if trick, ok := v.rogue.take(at); ok {
		return v.play(trick, right)
	}
	v.refused = right[0] > '3'
	_, err := io.WriteString(v.conn, strings.ReplaceAll(right, "\n", "\r\n")+"\r\n")
	return err == nil
}

// obey answers one line of the client.
func (v *visit) obey(line string) (going bool) {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb = strings.ToUpper(verb); verb {
	case "EHLO":
		return v.reply(verb, v.offers())
	case "HELO":
		return v.reply(verb, "250 rogue.test")
	case "STARTTLS":
		return v.secure()
	case "AUTH":
		return v.reply(verb, "235 2.7.0 welcome")
	case "MAIL":
		going = v.reply(verb, "250 2.1.0 fine")
		v.begun, v.message = !v.refused, Message{From: path(rest)}
		return going
	case "RCPT":
		if !v.begun {
			return v.reply("", "503 5.5.1 MAIL first")
		}
		going = v.reply(verb, "250 2.1.5 fine")
		if !v.refused {
			v.message.To = append(v.message.To, path(rest))
		}
		return going
	case "DATA":
		return v.data()
	case "RSET":
		v.begun, v.message = false, Message{}
		return v.reply(verb, "250 2.0.0 forgotten")
	case "QUIT":
		_ = v.reply(verb, "221 2.0.0 bye")
		return false
	}
	return v.reply("", "500 5.5.2 what?")
}

// path is the address in <>.
func path(rest string) string {
	_, after, _ := strings.Cut(rest, "<")
	inside, _, _ := strings.Cut(after, ">")
	return inside
}

func (v *visit) offers() string {
	lines := []string{"250-rogue.test"}
	m := v.rogue.manners
	for offer, made := range map[string]bool{"PIPELINING": m.Pipelining, "STARTTLS": m.STARTTLS && !v.secured, "AUTH PLAIN": m.Auth, m.Size: m.Size != ""} {
		if made {
			lines = append(lines, "250-"+offer)
		}
	}
	return strings.Join(append(lines, "250 8BITMIME"), "\n")
}

// secure is STARTTLS. A trick at HANDSHAKE is said in the place of the server's
// part of it.
func (v *visit) secure() (going bool) {
	if going = v.reply("STARTTLS", "220 2.0.0 go"); !going || v.refused {
		return going
	}
	if trick, ok := v.rogue.take("HANDSHAKE"); ok {
		_, _ = v.conn.Read(make([]byte, 1))
		return v.play(trick, "220 ")
	}
	over := tls.Server(v.conn, v.rogue.tls)
	if over.Handshake() != nil {
		return false
	}
	v.conn, v.in, v.secured = over, bufio.NewReader(over), true
	return true
}

func (v *visit) data() (going bool) {
	if len(v.message.To) == 0 && !v.rogue.manners.Eager {
		return v.reply("", "554 5.5.1 no valid recipients")
	}
	if going = v.reply("DATA", "354 go on"); !going || v.refused {
		return going
	}
	var raw strings.Builder
	silent := false
	for {
		line, err := v.in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		raw.WriteString(strings.TrimPrefix(line, "."))
		if trick, ok := v.rogue.take("BODY"); ok {
			if silent = v.play(trick, "354 "); !silent {
				return false
			}
		}
	}
	switch {
	case silent:
		return true
	case len(v.message.To) == 0:
		return v.reply("", "554 5.5.1 no valid recipients")
	}
	return v.dot(raw.String())
}

// dot takes the mail over before it answers, unless the answer is no.
func (v *visit) dot(raw string) (going bool) {
	m := v.message
	m.Raw, m.TLS = []byte(raw), v.secured
	v.begun, v.message = false, Message{}
	trick, ok := v.rogue.take("DOT")
	if !ok || !strings.HasPrefix(trick.Say, "4") && !strings.HasPrefix(trick.Say, "5") {
		v.rogue.keep(m)
	}
	if ok {
		return v.play(trick, "250 2.0.0 taken")
	}
	return v.reply("", "250 2.0.0 taken")
}
