package core

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
)

// A Purpose says what a token is for. A token of one purpose is never accepted
// in another's place (mail-law section 3).
type Purpose uint8

// The purposes. Their numbers are in tokens that are out in the world: they
// never change.
const (
	PurposeParticipant Purpose = 1 // one person on one conversation
	PurposeStaff       Purpose = 2 // one staff notice
	PurposeMention     Purpose = 3 // one mention
	PurposeBounce      Purpose = 4 // one delivery
	PurposeID          Purpose = 5 // one copy of one mail; a name, no possession
)

// String names the purpose as it is bound into the keys.
func (p Purpose) String() string {
	switch p {
	case PurposeParticipant:
		return "participant"
	case PurposeStaff:
		return "staff"
	case PurposeMention:
		return "mention"
	case PurposeBounce:
		return "bounce"
	case PurposeID:
		return "id"
	}
	return "unknown"
}

// A RowName names the row that a token stands for: random and positive, never
// a sequence, so that a restored database does not mint old ones again.
type RowName int64

// NewRowName draws a row name.
func NewRowName() RowName {
	for {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails (crypto/rand)
		if name := RowName(binary.BigEndian.Uint64(b[:]) >> 1); name != 0 {
			return name
		}
	}
}

// A Key is a secret that tokens are made with. A retired one makes none and
// reads none.
type Key struct {
	Number  uint8 // 0 to 15
	Secret  [32]byte
	Retired bool
}

// A Token is what was proven by a text: that we minted it for this row.
type Token struct {
	Purpose Purpose
	Row     RowName
}

const (
	tokenLength  = 40 // characters
	tokenBytes   = 25 // 1 key and purpose, 8 row, 16 MAC
	tokenSigned  = 9
	tokenVersion = "postdesk token 1"
)

var tokenText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Keys mint and read the tokens of one instance. The zero Keys read nothing.
type Keys struct {
	instance [16]byte
	signer   uint8
	derived  map[keyFor][]byte // never written after NewKeys
}

type keyFor struct {
	number  uint8
	purpose Purpose
}

// NewKeys derives what is needed from the keys of the instance. The highest
// number that is not retired signs. At least one must not be retired.
func NewKeys(instance [16]byte, keys []Key) (Keys, error) {
	k := Keys{instance: instance, derived: map[keyFor][]byte{}}
	seen := map[uint8]bool{}
	for _, key := range keys {
		if key.Number > 15 || seen[key.Number] {
			return Keys{}, fmt.Errorf("token key %d: the number is taken or above 15", key.Number)
		}
		if key.Secret == [32]byte{} {
			return Keys{}, fmt.Errorf("token key %d: the secret is empty", key.Number)
		}
		seen[key.Number] = true
		if key.Retired {
			continue
		}
		for p := PurposeParticipant; p <= PurposeID; p++ {
			derived, err := hkdf.Key(sha256.New, key.Secret[:], nil, tokenVersion+" "+p.String(), sha256.Size)
			if err != nil {
				return Keys{}, fmt.Errorf("token key %d: %w", key.Number, err)
			}
			k.derived[keyFor{key.Number, p}] = derived
		}
		k.signer = max(k.signer, key.Number)
	}
	if len(k.derived) == 0 {
		return Keys{}, errors.New("there is no token key that is not retired")
	}
	return k, nil
}

// Mint writes the token for a row: exactly 40 lower-case base32 characters. It
// is "" for the zero Keys, an unknown purpose or a row name that is none.
func (k Keys) Mint(p Purpose, row RowName) string {
	key := k.derived[keyFor{k.signer, p}]
	if key == nil || row <= 0 {
		return ""
	}
	b := make([]byte, tokenSigned, tokenBytes)
	b[0] = k.signer<<4 | byte(p)
	binary.BigEndian.PutUint64(b[1:], uint64(row))
	return tokenText.EncodeToString(append(b, k.mac(key, b)...))
}

// Read tells what a text of exactly 40 characters stands for, in any letter
// case. Everything that we did not mint, or minted with a retired key, is
// false. Takes no longer for an almost right one.
func (k Keys) Read(text string) (Token, bool) {
	if !isToken(text) {
		return Token{}, false
	}
	b, err := tokenText.DecodeString(lowerASCII(text))
	if err != nil || len(b) != tokenBytes {
		return Token{}, false
	}
	t := Token{Purpose(b[0] & 15), RowName(binary.BigEndian.Uint64(b[1:]))}
	key := k.derived[keyFor{b[0] >> 4, t.Purpose}]
	if key == nil || !hmac.Equal(b[tokenSigned:], k.mac(key, b[:tokenSigned])) || t.Row <= 0 {
		return Token{}, false
	}
	return t, true
}

// ReadAs reads a token of one purpose only.
func (k Keys) ReadAs(text string, p Purpose) (RowName, bool) {
	t, ok := k.Read(text)
	if !ok || t.Purpose != p {
		return 0, false
	}
	return t.Row, true
}

func (k Keys) mac(key, signed []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(tokenVersion))
	h.Write(k.instance[:])
	h.Write(signed)
	return h.Sum(nil)[:tokenBytes-tokenSigned]
}

// isToken tells that a text has the form of a token, nothing more.
func isToken(s string) bool {
	return len(s) == tokenLength && tokenRun(s) == tokenLength
}

// tokenRun counts the base32 characters that s begins with.
func tokenRun(s string) int {
	for i := range len(s) {
		if !tokenByte(s[i]) {
			return i
		}
	}
	return len(s)
}

func tokenByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '2' <= c && c <= '7'
}
