package eml

import (
	"testing"
	"unicode/utf8"

	"postdesk/core"
)

func FuzzParse(f *testing.F) {
	f.Add(sampleMail(2 << 10))
	f.Add(crlf(statusReport("Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; cara@acme.test\nAction: failed\nStatus: 5.1.1")))
	f.Add([]byte("From: a@x.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>x<blockquote>y--b--"))
	f.Add([]byte("Content-Type: text/plain; format=flowed; charset=iso-2022-jp\n\n\x1b$B \n> x"))
	f.Add([]byte("\x00\r\r\n \n:\n"))
	f.Fuzz(func(t *testing.T, raw []byte) { sound(t, read(raw)) })
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte("A: b\r\n c\r\n\r\nbody"))
	f.Add([]byte(" \n--\nFrom x\n:\nA : b"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, body := readHeader(raw, 0, partHeader, func([]byte) bool { return false }, func(string) {})
		if body < 0 || body > len(raw) || len(h.fields) > maxPartFields+2 { // two more From fields count
			t.Fatalf("body at %d of %d, %d fields", body, len(raw), len(h.fields))
		}
		for _, f := range h.fields {
			if len(f.name) == 0 || len(f.value) > maxFieldBytes {
				t.Errorf("field %q of %d bytes", f.name, len(f.value))
			}
			parseMedia(unfold(f.value), "")
			parseDate(unfold(f.value))
		}
	})
}

func FuzzAddresses(f *testing.F) {
	for _, s := range []string{`Cara <a@x.test>, "b" (c) <d@x.test>`, `g: a@x, b;`, `=?utf-8?q?a?= <"x> y"@z>`, `<<a@b>>>c@d`, `((("`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sound(t, core.Letter{To: parseAddresses(s), MessageID: messageID(s), References: messageIDs(s, maxReferences), Kind: core.KindHuman})
	})
}

func FuzzTrim(f *testing.F) {
	for _, s := range []string{"a\n\nOn Mon 5, b wrote:\n> c\nd", "From: a\nDate: b\nTo: c\n\n> d", "-- \nx", "a\n____\nSent from my iPhone\n", "> a\nb\n> c"} {
		f.Add(s, 0)
	}
	f.Fuzz(func(t *testing.T, s string, at int) {
		s = clean(s)
		var marks []mark
		if at >= 0 && at < len(s) {
			marks = []mark{{start: at, hard: at%2 == 0}, {start: 0, end: at + 1}}
		}
		sound(t, core.Letter{Text: s, Folds: trim(s, marks), Kind: core.KindHuman})
	})
}

func FuzzWords(f *testing.F) {
	f.Add("=?utf-8?Q?a=C3=A9?= =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "utf-7")
	f.Add("a*0*=utf-8''%C3; a*1=x", "iso-2022-kr")
	f.Add("+AOk-", "utf-7")
	f.Fuzz(func(t *testing.T, s, label string) {
		for _, got := range []string{oneLine(decodeWords(s)), toUTF8([]byte(s), label), clean(parseMedia(s, label).get("a"))} {
			if !utf8.ValidString(got) {
				t.Errorf("%q", got)
			}
		}
		decodeBase64([]byte(s))
		decodeQP([]byte(s))
		cutUU([]byte(s))
		rtfText(s)
		decompressRTF([]byte(s))
		parseTNEF([]byte(s))
		signedContent([]byte(s))
		htmlText(s)
	})
}
