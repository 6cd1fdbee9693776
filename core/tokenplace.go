package core

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"iter"
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
	for from, to := range longRuns(text, tokenLength, tokenByte) {
		b.WriteString(text[done:from])
		b.WriteString(redacted)
		done = to
	}
	if done == 0 {
		return text
	}
	b.WriteString(text[done:])
	return b.String()
}

// MaskTokens makes the tokens in a mail of ours unusable for who reads its bytes,
// and leaves them recognisable: all but the first six characters become x, so that
// lengths stay. A token of purpose id is a name and no secret, and stays: who looks
// a mail up in the log of another server needs its Message-ID.
func MaskTokens(raw []byte) []byte {
	masked := raw
	for from, to := range longRuns(string(raw), tokenLength, tokenByte) {
		if purposeIn(string(raw[from:to])) == PurposeID {
			continue
		}
		if &masked[0] == &raw[0] {
			masked = bytes.Clone(raw)
		}
		for i := from + 6; i < to; i++ {
			masked[i] = 'x'
		}
	}
	return masked
}

// purposeIn tells what a text of the form of a token would be for, proven or not.
func purposeIn(text string) Purpose {
	if !isToken(text) {
		return 0
	}
	b, err := tokenText.DecodeString(lowerASCII(text))
	if err != nil {
		return 0
	}
	return Purpose(b[0] & 15)
}

// longRuns gives where at least so many bytes of a kind stand in a row, as far as
// they go. It looks at the last byte of what could be a run first, so that of
// plain words it reads few.
func longRuns(text string, least int, is func(byte) bool) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		for from := 0; from+least <= len(text); {
			last := from + least - 1
			for last >= from && is(text[last]) {
				last--
			}
			if last >= from {
				from = last + 1
				continue
			}
			to := from + least
			for to < len(text) && is(text[to]) {
				to++
			}
			if !yield(from, to) {
				return
			}
			from = to + 1
		}
	}
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
	for from, to := range longRuns(text, secretLength, secretByte) {
		if to-from > secretLength+stuck {
			continue
		}
		for ; from+secretLength <= to; from++ {
			found = append(found, text[from:from+secretLength])
		}
	}
	return found
}

func secretByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}
