package main

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"
)

// Not parallel: it sets variables of the process.
func TestSystemdIsToldOfStartLifeAndStop(t *testing.T) {
	at := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: at, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", at)
	t.Setenv("WATCHDOG_USEC", "2000")
	said := func() string {
		buffer := make([]byte, 100)
		_ = socket.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, err := socket.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		return string(buffer[:n])
	}
	tellSystemd("READY=1")
	if got := said(); got != "READY=1" {
		t.Errorf("told %q", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { watchdog(ctx); close(ended) }()
	for range 3 {
		if got := said(); got != "WATCHDOG=1" {
			t.Errorf("told %q", got)
		}
	}
	cancel()
	<-ended
	h := &health{}
	parent, stop := context.WithCancel(t.Context())
	stop()
	running, end := h.endLater(parent, 0)
	defer end()
	<-running.Done()
	for got := said(); got != "STOPPING=1"; got = said() {
		if got != "WATCHDOG=1" {
			t.Fatalf("told %q", got)
		}
	}
}
