package core

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// How a text is written: an empty line ends a paragraph, "- " begins the item of
// a list, "# " a heading, **two stars** make bold, and what follows a line of
// --- is small print. Placeholders are {{name}}; {{link Words}} puts words on the
// button.

// A LineKind is what a line of a text is.
type LineKind string

// The kinds of lines. Message, signature and link stand for blocks of a mail.
const (
	LinePlain     LineKind = ""
	LineHeading   LineKind = "heading"
	LineItem      LineKind = "item"
	LineMessage   LineKind = "message"
	LineSignature LineKind = "signature"
	LineLink      LineKind = "link"
)

// A TextLine is a line of a text.
type TextLine struct {
	Kind  LineKind
	Spans []TextSpan
	Label string // with LineLink: the words on the button, "" for none
}

// A TextSpan is a piece of a line.
type TextSpan struct {
	Text        string
	Bold        bool
	Placeholder string // whose value the Text is, as data; "" for words of the text
}

// A TextParagraph is lines without an empty one between.
type TextParagraph []TextLine

// A ReadText is a text in its parts.
type ReadText struct{ Main, Small []TextParagraph }

// CheckMailText cleans a text and holds it against the rule of its kind. Invalid
// with the field subject or body; what is wrong names its line.
func CheckMailText(kind TextKind, typed MailText) (MailText, error) {
	rule, ok := kind.Rule()
	if !ok {
		return MailText{}, ErrNotFound
	}
	text := MailText{Body: cleanBody(typed.Body)}
	if rule.HasSubject {
		text.Subject = cleanSubject(typed.Subject)
		if err := checkSubject(rule, text.Subject); err != nil {
			return MailText{}, err
		}
	}
	if _, faults := rule.read(text.Body); len(faults) > 0 {
		return MailText{}, Invalid{Field: "body", Code: CodeInvalid, Problem: strings.Join(faults[:min(len(faults), 5)], "\n")}
	}
	text.Body = strings.Trim(text.Body, "\n")
	return text, nil
}

func checkSubject(rule TextRule, subject string) error {
	var faults []string
	spans := readSpans(subject, false, func(problem string) { faults = append(faults, problem) })
	for _, s := range spans {
		if s.Placeholder == "" {
			continue
		}
		name, _, _ := strings.Cut(s.Placeholder, " ")
		if p, ok := rule.placeholder(name); !ok || !p.Subject || name != s.Placeholder {
			faults = append(faults, fmt.Sprintf("{{%s}} cannot stand in the subject%s.", s.Placeholder, orOf(rule, func(p Placeholder) bool { return p.Subject })))
		}
	}
	switch {
	case len([]rune(subject)) > maxTextSubject:
		faults = append(faults, fmt.Sprintf("A subject has %d characters at most.", maxTextSubject))
	case len(faults) == 0 && subject == "":
		return Invalid{Field: "subject", Code: CodeEmpty, Problem: "A subject is needed."}
	}
	if len(faults) > 0 {
		return Invalid{Field: "subject", Code: CodeInvalid, Problem: strings.Join(faults, " ")}
	}
	return nil
}

// read reads a body, and tells all that is wrong with it, each with its line.
func (r TextRule) read(body string) (text ReadText, faults []string) {
	if at, ok := tooLongAt(body); ok {
		return text, []string{fmt.Sprintf("Line %d: here the text is longer than %d characters.", at, maxTextBody)}
	}
	times := map[string]int{}
	text, faults = readText(body, func(line int, name string, alone bool) string {
		p, ok := r.placeholder(name)
		times[name]++
		switch {
		case !ok:
			return fmt.Sprintf("there is no {{%s}} in this text%s.", name, orOf(r, func(Placeholder) bool { return true }))
		case p.Alone && !alone:
			return fmt.Sprintf("{{%s}} stands alone on its line.", name)
		case p.Alone && times[name] > 1:
			return fmt.Sprintf("{{%s}} stands here a second time.", name)
		}
		return ""
	})
	for _, p := range r.Placeholders {
		if p.Required && times[p.Name] == 0 {
			last := 1 + strings.Count(strings.TrimRight(body, "\n"), "\n")
			faults = append(faults, fmt.Sprintf("Line %d: the text ends without {{%s}}, which it needs.", last, p.Name))
		}
	}
	return text, faults
}

