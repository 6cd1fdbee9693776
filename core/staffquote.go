package core

import (
	"regexp"
	"strings"
	"unicode"
)

// knownWords are what an agent's mail may quote: the notice that it answers, and
// of that what the customer knows. White space does not count.
type knownWords struct{ notice, public string }

// noticeLine is what our notices say to an agent in each language, whatever the
// mailbox has set. A test holds it against the texts.
var noticeLine = regexp.MustCompile(`(?i)^\S.{0,200} (?:wrote in|added a private note to) conversation #\d+|^\S.{0,200} (?:schrieb zu|hat eine private notiz zu) anfrage #\d+|^open (?:the )?conversation\b[^.]{0,12}:|^anfrage öffnen[^.]{0,12}:|^\S*/agent/conversations/\S*$|#note as its first line|^schreiben sie #note in die erste zeile|^your answer to this mail goes to|^ihre antwort auf diese e-mail geht an|^-- (?:please reply above this line|bitte antworten sie oberhalb dieser zeile)`)

// isFrame tells that a line is of the notice and not of anybody's public words.
func (k knownWords) isFrame(line string) bool {
	s := squeezeSpace(withoutQuoteMarks(line))
	if s == "" {
		return false
	}
	return noticeLine.MatchString(s) || len(s) > 3 && strings.Contains(k.notice, s) && !strings.Contains(k.public, s)
}

// isQuote tells that a line repeats what was said before: most of its words
// stand in a row there.
func (k knownWords) isQuote(line string) bool {
	s := squeezeSpace(withoutQuoteMarks(line))
	return s == "" || strings.Contains(k.public, s) || strings.Contains(k.notice, s) || noticeLine.MatchString(s)
}

// withoutFrame cuts off a notice that a mail program put below the new words
// without a sign that it is quoted. With new words below it is in doubt.
func (k knownWords) withoutFrame(lines []string) (kept []string, doubt string) {
	for i, line := range lines {
		if isQuoted(line) || !noticeLine.MatchString(squeezeSpace(line)) {
			continue
		}
		for _, below := range lines[i:] {
			if !k.isQuote(below) {
				return lines, doubtFrame
			}
		}
		return lines[:i], ""
	}
	return lines, ""
}

// checkQuotes keeps of the quoted lines what the customer has read, drops the
// notice's own, and doubts the rest.
func (k knownWords) checkQuotes(lines []string) (kept []string, doubt string) {
	for _, line := range lines {
		if isQuoted(line) {
			s := squeezeSpace(withoutQuoteMarks(line))
			switch {
			case s == "" || strings.Contains(k.public, s) && !noticeLine.MatchString(s):
			case k.isFrame(line):
				continue
			default:
				doubt = doubtQuote
			}
		}
		kept = append(kept, line)
	}
	if len(kept) == len(lines) {
		return lines, doubt
	}
	return withoutLoneQuotes(kept), doubt
}

// withoutLoneQuotes drops quote marks without words that are left over where
// lines went.
func withoutLoneQuotes(lines []string) (kept []string) {
	for i, line := range lines {
		if isQuoted(line) && withoutQuoteMarks(line) == "" && (i+1 == len(lines) || !isQuoted(lines[i+1]) || len(kept) == 0) {
			continue
		}
		kept = append(kept, line)
	}
	return kept
}

// tellingLine is from which length on a line that stands in a notice is taken from
// it: a name or two dashes stand anywhere.
const tellingLine = 12

// answeredInside tells that what was folded as a quote holds other words between
// lines of the notice: an answer among them that no sign tells apart. Only one
// that is known can be told from that.
func (k knownWords) answeredInside(elided string) bool {
	if k.notice == "" {
		return false
	}
	vocabulary := map[string]bool{}
	for word := range strings.FieldsFuncSeq(k.notice+" "+k.public, notLetter) {
		vocabulary[word] = true
	}
	known, strange := 0, false
	for line := range strings.Lines(elided) {
		s := squeezeSpace(withoutQuoteMarks(line))
		switch {
		case len(s) < 2:
		case len(s) >= tellingLine && strings.Contains(k.notice, s):
			if strange && known > 0 {
				return true
			}
			known++
			strange = false
		case known > 0:
			strange = strange || mostlyStrange(s, vocabulary)
		}
	}
	return false
}

// mostlyStrange tells that half of the words of a line, or more, are in none of
// those that are known. A link that a mail program repeats beside its words is no
// word.
func mostlyStrange(line string, vocabulary map[string]bool) bool {
	all, strange := 0, 0
	for field := range strings.FieldsSeq(line) {
		if strings.Contains(field, "://") || strings.Contains(field, "@") {
			continue
		}
		for word := range strings.FieldsFuncSeq(field, notLetter) {
			all++
			if !vocabulary[word] {
				strange++
			}
		}
	}
	return strange > 0 && 2*strange >= all
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

func withoutQuoteMarks(line string) string {
	return strings.TrimRightFunc(strings.TrimLeftFunc(line, blankRune), blankRune)
}

// squeezeSpace makes words comparable: lower case, one blank between them, no
// characters that nobody sees, no asterisks of bold letters.
func squeezeSpace(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return unseen(r) || r == '*' }), " ")
}

// letters counts what is no white space.
func letters(text string) (n int) {
	for _, r := range text {
		if !unseen(r) {
			n++
		}
	}
	return n
}
