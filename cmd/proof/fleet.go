package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// A fleet is several gateways over one PostgreSQL of the proof's own.
type fleet struct {
	workshop *workshop
	server   *server
	resolver string
	database string   // what its gateways are told
	settings []string // of every gateway
	gateways []*gateway
}

// onFleet runs a proof on a PostgreSQL with an empty database, and ends all gateways
// that it added.
func onFleet(ctx context.Context, c *commands, name string, settings []string, prove func(f *fleet) error) error {
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	dns, err := startDNS()
	if err != nil {
		return err
	}
	defer dns.Close()
	server, err := newServer(ctx, w, filepath.Join(w.dir, name+"-cluster"), name+"-postgres")
	if err != nil {
		return err
	}
	defer server.end(immediately)
	server.settings = settings
	if err := server.start(ctx); err != nil {
		return err
	}
	fmt.Println(server.version(ctx))
	f := &fleet{workshop: w, server: server, resolver: dns.LocalAddr().String()}
	defer f.stop()
	if f.database, err = server.create(ctx, "postdesk"); err != nil {
		return err
	}
	return prove(f)
}

// make adds a gateway that runs some parts, and does not start it.
func (f *fleet) make(name, parts string, settings ...string) *gateway {
	g := newGateway(f.workshop, name, f.resolver)
	g.database = f.database
	g.settings = append(append([]string{"--run", parts}, f.settings...), settings...)
	f.gateways = append(f.gateways, g)
	return g
}

// add makes a gateway and starts it.
func (f *fleet) add(ctx context.Context, name, parts string, settings ...string) (*gateway, error) {
	g := f.make(name, parts, settings...)
	return g, g.start(ctx)
}

// startAll starts gateways at once.
func startAll(ctx context.Context, gateways []*gateway) error {
	var group errgroup.Group
	for _, g := range gateways {
		group.Go(func() error { return g.start(ctx) })
	}
	return group.Wait()
}

// stop ends all gateways, together: a drain takes its time.
func (f *fleet) stop() {
	var group errgroup.Group
	for _, g := range f.gateways {
		group.Go(func() error { g.stop(); return nil })
	}
	_ = group.Wait()
}

// look opens the fleet's database, past all rules and poolers.
func (f *fleet) look(ctx context.Context) (*database, error) {
	conn, err := pgx.Connect(ctx, f.server.url("postdesk"))
	if err != nil {
		return nil, err
	}
	return &database{conn}, nil
}

// site shows a gateway of the fleet to checks that know a single one.
func (f *fleet) site(g *gateway) *site { return &site{f.workshop, f.server, g} }

// smtp are the addresses where mail is taken.
func smtpOf(gateways ...*gateway) (addrs []string) {
	for _, g := range gateways {
		addrs = append(addrs, g.at.smtp)
	}
	return addrs
}

// complaints are lines of the gateways' logs that tell of something wrong.
func (f *fleet) complaints(words ...string) (lines []string) {
	for _, g := range f.gateways {
		for line := range strings.Lines(readLog(g.log)) {
			for _, word := range words {
				if strings.Contains(line, word) {
					lines = append(lines, filepath.Base(g.log)+": "+strings.TrimSpace(line))
					break
				}
			}
		}
	}
	return lines
}
