package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

type allCommand struct {
	Release bool     `help:"Hours instead of minutes: what has to hold before a release."`
	Only    []string `help:"Only these ids." placeholder:"ID"`
}

// A proof is one claim that is put to the test. Its run tells a figure in a few
// words. An error says that the claim does not hold, or with notRun why nobody
// knows.
type proof struct {
	id, title string
	run       func(ctx context.Context) (figure string, err error)
}

// proofs are all, each with the control in which it must fail. A proof is a line
// here and, most often, a command that can be run by itself.
func (a *allCommand) proofs(program, gateway string) []proof {
	// command is `proof ...`. What follows "release" is for the long run only.
	command := func(args ...string) func(context.Context) (string, error) {
		short, more := args, []string(nil)
		if at := slices.Index(args, "release"); at >= 0 {
			short, more = args[:at], args[at+1:]
		}
		if a.Release {
			short = append(slices.Clone(short), more...)
		}
		return func(ctx context.Context) (string, error) { return runProof(ctx, program, gateway, short) }
	}
	// tests are held by Go tests, which run under the race detector before a release.
	tests := func(pkg string, names ...string) func(context.Context) (string, error) {
		args := []string{"test", "-count=1", "-run", "^(" + strings.Join(names, "|") + ")$"}
		if a.Release {
			args = append(args, "-race", "-count=20")
		}
		return func(ctx context.Context) (string, error) { return runTests(ctx, append(args, pkg)) }
	}
	return []proof{
		{"R1", "Mail comes in, gateway and PostgreSQL are killed", command("crash", "--push", "--control", "--faulty", "release", "--mails", "500000", "--kills", "1000", "--timeout", "12h")},
		{"R2", "The gateway dies between two steps of a mail's way", command("points", "--control", "release", "--hits", "60", "--timeout", "3h")},
		{"A50", "Kills under a crowd of hostile clients", command("crash", "--mails", "500", "--hostile", "50", "release", "--mails", "5000", "--kills", "200", "--timeout", "2h")},
		{"R3", "The disk loses what was not flushed", command("powerloss", "release", "--release", "--timeout", "4h")},
		{"R6", "The 250 is lost, and the sender comes again", command("lost250", "--control", "release", "--cuts", "10000", "--timeout", "3h")},
		{"R7", "Whether a mail was committed cannot be known", command("commit", "--control", "release", "--cuts", "5000", "--timeout", "3h")},
		{"R8", "The database is slow and odd", command("odd", "release", "--for", "1h")},
		{"R5", "Unsafe servers and settings at the start", command("guard")},
		{"R9", "The database is away", command("dbdown", "release", "--release")},
		{"R10", "The disk is full (and R4)", command("diskfull", "release", "--release", "--timeout", "2h")},
		{"R11", "The next server is down", command("outage")},
		{"R12", "Mail goes out, gateways are killed", command("deliver", "--control", "release", "--kills", "500", "--for", "3h")},
		{"R15", "Slow and idle clients", command("slow")},
		{"R16", "Great mails all at once", command("memory")},
		{"10", "Four of 35 MB at once, beside the idle gateway", command("memory", "--mails", "4", "--mi-b", "35", "--more", "96")},
		{"9", "Idle sessions", command("idle")},
		{"R17", "Mail that breaks the parser", command("poison", "release", "--release")},
		{"R18", "The clock of the database leaps", command("clock", "--control")},
		{"R19a", "Gateways are restarted in turn under mail", command("rolling", "--control", "release", "--restarts", "100")},
		{"R19b", "Starts at once, and kills in the middle of migrations", command("migrate", "--control", "release", "--kills", "20")},
		{"R19c", "An older program beside a newer schema", command("upgrade")},
		{"CL", "Several gateways over one PostgreSQL are one desk", command("cluster", "--control", "release", "--mails", "20000", "--kills", "100", "--threads", "60")},
		{"PG", "The primary PostgreSQL dies, its standby is promoted", command("standby", "--control", "release", "--rounds", "20", "--timeout", "2h")},
		{"PGC", "The primary PostgreSQL falls silent, its standby is promoted", command("standby", "--cut", "--rounds", "1", "release", "--timeout", "1h")},
		{"PB", "PgBouncer in transaction mode", command("pooler", "--control")},
		{"ACME", "Certificates from a real CA", command("acme")},
		{"R21", "All at once: one mail, one sender, a role and a reply", tests("postdesk/core", "TestACrowdAtOnceIsFiledOnceEach",
			"TestAgentsAndFirstMailsAtOnceMakeExactlyOnePerson", "TestARoleThatChangesWhileAnAnswerArrivesGivesTheOutcomeOfOneOrder")},
		{"R20", "The database is restored from a backup", command("restore", "release", "--mails", "20000", "--timeout", "1h")},
		{"S3", "Random workflows show nobody what is private", a.walks},
		{"S4", "Nonsense over SMTP", command("fuzz", "--control", "release", "--for", "2h")},
	}
}

