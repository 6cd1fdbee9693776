package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// realMail leaves a test out where the real mail servers cannot run: it says why,
// and fails instead where they were promised (POSTDESK_TEST_REAL_MAIL).
func realMail(t *testing.T) {
	t.Helper()
	lacks := ""
	for _, program := range []string{"postfix", "postconf", "dovecot"} {
		if _, err := exec.LookPath(program); err != nil {
			lacks = program + " is not installed (.ci/mailservers installs it)"
		}
	}
	if os.Geteuid() != 0 {
		lacks = "Postfix starts only as root"
	}
	switch {
	case lacks == "":
	case os.Getenv("POSTDESK_TEST_REAL_MAIL") != "":
		t.Fatalf("nothing is tried with real mail servers, though POSTDESK_TEST_REAL_MAIL is set: %s", lacks)
	default:
		t.Skipf("nothing is tried with real mail servers: %s", lacks)
	}
}

// ports counts from anywhere below those that systems give out by themselves.
var ports = sync.OnceValue(func() *atomic.Int32 {
	n := new(atomic.Int32)
	n.Store(rand.Int32N(20_000))
	return n
})

// freePort is a port of loopback that nobody else has or gets: for servers that
// cannot pick one, and for addresses that must outlive a restart.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(10_000 + int(ports().Add(1)%20_000))
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// A daemon is a server that a test started: it ends with the test, and with the
// process of the test, however that ends.
type daemon struct {
	t    *testing.T
	dir  string // short, because the paths of sockets must be
	log  string
	stop func()
}

// newDaemon makes its folder, which the unprivileged parts of a server may enter.
func newDaemon(t *testing.T, name string) *daemon {
	t.Helper()
	dir, err := os.MkdirTemp("", "pd")
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{t: t, dir: dir, log: filepath.Join(dir, "log"), stop: func() {}}
	d.must(os.Chmod(dir, 0o755))
	t.Cleanup(func() {
		d.stop()
		if t.Failed() && testing.Verbose() {
			log, _ := os.ReadFile(d.log)
			t.Logf("the log of %s:\n%s", name, log)
		}
		// The last of its processes may still be writing.
		for deadline := time.Now().Add(10 * time.Second); os.RemoveAll(dir) != nil && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		}
	})
	return d
}

// supervised runs a server until its own input ends: when the test says so, or
// when the process of the test is gone. A Ctrl-C meant for the test does not
// reach it first.
const supervised = `"$@" & child=$!; trap '' INT HUP TERM; read _; kill -TERM $child 2>/dev/null; wait $child`

// run starts the server and waits until it answers at the address.
func (d *daemon) run(addr string, command ...string) {
	d.t.Helper()
	cmd := exec.Command("sh", append([]string{"-c", supervised, "sh"}, command...)...)
	said, err := os.Create(filepath.Join(d.dir, "said"))
	d.must(err)
	defer said.Close()
	cmd.Stdout, cmd.Stderr = said, said
	alive, err := cmd.StdinPipe()
	d.must(err)
	d.must(cmd.Start())
	d.stop = sync.OnceFunc(func() {
		_ = alive.Close()
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(30 * time.Second); !greets(addr); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			words, _ := os.ReadFile(said.Name())
			log, _ := os.ReadFile(d.log)
			d.t.Fatalf("%v does not listen at %s: %s\n%s", command, addr, words, log)
		}
	}
}

// greets tells whether a server says something at the address.
func greets(addr string) bool {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, err := conn.Read(make([]byte, 1))
	return n == 1 && err == nil
}

func (d *daemon) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// write makes a file in the folder.
func (d *daemon) write(name string, lines ...string) (path string) {
	d.t.Helper()
	path = filepath.Join(d.dir, name)
	d.must(os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644))
	return path
}

// folder makes one of this mode and owner; "group" may be empty.
func (d *daemon) folder(name string, mode os.FileMode, owner, group string) {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	d.must(os.MkdirAll(path, 0o755))
	uid, gid := d.ids(owner)
	if group != "" {
		g, err := user.LookupGroup(group)
		d.must(err)
		gid, _ = strconv.Atoi(g.Gid)
	}
	d.must(os.Chown(path, uid, gid))
	d.must(os.Chmod(path, mode))
}

func (d *daemon) ids(name string) (uid, gid int) {
	d.t.Helper()
	u, err := user.Lookup(name)
	d.must(err)
	uid, _ = strconv.Atoi(u.Uid)
	gid, _ = strconv.Atoi(u.Gid)
	return uid, gid
}

// command runs one to its end and gives what it says.
func (d *daemon) command(stdin io.Reader, name string, args ...string) string {
	d.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = stdin
	out, err := cmd.CombinedOutput()
	if err != nil {
		d.t.Fatal(fmt.Errorf("%s %v: %w: %s", name, args, err, out))
	}
	return string(out)
}

// logged is how many lines of its log say something.
func (d *daemon) logged(what string) (lines int) {
	d.t.Helper()
	log, err := os.ReadFile(d.log)
	d.must(err)
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, what) {
			lines++
		}
	}
	return lines
}
