package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5/middleware"
)

// observed tells of each answer, however it ended: with a panic too, which the net
// around it turns into an answer of its own.
func (s *server) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		seen := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		status := http.StatusInternalServerError
		defer func() {
			took := time.Since(began)
			if strings.HasPrefix(seen.Header().Get("Content-Type"), "text/event-stream") {
				took = 0
			}
			s.answered(routeOf(r), r.Method, status, took)
		}()
		next.ServeHTTP(seen, r)
		if status = seen.Status(); status == 0 {
			status = http.StatusOK // nothing was written
		}
	})
}
