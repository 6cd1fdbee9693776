package eml

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"postdesk/core"
)

const (
	oidSigned    = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
	oidData      = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
	oidEnveloped = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"
	oidAuth      = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17"
)

// signedCMS is SignedData as OpenSSL writes it; streamed ones have indefinite
// lengths and digest algorithms before the content.
func signedCMS(inner string, streamed bool) string {
	algorithms := ber(0x31, ber(0x30, ber(0x06, "\x60"), ber(0x05)))
	if !streamed {
		return ber(0x30, ber(0x06, oidSigned), ber(0xa0, ber(0x30, ber(0x02, "\x01"), algorithms, ber(0x30, ber(0x06, oidData), ber(0xa0, ber(0x04, inner))), ber(0xa0, "cert"))))
	}
	half := len(inner) / 2
	pieces := ber(-0x24, ber(-0x24, ber(0x04, inner[:half])), ber(0x04, inner[half:]))
	return ber(-0x30, ber(0x06, oidSigned), ber(-0xa0, ber(-0x30, ber(0x02, "\x01"), ber(-0x31, ber(-0x30, ber(0x06, "\x60"), ber(0x05))), ber(-0x30, ber(0x06, oidData), ber(-0xa0, pieces)), ber(-0xa0, ber(0x04, "cert")))))
}

func p7m(fields, cms string) string {
	return fields + "Content-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte(cms)) + "\n"
}

func TestT103SignedMailIsUnwrappedHoweverItIsNamed(t *testing.T) {
	t.Parallel()
	inner := "Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nsigned words\r\n--i\r\nContent-Type: a/b; name=a.txt\r\n\r\nfile\r\n--i--\r\n"
	der := signedCMS(inner, false)
	const smime = "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\n"
	cases := map[string]readCase{}
	for name, mail := range map[string]string{
		"DER":                    p7m(smime, der),
		"BER, streamed":          p7m(smime, signedCMS(inner, true)),
		"no smime-type":          p7m("Content-Type: application/x-pkcs7-mime; name=smime.p7m\n", der),
		"a wrong one":            p7m("Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n", der),
		"as a file":              p7m(smime+"Content-Disposition: attachment; filename=smime.p7m\n", der),
		"by its name":            p7m("Content-Type: application/octet-stream; name=smime.p7m\nContent-Disposition: attachment\n", der),
		"PEM":                    p7m(smime, "-----BEGIN PKCS7-----\n"+base64.StdEncoding.EncodeToString([]byte(der))+"\n-----END PKCS7-----\n"),
		"base64 in base64":       p7m(smime, base64.StdEncoding.EncodeToString([]byte(der))),
		"signed twice":           p7m(smime, signedCMS(p7m(strings.ReplaceAll(smime, "\n", "\r\n"), der), true)),
		"in a list's mail":       mixedOf(p7m(smime, der)),
		"called a signature":     p7m("Content-Type: application/pkcs7-signature; name=smime.p7m\n", der),
		"no label of the base64": smime + "\n" + base64.StdEncoding.EncodeToString([]byte(der)) + "\n",
	} {
		cases[name] = readCase{mail: mail, text: "signed words", files: "a.txt: file", defect: defectSigned}
	}
	readAll(t, cases)
}

func TestT103ASignedFileIsNoMail(t *testing.T) {
	t.Parallel()
	pdf := signedCMS("%PDF-1.7", false)
	for name, mail := range map[string]string{
		"a signed document":  p7m("Content-Type: application/pkcs7-mime; name=contract.pdf.p7m\nContent-Disposition: attachment; filename=contract.pdf.p7m\n", pdf),
		"by its name":        p7m("Content-Type: application/octet-stream; name=invoice.xml.p7m\n", pdf),
		"certificates alone": p7m("Content-Type: application/pkcs7-mime; smime-type=certs-only; name=smime.p7c\n", ber(0x30, ber(0x06, oidSigned), ber(0xa0, ber(0x30, ber(0x02, "\x01"), ber(0x31), ber(0x30, ber(0x06, oidData)))))),
	} {
		l := read(crlf("From: a@x.test\n" + mixedOf("\nsee the file\n", mail)))
		sound(t, l)
		if strings.TrimSpace(l.Text) != "see the file" || len(l.Attachments) != 1 || len(l.Notices) > 0 {
			t.Errorf("%s: %q %d files %q", name, l.Text, len(l.Attachments), l.Notices)
		}
	}
}

