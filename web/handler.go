package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"postdesk/core"
	"postdesk/core/language"
)

// A visit is one request of one person; the zero Actor is a stranger.
type visit struct {
	w     http.ResponseWriter
	r     *http.Request
	actor core.Actor
	lang  language.Tag // of the answer
}

// A handler answers a visit, or says why not.
type handler func(v *visit) error

func (v *visit) ctx() context.Context { return v.r.Context() }

// field gives a value of the form without the space around it.
func (v *visit) field(name string) string { return strings.TrimSpace(v.r.PostFormValue(name)) }

// query gives a value of the address.
func (v *visit) query(name string) string { return strings.TrimSpace(v.r.URL.Query().Get(name)) }

// id reads a number of the path. What is no number names nothing.
func pathID[T ~int64](v *visit, name string) (T, error) {
	n, err := strconv.ParseInt(chi.URLParam(v.r, name), 10, 64)
	if err != nil || n <= 0 {
		return 0, core.ErrNotFound
	}
	return T(n), nil
}

// fieldID reads a number of the form; empty is 0, and what is no number is a
// number of nothing.
func fieldID[T ~int64](v *visit, name string) T { return number[T](v.field(name)) }

func number[T ~int64](text string) T {
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1
	}
	return T(n)
}

// open makes a handler for everybody.
func (s *server) open(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := &visit{w: w, r: r}
		if err := s.serve(v, h); err != nil {
			s.fail(v, err)
		}
	}
}

// signedIn makes a handler that leads strangers to the sign-in.
func (s *server) signedIn(h handler) http.HandlerFunc {
	return s.open(func(v *visit) error {
		if v.actor.ID == 0 {
			return s.toSignIn(v)
		}
		if v.actor.Unsecured && forStaff(v.r.URL.Path) {
			return firstSecure(v)
		}
		return h(v)
	})
}

func (s *server) serve(v *visit, h handler) error {
	var err error
	if v.actor, err = s.actor(v.ctx()); err != nil {
		return err
	}
	if v.lang, err = s.languageOf(v); err != nil {
		return err
	}
	if v.actor.ID == 0 {
		v.r.Body = http.MaxBytesReader(v.w, v.r.Body, strangersBody(v.r.URL.Path))
	}
	if err := parseForm(v.r); err != nil {
		return err
	}
	return h(v)
}

func (s *server) toSignIn(v *visit) error {
	next, said := "/", "&said=not-saved"
	if v.r.Method == http.MethodGet {
		next, said = v.r.URL.RequestURI(), ""
	}
	http.Redirect(v.w, v.r, "/signin?next="+url.QueryEscape(localPath(next))+said, http.StatusSeeOther)
	return nil
}

// see leads on to a page after something was done, and has it say so: a word of
// the table in page.go.
func (v *visit) see(path, said string) error {
	if said != "" {
		u, err := url.Parse(path)
		if err != nil {
			return err
		}
		q := u.Query()
		q.Set("said", said)
		u.RawQuery = q.Encode()
		path = u.String()
	}
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// Errors of the pages alone.
var (
	errMethod      = errors.New("this address takes no such request")
	errCrossOrigin = errors.New("the request came from another site")
)

// statusOf is the one table from errors to answers (house, section 7). The
// sentence is what a page says when the error brings none.
func statusOf(err error) (status int, sentence string) {
	var invalid core.Invalid
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &invalid):
		return http.StatusBadRequest, invalid.Problem
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge, "That is more than fits: 35 MB at most for a form, of which its files may take 18."
	case errors.Is(err, core.ErrNotFound):
		return http.StatusNotFound, "There is nothing at this address, or it is not yours to see."
	case errors.Is(err, core.ErrForbidden):
		return http.StatusForbidden, "Your role does not allow this."
	case errors.Is(err, errCrossOrigin):
		return http.StatusForbidden, "This form was sent from another site. Open the page here and try again."
	case errors.Is(err, core.ErrExpired):
		return http.StatusGone, "This link was used already, or is too old. Ask for a new one."
	case errors.Is(err, core.ErrConflict):
		return http.StatusConflict, "Somebody changed this in the meantime. Look at it again."
	case errors.Is(err, core.ErrLimit):
		return http.StatusUpgradeRequired, "A limit is reached."
	case errors.Is(err, core.ErrRate):
		return http.StatusTooManyRequests, "That was too often. Try again later."
	case errors.Is(err, errMethod):
		return http.StatusMethodNotAllowed, "This address takes no such request."
	case core.DatabaseAway(err):
		return http.StatusServiceUnavailable, "Our database cannot be reached. Try again in a moment."
	}
	return http.StatusInternalServerError, "Something went wrong on our side."
}

