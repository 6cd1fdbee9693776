package localpg

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// A supervisor keeps the server running until it is told to stop.
type supervisor struct {
	bin    binaries
	where  *place
	lock   *lock // not used here, but held as long as the server runs: a collected file gives it back
	logger *slog.Logger
	log    *os.File // the server's stderr, opened for appending
	began  int64    // where in the log this run begins

	stopping chan struct{} // closed by stop
	done     chan struct{} // closed when the server has ended for good

	mu      sync.Mutex
	process *os.Process // nil between two runs
	ready   bool        // it has answered, so an end from now on is an accident
	ended   bool        // by stop: start no more
	exit    error       // of the last run
}

const (
	logSize      = 16 << 20 // bytes at which the log is put aside at start
	firstRestart = 100 * time.Millisecond
	slowestStart = 5 * time.Second
	soundRun     = time.Minute // after a run this long a restart is tried at once
)

// supervise starts the server. A first start that fails is final; the caller
// sees done closed.
func supervise(bin binaries, where *place, lock *lock, logger *slog.Logger) (*supervisor, error) {
	if err := where.replace(where.path("postgres.conf"), []byte(settings)); err != nil {
		return nil, err
	}
	s := &supervisor{bin: bin, where: where, lock: lock, logger: logger,
		stopping: make(chan struct{}), done: make(chan struct{})}
	if err := s.openLog(); err != nil {
		return nil, err
	}
	first := make(chan error, 1)
	go s.keep(first)
	if err := <-first; err != nil {
		return nil, err
	}
	return s, nil
}

// keep runs the server again and again. Linux tells a child of its parent's
// death when the thread that made the child ends, so it stays on one thread.
func (s *supervisor) keep(first chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(s.done)
	defer s.log.Close()
	pause := firstRestart
	for tries := 0; ; tries++ {
		begin := time.Now()
		cmd, err := s.spawn()
		if tries == 0 {
			first <- err
		}
		if err == nil {
			err = s.await(cmd)
		}
		if s.over(err) {
			return
		}
		if time.Since(begin) > soundRun {
			pause = firstRestart
		}
		s.logger.Error("private PostgreSQL ended by itself, starting it again", "error", err, "pause", pause)
		select {
		case <-s.stopping:
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, slowestStart)
	}
}

func (s *supervisor) spawn() (*exec.Cmd, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil, errors.New("stopped")
	}
	if err := s.where.clearSocket(); err != nil {
		return nil, err
	}
	cmd := exec.Command(s.bin.path("postgres"), flags(s.where)...)
	cmd.Dir = s.where.cluster
	cmd.Env = environment(os.Getenv)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	// An own session: Ctrl-C is for the gateway, which stops the server last.
	cmd.SysProcAttr = dieWithParent(&syscall.SysProcAttr{Credential: s.where.runAs, Setsid: true})
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s.process = cmd.Process
	return cmd, nil
}

func (s *supervisor) await(cmd *exec.Cmd) error {
	err := cmd.Wait()
	if err == nil {
		err = errors.New("it ended without an error")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.process = nil
	return err
}

// over notes how the run ended and says if it was the last one.
func (s *supervisor) over(err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exit = err
	return s.ended || !s.ready
}

// answered tells that the first start has succeeded.
func (s *supervisor) answered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready = true
}

// stop ends the server: SIGINT, and if that takes too long SIGQUIT.
func (s *supervisor) stop() error {
	s.mu.Lock()
	if !s.ended {
		s.ended = true
		close(s.stopping)
	}
	s.mu.Unlock()
	for _, step := range []struct {
		signal os.Signal
		wait   time.Duration
	}{{syscall.SIGINT, fastStopTime}, {syscall.SIGQUIT, immediateStopTime}} {
		s.signal(step.signal)
		select {
		case <-s.done:
			return nil
		case <-time.After(step.wait):
		}
	}
	return errors.New("PostgreSQL does not stop")
}

func (s *supervisor) signal(sig os.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		s.process.Signal(sig) // fails only if it has just ended, which done tells
	}
}

// failure says why a first start failed, in PostgreSQL's own words.
func (s *supervisor) failure() error {
	s.mu.Lock()
	exit := s.exit
	s.mu.Unlock()
	path := s.where.path("postgres.log")
	log, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("PostgreSQL did not start: %w", exit)
	}
	defer log.Close()
	said, _ := io.ReadAll(io.NewSectionReader(log, s.began, 64<<10)) // what can be read is enough
	return fmt.Errorf("PostgreSQL did not start: %w: %s (see %s)", exit, lastLine(said), path)
}

func (s *supervisor) openLog() error {
	path := s.where.path("postgres.log")
	if info, err := os.Stat(path); err == nil && info.Size() > logSize {
		if err := os.Rename(path, path+".1"); err != nil {
			return err
		}
	}
	log, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	info, err := log.Stat()
	if err == nil {
		err = s.where.give(log)
	}
	if err != nil {
		return errors.Join(err, log.Close())
	}
	s.log, s.began = log, info.Size()
	return nil
}
