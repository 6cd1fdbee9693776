package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A peer is a baseline that a script measures.
type peer string

const (
	postfixIn peer = "Postfix"
	bareFloor peer = "bare go-smtp into PostgreSQL"
)

// script is the baseline's, with its arguments.
func (p peer) script() []string {
	if p == bareFloor {
		return []string{"peer-gosink.sh", "pggroup", "-conns", "1"}
	}
	return []string{"peer-postfix.sh", "default"}
}

// peer runs a baseline once, if it was told where its script is.
func (b *benchCommand) peer(ctx context.Context, p peer, load workload) ([]result, error) {
	if b.Beside == "" {
		return nil, nil
	}
	if p == bareFloor {
		for _, act := range []string{"start", "reset"} {
			if out, err := exec.CommandContext(ctx, "bash", filepath.Join(b.Beside, "pg.sh"), act).CombinedOutput(); err != nil {
				return nil, fmt.Errorf("pg.sh %s: %w\n%s", act, err, out)
			}
		}
		defer func() { _ = exec.Command("bash", filepath.Join(b.Beside, "pg.sh"), "stop").Run() }()
	}
	keep := "KEEP=1"
	if load.fresh {
		keep = "KEEP=0"
	}
	cmd := exec.CommandContext(ctx, "bash", append([]string{filepath.Join(b.Beside, p.script()[0])}, p.script()[1:]...)...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("WORK=%d:%d:%d", load.mails/2, load.size, load.connections), keep)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	r, err := readPeer(string(p), load.mails/2, out)
	if err == nil {
		fmt.Printf("%-44s %s\n", p, bytes.TrimSpace(out))
	}
	return []result{r}, err
}

// readPeer reads a line of a baseline: name[work] mails/s CPU/1,000 peak | done/s mails/s syscpu/1000 CPU …, CPU that
// of the processes as the system counts it.
func readPeer(name string, mails int, out []byte) (r result, err error) {
	fields := strings.Fields(string(out))
	if len(fields) < 9 || strings.Contains(string(out), "exit_status") {
		return r, fmt.Errorf("no line of a baseline: %s", out)
	}
	numbers := make([]float64, 3)
	for i, field := range []string{fields[1], fields[6], fields[2]} {
		if numbers[i], err = strconv.ParseFloat(field, 64); err != nil || numbers[i] <= 0 {
			return r, fmt.Errorf("no line of a baseline: %s", out)
		}
	}
	seconds := func(f float64) time.Duration { return time.Duration(f * float64(time.Second)) }
	r = result{name: name, mails: mails, acknowledged: seconds(float64(mails) / numbers[0]), filed: seconds(float64(mails) / numbers[1])}
	r.used.gateway = seconds(numbers[2] * float64(mails) / 1000)
	return r, nil
}

// compare tells the medians, and ours as multiples of each baseline.
func compare(load workload, ours, theirs []result) {
	acknowledged, filed, cpu := medians(ours)
	line := fmt.Sprintf("= %s: %.0f/s to the 250, %.0f/s filed, CPU s per 1,000 %.2f", load.name, acknowledged, filed, cpu)
	for _, p := range load.peers {
		of := slices.DeleteFunc(slices.Clone(theirs), func(r result) bool { return r.name != string(p) })
		if len(of) > 0 {
			a, f, c := medians(of)
			line += fmt.Sprintf("; of %s: %.2f to the 250, %.2f filed, CPU %.2f", p, acknowledged/a, filed/f, cpu/c)
		}
	}
	fmt.Println(line)
}

func medians(list []result) (acknowledged, filed, cpu float64) {
	middle := func(of func(result) float64) float64 {
		var all []float64
		for _, r := range list {
			all = append(all, of(r))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return middle(func(r result) float64 { a, _, _ := r.rates(); return a }),
		middle(func(r result) float64 { _, f, _ := r.rates(); return f }),
		middle(func(r result) float64 { _, _, c := r.rates(); return c })
}
