package eml

import (
	"strings"
	"testing"
	"unicode/utf8"

	"postdesk/core"
)

// The parsers of mail, one target each. All hold to: no panic, strings that the
// database takes, spans inside their text, and output that grows with the input
// and no faster.

func FuzzParse(f *testing.F) {
	f.Add(sampleMail(2 << 10))
	f.Add([]byte("From: a@x.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>x<blockquote>y--b--"))
	f.Add([]byte("Content-Type: text/plain; format=flowed; charset=iso-2022-jp\n\n\x1b$B \n> x"))
	f.Add([]byte("\x00\r\r\n \n:\n"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\nLS1iCgp4Ci0tYi0t"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=b\n\nContent-Type: message/rfc822\n\nSubject: x\n--b\n\ny\n--b--\n--b\nz"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l := read(raw)
		sound(t, l)
		grown := len(l.Text) + len(l.HTML) + len(l.PlainText)
		for _, a := range l.Attachments {
			grown += len(a.Content)
		}
		if grown > 16*len(raw)+4096 {
			t.Errorf("%d bytes of %d", grown, len(raw))
		}
		if parts, depth := extent(walk(startOfMail(raw), func(string) {})); parts > maxParts+maxResniffs+2 || depth > maxDepth+2 {
			t.Errorf("%d parts, %d deep", parts, depth)
		}
		Read("a.eml", raw)
	})
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte("A: b\r\n c\r\n\r\nbody"))
	f.Add([]byte(" \n--\nFrom x\n:\nA : b"))
	f.Add([]byte("odd\n more\nX-A: b\n \n c"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, body := readHeader(raw, 0, partHeader, func([]byte) bool { return false }, func(string) {})
		if body < 0 || body > len(raw) || len(h.fields) > maxPartFields+2 { // two more From fields count
			t.Fatalf("body at %d of %d, %d fields", body, len(raw), len(h.fields))
		}
		for _, f := range h.fields {
			if len(f.name) == 0 || len(f.value) > maxFieldBytes {
				t.Errorf("field %q of %d bytes", f.name, len(f.value))
			}
			parseDate(unfold(f.value))
		}
	})
}

func FuzzAddresses(f *testing.F) {
	for _, s := range []string{`Cara <a@x.test>, "b" (c) <d@x.test>`, `g: a@x, b;`, `=?utf-8?q?a?= <"x> y"@z>`, `<<a@b>>>c@d`, `((("`, `"<a@b>"`, `a [mailto:b@c] <d e@f>`, `n: m <a@b`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		found := parseAddresses(s)
		sound(t, core.Letter{To: found, Kind: core.KindHuman})
		for _, a := range found {
			if strings.ContainsAny(a.Address, "\t<>") && !strings.ContainsAny(s, "\t<>") {
				t.Errorf("%q became %q", s, a.Address)
			}
		}
		isDoubtful(s)
	})
}

func FuzzIDs(f *testing.F) {
	for _, s := range []string{"<a@x.test>\r\n <b@x.test>", "<a@x <b@x", "a@x, (b@c) [d@e]", "<<>>@ <[a]>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ids := messageIDs(s, maxReferences)
		sound(t, core.Letter{MessageID: messageID(s), References: ids, Kind: core.KindHuman})
		for _, id := range ids {
			if id == "" || len(id) > maxIDBytes || strings.ContainsAny(id, " \r\n\t") {
				t.Errorf("id %q", id)
			}
		}
	})
}

func FuzzWords(f *testing.F) {
	f.Add("=?utf-8?Q?a=C3=A9?= =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "utf-7")
	f.Add("a*0*=utf-8''%C3; a*1=x", "iso-2022-kr")
	f.Add("text/plain; a=\"b; c*1*=%F6; c*0*=us-ascii''W", "win-1251")
	f.Add("+AOk-", "utf-7")
	f.Add("\xed\xa0\xbd\xed\xb8\x80 \x1b$)A\x0eVP", "utf-16")
	f.Fuzz(func(t *testing.T, s, label string) {
		m := parseMedia(s, label)
		page, _ := bodyText([]byte(s), label, true)
		for _, got := range []string{oneLine(decodeWords(clean(s))), toUTF8([]byte(s), label), clean(m.get("a")), clean(m.get("filename")), page} {
			if !utf8.ValidString(got) || strings.ContainsRune(got, 0) && !strings.ContainsRune(s, 0) {
				t.Errorf("%q", got)
			}
			if len(got) > 8*len(s)+64 {
				t.Errorf("%d bytes of %d", len(got), len(s))
			}
		}
		if name := cleanName(s); name == "" || strings.ContainsAny(name, "/\\\x00\r\n") {
			t.Errorf("name %q", name)
		}
	})
}

func FuzzHTML(f *testing.F) {
	for _, s := range []string{"<p>a<td>b<blockquote>c", "<div style='display:none'>x</div>y", "<ol start=9><li>a<li value=3>b", "<a href=tel:+1>x", "<span style='white-space:pre'>a\nb</span>", "<img alt=a src=cid:b>", "<div class=gmail_quote>x</div><div id=Signature>y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, marks := htmlText(clean(s))
		if !utf8.ValidString(text) || len(text) > 80*len(s)+80 {
			t.Errorf("%d bytes of %d: %.100q", len(text), len(s), text)
		}
		for _, m := range marks {
			if m.start < 0 || m.start > len(text)+3 || m.end < 0 {
				t.Errorf("mark %v of %d bytes", m, len(text))
			}
		}
		sound(t, core.Letter{Text: text, Folds: trim(text, marks), Kind: core.KindHuman})
		enrichedPage(s)
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
			marks = []mark{{start: at, kind: markKind(at % 5)}, {start: at / 2, end: at + 1, kind: markRange}, {start: 0, end: at + 1, kind: markSignature}}
		}
		sound(t, core.Letter{Text: s, Folds: trim(s, marks), Kind: core.KindHuman})
		if flat := unflow(s, at%2 == 0); len(flat) > len(s)+strings.Count(s, "\n") {
			t.Errorf("%d bytes of %d", len(flat), len(s))
		}
	})
}

func FuzzTransfer(f *testing.F) {
	f.Add([]byte("d29yZA==\ncw==\n____________\nlist of x"), "base64")
	f.Add([]byte("a=3D=\n=zz =\n"), "quoted-printable")
	f.Add([]byte("begin 644 a\n#0V%T\n`\nend\n"), "x-uuencode")
	f.Fuzz(func(t *testing.T, b []byte, encoding string) {
		if out := decodeTransfer(b, encoding, func(string) {}); len(out) > len(b) {
			t.Errorf("%s: %d bytes of %d", encoding, len(out), len(b))
		}
		text, files := cutUU(b)
		total := len(text)
		for _, file := range files {
			total += len(file.Content)
		}
		if total > len(b) {
			t.Errorf("uuencode: %d bytes of %d", total, len(b))
		}
	})
}
