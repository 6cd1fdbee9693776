package main

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
)

// A street is a story among real mail servers: everybody outside has a mailbox at
// one Postfix, reads it over IMAP, and sends through that Postfix. So does our
// staff. Our relay is that Postfix too, or one before it.
type street struct {
	*story
	mailboxes *dovecot
	server    *postfix // everybody's
	relay     *postfix // ours
	desk      string   // where the help desk takes mail
	changes   []func(*settings)
	dkim      *net.Resolver
}

// streetSetup is what differs from street to street.
type streetSetup struct {
	people   []string      // who has a mailbox besides Olga
	server   []string      // more of everybody's main.cf
	relay    *postfixSetup // a relay of its own, routes are filled in
	settings func(*settings)
}

func newStreet(t *testing.T, setup streetSetup) *street {
	t.Helper()
	w := &street{mailboxes: startDovecot(t, append([]string{"olga@desk.test"}, setup.people...)...), desk: net.JoinHostPort("127.0.0.1", freePort(t))}
	w.server = startPostfix(t, postfixSetup{host: "mx.acme.test", users: w.mailboxes, routes: map[string]string{"desk.test": w.desk}, settings: setup.server})
	w.relay = w.server
	if setup.relay != nil {
		setup.relay.host = "relay.isp.test"
		setup.relay.routes = w.throughTheRelay(setup.relay.routes)
		w.relay = startPostfix(t, *setup.relay)
	}
	w.changes = []func(*settings){w.settings}
	if setup.settings != nil {
		w.changes = append(w.changes, setup.settings)
	}
	w.story = newStory(t, w.changes...)
	// What the story sends, somebody's mail program hands to their server.
	w.story.at.SMTP = w.server.addr
	return w
}

// throughTheRelay: mail to the staff and everybody else goes to their server, and
// what is for the help desk comes back to it.
func (w *street) throughTheRelay(more map[string]string) map[string]string {
	routes := map[string]string{"*": w.server.addr, "desk.test": w.desk, "olga@desk.test": w.server.addr}
	for to, addr := range more {
		routes[to] = addr
	}
	return routes
}

// settings let the help desk be found where it was, also after a restart.
func (w *street) settings(set *settings) {
	set.SMTPAddr, set.Relay = w.desk, w.relay.url()
}

// inbox waits for the first mail in a mailbox that says something.
func (w *street) inbox(address, saying string) (found received) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("%s finds a mail that says %q", address, saying), func() bool {
		for _, m := range w.mailboxes.mailbox(address) {
			if strings.Contains(m.all(), saying) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// settled waits until no mail is under way anywhere.
func (w *street) settled() {
	w.t.Helper()
	w.eventually("no mail is under way", func() bool {
		for _, p := range []*postfix{w.server, w.relay} {
			if p.waiting() > 0 {
				return false
			}
		}
		return true
	})
	w.quiet()
}

// reply is Olga's, in the panel.
func (w *street) reply(id any, text string, cc string, files ...file) {
	w.t.Helper()
	olga := w.signedIn("olga@desk.test")
	olga.open(path("/agent/conversations/%v", id))
	olga.submit(path("/agent/conversations/%v/reply", id), url.Values{"contents": {text}, "cc": {cc}, "do": {"send"}}, files...)
	w.want("the panel takes the reply", olga.code, 200)
}

// delivery is the latest of a purpose to somebody.
func (w *street) delivery(purpose, to string) object {
	w.t.Helper()
	for _, d := range w.owner.list("/deliveries?limit=100&recipient=" + url.QueryEscape(to)) {
		if d["purpose"] == purpose {
			return d
		}
	}
	return object{}
}
