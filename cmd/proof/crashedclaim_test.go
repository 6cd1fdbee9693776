package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A claim that the database forgets in a crash would be made again while its mail
// is under way. The sink thinks longer than a recovery takes.
func TestACrashOfTheDatabaseGivesNoMailToTwo(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w, err := openWorkshop(ctx, &commands{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	server, db, err := runDatabase(ctx, w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	d := deliverCommand{Mails: 10, Pipelining: true}
	if err := d.fill(ctx, w, server.URL()); err != nil {
		t.Fatal(err)
	}
	b := newBook(true)
	pair, err := d.couriers(w, b, "courier", server.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := pair[0]
	t.Cleanup(func() { c.gateway.stop(); c.sink.close() })
	start(t, c)
	if err := db.awaitSent(ctx); err != nil {
		t.Fatal(err)
	}
	c.gateway.stop()

	if _, err := db.multiply(ctx, 100); err != nil { // composed: nothing but the claim comes before the mail
		t.Fatal(err)
	}
	b.gate.Lock()
	start(t, c)
	if err := b.awaitBegin(ctx, c.life); err != nil {
		t.Fatal(err)
	}
	c.sink.think = 3 * time.Second // nobody reads it before the gate opens
	killDatabase(t, filepath.Join(w.dir, "database"))
	b.gate.Unlock()
	if err := b.awaitYes(ctx, d.Mails+defaultConnections); err != nil { // those under way at the crash
		t.Fatal(err)
	}
	c.gateway.stop()
	c.sink.close()
	for _, r := range (sighting{transmissions: b.transmissions, lives: b.lives}).repeats() {
		t.Errorf("%s: from %s to %s, and again from %s", r.first.to, r.first.begin, r.first.end, r.again.begin)
	}
}

func start(t *testing.T, c *courier) {
	t.Helper()
	if err := c.start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func killDatabase(t *testing.T, dir string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "postgres", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}
