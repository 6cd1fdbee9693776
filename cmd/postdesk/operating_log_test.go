package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"postdesk/core"
	"postdesk/core/coretest"
)

// logLines keeps what the program logs.
type logLines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

// of gives the lines with a message, each as it was read as JSON.
func (l *logLines) of(t *testing.T, message string) (found []map[string]any) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.all.String()) {
		var said map[string]any
		if err := json.Unmarshal([]byte(line), &said); err != nil {
			t.Fatalf("no JSON: %s", line)
		}
		if said["msg"] == message {
			found = append(found, said)
		}
	}
	return found
}

// eventKeys are the events of mail that logs.md promises, with their keys.
func eventKeys(t *testing.T) map[string][]string {
	t.Helper()
	events := map[string][]string{}
	last := []string(nil)
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (?:info|warn|error) \\| (.*) \\|$").FindAllStringSubmatch(operating(t, "logs.md"), -1) {
		if row[2] != "the same" {
			last = nil
			for _, key := range strings.Split(row[2], ",") {
				last = append(last, strings.Trim(key, " `"))
			}
			slices.Sort(last)
		}
		events[row[1]] = last
	}
	return events
}

func TestEachEventOfAMailIsOneLineWithTheKeysThatAreDocumented(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	lines := &logLines{}
	s.stop()
	s.log = lines
	s.at, s.stop = s.start()

	m := s.file(letter{From: "Cara <cara@acme.test>", Subject: "A secret subject", Text: "Words that nobody logs."})
	ack := s.got("cara@acme.test", "has reached us")
	if _, err := s.tryMail(letter{From: "cara@acme.test", To: []string{"nobody@desk.test"}, Text: "Two."}); err == nil {
		t.Error("a mail to nobody was taken")
	}
	s.file(letter{From: "eve@strict.test", Text: "A forged one."})
	s.quiet()
	s.stop() // what is logged after its commit is written by now

	documented := eventKeys(t)
	wanted := map[string]int{"mail accepted": 2, "mail filed": 1, "mail suspended": 1, "recipient refused": 1, "mail sent": 2, "mail deferred": 0, "mail failed": 0, "mail parked": 0}
	for message, n := range wanted {
		found := lines.of(t, message)
		if len(found) != n {
			t.Errorf("%q is logged %d times, want %d: %v", message, len(found), n, found)
		}
		for _, said := range found {
			keys := slices.Sorted(maps.Keys(said))
			keys = slices.DeleteFunc(keys, func(k string) bool { return k == "time" || k == "level" || k == "msg" })
			if !slices.Equal(keys, documented[message]) {
				t.Errorf("%q has the keys %v, and logs.md says %v", message, keys, documented[message])
			}
		}
	}
	s.want("the number of the mail that was filed", lines.of(t, "mail filed")[0]["inbound"], m["id"])
	s.want("where it was filed", lines.of(t, "mail filed")[0]["conversation"], m["case_id"])
	token, _, _ := strings.Cut(strings.TrimPrefix(ack.replyTo(), "support+"), "@")
	for _, secret := range []string{"secret subject", "Words that nobody logs", token, "/accept/"} {
		if strings.Contains(lines.all.String(), secret) {
			t.Errorf("the log says %q", secret)
		}
	}
}

func TestReadinessSaysWhyWorkShouldGoElsewhere(t *testing.T) {
	t.Parallel()
	ask := func(h *health, path string) (int, string) {
		mux := http.NewServeMux()
		h.add(mux)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		body, _ := io.ReadAll(w.Body)
		return w.Code, strings.TrimSpace(string(body))
	}
	check := func(h *health, code int, words string) {
		t.Helper()
		h.asked = time.Time{} // an answer is given again for a second
		if got, said := ask(h, "/readyz"); got != code || said != words {
			t.Errorf("/readyz: %d %q, want %d %q", got, said, code, words)
		}
		if got, _ := ask(h, "/healthz"); got != 200 {
			t.Errorf("/healthz: %d while the process lives", got)
		}
	}
	d := coretest.OpenDesk(t, core.Config{})
	h := &health{desk: d.Desk, pool: d.Pool}
	check(h, 200, "ok")
	d.Exec(t, `delete from goose_db_version where version_id = (select max(version_id) from goose_db_version)`)
	check(h, 503, notReadySchema)
	d.Exec(t, `insert into goose_db_version (version_id, is_applied) values (99999, true)`)
	check(h, 200, "ok") // a newer program's, in a rolling upgrade

	away, err := pgxpool.New(t.Context(), "postgres://nobody@127.0.0.1:9/none?connect_timeout=1")
	if err != nil {
		t.Fatal(err)
	}
	defer away.Close()
	check(&health{desk: d.Desk, pool: away}, 503, notReadyDatabase)

	// It says no before what it serves ends.
	parent, stop := context.WithCancel(t.Context())
	running, end := h.endLater(parent, time.Hour)
	defer end()
	stop()
	for deadline := time.Now().Add(10 * time.Second); !h.stopping.Load() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	check(h, 503, notReadyStopping)
	if running.Err() != nil {
		t.Error("the listeners close at once")
	}
	at := &health{desk: d.Desk, pool: d.Pool}
	parent, stop = context.WithCancel(t.Context())
	running, end = at.endLater(parent, 0)
	defer end()
	stop()
	<-running.Done()
	check(at, 503, notReadyStopping)
}
