package smtpd

import (
	"regexp"
	"strings"
)

// parameters gives what stands behind the path of MAIL or RCPT.
func parameters(arguments string) []string {
	_, rest, _ := strings.Cut(arguments, ":")
	rest = strings.TrimSpace(rest)
	return strings.Fields(rest[pathEnd(rest):])
}

// pathEnd is where a path ends, with brackets or without. Inside of quotes
// nothing ends it (RFC 5321 section 4.1.2).
func pathEnd(s string) int {
	ends := " \t"
	if strings.HasPrefix(s, "<") {
		ends = ">"
	}
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case !quoted && strings.IndexByte(ends, s[i]) >= 0:
			return i + 1
		}
	}
	return len(s)
}

var sizeDigits = regexp.MustCompile(`^[0-9]+$`)

// judgeParameters is the answer to parameters that were not offered or make no
// sense, empty if all is well. Offered are SIZE, 8BITMIME and SMTPUTF8; a promise
// that we cannot keep (REQUIRETLS, DSN, BINARYMIME, AUTH, DELIVERBY) is refused
// and never just ignored.
func judgeParameters(verb string, list []string) string {
	seen := map[string]bool{}
	for _, parameter := range list {
		name, value, valued := strings.Cut(strings.ToUpper(parameter), "=")
		answer := replyNotAParameter
		if verb == "MAIL" {
			answer = judgeMailParameter(name, value, valued)
		}
		if answer == "" && seen[name] {
			answer = replyBadParameter
		}
		if answer != "" {
			return answer
		}
		seen[name] = true
	}
	return ""
}

func judgeMailParameter(name, value string, valued bool) string {
	switch name {
	case "SIZE":
		if !sizeDigits.MatchString(value) {
			return replyBadParameter
		}
	case "SMTPUTF8":
		if valued {
			return replyBadParameter
		}
	case "BODY":
		switch value {
		case "7BIT", "8BITMIME":
		case "BINARYMIME":
			return replyNotAParameter
		default:
			return replyBadParameter
		}
	default:
		return replyNotAParameter
	}
	return ""
}
