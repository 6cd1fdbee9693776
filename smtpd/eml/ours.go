package eml

import (
	"slices"
	"strings"

	"postdesk/core"
)

// What our mails say in each language over an answer: the first line of a copy, and
// the marker above the quoted history without its dashes.
var (
	copyNotices  = core.InEachLanguage(core.CopyNotice)
	replyMarkers = bareMarkers()
)

func bareMarkers() (bare []string) {
	for _, marker := range core.InEachLanguage(core.ReplyAbove) {
		bare = append(bare, normal(strings.Trim(marker, "- ")))
	}
	return bare
}

// isOurs knows the lines of our own mails over which an answer stands, whatever
// the mail program left of what was round them.
func isOurs(s string) bool {
	if len(s) > 240 || len(s) < 16 {
		return false
	}
	switch s[0] | 0x20 {
	case 'y', 'i':
		return slices.ContainsFunc(copyNotices, func(notice string) bool { return strings.HasPrefix(s, notice) })
	case '-', 'p', 'r', '#', '*', 'w', '<', '[', 't', 'a', 'd', '|', 'b':
	default:
		return false
	}
	lower := normal(s)
	return containsAny(lower, replyMarkers) || strings.Contains(lower, "above this line") && containsAny(lower, []string{"reply", "respond", "answer", "response", "write", "type"})
}
