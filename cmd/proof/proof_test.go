package main

import (
	"path/filepath"
	"testing"
	"time"
)

func TestTheRealGatewayPassesTheCheckAndEachPlantedFaultIsFound(t *testing.T) {
	t.Parallel()
	k := crashCommand{Mails: 40, Senders: 4, Timeout: 5 * time.Minute, Control: true}
	if err := k.Run(t.Context(), &commands{}); err != nil {
		t.Fatal(err)
	}
}

func TestAKilledGatewayComesBackWhereItWas(t *testing.T) {
	t.Parallel()
	w, err := openWorkshop(t.Context(), &commands{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	g := newGateway(w, "data", "127.0.0.1:9")
	if err := g.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.stop() })
	first, pid := g.at, g.process.Pid
	g.kill()
	if err := g.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if g.at != first || g.process.Pid == pid {
		t.Errorf("first %v as %d, then %v as %d", first, pid, g.at, g.process.Pid)
	}
}

func TestTheBenchMeasuresTheRealGateway(t *testing.T) {
	t.Parallel()
	b := benchCommand{Row: []int{4, 7}, Runs: 1, Mails: 0.001, Grown: 100, Timeout: 5 * time.Minute}
	if err := b.Run(t.Context(), &commands{}); err != nil {
		t.Fatal(err)
	}
}

func TestNoKillOfTheRealGatewayLosesMailThatGoesOut(t *testing.T) {
	t.Parallel()
	d := deliverCommand{Kills: 4, Mails: 120, For: 5 * time.Minute, Think: time.Millisecond, Pipelining: true, Control: true}
	if err := d.Run(t.Context(), &commands{}); err != nil {
		t.Fatal(err)
	}
}

func TestTheRealGatewayDrainsItsQueueBesidePostfix(t *testing.T) {
	t.Parallel()
	d := drainCommand{Mails: 60, Whole: 20, Peer: 30, Connections: 3, Pipelining: true, Timeout: 5 * time.Minute}
	if err := d.Run(t.Context(), &commands{}); err != nil {
		t.Fatal(err)
	}
}

func TestTheRealGatewayDeliversAfterAnOutage(t *testing.T) {
	t.Parallel()
	o := outageCommand{Mails: 40, Down: time.Second, Timeout: 5 * time.Minute}
	if err := o.Run(t.Context(), &commands{}); err != nil {
		t.Fatal(err)
	}
}

func TestAPostfixThatWasMeasuredIsEnded(t *testing.T) {
	t.Parallel()
	if why := noPostfix(); why != "" {
		t.Skip(why)
	}
	w, err := openWorkshop(t.Context(), &commands{Binary: "none"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	p := &postfix{dir: filepath.Join(w.dir, "postfix"), relay: "127.0.0.1:9"}
	if err := p.start(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if len(p.processes()) == 0 {
		t.Error("it does not run")
	}
	p.stop()
	if left := p.processes(); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}
