package main

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// A verdict counts mails, each once for each fault that it has.
type verdict struct {
	lost    int // acknowledged, and no mail, conversation or message is there
	doubled int // more than one is there, or one that nobody sent
	altered int // other bytes, or a message of other words or another author
	stuck   int // not filed in the end
}

func (v verdict) String() string {
	return fmt.Sprintf("%d lost, %d doubled, %d altered, %d stuck", v.lost, v.doubled, v.altered, v.stuck)
}

// Findings are what the gateway's database holds.
type findings struct {
	mails    []storedMail
	messages []storedMessage
}

type storedMail struct {
	From   string
	State  string
	Digest [sha256.Size]byte // of the raw mail
}

// A storedMessage is a message in its conversation. Message is 0 for a
// conversation without one.
type storedMessage struct {
	Conversation, Message int64
	Subject               string
	Author                string
	HasSubject            bool // its text holds the subject, which is the first line of every mail
}

// judge compares what was acknowledged with what is there. A mail that is there
// and was not acknowledged is none of its business: its sender will repeat it.
// It tells of each faulty mail in a line.
func judge(sent []posted, found findings) (v verdict, faulty []string) {
	mails := map[string][]storedMail{}
	for _, m := range found.mails {
		mails[m.From] = append(mails[m.From], m)
	}
	messages := map[string][]storedMessage{}
	for _, m := range found.messages {
		messages[m.Subject] = append(messages[m.Subject], m)
	}
	for _, p := range sent {
		one := verdict{}
		if p.acked {
			one = judgeOne(p, mails[p.from], messages[p.subject])
		}
		if one != (verdict{}) {
			v.add(one)
			faulty = append(faulty, p.subject+" "+one.String())
		}
		delete(mails, p.from)
		delete(messages, p.subject)
	}
	for from := range mails {
		v.doubled++
		faulty = append(faulty, "a mail from "+from+" that nobody sent")
	}
	for subject := range messages {
		v.doubled++
		faulty = append(faulty, "a conversation that nobody wrote: "+subject)
	}
	return v, faulty
}

func (v *verdict) add(o verdict) {
	v.lost += o.lost
	v.doubled += o.doubled
	v.altered += o.altered
	v.stuck += o.stuck
}

func judgeOne(p posted, mails []storedMail, messages []storedMessage) verdict {
	var lost, doubled, altered, stuck bool
	lost, doubled = len(mails) == 0, len(mails) > 1
	for _, m := range mails {
		altered = altered || m.Digest != p.digest
		stuck = stuck || m.State != "success"
	}
	conversations, count := map[int64]bool{}, 0
	for _, m := range messages {
		conversations[m.Conversation] = true
		if m.Message != 0 {
			count++
			altered = altered || m.Author != p.from || !m.HasSubject
		}
	}
	if !stuck { // who is not filed has no conversation yet
		lost = lost || len(conversations) == 0 || count == 0
	}
	doubled = doubled || len(conversations) > 1 || count > 1
	return verdict{one(lost), one(doubled), one(altered), one(stuck)}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// findings reads all mails, conversations and messages.
func (db *database) findings(ctx context.Context) (f findings, err error) {
	rows, err := db.conn.Query(ctx, `select envelope_from, state, sha256(coalesce(raw, '')) from inbound`)
	if err != nil {
		return f, err
	}
	f.mails, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (m storedMail, err error) {
		var digest []byte
		err = row.Scan(&m.From, &m.State, &digest)
		copy(m.Digest[:], digest)
		return m, err
	})
	if err != nil {
		return f, err
	}
	rows, err = db.conn.Query(ctx, `
		select c.id, coalesce(m.id, 0), c.subject, coalesce(m.author_address, ''), coalesce(position(c.subject in m.text) > 0, false)
		from conversations c left join messages m on m.conversation_id = c.id`)
	if err != nil {
		return f, err
	}
	f.messages, err = pgx.CollectRows(rows, pgx.RowToStructByPos[storedMessage])
	return f, err
}
