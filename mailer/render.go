package mailer

import (
	"regexp"
	"slices"
	"strings"

	"postdesk/core"
)

// text writes the body as plain text: paragraphs with an empty line between. The
// lines of it are as long as they were written: programs wrap them to the width
// that the reader has.
func (b *body) text() string {
	var t strings.Builder
	say := func(words string) {
		if words == "" {
			return
		}
		if t.Len() > 0 {
			t.WriteString("\n\n")
		}
		t.WriteString(words)
	}
	say(b.Alert)
	for _, p := range slices.Concat(b.Main, b.Small) {
		say(p.text())
	}
	if len(b.Quotes) > 0 {
		say(b.Language.Say(core.ReplyAbove))
	}
	for _, q := range b.Quotes {
		say(q.Head + "\n" + quoted(q.Text))
	}
	if b.Card {
		say(b.Instance)
	}
	t.WriteByte('\n')
	return t.String()
}

// text has an empty line before a button.
func (p paragraph) text() string {
	var t strings.Builder
	for _, b := range p {
		words := b.text()
		if words == "" {
			continue
		}
		if t.Len() > 0 {
			t.WriteByte('\n')
			if b.Link.Label != "" {
				t.WriteByte('\n')
			}
		}
		t.WriteString(words)
	}
	return t.String()
}

func (b block) text() string {
	switch b.Kind {
	case core.LineMessage, core.LineSignature:
		return b.Words
	case core.LineLink:
		t := b.Link.URL
		if b.Link.Label != "" {
			t = b.Link.Label + ":\n" + t
		}
		if b.Link.Expires != "" {
			t += "\n" + b.Link.Expires
		}
		return t
	}
	var t strings.Builder
	if b.Kind == core.LineItem {
		t.WriteString("- ")
	}
	for _, s := range b.Spans {
		t.WriteString(s.Text)
	}
	return t.String()
}

func quoted(text string) string {
	var t strings.Builder
	t.Grow(len(text) + len(text)/16)
	for line := range strings.SplitSeq(text, "\n") {
		if t.Len() > 0 {
			t.WriteByte('\n')
		}
		t.WriteByte('>')
		if line != "" {
			t.WriteByte(' ')
			t.WriteString(line)
		}
	}
	return t.String()
}

var webAddress = regexp.MustCompile(`https?://[^\s<>"'\\]+`)

// spans finds the links of a line. In a person's words it keeps the indent and
// the runs of spaces, which HTML would lose.
func spans(line string, kept bool) (all []span) {
	at := 0
	add := func(text, url string) {
		if kept && url == "" {
			text = spaces(text, at == 0)
		}
		if text != "" {
			all = append(all, span{Text: text, URL: url})
		}
	}
	if strings.Contains(line, "://") {
		for _, found := range webAddress.FindAllStringIndex(line, -1) {
			url := strings.TrimRight(line[found[0]:found[1]], ".,;:!?)]}*_")
			if safeURL(url) == "" {
				continue
			}
			add(line[at:found[0]], "")
			add(url, url)
			at = found[0] + len(url)
		}
	}
	add(line[at:], "")
	return all
}

func spaces(s string, first bool) string {
	if strings.Contains(s, "\t") {
		s = strings.ReplaceAll(s, "\t", "    ")
	}
	if strings.Contains(s, "  ") {
		s = strings.ReplaceAll(s, "  ", "\u00a0 ")
	}
	if first && strings.HasPrefix(s, " ") {
		s = "\u00a0" + s[1:]
	}
	return s
}
