package main

import (
	"fmt"
	"strings"
	"time"
)

// How far a gateway at rest may be from what it was after the warm-up.
const (
	moreGoroutines = 20
	moreFiles      = 20
	moreHeap       = 24 << 20
	moreResident   = 256 << 20 // the collector gives memory back late
)

// A report is what was seen of a gateway under talk. The first look is what the
// later ones are held against.
type report struct {
	looks []observation
	odd   []string // lines that are no replies
	log   string
}

type observation struct {
	at        time.Duration
	dialogues int
	vitals    vitals
	filed     int // how often the honest mail was
}

var faultWords = []string{"panic", "fatal error", "DATA RACE", "runtime error", "goroutine stack exceeds"}

// faults tells of everything that must not be, one line each.
func (r report) faults() (list []string) {
	for line := range strings.Lines(r.log) {
		for _, word := range faultWords {
			if strings.Contains(line, word) {
				list = append(list, "log: "+strings.TrimSpace(line))
				break
			}
		}
	}
	for _, line := range r.odd {
		list = append(list, fmt.Sprintf("not a reply: %.100q", line))
	}
	if len(r.looks) < 2 {
		return append(list, "it was not looked at often enough to see a growth")
	}
	first := r.looks[0].vitals
	for _, o := range r.looks {
		list = append(list, o.faults(first)...)
	}
	return list
}

func (o observation) faults(first vitals) (list []string) {
	grown := func(what string, now, then, most int64) {
		if now-then > most {
			list = append(list, fmt.Sprintf("after %.0f s: %s grew from %d to %d", o.at.Seconds(), what, then, now))
		}
	}
	grown("goroutines", int64(o.vitals.goroutines), int64(first.goroutines), moreGoroutines)
	grown("files", int64(o.vitals.files), int64(first.files), moreFiles)
	grown("the heap", o.vitals.heap, first.heap, moreHeap)
	grown("resident memory", o.vitals.resident, first.resident, moreResident)
	if o.vitals.connections > 0 {
		list = append(list, fmt.Sprintf("after %.0f s: %d connections are left", o.at.Seconds(), o.vitals.connections))
	}
	if o.filed != 1 {
		list = append(list, fmt.Sprintf("after %.0f s: the honest mail was filed %d times", o.at.Seconds(), o.filed))
	}
	return list
}

// controlReport spoils a good report in each way and fails unless that is seen.
func controlReport(good report) error {
	missed := 0
	for _, c := range spoilt(good) {
		found := "found"
		if len(c.report.faults()) == 0 {
			found = "NOT FOUND"
			missed++
		}
		fmt.Printf("control: %s: %s\n", c.name, found)
	}
	if missed > 0 {
		return fmt.Errorf("the check missed %d of the planted faults", missed)
	}
	return nil
}

type spoiltReport struct {
	name   string
	report report
}

// spoilt are reports with one fault each, in the last look or the log.
func spoilt(good report) (list []spoiltReport) {
	first := good.looks[0].vitals
	add := func(name string, spoil func(r *report, last *observation)) {
		r := good
		r.looks = append([]observation(nil), good.looks...)
		spoil(&r, &r.looks[len(r.looks)-1])
		list = append(list, spoiltReport{name, r})
	}
	add("the log tells of a panic", func(r *report, _ *observation) { r.log += `{"level":"ERROR","msg":"panic serving 127.0.0.1"}` + "\n" })
	add("the log tells of a fatal error", func(r *report, _ *observation) { r.log += "fatal error: concurrent map writes\n" })
	add("a line is no reply", func(r *report, _ *observation) { r.odd = append(r.odd, "hello\r\n") })
	add("goroutines grow", func(_ *report, o *observation) { o.vitals.goroutines = first.goroutines + moreGoroutines + 1 })
	add("files grow", func(_ *report, o *observation) { o.vitals.files = first.files + moreFiles + 1 })
	add("the heap grows", func(_ *report, o *observation) { o.vitals.heap = first.heap + moreHeap + 1 })
	add("resident memory grows", func(_ *report, o *observation) { o.vitals.resident = first.resident + moreResident + 1 })
	add("a connection is left", func(_ *report, o *observation) { o.vitals.connections = 1 })
	add("the honest mail is lost", func(_ *report, o *observation) { o.filed = 0 })
	add("the honest mail is there twice", func(_ *report, o *observation) { o.filed = 2 })
	add("it was looked at once", func(r *report, _ *observation) { r.looks = r.looks[:1] })
	return list
}
