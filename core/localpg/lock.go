package localpg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"
	"time"
)

// A lock is <data-dir>/lock, held by the one process that runs the cluster. The
// kernel gives it back when that process dies, however it dies. Its content
// tells others how to reach the server; it counts only while the lock is held.
type lock struct {
	file *os.File
	note note
}

type note struct {
	PID    int    `json:"pid"`
	Socket string `json:"socket,omitempty"` // folder of the unix socket
	Open   bool   `json:"open"`             // others may use the server
}

// acquire takes the lock. With join it is also content with a server that the
// holder lets others use, and returns its connection string instead.
func acquire(ctx context.Context, where *place, wait time.Duration, join bool, logger *slog.Logger) (*lock, string, error) {
	file, err := os.OpenFile(where.path("lock"), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, "", err
	}
	l := &lock{file: file}
	running, err := l.take(ctx, wait, join, logger)
	if err == nil && running == "" {
		err = where.give(file)
	}
	if err != nil || running != "" {
		return nil, running, errors.Join(err, file.Close())
	}
	return l, "", nil
}

func (l *lock) take(ctx context.Context, wait time.Duration, join bool, logger *slog.Logger) (string, error) {
	deadline := time.Now().Add(wait)
	for told := false; ; told = true {
		err := syscall.Flock(int(l.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		l.read()
		switch {
		case err == nil:
			return "", nil
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			return "", fmt.Errorf("lock %s: %w", l.file.Name(), err)
		case join && l.note.Open && answers(ctx, l.note.Socket):
			return connString(l.note.Socket, role), nil
		case time.Now().After(deadline):
			return "", fmt.Errorf("%w (process %d)", ErrLocked, l.note.PID)
		case !told:
			logger.Warn("another postdesk uses this data folder; waiting for it to end", "process", l.note.PID, "at most", wait)
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("wait for the lock: %w", ctx.Err())
		case <-time.After(pollTime):
		}
	}
}

// read takes up the holder's note. A half-written one is no note; the next
// round reads it again.
func (l *lock) read() {
	l.note = note{}
	buf := make([]byte, 4096)
	n, _ := l.file.ReadAt(buf, 0)
	if json.Unmarshal(buf[:n], &l.note) != nil {
		l.note = note{}
	}
}

// remember notes the socket folder, so that the next holder can remove it if
// this process cannot.
func (l *lock) remember(socket string) error { return l.write(note{Socket: socket}) }

// publish lets other processes use the server.
func (l *lock) publish(socket string) error { return l.write(note{Socket: socket, Open: true}) }

// withdraw sends newcomers to wait for the lock.
func (l *lock) withdraw() error { return l.write(note{Socket: l.note.Socket}) }

func (l *lock) write(n note) error {
	n.PID = os.Getpid()
	l.note = n
	content, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err = l.file.WriteAt(append(content, '\n'), 0)
	return err
}

func (l *lock) release() error { return l.file.Close() }
