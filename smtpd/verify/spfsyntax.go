package verify

import (
	"regexp"
	"strings"
)

// The grammar of an SPF record, RFC 7208 section 12. The library that evaluates
// records forgives much of what must be a permerror, "ip4:1.2.3.4/032" as a pass:
// what is not well formed proves nobody.
const (
	spfMacro    = `%(?:\{[A-Za-z][0-9]*[rR]?[.+,/_=-]*\}|[%_-])`
	spfTopLabel = `(?:[0-9A-Za-z]*[A-Za-z][0-9A-Za-z]*|[0-9A-Za-z]+-[0-9A-Za-z-]*[0-9A-Za-z])`
	spfText     = `(?:` + spfMacro + `|[!-$&-~])*`
	spfDomain   = spfText + `(?:\.` + spfTopLabel + `\.?|` + spfMacro + `)`
	spfCIDR4    = `(?:/(?:[0-9]|[12][0-9]|3[0-2]))`
	spfCIDR6    = `(?:/(?:[0-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))`
	spfDual     = spfCIDR4 + `?(?:/` + spfCIDR6 + `)?`
)

var spfTerm = regexp.MustCompile(`(?i)^(?:[+?~-]?(?:all|include:` + spfDomain + `|(?:a|mx)(?::` + spfDomain + `)?` + spfDual +
	`|ptr(?::` + spfDomain + `)?|ip4:[0-9.]+` + spfCIDR4 + `?|ip6:[0-9A-F:.]+` + spfCIDR6 + `?|exists:` + spfDomain +
	`)|(?:redirect|exp)=` + spfDomain + `|[A-Z][A-Z0-9_.-]*=` + spfText + `)$`)

var spfKnownModifier = regexp.MustCompile(`(?i)^(?:redirect|exp)=`)

// wellFormedSPF tells that a record keeps to the grammar. No modifier of RFC 7208
// may stand in it twice (section 6).
func wellFormedSPF(record string) bool {
	seen := map[string]bool{}
	for _, term := range strings.Split(record, " ")[1:] {
		if term == "" {
			continue
		}
		if !spfTerm.MatchString(term) {
			return false
		}
		if name := strings.ToLower(spfKnownModifier.FindString(term)); name != "" {
			if seen[name] || !strings.HasSuffix(term, "}") && !strings.Contains(term, ".") {
				return false
			}
			seen[name] = true
		}
	}
	return true
}

// isSPF tells an SPF record from other texts of a name (RFC 7208 section 4.5).
func isSPF(text string) bool {
	version, _, _ := strings.Cut(text, " ")
	return strings.EqualFold(version, "v=spf1")
}
