package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type slowCommand struct {
	For      time.Duration `help:"How long the honest sender delivers among them." default:"60s"`
	Idle     int           `help:"Clients that greet and then say nothing." default:"2000"`
	Drip     int           `help:"Clients that send one octet a second, half of them of a command, half of a mail." default:"500"`
	MostWait time.Duration `help:"The honest sender's p99 from its connection to the 250 stays below this." default:"2s"`
	MostMiB  int           `help:"The crowd adds at most so much memory." default:"256"`
}

// Run fails if an honest sender waits too long or the crowd takes too much. All
// clients come from loopback, from addresses of their own. Loopback is exempt from
// the limits per address and session, so that the whole crowd gets in, and stays.
func (s *slowCommand) Run(ctx context.Context, c *commands) error {
	if err := enoughFiles(s.Idle + s.Drip); err != nil {
		return err
	}
	return onGateway(ctx, c, "slow", nil, func(g *gateway) error { return s.measure(ctx, g) })
}

// enoughFiles says when the system allows too few. The soft limit is the hard one
// already: Go raises it for every program.
func enoughFiles(clients int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if need := uint64(clients + 200); limit.Cur < need {
		return fmt.Errorf("%d clients need %d open files and the system allows %d: raise the hard limit (ulimit -Hn), or ask for fewer clients", clients, need, limit.Cur)
	}
	return nil
}

func (s *slowCommand) measure(ctx context.Context, g *gateway) error {
	alone, err := s.send(ctx, g, "alone", min(s.For, 10*time.Second))
	if err != nil {
		return err
	}
	before, err := readVitals(ctx, g, true)
	if err != nil {
		return err
	}
	crowded, leave := context.WithCancel(ctx)
	defer leave()
	crowd := &crowd{addr: g.at.smtp}
	crowd.enter(crowded, s.Idle, s.Drip)
	if err := crowd.awaitAllIn(ctx, s.Idle+s.Drip); err != nil {
		return err
	}
	peak := watchVitals(crowded, g)
	among, err := s.send(ctx, g, "among", s.For)
	if err != nil {
		return err
	}
	leave()
	crowd.left.Wait()
	most := <-peak
	after, err := awaitEmpty(ctx, g)
	if err != nil {
		return err
	}
	fmt.Printf("%d idle and %d dripping clients, %s; %d were sent away and came again\n", s.Idle, s.Drip, s.For, crowd.again.Load())
	fmt.Println("alone ", alone)
	fmt.Println("among ", among)
	fmt.Println("before", before)
	fmt.Println("peak  ", most)
	fmt.Println("after ", after)
	more := (most.resident - before.resident) >> 20
	fmt.Printf("the crowd added %d MiB\n", more)
	return s.judge(among, most, more)
}

func (s *slowCommand) judge(among waits, peak vitals, more int64) error {
	var faults []error
	if p99 := among.quantile(0.99); len(among) == 0 || p99 > s.MostWait {
		faults = append(faults, fmt.Errorf("the honest sender's p99 is %s, more than %s", p99, s.MostWait))
	}
	if more > int64(s.MostMiB) {
		faults = append(faults, fmt.Errorf("%d MiB more than before, which is more than %d", more, s.MostMiB))
	}
	if all := s.Idle + s.Drip; peak.connections < all {
		faults = append(faults, fmt.Errorf("%d connections at most: not all of the %d clients were in", peak.connections, all))
	}
	return errors.Join(faults...)
}

// waits are how long mails took, each from the connection to its 250.
type waits []time.Duration

func (w waits) quantile(q float64) time.Duration {
	if len(w) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(w))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))].Round(100 * time.Microsecond)
}

func (w waits) String() string {
	return fmt.Sprintf("%d mails to the 250: p50 %s, p99 %s, max %s", len(w), w.quantile(0.5), w.quantile(0.99), w.quantile(1))
}