// walks goes random walks of mail and deeds that nobody has gone yet.
func (a *allCommand) walks(ctx context.Context) (string, error) {
	sequences := "100"
	if a.Release {
		sequences = "10000"
	}
	return runTests(ctx, []string{"test", "-count=1", "-timeout", "24h", "-run", "^TestNoSequenceOfMailAndDeedsBreaksTheLaw$", "postdesk/core"},
		"SEED=random", "SEQUENCES="+sequences)
}

// A notRun says why a claim was not put to the test, which is neither a proof nor
// a refutation.
type notRun string

func (n notRun) Error() string { return "not run: " + string(n) }

// notRunStatus is how a command tells that to the one that started it.
const notRunStatus = 3

// An outcome is a line of the table.
type outcome struct {
	proof
	figure string
	err    error
	took   time.Duration
}

func (r outcome) verdict() string {
	var not notRun
	switch {
	case r.err == nil:
		return "holds"
	case errors.As(r.err, &not):
		return not.Error()
	}
	return "BROKEN: " + firstLine(r.err.Error())
}

// Run fails if any claim is broken. It goes on after one: the table is whole.
func (a *allCommand) Run(ctx context.Context, c *commands) error {
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	program, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Println(versions(ctx))
	var table []outcome
	broken := 0
	for _, p := range a.proofs(program, w.binary) {
		if len(a.Only) > 0 && !slices.Contains(a.Only, p.id) {
			continue
		}
		fmt.Printf("\n=== %s  %s\n", p.id, p.title)
		begin := time.Now()
		r := outcome{proof: p}
		r.figure, r.err = p.run(ctx)
		r.took = time.Since(begin)
		table = append(table, r)
		broken += one(strings.HasPrefix(r.verdict(), "BROKEN"))
		fmt.Printf("=== %s  %s, %.0f s\n", p.id, r.verdict(), r.took.Seconds())
		if ctx.Err() != nil {
			break
		}
	}
	printTable(os.Stdout, table)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if broken > 0 {
		return fmt.Errorf("%d of %d claims are broken", broken, len(table))
	}
	return nil
}

func printTable(out io.Writer, table []outcome) {
	fmt.Fprintln(out)
	for _, r := range table {
		fmt.Fprintf(out, "%-5s %-52s %6.0f s  %s\n", r.id, r.title, r.took.Seconds(), r.verdict())
		if r.figure != "" {
			fmt.Fprintf(out, "      %s\n", r.figure)
		}
	}
}

// figureMark begins the line in which a command tells its figure to the table.
const figureMark = "figure: "

// tellFigure prints what a proof has measured, in a few words.
func tellFigure(format string, args ...any) { fmt.Printf(figureMark+format+"\n", args...) }

// runProof runs one command of this program by itself: a fault of one proof is
// none of the next. Its output goes where ours goes, and its figure is the last
// line that is marked so, else the last line.
func runProof(ctx context.Context, program, gateway string, args []string) (figure string, err error) {
	fmt.Println("proof", strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, program, append(slices.Clone(args), "--binary", gateway)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it takes its folder away
	cmd.WaitDelay = 2 * stopTime
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	said := &lastWords{out: os.Stdout}
	cmd.Stdout, cmd.Stderr = said, said
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		why := strings.TrimPrefix(said.last, "proof: ")
		if exit.ExitCode() == notRunStatus {
			return "", notRun(strings.TrimPrefix(why, "not run: "))
		}
		return said.figure, errors.New(why)
	}
	return said.figure, err
}

// runTests runs tests of this project. Their figure is how many passed.
func runTests(ctx context.Context, args []string, env ...string) (figure string, err error) {
	fmt.Println(strings.Join(append(slices.Clone(env), "go"), " "), strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, "go", append(args, "-v")...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("a test failed: %w\n%s", err, out)
	}
	passed := strings.Count(string(out), "--- PASS: ")
	if passed == 0 {
		return "", errors.New("no test ran")
	}
	return fmt.Sprintf("%d runs of tests passed", passed), nil
}

// lastWords lets output through and keeps its last line, and the last figure.
type lastWords struct {
	out          io.Writer
	half         string
	last, figure string
	marked       bool
}

func (l *lastWords) Write(octets []byte) (int, error) {
	lines := strings.Split(l.half+string(octets), "\n")
	l.half = lines[len(lines)-1]
	for _, line := range lines[:len(lines)-1] {
		if strings.TrimSpace(line) == "" {
			continue
		}
		l.last = line
		if rest, is := strings.CutPrefix(line, figureMark); is {
			l.figure, l.marked = rest, true
		} else if !l.marked {
			l.figure = line
		}
	}
	return l.out.Write(octets)
}

// versions are those of everything that takes part.
func versions(ctx context.Context) string {
	said := func(name string, args ...string) string {
		out, err := exec.CommandContext(ctx, name, args...).Output()
		if err != nil {
			return name + " unknown"
		}
		return firstLine(string(out))
	}
	return strings.Join([]string{runtime.Version(), said("postgres", "--version"), said("uname", "-srm"),
		fmt.Sprintf("%d processors", runtime.NumCPU()), "commit " + said("git", "rev-parse", "--short", "HEAD")}, "; ")
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
