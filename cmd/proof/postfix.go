package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// A postfix is an installed Postfix on a private folder: its own configuration,
// queue and port.
type postfix struct {
	dir     string
	port    string
	relay   string
	process *exec.Cmd
}

// postfixMain defers what it takes until it is told to send, and then holds
// nothing back: as many connections as the gateway, from the first moment.
const postfixMain = `compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
maillog_file = %[1]s/maillog
maillog_file_prefixes = %[1]s
myhostname = mx.bench.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:%[2]s
alias_maps =
in_flow_delay = 0
smtpd_peername_lookup = no
smtp_tls_security_level = none
initial_destination_concurrency = %[3]d
smtp_destination_concurrency_limit = %[3]d
`

// postfixMaster is Postfix's own list of daemons, as far as needed, none in a
// chroot.
const postfixMaster = `127.0.0.1:%s inet n - n - - smtpd
pickup    unix  n - n 60    1 pickup
cleanup   unix  n - n -     0 cleanup
qmgr      unix  n - n 300   1 qmgr
rewrite   unix  - - n -     - trivial-rewrite
bounce    unix  - - n -     0 bounce
defer     unix  - - n -     0 bounce
trace     unix  - - n -     0 bounce
verify    unix  - - n -     1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -     - proxymap
smtp      unix  - - n -     - smtp
showq     unix  n - n -     - showq
error     unix  - - n -     - error
retry     unix  - - n -     - error
anvil     unix  - - n -     1 anvil
scache    unix  - - n -     1 scache
postlog   unix-dgram n - n - 1 postlogd
`

// noPostfix says why Postfix cannot be measured here, or nothing.
func noPostfix() string {
	if _, err := exec.LookPath("postfix"); err != nil {
		return "Postfix is not installed"
	}
	if _, err := user.Lookup("postfix"); err != nil {
		return "there is no user postfix"
	}
	if os.Geteuid() != 0 {
		return "Postfix starts for root only"
	}
	return ""
}

// peer measures Postfix's client with a queue of the same mail.
func (d *drainCommand) peer(ctx context.Context, w *workshop, when string, raw []byte) (r drained, err error) {
	if d.Peer == 0 {
		return r, nil
	}
	if why := noPostfix(); why != "" {
		fmt.Printf("Postfix %s is left out: %s\n", when, why)
		return r, nil
	}
	s, err := d.sink()
	if err != nil {
		return r, err
	}
	defer s.close()
	p := &postfix{dir: filepath.Join(w.dir, "postfix-"+when), relay: s.addr}
	defer p.stop()
	if err = p.start(ctx, d.Connections); err == nil {
		err = p.fill(ctx, d.Peer, raw)
	}
	if err == nil {
		err = p.flush(ctx, s.book)
	}
	if err != nil {
		return r, fmt.Errorf("Postfix: %w\n%s", err, lastLines(filepath.Join(p.dir, "maillog")))
	}
	r, err = measureDrain(ctx, s, p.process.Process.Pid, "Postfix's client, "+when, d.Peer, p.awaitEmpty)
	if err != nil {
		return r, fmt.Errorf("Postfix: %w\n%s", err, lastLines(filepath.Join(p.dir, "maillog")))
	}
	fmt.Println(r)
	return r, nil
}

func (p *postfix) etc() string { return filepath.Join(p.dir, "etc") }

