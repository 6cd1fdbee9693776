package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// A fault is something that must be found.
type fault struct {
	name string
	sql  string
	want verdict
}

var faults = []fault{
	{"a mail is deleted", `delete from inbound where id = (select min(id) from inbound)`, verdict{lost: 1}},
	{"a conversation is deleted", `delete from conversations where id = (select min(id) from conversations)`, verdict{lost: 1}},
	{"a message is deleted", `delete from messages where id = (select min(id) from messages)`, verdict{lost: 1}},
	{"a mail is there twice", `
		insert into inbound (digest, due_at, received_at, helo, tls, envelope_from, recipients, size, state, raw)
		select sha256(digest), due_at, received_at, helo, tls, envelope_from, recipients, size, state, inbound_raw(i) from inbound i order by id limit 1`, verdict{doubled: 1}},
	{"a conversation is there twice", `
		insert into conversations (subject, requester_id, mailbox_id, channel, root)
		select subject, requester_id, mailbox_id, channel, root || '.again' from conversations order by id limit 1`, verdict{doubled: 1}},
	{"a message is there twice", `
		insert into messages (conversation_id, author_id, author_address, source, text, is_verified)
		select conversation_id, author_id, author_address, source, text, is_verified from messages order by id limit 1`, verdict{doubled: 1}},
	{"an octet of a mail is changed", `
		update inbound set raw = set_byte(raw, octet_length(raw) - 3, get_byte(raw, octet_length(raw) - 3) # 1)
		where id = (select min(id) from inbound)`, verdict{altered: 1}},
	{"a message has other words", `update messages set text = 'other words' where id = (select min(id) from messages)`, verdict{altered: 1}},
	{"an owner was not told", `delete from deliveries where id = (select min(id) from deliveries where purpose = 'staff_notice')`, verdict{lost: 1}},
	{"an owner was told twice", `
		insert into deliveries (purpose, kind, state, recipient, user_id, conversation_id, post_id, mailbox_id, author_id, bounce_name, id_name, automatic)
		select purpose, kind, 'failed', recipient, user_id, conversation_id, post_id, mailbox_id, author_id, -1, -1, automatic
		from deliveries where purpose = 'staff_notice' order by id limit 1`, verdict{doubled: 1}},
	{"a mail waits for ever", `update inbound set state = 'received' where id = (select min(id) from inbound)`, verdict{stuck: 1}},
	{"a mail failed", `update inbound set state = 'failed' where id = (select min(id) from inbound)`, verdict{stuck: 1}},
}

// control plants each fault and fails unless the check finds exactly that.
func control(ctx context.Context, db *database, sent []posted) error {
	missed := 0
	tell := func(name string, got, want verdict) {
		found := "found"
		if got != want {
			found = "NOT FOUND"
			missed++
		}
		fmt.Printf("control: %s: %s (%s)\n", name, found, got)
	}
	if err := db.forgetStrangers(ctx); err != nil {
		return err
	}
	f, err := db.findings(ctx)
	if err != nil {
		return err
	}
	v, _ := judge(append(slices.Clone(sent), posted{from: "nobody@" + senderDomain, acked: true}), f)
	tell("a mail was acknowledged that never came", v, verdict{lost: 1})
	for _, fault := range faults {
		got, err := db.plant(ctx, fault.sql, sent)
		if err != nil {
			return fmt.Errorf("%s: %w", fault.name, err)
		}
		tell(fault.name, got, fault.want)
	}
	if missed > 0 {
		return fmt.Errorf("the check missed %d of the planted faults", missed)
	}
	return nil
}

// forgetStrangers deletes what hostile clients have left, which is judged already:
// a fault that is planted there is nobody's.
func (db *database) forgetStrangers(ctx context.Context) error {
	_, err := db.conn.Exec(ctx, `
		set session_replication_role = replica;
		delete from messages where conversation_id in (select id from conversations where subject not like 'Proof %');
		delete from deliveries where conversation_id in (select id from conversations where subject not like 'Proof %');
		delete from conversations where subject not like 'Proof %';
		delete from inbound where envelope_from !~ '^u[0-9]+@`+senderDomain+`$';
		reset session_replication_role`)
	return err
}

// plant judges a database with a fault in it, and takes the fault back.
func (db *database) plant(ctx context.Context, sql string, sent []posted) (v verdict, err error) {
	tx, err := db.conn.Begin(ctx)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, tx.Rollback(ctx)) }()
	// Foreign keys would refuse some faults, or spread them.
	if _, err = tx.Exec(ctx, `set local session_replication_role = replica`); err != nil {
		return v, err
	}
	done, err := tx.Exec(ctx, sql)
	if err != nil {
		return v, err
	}
	if done.RowsAffected() != 1 {
		return v, errors.New("the fault could not be planted")
	}
	f, err := db.findings(ctx)
	v, _ = judge(sent, f)
	return v, err
}
