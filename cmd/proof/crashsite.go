package main

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"
)

// ourAddresses are where mail of one sender may go, all at once: three mailboxes,
// and two names of the first.
var ourAddresses = []string{mailbox, "sales@desk.test", "billing@desk.test", "postmaster@desk.test", "abuse@desk.test"}

// furnish gives a help desk further mailboxes, and an owner who is to be told of
// each new conversation.
func (s *site) furnish(ctx context.Context) error {
	if _, err := s.gateway.command(ctx, "a password that nobody types\n", "user", "create", "--role", "owner", "--email", theirOwner, "--password-stdin"); err != nil {
		return err
	}
	_, err := s.server.ask(ctx, "postdesk", `
		insert into mailboxes (address, name) values ('sales@desk.test', 'Sales'), ('billing@desk.test', 'Billing')`)
	pause(1000) // what a gateway knows of its addresses may be a second old
	return err
}

// settle lets everything that was accepted be filed, and judges. The claims of
// killed gateways are ended by SQL with nobody alive, not waited for.
func (s *site) settle(ctx context.Context, r *crashRun) error {
	s.gateway.stop()
	db, err := s.look(ctx)
	if err != nil {
		return err
	}
	defer db.close()
	ended, err := db.conn.Exec(ctx, `update inbound set due_at = received_at where state = 'received'`)
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := s.gateway.start(ctx); err != nil {
		return err
	}
	if err := db.awaitProgress(ctx); err != nil {
		return err
	}
	fmt.Printf("%d mails were left to whoever comes next, and filed %.1f s after the last start\n", ended.RowsAffected(), time.Since(begin).Seconds())
	found, err := db.findings(ctx)
	if err != nil {
		return err
	}
	hostile := found.dropStrangers()
	twice, err := db.count(ctx, `select count(*) from (select inbound_id from messages where inbound_id is not null group by inbound_id having count(*) > 1) x`)
	if err != nil {
		return err
	}
	fmt.Printf("%d mails of hostile clients were taken, each of them filed or kept; %d mails of anybody have two messages\n", hostile, twice)
	r.verdict, r.faulty = judge(r.ledger.mails, found)
	r.doubled += twice
	return nil
}

// awaitProgress returns when no accepted mail waits any more, or when nothing has
// become of those that wait for stuckTime: the judge tells which.
func (db *database) awaitProgress(ctx context.Context) error {
	for least, since := math.MaxInt, time.Now(); time.Since(since) < stuckTime; pause(100) {
		waiting, err := db.count(ctx, `select count(*) from inbound where state = 'received'`)
		if err != nil || waiting == 0 {
			return err
		}
		if waiting < least {
			least, since = waiting, time.Now()
		}
	}
	return nil
}

// count is a number that one query gives.
func (db *database) count(ctx context.Context, sql string, args ...any) (n int, err error) {
	err = db.conn.QueryRow(ctx, sql, args...).Scan(&n)
	return n, err
}

// dropStrangers leaves the mail of hostile clients out, whose bytes and senders
// nobody knows, and counts it.
func (f *findings) dropStrangers() (n int) {
	mails, messages := f.mails[:0], f.messages[:0]
	for _, m := range f.mails {
		if isHonest(m.From) {
			mails = append(mails, m)
		} else {
			n++
		}
	}
	for _, m := range f.messages {
		if isHonest(m.Author) || strings.HasPrefix(m.Subject, "Proof ") {
			messages = append(messages, m)
		}
	}
	f.mails, f.messages = mails, messages
	return n
}

// isHonest tells the senders that compose makes.
func isHonest(from string) bool {
	var n int
	_, err := fmt.Sscanf(from, "u%d@"+senderDomain, &n)
	return err == nil
}
