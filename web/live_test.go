package web

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"postdesk/core"
)

// A heard is an open stream.
type heard struct {
	*http.Response
	lines *bufio.Reader
}

// listen opens the stream of a path as a person.
func (w *site) listen(t *testing.T, who, path string) heard {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.root+w.at(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	if c := w.session(t, who); c != nil {
		r.AddCookie(c)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	h := heard{resp, bufio.NewReader(resp.Body)}
	if resp.StatusCode == http.StatusOK {
		if line, err := h.lines.ReadString('\n'); err != nil || line != "retry: 3000\n" {
			t.Fatalf("the stream begins with %q, %v", line, err)
		}
	}
	return h
}

// next is the data of the next event, "" when the stream ends.
func (h heard) next() string {
	for {
		line, err := h.lines.ReadString('\n')
		if data, is := strings.CutPrefix(line, "data: "); is || err != nil {
			return strings.TrimSpace(data)
		}
	}
}

func TestAnOpenPageHearsOfAMailAndOfANoteByNumbersAlone(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	list, page := w.listen(t, "agent", "/agent/events"), w.listen(t, "collaborator", "/agent/conversations/{conversation}/events")
	if kind := list.Header.Get("Content-Type"); kind != "text/event-stream; charset=utf-8" || list.Header.Get("X-Accel-Buffering") != "no" {
		t.Errorf("the stream is %q", kind)
	}
	w.mail(t, "another@acme.test", core.Proven)
	if got, want := list.next(), w.Text(t, `select max(id)::text from conversations`); got != want {
		t.Errorf("after a mail the list hears %q, want %q", got, want)
	}
	if got := w.ask(t, "agent", "/agent/conversations/{conversation}/note", map[string][]string{"note": {"SECRET-CANARY"}}); got.Status != http.StatusSeeOther {
		t.Fatalf("note: %d", got.Status)
	}
	if got := page.next(); got != w.names["{conversation}"] {
		t.Errorf("after a note the page hears %q", got)
	}
}

func TestAStreamIsForThoseWhoMayViewIt(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.Exec(t, `update roles set case_access = 'own' where role = 'agent'`)
	const page = "/agent/conversations/{conversation}/events"
	for _, c := range []struct {
		who, path string
		want      int
	}{
		{"", page, 401}, {"", "/agent/events", 401}, {"disabled", page, 401}, {"own", page, 404}, {"other", "/agent/events", 404},
		{"agent", page, 200}, // replied there, so it is theirs
		{"agent", "/agent/conversations/{spare}/events", 404}, {"agent", "/agent/conversations/999999/events", 404}, {"collaborator", page, 200},
	} {
		if got := w.listen(t, c.who, c.path); got.StatusCode != c.want {
			t.Errorf("%s as %q: %d, want %d", c.path, c.who, got.StatusCode, c.want)
		}
	}
}

func TestAListHearsNothingOfWhatItsReaderMayNotView(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.Exec(t, `update roles set case_access = 'own' where role = 'agent'`)
	list := w.listen(t, "agent", "/agent/events")
	w.mail(t, "unseen@acme.test", core.Proven)
	w.ask(t, "admin", "/agent/conversations/{spare}/note", map[string][]string{"note": {"unseen"}})
	w.ask(t, "admin", "/agent/conversations/{conversation}/note", map[string][]string{"note": {"seen"}})
	if got := list.next(); got != w.names["{conversation}"] {
		t.Errorf("heard of %q, want %q alone", got, w.names["{conversation}"])
	}
}

func TestAStreamEndsWithTheRightToIt(t *testing.T) {
	t.Parallel()
	for what, end := range map[string]func(w *site) error{
		"a disabled account": func(w *site) error { return w.DisableUser(t.Context(), w.people["owner"], w.people["agent"].ID) },
		"an ended session": func(w *site) error {
			_, err := w.Pool.Exec(t.Context(), `delete from sign_ins where user_id = $1`, w.people["agent"].ID)
			return err
		},
		"a narrower role": func(w *site) error {
			_, err := w.Pool.Exec(t.Context(), `with r as (update roles set case_access = 'own' where role = 'agent')
				update conversations set assignee_id = null, team_id = null`)
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := openSite(t)
			page := w.listen(t, "agent", "/agent/conversations/{spare}/events")
			if err := end(w); err != nil {
				t.Fatal(err)
			}
			if got := page.next(); got != "" {
				t.Errorf("the stream goes on with %q", got)
			}
			if _, err := page.lines.ReadByte(); err != io.EOF {
				t.Errorf("the stream ends with %v", err)
			}
		})
	}
}

func TestAPersonHasSixStreamsAndTheProcessEndsAll(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	var open []heard
	for range mostStreamsEach {
		open = append(open, w.listen(t, "agent", "/agent/events"))
	}
	if got := w.listen(t, "agent", "/agent/events"); got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("one more: %d", got.StatusCode)
	}
	if got := w.listen(t, "admin", "/agent/events"); got.StatusCode != http.StatusOK {
		t.Errorf("somebody else: %d", got.StatusCode)
	}
	ending, cancel := context.WithCancel(t.Context())
	cancel()
	w.Listen(ending)
	for _, h := range open {
		if got := h.next(); got != "" {
			t.Errorf("the stream goes on with %q", got)
		}
	}
}
