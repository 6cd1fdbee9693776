package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A mail has a sender and a subject of its own; its first line repeats the
// subject.
type mail struct {
	from    string
	subject string
	to      []string // our mailbox if there is none
	raw     []byte
}

// compose makes a mail of size octets, or a little more if that is too small for
// the header, with text as the rest of its body.
func compose(batch string, n, size int, text string) mail {
	return composeFrom(fmt.Sprintf("u%d@%s", n, senderDomain), batch, n, size, text)
}

func composeFrom(from, batch string, n, size int, text string) mail {
	m := mail{from: from, subject: fmt.Sprintf("Proof %s number %d.", batch, n)}
	head := fmt.Sprintf("From: <%s>\r\nTo: <%s>\r\nSubject: %s\r\nDate: Mon, 02 Jan 2006 15:04:05 +0000\r\nMessage-ID: <%s.%d@%s>\r\n\r\n%[3]s\r\n",
		m.from, mailbox, m.subject, batch, n, senderDomain)
	rest := max(0, size-len(head)-2)
	m.raw = append([]byte(head), text[:min(rest, len(text))]...)
	if cut := m.raw[len(m.raw)-1]; cut == '\r' {
		m.raw[len(m.raw)-1] = '.' // a bare CR is no part of a mail
	}
	m.raw = append(m.raw, "\r\n"...)
	return m
}

// prose is size octets of lines in CRLF, the same for the same seed. Some lines
// begin with full stops, which SMTP must double and take away again.
func prose(seed uint64, size int) string {
	random := rand.New(rand.NewPCG(seed, 1))
	words := strings.Fields("printer paper order invoice garden window morning please answer question customer delivery number summer yellow bridge")
	var b strings.Builder
	for line := 0; b.Len() < size; line++ {
		if line%8 == 7 {
			b.WriteString([]string{".", "..", ".\r\n."}[random.IntN(3)])
		}
		for width := 0; width < 66; width += 8 {
			b.WriteString(words[random.IntN(len(words))])
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%d\r\n", random.IntN(1000))
	}
	return b.String()[:size]
}
