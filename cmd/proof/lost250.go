package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

type lost250Command struct {
	Cuts    int           `help:"250s that do not arrive." default:"1000"`
	Senders int           `help:"Connections at once." default:"8"`
	Seed    uint64        `help:"Chooses again; 0 draws one." default:"0"`
	Timeout time.Duration `help:"For everything." default:"15m"`
	Control bool          `help:"Then send mails without a Message-ID again with another Received field, which nobody can know to be the same: the check must find them twice."`
}

// Run fails unless each mail whose 250 was cut off is there once after its sender
// came again: with the same bytes, or as mail servers change them, here or at our
// other server.
func (k *lost250Command) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, k.Timeout)
	defer cancel()
	k.Seed = seeded(k.Seed)
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	r, err := k.prove(ctx, w, "lost250", k.Cuts, func(_ int, m mail) mail { return m })
	if err != nil {
		return err
	}
	if err := r.sound(ctx); err != nil {
		return err
	}
	if k.Control {
		few, err := k.prove(ctx, w, "lost250-control", 20, func(_ int, m mail) mail { m.raw = withoutID(m.raw); return m })
		if err != nil {
			return err
		}
		if few.doubled == 0 {
			return errFaultNotFound
		}
		fmt.Printf("control: mails without a Message-ID: found (%s)\n", few.verdict)
	}
	tellFigure("%s", r)
	return nil
}

// A lostRun is what happened.
type lostRun struct {
	crashRun
	cut, reset atomic.Int64 // 250s, by toxiproxy's limit_data and reset_peer
	again      [sameWays]atomic.Int64
}

func (r *lostRun) String() string {
	var ways []string
	for way, name := range sameNames {
		ways = append(ways, fmt.Sprintf("%d %s", r.again[way].Load(), name))
	}
	return fmt.Sprintf("%d 250s cut off, %d connections reset instead of them; sent again to both of two gateways: %s: %s",
		r.cut.Load(), r.reset.Load(), strings.Join(ways, ", "), r.verdict)
}

// How a mail server sends the same mail again.
const (
	sameBytes    = iota
	otherTrace   // with another Received field
	otherDKIM    // signed again, at another time
	otherBoth    // both
	sameWays     = iota
	dkimTime     = "t=1700000000"
	receivedTime = "Mon, 02 Jan 2006 15:04:06 +0000"
)

var sameNames = [sameWays]string{"with the same bytes", "with another Received", "with another DKIM t=", "with both"}

// trace is a mail as the sender's server hands it on for the n-th time.
func trace(m mail, way, time int) mail {
	received, signed := receivedTime, dkimTime
	if way == otherTrace || way == otherBoth {
		received = fmt.Sprintf("Mon, 02 Jan 2006 15:%02d:06 +0000", 4+time)
	}
	if way == otherDKIM || way == otherBoth {
		signed = fmt.Sprintf("t=%d", 1700000000+900*time)
	}
	head := "Received: from desk by mail." + senderDomain + "; " + received + "\r\n" +
		"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=" + senderDomain + "; s=none; " + signed + ";\r\n h=from:subject; bh=AAAA; b=AAAA\r\n"
	m.raw = append([]byte(head), m.raw...)
	return m
}

func withoutID(raw []byte) []byte {
	begin := bytes.Index(raw, []byte("Message-ID:"))
	end := begin + bytes.IndexByte(raw[begin:], '\n') + 1
	return append(bytes.Clone(raw[:begin]), raw[end:]...)
}

func (k *lost250Command) prove(ctx context.Context, w *workshop, name string, cuts int, change func(int, mail) mail) (*lostRun, error) {
	r := &lostRun{crashRun: crashRun{ledger: newLedger(cuts)}}
	err := onSite(ctx, w, siteSetup{name: name}, func(s *site) error {
		if err := s.furnish(ctx); err != nil {
			return err
		}
		other := newGateway(w, name+"-mx2", s.gateway.resolver)
		other.database = s.gateway.database
		if err := other.start(ctx); err != nil {
			return err
		}
		defer other.stop()
		text := prose(k.Seed, 2*largest)
		mails := crashCommand{Seed: k.Seed}
		group, sending := errgroup.WithContext(ctx)
		for range k.Senders {
			group.Go(func() error {
				for n, ok := r.ledger.take(); ok; n, ok = r.ledger.take() {
					m := change(n, mails.mail(n+1, text)) // none of the large ones
					if err := k.insist(sending, r, n, m, [2]string{s.gateway.at.smtp, other.at.smtp}); err != nil {
						return fmt.Errorf("mail %d: %w", n, err)
					}
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		other.stop()
		return s.settle(ctx, &r.crashRun)
	})
	return r, err
}

// insist loses the 250 of a mail, and then brings it again until it is heard.
func (k *lost250Command) insist(ctx context.Context, r *lostRun, n int, m mail, servers [2]string) error {
	random := rand.New(rand.NewPCG(k.Seed, uint64(n)))
	way, at := random.IntN(sameWays), random.IntN(2)
	first := trace(m, way, 0)
	if err := r.lose(ctx, servers[at], first, n%2 == 0); err != nil {
		return err
	}
	r.again[way].Add(1)
	for time := 1; ; time++ {
		if n%3 != 0 {
			at = 1 - at // the other MX
		}
		line, err := dial(ctx, servers[at])
		if err != nil {
			return err
		}
		again := trace(m, way, time)
		if way != sameBytes {
			r.ledger.change(n, again)
		}
		err = line.bring(again, n)
		line.close()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !r.ledger.record(n, first, err) {
			return nil
		}
	}
}

// lose brings a mail up to its last octet, spoils the wire, and sends the rest:
// the gateway commits, and its 250 does not arrive.
func (r *lostRun) lose(ctx context.Context, addr string, m mail, reset bool) error {
	w, err := openWire(addr)
	if err != nil {
		return err
	}
	defer w.close()
	line, err := dial(ctx, w.addr())
	if err != nil {
		return err
	}
	defer line.close()
	commands, want := "MAIL FROM:<"+m.from+">\r\n", []int{250}
	for _, to := range m.to {
		commands, want = commands+"RCPT TO:<"+to+">\r\n", append(want, 250)
	}
	if err := line.step([]byte(commands+"DATA\r\n"), append(want, 354)...); err != nil {
		return err
	}
	toxic, attributes, count := "limit_data", `"bytes": 1`, &r.cut // one octet of the 250
	if reset {
		toxic, attributes, count = "reset_peer", `"timeout": 0`, &r.reset
	}
	if err := w.spoil("downstream", toxic, attributes); err != nil {
		return err
	}
	err = line.step(dotted(m.raw), 250)
	if err == nil {
		return errors.New("the 250 arrived although it was cut off")
	}
	if errors.As(err, new(refusal)) {
		return err
	}
	count.Add(1)
	return nil
}
