package eml

import (
	"strings"
)

// An encodedWord is one =?charset?encoding?text?= of RFC 2047.
type encodedWord struct {
	charset  string
	encoding byte // 'b' or 'q'
	raw      []byte
}

func (w encodedWord) decode() []byte {
	if w.encoding == 'b' {
		return decodeBase64(w.raw)
	}
	return decodeQWord(w.raw)
}

// A wordRun is adjacent words of one charset. Senders cut words in the middle of
// a character, of an escape, and of four characters of base64.
type wordRun struct {
	data []byte      // of the words before
	last encodedWord // and of those of one encoding that follow
}

func (r *wordRun) add(w encodedWord) {
	switch {
	case r.last.encoding != w.encoding:
		r.data = append(r.data, r.last.decode()...)
		r.last = w
	case w.encoding == 'b' && !hasRest(r.last.raw):
		r.last.raw = append(append(r.last.raw, '='), w.raw...)
	default:
		r.last.raw = append(r.last.raw, w.raw...)
	}
}

func (r *wordRun) text() string {
	if r.last.charset == "" {
		return ""
	}
	return toUTF8(append(r.data, r.last.decode()...), r.last.charset)
}

// hasRest reports whether base64 breaks off within a byte.
func hasRest(b []byte) bool {
	if len(b) == 0 || b[len(b)-1] == '=' {
		return false
	}
	left := base64Values[b[len(b)-1]]
	switch len(b) % 4 {
	case 1:
		return true
	case 2:
		return left&15 != 0
	case 3:
		return left&3 != 0
	}
	return false
}

// decodeWords decodes RFC 2047 words, wherever they stand and as broken as they
// come: inside quotes, glued to text, with blanks inside, cut in the middle of a
// character, without an end. What cannot be read stays as written.
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	var out strings.Builder
	var run wordRun
	flush := func() {
		out.WriteString(run.text())
		run = wordRun{}
	}
	words := 0
	for s != "" {
		i := strings.Index(s, "=?")
		if i < 0 || words > maxEncodedWords {
			break
		}
		w, n, ok := scanWord(s[i:])
		if !ok {
			flush()
			out.WriteString(s[:i+2])
			s = s[i+2:]
			continue
		}
		words++
		gap := s[:i]
		if run.last.charset == "" || strings.TrimSpace(gap) != "" {
			flush()
			out.WriteString(gap)
		}
		if !strings.EqualFold(run.last.charset, w.charset) {
			flush()
		}
		run.add(w)
		s = s[i+n:]
	}
	flush()
	out.WriteString(s)
	return out.String()
}

// scanWord reads the encoded word that s begins with and its length.
func scanWord(s string) (w encodedWord, n int, ok bool) {
	rest := s[2:]
	q := strings.IndexByte(rest, '?')
	if q <= 0 || q > 64 || strings.ContainsAny(rest[:q], " \t<>\"=") {
		return w, 0, false
	}
	w.charset, _, _ = strings.Cut(rest[:q], "*") // RFC 2231 section 5: a language may follow
	rest = rest[q+1:]
	if len(rest) < 2 || rest[1] != '?' {
		return w, 0, false
	}
	if w.encoding = rest[0] | 0x20; w.encoding != 'b' && w.encoding != 'q' || w.charset == "" {
		return w, 0, false
	}
	rest = rest[2:]
	n = len(s) - len(rest)
	end := strings.Index(rest, "?=")
	if w.encoding == 'q' {
		end = wordEnd(rest, end)
	}
	if end < 0 { // cut off: to the next blank
		if end = strings.IndexAny(rest, " \t\""); end < 0 {
			end = len(rest)
		}
		n += end
		w.raw = []byte(strings.TrimSuffix(rest[:end], "?"))
		return w, n, true
	}
	w.raw = []byte(rest[:end])
	return w, n + end + 2, true
}

// wordEnd steps over a "?=" that is really a question mark before "=XX", as
// senders that do not encode question marks write it.
func wordEnd(s string, end int) int {
	for at := end; at >= 0 && at+4 <= len(s) && isHex(s[at+2]) && isHex(s[at+3]); {
		next := strings.Index(s[at+2:], "?=")
		if next < 0 {
			return end
		}
		at += 2 + next
		end = at
	}
	return end
}

func decodeQWord(s []byte) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '_':
			out = append(out, ' ')
		case c == '=' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		case c == '=' && i+1 < len(s) && s[i+1] == ' ': // a line was broken here
			i++
		default:
			out = append(out, c)
		}
	}
	return out
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}
