package main

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// A postfix is a Postfix of a test's own: on loopback alone, with a queue of its
// own, and with routes for everything that it does not keep. It asks no DNS.
type postfix struct {
	*daemon
	addr string
}

// postfixSetup is what differs from one to the next.
type postfixSetup struct {
	host     string            // how it calls itself
	users    *dovecot          // whose mailboxes are here, nil for nobody's
	routes   map[string]string // domain or address, "*" for all others: host:port of the next server
	settings []string          // more of main.cf
	tlsAddr  string            // where it also speaks TLS from the first byte
}

func startPostfix(t *testing.T, setup postfixSetup) *postfix {
	t.Helper()
	realMail(t)
	p := &postfix{newDaemon(t, setup.host), net.JoinHostPort("127.0.0.1", freePort(t))}
	p.folders()
	p.write("etc/main.cf", append(p.settings(setup), setup.settings...)...)
	p.write("etc/master.cf", p.services(setup)...)
	daemons := strings.TrimSpace(p.command(nil, "postconf", "-d", "-h", "daemon_directory"))
	p.run(p.addr, filepath.Join(daemons, "master"), "-c", filepath.Join(p.dir, "etc"))
	return p
}

// folders are what `postfix start` would make.
func (p *postfix) folders() {
	p.folder("etc", 0o755, "root", "")
	p.folder("data", 0o700, "postfix", "")
	p.folder("q", 0o755, "root", "")
	p.folder("q/pid", 0o755, "root", "")
	for _, name := range strings.Fields("active bounce corrupt defer deferred flush hold incoming private saved trace") {
		p.folder("q/"+name, 0o700, "postfix", "")
	}
	p.folder("q/maildrop", 0o730, "postfix", "postdrop")
	p.folder("q/public", 0o710, "postfix", "postdrop")
}

func (p *postfix) settings(setup postfixSetup) []string {
	lines := []string{
		"compatibility_level = 3.6",
		"queue_directory = " + p.dir + "/q",
		"data_directory = " + p.dir + "/data",
		"maillog_file = " + p.log,
		"maillog_file_prefixes = " + p.dir,
		"myhostname = " + setup.host,
		"inet_interfaces = 127.0.0.1",
		"inet_protocols = ipv4",
		"mynetworks = 127.0.0.0/8",
		"smtpd_peername_lookup = no",
		"mydestination =", "alias_maps =", "alias_database =", "biff = no",
		"in_flow_delay = 0",
		// Nothing but a flush tries again within a test.
		"minimal_backoff_time = 1h", "queue_run_delay = 1h",
		"relay_domains = static:all", "transport_maps = " + p.table("routes", setup.transports()),
	}
	if setup.users == nil {
		return lines
	}
	uid, gid := p.ids(mailUser)
	return append(lines,
		"virtual_mailbox_domains = "+strings.Join(setup.users.domains(), " "),
		"virtual_mailbox_base = "+setup.users.mail,
		"virtual_mailbox_maps = "+p.table("users", setup.users.paths()),
		fmt.Sprintf("virtual_uid_maps = static:%d", uid), fmt.Sprintf("virtual_gid_maps = static:%d", gid), "virtual_minimum_uid = 1",
		"virtual_mailbox_limit = 0")
}

// transports say where mail goes on to. Someone with a mailbox here keeps it, also
// in a domain whose other mail goes on.
func (setup postfixSetup) transports() map[string]string {
	all := map[string]string{}
	if setup.users != nil {
		for address := range setup.users.paths() {
			all[address] = "virtual:"
		}
	}
	for to, addr := range setup.routes {
		host, port, _ := net.SplitHostPort(addr)
		all[to] = "smtp:[" + host + "]:" + port
	}
	return all
}

// table is a look-up table in a file.
func (p *postfix) table(name string, entries map[string]string) string {
	var lines []string
	for key, value := range entries {
		lines = append(lines, key+" "+value)
	}
	return "texthash:" + p.write("etc/"+name, lines...)
}

// services are those of the distribution's master.cf that these tests need, none
// of them in a chroot.
func (p *postfix) services(setup postfixSetup) []string {
	lines := strings.Split(`pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd`, "\n")
	lines = append(lines, p.addr+" inet n - n - - smtpd")
	if setup.tlsAddr != "" {
		lines = append(lines, setup.tlsAddr+" inet n - n - - smtpd -o smtpd_tls_wrappermode=yes")
	}
	return lines
}

// url is what --relay takes to reach it.
func (p *postfix) url() string { return "smtp://" + p.addr }

// flush makes it try all at once what it could not deliver.
func (p *postfix) flush() {
	p.t.Helper()
	p.command(nil, "postqueue", "-c", filepath.Join(p.dir, "etc"), "-f")
}

// waiting is how many mails it still holds.
func (p *postfix) waiting() int {
	p.t.Helper()
	return strings.Count(p.command(nil, "postqueue", "-c", filepath.Join(p.dir, "etc"), "-j"), `"queue_id"`)
}

// deferred is how many mails it holds that it has tried in vain.
func (p *postfix) deferred() int {
	p.t.Helper()
	return strings.Count(p.command(nil, "postqueue", "-c", filepath.Join(p.dir, "etc"), "-j"), `"queue_name": "deferred"`)
}
