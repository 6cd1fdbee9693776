package main

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/foxcpp/go-mockdns"

	"postdesk/core"
)

// publisher is a DNS server with the records that the help desk asks its admin to
// publish.
func (w *street) publisher() *net.Resolver {
	w.t.Helper()
	keys, err := core.SigningKeysOf(w.t.Context(), w.db())
	if err != nil {
		w.t.Fatal(err)
	}
	records := map[string]mockdns.Zone{}
	for _, key := range keys {
		records[key.RecordName()+"."] = mockdns.Zone{TXT: []string{key.Record()}}
	}
	server, err := mockdns.NewServerWithLogger(records, log.New(io.Discard, "", 0), false)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = server.Close() })
	resolver := &net.Resolver{}
	server.PatchNet(resolver)
	return resolver
}

// signed holds that a mail as it lies in a mailbox is proven by its signature, and
// would not be with another word in it.
func (w *street) signed(m received) {
	w.t.Helper()
	if w.dkim == nil {
		w.dkim = w.publisher()
	}
	verify := func(raw []byte) (domain string, err error) {
		options := &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) { return w.dkim.LookupTXT(context.Background(), name) }}
		found, err := dkim.VerifyWithOptions(bytes.NewReader(raw), options)
		if err != nil || len(found) != 1 {
			w.t.Fatalf("%d signatures, %v:\n%s", len(found), err, m.Raw)
		}
		return found[0].Domain, found[0].Err
	}
	if domain, err := verify(m.Raw); domain != "desk.test" || err != nil {
		w.t.Errorf("signed by %q: %v\n%s", domain, err, m.Raw)
	}
	for _, field := range []string{"\nSubject: ", "\nTo: ", "\nMIME-Version: "} {
		forged := bytes.Replace(m.Raw, []byte(field), []byte(field+"not "), 1)
		if _, err := verify(forged); err == nil || bytes.Equal(forged, m.Raw) {
			w.t.Errorf("anybody may change%q", field)
		}
	}
	if _, err := verify(append(bytes.Clone(m.Raw), "more\r\n"...)); err == nil {
		w.t.Error("anybody may add to the body")
	}
}
