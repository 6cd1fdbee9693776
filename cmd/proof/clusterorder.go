package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// steps is how often each side of a conversation writes.
const steps = 10

// inOrder lets conversations go on, each step at another gateway than the one
// before, and fails unless both sides read them in the order in which they were
// written. It tells how many connections were open at once to the one destination.
func (k *cluster) inOrder(ctx context.Context) (most int64, err error) {
	if err := together(k.Threads, func(n int) error { return k.thread(ctx, k.owner, n) }); err != nil {
		return 0, err
	}
	db, err := k.fleet.look(ctx)
	if err != nil {
		return 0, err
	}
	defer db.close()
	if err := db.awaitSent(ctx); err != nil {
		return 0, err
	}
	if err := k.readInOrder(ctx, db); err != nil {
		return 0, err
	}
	written, err := db.written(ctx)
	if err != nil {
		return 0, err
	}
	came := k.book.came()
	swapped := outOfOrder(came, written)
	fmt.Printf("%d conversations of %d steps of each side; %d of %d answers came before one that was written earlier; at most %d connections at once from all gateways\n",
		k.Threads, steps, swapped, k.Threads*steps, k.book.most.Load())
	switch {
	case swapped > 0:
		return 0, fmt.Errorf("%d answers overtook one of their conversation", swapped)
	case k.book.most.Load() > defaultConnections:
		return 0, fmt.Errorf("%d connections at once to one destination, %d are allowed", k.book.most.Load(), defaultConnections)
	case k.Control:
		err = controlOrder(came, written)
	}
	return k.book.most.Load(), err
}

// thread is one conversation. A step of the customer is brought after the 250 to the
// one before, an answer is written after the API has taken the one before.
func (k *cluster) thread(ctx context.Context, owner *colleague, n int) error {
	doors, panels := k.which("smtp"), k.which("web")
	first := compose(fmt.Sprintf("thread%d", k.Seed), 700_000+n, 600, "")
	if err := bringTo(ctx, doors[n%len(doors)], first); err != nil {
		return err
	}
	id, err := k.fleet.conversation(ctx, first.subject)
	if err != nil {
		return err
	}
	for step := range steps {
		m := first
		m.raw = fmt.Appendf(nil, "From: <%s>\r\nTo: <%s>\r\nSubject: Re: %s\r\nDate: Mon, 02 Jan 2006 15:04:05 +0000\r\nMessage-ID: <step%d.%d.%d@%s>\r\nIn-Reply-To: <thread%[5]d.%d@%[7]s>\r\n\r\nStep %03[4]d.\r\n",
			first.from, mailbox, first.subject, step, k.Seed, 700_000+n, senderDomain)
		if err := bringTo(ctx, doors[(n+step)%len(doors)], m); err != nil {
			return err
		}
		status, err := owner.call(ctx, panels[(n+step)%len(panels)], http.MethodPost, "/cases/"+id+"/reply", map[string]string{"contents": fmt.Sprintf("Answer %03d.", step)}, nil)
		if err != nil || status != http.StatusCreated {
			return fmt.Errorf("an answer is told %d: %w", status, err)
		}
	}
	return nil
}

func bringTo(ctx context.Context, g *gateway, m mail) error {
	line, err := dial(ctx, g.at.smtp)
	if err != nil {
		return err
	}
	defer line.close()
	return line.send(m.from, m.raw)
}

// readInOrder fails unless the steps of each customer stand in their conversation in
// the order of their 250s.
func (k *cluster) readInOrder(ctx context.Context, db *database) error {
	if err := db.awaitFiled(ctx, 0); err != nil {
		return err
	}
	rows, err := db.conn.Query(ctx, `
		select string_agg(substring(text from 'Step (\d+)'), ' ' order by created_at, id) from messages where text ~ '^Step \d+' group by conversation_id`)
	if err != nil {
		return err
	}
	threads, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	whole := 0
	for _, t := range threads {
		numbers := strings.Fields(t)
		if len(numbers) == steps && slices.IsSorted(numbers) {
			whole++
		}
	}
	if whole != k.Threads || len(threads) != k.Threads {
		return fmt.Errorf("%d of %d conversations hold all steps of their customer in order: %q", whole, k.Threads, threads)
	}
	return nil
}

// A letterTo is an answer as it was written: to whom, and which in the order of all.
type letterTo struct {
	ID     string // Message-ID
	Place  int64
	Thread string // conversation and recipient
}

// written are the answers that staff wrote.
func (db *database) written(ctx context.Context) ([]letterTo, error) {
	rows, err := db.conn.Query(ctx, `
		select trim(both '<>' from message_id), id, conversation_id || ' ' || recipient from deliveries where purpose = 'reply' and message_id is not null order by id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[letterTo])
}

// came are the Message-IDs of all mail in the order in which it was there.
func (b *book) came() (ids []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := complete(b.transmissions)
	slices.SortStableFunc(list, func(x, y *transmission) int { return x.dot.Compare(y.dot) })
	for _, t := range list {
		ids = append(ids, t.id)
	}
	return ids
}

// outOfOrder counts mails that came after one of their thread that was written later.
func outOfOrder(came []string, written []letterTo) (n int) {
	byID, last := map[string]letterTo{}, map[string]int64{}
	for _, w := range written {
		byID[w.ID] = w
	}
	for _, id := range came {
		if w, ok := byID[id]; ok {
			n += one(w.Place < last[w.Thread])
			last[w.Thread] = max(last[w.Thread], w.Place)
		}
	}
	return n
}

// controlOrder lets two answers of one conversation change places.
func controlOrder(came []string, written []letterTo) error {
	pair := slices.MinFunc(written, func(a, b letterTo) int { return cmp.Compare(a.Place, b.Place) })
	for _, w := range written {
		if w.Thread == pair.Thread && w.ID != pair.ID {
			swapped := slices.Clone(came)
			i, j := slices.Index(came, pair.ID), slices.Index(came, w.ID)
			if i < 0 || j < 0 {
				return fmt.Errorf("an answer never came")
			}
			swapped[i], swapped[j] = came[j], came[i]
			if outOfOrder(swapped, written) == 0 {
				return fmt.Errorf("the check missed two answers that changed places")
			}
			fmt.Println("control: two answers changed places: found")
			return nil
		}
	}
	return fmt.Errorf("no conversation has two answers")
}
