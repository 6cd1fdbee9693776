package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
)

type idleCommand struct {
	Sessions int  `help:"Clients that greet and then say nothing." default:"1000"`
	TLS      bool `help:"They do so inside of TLS." name:"tls"`
	MostKiB  int  `help:"One adds at most so much memory." name:"most-kib" default:"32"`
}

// Run fails if a session that waits for a command takes too much memory. The proof
// counts what the gateway holds (heap and stacks after a collection) and what the
// system gave it for that (resident memory).
func (i *idleCommand) Run(ctx context.Context, c *commands) error {
	if err := enoughFiles(i.Sessions); err != nil {
		return err
	}
	var settings func(dir string) ([]string, error)
	if i.TLS {
		settings = tlsSettings
	}
	return onGateway(ctx, c, "idle", settings, func(g *gateway) error { return i.measure(ctx, g) })
}

func (i *idleCommand) measure(ctx context.Context, g *gateway) error {
	if err := i.visit(ctx, g, 20); err != nil { // what the first visitors cost is not a session's
		return err
	}
	if _, err := awaitEmpty(ctx, g); err != nil {
		return err
	}
	before, err := readHeld(ctx, g)
	if err != nil {
		return err
	}
	start := time.Now()
	conns, err := i.enter(ctx, g, i.Sessions)
	defer closeAll(conns)
	if err != nil {
		return err
	}
	within := time.Since(start)
	among, err := readHeld(ctx, g)
	if err != nil {
		return err
	}
	each := func(more int64) float64 { return float64(more) / float64(i.Sessions) / 1024 }
	heap, stacks := each(among.heap-before.heap), each(among.stacks-before.stacks)
	resident := each(among.resident - before.resident)
	fmt.Printf("%d idle sessions (TLS: %t), in within %.1f s: each holds %.1f KiB of heap and %.1f KiB of stacks, and adds %.1f KiB of resident memory, which is %d MiB idle\n",
		among.connections, i.TLS, within.Seconds(), heap, stacks, resident, before.resident>>20)
	return i.judge(among.connections, heap+stacks, resident)
}

func (i *idleCommand) judge(in int, held, resident float64) error {
	switch {
	case in != i.Sessions:
		return fmt.Errorf("%d of %d sessions are open", in, i.Sessions)
	case held > float64(i.MostKiB) || resident > float64(i.MostKiB):
		return fmt.Errorf("a session holds %.1f KiB and adds %.1f, more than %d", held, resident, i.MostKiB)
	}
	return nil
}

// held is what a gateway holds, after a collection.
type held struct {
	vitals
	stacks int64
}

func readHeld(ctx context.Context, g *gateway) (h held, err error) {
	if h.vitals, err = readVitals(ctx, g, true); err != nil {
		return h, err
	}
	page, err := get(ctx, "http://"+g.at.metrics+"/metrics")
	h.stacks = int64(parseMetrics(page)["go_memstats_stack_inuse_bytes"])
	if err == nil && h.stacks == 0 {
		err = errors.New("/metrics has no go_memstats_stack_inuse_bytes")
	}
	return h, err
}

// visit lets clients come and go.
func (i *idleCommand) visit(ctx context.Context, g *gateway, n int) error {
	conns, err := i.enter(ctx, g, n)
	closeAll(conns)
	return err
}

// enter opens sessions, each from an address of its own, a few at once.
func (i *idleCommand) enter(ctx context.Context, g *gateway, n int) ([]net.Conn, error) {
	conns := make([]net.Conn, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(30)
	for k := range conns {
		group.Go(func() (err error) {
			conns[k], err = greet(ctx, g.at.smtp, sourceOf(k))
			if err == nil && i.TLS {
				conns[k], err = secured(ctx, conns[k])
			}
			return err
		})
	}
	return conns, group.Wait()
}

// secured goes on inside of TLS.
func secured(ctx context.Context, conn net.Conn) (net.Conn, error) {
	s := &sender{conn: conn, in: bufio.NewReaderSize(conn, 512)}
	if err := s.step([]byte("STARTTLS\r\n"), 220); err != nil {
		return conn, err
	}
	secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) // the certificate is our own
	if err := secure.HandshakeContext(ctx); err != nil {
		return conn, err
	}
	s = &sender{conn: secure, in: bufio.NewReaderSize(secure, 512)}
	return secure, s.step([]byte("EHLO "+senderDomain+"\r\n"), 250)
}

func closeAll(conns []net.Conn) {
	for _, c := range conns {
		if c != nil {
			if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				fmt.Fprintln(os.Stderr, "proof: closing:", err)
			}
		}
	}
}
