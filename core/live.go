package core

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// This file tells pages which conversations changed. What is told is ids alone, and
// a hint like a bell: who missed one sees the change at the next reload.

const (
	// liveChannel carries "origin id id …" between the processes of one database.
	liveChannel = "postdesk_changed"
	// tellEvery spaces the NOTIFYs of a process. PostgreSQL lets commits with one
	// through one at a time, so filing a mail never waits for its own.
	tellEvery = 100 * time.Millisecond
	// mostTold are told one by one; of more it is told that much changed.
	mostTold = 200
)

// changedIDs are conversations, or too many to name.
type changedIDs struct {
	ids  map[ConversationID]bool
	many bool
}

func (c *changedIDs) add(ids []ConversationID, many bool) {
	if c.ids == nil {
		c.ids = map[ConversationID]bool{}
	}
	for _, id := range ids {
		c.ids[id] = true
	}
	if c.many = c.many || many || len(c.ids) > mostTold; c.many {
		c.ids = nil
	}
}

func (c *changedIDs) take() (ids []ConversationID, many bool) {
	ids, many = slices.Sorted(maps.Keys(c.ids)), c.many
	*c = changedIDs{}
	return ids, many
}

// live are the watchers of this process, and what other processes are not told yet.
type live struct {
	origin string // this desk among those of one database

	mu      sync.Mutex
	watches map[*Watch]bool
	ended   bool
	untold  changedIDs
	call    chan struct{}
}

func newLive() *live {
	return &live{origin: rand.Text(), watches: map[*Watch]bool{}, call: make(chan struct{}, 1)}
}

// A Watch hears which conversations change from its beginning on. A slow one misses
// none: what it did not take yet waits for it, as ids.
type Watch struct {
	live    *live
	of      ConversationID // 0: all
	changed chan struct{}
	ended   chan struct{}
	news    changedIDs // guarded by live.mu
}

// Watch begins to hear of a conversation or, with 0, of all. Whoever watches asks
// Viewable before telling anybody. ErrNotFound as for Conversation.
func (d *Desk) Watch(ctx context.Context, actor Actor, id ConversationID) (_ *Watch, err error) {
	defer wrap(&err, "watch conversation %d", id)
	if err := actor.Can(DoView); err != nil {
		return nil, err
	}
	if id != 0 {
		if seen, err := d.viewable(ctx, actor, []ConversationID{id}); err != nil || len(seen) == 0 {
			return nil, notSeen(err)
		}
	}
	return d.live.watch(id), nil
}

func notSeen(err error) error {
	if err == nil {
		return ErrNotFound
	}
	return err
}

// Viewable gives those of the conversations that the actor may view now.
// ErrNotFound for customers, ErrForbidden for the disabled.
func (d *Desk) Viewable(ctx context.Context, actor Actor, ids []ConversationID) (_ []ConversationID, err error) {
	defer wrap(&err, "viewable conversations")
	if err := actor.Can(DoView); err != nil {
		return nil, err
	}
	return d.viewable(ctx, actor, ids)
}

func (d *Desk) viewable(ctx context.Context, actor Actor, ids []ConversationID) ([]ConversationID, error) {
	args := actor.sight()
	args["ids"] = ids
	found, err := d.pool.Query(ctx, `select c.id from conversations c where c.id = any(@ids) and `+seesConversation+` order by c.id`, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, pgx.RowTo[ConversationID])
}

// Changed is ready when there is something to Take.
func (w *Watch) Changed() <-chan struct{} { return w.changed }

// Ended is closed when this process hears no more, because it is about to end.
func (w *Watch) Ended() <-chan struct{} { return w.ended }

// Take gives what changed since the last time, or tells that it is too much to name.
func (w *Watch) Take() (ids []ConversationID, many bool) {
	w.live.mu.Lock()
	defer w.live.mu.Unlock()
	return w.news.take()
}

// Close ends the watch.
func (w *Watch) Close() {
	w.live.mu.Lock()
	defer w.live.mu.Unlock()
	delete(w.live.watches, w)
}

func (l *live) watch(id ConversationID) *Watch {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := &Watch{live: l, of: id, changed: make(chan struct{}, 1), ended: make(chan struct{})}
	if l.ended {
		close(w.ended)
		return w
	}
	l.watches[w] = true
	return w
}

// end lets every watcher go.
func (l *live) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	for w := range l.watches {
		close(w.ended)
	}
	clear(l.watches)
}

// hear tells the watchers of this process.
func (l *live) hear(ids []ConversationID, many bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for w := range l.watches {
		mine := ids
		if w.of != 0 {
			if mine = nil; slices.Contains(ids, w.of) {
				mine = []ConversationID{w.of}
			}
		}
		if len(mine) == 0 && !many {
			continue
		}
		w.news.add(mine, many)
		ring(w.changed)
	}
}

// tell says what a committed transaction changed: to this process now, and to the
// others with the next NOTIFY.
func (l *live) tell(ids []ConversationID) {
	if len(ids) == 0 {
		return
	}
	l.hear(ids, false)
	l.mu.Lock()
	l.untold.add(ids, false)
	l.mu.Unlock()
	ring(l.call)
}

func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// tellOthers sends what is untold until ctx ends, and what is left then.
func (l *live) tellOthers(ctx context.Context, pool *pgxpool.Pool, failed func(error)) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-l.call:
		}
		sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		if err := l.send(sending, pool); err != nil {
			failed(err)
		}
		cancel()
		_ = pause(ctx, tellEvery)
	}
}

func (l *live) send(ctx context.Context, pool *pgxpool.Pool) error {
	l.mu.Lock()
	ids, many := l.untold.take()
	l.mu.Unlock()
	if len(ids) == 0 && !many {
		return nil
	}
	_, err := pool.Exec(ctx, `select pg_notify('`+liveChannel+`', $1)`, l.payload(ids, many))
	return err
}

// payload is at most 200 numbers of 19 digits: PostgreSQL takes 8000 octets.
func (l *live) payload(ids []ConversationID, many bool) string {
	words := []string{l.origin}
	if many {
		return l.origin + " *"
	}
	for _, id := range ids {
		words = append(words, strconv.FormatInt(int64(id), 10))
	}
	return strings.Join(words, " ")
}

// heard reads what another process told; its own it knows.
func (l *live) heard(payload string) error {
	words := strings.Fields(payload)
	if len(words) < 2 || words[0] == l.origin {
		return nil
	}
	if words[1] == "*" {
		l.hear(nil, true)
		return nil
	}
	ids := make([]ConversationID, 0, len(words)-1)
	for _, word := range words[1:] {
		id, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return fmt.Errorf("a notice of changes that is none: %w", err)
		}
		ids = append(ids, ConversationID(id))
	}
	l.hear(ids, false)
	return nil
}

// touch says that staff will see something new of a conversation, once the
// transaction is committed.
func touch(tx pgx.Tx, ids ...ConversationID) {
	u := tx.(*unit)
	for _, id := range ids {
		if id != 0 && !slices.Contains(u.changed, id) {
			u.changed = append(u.changed, id)
		}
	}
}

// touching touches the conversations that a put-off statement returns.
func touching(tx pgx.Tx, sql string, args ...any) {
	tx.(*unit).last.Queue(sql, args...).Query(func(found pgx.Rows) error {
		ids, err := pgx.CollectRows(found, pgx.RowTo[ConversationID])
		touch(tx, ids...)
		return err
	})
}

// touchDelivery touches the conversation of a mail, if it has one.
func touchDelivery(tx pgx.Tx, id DeliveryID) {
	touching(tx, `select conversation_id from deliveries where id = $1 and conversation_id is not null`, id)
}
