package smtpd

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A command is one line of the client, seen before go-smtp sees it.
type command struct {
	verb   string // four letters, upper case
	line   []byte // what go-smtp gets to read
	chunk  int64  // octets that follow the line (BDAT)
	last   bool   // BDAT LAST
	answer string // said instead of passing the line on
	final  bool   // the connection ends with the answer
}

// maxHelo bounds what a client calls itself, in octets (RFC 5321 section
// 4.5.3.1.2).
const maxHelo = 255

var (
	chunkLine      = regexp.MustCompile(`^(?i:BDAT) +([0-9]{1,10})( +(?i:LAST))? *$`)
	postmasterLine = regexp.MustCompile(`^(?i)(RCPT +TO: *<postmaster)(>.*)$`)
	routedLine     = regexp.MustCompile(`^(?i)RCPT +TO: *<? *@`)
	hugeSize       = regexp.MustCompile(`^(?i)(MAIL .*>.* SIZE=)[0-9]{10,}`)
	// No client of SMTP says these: a browser that was made to, or TLS without
	// STARTTLS. What follows may hold commands that a third person wrote.
	otherProtocol = regexp.MustCompile(`^(?i)([^a-z]|(GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|TRACE|CONNECT|PRI|USER|PASS|HOST:) )`)
)

// readCommand judges one line, which ends in LF. Domain is the one that
// `<postmaster>` alone belongs to (RFC 5321 section 4.5.1).
func readCommand(line []byte, domain string) command {
	text := strings.TrimRight(string(line), "\r\n")
	c := command{line: line, verb: strings.ToUpper(text[:min(4, len(text))])}
	switch {
	case c.verb == "BDAT":
		c.readChunk(text)
	case otherProtocol.MatchString(text):
		c.answer, c.final = replyOtherProtocol, true
	case strings.ContainsFunc(text, isControl):
		c.answer = replyControl
	default:
		c.readWord(text)
	}
	if c.answer != "" || c.verb != "MAIL" && c.verb != "RCPT" {
		return c
	}
	switch {
	case routedLine.MatchString(text):
		c.answer = replySourceRoute
	case postmasterLine.MatchString(text):
		c.line = []byte(postmasterLine.ReplaceAllString(text, "${1}@"+domain+"${2}") + "\r\n")
	case hugeSize.MatchString(text):
		// More digits than go-smtp reads: it would call that a syntax error.
		c.line = []byte(hugeSize.ReplaceAllString(text, "${1}4294967295") + "\r\n")
	}
	return c
}

// readWord answers what go-smtp does not know, or would answer with other words
// than RFC 5321 has for it.
func (c *command) readWord(text string) {
	word, rest, _ := strings.Cut(text, " ")
	switch strings.ToUpper(word) {
	case "EHLO", "HELO":
		if name := strings.TrimSpace(rest); len(name) > maxHelo || !isASCII(name) {
			c.answer = replyBadHelo
		}
	case "MAIL", "RCPT":
		c.answer = judgeParameters(c.verb, parameters(rest))
	case "DATA", "RSET", "NOOP", "VRFY", "QUIT":
	case "STARTTLS":
		if strings.TrimSpace(rest) != "" {
			c.answer = replyBadParameter
		}
	case "HELP":
		c.answer = replyHelp
	case "AUTH", "EXPN", "ETRN", "ATRN", "TURN", "SEND", "SOML", "SAML":
		c.answer = replyNotOffered
	default:
		c.answer = replyUnknownCommand
	}
}

// readChunk reads the size of a BDAT (RFC 3030 section 2). A chunk whose size
// cannot be told would be run as commands, so such a line ends the connection.
func (c *command) readChunk(text string) {
	m := chunkLine.FindStringSubmatch(text)
	if m == nil {
		c.answer, c.final = replyBadChunk, true
		return
	}
	size, err := strconv.ParseUint(m[1], 10, 32)
	if err != nil {
		c.answer, c.final = replyChunkTooBig, true
		return
	}
	c.chunk, c.last = int64(size), m[2] != ""
}

func (c command) isStartTLS() bool {
	return strings.EqualFold(strings.TrimSpace(string(c.line)), "STARTTLS")
}

// forgets says that the command throws away a mail that is under way.
func (c command) forgets() bool {
	switch c.verb {
	case "RSET", "EHLO", "HELO", "LHLO", "STAR":
		return true
	}
	return false
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}
