package verify

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ARC (RFC 8617) is what those who passed a mail on say about it. It is read and
// shown, and never believed: a chain that holds proves only who wrote it, and
// anyone may write one.

const (
	maxARCSets  = 50        // RFC 8617 section 4.2.1
	maxARCField = 16 << 10  // bytes of one field
	maxARC      = 256 << 10 // bytes of all; each seal signs everything below it
)

// An arcSet is what one of those who passed the mail on added to it.
type arcSet struct {
	results, message, seal *field
	messageTags, sealTags  map[string]string
}

// askARC checks the chain (RFC 8617 section 5.2) and tells it in words: "none",
// "pass: …", "fail at 2: …" with the number of the set that broke, "temperror at
// 1: …", or "not checked: …".
func askARC(ctx context.Context, l *lookups, m mail, now time.Time) string {
	fields := slices.DeleteFunc(slices.Clone(m.fields), func(f field) bool { return !f.isARC() })
	size := 0
	for _, f := range fields {
		size += len(f.raw)
	}
	switch {
	case len(fields) == 0:
		return "none"
	case m.bomb || size > maxARC || slices.ContainsFunc(fields, func(f field) bool { return len(f.raw) > maxARCField }):
		return "not checked: the mail is built too oddly to be checked"
	}
	sets, problem := arcSets(fields)
	if problem != "" {
		return "fail: " + problem
	}
	if at, problem := brokenOff(sets); problem != "" {
		return fmt.Sprintf("fail at %d: %s", at, problem)
	}
	return sealed(ctx, l, m, sets, now)
}

func (f field) isARC() bool {
	return f.is("arc-seal") || f.is("arc-message-signature") || f.is("arc-authentication-results")
}

// arcSets sorts the fields into sets 1 to n, each of them complete and none twice.
func arcSets(fields []field) (sets []arcSet, problem string) {
	byNumber := make(map[int]*arcSet)
	for i := range fields {
		f := &fields[i]
		number, tags := arcInstance(f)
		if number == 0 {
			return nil, "one of its fields cannot be read"
		}
		set := byNumber[number]
		if set == nil {
			set = new(arcSet)
			byNumber[number] = set
		}
		if !set.add(f, tags) {
			return nil, fmt.Sprintf("set %d has a field twice", number)
		}
	}
	for number := 1; number <= len(byNumber); number++ {
		set := byNumber[number]
		if set == nil || set.results == nil || set.message == nil || set.seal == nil {
			return nil, fmt.Sprintf("set %d is not complete", number)
		}
		sets = append(sets, *set)
	}
	return sets, ""
}

func (s *arcSet) add(f *field, tags map[string]string) bool {
	place := &s.results
	switch {
	case f.is("arc-seal"):
		place, s.sealTags = &s.seal, tags
	case f.is("arc-message-signature"):
		place, s.messageTags = &s.message, tags
	}
	if *place != nil {
		return false
	}
	*place = f
	return true
}

// arcInstance is the number of the set that a field belongs to, with the field's
// tags if it is a signature; 0 if it cannot be read.
func arcInstance(f *field) (number int, tags map[string]string) {
	var told string
	if f.is("arc-authentication-results") {
		first, _, ok := strings.Cut(f.value(), ";")
		first, _, closed := uncomment(first)
		name, value, _ := strings.Cut(strings.ReplaceAll(first, commentMark, " "), "=")
		if !ok || !closed || strings.TrimSpace(name) != "i" {
			return 0, nil
		}
		told = strings.TrimSpace(value)
	} else {
		_, value, _ := strings.Cut(string(f.raw), ":")
		var ok bool
		if tags, ok = parseTags(value); !ok {
			return 0, nil
		}
		told = tags["i"]
	}
	number, err := strconv.Atoi(told)
	if err != nil || !isNumber(told) || number < 1 || number > maxARCSets {
		return 0, nil
	}
	return number, tags
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// brokenOff looks for a set that says itself, or shows by its form, that the chain
// does not hold.
func brokenOff(sets []arcSet) (at int, problem string) {
	for i, set := range sets {
		want := "pass"
		if i == 0 {
			want = "none"
		}
		_, hasNames := set.sealTags["h"]
		when, timed := set.sealTags["t"]
		switch cv := set.sealTags["cv"]; {
		case cv == "fail":
			return i + 1, "its writer found the mail changed or the chain broken"
		case cv != want, hasNames, timed && !isNumber(when):
			return i + 1, "its seal breaks the rules"
		}
	}
	return 0, ""
}

// originWords tell what the first of those who passed the mail on says to have
// found, and who came after. The names are those that sealed; the findings are
// their word.
func originWords(sets []arcSet) string {
	said := "nothing about the sender"
	_, payload, _ := strings.Cut(sets[0].results.value(), ";")
	if _, results, ok := parseAuthResults(payload); ok {
		if found := findings(results); len(found) > 0 {
			said = strings.Join(found, ", ")
		}
	}
	var names []string
	for _, set := range sets {
		if d := canonical(set.sealTags["d"]); !slices.Contains(names, d) {
			names = append(names, d)
		}
	}
	words := fmt.Sprintf("%s says %s", names[0], said)
	if len(names) > 1 {
		words += "; then passed on by " + strings.Join(names[1:], ", ")
	}
	return words
}

// findings are the results of SPF, DKIM and DMARC in words, six at most.
func findings(results []authResult) (found []string) {
	about := map[string][]string{
		"spf":   {"smtp.mailfrom", "smtp.mfrom", "smtp.helo"},
		"dkim":  {"header.d", "header.i"},
		"dmarc": {"header.from"},
	}
	for _, r := range results {
		names, known := about[r.method]
		if !known || !isResult(r.value) || len(found) == 6 {
			continue
		}
		words := r.method + "=" + r.value
		for _, name := range names {
			if domain := domainOf(r.props[name]); domain != "" {
				words += " of " + domain
				break
			}
		}
		found = append(found, words)
	}
	return found
}

// isResult tells a result of RFC 8601 section 2.7 from the sender's inventions.
func isResult(s string) bool {
	return slices.Contains([]string{"pass", "fail", "softfail", "neutral", "none", "policy", "temperror", "permerror"}, s)
}
