package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"postdesk/core"
)

// An apiAnswer is what went well: data in the envelope, or the bytes of a mail.
type apiAnswer struct {
	status   int
	resource string
	data     any
	total    *int   // of lists
	next     string // cursors of the pages beside this one, where a list has any
	previous string
	instead  string // what was searched for instead of what was typed
	raw      *io.SectionReader
	mime     string // of raw
}

// Its kinds: what was there or was done, what was made, a list, a mail's bytes.
func found(resource string, data any) (apiAnswer, error) {
	return apiAnswer{status: http.StatusOK, resource: resource, data: data}, nil
}

func made(resource string, data any) (apiAnswer, error) {
	return apiAnswer{status: http.StatusCreated, resource: resource, data: data}, nil
}

func listed[T, S any](resource string, all []T, total int, show func(T) S) (apiAnswer, error) {
	shown := make([]S, len(all))
	for i, one := range all {
		shown[i] = show(one)
	}
	return apiAnswer{status: http.StatusOK, resource: resource, data: shown, total: &total}, nil
}

func sourceOf(raw io.ReaderAt, size int64) (apiAnswer, error) {
	return apiAnswer{status: http.StatusOK, raw: io.NewSectionReader(raw, 0, size), mime: "message/rfc822"}, nil
}

type envelope struct {
	Status   int    `json:"status"`
	Data     any    `json:"data"`
	Resource string `json:"resource"`
	Total    *int   `json:"total_count,omitempty"`
	Next     string `json:"next_cursor,omitempty"`
	Previous string `json:"previous_cursor,omitempty"`
	Instead  string `json:"searched_instead,omitempty"`
}

type refusalEnvelope struct {
	Status int        `json:"status"`
	Errors []apiError `json:"errors"`
}

type apiError struct {
	Code      string `json:"code"`
	Parameter string `json:"parameter,omitempty"`
	Message   string `json:"message"`
	// With FIELD_DUPLICATE: who or what has the value, for those who may see it.
	OwnerID  core.UserID  `json:"owner_id,omitempty"`
	Resource *apiResource `json:"resource,omitempty"`
}

type apiResource struct {
	Type string `json:"type"`
	ID   int64  `json:"id"`
}

// An apiFault is an error of the API alone.
type apiFault struct {
	status                   int
	code, parameter, message string
}

func (f apiFault) Error() string { return f.message }

var errNoToken = apiFault{http.StatusUnauthorized, "AUTHENTICATION_FAILED", "", "An API token is needed: Authorization: Bearer TOKEN."}

// manyFaults are those of several rows, each with its field.
type manyFaults []core.Invalid

func (m manyFaults) Error() string { return m[0].Error() }

// refusal is the one table from errors to answers (house, section 7). One that is
// not in it is ours to mend: status 500, and no word of it gets out.
func refusal(err error) (status int, problems []apiError) {
	var fault apiFault
	var many manyFaults
	var invalid core.Invalid
	var tooLarge *http.MaxBytesError
	one := func(status int, code, sentence string) (int, []apiError) {
		var said core.Refusal
		if status != http.StatusNotFound && errors.As(err, &said) {
			sentence = said.Problem
		}
		return status, []apiError{{Code: code, Message: sentence}}
	}
	switch {
	case errors.As(err, &fault):
		return fault.status, []apiError{{Code: fault.code, Parameter: fault.parameter, Message: fault.message}}
	case errors.As(err, &many):
		for _, i := range many {
			problems = append(problems, invalidField(i))
		}
		return http.StatusBadRequest, problems
	case errors.As(err, &invalid):
		return http.StatusBadRequest, []apiError{invalidField(invalid)}
	case errors.As(err, &tooLarge):
		return one(http.StatusRequestEntityTooLarge, "REQUEST_TOO_LARGE", "The body is larger than 8 MiB.")
	case errors.Is(err, core.ErrNotFound):
		return one(http.StatusNotFound, "RESOURCE_NOT_FOUND", "There is no such resource.")
	case errors.Is(err, core.ErrTwoFactor):
		return one(http.StatusForbidden, "TWO_FACTOR_REQUIRED", "Set up two-factor sign-in first.")
	case errors.Is(err, core.ErrForbidden):
		return one(http.StatusForbidden, "PERMISSIONS_DENIED", "Your role does not allow this.")
	case errors.Is(err, core.ErrExpired):
		return one(http.StatusGone, "RESOURCE_GONE", "It is not there any more.")
	case errors.Is(err, core.ErrConflict):
		return one(http.StatusConflict, "RESOURCE_CONFLICT", "It changed in the meantime.")
	case errors.Is(err, core.ErrLimit):
		return one(http.StatusUpgradeRequired, "LICENSE_LIMIT_REACHED", "A limit is reached.")
	case errors.Is(err, core.ErrRate):
		return one(http.StatusTooManyRequests, "RATE_LIMIT_REACHED", "That was too often. Try again later.")
	case core.DatabaseAway(err):
		return one(http.StatusServiceUnavailable, "DATABASE_UNREACHABLE", "The database cannot be reached. Try again in a moment.")
	}
	return http.StatusInternalServerError, nil
}

