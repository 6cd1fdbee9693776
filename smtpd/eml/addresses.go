package eml

import (
	"strings"

	"postdesk/core"
)

// parseAddresses reads an address field in every form that it is written in. It
// follows the structure of the field before any encoded word is decoded, so that
// a display name can never become an address (A13). Everything that could be read
// as another address is one: a doubtful From has two.
func parseAddresses(s string) []core.NamedAddress {
	p := addressParser{in: s}
	p.run()
	return p.out
}

// isDoubtful reports whether an address field holds a group, "name: members;", or
// more than one address and a comment or quote without end.
func isDoubtful(s string) bool {
	p := addressParser{in: s}
	p.run()
	return p.group || (p.noComments || p.noQuotes) && strings.Count(s, "@") > 1
}

type addressParser struct {
	in  string
	at  int
	out []core.NamedAddress

	raw     strings.Builder // the mailbox as written, without comments
	display strings.Builder // the same without quotes
	comment string
	angle   string
	angled  bool
	prefix  string // words before a comma that had no address: "Doe, John <j@x>"

	noComments bool   // one had no end, so none is looked for again
	noQuotes   bool   // one had no end
	opened     bool   // the name of a group was read,
	group      bool   // and the group had an end
	groupName  string // the name while its end has not come
	groupAt    int    // the first member in out
}

func (p *addressParser) run() {
	for p.at < len(p.in) && len(p.out) < maxAddresses {
		p.step()
	}
	p.finish(true)
	if p.groupName != "" && len(p.out) == p.groupAt+1 { // no group: "Acme: Support <s@x>"
		p.out[p.groupAt].Name = strings.TrimSuffix(oneLine(decodeWords(p.groupName))+": "+p.out[p.groupAt].Name, ": ")
	}
}

func (p *addressParser) step() {
	switch c := p.in[p.at]; c {
	case '"':
		p.quoted()
	case '(':
		if p.noComments {
			p.at++
			break
		}
		p.commented()
	case '=':
		p.word()
	case '<':
		p.bracketed()
	case ',', ';':
		p.at++
		p.finish(false)
		if c == ';' {
			p.group, p.groupName = p.group || p.opened, ""
		}
	case ':':
		p.at++
		if name := p.raw.String(); !p.angled && !strings.Contains(name, "@") && !strings.HasSuffix(strings.ToLower(strings.TrimSpace(name)), "mailto") {
			p.groupName, p.groupAt = strings.TrimSpace(p.display.String()), len(p.out)
			p.raw.Reset()
			p.display.Reset()
			p.prefix = ""
			p.opened = true
			return
		}
		p.write(":")
	case '\\':
		if p.at++; p.at < len(p.in) {
			p.write(p.in[p.at : p.at+1])
			p.at++
		}
	default:
		end := strings.IndexAny(p.in[p.at:], "\"(<,;:\\=")
		if end < 0 {
			end = len(p.in) - p.at
		}
		p.write(p.in[p.at : p.at+end])
		p.at += end
	}
}

func (p *addressParser) write(s string) {
	p.raw.WriteString(s)
	p.display.WriteString(s)
}

// quoted reads a quoted string; a quote without end stands for itself.
func (p *addressParser) quoted() {
	end := -1
	for i := p.at + 1; i < len(p.in); i++ {
		if p.in[i] == '\\' {
			i++
		} else if p.in[i] == '"' {
			end = i
			break
		}
	}
	if end < 0 {
		p.at++
		p.noQuotes = true
		return
	}
	whole := p.in[p.at : end+1]
	p.raw.WriteString(whole)
	p.display.WriteString(unquote(whole[1 : len(whole)-1]))
	p.at = end + 1
}

func unquote(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// commented reads a comment; one without end stands for itself.
func (p *addressParser) commented() {
	depth := 0
	for i := p.at; i < len(p.in); i++ {
		switch p.in[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				if p.comment == "" {
					p.comment = unquote(p.in[p.at+1 : i])
				}
				p.write(" ")
				p.at = i + 1
				return
			}
		}
	}
	p.noComments = true
}

// word takes an encoded word as a whole, whatever it holds, unless it holds what
// another reader would take for an address.
func (p *addressParser) word() {
	rest := p.in[p.at:]
	if strings.HasPrefix(rest, "=?") {
		if _, n, ok := scanWord(rest[:min(len(rest), maxLineBytes)]); ok && strings.HasSuffix(rest[:n], "?=") && !strings.ContainsAny(rest[:n], "<>") {
			p.write(rest[:n])
			p.at += n
			return
		}
	}
	p.write("=")
	p.at++
}

// bracketed reads <address>. A second one without a comma is a second mailbox.
func (p *addressParser) bracketed() {
	if p.angled {
		p.finish(false)
	}
	rest := strings.TrimLeft(p.in[p.at:], "<")
	start := len(p.in) - len(rest)
	rest = rest[:min(len(rest), 2*maxIDBytes)]
	end, inQuotes := -1, false
	for i := 0; i < len(rest) && end < 0; i++ {
		switch c := rest[i]; {
		case c == '\\' && inQuotes:
			i++
		case c == '"':
			inQuotes = !inQuotes
		case c == '>' && !inQuotes, c == '<' && !inQuotes:
			end = i
		}
	}
	if end >= 0 && rest[end] == '<' { // the next one begins before this one has ended
		if comma := strings.IndexAny(rest[:end], ",;"); comma > 0 {
			end = comma
		}
	}
	if end < 0 { // no end, or a quote without one
		if end = strings.IndexAny(rest, ">,;"); end < 0 {
			end = len(rest)
		}
	}
	p.angle, p.angled = rest[:end], true
	p.at = start + end
	for p.at < len(p.in) && p.in[p.at] == '>' {
		p.at++
	}
	p.prefixDisplay()
}

