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

func TestABatchGoesOnAsLongAsSomebodyWaitsForIt(t *testing.T) {
	t.Parallel()
	begun, ended := make(chan struct{}, 2), make(chan struct{}, 2)
	c := combiner[string, int]{most: 2, runs: 1, key: func(s string) string { return s }}
	goOn := make(chan struct{})
	c.do = func(ctx context.Context, batch []string) []outcome[int] {
		begun <- struct{}{}
		select {
		case <-goOn:
		case <-ctx.Done():
			ended <- struct{}{}
		}
		return make([]outcome[int], len(batch))
	}
	alone, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { _, err := c.join(alone, "alone"); left <- err }()
	<-begun
	both := make(chan error, 2)
	impatient, give := context.WithCancel(t.Context())
	go func() { _, err := c.join(impatient, "impatient"); both <- err }()
	go func() { _, err := c.join(t.Context(), "patient"); both <- err }()
	for waiting := 0; waiting < 2; {
		c.mu.Lock()
		waiting = len(c.waiting)
		c.mu.Unlock()
	}
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who left was told %v", err)
	}
	<-ended // nobody waited for the first batch any more
	<-begun
	give()
	if err := <-both; !errors.Is(err, context.Canceled) {
		t.Errorf("the impatient one was told %v", err)
	}
	close(goOn)
	if err := <-both; err != nil {
		t.Errorf("the patient one was told %v", err)
	}
	if len(ended) != 0 {
		t.Error("the second batch was cancelled although somebody waited for it")
	}
}
