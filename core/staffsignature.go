package core

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An agent's mail program adds a signature, and not all of them say where it
// begins. The customer gets the one of the agent's profile instead.

// Bounds of a signature without a mark.
const (
	maxSignatureLines = 16
	maxSignatureLine  = 100 // characters
)

// cutSignature divides the lines of an agent's mail into words and a signature at
// their end: the one of their profile, or one that begins with their name, or with
// an address or a phone number of theirs.
func cutSignature(lines []string, k staffKnowledge) (words, signature []string) {
	end := len(lines)
	for end > 0 && strings.TrimFunc(lines[end-1], blankRune) == "" {
		end--
	}
	lines = lines[:end]
	if n := endsIn(lines, k.Signature); n > 0 {
		return lines[:len(lines)-n], lines[len(lines)-n:]
	}
	top := signatureTop(lines)
	for i := top; i < len(lines); i++ {
		if start := k.signatureStart(lines, top, i); start >= 0 {
			return lines[:start], lines[start:]
		}
	}
	return lines, nil
}

// endsIn counts the lines at the end that say what a profile's signature does, 0
// if they do not.
func endsIn(lines []string, signature string) int {
	want := squeezeSpace(signature)
	if want == "" {
		return 0
	}
	for n := 1; n <= min(len(lines), maxSignatureLines+strings.Count(signature, "\n")); n++ {
		if squeezeSpace(strings.Join(lines[len(lines)-n:], "\n")) == want {
			return n
		}
	}
	return 0
}

// signatureTop is the first of the lines at the end that may be of a signature:
// short ones, and no sentences.
func signatureTop(lines []string) int {
	top := len(lines)
	for n := 0; top > 0 && n < maxSignatureLines; top-- {
		line := strings.TrimSpace(lines[top-1])
		if line == "" {
			continue
		}
		if isQuoted(line) || utf8.RuneCountInString(line) > maxSignatureLine || isSentence(line) {
			return top
		}
		n++
	}
	return top
}

func isSentence(line string) bool {
	return strings.ContainsAny(line[len(line)-1:], ".?!") && strings.Count(line, " ") > 4
}

// signatureStart says where a signature starts of which line i is a part that
// only this agent's has, or -1.
func (k staffKnowledge) signatureStart(lines []string, top, i int) int {
	line := squeezeSpace(lines[i])
	name := squeezeSpace(k.Name)
	given, _, _ := strings.Cut(name, " ")
	switch bare := strings.Trim(line, " ,.-–—_"); {
	case line == "":
		return -1
	case name != "" && bare == name && (name != given || i == len(lines)-1):
		return i
	case name != given && strings.HasPrefix(line, name) && startsApart(line[len(name):]):
		return i
	case name != "" && bare == given && tellsContact(lines[i+1:]):
		return i + 1 // people write their first name below a mail
	case !k.isOwnContact(line):
		return -1
	}
	for i > top && isContact(lines[i-1]) {
		i--
	}
	return i
}

// tellsContact tells that a line is a contact's before the next blank one.
func tellsContact(lines []string) bool {
	for _, line := range lines {
		if strings.TrimFunc(line, blankRune) == "" {
			return false
		}
		if isContact(line) {
			return true
		}
	}
	return false
}

// startsApart tells that what follows a name on its line is apart from it, like a
// title behind a bar.
func startsApart(rest string) bool {
	rest = strings.TrimSpace(rest)
	return rest != "" && strings.ContainsAny(rest[:1], "|,-(/") || strings.HasPrefix(rest, "·") || strings.HasPrefix(rest, "–") || strings.HasPrefix(rest, "—") || strings.HasPrefix(rest, "•")
}

// isOwnContact tells that a line is about how to reach this agent.
func (k staffKnowledge) isOwnContact(line string) bool {
	if strings.Count(line, " ") > 8 {
		return false
	}
	bare := bareText(line)
	for _, address := range k.Own {
		if namesAddress(bare, address) {
			return true
		}
	}
	phone := digitsOf(k.Phone)
	phone = phone[max(0, len(phone)-8):] // without what it is dialled with from elsewhere
	return len(phone) >= 6 && strings.Contains(digitsOf(line), phone)
}

var contactLabel = regexp.MustCompile(`(?i)^(?:t|tel|phone|telefon|téléphone|teléfono|telefono|telefoon|mob|mobile?|mobil|handy|cell|direct|durchwahl|office|fax|f|m|p|e|mail|e-?mail|web|www|skype|телефон|тел|моб|電話|电话|手机|전화)\s*[.:：+ ]`)

// isContact tells that a line is nothing but a way to reach somebody: a number,
// an address, a page, with a word or two that say which.
func isContact(line string) bool {
	s := strings.Trim(squeezeSpace(line), "|•·-–—_ ")
	if s == "" || strings.Count(s, " ") > 10 {
		return false
	}
	digits, words := len(digitsOf(s)), 0
	for _, r := range s {
		if unicode.IsLetter(r) {
			words++
		}
	}
	switch {
	case digits >= 6 && words <= 2*digits:
		return true
	case contactLabel.MatchString(s) && (digits >= 5 || strings.ContainsAny(s, "@/")):
		return true
	}
	return !strings.Contains(s, " ") && (strings.Contains(s, "@") || strings.HasPrefix(s, "www.") || strings.Contains(s, "://"))
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, s)
}
