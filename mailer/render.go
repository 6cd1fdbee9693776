package mailer

import (
	"embed"
	"fmt"
	"html/template"
	"regexp"
	"strings"
)

//go:embed templates/mail.html
var templates embed.FS

var page = template.Must(template.New("mail.html").Funcs(template.FuncMap{
	"paragraphs": paragraphs,
	"cid":        contentURL,
	"replyAbove": func() string { return ReplyAbove },
}).ParseFS(templates, "templates/mail.html"))

// html writes the body as one HTML document.
func (b *body) html() (string, error) {
	var s strings.Builder
	if err := page.Execute(&s, b); err != nil {
		return "", fmt.Errorf("html: %w", err)
	}
	return s.String(), nil
}

// contentURL is for ids that we made ourselves; html/template knows no cid.
func contentURL(id string) template.URL { return template.URL("cid:" + id) }

// text writes the body as plain text: blocks with an empty line between.
func (b *body) text() string {
	blocks := []string{b.Alert, b.Title}
	blocks = append(blocks, b.Before...)
	if b.Speaker != "" {
		blocks = append(blocks, b.Speaker+" wrote:")
	}
	blocks = append(blocks, b.Words, b.Signed)
	if b.Button.URL != "" {
		blocks = append(blocks, b.Button.Label+":\n"+b.Button.URL)
	}
	if b.Link.URL != "" {
		blocks = append(blocks, b.Link.URL, b.Link.Expires)
	}
	blocks = append(blocks, strings.Join(b.After, "\n"))
	if len(b.Quotes) > 0 {
		blocks = append(blocks, ReplyAbove)
	}
	for _, q := range b.Quotes {
		blocks = append(blocks, q.Head+"\n"+quoted(q.Text))
	}
	if b.Foot != "" {
		blocks = append(blocks, b.Foot)
	}
	if b.Card {
		blocks = append(blocks, b.Instance)
	}
	return join(blocks)
}

func join(blocks []string) string {
	var said []string
	for _, block := range blocks {
		if block != "" {
			said = append(said, block)
		}
	}
	return strings.Join(said, "\n\n") + "\n"
}

func quoted(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight("> "+line, " ")
	}
	return strings.Join(lines, "\n")
}

// A span is a piece of a line, a link if it has a URL.
type span struct{ Text, URL string }

var webAddress = regexp.MustCompile(`https?://[^\s<>"'\\]+`)

// paragraphs cuts a text at its empty lines; each paragraph is a list of lines.
func paragraphs(text string) (all [][][]span) {
	var current [][]span
	for _, line := range append(strings.Split(text, "\n"), "") {
		if line != "" {
			current = append(current, spans(line))
			continue
		}
		if current != nil {
			all = append(all, current)
		}
		current = nil
	}
	return all
}

// spans finds the links of a line, and keeps its indent and its runs of spaces,
// which HTML would lose.
func spans(line string) (all []span) {
	at := 0
	for _, found := range webAddress.FindAllStringIndex(line, -1) {
		url := strings.TrimRight(line[found[0]:found[1]], ".,;:!?)]}*_")
		if safeURL(url) == "" {
			continue
		}
		all = append(all, span{Text: spaces(line[at:found[0]], at == 0)}, span{Text: url, URL: url})
		at = found[0] + len(url)
	}
	return append(all, span{Text: spaces(line[at:], at == 0)})
}

func spaces(s string, first bool) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\t", "    "), "  ", "\u00a0 ")
	if first && strings.HasPrefix(s, " ") {
		s = "\u00a0" + s[1:]
	}
	return s
}