// prefixDisplay moves the words before the bracket out of the way, so that words
// behind it can be told apart.
func (p *addressParser) prefixDisplay() {
	if p.prefix != "" {
		name := p.prefix + ", " + strings.TrimSpace(p.display.String())
		p.display.Reset()
		p.display.WriteString(name)
		p.prefix = ""
	}
	p.raw.Reset()
}

// finish ends one mailbox.
func (p *addressParser) finish(last bool) {
	raw, name, comment := strings.TrimSpace(p.raw.String()), strings.TrimSpace(p.display.String()), p.comment
	angle, angled := p.angle, p.angled
	p.raw.Reset()
	p.display.Reset()
	p.comment, p.angle, p.angled = "", "", false
	switch {
	case angled:
		if strings.Contains(raw, "@") { // words behind the bracket that hold an address
			name = strings.TrimSpace(strings.TrimSuffix(name, raw))
			p.add(angle, name, comment)
			if raw != angle {
				p.bare(raw, "")
			}
			return
		}
		p.add(angle, name, comment)
	case strings.Contains(raw, "@"):
		p.bare(raw, comment)
	case raw != "":
		if p.prefix != "" {
			name = p.prefix + ", " + name
		}
		p.prefix = name
	}
	if last && p.prefix != "" && len(p.out) == 0 && !strings.ContainsAny(p.prefix, " ,@") {
		p.add(p.prefix, "", "") // a local name alone: root, MAILER-DAEMON
	}
}

// bare reads a mailbox without brackets: "a@b", or words with an address in them.
func (p *addressParser) bare(raw, comment string) {
	p.prefix = ""
	if !strings.ContainsAny(raw, " \t") || strings.HasPrefix(raw, `"`) && strings.LastIndexByte(raw, '"') < strings.LastIndexByte(raw, '@') && !strings.ContainsAny(raw[strings.LastIndexByte(raw, '"'):], " \t") {
		p.add(raw, "", comment)
		return
	}
	if strings.Contains(raw, " @") || strings.Contains(raw, "@ ") || strings.Contains(raw, " .") {
		joined := strings.NewReplacer(" @ ", "@", " @", "@", "@ ", "@", " . ", ".").Replace(raw)
		if !strings.ContainsAny(joined, " \t") {
			p.add(joined, "", comment)
			return
		}
	}
	var words []string
	found := false
	for _, w := range strings.Fields(raw) {
		if strings.Contains(w, "@") {
			p.add(strings.Trim(w, "[]<>"), strings.Trim(strings.Join(words, " "), "\" -,:"), comment)
			words, found = nil, true
			continue
		}
		words = append(words, w)
	}
	if !found {
		p.add(raw, "", comment)
	}
}

func (p *addressParser) add(address, name, comment string) {
	if len(p.out) >= maxAddresses {
		return
	}
	address = tidyAddress(address)
	if name == "" {
		name = comment
	}
	name = oneLine(decodeWords(name))
	if n := len(name); n > 1 && name[0] == '\'' && name[n-1] == '\'' {
		name = name[1 : n-1]
	}
	p.out = append(p.out, core.NamedAddress{Name: name, Address: address})
}

// tidyAddress takes off what does not belong to an address: blanks, mailto:, a
// source route (RFC 5321 appendix C). Quoted local parts stay as written.
func tidyAddress(a string) string {
	a = strings.TrimSpace(a)
	if hasFoldPrefix(a, "mailto:") {
		a = a[len("mailto:"):]
	}
	if strings.HasPrefix(a, "@") {
		if i := strings.IndexByte(a, ':'); i >= 0 {
			a = a[i+1:]
		}
	}
	if n := len(a); n > 2 && a[0] == '"' && a[n-1] == '"' && strings.Count(a, "@") == 1 && !strings.ContainsAny(a[1:n-1], "\" \\") {
		a = strings.Trim(a[1:n-1], "<>") // all of it in quotes
	}
	if !strings.HasPrefix(a, `"`) {
		a = strings.Trim(joinBlanks(a), "'")
	}
	a = strings.TrimRight(a, ".,;")
	return cut(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || turnsDirection(r) {
			return -1
		}
		return r
	}, clean(a)), maxLineBytes)
}

// joinBlanks takes blanks out of an address: those round dots and the @, which the
// old grammar allowed, and those that a broken line left in the domain. Others
// stay, and make it no address: what they part is nobody's to guess.
func joinBlanks(a string) string {
	if !strings.ContainsAny(a, " \t") {
		return a
	}
	words := strings.Fields(a)
	var b strings.Builder
	for i, w := range words {
		if i > 0 && !strings.ContainsAny(w[:1], "@.") && !strings.HasSuffix(words[i-1], ".") && strings.IndexByte(b.String(), '@') < 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w)
	}
	return b.String()
}
