package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"time"
)

type timingCommand struct {
	Tries   int           `help:"Requests of each kind for a known address, and as many for an unknown one; 600 at most." default:"90"`
	Timeout time.Duration `help:"For everything." default:"10m"`
}

// Each account is asked about three times in each way: beyond that the gateway
// sends no more mail to it, and beyond 20 failed sign-ins it slows them down.
const triesPerAccount = 3

// An act is something that a stranger may ask about an address.
type act struct{ name, path string }

var acts = []act{{"sign-in, wrong password", "/signin"}, {"reset", "/reset"}, {"sign-in link", "/signin/link"}}

// Run tells how long the answers take, for addresses that have an account and for
// those that have none (reliability S7). Every request comes from a loopback
// address of its own, so that the throttle, which is on, has nothing to slow down.
func (c *timingCommand) Run(ctx context.Context, all *commands) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	w, err := openWorkshop(ctx, all)
	if err != nil {
		return err
	}
	defer w.close()
	g := newGateway(w, "timing", "127.0.0.1:9")
	if err := g.start(ctx); err != nil {
		return err
	}
	defer g.stop()
	accounts := (min(max(c.Tries, triesPerAccount), 600) + triesPerAccount - 1) / triesPerAccount
	for n := range accounts {
		if err := g.createAccount(ctx, known(n)); err != nil {
			return err
		}
	}
	s := &stranger{root: "http://" + g.at.http}
	for _, a := range acts {
		times, err := s.ask(ctx, a, accounts)
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", a.name, err, lastLines(g.log))
		}
		fmt.Println(times)
	}
	return nil
}

func known(n int) string   { return fmt.Sprintf("person%04d@known.test", n) }
func unknown(n int) string { return fmt.Sprintf("nobody%04d@known.test", n) }

func (g *gateway) createAccount(ctx context.Context, email string) error {
	cmd := exec.CommandContext(ctx, g.binary, "user", "create", "--data-dir", g.dataDir, "--role", "customer", "--email", email, "--password-stdin")
	cmd.Env, cmd.Stdin = environment(cmd.Environ()), strings.NewReader("a password that nobody types\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("user create: %w\n%s", err, out)
	}
	return nil
}

// A stranger sends forms, each from another address.
type stranger struct {
	root  string
	asked int
}

// ask sends the form for known and unknown addresses in turn; which is first
// changes, so that neither has the warmer caches.
func (s *stranger) ask(ctx context.Context, a act, accounts int) (timing, error) {
	t := timing{act: a}
	for try := range triesPerAccount * accounts {
		pair := []string{known(try % accounts), unknown(try % accounts)}
		took := make([]time.Duration, 2)
		for i := range pair {
			which := (i + try) % 2
			var err error
			if took[which], err = s.post(ctx, a.path, pair[which]); err != nil {
				return t, err
			}
		}
		t.known, t.unknown = append(t.known, took[0]), append(t.unknown, took[1])
	}
	return t, nil
}

// post measures from the first octet of the request to the last of the answer.
// The answers to sign-ins are refusals.
func (s *stranger) post(ctx context.Context, path, email string) (time.Duration, error) {
	s.asked++
	from := &net.TCPAddr{IP: net.IPv4(127, 1+byte(s.asked>>16), byte(s.asked>>8), byte(s.asked))}
	conn, err := (&net.Dialer{LocalAddr: from}).DialContext(ctx, "tcp", strings.TrimPrefix(s.root, "http://"))
	if err != nil {
		return 0, err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}}
	form := url.Values{"email": {email}, "password": {"a wrong password"}}.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.root+path, strings.NewReader(form))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	start := time.Now()
	answer, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return 0, err
	}
	took := time.Since(start)
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusForbidden {
		return 0, fmt.Errorf("%s answers %s", path, answer.Status)
	}
	return took, nil
}

// timing is how long the answers of one kind took.
type timing struct {
	act
	known, unknown []time.Duration
}

func (t timing) String() string {
	k, u := quartiles(t.known), quartiles(t.unknown)
	ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
	return fmt.Sprintf("%-24s %4d each  known: median %6.2f ms (quartiles %.2f to %.2f)  unknown: median %6.2f ms (%.2f to %.2f)  "+
		"difference %+.2f ms  known slower in %.0f%% of all pairs (50: no telling)",
		t.name, len(t.known), ms(k[1]), ms(k[0]), ms(k[2]), ms(u[1]), ms(u[0]), ms(u[2]), ms(k[1]-u[1]), 100*slower(t.known, t.unknown))
}

// quartiles are the 25th, 50th and 75th of a hundred.
func quartiles(of []time.Duration) (q [3]time.Duration) {
	sorted := slices.Sorted(slices.Values(of))
	for i := range q {
		q[i] = sorted[(len(sorted)-1)*(i+1)/4]
	}
	return q
}

// slower is how often one of a took longer than one of b.
func slower(a, b []time.Duration) float64 {
	n := 0.0
	for _, x := range a {
		for _, y := range b {
			switch {
			case x > y:
				n++
			case x == y:
				n += 0.5
			}
		}
	}
	return n / float64(len(a)*len(b))
}
