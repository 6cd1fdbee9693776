package core_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/core/coretest"
)

// hear waits for what a watch brings, and takes it.
func hear(t *testing.T, w *core.Watch) (ids []core.ConversationID, many bool) {
	t.Helper()
	select {
	case <-w.Changed():
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was heard")
	}
	return w.Take()
}

// watchAs watches, from a desk that has listened since before.
func watchAs(t *testing.T, d *core.Desk, actor core.Actor, id core.ConversationID) *core.Watch {
	t.Helper()
	w, err := d.Watch(t.Context(), actor, id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func TestAChangeIsHeardByAnotherProcessOfTheSameDatabase(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	other, err := core.Open(t.Context(), d.Pool, core.Config{})
	if err != nil {
		t.Fatal(err)
	}
	abe := d.Agent(t, "abe@desk.test")
	one, two := d.Conversation(t, d.Customer(t, "cara@acme.test"), "one"), d.Conversation(t, d.Customer(t, "cole@acme.test"), "two")
	all, ofOne := watchAs(t, other, abe, 0), watchAs(t, other, abe, one)
	for _, desk := range []*core.Desk{d.Desk, other} {
		go desk.Listen(t.Context())
	}
	for _, w := range []*core.Watch{all, ofOne} { // that the other process listens now
		if _, many := hear(t, w); !many {
			t.Error("what was missed before listening began is not told")
		}
	}
	for _, id := range []core.ConversationID{two, one} {
		if _, err := d.AddNote(t.Context(), abe, id, "a note"); err != nil {
			t.Fatal(err)
		}
	}
	if ids, many := hear(t, ofOne); many || !slices.Equal(ids, []core.ConversationID{one}) {
		t.Errorf("the watch of #%d hears %v, %v", one, ids, many)
	}
	var heard []core.ConversationID
	for len(heard) < 2 {
		ids, _ := hear(t, all)
		heard = append(heard, ids...)
	}
	if slices.Sort(heard); !slices.Equal(heard, []core.ConversationID{one, two}) {
		t.Errorf("the watch of all hears %v", heard)
	}
}

func TestASlowWatchMissesNothingAndHoldsLittle(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	abe, cara := d.Agent(t, "abe@desk.test"), d.Customer(t, "cara@acme.test")
	id := d.Conversation(t, cara, "one")
	all, one := watchAs(t, d.Desk, abe, 0), watchAs(t, d.Desk, abe, id)
	for range 3 {
		if _, err := d.AddNote(t.Context(), abe, id, "a note"); err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range []*core.Watch{all, one} {
		if ids, many := hear(t, w); many || !slices.Equal(ids, []core.ConversationID{id}) {
			t.Errorf("three notes are heard as %v, %v", ids, many)
		}
		if ids, many := w.Take(); len(ids) > 0 || many {
			t.Errorf("what was taken comes again: %v, %v", ids, many)
		}
	}
}

func TestAllWatchesEndWithTheListening(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	abe := d.Agent(t, "abe@desk.test")
	before := watchAs(t, d.Desk, abe, 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d.Listen(ctx)
	for _, w := range []*core.Watch{before, watchAs(t, d.Desk, abe, 0)} {
		select {
		case <-w.Ended():
		default:
			t.Error("a watch goes on though nobody listens any more")
		}
	}
}

func TestNobodyWatchesWhatTheyMayNotView(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara, abe := d.Customer(t, "cara@acme.test"), d.Agent(t, "abe@desk.test")
	abe.Rights.Access = core.AccessOwn
	id := d.Conversation(t, cara, "one")
	for who, actor := range map[string]core.Actor{"a customer": cara, "an agent without access": abe} {
		if _, err := d.Watch(t.Context(), actor, id); err == nil {
			t.Errorf("%s watches", who)
		}
	}
	if seen, err := d.Viewable(t.Context(), abe, []core.ConversationID{id}); err != nil || len(seen) > 0 {
		t.Errorf("an agent without access is told of %v, %v", seen, err)
	}
}
