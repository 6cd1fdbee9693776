package main

import (
	"testing"
	"time"
)

func TestTimingsAreComparedByMediansAndPairs(t *testing.T) {
	t.Parallel()
	if q := quartiles([]time.Duration{9, 1, 5, 3, 7}); q != [3]time.Duration{3, 5, 7} {
		t.Errorf("quartiles %v", q)
	}
	for _, c := range []struct {
		a, b []time.Duration
		want float64
	}{{[]time.Duration{1, 2}, []time.Duration{1, 2}, 0.5}, {[]time.Duration{5, 6}, []time.Duration{1, 2}, 1}, {[]time.Duration{1}, []time.Duration{2}, 0}} {
		if got := slower(c.a, c.b); got != c.want {
			t.Errorf("%v slower than %v: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestTheTimingMeasuresTheRealGateway(t *testing.T) {
	t.Parallel()
	c := timingCommand{Tries: 3, Timeout: 5 * time.Minute}
	if err := c.Run(t.Context(), &commands{}); err != nil {
		t.Fatal(err)
	}
}
