package main

import (
	"context"
	"fmt"
)

// A view is a measure of pages of a filled desk.
type view struct {
	name    string
	dataDir string // filled before; one of the workshop's if empty
	seed    uint64
	// prepare fills the database of a gateway that does not run yet.
	prepare func(ctx context.Context, g *gateway) error
	// measure tells how many figures miss their bar.
	measure func(ctx context.Context, g *gateway, db *database) (missed int, err error)
}

// run fails if a bar is missed.
func (v view) run(ctx context.Context, all *commands) error {
	w, err := openWorkshop(ctx, all)
	if err != nil {
		return err
	}
	defer w.close()
	g := newGateway(w, v.name, "127.0.0.1:9")
	if v.dataDir != "" {
		g.dataDir = v.dataDir
	}
	if err := v.prepare(ctx, g); err != nil {
		return err
	}
	if err := g.start(ctx); err != nil {
		return err
	}
	defer g.stop()
	db, err := openDatabase(ctx, g)
	if err != nil {
		return err
	}
	defer db.close()
	if _, err := db.conn.Exec(ctx, `vacuum analyze`); err != nil {
		return err
	}
	missed, err := v.measured(ctx, g, db)
	if err == nil && missed > 0 {
		err = fmt.Errorf("%d of the figures miss their bar: a median of %v, a p95 of %v, %d KB", missed, barMedian, barP95, barOctets/1000)
	}
	return err
}

// measured measures, and tells what else the machine did meanwhile.
func (v view) measured(ctx context.Context, g *gateway, db *database) (missed int, err error) {
	var version string
	if err := db.conn.QueryRow(ctx, `show server_version`).Scan(&version); err != nil {
		return 0, err
	}
	before, err := readUsage(g.process.Pid)
	if err != nil {
		return 0, err
	}
	if missed, err = v.measure(ctx, g, db); err != nil {
		return 0, fmt.Errorf("%w\n%s", err, lastLines(g.log))
	}
	after, err := readUsage(g.process.Pid)
	if err != nil {
		return 0, err
	}
	used := after.since(before)
	fmt.Printf("seed %d, PostgreSQL %s; others used %.1f CPUs meanwhile\n", v.seed, version, used.others().Seconds()/after.at.Sub(before.at).Seconds())
	return missed, nil
}
