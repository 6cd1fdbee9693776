package core

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// ReplyAddress is the address that leads an answer to what the token stands
// for: <token>@<reply domain>, or <mailbox>+<token>@<domain> without a reply
// domain (mail-law section 3).
func ReplyAddress(mailbox Address, token, replyDomain string) string {
	if replyDomain != "" {
		return token + "@" + replyDomain
	}
	return mailbox.local + "+" + token + "@" + mailbox.domain
}

// TokenOfAddress finds what may be a token in a RCPT address as given: all
// after the last + of the local part, or a local part that looks like a token.
// Tagged tells that there is one; an address that is tagged with anything but a
// valid token is nobody's. What stands before the + is not looked at.
func TokenOfAddress(rcpt string) (token string, tagged bool) {
	local := rcpt
	if at := strings.LastIndexByte(rcpt, '@'); at >= 0 {
		local = rcpt[:at]
	}
	if plus := strings.LastIndexByte(local, '+'); plus >= 0 {
		return local[plus+1:], true
	}
	if isToken(local) {
		return local, true
	}
	return "", false
}

// CheckMailboxLength refuses a mailbox whose reply addresses would be longer
// than an address may be (RFC 5321 section 4.5.3.1.1). Without a reply domain
// only. The error is an Invalid of the field "address".
func CheckMailboxLength(mailbox Address) error {
	const tag = 1 + tokenLength
	if len(mailbox.local)+tag > maxLocalPart || len(mailbox.String())+tag > maxAddress {
		return Invalid{Field: "address", Code: CodeInvalid,
			Problem: "The part before the @ may have 23 characters at most, because reply addresses add 41 to it."}
	}
	return nil
}

// MessageID is the Message-ID of one copy of one mail, without angle brackets.
// Random is a NewMessageIDRandom.
func MessageID(idToken, random, domain string) string {
	return idToken + "." + random + "@" + domain
}

// NewMessageIDRandom draws the part of a Message-ID that keeps it unique when
// its row is copied once more.
func NewMessageIDRandom() string { return strings.ToLower(rand.Text()) }

// TokenOfMessageID finds what may be our token in a Message-ID, with or without
// angle brackets. It proves nothing before Keys.ReadAs has read it.
func TokenOfMessageID(id string) (string, bool) {
	id = strings.TrimPrefix(id, "<")
	if len(id) <= tokenLength || id[tokenLength] != '.' || !isToken(id[:tokenLength]) {
		return "", false
	}
	return id[:tokenLength], true
}

// redacted stands where a token stood.
const redacted = "[…]"

// Redact takes out everything that looks like a token: none may stay in text
// that goes to another person (mail-law section 3). A longer run goes as a
// whole, since a quoting like %2B may stick to the token. Linear in the text.
func Redact(text string) string {
	var b strings.Builder
	done := 0
	for i := 0; i < len(text); {
		run := tokenRun(text[i:])
		if run >= tokenLength {
			b.WriteString(text[done:i])
			b.WriteString(redacted)
			done = i + run
		}
		i += run + 1
	}
	b.WriteString(text[done:])
	return b.String()
}

// secretLength is that of 256 bits in base64url without padding.
const secretLength = 43

// NewSecret draws the secret of a link: 256 bits as letters, digits, - and _.
func NewSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

// HashSecret is what is stored of a link secret: its SHA-256.
func HashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// SecretsIn finds what may be a link secret in a received text: whoever quotes
// one has shown it around, and it is revoked (mail-law section 3). Links that a
// filter has rewritten have a few characters stuck to them, like %2F or __.
func SecretsIn(text string) []string {
	const stuck = 8
	var found []string
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !secretRune(r) }) {
		if len(word) > secretLength+stuck {
			continue
		}
		for at := 0; at+secretLength <= len(word); at++ {
			found = append(found, word[at:at+secretLength])
		}
	}
	return found
}

func secretRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_'
}
