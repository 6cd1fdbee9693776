package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// client acts by the API for one person.
type client struct {
	s                *story
	id, email, token string
}

// object is JSON as it came.
type object = map[string]any

// try makes a request and gives the status and the envelope.
func (c client) try(method, path string, body any) (int, object) {
	c.s.t.Helper()
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			c.s.t.Fatal(err)
		}
		in = bytes.NewReader(b)
	}
	r, err := http.NewRequest(method, "http://"+c.s.at.HTTP+"/api/v1"+path, in)
	if err != nil {
		c.s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.s.t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		c.s.t.Fatal(err)
	}
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		o = object{"raw": string(raw)}
	}
	return answer.StatusCode, o
}

// do is try for what must go well; it gives the data.
func (c client) do(method, path string, body any) object {
	c.s.t.Helper()
	status, o := c.try(method, path, body)
	if status >= 300 {
		c.s.t.Fatalf("%s %s as %s: %d %v", method, path, c.email, status, o)
	}
	data, _ := o["data"].(object)
	return data
}

// list reads a list.
func (c client) list(path string) []object {
	c.s.t.Helper()
	status, o := c.try("GET", path, nil)
	if status != 200 {
		c.s.t.Fatalf("GET %s as %s: %d %v", path, c.email, status, o)
	}
	var all []object
	items, _ := o["data"].([]any)
	for _, item := range items {
		all = append(all, item.(object))
	}
	return all
}

// path is a formatted path with an id as JSON gave it.
func path(format string, ids ...any) string {
	for i, id := range ids {
		if f, ok := id.(float64); ok {
			ids[i] = int64(f)
		}
	}
	return fmt.Sprintf(format, ids...)
}
