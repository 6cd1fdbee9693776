package localpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	fastStopTime      = 15 * time.Second // SIGINT: cut the clients, write all, end
	immediateStopTime = 10 * time.Second // SIGQUIT: end; the next start recovers
)

// endLeftover makes sure that no server of an earlier process still runs on the
// cluster. The caller holds the lock, so nobody needs that server: on Linux it
// is ending already, elsewhere nothing told it to.
func endLeftover(ctx context.Context, where *place) error {
	cluster := where.cluster
	pid, rest, err := readPID(cluster)
	if pid == 0 || err != nil {
		return err
	}
	if isPostmaster(pid, cluster) {
		if err := endServer(ctx, pid, cluster); err != nil {
			return err
		}
		// It has removed the file, unless it was killed.
		if pid, rest, err = readPID(cluster); pid == 0 || err != nil {
			return err
		}
	}
	return disown(where, rest)
}

// readPID returns the number in postmaster.pid and the lines after it. It is 0
// if no process has it: PostgreSQL itself deals with that.
func readPID(cluster string) (pid int, rest []byte, err error) {
	content, err := os.ReadFile(filepath.Join(cluster, "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil, nil
	}
	if err != nil {
		return 0, nil, err
	}
	first, rest, _ := bytes.Cut(content, []byte("\n"))
	pid, err = strconv.Atoi(strings.TrimSpace(string(first)))
	if err != nil || pid <= 0 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return 0, nil, nil
	}
	return pid, rest, nil
}

// endServer stops a server that is not our child.
func endServer(ctx context.Context, pid int, cluster string) error {
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, fastStopTime}, {syscall.SIGQUIT, immediateStopTime}} {
		if err := syscall.Kill(pid, step.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop the PostgreSQL that an earlier process left behind (process %d): %w", pid, err)
		}
		for deadline := time.Now().Add(step.wait); time.Now().Before(deadline); {
			if !isPostmaster(pid, cluster) {
				return nil
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(pollTime):
			}
		}
	}
	return fmt.Errorf("the PostgreSQL that an earlier process left behind (process %d) does not stop", pid)
}

// isPostmaster tells our server from a stranger that has its number now, as
// happens after a reboot and in containers.
func isPostmaster(pid int, cluster string) bool {
	args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err == nil {
		return bytes.Contains(args, []byte("\x00-D\x00"+cluster+"\x00"))
	}
	if _, err := os.Stat("/proc/self"); err == nil {
		return false
	}
	args, err = exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(args), " -D "+cluster+" ")
}

// disown replaces the number of a stranger, or of a dead server that nobody has
// waited for, at which PostgreSQL would refuse to start, by one that no process
// has. The rest of the file stays: PostgreSQL finds in it the shared memory of
// children that may still live.
func disown(where *place, rest []byte) error {
	const nobody = "999999999\n"
	return where.replace(filepath.Join(where.cluster, "postmaster.pid"), append([]byte(nobody), rest...))
}
