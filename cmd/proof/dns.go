package main

import (
	"io"
	"log"

	"github.com/foxcpp/go-mockdns"
)

// senderDomain is where all senders of a proof live.
const senderDomain = "bench.test"

// startDNS answers at once, on loopback, that this machine may send for the
// senders' domain: verifying is part of what is measured, waiting for strangers'
// servers is not.
func startDNS() (*mockdns.Server, error) {
	zones := map[string]mockdns.Zone{
		senderDomain + ".":             {TXT: []string{"v=spf1 ip4:127.0.0.1 -all"}},
		"_dmarc." + senderDomain + ".": {TXT: []string{"v=DMARC1; p=reject"}},
	}
	return mockdns.NewServerWithLogger(zones, log.New(io.Discard, "", 0), false)
}
