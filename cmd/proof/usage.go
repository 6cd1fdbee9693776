package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU time in /proc: USER_HZ is 100 wherever Linux runs.
const tick = 10 * time.Millisecond

// A usage is what processes had used of the machine by a moment.
type usage struct {
	gateway    time.Duration // CPU
	postgreSQL time.Duration // CPU of all that the gateway started
	proof      time.Duration // CPU of this program: senders and DNS
	machine    time.Duration // CPU of everybody
	at         time.Time
}

// process is one row of /proc.
type process struct {
	pid, parent int
	own, waited time.Duration // CPU, and that of children that have ended
}

// readUsage fails where there is no /proc.
func readUsage(gateway int) (u usage, err error) {
	u.at = time.Now()
	all, err := processes()
	if err != nil {
		return u, err
	}
	for _, p := range tree(all, gateway) {
		if p.pid == gateway {
			u.gateway += p.own
		} else {
			u.postgreSQL += p.own + p.waited
		}
	}
	u.proof = all[os.Getpid()].own
	u.machine, err = machineTime()
	return u, err
}

// since is what was used from an earlier moment on.
func (u usage) since(e usage) usage {
	return usage{gateway: u.gateway - e.gateway, postgreSQL: u.postgreSQL - e.postgreSQL, proof: u.proof - e.proof, machine: u.machine - e.machine}
}

// others is what everybody else used.
func (u usage) others() time.Duration {
	return max(0, u.machine-u.gateway-u.postgreSQL-u.proof)
}

func processes() (map[int]process, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err == nil && len(files) == 0 {
		err = errors.New("this system has no /proc: CPU and memory cannot be told")
	}
	all := map[int]process{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		if p, ok := readProcess(string(content)); ok {
			all[p.pid] = p
		}
	}
	return all, err
}

// readProcess reads /proc/PID/stat. The name, in brackets, may hold anything.
func readProcess(stat string) (p process, ok bool) {
	open, end := strings.IndexByte(stat, '('), strings.LastIndexByte(stat, ')')
	if open < 1 || end < open {
		return p, false
	}
	fields := strings.Fields(stat[end+1:])
	if len(fields) < 15 {
		return p, false
	}
	number := func(s string) int64 {
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		ok = ok && err == nil
		return n
	}
	ok = true
	p.pid, p.parent = int(number(stat[:open])), int(number(fields[1]))
	p.own = time.Duration(number(fields[11])+number(fields[12])) * tick
	p.waited = time.Duration(number(fields[13])+number(fields[14])) * tick
	return p, ok
}

// tree is a process and all that it started, and they.
func tree(all map[int]process, root int) []process {
	first, ok := all[root]
	if !ok {
		return nil
	}
	found := []process{first}
	for i := 0; i < len(found); i++ {
		for _, p := range all {
			if p.parent == found[i].pid {
				found = append(found, p)
			}
		}
	}
	return found
}

// machineTime is the CPU time of the whole machine but idling.
func machineTime() (time.Duration, error) {
	content, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(content), "\n")
	fields := strings.Fields(line)
	var sum int64
	for i, field := range fields[min(1, len(fields)):] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/stat: %w", err)
		}
		if i < 8 && i != 3 && i != 4 { // idle, waiting for a disk; guests are counted as user
			sum += n
		}
	}
	return time.Duration(sum) * tick, nil
}

// memory is in octets.
type memory struct{ gateway, tree int64 }

// watchMemory tells the peaks when ctx ends. The gateway's is the kernel's own.
// That of the tree is looked at every so often, which costs: private memory of each
// process, and what PostgreSQL's processes share, once.
func watchMemory(ctx context.Context, gateway int, every time.Duration) <-chan memory {
	told := make(chan memory, 1)
	go func() {
		var peak memory
		clock := time.NewTicker(every)
		defer clock.Stop()
		for {
			peak.gateway = max(peak.gateway, statusOf(gateway)["VmHWM"])
			peak.tree = max(peak.tree, treeMemory(gateway))
			select {
			case <-ctx.Done():
				told <- peak
				return
			case <-clock.C:
			}
		}
	}()
	return told
}

func treeMemory(gateway int) (sum int64) {
	all, err := processes()
	if err != nil {
		return 0
	}
	var shared int64
	for _, p := range tree(all, gateway) {
		status := statusOf(p.pid)
		if p.pid == gateway {
			sum += status["VmRSS"]
			continue
		}
		sum += status["RssAnon"]
		shared = max(shared, status["RssShmem"])
	}
	return sum + shared
}

// statusOf gives the memory fields of /proc/PID/status in octets, none of a
// process that has ended.
func statusOf(pid int) map[string]int64 {
	content, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	fields := map[string]int64{}
	for line := range strings.Lines(string(content)) {
		name, value, _ := strings.Cut(line, ":")
		if n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64); err == nil {
			fields[name] = n << 10
		}
	}
	return fields
}
