package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
)

// A dialogue is what one client says, in pieces, and how it leaves. It begins as
// that of an honest client and is spoilt in a few places.
type dialogue struct {
	tls    tlsWish
	pieces []piece
	end    ending
}

type piece struct {
	octets []byte
	wait   int // milliseconds before it
}

// A tlsWish is what a client makes of STARTTLS.
type tlsWish int

const (
	noTLS     tlsWish = iota
	goodTLS           // a handshake, then the dialogue inside of it
	junkTLS           // STARTTLS, then the dialogue in plain text
	brokenTLS         // half a handshake, then the dialogue
)

// An ending is how a client leaves.
type ending int

const (
	endQuietly ending = iota // it reads until the gateway hangs up, or for a moment
	endFIN                   // it stops sending and reads on
	endRST                   // it resets the connection
	endClose                 // it closes at once, answers unread
	endings
)

// converse makes the dialogue of a number, always the same for a seed.
func converse(seed uint64, n int) dialogue {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	d := dialogue{end: ending(r.IntN(int(endings)))}
	if r.IntN(4) == 0 {
		d.tls = tlsWish(1 + r.IntN(3))
	}
	parts := honest(r, n)
	for range r.IntN(6) {
		parts = spoil(r, parts)
	}
	stream := bytes.Join(parts, nil)
	if r.IntN(4) == 0 {
		stream = stream[:r.IntN(len(stream)+1)]
	}
	d.pieces = cutUp(r, stream)
	return d
}

// honest is a correct session of one to three mails, command by command.
func honest(r *rand.Rand, n int) [][]byte {
	parts := [][]byte{[]byte("EHLO " + senderDomain + "\r\n")}
	say := func(format string, args ...any) { parts = append(parts, fmt.Appendf(nil, format, args...)) }
	for mails := 1 + r.IntN(3); mails > 0; mails-- {
		from := fmt.Sprintf("fuzz%d.%d@%s", n, mails, senderDomain)
		body := fmt.Appendf(nil, "From: <%s>\r\nSubject: fuzz %d.%d\r\nMessage-ID: <fuzz.%[2]d.%[3]d@%s>\r\n\r\n%s", from, n, mails, senderDomain, words(r))
		say("MAIL FROM:<%s>%s\r\n", from, anyOf(r, "", "", " SIZE=900", " BODY=8BITMIME", " SMTPUTF8"))
		for range 1 + r.IntN(3) {
			say("RCPT TO:<%s>\r\n", anyOf(r, mailbox, mailbox, "postmaster", "nobody@desk.test", "victim@elsewhere.test"))
		}
		if r.IntN(2) == 0 {
			say("DATA\r\n")
			parts = append(parts, bytes.ReplaceAll(body, []byte("\r\n."), []byte("\r\n..")), []byte("\r\n.\r\n"))
		} else {
			cut := r.IntN(len(body) + 1)
			say("BDAT %d\r\n%s", cut, body[:cut])
			say("BDAT %d LAST\r\n%s", len(body)-cut, body[cut:])
		}
	}
	say("QUIT\r\n")
	return parts
}

// words are a body that looks like the end of one here and there.
func words(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(40) {
		b.WriteString(anyOf(r, "hello ", "\r\n", "\r\n.x", "\n.\n", "\r.\r", "\r\n.\n", "\x00", "\xff\xfe", "..", ".\r\n", "MAIL FROM:<ceo@victim.test>\r\n", "é", "\r\r\n"))
	}
	return b.String()
}

var oddCommands = []string{
	"HELO\r\n", "EHLO \r\n", "EHLO [127.0.0.1]\r\n", "HELO x\r\n", "RSET\r\n", "NOOP\r\n", "NOOP x\n", "VRFY support\r\n", "EXPN x\r\n", "HELP\r\n", "ETRN x\r\n",
	"AUTH PLAIN AGEAYg==\r\n", "AUTH LOGIN\r\n", "STARTTLS\r\n", "STARTTLS x\r\n", "DATA\r\n", "DATA x\r\n", "QUIT\r\n", "BDAT\r\n", "BDAT -1\r\n", "BDAT 0\r\n",
	"BDAT 0 LAST\r\n", "BDAT 5\r\n", "BDAT 5 LAST\r\n", "BDAT 4294967296 LAST\r\n", "BDAT 200000000\r\n", "bdat 1 last\r\nx", "MAIL FROM:<>\r\n", "MAIL FROM:<a@b> SIZE=99999999999\r\n",
	"MAIL FROM:<a@b> REQUIRETLS\r\n", "MAIL FROM:<a@b> BODY=BINARYMIME\r\n", "MAIL FROM:<\xff@b> SMTPUTF8\r\n", "MAIL FROM:<\"a b\"@c>\r\n", "MAIL\r\n", "RCPT TO:<@a,@b:c@d>\r\n",
	"RCPT TO:<support+aaaa@desk.test>\r\n", "RCPT TO:<\"\r\n", "RCPT\r\n", "\r\n", "\n", "\x00\r\n", "\x16\x03\x01\x00\xa5\x01", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "XCLIENT ADDR=1.2.3.4\r\n",
	"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", "LHLO x\r\n", ".\r\n", "\r\n.\r\n",
}

// spoil changes one thing.
func spoil(r *rand.Rand, parts [][]byte) [][]byte {
	at := r.IntN(len(parts))
	insert := func(what []byte) [][]byte {
		return append(parts[:at:at], append([][]byte{what}, parts[at:]...)...)
	}
	switch r.IntN(9) {
	case 0:
		return insert([]byte(anyOf(r, oddCommands...)))
	case 1:
		return insert(parts[r.IntN(len(parts))])
	case 2:
		if len(parts) > 1 {
			return append(parts[:at:at], parts[at+1:]...)
		}
	case 3:
		other := r.IntN(len(parts))
		parts[at], parts[other] = parts[other], parts[at]
	case 4: // binary
		junk := make([]byte, r.IntN(300))
		for i := range junk {
			junk[i] = byte(r.Uint32())
		}
		return insert(junk)
	case 5: // a long line
		return insert(bytes.Repeat([]byte(anyOf(r, "x", "NOOP", ".", "\x00", "é")), r.IntN(60_000)))
	case 6: // an octet
		changed := bytes.Clone(parts[at])
		if len(changed) > 0 {
			changed[r.IntN(len(changed))] = byte(r.Uint32())
		}
		parts[at] = changed
	case 7: // a line end
		parts[at] = bytes.Replace(parts[at], []byte("\r\n"), []byte(anyOf(r, "\n", "\r", "\r\r\n", "", "\r\n\r\n")), 1)
	case 8:
		return insert(bytes.Repeat([]byte(anyOf(r, oddCommands...)), r.IntN(200)))
	}
	return parts
}

// cutUp makes pieces, all in one most often, and never so many pauses that a
// dialogue takes longer than a second or two.
func cutUp(r *rand.Rand, stream []byte) (pieces []piece) {
	slow := r.IntN(4) == 0
	cuts := anyOf(r, 0, 0, 1, 3, 20)
	for ; cuts > 0 && len(stream) > 0; cuts-- {
		at := r.IntN(len(stream) + 1)
		p := piece{octets: stream[:at]}
		if slow {
			p.wait = r.IntN(80)
		}
		pieces, stream = append(pieces, p), stream[at:]
	}
	return append(pieces, piece{octets: stream})
}

func anyOf[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }
