package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// mailbox is where every mail of a proof goes.
const mailbox = "support@desk.test"

const (
	startTime = 2 * time.Minute // with recovery after a kill
	stopTime  = 45 * time.Second
)

func pause(ms int) { time.Sleep(time.Duration(ms) * time.Millisecond) }

func build(ctx context.Context, dir string) (string, error) {
	return buildAs(ctx, filepath.Join(dir, "postdesk"))
}

func buildAs(ctx context.Context, binary string, flags ...string) (string, error) {
	args := append(append([]string{"build", "-o", binary}, flags...), "postdesk/cmd/postdesk")
	if out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
}

// faulty builds the gateway once more, as one that breaks where it is told to
// (core/fault.go).
func (w *workshop) faulty(ctx context.Context) (string, error) {
	return buildAs(ctx, filepath.Join(w.dir, "postdesk-faults"), "-tags", "faults")
}

// A gateway is the real program on a data folder of its own. A second start
// listens where the first did.
type gateway struct {
	binary   string
	dataDir  string
	log      string
	resolver string
	database string   // URL of a server of its own; else one in dataDir
	settings []string // further flags
	fault    string   // what a faulty build is to break, see core's Fault

	at      addresses
	process *os.Process
	ended   chan error
}

type addresses struct{ smtp, http, metrics string }

func newGateway(w *workshop, name, resolver string) *gateway {
	any := "127.0.0.1:0"
	return &gateway{
		binary: w.binary, dataDir: filepath.Join(w.dir, name), log: filepath.Join(w.dir, name+".log"),
		resolver: resolver, at: addresses{any, any, any},
	}
}

// onGateway runs a proof on one gateway, with an empty database and a name server
// that answers at once. settings, if any, gives it flags from files of the proof's
// folder.
func onGateway(ctx context.Context, c *commands, name string, settings func(dir string) ([]string, error), prove func(g *gateway) error) error {
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	dns, err := startDNS()
	if err != nil {
		return err
	}
	defer dns.Close()
	g := newGateway(w, name, dns.LocalAddr().String())
	if settings != nil {
		if g.settings, err = settings(w.dir); err != nil {
			return err
		}
	}
	if err := g.start(ctx); err != nil {
		return err
	}
	defer g.stop()
	if err := prove(g); err != nil {
		return fmt.Errorf("%w\n%s", err, lastLines(g.log))
	}
	return nil
}

// start returns when the gateway listens.
func (g *gateway) start(ctx context.Context) error {
	log, err := os.OpenFile(g.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(g.binary, append([]string{"serve", "--data-dir", g.dataDir, "--database-url", g.database, "--mailbox", mailbox, "--resolver", g.resolver,
		"--smtp-addr", g.at.smtp, "--http-addr", g.at.http, "--metrics-addr", g.at.metrics}, g.settings...)...)
	cmd.Env = append(environment(os.Environ()), "POSTDESK_FAULT="+g.fault)
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a key on the terminal is for us: we end it in order
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	g.process, g.ended = cmd.Process, make(chan error, 1)
	told := make(chan addresses, 1)
	go func() {
		if at, ok := readListening(out); ok {
			told <- at
		}
		_, _ = io.Copy(io.Discard, out)
		g.ended <- cmd.Wait()
	}()
	return g.await(ctx, told)
}

func (g *gateway) await(ctx context.Context, told <-chan addresses) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	select {
	case g.at = <-told:
		return nil
	case err := <-g.ended:
		g.process = nil
		return fmt.Errorf("the gateway did not start: %w\n%s", errors.Join(err), lastLines(g.log))
	case <-ctx.Done():
		g.kill()
		return fmt.Errorf("the gateway did not start: %w\n%s", ctx.Err(), lastLines(g.log))
	}
}

// readListening finds the line that tells where the gateway listens.
func readListening(out io.Reader) (at addresses, ok bool) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		rest, is := strings.CutPrefix(lines.Text(), "listening ")
		if !is {
			continue
		}
		for field := range strings.FieldsSeq(rest) {
			name, value, _ := strings.Cut(field, "=")
			switch name {
			case "smtp":
				at.smtp = value
			case "http":
				at.http = value
			case "metrics":
				at.metrics = value
			}
		}
		return at, at.metrics != "" // every process has it
	}
	return at, false
}

// environment leaves our settings out: a variable must not lead the proof to a
// real database or relay.
func environment(env []string) []string {
	return slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, "POSTDESK_") })
}

// kill ends the gateway as a crash would, and waits until it is gone.
func (g *gateway) kill() {
	if g.process != nil {
		_ = g.process.Kill()
		<-g.ended
		g.process = nil
	}
}

// stop ends the gateway in order and, if it does not end, by force.
func (g *gateway) stop() {
	if g.process == nil {
		return
	}
	_ = g.process.Signal(syscall.SIGTERM)
	select {
	case <-g.ended:
		g.process = nil
	case <-time.After(stopTime):
		g.kill()
	}
}

func lastLines(file string) string {
	content, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	lines := bytes.Split(bytes.TrimSpace(content), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-5):], []byte("\n")))
}
