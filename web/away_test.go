package web

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// R9: who asks while the database is away is told to ask again.
func TestADatabaseThatIsAwayIsNoFaultOfOurs(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	lost := fmt.Errorf("read the inbox: %w", io.ErrUnexpectedEOF)
	page := httptest.NewRecorder()
	w.server.fail(&visit{w: page, r: httptest.NewRequest(http.MethodGet, "/agent", nil)}, lost)
	if page.Code != http.StatusServiceUnavailable || page.Header().Get("Retry-After") != "5" ||
		!strings.Contains(page.Body.String(), "Our database cannot be reached.") || strings.Contains(page.Body.String(), "EOF") {
		t.Errorf("a page: %d %q %s", page.Code, page.Header().Get("Retry-After"), page.Body)
	}
	status, problems := refusal(lost)
	if status != http.StatusServiceUnavailable || len(problems) != 1 || problems[0].Code != "DATABASE_UNREACHABLE" || strings.Contains(problems[0].Message, "EOF") {
		t.Errorf("the API: %d %v", status, problems)
	}
}
