package verify

import "strings"

// parseTags reads a tag list strictly (RFC 6376 section 3.2): names are case
// sensitive, none may stand twice, and one semicolon may end it.
func parseTags(list string) (tags map[string]string, ok bool) {
	tags = make(map[string]string)
	list = strings.TrimRightFunc(list, isBlank)
	for part := range strings.SplitSeq(strings.TrimSuffix(list, ";"), ";") {
		name, value, pair := strings.Cut(part, "=")
		name = strings.TrimFunc(name, isBlank)
		if _, again := tags[name]; again || !pair || !isTagName(name) {
			return nil, false
		}
		tags[name] = strings.TrimFunc(value, isBlank)
	}
	return tags, true
}

func isTagName(s string) bool {
	for i, c := range []byte(s) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

// tag is the value of a tag in a tag list, also in one that breaks the grammar, or
// empty.
func tag(list, name string) string {
	for part := range strings.SplitSeq(list, ";") {
		if k, v, ok := strings.Cut(part, "="); ok && strings.TrimSpace(k) == name {
			return squeeze(v)
		}
	}
	return ""
}

// squeeze takes out all white space, which does not count in base64 and in names.
func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }
