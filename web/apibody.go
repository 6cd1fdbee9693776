package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"postdesk/core"
)

// apiMaxBody bounds a request, in bytes: the longest text that core takes, with
// every character escaped.
const apiMaxBody = 8 << 20

// readBody takes what was sent along, before anything is done.
func (c *apiCall) readBody() (err error) {
	c.body, err = io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, apiMaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return err
	case err != nil:
		return apiFault{http.StatusBadRequest, "REQUEST_INVALID", "", "The body could not be read to its end."}
	}
	return c.checkType()
}

// checkType refuses what says that it is no JSON. A form is what curl and others
// call everything that they were not told the type of: then the body decides.
func (c *apiCall) checkType() error {
	given := c.r.Header.Get("Content-Type")
	body := bytes.TrimSpace(c.body)
	if given == "" || len(body) == 0 {
		return nil
	}
	kind, _, err := mime.ParseMediaType(given)
	if err == nil && (kind == "application/json" || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json") ||
		kind == "application/x-www-form-urlencoded" && (body[0] == '{' || body[0] == '[')) {
		return nil
	}
	return apiFault{http.StatusUnsupportedMediaType, "REQUEST_INVALID", "Content-Type", "The body has to be JSON: Content-Type: application/json."}
}

// decode reads the JSON of a request into a struct; an empty body gives none.
// Fields that it has no place for are never stored. They are named in the header
// Ignored-Fields, so that a misspelt one is seen, or refused if the client asks for
// that by "Prefer: handling=strict" (RFC 7240 section 4.4): scripts may send more
// than a version takes.
func (c *apiCall) decode(into any) error {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(c.body))
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			return c.ignored(reflect.TypeOf(into))
		}
		return c.badJSON(d.InputOffset(), "there is more than one value")
	}
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return core.Invalid{Field: wrong.Field, Code: core.CodeInvalid, Problem: "A " + wrong.Value + " does not fit here."}
	case errors.As(err, &wrong):
		return c.badJSON(wrong.Offset, "it takes an object, not a "+wrong.Value)
	case errors.As(err, &syntax):
		return c.badJSON(syntax.Offset, strings.TrimPrefix(syntax.Error(), "json: "))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return c.badJSON(int64(len(c.body)), "it ends too early")
	}
	return c.badJSON(d.InputOffset(), "it cannot be read")
}

// badJSON names the line and the place in it of a fault, counted from 1.
func (c *apiCall) badJSON(offset int64, what string) error {
	before := c.body[:max(0, min(offset, int64(len(c.body))))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n') - 1
	return apiFault{http.StatusBadRequest, "REQUEST_INVALID", "",
		fmt.Sprintf("The body is not the JSON that this takes: line %d, byte %d: %s.", line, max(column, 1), what)}
}

// maxIgnored is how many ignored fields are named.
const maxIgnored = 20

// plainField is a name that can stand in a header and in a sentence.
var plainField = regexp.MustCompile(`^[\w.\[\]-]{1,100}$`)

// ignored names the fields of the body that t has no place for.
func (c *apiCall) ignored(t reflect.Type) error {
	var body any
	if err := json.Unmarshal(c.body, &body); err != nil {
		return nil // it was read, so this cannot be
	}
	var names []string
	for _, name := range unknownFields(t, body, "") {
		if !plainField.MatchString(name) {
			name = "(another)"
		}
		if !slices.Contains(names, name) && len(names) < maxIgnored {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	if prefersStrict(c.r.Header.Values("Prefer")) {
		return core.Invalid{Field: names[0], Code: core.CodeInvalid, Problem: "There is no such field here."}
	}
	c.w.Header().Set("Ignored-Fields", strings.Join(names, ", "))
	return nil
}

func prefersStrict(preferences []string) bool {
	for _, line := range preferences {
		for one := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.ReplaceAll(strings.TrimSpace(one), `"`, ""), "handling=strict") {
				return true
			}
		}
	}
	return false
}

// unknownFields gives the paths of the fields in v that the type has no place for,
// as encoding/json would look for one.
func unknownFields(t reflect.Type, v any, path string) (names []string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct && strings.HasPrefix(t.Name(), "optional[") {
		t = t.Field(1).Type
	}
	switch v := v.(type) {
	case []any:
		for i, one := range v {
			if t.Kind() == reflect.Slice {
				names = append(names, unknownFields(t.Elem(), one, fmt.Sprintf("%s[%d]", path, i))...)
			}
		}
	case map[string]any:
		if t.Kind() != reflect.Struct {
			return nil
		}
		if path != "" {
			path += "."
		}
		known := fieldsOf(t)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if of, ok := known[strings.ToLower(name)]; ok {
				names = append(names, unknownFields(of, v[name], path+name)...)
			} else {
				names = append(names, path+name)
			}
		}
	}
	return names
}

// fieldsOf gives the types of the fields that JSON may name, those of embedded
// structs too.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" && f.IsExported() {
			fields[strings.ToLower(name)] = f.Type
		}
	}
	return fields
}

// An optional field tells null, which empties it, from one that is not given.
type optional[T any] struct {
	Given bool
	Value T
}

// UnmarshalJSON is called for a field that is given, null too.
func (o *optional[T]) UnmarshalJSON(raw []byte) error {
	o.Given = true
	return json.Unmarshal(raw, &o.Value)
}

// pointer is nil where the field is not given.
func (o optional[T]) pointer() *T {
	if !o.Given {
		return nil
	}
	return &o.Value
}
