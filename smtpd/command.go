package smtpd

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
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

var (
	chunkLine      = regexp.MustCompile(`^(?i:BDAT) +([0-9]{1,10})( +(?i:LAST))? *$`)
	postmasterLine = regexp.MustCompile(`^(?i)(RCPT +TO: *<postmaster)(>.*)$`)
	routedLine     = regexp.MustCompile(`^(?i)RCPT +TO: *<? *@`)
	hugeSize       = regexp.MustCompile(`^(?i)(MAIL .*>.* SIZE=)[0-9]{10,}`)
)

// readCommand judges one line, which ends in LF. Domain is the one that
// `<postmaster>` alone belongs to (RFC 5321 section 4.5.1).
func readCommand(line []byte, domain string) command {
	text := strings.TrimRight(string(line), "\r\n")
	c := command{line: line, verb: strings.ToUpper(text[:min(4, len(text))])}
	switch {
	case c.verb == "BDAT":
		c.readChunk(text)
	case strings.ContainsFunc(text, isControl):
		c.answer = replyControl
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

// bodyPiece tells what of buf go-smtp may read at once while it takes a mail
// after DATA: n octets behind the skipped ones, or none until there is more. last
// are the two octets before buf. A piece never goes beyond a possible end of the
// mail, so that go-smtp holds no command back when it sees the end; where the end
// is, it alone decides. Of a line that begins with a dot and a lone CR it would
// drop both, and only the dot is not the mail's (RFC 5321 section 4.5.2): such a
// line goes to it without its dot.
func bodyPiece(last [2]byte, buf []byte) (skip, n int) {
	end := []byte(".\r\n")
	switch {
	case last[1] == '\r' && buf[0] == '\n':
		return 0, 1
	case last != [2]byte{'\r', '\n'}:
	case bytes.HasPrefix(buf, end):
		return 0, len(end)
	case bytes.HasPrefix(end, buf):
		return 0, 0
	case bytes.HasPrefix(buf, end[:2]):
		skip = 1
	}
	rest := buf[skip:]
	if i := bytes.Index(rest, []byte("\r\n.\r")); i >= 0 {
		return skip, i + 2
	}
	if bytes.HasSuffix(rest, []byte("\r\n.")) {
		return skip, len(rest) - 1
	}
	return skip, len(rest)
}
