package eml

import "strings"

// unflow joins the lines of format=flowed text that the sender's program broke
// (RFC 3676). Quoted lines stay as they are: they are folded away, and their
// marks must survive for that.
func unflow(s string, delSp bool) string {
	if !strings.Contains(s, " \n") && !strings.Contains(s, "\n ") && !strings.HasPrefix(s, " ") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	flowing := false
	for s != "" {
		line, rest, more := strings.Cut(s, "\n")
		s = rest
		quoted := strings.HasPrefix(line, ">")
		if flowing && (quoted || line == "" || line == "-- ") {
			b.WriteByte('\n') // none of these goes on
		}
		if !quoted {
			line = strings.TrimPrefix(line, " ") // space-stuffed
		}
		flowing = more && !quoted && strings.HasSuffix(line, " ") && line != "-- "
		if flowing && delSp {
			line = line[:len(line)-1]
		}
		b.WriteString(line)
		if more && !flowing {
			b.WriteByte('\n')
		}
	}
	return b.String()
}
