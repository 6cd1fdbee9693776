package eml

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxAttribution = 600 // bytes

// endsLikeAttribution is a quick look at what an attribution could end with.
func endsLikeAttribution(s string) bool {
	switch last, _ := utf8.DecodeLastRuneInString(s); last {
	case ':', '：', '>', ']', ')', '»':
		return true
	case '-':
		return strings.HasSuffix(s, "--")
	}
	return strings.HasSuffix(s, "wrote") || strings.HasSuffix(s, "пише")
}

// attribution marks line i, and up to three lines before it, if together they say
// who wrote what is quoted below.
func (d lined) attribution(i int, s string) {
	if len(s) < 160 && containsAny(strings.Trim(normal(s), "-*_[] \t"), forwardWords) {
		d.lines[i].kind = lineHistory
		d.headerBlock(d.after(i + 1))
		return
	}
	if len(s) > maxAttribution {
		return
	}
	quoted := d.is(d.after(i+1), lineQuote)
	found := -1
	for n := 0; n <= 3 && (n == 0 || d.is(i-n, lineText)); n++ {
		whole := d.joined(i-n, i)
		if len(whole) > maxAttribution {
			break
		}
		if !isAttribution(whole, quoted) {
			continue
		}
		if startsLikeAttribution(whole) || hasDate(whole) && hasTime(whole) {
			if found < 0 || startsLikeAttribution(whole) {
				found = i - n
			}
			break
		}
		if found < 0 {
			found = i - n
		}
	}
	if found >= 0 {
		d.set(d.beginning(found, i), i+1, lineAttribution)
	}
}

// joined is lines as one, in normal letters.
func (d lined) joined(from, to int) string {
	whole := d.text[d.lines[from].start:d.lines[to].end]
	if len(whole) > 2*maxAttribution {
		return whole
	}
	return strings.TrimSpace(normal(strings.ReplaceAll(whole, "\n", " ")))
}

// beginning goes up over lines that say what an attribution says and this one does
// not yet: a date, a time, an address, or just "on".
func (d lined) beginning(from, to int) int {
	for n := 0; n < 3 && d.is(from-1, lineText); n++ {
		above, whole := d.joined(from-1, from-1), d.joined(from, to)
		if len(above) > 100 || strings.HasSuffix(above, ":") {
			break
		}
		adds := hasDate(above) && !hasDate(whole) || hasTime(above) && !hasTime(whole) || strings.Contains(above, "@") && !strings.Contains(whole, "@") ||
			strings.HasPrefix(whole, "<") || startsLikeAttribution(above) && (strings.Count(above, " ") < 2 || isDigit(whole[0]) && digitsOf(above) > 0) && !isDigit(above[0]) && !strings.ContainsAny(above[len(above)-1:], ".!?")
		if !adds {
			break
		}
		from--
	}
	return from
}

// isAttribution weighs one attribution in normal letters: somebody wrote, and a
// date or an address; or a date, an address and a colon. Without a quoted line
// below it takes more, as people write such lines too.
func isAttribution(s string, quoted bool) bool {
	s = strings.Trim(s, "-*_ \t")
	address := strings.IndexByte(s, '@') > 0
	digitCount := digitsOf(s)
	if s == "" || digitCount == 0 && !address && !quoted {
		return false
	}
	if containsAny(s, wroteWords) {
		return quoted || address || digitCount >= 5 && startsLikeAttribution(s)
	}
	end := strings.TrimRight(s, ": ])")
	colon := len(end) < len(s)
	if quoted && colon && len(s) < 200 && hasYear(s) && (startsLikeAttribution(s) || hasTime(s)) {
		return true // in whatever language
	}
	if quoted && colon && address && len(s) < 200 && startsLikeAttribution(s) {
		return true // "quoting Abe <…>:"
	}
	if !address || digitCount < 4 || len(s) >= 300 {
		return false
	}
	if strings.ContainsAny(s, "<[") && (strings.HasSuffix(end, ">") || !strings.Contains(s, "<")) && (quoted || colon) {
		return true
	}
	return quoted && !strings.Contains(s, "<") || colon && startsLikeAttribution(s) && hasYear(s) && hasTime(s)
}

func digitsOf(s string) (n int) {
	for i := range len(s) {
		if isDigit(s[i]) {
			n++
		}
	}
	return n
}

// hasDate finds a year, or a day and a month in digits.
func hasDate(s string) bool {
	return hasYear(s) || digitsOf(s) >= 4 && (strings.Count(s, "/") >= 2 || strings.Count(s, ".") >= 2 || strings.Count(s, "-") >= 2)
}

// hasYear finds four digits that are one.
func hasYear(s string) bool {
	for i := 0; i+4 <= len(s); i++ {
		if (s[i:i+2] == "20" || s[i:i+2] == "19" || s[i:i+2] == "25") && digitsOf(s[i:i+4]) == 4 && digitsOf(s[max(0, i-1):i]) == 0 && digitsOf(s[i+4:min(len(s), i+5)]) == 0 {
			return true
		}
	}
	return false
}

// hasTime finds hours and minutes.
func hasTime(s string) bool {
	for i := 1; i+3 <= len(s); i++ {
		if (s[i] == ':' || s[i] == '.' || s[i] == 'h') && isDigit(s[i-1]) && digitsOf(s[i+1:i+3]) == 2 {
			return true
		}
	}
	return false
}

// startsLikeAttribution looks at the first word of a line in normal letters.
func startsLikeAttribution(s string) bool {
	s = strings.TrimLeft(s, "-*_[( \t")
	if s == "" {
		return false
	}
	if isDigit(s[0]) {
		return true
	}
	word := s
	if i := strings.IndexFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == '.' || r == '-' }); i > 0 {
		word = s[:i]
	}
	return attributionStarts[word]
}
