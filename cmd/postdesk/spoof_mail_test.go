package main

import (
	"bytes"
	"fmt"
	"net/smtp"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-msgauth/dkim"
)

// raw is the mail of a cell. It asks for whatever people think that a mail can
// ask for; Eve in CC wants everything.
func (c *cell) raw() ([]byte, error) {
	local, _, _ := strings.Cut(c.from, "@")
	from := c.from
	switch c.form {
	case "word":
		from = "=?utf-8?b?T2xnYSDDlndu?= =?iso-8859-1?q?er?= <" + c.from + ">"
	case "unicode":
		from = "Olga Öwner <" + local + "@" + c.domain + ">"
	case "ascii":
		from = "Olga <" + local + "@" + strings.ToUpper(ascii(c.domain)) + ">"
	}
	lines := []string{"From: " + from, "To: support@desk.test", "Cc: eve@machine.test", "Message-ID: <" + c.word + "@client.test>",
		"Date: " + time.Now().Format(time.RFC1123Z), "Reply-To: eve@machine.test", "Sender: olga@desk.test"}
	subject := "Question " + c.word
	switch c.locator {
	case "subject":
		subject = fmt.Sprintf("Re: [#%d] Goldammer", c.conversation)
	case "thread":
		lines = append(lines, "In-Reply-To: <"+c.names["thread"]+">", "References: <"+c.names["thread"]+">")
	}
	lines = append(lines, "Subject: "+subject, "Content-Type: text/plain; charset=utf-8", "", c.word+" says who I am.", "")
	raw := []byte(strings.Join(lines, "\r\n"))
	if c.signer() == "" {
		return raw, nil
	}
	var signed bytes.Buffer
	err := dkim.Sign(&signed, bytes.NewReader(raw), &dkim.SignOptions{Domain: c.signer(), Selector: "s", Signer: spoofKey,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed})
	return signed.Bytes(), err
}

func (c *cell) to() string {
	if address := c.names[c.locator]; strings.Contains(c.locator, "token") || c.locator == "mention" {
		return address
	}
	return "support@desk.test"
}

// A transaction is a mail for sendAll.
type transaction struct {
	from string
	to   []string
	raw  []byte
}

// sendCells sends some cells, and waits until all are filed and what they caused
// is sent.
func (g *spoof) sendCells(which func(*cell) bool) {
	g.t.Helper()
	var all []transaction
	for _, c := range g.cells {
		if !which(c) {
			continue
		}
		raw, err := c.raw()
		if err != nil {
			g.t.Fatal(err)
		}
		all = append(all, transaction{c.envelopeOf(), []string{c.to()}, raw})
	}
	g.sendAll(all)
	g.quiet()
}

// sendAll sends mails over four connections, in no order. All must be taken.
func (s *story) sendAll(all []transaction) {
	s.t.Helper()
	const connections = 4
	var group sync.WaitGroup
	failed := make([]error, connections)
	for n := range connections {
		group.Go(func() { failed[n] = sendEvery(s.at.SMTP, all, n, connections) })
	}
	group.Wait()
	for _, err := range failed {
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// sendEvery sends each step-th mail, from the first on, over one connection.
func sendEvery(addr string, all []transaction, first, step int) error {
	c, err := smtp.Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Hello("client.test"); err != nil {
		return err
	}
	for i := first; i < len(all); i += step {
		if err := sendOver(c, all[i]); err != nil {
			return fmt.Errorf("mail of %s to %s: %w", all[i].from, all[i].to, err)
		}
	}
	return c.Quit()
}

func sendOver(c *smtp.Client, m transaction) error {
	if err := c.Mail(m.from); err != nil {
		return err
	}
	for _, to := range m.to {
		if err := c.Rcpt(to); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(m.raw); err != nil {
		return err
	}
	return w.Close()
}
