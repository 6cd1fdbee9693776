// Package compare reads the same mails with this project's reader and with
// enmime, side by side. It is a module of its own, so that enmime is no dependency
// of the product:
//
//	cd smtpd/eml/compare && go test -bench . -benchmem
package compare

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/jhillyerd/enmime/v2"

	"postdesk/smtpd/eml"
)

const top = "From: =?utf-8?Q?C=C3=A1ra_Doe?= <cara@acme.test>\r\nTo: Support <support@desk.test>\r\nSubject: Re: [#42] The printer smokes\r\n" +
	"Date: Mon, 5 Jan 2026 11:00:00 +0100\r\nMessage-ID: <1@acme.test>\r\nReferences: <a@desk.test> <r@desk.test>\r\nMIME-Version: 1.0\r\n"

// mails are generated, about size bytes each.
func mails(size int) []struct {
	name string
	raw  []byte
} {
	fill := func(line string, n int) string { return strings.Repeat(line, n/len(line)+1) }
	text := fill("It still smokes, we tried the steps that you sent us.\r\n", size)
	quoted := fill("It still smokes =E2=80=93 we tried the steps that you sent us, please s=\r\nee:\r\n", size)
	page := fill("<div class=\"MsoNormal\">It still <b>smokes</b> &ndash; <a href=\"https://x.test/\">see</a></div>\r\n", size)
	file := fill(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("printer report "), 4)[:57])+"\r\n", size)
	part := func(head, body string) string { return head + "\r\n\r\n" + body + "\r\n" }
	mixed := func(parts ...string) string {
		return "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" + strings.Join(parts, "--x\r\n") + "--x--\r\n"
	}
	small := text[:110]
	var files []string
	for range 20 {
		files = append(files, part("Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64", file[:len(file)/2000*100]))
	}
	return []struct {
		name string
		raw  []byte
	}{
		{"text", []byte(top + part("Content-Type: text/plain; charset=utf-8", text))},
		{"quoted-printable", []byte(top + part("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable", quoted))},
		{"latin-1", []byte(top + part("Content-Type: text/plain; charset=iso-8859-1", strings.ReplaceAll(text, "steps", "st\xe9ps")))},
		{"page", []byte(top + part("Content-Type: text/html; charset=utf-8", page))},
		{"alternative", []byte(top + strings.Replace(mixed(part("Content-Type: text/plain; charset=utf-8", text[:len(text)/2]), part("Content-Type: text/html; charset=utf-8", page[:len(page)/2])), "mixed", "alternative", 1))},
		{"file", []byte(top + mixed(part("Content-Type: text/plain", small), part("Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64", file)))},
		{"20 files", []byte(top + mixed(append([]string{part("Content-Type: text/plain", small)}, files...)...))},
	}
}

func BenchmarkRead100KiB(b *testing.B) {
	for _, m := range mails(100 << 10) {
		b.Run(m.name+"/postdesk", func(b *testing.B) {
			b.SetBytes(int64(len(m.raw)))
			for b.Loop() {
				if l := eml.Parse(m.raw); len(l.From) != 1 {
					b.Fatal(l.From)
				}
			}
		})
		b.Run(m.name+"/enmime", func(b *testing.B) {
			b.SetBytes(int64(len(m.raw)))
			for b.Loop() {
				if _, err := enmime.ReadEnvelope(bytes.NewReader(m.raw)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
