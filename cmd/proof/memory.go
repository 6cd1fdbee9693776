package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

type memoryCommand struct {
	Mails   int           `help:"Mails, each on a connection of its own, all at once." default:"50"`
	MiB     int           `help:"Size of each." default:"25"`
	MostMiB int           `help:"The gateway's resident memory stays below this." default:"768"`
	More    int           `help:"MiB by which it may exceed that of the idle gateway; 0: not judged." default:"0"`
	Timeout time.Duration `help:"For everything." default:"15m"`
}

// Run fails if the gateway needs too much memory, or does not take every mail in
// the end: who finds no room is told to come again, and comes.
func (m *memoryCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, m.Timeout)
	defer cancel()
	return onGateway(ctx, c, "memory", nil, func(g *gateway) error {
		db, err := openDatabase(ctx, g)
		if err != nil {
			return err
		}
		defer db.close()
		return m.measure(ctx, g, db)
	})
}

func (m *memoryCommand) measure(ctx context.Context, g *gateway, db *database) error {
	idle := statusOf(g.process.Pid)["VmRSS"] >> 20
	watching, stop := context.WithCancel(ctx)
	defer stop()
	peak := watchMemory(watching, g.process.Pid, 200*time.Millisecond)
	start := time.Now()
	later, err := m.sendAll(ctx, g.at.smtp)
	if err != nil {
		return err
	}
	sent := time.Since(start)
	if err := db.awaitFiled(ctx, 100*time.Millisecond); err != nil {
		return err
	}
	filed, err := db.countFiled(ctx)
	if err != nil {
		return err
	}
	stop()
	most := (<-peak).gateway >> 20
	more := most - idle
	fmt.Printf("%d mails of %d MiB at once: taken in %.1f s, filed in %.1f s, %d times told to come again; the gateway's memory was %d MiB idle and %d MiB at most, %d more\n",
		m.Mails, m.MiB, sent.Seconds(), time.Since(start).Seconds(), later, idle, most, more)
	return m.judge(filed, most, more)
}

func (m *memoryCommand) judge(filed int, most, more int64) error {
	switch {
	case m.More > 0 && more > int64(m.More):
		return fmt.Errorf("%d MiB more than idle are more than %d", more, m.More)
	case filed != m.Mails:
		return fmt.Errorf("%d of %d mails became a conversation", filed, m.Mails)
	case most > int64(m.MostMiB):
		return fmt.Errorf("%d MiB are more than %d", most, m.MostMiB)
	}
	return nil
}

// deliverSized brings a mail, and says before how great it is, as most senders do,
// or does not.
func deliverSized(ctx context.Context, addr string, m mail, say bool) error {
	if !say {
		return deliver(ctx, addr, m)
	}
	s, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.step(fmt.Appendf(nil, "MAIL FROM:<%s> SIZE=%d\r\n", m.from, len(m.raw)), 250); err != nil {
		return err
	}
	if err := s.step([]byte("RCPT TO:<"+mailbox+">\r\nDATA\r\n"), 250, 354); err != nil {
		return err
	}
	return s.step(dotted(m.raw), 250)
}

// great is a mail of that size: every other one is a text, the others are a few words
// with a file.
func great(n, size int, text string) mail {
	if n%2 == 0 {
		return compose("memory", n, size, text)
	}
	m := compose("memory", n, 0, "")
	var b bytes.Buffer
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=parts\r\n")
	b.Write(bytes.TrimSuffix(m.raw, []byte(m.subject+"\r\n\r\n")))
	fmt.Fprintf(&b, "--parts\r\nContent-Type: text/plain\r\n\r\n%s\r\n--parts\r\n", m.subject)
	b.WriteString("Content-Type: application/pdf; name=report.pdf\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	for at := 0; b.Len() < size-100; at = (at + 57) % (len(text) - 57) {
		b.WriteString(base64.StdEncoding.EncodeToString([]byte(text[at:at+57])) + "\r\n")
	}
	b.WriteString("--parts--\r\n")
	m.raw = b.Bytes()
	return m
}

// sendAll brings every mail until it is taken. Half of the senders declare sizes.
func (m *memoryCommand) sendAll(ctx context.Context, addr string) (later int64, err error) {
	text := prose(1, m.MiB<<20)
	var again atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for n := range m.Mails {
		group.Go(func() error {
			m := great(n, m.MiB<<20-4096, text)
			for wait := 500; ; wait *= 2 {
				var no refusal
				err := deliverSized(ctx, addr, m, n%4 < 2)
				if err == nil || ctx.Err() != nil || !errors.As(err, &no) || !no.temporary() {
					return err
				}
				again.Add(1)
				pause(min(wait, 8000) + n*10)
			}
		})
	}
	err = group.Wait()
	return again.Load(), err
}
