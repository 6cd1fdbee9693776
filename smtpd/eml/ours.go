package eml

import (
	"slices"
	"strings"

	"postdesk/core"
)

// copyNotices is the first line of a copy, in each language. The marker above the
// quoted history is known with those of all programs.
var copyNotices = core.InEachLanguage(core.CopyNotice)

// isOurs knows the lines of our own mails over which an answer stands, whatever
// the mail program left of what was round them.
func isOurs(s string) bool {
	if len(s) > 240 || len(s) < 16 {
		return false
	}
	switch s[0] | 0x20 {
	case 'y', 'i':
		return slices.ContainsFunc(copyNotices, func(notice string) bool { return strings.HasPrefix(s, notice) })
	case '-', 'p', 'r', '#', '*', 'w', '<', '[', 't', 'a', 'd', '|':
	default:
		return false
	}
	lower := normal(s)
	return strings.Contains(lower, "above this line") && containsAny(lower, []string{"reply", "respond", "answer", "response", "write", "type"})
}
