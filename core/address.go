package core

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Longest address, in octets: RFC 5321 section 4.5.3.1, the path without its
// brackets. No domain of 255 fits into that.
const (
	maxLocalPart = 64
	maxAddress   = 254
)

// An Address is an email address in canonical form: two Addresses are == if
// and only if they are one mailbox for us. The local part is lower case, NFC
// and never loses a "+tag"; the domain is lower case A-labels without a final
// dot. The zero Address is no address.
type Address struct{ local, domain string }

// ParseAddress reads an addr-spec such as Cara@ACME.test, without display name
// and angle brackets. A quoted local part is read only if it would need no
// quotes but for odd dots. The error is an Invalid of the field "email".
func ParseAddress(s string) (Address, error) {
	s = strings.Trim(s, " \t")
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return Address{}, badAddress("This is not an email address.")
	}
	if len(s) > 4*maxAddress { // also when it is written in U-labels
		return Address{}, badAddress("The address is too long.")
	}
	local, ok := canonicalLocal(s[:at])
	if !ok {
		return Address{}, badAddress("The part before the @ is not valid.")
	}
	domain, ok := canonicalDomain(s[at+1:])
	if !ok {
		return Address{}, badAddress("The domain after the @ is not valid.")
	}
	a := Address{local, domain}
	if len(local) > maxLocalPart || len(a.String()) > maxAddress {
		return Address{}, badAddress("The address is too long.")
	}
	return a, nil
}

func badAddress(problem string) error {
	return Invalid{Field: "email", Code: CodeInvalid, Problem: problem}
}

// canonicalLocal takes atext (RFC 5321 section 4.1.2, RFC 6531 section 3.3) and
// dots anywhere: "cara.@docomo.test" exists, against the grammar.
func canonicalLocal(s string) (string, bool) {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	if s == "" || !utf8.ValidString(s) {
		return "", false
	}
	for _, r := range s {
		if !localRune(r) {
			return "", false
		}
	}
	return nfc(strings.Map(lowerRune, nfc(s))), true
}

// localRune refuses what cannot be seen, quotes and the like, and the few runes
// whose composition is ASCII: nobody may write another's address with them.
func localRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r == '.' || atext(byte(r))
	}
	return visible(r) && nfc(string(r))[0] >= utf8.RuneSelf
}

// visible tells letters, digits and signs beyond ASCII, without punctuation.
func visible(r rune) bool {
	return r >= utf8.RuneSelf && r != utf8.RuneError && unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.S)
}

// lowerRune lowers without turning a letter into an ASCII one: U+0130 is not i.
func lowerRune(r rune) rune {
	low := unicode.ToLower(r)
	if r >= utf8.RuneSelf && low < utf8.RuneSelf {
		return r
	}
	return low
}

func atext(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

// canonicalDomain is more tolerant than the look-up profile of IDNA (RFC 5891
// section 5) in one point: "r3--x.test" is a name of the DNS.
func canonicalDomain(s string) (string, bool) {
	s = lowerASCII(s)
	if !hostname(strings.TrimSuffix(s, ".")) || strings.HasPrefix(s, "xn--") || strings.Contains(s, ".xn--") {
		var err error
		if s, err = idna.Lookup.ToASCII(s); err != nil {
			return "", false
		}
	}
	s = strings.TrimSuffix(s, ".")
	return s, hostname(s)
}

// hostname tells a lower-case name of letters, digits and hyphens (RFC 1123
// section 2.1).
func hostname(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}

// lowerASCII leaves all but A to Z alone: strings.ToLower makes a k of U+212A.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// String writes the address so that ParseAddress and any SMTP server read it
// back: a local part with odd dots in quotes. The zero Address is "".
func (a Address) String() string {
	if a.IsZero() {
		return ""
	}
	if a.local[0] == '.' || strings.HasSuffix(a.local, ".") || strings.Contains(a.local, "..") {
		return `"` + a.local + `"@` + a.domain
	}
	return a.local + "@" + a.domain
}

// Local gives the part before the @, never quoted.
func (a Address) Local() string { return a.local }

// Domain gives the part after the @ in A-labels.
func (a Address) Domain() string { return a.domain }

// IsZero tells that there is no address.
func (a Address) IsZero() bool { return a == Address{} }

// MarshalText writes String.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText wrote; empty text is the zero Address.
func (a *Address) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*a = Address{}
		return nil
	}
	*a, err = ParseAddress(string(text))
	return err
}

// Value stores the address as text, the zero Address as null.
func (a Address) Value() (driver.Value, error) {
	if a.IsZero() {
		return nil, nil
	}
	return a.String(), nil
}

// Scan reads what Value stored.
func (a *Address) Scan(src any) error {
	switch src := src.(type) {
	case nil:
		*a = Address{}
		return nil
	case string:
		return a.UnmarshalText([]byte(src))
	case []byte:
		return a.UnmarshalText(src)
	}
	return fmt.Errorf("cannot read an address from %T", src)
}
