package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"

	"postdesk/core"
)

// An apiCall is one request, of one person where it has a token.
type apiCall struct {
	w     http.ResponseWriter
	r     *http.Request
	actor core.Actor
	body  []byte
}

// An apiHandler answers a call, or says why not.
type apiHandler func(c *apiCall) (apiAnswer, error)

func (c *apiCall) ctx() context.Context { return c.r.Context() }

// byID reads the number in the path for a handler. What is no number names
// nothing.
func byID[T ~int64](do func(c *apiCall, id T) (apiAnswer, error)) apiHandler {
	return func(c *apiCall) (apiAnswer, error) {
		n, err := strconv.ParseInt(chi.URLParam(c.r, "id"), 10, 64)
		if err != nil || n <= 0 {
			return apiAnswer{}, core.ErrNotFound
		}
		return do(c, T(n))
	}
}

// query gives a parameter of the address; what no text can hold is refused.
func (c *apiCall) query(name string) (string, error) {
	v := strings.TrimSpace(c.r.URL.Query().Get(name))
	if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
		return "", badParameter(name, "This is no text.")
	}
	return v, nil
}

// search gives what is looked for in a list: q, or query, as it was called first.
func (c *apiCall) search() (string, error) {
	if q, err := c.query("q"); err != nil || q != "" {
		return q, err
	}
	return c.query("query")
}

// moment gives a parameter that is an instant, the zero one where it is missing.
func (c *apiCall) moment(name string) (time.Time, error) {
	v, err := c.query(name)
	if err != nil || v == "" {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return time.Time{}, badParameter(name, "It takes an instant like 2006-01-31T15:04:05Z.")
	}
	return t, nil
}

// choice gives a parameter that has a few values, in lower case.
func (c *apiCall) choice(name string, of ...string) (string, error) {
	v, err := c.query(name)
	if v = strings.ToLower(v); err != nil || v == "" || slices.Contains(of, v) {
		return v, err
	}
	return "", badParameter(name, "It takes one of "+strings.ToUpper(strings.Join(of, ", "))+".")
}

// flag gives true, false, or nil where the parameter is missing.
func (c *apiCall) flag(name string) (*bool, error) {
	v, err := c.choice(name, "true", "false", "1", "0")
	if err != nil || v == "" {
		return nil, err
	}
	yes := v == "true" || v == "1"
	return &yes, nil
}

// number gives a parameter that names a row, 0 where it is missing.
func (c *apiCall) number(name string) (int64, error) {
	v, err := c.query(name)
	if err != nil || v == "" {
		return 0, err
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n <= 0 {
		return 0, badParameter(name, "It takes a number from 1 on.")
	}
	return n, nil
}

// apiMaxOffset bounds how far a list is counted into: the database walks it all.
// A filter, or a cursor where the list has one, leads further.
const apiMaxOffset = 1_000_000

// page gives limit and offset.
func (c *apiCall) page() (core.Page, error) {
	p := core.Page{Limit: 50}
	for _, of := range []struct {
		name       string
		to         *int
		least, top int
	}{{"limit", &p.Limit, 1, 100}, {"offset", &p.Offset, 0, apiMaxOffset}} {
		v, err := c.query(of.name)
		if err != nil {
			return p, err
		}
		if v == "" {
			continue
		}
		n, err := strconv.Atoi(v)
		if err != nil || n < of.least || n > of.top {
			return p, badParameter(of.name, fmt.Sprintf("It takes a whole number from %d to %d.", of.least, of.top))
		}
		*of.to = n
	}
	return p, nil
}

// pageOf cuts a page out of a list that core gives as a whole.
func pageOf[T any](all []T, p core.Page) []T {
	start := min(p.Offset, len(all))
	return all[start:min(start+p.Limit, len(all))]
}

func badParameter(name, problem string) error {
	return core.Invalid{Field: name, Code: core.CodeInvalid, Problem: problem}
}

// lower takes an enumerated value as the API names it.
func lower[T ~string](v *string) *T {
	if v == nil {
		return nil
	}
	t := T(strings.ToLower(strings.TrimSpace(*v)))
	return &t
}

// deref gives the zero value for nil.
func deref[T any](v *T) (none T) { return given(v, none) }

// given is what a change gives, or what is there.
func given[T any](v *T, there T) T {
	if v != nil {
		return *v
	}
	return there
}

// upper shows an enumerated value as the API names it.
func upper[T ~string](v T) string { return strings.ToUpper(string(v)) }
