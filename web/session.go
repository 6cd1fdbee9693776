package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"postdesk/core"
)

// sessionSignIn is all that a session of the browser holds: the sign-in that core
// wrote down. When that is ended, the session is dead at its next request.
const sessionSignIn = "sign_in"

// current is the sign-in of this browser, 0 for none.
func (s *server) current(ctx context.Context) core.SessionID {
	return core.SessionID(s.sessions.GetInt64(ctx, sessionSignIn))
}

// actor is who visits, as of now; the zero Actor is a stranger.
func (s *server) actor(ctx context.Context) (core.Actor, error) {
	id := s.current(ctx)
	if id == 0 {
		return core.Actor{}, nil
	}
	actor, err := s.desk.ActorOf(ctx, id)
	if errors.Is(err, core.ErrExpired) {
		return core.Actor{}, nil
	}
	return actor, err
}

// begin opens a session under a new id, so that nobody can have planted it, in
// place of the one that this browser had.
func (s *server) begin(v *visit, actor core.Actor, version int) error {
	if err := s.end(v); err != nil {
		return err
	}
	id, err := s.desk.BeginSession(v.ctx(), actor, version, clientOf(v.r), v.r.UserAgent())
	if err != nil {
		return err
	}
	if err := s.sessions.RenewToken(v.ctx()); err != nil {
		return err
	}
	s.sessions.Put(v.ctx(), sessionSignIn, int64(id))
	s.sessions.Remove(v.ctx(), sessionPending)
	return nil
}

// end ends the sign-in of this browser, if there is one still.
func (s *server) end(v *visit) error {
	if v.actor.ID == 0 {
		return nil
	}
	err := s.desk.EndSession(v.ctx(), v.actor, s.current(v.ctx()))
	if errors.Is(err, core.ErrNotFound) {
		return nil
	}
	return err
}

// homeOf is where a person starts after signing in.
func homeOf(actor core.Actor) string {
	if actor.Unsecured {
		return "/profile/two-factor"
	}
	if actor.Role.Staff() {
		return "/agent"
	}
	return "/conversations"
}

// localPath gives back a path on this site, and "" for everything that a browser
// could read as another one (reliability A43).
func localPath(next string) string {
	bad := func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }
	if len(next) > 2000 || !strings.HasPrefix(next, "/") || strings.ContainsFunc(next, bad) {
		return ""
	}
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || strings.Contains(u.Path, "//") ||
		strings.ContainsFunc(u.Path, bad) {
		return ""
	}
	return next
}

// clientOf is the address that a request came from, for the throttle: of configured
// proxies, who asked them. Other headers are not believed: anybody can write them.
func clientOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
