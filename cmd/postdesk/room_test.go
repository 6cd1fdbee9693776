package main

import (
	"log/slog"
	"testing"
)

func TestADiskMustKeepRoomByItsSizeAndByTheLargestMail(t *testing.T) {
	t.Parallel()
	const mb, gb = int64(1) << 20, int64(1) << 30
	for _, c := range []struct{ all, largest, want int64 }{
		{500 * gb, 35 * mb, gb},            // 1 GB of a large disk
		{5 * gb, 35 * mb, gb / 2},          // a tenth of a small one
		{300 * mb, 35 * mb, 175 * mb},      // and always five mails
		{300 * mb, mb, 30 * mb},            // small mails need less
		{500 * gb, 400 * mb, 5 * 400 * mb}, // great ones more
	} {
		if got := least(c.all, c.largest); got != c.want {
			t.Errorf("of %d MB, mails of %d MB: %d, want %d", c.all/mb, c.largest/mb, got, c.want)
		}
	}
}

func TestADiskIsFullForMailsThatAreGreatEnough(t *testing.T) {
	t.Parallel()
	free, _, err := diskOf(t.TempDir())
	if err != nil || free <= 0 {
		t.Fatalf("free %d: %v", free, err)
	}
	r := &room{dirs: []string{t.TempDir()}, largest: 1, log: slog.New(slog.DiscardHandler)}
	for _, c := range []struct {
		largest int64
		full    bool
	}{{free, true}, {1, free < 1<<30}} {
		r.largest = c.largest
		if r.look(); r.full() != c.full {
			t.Errorf("largest mail %d of %d free: full %v", c.largest, free, r.full())
		}
	}
	if (*room)(nil).full() {
		t.Error("where nothing is watched, nothing is full")
	}
	if _, err := newRoom(settings{WatchDisk: []string{"/does/not/exist"}}, &database{}, "", slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a folder that is not there is watched")
	}
}