// send delivers one mail after the other, each on a connection of its own.
func (s *slowCommand) send(ctx context.Context, g *gateway, batch string, span time.Duration) (w waits, err error) {
	text := prose(1, 8000)
	for n, end := 0, time.Now().Add(span); time.Now().Before(end); n++ {
		m := compose(batch, n, 4<<10, text)
		begin := time.Now()
		if err := deliver(ctx, g.at.smtp, m); err != nil {
			return w, fmt.Errorf("mail %d: %w", n, err)
		}
		w = append(w, time.Since(begin))
		pause(20)
	}
	return w, nil
}

// A crowd are slow clients. Who is sent away comes again, from the same address.
type crowd struct {
	addr  string
	in    atomic.Int64 // greeted, since the beginning
	again atomic.Int64
	left  sync.WaitGroup
}

func (c *crowd) enter(ctx context.Context, idle, drip int) {
	door := make(chan struct{}, 50) // the kernel's queue of new connections is short
	for n := range idle + drip {
		c.left.Go(func() {
			for first := true; ctx.Err() == nil; first = false {
				if !first {
					c.again.Add(1)
				}
				c.visit(ctx, n, n >= idle, door, first)
			}
		})
	}
}

func (c *crowd) awaitAllIn(ctx context.Context, all int) error {
	for end := time.Now().Add(2 * time.Minute); c.in.Load() < int64(all); pause(20) {
		if ctx.Err() != nil || time.Now().After(end) {
			return fmt.Errorf("%d of %d clients got in: %w", c.in.Load(), all, errors.Join(ctx.Err()))
		}
	}
	return nil
}

// visit is one connection, until the gateway ends it.
func (c *crowd) visit(ctx context.Context, n int, drips bool, door chan struct{}, first bool) {
	door <- struct{}{}
	conn, err := greet(ctx, c.addr, sourceOf(n))
	<-door
	if err != nil {
		pause(100)
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if first {
		c.in.Add(1)
	}
	if !drips {
		_, _ = conn.Read(make([]byte, 100))
		return
	}
	words := "NOOP "
	if n%2 == 0 {
		words = ""
		mail := "MAIL FROM:<drip" + strconv.Itoa(n) + "@" + senderDomain + ">\r\nRCPT TO:<" + mailbox + ">\r\nDATA\r\nSubject: drip\r\n\r\n"
		if _, err := conn.Write([]byte(mail)); err != nil {
			return
		}
	}
	dripInto(ctx, conn, words)
}

// dripInto sends an octet a second, first of words, until that fails.
func dripInto(ctx context.Context, conn net.Conn, words string) {
	for i := 0; ctx.Err() == nil; i++ {
		octet := byte('x')
		if i < len(words) {
			octet = words[i]
		}
		if _, err := conn.Write([]byte{octet}); err != nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// greet connects from an address of ours and says EHLO.
func greet(ctx context.Context, addr string, from net.IP) (net.Conn, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}, Timeout: 30 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &sender{conn: conn, in: bufio.NewReaderSize(conn, 512)}
	if err = s.step(nil, 220); err == nil {
		err = s.step([]byte("EHLO "+senderDomain+"\r\n"), 250)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, conn.SetDeadline(time.Time{})
}

// sourceOf is a loopback address of its own for each client (Linux has them all).
func sourceOf(n int) net.IP { return net.IPv4(127, 1, byte(n/250), byte(1+n%250)) }

// watchVitals tells the greatest of each figure when ctx ends.
func watchVitals(ctx context.Context, g *gateway) <-chan vitals {
	told := make(chan vitals, 1)
	go func() {
		var most vitals
		for ctx.Err() == nil {
			if v, err := readVitals(ctx, g, false); err == nil {
				most = vitals{max(most.goroutines, v.goroutines), max(most.files, v.files), max(most.connections, v.connections),
					max(most.heap, v.heap), max(most.resident, v.resident)}
			}
			pause(500)
		}
		told <- most
	}()
	return told
}
