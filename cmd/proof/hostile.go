package main

import (
	"context"
	"sync"
	"time"
)

// talkNonsense holds so many spoilt dialogues a second with a gateway that may be
// dead for moments, until ctx ends (reliability A50). What comes of them is not
// looked at here: whoever lets it run judges the honest mail beside it.
func talkNonsense(ctx context.Context, addr string, seed uint64, rate int) {
	if rate <= 0 {
		return
	}
	const atOnce = 8
	var talking sync.WaitGroup
	defer talking.Wait()
	room := make(chan struct{}, atOnce)
	clock := time.NewTicker(time.Second / time.Duration(rate))
	defer clock.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
		select {
		case room <- struct{}{}:
		default:
			continue // enough of them wait for answers
		}
		talking.Go(func() {
			defer func() { <-room }()
			_, _ = chat(addr, converse(seed, n)) // it may be cut off by a kill
		})
	}
}
