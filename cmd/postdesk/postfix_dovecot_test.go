package main

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap"
	imapclient "github.com/emersion/go-imap/client"

	"postdesk/mailer/mailertest"
)

// mailUser owns the mailboxes: nobody's account, as there is one everywhere.
const mailUser = "nobody"

// A dovecot shows mailboxes over IMAP, and tells a Postfix whose password is right.
type dovecot struct {
	*daemon
	mail      string // folder of the mailboxes
	addr      string // IMAP
	authAddr  string // for smtpd_sasl_path
	addresses []string
}

// startDovecot makes mailboxes with everybody's password.
func startDovecot(t *testing.T, addresses ...string) *dovecot {
	t.Helper()
	realMail(t)
	d := &dovecot{daemon: newDaemon(t, "Dovecot"), addresses: addresses}
	d.mail = filepath.Join(d.dir, "mail")
	d.addr, d.authAddr = net.JoinHostPort("127.0.0.1", freePort(t)), net.JoinHostPort("127.0.0.1", freePort(t))
	d.folder("mail", 0o755, mailUser, "")
	d.folder("run", 0o755, "root", "")
	d.run(d.addr, "dovecot", "-F", "-c", d.write("dovecot.conf", d.settings()...))
	return d
}

func (d *dovecot) settings() []string {
	uid, gid := d.ids(mailUser)
	_, imapPort, _ := net.SplitHostPort(d.addr)
	_, authPort, _ := net.SplitHostPort(d.authAddr)
	var users []string
	for _, address := range d.addresses {
		users = append(users, address+":{PLAIN}"+password)
	}
	return []string{
		"base_dir = " + d.dir + "/run", "state_dir = " + d.dir + "/run", "log_path = " + d.log,
		"protocols = imap", "listen = 127.0.0.1", "ssl = no", "disable_plaintext_auth = no",
		"auth_mechanisms = plain login", "auth_username_chars =", "auth_failure_delay = 0",
		fmt.Sprintf("mail_location = maildir:%s/%%d/%%n", d.mail), fmt.Sprintf("first_valid_uid = %d", min(uid, 1)), fmt.Sprintf("first_valid_gid = %d", min(gid, 1)),
		"passdb {", "driver = passwd-file", "args = " + d.write("users", users...), "}",
		"userdb {", "driver = static", fmt.Sprintf("args = uid=%d gid=%d home=%s/%%d/%%n", uid, gid, d.mail), "}",
		"service imap-login {", "chroot =", "inet_listener imap {", "port = " + imapPort, "}", "inet_listener imaps {", "port = 0", "}", "}",
		"service anvil {", "chroot =", "}",
		"service auth {", "inet_listener {", "address = 127.0.0.1", "port = " + authPort, "}", "}",
	}
}

// paths are the mailboxes by address, as folders below mail.
func (d *dovecot) paths() map[string]string {
	all := map[string]string{}
	for _, address := range d.addresses {
		local, domain, _ := strings.Cut(address, "@")
		all[address] = domain + "/" + local + "/"
	}
	return all
}

// domains are those whose mail stays here. The help desk's own is not one of
// them, though its staff may have mailboxes in it.
func (d *dovecot) domains() (all []string) {
	for _, address := range d.addresses {
		if _, domain, _ := strings.Cut(address, "@"); domain != "desk.test" && !slices.Contains(all, domain) {
			all = append(all, domain)
		}
	}
	return all
}

// mailbox is all mail of somebody, as their mail program reads it over IMAP.
func (d *dovecot) mailbox(address string) (all []received) {
	d.t.Helper()
	c, err := imapclient.Dial(d.addr)
	d.must(err)
	defer c.Logout()
	d.must(c.Login(address, password))
	inbox, err := c.Select("INBOX", true)
	d.must(err)
	if inbox.Messages == 0 {
		return nil
	}
	everything := new(imap.SeqSet)
	everything.AddRange(1, inbox.Messages)
	section := &imap.BodySectionName{Peek: true}
	fetched := make(chan *imap.Message, inbox.Messages)
	d.must(c.Fetch(everything, []imap.FetchItem{section.FetchItem()}, fetched))
	for m := range fetched {
		raw, err := io.ReadAll(m.GetBody(section))
		d.must(err)
		read := mailertest.Read(d.t, raw)
		from := strings.Trim(read.Header.Get("Return-Path"), "<>")
		all = append(all, received{mailertest.Message{From: from, To: []string{address}, Raw: raw}, read})
	}
	return all
}
