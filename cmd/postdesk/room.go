package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// How often the disks are looked at: while mail comes in, which fills a small disk
// within a second, and while none does.
const (
	roomBefore = 20 * time.Millisecond
	roomEvery  = time.Second
)

// A room watches the file systems that the database's folders are on: mail is
// refused for the moment while one of them is nearly full, because PostgreSQL
// stops when it is (reliability R10).
type room struct {
	dirs    []string
	largest int64 // octets of the largest mail
	log     *slog.Logger
	scarce  atomic.Bool
	free    atomic.Int64 // bytes, of the fullest
	looked  atomic.Int64 // when, in milliseconds
}

// newRoom watches the folders that --watch-disk names or else, where the database
// is a private one, its own. It is nil where there is nothing to watch.
func newRoom(s settings, db *database, dataDir string, log *slog.Logger) (*room, error) {
	dirs := s.WatchDisk
	if len(dirs) == 0 && db.local != nil {
		cluster := filepath.Join(dataDir, "postgres")
		dirs = []string{cluster, filepath.Join(cluster, "pg_wal")} // which may be a link to another disk
	}
	if len(dirs) == 0 {
		return nil, nil
	}
	r := &room{dirs: dirs, largest: s.MaxMessageBytes, log: log}
	for _, dir := range dirs {
		if _, _, err := diskOf(dir); err != nil {
			return nil, usageError{fmt.Errorf("--watch-disk %s: %w", dir, err)}
		}
	}
	r.look()
	return r, nil
}

// diskOf tells the free and all bytes of a folder's file system.
func diskOf(dir string) (free, all int64, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, 0, err
	}
	block := int64(st.Bsize)
	return int64(st.Bavail) * block, int64(st.Blocks) * block, nil
}

// least is how much must be free: 1 GB, or a tenth of a smaller disk, and always
// five of the largest mails.
func least(all, largest int64) int64 {
	return max(min(1<<30, all/10), 5*largest)
}

// look measures. A disk that cannot be looked at is not called full: what stands
// on it fails by itself.
func (r *room) look() {
	r.looked.Store(time.Now().UnixMilli())
	scarce, fullest := false, int64(-1)
	for _, dir := range r.dirs {
		free, all, err := diskOf(dir)
		if err != nil {
			continue
		}
		if fullest < 0 || free < fullest {
			fullest = free
		}
		scarce = scarce || free < least(all, r.largest)
	}
	r.free.Store(max(0, fullest))
	switch was := r.scarce.Swap(scarce); {
	case scarce && !was:
		r.log.Error("the disk is nearly full: mail is refused for the moment", "free", fullest, "folders", r.dirs)
	case was && !scarce:
		r.log.Info("the disk has room again", "free", fullest)
	}
}

// watch looks until ctx ends.
func (r *room) watch(ctx context.Context) {
	ticker := time.NewTicker(roomEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			r.look()
		}
	}
}

// full is asked before each mail.
func (r *room) full() bool {
	if r == nil {
		return false
	}
	if age := time.Now().UnixMilli() - r.looked.Load(); age < 0 || age > roomBefore.Milliseconds() {
		r.look()
	}
	return r.scarce.Load()
}

// countRoom shows how much is left.
func (m *meters) countRoom(r *room) {
	m.register(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "postdesk_disk_free_bytes", Help: "Free bytes of the fullest watched disk."},
			func() float64 { return float64(r.free.Load()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "postdesk_disk_full", Help: "1 while mail is refused because a watched disk is nearly full."},
			func() float64 {
				if r.scarce.Load() {
					return 1
				}
				return 0
			}))
}
