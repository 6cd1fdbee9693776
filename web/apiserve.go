package web

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"postdesk/core"
)

// open makes a handler for everybody.
func (a *api) open(do apiHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &apiCall{w: w, r: r}
		a.run(c, do).send(w)
	}
}

// signedIn makes a handler for those with a token: who, how often, and whether
// the same was asked before.
func (a *api) signedIn(do apiHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &apiCall{w: w, r: r}
		a.caught(c, func() rendered { return a.answer(c, do) }).send(w)
	}
}

func (a *api) answer(c *apiCall, do apiHandler) rendered {
	if err := a.authenticate(c); err != nil {
		return a.refuse(c, err)
	}
	if c.r.Method == http.MethodGet || c.r.Method == http.MethodHead {
		return a.run(c, do)
	}
	if err := c.readBody(); err != nil {
		return a.refuse(c, err)
	}
	if key := c.r.Header.Get("Idempotency-Key"); key != "" {
		return a.once(c, key, do)
	}
	return a.run(c, do)
}

// authenticate finds the owner of the token, and counts the request on it.
func (a *api) authenticate(c *apiCall) (err error) {
	scheme, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return errNoToken
	}
	c.actor, err = a.desk.ActorByToken(c.ctx(), token)
	if errors.Is(err, core.ErrExpired) {
		return errNoToken
	}
	if err != nil {
		return err
	}
	passes, err := a.rate.admit(c.ctx(), c.w, token)
	if err != nil {
		return err
	}
	if !passes {
		return apiFault{http.StatusTooManyRequests, "RATE_LIMIT_REACHED", "", "Too many requests with this token. Wait, as Retry-After says."}
	}
	return c.actor.Secured()
}

// run does what is asked.
func (a *api) run(c *apiCall, do apiHandler) rendered {
	return a.caught(c, func() rendered {
		answer, err := do(c)
		return a.render(c, answer, err)
	})
}

// caught makes a panic an answer like other faults of ours.
func (a *api) caught(c *apiCall, do func() rendered) (out rendered) {
	defer func() {
		if fault := recover(); fault != nil {
			a.log.Error("panic in the api", "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
			out = a.refuse(c, errors.New("panic"))
		}
	}()
	return do()
}

// onceTime is how long a request with an Idempotency-Key may take.
const onceTime = time.Minute

// once does a request, or gives the answer that it got before. It is done to the
// end when the client goes away: the client will come back for the answer.
func (a *api) once(c *apiCall, key string, do apiHandler) rendered {
	if !goodKey(key) {
		return a.refuse(c, badParameter("Idempotency-Key", "It takes up to 255 printable ASCII characters."))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx()), onceTime)
	defer cancel()
	c.r = c.r.WithContext(ctx)
	first, err := a.desk.BeginAnswer(ctx, c.actor, key, digestOf(c))
	if err != nil {
		return a.refuse(c, err)
	}
	if first != nil {
		c.w.Header().Set("Idempotency-Replayed", "true")
		return rendered{status: first.Status, mime: jsonType, body: first.Body}
	}
	out := a.run(c, do)
	// The answer is kept even if the request took all of its time.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), onceTime)
	defer cancel()
	if err := a.desk.FinishAnswer(ctx, c.actor, key, core.Answer{Status: out.status, Body: out.body}); err != nil {
		a.log.Error("answer not kept", "route", routeOf(c.r), "err", err)
	}
	return out
}

func goodKey(key string) bool {
	return len(key) <= 255 && strings.IndexFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

// digestOf names a request. The role is part of it: an answer from before a
// change of role is not for the person after it.
func digestOf(c *apiCall) []byte {
	h := sha256.New()
	fmt.Fprintf(h, "%s %q %q\n", c.r.Method, c.r.URL.RequestURI(), c.actor.Role)
	h.Write(c.body)
	return h.Sum(nil)
}
