package main

import (
	"testing"
	"time"
)

// goodReport is one without a fault.
func goodReport() report {
	v := vitals{goroutines: 27, files: 25, heap: 12 << 20, resident: 90 << 20}
	return report{log: `{"level":"INFO","msg":"mail accepted"}` + "\n", looks: []observation{
		{at: time.Minute, vitals: v, filed: 1}, {at: 2 * time.Minute, vitals: v, filed: 1},
	}}
}

func TestEveryPlantedFaultOfAReportIsFoundAndAGoodOneHasNone(t *testing.T) {
	t.Parallel()
	if faults := goodReport().faults(); len(faults) > 0 {
		t.Errorf("a good report has %q", faults)
	}
	for _, c := range spoilt(goodReport()) {
		if len(c.report.faults()) == 0 {
			t.Errorf("%s: not found", c.name)
		}
	}
	if err := controlReport(goodReport()); err != nil {
		t.Error(err)
	}
}

func TestADialogueIsTheSameForItsSeedAndNumber(t *testing.T) {
	t.Parallel()
	said := func(d dialogue) (all string) {
		for _, p := range d.pieces {
			all += string(p.octets)
		}
		return all
	}
	different := map[string]bool{}
	for n := range 300 {
		a, b := converse(7, n), converse(7, n)
		if said(a) != said(b) || a.end != b.end || a.tls != b.tls || len(a.pieces) != len(b.pieces) {
			t.Fatalf("dialogue %d differs from itself", n)
		}
		different[said(a)] = true
	}
	if len(different) < 290 {
		t.Errorf("only %d of 300 dialogues differ", len(different))
	}
}

func TestOnlyRepliesAreReplies(t *testing.T) {
	t.Parallel()
	for line, is := range map[string]bool{
		"220 mx ready\r\n": true, "250-SIZE 5\r\n": true, "354 \r\n": true, "220 mx\n": false, "hello\r\n": false, "999 x\r\n": false,
		"25\r\n": false, "250\r\n": false, "250 a\rb\r\n": false, "": false,
	} {
		if isReplyLine(line) != is {
			t.Errorf("%q: %v", line, !is)
		}
	}
}

func TestTheFuzzerTalksToTheRealGateway(t *testing.T) {
	t.Parallel()
	f := fuzzCommand{For: 3 * time.Second, Seed: 7, Workers: 4, Rate: 50, Every: time.Second, Control: true}
	if err := f.Run(t.Context(), &commands{}); err != nil {
		t.Fatal(err)
	}
}

func TestACrowdOfSlowClientsIsMeasured(t *testing.T) {
	t.Parallel()
	s := slowCommand{For: 2 * time.Second, Idle: 40, Drip: 10, MostWait: time.Minute, MostMiB: 256}
	if err := s.Run(t.Context(), &commands{}); err != nil {
		t.Fatal(err)
	}
}

func TestASlowOrHungryGatewayIsFound(t *testing.T) {
	t.Parallel()
	s := slowCommand{Idle: 2, Drip: 1, MostWait: 2 * time.Second, MostMiB: 256}
	good, in := waits{time.Millisecond, time.Second}, vitals{connections: 3}
	if err := s.judge(good, in, 256); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"slow": s.judge(waits{time.Millisecond, 3 * time.Second}, in, 1), "nothing was sent": s.judge(nil, in, 1),
		"too much memory": s.judge(good, in, 257), "not all were in": s.judge(good, vitals{connections: 2}, 1),
	} {
		if err == nil {
			t.Errorf("%s: not found", name)
		}
	}
}

func TestIdleSessionsThatTakeTooMuchAreFound(t *testing.T) {
	t.Parallel()
	i := idleCommand{Sessions: 1000, MostKiB: 32}
	if err := i.judge(1000, 20, 31); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{"not all are in": i.judge(999, 20, 20), "held": i.judge(1000, 33, 20), "resident": i.judge(1000, 20, 33)} {
		if err == nil {
			t.Errorf("%s: not found", name)
		}
	}
}

func TestGreatMailsAllAtOnceAreMeasured(t *testing.T) {
	t.Parallel()
	m := memoryCommand{Mails: 4, MiB: 2, MostMiB: 768, Timeout: 5 * time.Minute}
	if err := m.Run(t.Context(), &commands{}); err != nil {
		t.Fatal(err)
	}
	m.More = 96
	if m.judge(4, 769, 50) == nil || m.judge(4, 200, 97) == nil || m.judge(4, 200, 96) != nil {
		t.Error("too much memory is not found")
	}
	if err := m.judge(3, 100, 0); err == nil {
		t.Error("a lost mail is not found")
	}
}