func (p *postfix) start(ctx context.Context, connections int) error {
	_, relay, err := net.SplitHostPort(p.relay)
	if err != nil {
		return err
	}
	if p.port, err = freePort(); err != nil {
		return err
	}
	main := fmt.Sprintf(postfixMain, p.dir, relay, connections) + "defer_transports = smtp\n"
	for _, dir := range []string{p.etc(), filepath.Join(p.dir, "queue"), filepath.Join(p.dir, "data")} {
		err = errors.Join(err, os.MkdirAll(dir, 0o755))
	}
	err = errors.Join(err, os.WriteFile(filepath.Join(p.etc(), "main.cf"), []byte(main), 0o644),
		os.WriteFile(filepath.Join(p.etc(), "master.cf"), fmt.Appendf(nil, postfixMaster, p.port), 0o644), p.giveData())
	if err != nil {
		return err
	}
	p.process = exec.Command("postfix", "-c", p.etc(), "start-fg")
	p.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.process.Start(); err != nil {
		p.process = nil
		return err
	}
	for ctx.Err() == nil {
		if c, err := net.Dial("tcp", "127.0.0.1:"+p.port); err == nil {
			return c.Close()
		}
		pause(50)
	}
	return ctx.Err()
}

// giveData lets Postfix's user write where its daemons must.
func (p *postfix) giveData() error {
	owner, err := user.Lookup("postfix")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(owner.Uid)
	return errors.Join(err, os.Chown(filepath.Join(p.dir, "data"), uid, -1))
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// fill returns when n mails are deferred.
func (p *postfix) fill(ctx context.Context, n int, raw []byte) error {
	var next atomic.Int64
	group, sending := errgroup.WithContext(ctx)
	for range fillers {
		group.Go(func() error {
			s, err := dial(sending, "127.0.0.1:"+p.port)
			if err != nil {
				return err
			}
			defer s.close()
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if err := s.sendTo("support@desk.test", fmt.Sprintf("copy%d@%s", i, senderDomain), raw); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for ctx.Err() == nil && p.count("deferred") < n {
		pause(100)
	}
	return ctx.Err()
}

// count tells how many mails are in some of the queues.
func (p *postfix) count(queues ...string) (n int) {
	for _, queue := range queues {
		_ = filepath.WalkDir(filepath.Join(p.dir, "queue", queue), func(_ string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() {
				n++
			}
			return nil
		})
	}
	return n
}

// flush lets it send, and returns when it has connected to the sink. Until then it
// is told again: its queue manager may have looked with the old settings.
func (p *postfix) flush(ctx context.Context, to *book) error {
	if err := p.release(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if err := p.command(ctx, "postqueue", "-f"); err != nil {
			return err
		}
		soon, cancel := context.WithTimeout(ctx, 2*time.Second)
		err := to.awaitConnection(soon)
		cancel()
		if err == nil {
			return nil
		}
	}
	return ctx.Err()
}

// release lets it send from now on.
func (p *postfix) release(ctx context.Context) error {
	file := filepath.Join(p.etc(), "main.cf")
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	content = bytes.ReplaceAll(content, []byte("defer_transports = smtp\n"), nil)
	if err := os.WriteFile(file, content, 0o644); err != nil {
		return err
	}
	return p.command(ctx, "postfix", "reload")
}

func (p *postfix) command(ctx context.Context, name, arg string) error {
	if out, err := exec.CommandContext(ctx, name, "-c", p.etc(), arg).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, arg, err, out)
	}
	return nil
}

func (p *postfix) awaitEmpty(ctx context.Context) error {
	for ctx.Err() == nil {
		if p.count("incoming", "active", "deferred") == 0 {
			return nil
		}
		pause(5)
	}
	return ctx.Err()
}

// stop ends its master, which outlives the command that started it, and with it
// all else; by force if they do not end in order.
func (p *postfix) stop() {
	if p.process == nil {
		return
	}
	for end, signal := time.Now().Add(stopTime), syscall.SIGTERM; ; pause(20) {
		pids := p.processes()
		if len(pids) == 0 {
			break
		}
		if time.Now().After(end) {
			signal = syscall.SIGKILL
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, signal)
		}
	}
	_ = p.process.Wait()
	p.process = nil
}

// processes are those that work in its queue, as all of Postfix does.
func (p *postfix) processes() (pids []int) {
	all, err := processes()
	if err != nil {
		return nil
	}
	for pid := range all {
		if in, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err == nil && in == filepath.Join(p.dir, "queue") {
			pids = append(pids, pid)
		}
	}
	return pids
}
