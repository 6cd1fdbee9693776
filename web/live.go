package web

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"postdesk/core"
)

// Open pages hear of changes as server-sent events (HTML standard, section 9.2):
// "changed" and the numbers of conversations, never a word of them. The page then
// asks for itself again, with the rights of that moment.

const (
	// lookEvery is how long a stream outlives the right to it.
	lookEvery = 5 * time.Second
	// A comment goes out at each fourth look, so that no proxy takes the stream for dead.
	looksPerBeat = 4
	// writeWithin ends the stream of a reader that takes nothing.
	writeWithin = 10 * time.Second
	// Between two events of a stream; what changes meanwhile comes together.
	restOfList, restOfConversation = 2 * time.Second, time.Second

	mostStreams, mostStreamsEach = 1000, 6
)

// streams counts those of this process.
type streams struct {
	mu   sync.Mutex
	all  int
	each map[core.UserID]int
}

func (s *streams) enter(id core.UserID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= mostStreams || s.each[id] >= mostStreamsEach {
		return false
	}
	if s.each == nil {
		s.each = map[core.UserID]int{}
	}
	s.all, s.each[id] = s.all+1, s.each[id]+1
	return true
}

func (s *streams) leave(id core.UserID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all, s.each[id] = s.all-1, s.each[id]-1; s.each[id] == 0 {
		delete(s.each, id)
	}
}

func (s *server) listEvents(v *visit) error { return s.events(v, 0, restOfList) }

func (s *server) conversationEvents(v *visit) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	return s.events(v, id, restOfConversation)
}

// events answers with a stream of changes to one conversation, 0 for all. What does
// not ask for a stream gets its head alone.
func (s *server) events(v *visit, id core.ConversationID, rest time.Duration) error {
	streaming := strings.Contains(v.r.Header.Get("Accept"), "text/event-stream")
	if v.actor.ID == 0 {
		if !streaming {
			return s.toSignIn(v)
		}
		http.Error(v.w, "Sign in first.", http.StatusUnauthorized)
		return nil
	}
	watch, err := s.desk.Watch(v.ctx(), v.actor, id)
	if err != nil {
		return err
	}
	defer watch.Close()
	if !s.streams.enter(v.actor.ID) {
		v.w.Header().Set("Retry-After", "30")
		http.Error(v.w, "Too many pages are open.", http.StatusServiceUnavailable)
		return nil
	}
	defer s.streams.leave(v.actor.ID)
	e := &eventStream{visit: v, server: s, watch: watch, of: id, rest: rest, out: http.NewResponseController(v.w)}
	h := v.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would keep events to itself
	if !streaming {
		return nil
	}
	// What was begun cannot become an error page: it ends, and the page asks again.
	_ = e.out.SetReadDeadline(time.Time{})
	if e.send("retry: 3000\n\n") == nil {
		e.run()
		_ = e.out.SetWriteDeadline(time.Now().Add(writeWithin)) // the end of the stream is written, too
	}
	return nil
}

// eventStream is one open page.
type eventStream struct {
	*visit
	server *server
	watch  *core.Watch
	of     core.ConversationID
	rest   time.Duration
	out    *http.ResponseController
	looks  int
}

// run ends with the page, the right to it, or this process.
func (e *eventStream) run() {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		var err error
		select {
		case <-e.ctx().Done():
			return
		case <-e.watch.Ended():
			return
		case <-look.C:
			err = e.look()
		case <-e.watch.Changed():
			if err = e.tell(); err == nil {
				err = e.pause()
			}
		}
		if err != nil {
			return
		}
	}
}

// look ends the stream of somebody who may not have it any more.
func (e *eventStream) look() error {
	var ids []core.ConversationID
	if e.of != 0 {
		ids = append(ids, e.of)
	}
	if _, err := e.viewable(ids); err != nil {
		return err
	}
	if e.looks++; e.looks%looksPerBeat == 0 {
		return e.send(": still here\n\n")
	}
	return nil
}

// tell sends what changed and may be seen by who it is now.
func (e *eventStream) tell() error {
	ids, many := e.watch.Take()
	if many && e.of != 0 {
		ids, many = []core.ConversationID{e.of}, false
	}
	seen, err := e.viewable(ids)
	if err != nil {
		return err
	}
	data := "*"
	if !many {
		if len(seen) == 0 {
			return nil
		}
		data = strings.Trim(fmt.Sprint(seen), "[]")
	}
	return e.send("event: changed\ndata: " + data + "\n\n")
}

// viewable asks who the session belongs to, and what that person may see, as of
// now. io.EOF where the stream's own conversation is gone for them.
func (e *eventStream) viewable(ids []core.ConversationID) ([]core.ConversationID, error) {
	actor, err := e.server.actor(e.ctx())
	if err != nil {
		return nil, err
	}
	if actor.ID != e.actor.ID {
		return nil, io.EOF
	}
	seen, err := e.server.desk.Viewable(e.ctx(), actor, ids)
	if err == nil && e.of != 0 && len(seen) == 0 {
		err = io.EOF
	}
	return seen, err
}

func (e *eventStream) send(text string) error {
	if err := e.out.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	if _, err := io.WriteString(e.w, text); err != nil {
		return err
	}
	return e.out.Flush()
}

func (e *eventStream) pause() error {
	rest := time.NewTimer(e.rest)
	defer rest.Stop()
	select {
	case <-rest.C:
		return nil
	case <-e.ctx().Done():
	case <-e.watch.Ended():
	}
	return io.EOF
}
