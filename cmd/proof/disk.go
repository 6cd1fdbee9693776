package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"
)

// A disk is a file system of the proof's own in a file: it can be small, and it
// can lose what was not flushed.
type disk struct {
	image  string // the file
	device string // the loop device over it
	dir    string // where it is mounted
}

// noDisk says why a disk cannot be made here, or nothing.
func noDisk() string {
	if os.Geteuid() != 0 {
		return "only root may mount a file system"
	}
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		return "there are no loop devices"
	}
	for _, name := range []string{"mkfs.ext4", "losetup", "mount", "umount"} {
		if _, err := exec.LookPath(name); err != nil {
			return "there is no " + name
		}
	}
	return ""
}

// newDisk makes and mounts an ext4 of so many bytes.
func newDisk(ctx context.Context, w *workshop, name string, bytes int64) (d *disk, err error) {
	d = &disk{image: filepath.Join(w.dir, name+".img"), dir: filepath.Join(w.dir, name)}
	file, err := os.Create(d.image)
	if err != nil {
		return nil, err
	}
	if err = errors.Join(file.Truncate(bytes), file.Close(), os.Mkdir(d.dir, 0o711)); err != nil {
		return nil, err
	}
	// Nothing is kept back for root, and nothing is written behind our back later.
	if _, err = system(ctx, "mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", d.image); err != nil {
		return nil, err
	}
	if d.device, err = system(ctx, "losetup", "--find", "--show", d.image); err != nil {
		return nil, err
	}
	if err = d.mount(ctx); err == nil {
		err = os.Chmod(d.dir, 0o711)
	}
	if err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func system(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

func (d *disk) mount(ctx context.Context) error {
	_, err := system(ctx, "mount", d.device, d.dir)
	return err
}

// unmount tries again for a while: a process that was killed may hold a file for
// a moment.
func (d *disk) unmount(ctx context.Context) (err error) {
	for range 100 {
		if _, err = system(ctx, "umount", d.dir); err == nil {
			return nil
		}
		pause(50)
	}
	return err
}

// losePower makes the file system drop, at this moment and for good, everything
// that was not flushed, its journal included: EXT4_IOC_SHUTDOWN with
// EXT4_GOING_FLAGS_NOLOGFLUSH. Until it is mounted again every access fails.
func (d *disk) losePower() error {
	const shutdown, noLogFlush = 0x8004587d, uint32(2)
	root, err := os.Open(d.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	how := noLogFlush
	if _, _, fault := syscall.Syscall(syscall.SYS_IOCTL, root.Fd(), shutdown, uintptr(unsafe.Pointer(&how))); fault != 0 {
		return fmt.Errorf("shut the file system down: %w", fault)
	}
	return nil
}

// free tells how many bytes may still be written.
func (d *disk) free() (int64, error) {
	var st syscall.Statfs_t
	err := syscall.Statfs(d.dir, &st)
	return int64(st.Bavail) * st.Bsize, err
}

// close takes the file system away; its file goes with the workshop.
func (d *disk) close() {
	ctx := context.Background() // also when the proof was interrupted
	err := d.unmount(ctx)
	if d.device != "" {
		_, err2 := system(ctx, "losetup", "--detach", d.device)
		err = errors.Join(err, err2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "proof:", err)
	}
}
