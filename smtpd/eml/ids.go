package eml

import "strings"

// messageIDs takes the message ids out of a field, without angle brackets, the
// last max of them. It is a scanner of its own because the grammar's comments
// make every general one quadratic, and because real ids come with commas,
// without brackets, with blanks inside (T58).
func messageIDs(s string, limit int) []string {
	if len(s) > maxIDInput {
		s = s[len(s)-maxIDInput:]
		if i := strings.IndexAny(s, "< \t"); i >= 0 {
			s = s[i:]
		}
	}
	var ids []string
	add := func(id string) {
		if id = cleanID(id); id != "" && len(ids) < maxIDInput {
			ids = append(ids, id)
		}
	}
	for s != "" {
		open := strings.IndexByte(s, '<')
		if open < 0 {
			bareIDs(s, add)
			break
		}
		bareIDs(s[:open], add)
		s = s[open+1:]
		end := strings.IndexAny(s, "<>")
		if end < 0 {
			end = len(s)
		}
		add(s[:end])
		s = strings.TrimLeft(s[end:], ">")
	}
	if len(ids) > limit {
		ids = ids[len(ids)-limit:]
	}
	return ids
}

// bareIDs finds ids that stand without brackets.
func bareIDs(s string, add func(string)) {
	if strings.IndexByte(s, '@') < 0 {
		return
	}
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' || r == ';' }) {
		if i := strings.IndexByte(w, '@'); i > 0 && i < len(w)-1 {
			add(strings.Trim(w, "()\"'"))
		}
	}
}

// cleanID makes an id comparable: no blanks, no control characters, no brackets
// that some mail programs add. An id that is too long to be one is dropped.
func cleanID(id string) string {
	id = clean(id)
	if strings.IndexFunc(id, func(r rune) bool { return r <= ' ' || r == 0x7f }) < 0 {
		return bareID(id)
	}
	return bareID(strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f {
			return -1
		}
		return r
	}, id))
}

func bareID(id string) string {
	if len(id) > 2 && id[0] == '[' && id[len(id)-1] == ']' {
		id = id[1 : len(id)-1]
	}
	if len(id) > maxIDBytes {
		return ""
	}
	return id
}

// messageID reads a Message-ID field, also one that is no id by the grammar.
func messageID(s string) string {
	if ids := messageIDs(s, maxReferences); len(ids) > 0 {
		return ids[0]
	}
	return cleanID(strings.Trim(s, "<> "))
}
