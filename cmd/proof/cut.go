package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// cuttable is where a server is reached that can be cut off: all of 127/8 is this
// machine, and packets to one address of it can be let fall.
const cuttable = "127.0.0.2"

// insideVariable tells the program that it has a network of its own.
const insideVariable = "PROOF_OWN_NETWORK"

// ownNetwork runs the same command again in a network of its own, where loopback is
// all there is, and nobody else is hurt when a part of it is cut. Inside of that it
// does nothing.
func ownNetwork(ctx context.Context) (inside bool, err error) {
	if os.Getenv(insideVariable) != "" {
		return true, nil
	}
	if os.Geteuid() != 0 {
		return false, notRun("a network of its own needs root")
	}
	for _, tool := range []string{"unshare", "ip"} {
		if _, err := exec.LookPath(tool); err != nil {
			return false, notRun(tool + " is not installed")
		}
	}
	self, err := os.Executable()
	if err != nil {
		return false, err
	}
	cmd := exec.CommandContext(ctx, "unshare", append([]string{"--net", "sh", "-c", `ip link set lo up && exec "$0" "$@"`, self}, os.Args[1:]...)...)
	cmd.Env = append(os.Environ(), insideVariable+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 2 * stopTime
	if err := cmd.Run(); err != nil {
		return false, errors.New("the claim does not hold in a network of its own, as told above")
	}
	return false, nil
}

// cutOff lets packets to the address fall, without a word to who sends them.
func cutOff(ctx context.Context) (mend func() error, err error) {
	route := func(verb string) error {
		if out, err := exec.CommandContext(ctx, "ip", "route", verb, "blackhole", cuttable+"/32", "table", "local").CombinedOutput(); err != nil {
			return fmt.Errorf("ip route %s: %w\n%s", verb, err, out)
		}
		return nil
	}
	return func() error { return route("del") }, route("add")
}
