package verify

import "strings"

// An authResult is one statement of an Authentication-Results field (RFC 8601
// section 2.2): method=value property=value…
type authResult struct {
	method string
	value  string
	props  map[string]string // "header.d" and the like, in lower case
	by     string            // authserv-id of the relay that is believed
}

// isTrouble reports whether DNS trouble hid something that could have proven the
// sender.
func (a authResult) isTrouble() bool {
	return a.value == "temperror" && (a.method == "spf" || a.method == "dkim" || a.method == "dmarc")
}

// parseAuthResults reads a field's value. Comments and quoted strings may hold
// anything, also what looks like results: a sender chooses parts of both. A field
// that is not well-formed is not read at all.
func parseAuthResults(value string) (id string, results []authResult, ok bool) {
	plain, _, ok := uncomment(value)
	if !ok {
		return "", nil, false
	}
	statements, ok := statements(plain)
	if !ok || len(statements) == 0 || len(statements[0]) == 0 {
		return "", nil, false
	}
	if first := statements[0]; len(first) > 1 && first[1] != "1" {
		return "", nil, false
	}
	for _, words := range statements[1:] {
		if r, ok := parseAuthResult(words); ok {
			results = append(results, r)
		}
	}
	return strings.ToLower(statements[0][0]), results, true
}

// parseAuthResult reads one statement; one that names a property twice is dropped.
func parseAuthResult(words []string) (r authResult, ok bool) {
	r.props = make(map[string]string)
	for i, word := range words {
		name, value, pair := strings.Cut(word, "=")
		name = strings.ToLower(name)
		if i == 0 {
			name, _, _ = strings.Cut(name, "/") // a method's version
			r.method, r.value, ok = name, strings.ToLower(value), pair
			continue
		}
		if _, again := r.props[name]; again {
			return authResult{}, false
		}
		if pair {
			r.props[name] = value
		}
	}
	return r, ok
}

// statements cuts at semicolons, then at white space, outside quoted strings;
// ok is false if a quoted string does not end.
func statements(s string) (all [][]string, ok bool) {
	var words []string
	var word strings.Builder
	inWord, quoted := false, false
	endWord := func() {
		if inWord {
			words = append(words, word.String())
		}
		word.Reset()
		inWord = false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quoted && c == '\\' && i+1 < len(s):
			i++
			word.WriteByte(s[i])
		case c == '"':
			quoted, inWord = !quoted, true
		case quoted:
			word.WriteByte(c)
		case c == ';':
			endWord()
			all, words = append(all, words), nil
		case c == ' ' || c == '\t' || c == commentMark[0]:
			endWord()
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	endWord()
	return append(all, words), !quoted
}

// commentMark stands where a comment was taken out.
const commentMark = "\x00"

// uncomment takes comments out (RFC 5322 section 3.2.2), which nest; ok is false
// if a comment or quoted string does not end.
func uncomment(s string) (plain string, comments []string, ok bool) {
	var out, comment strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		to := &out
		if depth > 0 {
			to = &comment
		}
		switch {
		case c == commentMark[0]: // not part of any field: cannot pass as a mark
		case c == '\\' && (quoted || depth > 0) && i+1 < len(s):
			to.WriteByte(c)
			i++
			to.WriteByte(s[i])
		case c == '"' && depth == 0:
			quoted = !quoted
			to.WriteByte(c)
		case c == '(' && !quoted:
			if depth++; depth > 1 {
				to.WriteByte(c)
			}
		case c == ')' && depth > 0:
			if depth--; depth > 0 {
				to.WriteByte(c)
				continue
			}
			out.WriteString(commentMark)
			comments = append(comments, comment.String())
			comment.Reset()
		default:
			to.WriteByte(c)
		}
	}
	return out.String(), comments, depth == 0 && !quoted
}
