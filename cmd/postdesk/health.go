package main

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"postdesk/core"
	"postdesk/migrations"
)

// health tells balancers and supervisors how this process does. /healthz answers
// while it lives; /readyz says whether it should be given work, and if not, why:
// in fixed words, for strangers may ask too.
type health struct {
	desk     *core.Desk
	pool     *pgxpool.Pool
	stopping atomic.Bool

	mu     sync.Mutex
	asked  time.Time
	reason string // why it is not ready, as it was a moment ago
}

// readyFor is how long an answer of the database is given again: many may ask.
const readyFor = time.Second

const (
	notReadyStopping = "this process is stopping"
	notReadyDatabase = "the database cannot be reached"
	notReadySchema   = "the database's schema is older than this program: run postdesk migrate"
	notReadyReadOnly = "the database takes no writes"
	notReadySettings = "the database could forget what it has committed: postdesk check tells why"
)

// before answers /healthz and /readyz before the panel does. Metrics and profiles
// are on the internal listener only.
func (h *health) before(panel http.Handler) http.Handler {
	mux := http.NewServeMux()
	h.add(mux)
	mux.Handle("/", panel)
	return mux
}

// endLater gives a context that ends so long after its parent: meanwhile /readyz says
// no and everything else goes on, so that balancers send nobody here any more when
// the listeners close.
func (h *health) endLater(parent context.Context, delay time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	forget := context.AfterFunc(parent, func() {
		h.stopping.Store(true)
		tellSystemd("STOPPING=1")
		select {
		case <-time.After(delay):
		case <-ctx.Done():
		}
		cancel()
	})
	return ctx, func() { forget(); cancel() }
}

func (h *health) add(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if reason := h.notReady(r.Context()); reason != "" {
			w.Header().Set("Retry-After", "5")
			http.Error(w, reason, http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	})
}

// notReady gives the reason, "" for none.
func (h *health) notReady(ctx context.Context) string {
	if h.stopping.Load() {
		return notReadyStopping
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.asked) >= readyFor {
		// Not by the context of who asks: the next one is given the answer too.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		h.reason = h.ask(ctx)
		h.asked = time.Now()
	}
	return h.reason
}

func (h *health) ask(ctx context.Context) string {
	var schema int64
	var standby bool
	err := h.pool.QueryRow(ctx, `select (select max(version_id) from goose_db_version), pg_is_in_recovery()`).Scan(&schema, &standby)
	switch {
	case err != nil:
		return notReadyDatabase
	case schema < migrations.Newest(): // a newer one is a rolling upgrade
		return notReadySchema
	case standby:
		return notReadyReadOnly
	case h.desk.Ready(ctx) != nil:
		return notReadySettings
	}
	return ""
}
