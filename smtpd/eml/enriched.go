package eml

import (
	"regexp"
	"strings"
)

var enrichedParam = regexp.MustCompile(`(?is)<param>.*?</param>`)

// enrichedPage writes text/enriched (RFC 1896) as a page: "<<" is a bracket, one
// line end a blank, more of them are one less.
func enrichedPage(s string) string {
	s = strings.ReplaceAll(s, "&", "&amp;")
	s = strings.ReplaceAll(enrichedParam.ReplaceAllString(s, ""), "<<", "&lt;")
	var b strings.Builder
	for i, line := range strings.Split(s, "\n") {
		if i > 0 && line == "" {
			b.WriteString("<br>")
			continue
		}
		b.WriteString("\n" + line)
	}
	return b.String()
}
