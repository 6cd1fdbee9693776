package eml

import "strings"

// statusCodes finds the RFC 3463 codes of a text, each once, the vague x.0.0 only
// where there is nothing better.
func statusCodes(s string) []string {
	var codes []string
	for i := 0; i+4 < len(s) && len(codes) < maxReportPieces; i++ {
		if c := s[i]; c != '4' && c != '5' && c != '2' || s[i+1] != '.' || i > 0 && (isDigit(s[i-1]) || s[i-1] == '.' || s[i-1] == '-' && i > 1 && isDigit(s[i-2]) == false) {
			continue
		}
		mid := digits(s[i+2:], 3)
		if mid == 0 || i+2+mid >= len(s) || s[i+2+mid] != '.' {
			continue
		}
		last := digits(s[i+3+mid:], 4)
		end := i + 3 + mid + last
		if last == 0 || last > 3 || end < len(s) && (isDomainChar(s[end]) && s[end] != '.' && s[end] != '-' || s[end] == '.' && end+1 < len(s) && isDigit(s[end+1])) {
			continue
		}
		if s[i] != '2' || strings.TrimSpace(s) == s[i:end] {
			codes = addOnce(codes, s[i:end])
		}
		i = end - 1
	}
	return codes
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func digits(s string, most int) (n int) {
	for n < len(s) && n < most && isDigit(s[n]) {
		n++
	}
	return n
}

// replyClass is the first digit of the first SMTP reply code in a text, 0 if there
// is none.
func replyClass(s string) byte {
	for i := 0; i+3 <= len(s); i++ {
		if (s[i] == '4' || s[i] == '5') && s[i+1] <= '5' && isDigit(s[i+1]) && isDigit(s[i+2]) &&
			(i == 0 || strings.IndexByte(" \t\n:;([<#'\"", s[i-1]) >= 0) && (i+3 == len(s) || strings.IndexByte(" -:)]\n\t,.#", s[i+3]) >= 0) {
			return s[i]
		}
	}
	return 0
}
