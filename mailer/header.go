package mailer

import (
	"bytes"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"unicode"

	"github.com/wneessen/go-mail"

	"postdesk/core"
)

// Longest values of header fields, in characters. Encoded and folded they keep
// every line below the 998 octets of RFC 5322 section 2.1.1.
const (
	maxSubject = 255
	maxName    = 100
)

// References keeps the first ids, which name the thread, and the last ones,
// which name the place in it; a longer value makes lines that servers refuse.
const (
	firstReferences = 3
	lastReferences  = 6
	maxReferences   = 900 // octets of the whole value
	maxID           = 250
)

func setAddresses(msg *mail.Msg, o *core.Outgoing) error {
	from, err := headerAddress(o.From)
	if err != nil {
		return fmt.Errorf("From: %w", err)
	}
	msg.SetAddrHeaderFromMailAddress(mail.HeaderFrom, from)
	to := headerAddresses(o.To, nameless(o.Purpose))
	if len(to) == 0 {
		return errors.New("To: no usable address")
	}
	msg.SetAddrHeaderFromMailAddress(mail.HeaderTo, to...)
	if cc := headerAddresses(o.Cc, nameless(o.Purpose)); len(cc) > 0 {
		msg.SetAddrHeaderFromMailAddress(mail.HeaderCc, cc...)
	}
	if o.ReplyTo == "" {
		return nil
	}
	replyTo, err := headerAddress(core.NamedAddress{Address: o.ReplyTo})
	if err != nil {
		return fmt.Errorf("Reply-To: %w", err)
	}
	msg.SetAddrHeaderFromMailAddress(mail.HeaderReplyTo, replyTo)
	return nil
}

// nameless tells the mails that may go to an address which somebody else wrote
// into a From field: the name that stood there is not repeated.
func nameless(p core.DeliveryPurpose) bool {
	return p == core.PurposeAcknowledgement || p == core.PurposeVerify || p == core.PurposeReset
}

func headerAddresses(list []core.NamedAddress, nameless bool) (written []*netmail.Address) {
	for _, n := range list {
		if nameless {
			n.Name = ""
		}
		if a, err := headerAddress(n); err == nil {
			written = append(written, a)
		}
	}
	return written
}

// headerAddress keeps the letter case of the local part; the domain is written
// in A-labels. What core refuses as an address cannot get into a header.
func headerAddress(n core.NamedAddress) (*netmail.Address, error) {
	canonical, err := core.ParseAddress(n.Address)
	if err != nil {
		return nil, err
	}
	address := canonical.String()
	local := n.Address[:strings.LastIndexByte(n.Address, '@')]
	if strings.EqualFold(local, canonical.Local()) && !strings.HasPrefix(address, `"`) {
		address = local + "@" + canonical.Domain()
	}
	return &netmail.Address{Name: displayName(n.Name), Address: address}, nil
}

// displayName is for a header. In a name that becomes an encoded word net/mail
// leaves a backslash as it is, which ends the address for other readers: it is
// written as the wide one.
func displayName(name string) string {
	name = oneLine(name, maxName)
	if strings.ContainsFunc(name, func(r rune) bool { return r > '~' }) {
		name = strings.ReplaceAll(name, `\`, "\uff3c")
	}
	return name
}

// references joins the ids that a header may hold, oldest first.
func references(ids []string) string {
	var usable []string
	for _, id := range ids {
		if validID(id) {
			usable = append(usable, "<"+id+">")
		}
	}
	if len(usable) > firstReferences+lastReferences {
		usable = append(usable[:firstReferences:firstReferences], usable[len(usable)-lastReferences:]...)
	}
	for len(strings.Join(usable, " ")) >= maxReferences { // the middle is worth least
		drop := min(firstReferences, len(usable)-1)
		usable = append(usable[:drop:drop], usable[drop+1:]...)
	}
	return strings.Join(usable, " ")
}

// validID tells an id, without its brackets, that cannot end or split a field.
func validID(id string) bool {
	if id == "" || len(id) > maxID {
		return false
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c > '~' || c == '<' || c == '>' {
			return false
		}
	}
	return true
}

// oneLine makes a header value of any text: one line, single spaces, at most
// limit characters, nothing invisible that reorders it, and no plain text that a
// reader would take for an encoded word.
func oneLine(s string, limit int) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "�"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	s = strings.Map(func(r rune) rune {
		if reorders(r) {
			return -1
		}
		return r
	}, s)
	s = strings.ReplaceAll(s, "=?", "= ?")
	if runes := []rune(s); len(runes) > limit {
		s = strings.TrimSpace(string(runes[:limit-1])) + "…"
	}
	return s
}

// reorders tells the marks that show a text in another order than it is written.
func reorders(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// unfoldFirst mends "Message-ID:\r\n <…>": a value too long for the first line
// may legally begin on the second, and some readers then lose it.
func unfoldFirst(raw []byte) []byte {
	end := bytes.Index(raw, []byte("\r\n\r\n"))
	if end < 0 {
		return raw
	}
	if !bytes.Contains(raw[:end], []byte(":\r\n ")) {
		return raw
	}
	n := copy(raw, bytes.ReplaceAll(raw[:end], []byte(":\r\n "), []byte(": ")))
	return raw[:n+copy(raw[n:], raw[end:])]
}

// wire makes every line end a CRLF and takes out NUL, so that nothing we send
// can be read as two mails by the next server (RFC 5321 section 2.3.8). Clean
// bytes come back as they are.
func wire(raw []byte) []byte {
	if isWire(raw) {
		return raw
	}
	clean := make([]byte, 0, len(raw)+len(raw)/32)
	for i, c := range raw {
		switch {
		case c == 0:
		case c == '\r':
			clean = append(clean, '\r', '\n')
		case c == '\n' && i > 0 && raw[i-1] == '\r':
		case c == '\n':
			clean = append(clean, '\r', '\n')
		default:
			clean = append(clean, c)
		}
	}
	if !bytes.HasSuffix(clean, []byte("\r\n")) {
		clean = append(clean, '\r', '\n')
	}
	return clean
}

func isWire(raw []byte) bool {
	if bytes.IndexByte(raw, 0) >= 0 || !bytes.HasSuffix(raw, []byte("\r\n")) {
		return false
	}
	ends := bytes.Count(raw, []byte("\r\n"))
	return bytes.Count(raw, []byte("\r")) == ends && bytes.Count(raw, []byte("\n")) == ends
}
