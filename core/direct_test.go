package core_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"postdesk/core"
	"postdesk/core/coretest"
)

// behindPooler opens a desk whose pool speaks as one behind a pooler must.
func behindPooler(t *testing.T, url string, direct bool) *core.Desk {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	past := cfg.ConnConfig.Copy()
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	settings := core.Config{RelaySet: true}
	if direct {
		settings.Direct = past
	}
	d, err := core.Open(t.Context(), pool, settings)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestLanesBehindAPoolerAreCountedOverAllProcessesPastIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		direct bool
		second error
	}{{true, core.ErrNoWork}, {false, nil}} {
		url := coretest.URL(t)
		here, there := behindPooler(t, url, c.direct).OpenLanes(1, true), behindPooler(t, url, c.direct).OpenLanes(1, true)
		defer here.Close()
		defer there.Close()
		if _, err := here.Take(t.Context(), core.Demand{Destination: "a.test"}); err != nil {
			t.Fatal(err)
		}
		if _, err := there.Take(t.Context(), core.Demand{Destination: "a.test"}); !errors.Is(err, c.second) {
			t.Errorf("direct %t: the second lane: %v, want %v", c.direct, err, c.second)
		}
	}
}

func TestPagesBehindAPoolerLookForThemselvesWhereNothingIsHeard(t *testing.T) {
	t.Parallel()
	d := behindPooler(t, coretest.URL(t), false)
	go d.Listen(t.Context())
	agent := core.Actor{ID: 1, Role: core.RoleAgent, Enabled: true}
	w, err := d.Watch(t.Context(), agent, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	select {
	case <-w.Changed():
	case <-time.After(30 * time.Second):
		t.Fatal("nobody looked")
	}
	if _, many := w.Take(); !many {
		t.Error("what changed is not known, but it was named")
	}
}
