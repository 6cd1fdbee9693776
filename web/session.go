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

// A session holds who signed in, and the version of their credentials then.
// Whoever is disabled, gets another role or another password has a newer one,
// and every session of theirs is dead at its next request.
const (
	sessionUser    = "user"
	sessionVersion = "version"
)

// actor is who visits, as of now; the zero Actor is a stranger.
func (s *server) actor(ctx context.Context) (core.Actor, error) {
	id := core.UserID(s.sessions.GetInt64(ctx, sessionUser))
	if id == 0 {
		return core.Actor{}, nil
	}
	actor, err := s.desk.ActorOf(ctx, id, s.sessions.GetInt(ctx, sessionVersion))
	if errors.Is(err, core.ErrExpired) || errors.Is(err, core.ErrNotFound) {
		return core.Actor{}, nil
	}
	return actor, err
}

// begin opens a session under a new id, so that nobody can have planted it.
func (s *server) begin(v *visit, actor core.Actor, version int) error {
	if err := s.sessions.RenewToken(v.ctx()); err != nil {
		return err
	}
	s.sessions.Put(v.ctx(), sessionUser, int64(actor.ID))
	s.sessions.Put(v.ctx(), sessionVersion, version)
	return nil
}

// homeOf is where a person starts after signing in.
func homeOf(actor core.Actor) string {
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

// clientOf is the address that a request came from, for the throttle. Headers
// are not believed: anybody can write them.
func clientOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