func invalidField(i core.Invalid) apiError {
	field := i.Field
	if field == "members" {
		field = "member_ids"
	}
	e := apiError{Code: i.Code, Parameter: field, Message: i.Problem, OwnerID: i.Owner}
	switch {
	case i.Owner != 0:
		e.Resource = &apiResource{"user", int64(i.Owner)}
	case i.Organization != 0:
		e.Resource = &apiResource{"organization", int64(i.Organization)}
	case i.Mailbox != 0:
		e.Resource = &apiResource{"mailbox", int64(i.Mailbox)}
	}
	return e
}

// hideForeign takes out of an error whose a value is, where the caller may not
// see them.
func (a *api) hideForeign(c *apiCall, problems []apiError) {
	for i, p := range problems {
		if p.Resource == nil {
			continue
		}
		err := c.actor.Can(core.DoView)
		switch id := p.Resource.ID; p.Resource.Type {
		case "user":
			_, err = a.desk.User(c.ctx(), c.actor, core.UserID(id))
		case "organization":
			_, err = a.desk.Organization(c.ctx(), c.actor, core.OrganizationID(id))
		}
		if err != nil {
			problems[i].Resource, problems[i].OwnerID = nil, 0
		}
	}
}

// A rendered answer is finished before its first byte leaves, but for the bytes of
// a mail, which are read as they go.
type rendered struct {
	status int
	mime   string
	body   []byte
	raw    *io.SectionReader // in place of body
}

const jsonType = "application/json; charset=utf-8"

func (a *api) render(c *apiCall, answer apiAnswer, err error) rendered {
	if err != nil {
		return a.refuse(c, err)
	}
	if answer.mime != "" {
		return rendered{status: answer.status, mime: answer.mime, raw: answer.raw}
	}
	body, err := json.Marshal(envelope{answer.status, answer.data, answer.resource, answer.total, answer.next, answer.previous, answer.instead})
	if err != nil {
		return a.refuse(c, err)
	}
	return rendered{status: answer.status, mime: jsonType, body: append(body, '\n')}
}

// refuse renders an error, and logs what is ours to mend under a reference.
func (a *api) refuse(c *apiCall, err error) rendered {
	status, problems := refusal(err)
	a.hideForeign(c, problems)
	if said := (core.Refusal{}); errors.As(err, &said) && said.After > 0 {
		c.w.Header().Set("Retry-After", strconv.Itoa(int(said.After.Seconds())))
	}
	if status == http.StatusServiceUnavailable {
		c.w.Header().Set("Retry-After", retryAfter)
		a.log.Error("api request failed", "method", c.r.Method, "route", routeOf(c.r), "err", err)
	}
	if status == http.StatusInternalServerError {
		reference := rand.Text()[:10]
		level := slog.LevelError
		if errors.Is(err, context.Canceled) && c.ctx().Err() != nil {
			level = slog.LevelDebug // nobody is there any more
		}
		a.log.Log(c.ctx(), level, "api request failed", "reference", reference, "method", c.r.Method, "route", routeOf(c.r), "err", err)
		problems = []apiError{{Code: "INTERNAL_ERROR", Message: "Something went wrong on our side. Reference: " + reference}}
	}
	var again core.Refusal
	if errors.As(err, &again) && again.After > 0 {
		c.w.Header().Set("Retry-After", strconv.Itoa(int(again.After.Seconds())))
	}
	body, err := json.Marshal(refusalEnvelope{status, problems})
	if err != nil {
		a.log.Error("api error could not be written", "err", err)
	}
	return rendered{status: status, mime: jsonType, body: append(body, '\n')}
}

func (r rendered) send(w http.ResponseWriter) {
	h := w.Header()
	if r.raw == nil {
		r.raw = io.NewSectionReader(bytes.NewReader(r.body), 0, int64(len(r.body)))
	}
	h.Set("Content-Type", r.mime)
	h.Set("Content-Length", strconv.FormatInt(r.raw.Size(), 10))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	if r.mime != jsonType {
		h.Set("Content-Disposition", "attachment")
	}
	if r.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="Postdesk"`)
	}
	w.WriteHeader(r.status)
	// Whoever does not listen any more needs no word about it.
	_, _ = io.Copy(w, r.raw)
}

// ref shows a reference to a row; 0 is null.
func ref[T ~int64](id T) *T {
	if id == 0 {
		return nil
	}
	return &id
}

// instant shows a time that may not have come; times are UTC.
func instant(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	utc := t.UTC()
	return &utc
}

// nonNil keeps an empty list from becoming null.
func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