func orOf(rule TextRule, may func(Placeholder) bool) string {
	var names []string
	for _, p := range rule.Placeholders {
		if may(p) {
			names = append(names, "{{"+p.Name+"}}")
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; it may hold " + strings.Join(names, ", ")
}

func tooLongAt(body string) (line int, ok bool) {
	n := 0
	line = 1
	for _, r := range body {
		if n++; n > maxTextBody {
			return line, true
		}
		if r == '\n' {
			line++
		}
	}
	return 0, false
}

// readText reads a body. For each placeholder, check says what is wrong with it
// there, "" for nothing.
func readText(body string, check func(line int, name string, alone bool) string) (text ReadText, faults []string) {
	into := &text.Main
	var paragraph TextParagraph
	end := func() {
		if paragraph != nil {
			*into = append(*into, paragraph)
		}
		paragraph = nil
	}
	number := 0
	for line := range strings.SplitSeq(body+"\n", "\n") {
		number++
		fault := func(problem string) {
			if problem != "" {
				faults = append(faults, fmt.Sprintf("Line %d: %s", number, problem))
			}
		}
		switch line = strings.TrimRight(line, " \t"); strings.TrimSpace(line) {
		case "":
			end()
		case "---":
			end()
			into = &text.Small
		default:
			read := readLine(line, fault)
			for i, s := range read.Spans {
				if s.Placeholder != "" {
					name, _, _ := strings.Cut(s.Placeholder, " ")
					read.Spans[i].Placeholder = name
					alone := len(read.Spans) == 1 && read.Kind != LineHeading && read.Kind != LineItem
					fault(check(number, name, alone))
				}
			}
			paragraph = append(paragraph, read)
		}
	}
	return text, faults
}

func readLine(line string, fault func(string)) (read TextLine) {
	for _, mark := range []struct {
		sign string
		kind LineKind
	}{{"# ", LineHeading}, {"- ", LineItem}, {"* ", LineItem}} {
		if rest, ok := strings.CutPrefix(strings.TrimLeft(line, " "), mark.sign); ok {
			read.Kind, line = mark.kind, strings.TrimSpace(rest)
			break
		}
	}
	if read.Kind == LinePlain && strings.HasPrefix(strings.TrimSpace(line), "{{") {
		line = strings.TrimSpace(line)
	}
	read.Spans = readSpans(line, true, fault)
	if len(read.Spans) != 1 || read.Kind != LinePlain {
		labelsOutside(read.Spans, fault)
		return read
	}
	name, label, _ := strings.Cut(read.Spans[0].Placeholder, " ")
	switch name {
	case "message", "signature":
		read.Kind = LineKind(name)
	case "link":
		read.Kind, read.Label = LineLink, strings.TrimSpace(label)
		return read
	}
	labelsOutside(read.Spans, fault)
	return read
}

// labelsOutside: only a link has words of its own.
func labelsOutside(spans []TextSpan, fault func(string)) {
	for _, s := range spans {
		if name, label, ok := strings.Cut(s.Placeholder, " "); ok && name != "link" {
			fault(fmt.Sprintf("{{%s}} takes no words; %q belongs outside of the braces.", name, label))
		}
	}
}

// readSpans cuts a line at its placeholders and its stars. Stars without their
// match are stars, and all are in a subject.
func readSpans(line string, body bool, fault func(string)) (spans []TextSpan) {
	bold := false
	add := func(s TextSpan) {
		if s.Text != "" || s.Placeholder != "" {
			s.Bold = bold
			spans = append(spans, s)
		}
	}
	words := func(text string) {
		if strings.Contains(text, "}}") {
			fault("}} closes nothing: a placeholder is {{name}}.")
		}
		add(TextSpan{Text: text})
	}
	stars := 0
	if body {
		stars = strings.Count(line, "**")
	}
	for line != "" {
		at := nextMark(line, stars > 1 || bold)
		words(line[:at])
		line = line[at:]
		if rest, ok := strings.CutPrefix(line, "**"); ok {
			stars, bold, line = stars-1, !bold, rest
			continue
		}
		if line == "" {
			break
		}
		inside, rest, closed := strings.Cut(line[2:], "}}")
		name := strings.Join(strings.Fields(inside), " ")
		if !closed || name == "" || strings.Contains(inside, "{") {
			fault("{{ is not closed: a placeholder is {{name}}.")
			add(TextSpan{Text: line})
			break
		}
		add(TextSpan{Placeholder: name})
		line = rest
	}
	return spans
}

// nextMark is where the next placeholder begins, or the next stars if they count.
func nextMark(line string, stars bool) int {
	at := len(line)
	if i := strings.Index(line, "{{"); i >= 0 {
		at = i
	}
	if stars {
		if i := strings.Index(line[:at], "**"); i >= 0 {
			at = i
		}
	}
	return at
}

// cleanBody keeps lines where they are, so that a fault names the line that was
// typed.
func cleanBody(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(strings.ToValidUTF8(s, "\uFFFD"))
	lines := strings.Split(strings.Map(dropUnsafe, s), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRightFunc(line, unicode.IsSpace)
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// dropUnsafe takes out controls and the marks that show a text in another order
// than it is written.
func dropUnsafe(r rune) rune {
	if r == '\n' || r == '\t' {
		return r
	}
	if unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
		return -1
	}
	return r
}

func cleanSubject(s string) string {
	return strings.Join(strings.Fields(strings.Map(dropUnsafe, strings.ToValidUTF8(s, "\uFFFD"))), " ")
}

// holds tells whether a line of that kind stands anywhere.
func (t ReadText) holds(kind LineKind) bool {
	return slices.ContainsFunc(slices.Concat(t.Main, t.Small), func(p TextParagraph) bool {
		return slices.ContainsFunc(p, func(l TextLine) bool { return l.Kind == kind })
	})
}
