package core

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// The rules of one-time codes: RFC 6238 with what every authenticator app takes,
// SHA-1, 6 digits and steps of 30 seconds.
const (
	totpSecretBytes = 20 // 160 bits (RFC 4226 section 4, R6)
	totpStep        = 30 // seconds
	totpDrift       = 1  // steps that a clock may be off, either way (RFC 6238 section 5.2)
	backupCodes     = 10
)

var secretText = base32.StdEncoding.WithPadding(base32.NoPadding)

func newTOTPSecret() []byte {
	secret := make([]byte, totpSecretBytes)
	_, _ = rand.Read(secret) // never fails (crypto/rand)
	return secret
}

// totpCode is the code of a time step.
func totpCode(secret []byte, step int64) (string, error) {
	return hotp.GenerateCodeCustom(secretText.EncodeToString(secret), uint64(step),
		hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
}

// totpMatch gives the time step that a code is of, around a time and after the
// last step that was taken: a code signs in once. ok is false for every other.
func totpMatch(secret []byte, code string, at time.Time, last int64) (step int64, ok bool, err error) {
	now := at.Unix() / totpStep
	for s := now - totpDrift; s <= now+totpDrift; s++ {
		want, err := totpCode(secret, s)
		if err != nil {
			return 0, false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && s > last {
			step, ok = s, true
		}
	}
	return step, ok, nil
}

// plainCode is a code as it is compared: people type the spaces and dashes that
// help to read it.
func plainCode(code string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ', r == '-', r == '\u00a0', r == '\t':
			return -1
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return r
	}, strings.TrimSpace(code))
}

// newBackupCode has 80 random bits, so that its plain hash is safe to keep.
func newBackupCode() string {
	var b [10]byte
	_, _ = rand.Read(b[:])
	text := strings.ToLower(secretText.EncodeToString(b[:]))
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
}

// isBackupCode tells the form of one; a code of the device is six digits.
func isBackupCode(plain string) bool { return len(plain) == 16 }

// otpauth is what the QR code holds, in the form that apps agree on.
func otpauth(instance string, account Address, secret []byte) string {
	issuer := strings.ReplaceAll(instance, ":", " ")
	q := url.Values{"secret": {secretText.EncodeToString(secret)}, "issuer": {issuer}, "algorithm": {"SHA1"},
		"digits": {"6"}, "period": {fmt.Sprint(totpStep)}}
	label := url.PathEscape(issuer + ":" + account.String())
	return "otpauth://totp/" + label + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}
