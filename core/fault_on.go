//go:build faults

package core

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A faultOrder is what POSTDESK_FAULT says: the name of a fault, or "kill POINT N" to
// die when the point is passed for the n-th time.
type faultOrder struct {
	fault  Fault
	point  Point
	nth    int64
	passed atomic.Int64
}

var ordered = sync.OnceValue(func() *faultOrder {
	words := strings.Fields(os.Getenv("POSTDESK_FAULT"))
	switch {
	case len(words) == 3 && words[0] == "kill":
		nth, _ := strconv.ParseInt(words[2], 10, 64)
		return &faultOrder{point: Point(words[1]), nth: nth}
	case len(words) == 1:
		return &faultOrder{fault: Fault(words[0])}
	}
	return &faultOrder{}
})

// Passing ends the process as a crash would, if this is the point and the time for
// it. Who passes goes no further.
func Passing(p Point) {
	if o := ordered(); o.point == p && o.passed.Add(1) == o.nth {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// Faulty tells that a promise is to be broken.
func Faulty(f Fault) bool { return ordered().fault == f }

// Poison breaks the parser on mail that says so in its header.
func Poison(raw []byte) {
	_, rest, found := bytes.Cut(raw[:min(len(raw), 4<<10)], []byte("\r\nX-Poison: "))
	if !found || !Faulty(FaultPoison) {
		return
	}
	switch kind, _, _ := bytes.Cut(rest, []byte("\r\n")); string(kind) {
	case "panic":
		panic("the parser panics, as it was told to")
	case "hang":
		select {}
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// apart writes a mail a moment later, when the transaction of its cause is
// committed, or the process is dead.
func (d *Desk) apart(m mailing) bool {
	if !Faulty(FaultOutboxApart) {
		return false
	}
	time.AfterFunc(100*time.Millisecond, func() {
		if _, err := d.pool.Exec(context.Background(), enqueueSQL, d.enqueueArgs(m)...); err != nil {
			d.log.Error("mail not enqueued, as was to be expected of this fault", "error", err)
		}
	})
	return true
}
