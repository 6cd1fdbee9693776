package localpg

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestAForgottenServerKeepsItsLock(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	// In a process of its own, for there is no way to end a forgotten server.
	startHolder(t, dir, forget+"=1")
	if _, err := Run(t.Context(), dir, 0, slog.New(slog.DiscardHandler)); !errors.Is(err, ErrLocked) {
		t.Errorf("got %v, want ErrLocked", err)
	}
}

func TestTheServerDiesWithAKilledGatewayAndTheNextFindsAllCommits(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	for round := range 3 {
		holder, url := startHolder(t, dir)
		if round == 0 {
			execute(t, url, `create table kept (round int)`)
		}
		execute(t, url, fmt.Sprintf(`insert into kept values (%d)`, round))
		if err := holder.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		holder.Wait()
	}
	if got := ask(t, run(t, dir).URL(), `select count(*)::text from kept`); got != "3" {
		t.Errorf("%s rows, want 3", got)
	}
}

func TestNothingRunsOnAfterAKilledGateway(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends the server with its parent; elsewhere the next start does")
	}
	dir := madeDir(t)
	holder, _ := startHolder(t, dir)
	pid := postmaster(t, dir)
	holder.Process.Kill()
	holder.Wait()
	eventually(t, "the server ends", func() bool { return !isPostmaster(pid, filepath.Join(dir, "postgres")) })
}

func TestAKilledServerIsStartedAgain(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	s := run(t, dir)
	execute(t, s.URL(), `create table mails as select 'hello' as text`)
	if err := syscall.Kill(postmaster(t, dir), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the row comes back", func() bool {
		got, err := query(t.Context(), s.URL(), `select text from mails`)
		return err == nil && got == "hello"
	})
}

func TestGatewayAndServerKilledTogetherRecover(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	holder, url := startHolder(t, dir)
	execute(t, url, `create table mails as select 'hello' as text`)
	syscall.Kill(postmaster(t, dir), syscall.SIGKILL)
	holder.Process.Kill()
	holder.Wait()
	if got := ask(t, run(t, dir).URL(), `select text from mails`); got != "hello" {
		t.Errorf("the row is %q", got)
	}
}

func TestAStaleNumberOfAnotherProcessDoesNotBlockTheStart(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	s := run(t, dir)
	content, err := os.ReadFile(filepath.Join(dir, "postgres", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// A stranger that runs as PostgreSQL's user and has its number now.
	stranger := exec.Command("sleep", "60")
	where, err := settle(dir)
	if err != nil {
		t.Fatal(err)
	}
	stranger.SysProcAttr = &syscall.SysProcAttr{Credential: where.runAs}
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { stranger.Process.Kill(); stranger.Wait() }()
	_, rest, _ := strings.Cut(string(content), "\n")
	stale := fmt.Sprintf("%d\n%s", stranger.Process.Pid, rest)
	if err := where.replace(filepath.Join(dir, "postgres", "postmaster.pid"), []byte(stale)); err != nil {
		t.Fatal(err)
	}
	ask(t, run(t, dir).URL(), `select 'up'`)
	if err := stranger.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the stranger was hurt: %v", err)
	}
}
