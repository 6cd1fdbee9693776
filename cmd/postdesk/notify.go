package main

import (
	"context"
	"net"
	"os"
	"strconv"
	"time"
)

// tellSystemd tells the service manager how this process does, where one wants to
// know (sd_notify(3)). Nobody is waited for.
func tellSystemd(state string) {
	at := os.Getenv("NOTIFY_SOCKET")
	if at == "" {
		return
	}
	if conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: at, Net: "unixgram"}); err == nil {
		defer conn.Close()
		_, _ = conn.Write([]byte(state)) // it asks again, or times out
	}
}

// watchdog tells that this process lives, twice in the time after which it would be
// restarted (WatchdogSec), until ctx ends.
func watchdog(ctx context.Context) {
	micros, _ := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if micros < 2 {
		return
	}
	tick := time.NewTicker(time.Duration(micros) * time.Microsecond / 2)
	defer tick.Stop()
	for ctx.Err() == nil {
		tellSystemd("WATCHDOG=1")
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}