// retryAfter is when it makes sense to ask a database again that was away, in
// seconds.
const retryAfter = "5"

// problemOf is what a page tells the person: the error's own sentence where core
// wrote one for them. Nothing of ours gets out.
func problemOf(err error) string {
	var refusal core.Refusal
	if errors.As(err, &refusal) {
		return refusal.Problem
	}
	_, sentence := statusOf(err)
	return sentence
}

// fail answers with the page of an error, and logs what is ours to mend.
func (s *server) fail(v *visit, err error) {
	if errors.Is(err, context.Canceled) && v.ctx().Err() != nil {
		return // nobody is there any more
	}
	status, _ := statusOf(err)
	page := errorPage{Status: status, Headline: v.lang.Translate(http.StatusText(status)), Sentence: v.lang.Translate(problemOf(err))}
	if status >= http.StatusInternalServerError {
		page.Reference = rand.Text()[:10]
		s.log.Error("page failed", "reference", page.Reference, "method", v.r.Method, "route", routeOf(v.r), "err", err)
	}
	if status == http.StatusServiceUnavailable {
		v.w.Header().Set("Retry-After", retryAfter)
	}
	page.base = s.baseOfError(v, page)
	if err := s.render(v, status, "error", page); err != nil {
		s.log.Error("error page failed", "err", err)
		http.Error(v.w, page.Sentence, status)
	}
}

// baseOfError is like that of every page, unless what failed may fail again.
func (s *server) baseOfError(v *visit, page errorPage) base {
	if page.Status < http.StatusInternalServerError {
		if b, err := s.page(v, page.Headline, ""); err == nil {
			return b
		}
	}
	return s.plainBase(v, page.Headline)
}

// routeOf names the route without what stands in it: a path may hold a secret.
func routeOf(r *http.Request) string {
	if c := chi.RouteContext(r.Context()); c != nil {
		return c.RoutePattern()
	}
	return ""
}

func (s *server) recovered(w http.ResponseWriter, r *http.Request) {
	fault := recover()
	if fault == nil {
		return
	}
	if fault == http.ErrAbortHandler {
		panic(fault)
	}
	s.log.Error("panic in a page", "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
	s.fail(&visit{w: w, r: r}, errors.New("panic"))
}

// faults are what is wrong with a form, by field, and with it as a whole under
// "". They stand beside what was typed.
type faults map[string]fault

type fault struct {
	Problem string
	Owner   core.UserID // who has that value already
	// Which organization has it, or which one of several values it is.
	Organization core.OrganizationID
	Value        string
}

func faultOf(i core.Invalid) fault { return fault{i.Problem, i.Owner, i.Organization, i.Value} }

// faultsOf says what a person can mend in the form, and the status to say it
// with; ok is false for every error that no form can answer.
func faultsOf(err error) (f faults, status int, ok bool) {
	status, _ = statusOf(err)
	var invalid core.Invalid
	var refusal core.Refusal
	switch {
	case errors.As(err, &invalid):
		return faults{invalid.Field: faultOf(invalid)}, status, true
	case errors.Is(err, core.ErrNotFound):
		return nil, status, false
	case errors.As(err, &refusal), errors.Is(err, core.ErrConflict):
		return faults{"": {Problem: problemOf(err)}}, status, true
	}
	return nil, status, false
}

// after answers an act: with the page that shows what was done, or with the form
// again where a person can mend what was wrong.
func (v *visit) after(err error, next, said string, again func(status int, f faults) error) error {
	if err == nil {
		return v.see(next, said)
	}
	if f, status, ok := faultsOf(err); ok {
		return again(status, f)
	}
	return err
}
