package main

import (
	"strings"
	"syscall"
)

// tcpUserTimeout is TCP_USER_TIMEOUT (RFC 5482), which package syscall leaves out.
const tcpUserTimeout = 18

// boundSilence ends a connection whose peer acknowledges nothing. Without it what
// was sent to a machine without power is repeated for a quarter of an hour.
func boundSilence(network, _ string, c syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(unheardFor.Milliseconds()))
	})
	if err == nil {
		err = failed
	}
	return err
}