func TestT102WhatIsSignedIsShownAndSaidToBeUnverified(t *testing.T) {
	t.Parallel()
	const armoured = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nsigned words\n-----BEGIN PGP SIGNATURE-----\n\nabc=\n-----END PGP SIGNATURE-----\n"
	for name, c := range map[string]struct{ mail, file string }{
		"S/MIME":     {multi("signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256", "x", []string{"\nsigned words\n", "Content-Type: application/pkcs7-signature; name=smime.p7s\n\nabc"}), "smime.p7s"},
		"PGP/MIME":   {multi("signed; protocol=\"application/pgp-signature\"", "x", []string{"\nsigned words\n", "Content-Type: application/pgp-signature; name=signature.asc\n\nabc"}), "signature.asc"},
		"inline PGP": {"\n" + armoured, ""},
	} {
		l := read(crlf("From: a@x.test\n" + c.mail))
		sound(t, l)
		if l.NewText() != "signed words" {
			t.Errorf("%s: %q of %q", name, l.NewText(), l.Text)
		}
		if !slices.Contains(l.Notices, "This mail is signed. The signature was not verified.") {
			t.Errorf("%s: %q", name, l.Notices)
		}
		if c.file == "" {
			if !strings.Contains(l.Text, "BEGIN PGP SIGNATURE") {
				t.Errorf("%s: the signature is gone", name)
			}
		} else if len(l.Attachments) != 1 || l.Attachments[0].Filename != c.file || !l.Attachments[0].Inline || !l.Attachments[0].Folded {
			t.Errorf("%s: %+v", name, l.Attachments)
		}
	}
}

func TestT104EncryptedMailIsSaidToBeAndKept(t *testing.T) {
	t.Parallel()
	const armour = "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n=abcd\n-----END PGP MESSAGE-----\n"
	enveloped := ber(0x30, ber(0x06, oidEnveloped), ber(0xa0, ber(0x30)))
	for name, c := range map[string]struct{ mail, text, file string }{
		"S/MIME":              {p7m("Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n", enveloped), noteEncrypted, "smime.p7m"},
		"S/MIME without type": {p7m("Content-Type: application/x-pkcs7-mime; name=smime.p7m\n", enveloped), noteEncrypted, "smime.p7m"},
		"S/MIME by its name":  {p7m("Content-Type: application/octet-stream; name=smime.p7m\n", enveloped), noteEncrypted, "smime.p7m"},
		"S/MIME, sealed":      {p7m("Content-Type: application/pkcs7-mime; smime-type=authEnveloped-data; name=smime.p7m\n", ber(0x30, ber(0x06, oidAuth), ber(0xa0))), noteEncrypted, "smime.p7m"},
		"S/MIME in a list":    {mixedOf(p7m("Content-Type: application/pkcs7-mime; name=smime.p7m\n", enveloped), "\nlist footer\n"), noteEncrypted + "\n\nlist footer", "smime.p7m"},
		"PGP/MIME":            {multi("encrypted; protocol=\"application/pgp-encrypted\"", "x", []string{"Content-Type: application/pgp-encrypted\n\nVersion: 1", "Content-Type: application/octet-stream; name=encrypted.asc\n\n" + armour}), noteEncrypted, "encrypted.asc"},
		"inline PGP":          {"\n" + armour, noteEncrypted, "encrypted.asc"},
		"inline, with words":  {"\nHello,\n" + armour + "Bye\n", "Part of this mail is encrypted and cannot be read here. It is attached.\n\nHello,\nBye", "encrypted.asc"},
		"inline, cut":         {"\n" + armour[:40], noteEncrypted, "encrypted.asc"},
	} {
		l := read(crlf("From: a@x.test\nSubject: secret\n" + c.mail))
		sound(t, l)
		if strings.TrimSpace(l.Text) != c.text || !slices.ContainsFunc(l.Attachments, func(a core.Attachment) bool { return a.Filename == c.file && len(a.Content) > 0 }) {
			t.Errorf("%s: %q %+v", name, l.Text, l.Attachments)
		}
		if !slices.Contains(l.Notices, "This mail is encrypted and cannot be read here. What came is attached.") {
			t.Errorf("%s: %q", name, l.Notices)
		}
	}
	for name, mail := range map[string]string{
		"quoted":     "What is this?\n> -----BEGIN PGP MESSAGE-----\n> abc\n",
		"spoken of":  "It begins with -----BEGIN PGP MESSAGE----- and goes on.\n",
		"an own key": "-----BEGIN PGP PUBLIC KEY BLOCK-----\nabc\n-----END PGP PUBLIC KEY BLOCK-----\n",
	} {
		if l := read(crlf("From: a@x.test\n\n" + mail)); len(l.Notices) > 0 || len(l.Attachments) > 0 || l.Text != mail {
			t.Errorf("%s: %q %q", name, l.Text, l.Notices)
		}
	}
}
