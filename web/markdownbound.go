package web

import (
	"regexp"
	"strings"
)

// Some texts of a few kilobytes keep every reader of Markdown busy for minutes: it
// tries each mark with each other. Nobody writes such a text to be read.

const (
	// mostNested is how deep quotes and lists stand in each other on one line.
	mostNested = 20
	// mostMarks is how many marks of links and emphasis one paragraph has.
	mostMarks = 1000
)

var (
	// containers are the marks that open quotes and lists within each other.
	containers = regexp.MustCompile(`^[ \t]*(?:(?:>|[-*+]|[0-9]{1,9}[.)])[ \t]*)+`)
	codeFence  = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})(.*?)[ \\t\\r]*\n?$")
	marks      = regexp.MustCompile("[\\[*_]")
)

// bounded takes marks away that are too deep, and makes text of those that are too
// many. Code stays as it is.
func bounded(src string) string {
	var b strings.Builder
	seen, fence := 0, ""
	for line := range strings.Lines(src) {
		fence = fenced(fence, line)
		if fence == "" {
			line = shallow(line)
			if strings.TrimSpace(line) == "" {
				seen = 0
			}
			if seen += len(marks.FindAllStringIndex(line, -1)); seen > mostMarks {
				line = marks.ReplaceAllString(line, `\$0`)
			}
		}
		b.WriteString(line)
	}
	return b.String()
}

// fenced gives the fence that a line stands within, "" outside of code. The line that
// closes it is outside (CommonMark, section 4.5).
func fenced(fence, line string) string {
	found := codeFence.FindStringSubmatch(line)
	switch {
	case found == nil:
		return fence
	case fence == "":
		if found[1][0] == '`' && strings.Contains(found[2], "`") {
			return ""
		}
		return found[1]
	case found[2] == "" && strings.HasPrefix(found[1], fence):
		return ""
	}
	return fence
}

// shallow leaves on a line no more than mostNested containers, and no more spaces than
// those take.
func shallow(line string) string {
	open := containers.FindString(line)
	if len(strings.Fields(open)) > mostNested || strings.Count(open, ">") > mostNested {
		line = strings.Repeat("> ", mostNested) + strings.TrimLeft(line[len(open):], " \t")
	}
	if indent := len(line) - len(strings.TrimLeft(line, " \t")); indent > 4*mostNested {
		line = line[indent-4*mostNested:]
	}
	return line
}
