package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A verdict counts mails, each once for each fault that it has.
type verdict struct {
	lost    int // acknowledged, and no mail, conversation or message is there, or nobody was told
	doubled int // more than one is there, or one that nobody sent, or somebody was told twice
	altered int // other bytes or recipients, or a message of other words or another author
	stuck   int // not filed in the end
}

func (v verdict) String() string {
	return fmt.Sprintf("%d lost, %d doubled, %d altered, %d stuck", v.lost, v.doubled, v.altered, v.stuck)
}

// Findings are what the gateway's database holds.
type findings struct {
	mails    []storedMail
	messages []storedMessage
	owners   []string       // who must be told of each new conversation, once
	notices  []storedNotice // all outgoing mail about conversations
}

type storedMail struct {
	From   string
	State  string
	Digest [sha256.Size]byte // of the raw mail
	To     string            // all recipients
}

func (m storedMail) String() string { return fmt.Sprintf("%s %x to %s", m.State, m.Digest[:4], m.To) }

// A storedNotice counts the mails of one purpose to one person about one subject.
type storedNotice struct {
	Subject, Purpose, To string
	Count                int
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
	notices := map[string][]storedNotice{}
	for _, n := range found.notices {
		notices[n.Subject] = append(notices[n.Subject], n)
	}
	for _, p := range sent {
		one := verdict{}
		if p.acked {
			one = judgeOne(p, mails[p.from], messages[p.subject])
			if one.stuck+one.lost == 0 {
				one.judgeNotices(found.owners, notices[p.subject])
			}
		}
		if one != (verdict{}) {
			v.add(one)
			faulty = append(faulty, fmt.Sprintf("%s %s; stored %v, filed %v", p.subject, one, mails[p.from], messages[p.subject]))
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

// judgeNotices: each owner is told once of a new conversation, and nobody is told
// anything twice.
func (v *verdict) judgeNotices(owners []string, notices []storedNotice) {
	told := map[string]bool{}
	for _, n := range notices {
		if n.Count > 1 {
			v.doubled = 1
		}
		told[n.To] = told[n.To] || n.Purpose == "staff_notice"
	}
	for _, owner := range owners {
		if !told[owner] {
			v.lost = 1
		}
	}
}

func judgeOne(p posted, mails []storedMail, messages []storedMessage) verdict {
	var lost, doubled, altered, stuck bool
	lost = len(mails) == 0
	rows, to := 0, map[string]bool{}
	for _, m := range mails {
		altered = altered || m.Digest != p.digest && !slices.Contains(p.versions, m.Digest) || p.to != "" && !within(m.To, p.to)
		doubled = doubled || to[m.To] && len(p.versions) == 0
		to[m.To] = true
		if m.State != "rejected" || !p.mayComeTwice() {
			rows++
			stuck = stuck || m.State != "success"
		}
	}
	doubled = doubled || rows > 1
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

// mayComeTwice tells a mail of which a second row may say that it is the same by
// another way (mail-law section 7). The sender changed it on its way, or the gateway
// took it pipelined for some of its recipients only, refusing others for the moment,
// and the sender brought it again to all.
func (p posted) mayComeTwice() bool {
	return len(p.versions) > 0 || p.later+p.unknown > 0 && p.to != ""
}

// within: all recipients of one are among those of the other.
func within(some, all string) bool {
	of := strings.Split(all, ",")
	for each := range strings.SplitSeq(some, ",") {
		if !slices.Contains(of, each) {
			return false
		}
	}
	return true
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// findings reads all mails, conversations and messages.
func (db *database) findings(ctx context.Context) (f findings, err error) {
	rows, err := db.conn.Query(ctx, `select envelope_from, state, sha256(coalesce(inbound_raw(i), '')), array_to_string(recipients, ',') from inbound i`)
	if err != nil {
		return f, err
	}
	f.mails, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (m storedMail, err error) {
		var digest []byte
		err = row.Scan(&m.From, &m.State, &digest, &m.To)
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
	if f.messages, err = pgx.CollectRows(rows, pgx.RowToStructByPos[storedMessage]); err != nil {
		return f, err
	}
	return f, db.findNotices(ctx, &f)
}

func (db *database) findNotices(ctx context.Context, f *findings) error {
	rows, err := db.conn.Query(ctx, `
		select address from addresses a join users u on u.id = a.user_id where a.is_primary and u.enabled and u.role = 'owner'`)
	if err != nil {
		return err
	}
	if f.owners, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return err
	}
	rows, err = db.conn.Query(ctx, `
		select c.subject, d.purpose, d.recipient, count(*)
		from deliveries d join conversations c on c.id = d.conversation_id group by 1, 2, 3`)
	if err != nil {
		return err
	}
	f.notices, err = pgx.CollectRows(rows, pgx.RowToStructByPos[storedNotice])
	return err
}
