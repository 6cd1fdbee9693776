package core

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
)

// TestWhatComesWhileABatchRunsIsDoneTogether: the first piece goes alone, those
// that come while it is being done go in one batch.
func TestWhatComesWhileABatchRunsIsDoneTogether(t *testing.T) {
	t.Parallel()
	begun, goOn := make(chan struct{}, 10), make(chan struct{})
	var mu sync.Mutex
	var batches [][]string
	c := combiner[string, int]{most: 3, runs: 1, key: func(s string) string { return s[:1] }}
	c.do = func(_ context.Context, batch []string) []outcome[int] {
		begun <- struct{}{}
		<-goOn
		mu.Lock()
		defer mu.Unlock()
		batches = append(batches, batch)
		out := make([]outcome[int], len(batch))
		for i, s := range batch {
			out[i].out = len(s)
		}
		return out
	}
	var all sync.WaitGroup
	join := func(s string) {
		all.Go(func() {
			if n, err := c.join(t.Context(), s); err != nil || n != len(s) {
				t.Errorf("%q: %d, %v", s, n, err)
			}
		})
	}
	join("a")
	<-begun
	for _, s := range []string{"b", "bb", "c", "d", "e"} {
		join(s)
		for waits := 0; waits < 1; { // until it stands in line, so that the order is known
			c.mu.Lock()
			waits = len(c.waiting)
			if waits > 0 && c.waiting[len(c.waiting)-1].in != s {
				waits = 0
			}
			c.mu.Unlock()
		}
	}
	close(goOn)
	all.Wait()
	want := [][]string{{"a"}, {"b", "c", "d"}, {"bb", "e"}}
	if !slices.EqualFunc(batches, want, slices.Equal[[]string]) {
		t.Errorf("batches %v, want %v", batches, want)
	}
}

func TestWhoStopsWaitingIsToldSoAndTheWorkIsDone(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	goOn := make(chan struct{})
	c := combiner[int, int]{most: 1, runs: 1, key: func(int) string { return "" }}
	c.do = func(ctx context.Context, batch []int) []outcome[int] {
		<-goOn
		if ctx.Err() != nil {
			t.Error("the work was cancelled with the one who waited")
		}
		close(done)
		return make([]outcome[int], len(batch))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.join(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	close(goOn)
	<-done
}
