package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// A wire is a proxy of toxiproxy's on loopback, through which connections go that
// are to fail or to be slow.
type wire struct{ proxy *toxiproxy.Proxy }

// openWire leads to an address.
func openWire(to string) (*wire, error) {
	zerolog.SetGlobalLevel(zerolog.Disabled) // its logger of trifles has no other switch
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	w := &wire{toxiproxy.NewProxy(server, "proof", "127.0.0.1:0", to)}
	return w, w.proxy.Start()
}

func (w *wire) addr() string { return w.proxy.Listen }

// spoil adds a toxic, as toxiproxy's README names and explains them, to what goes
// to the client ("downstream") or to the server ("upstream").
func (w *wire) spoil(stream, toxic, attributes string) error {
	_, err := w.proxy.Toxics.AddToxicJson(strings.NewReader(
		fmt.Sprintf(`{"stream": %q, "type": %q, "attributes": {%s}}`, stream, toxic, attributes)))
	return err
}

// mend takes all toxics away.
func (w *wire) mend(ctx context.Context) { w.proxy.Toxics.ResetToxics(ctx) }

func (w *wire) close() { w.proxy.Stop() }
