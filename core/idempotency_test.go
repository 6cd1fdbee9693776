package core_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestARepeatedRequestWaitsForTheFirstAnswer(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent := d.Agent(t, "a@x.test")
	if first, err := d.BeginAnswer(t.Context(), agent, "k", []byte("r")); first != nil || err != nil {
		t.Fatalf("the first request is told %v, %v", first, err)
	}
	// One that cannot wait learns nothing, and nothing is done.
	hurried, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if got, err := d.BeginAnswer(hurried, agent, "k", []byte("r")); got != nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while the first runs: %v, %v", got, err)
	}
	type result struct {
		answer *core.Answer
		err    error
	}
	second := make(chan result, 1)
	go func() {
		got, err := d.BeginAnswer(t.Context(), agent, "k", []byte("r"))
		second <- result{got, err}
	}()
	if err := d.FinishAnswer(t.Context(), agent, "k", core.Answer{Status: 201, Body: []byte("made")}); err != nil {
		t.Fatal(err)
	}
	got := <-second
	if got.err != nil || got.answer == nil || got.answer.Status != 201 || string(got.answer.Body) != "made" {
		t.Errorf("the second request is told %+v, %v", got.answer, got.err)
	}
}

func TestAKeyBelongsToOnePersonAndOneRequest(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent, other := d.Agent(t, "a@x.test"), d.Agent(t, "b@x.test")
	for _, who := range []core.Actor{agent, other} {
		if first, err := d.BeginAnswer(t.Context(), who, "k", []byte("r")); first != nil || err != nil {
			t.Fatalf("%s is told %v, %v", who.Name, first, err)
		}
	}
	if _, err := d.BeginAnswer(t.Context(), agent, "k", []byte("another")); !errors.Is(err, core.ErrConflict) {
		t.Errorf("another request: %v", err)
	}
}

func TestAnAnswerIsKeptOnce(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent := d.Agent(t, "a@x.test")
	if _, err := d.BeginAnswer(t.Context(), agent, "k", []byte("r")); err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"first", "late"} {
		if err := d.FinishAnswer(t.Context(), agent, "k", core.Answer{Status: 200, Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := d.BeginAnswer(t.Context(), agent, "k", []byte("r"))
	if err != nil || got == nil || string(got.Body) != "first" {
		t.Errorf("%+v, %v", got, err)
	}
}
