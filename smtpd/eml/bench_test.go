package eml

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// sampleMail is a reply with both forms of body and a file, of about size bytes.
func sampleMail(size int) []byte {
	head := "Received: from mx.acme.test ([192.0.2.1]) by mx.desk.test with ESMTPS id 1; Mon, 5 Jan 2026 10:00:01 +0000\n" +
		"DKIM-Signature: v=1; a=rsa-sha256; d=acme.test; s=s; h=from:to:subject;\n bh=" + strings.Repeat("A", 44) + "; b=" + strings.Repeat("B", 340) + "\n" +
		"From: =?utf-8?Q?C=C3=A1ra_Doe?= <cara@acme.test>\nTo: Support <support@desk.test>\nSubject: Re: [#42] The printer smokes\nDate: Mon, 5 Jan 2026 11:00:00 +0100\n" +
		"Message-ID: <1@acme.test>\nIn-Reply-To: <r@desk.test>\nReferences: <a@desk.test> <r@desk.test>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=outer\n\n--outer\n" +
		"Content-Type: multipart/alternative; boundary=inner\n\n--inner\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
	var b strings.Builder
	b.WriteString(head)
	for range 8 {
		b.WriteString("It still smokes =E2=80=93 we tried the steps that you sent us, please see:\n")
	}
	b.WriteString("\nOn Mon, 5 Jan 2026 at 10:00, Support <support@desk.test> wrote:\n\n> Did you try turning it off and on again?\n> Please tell us.\n\n--inner\nContent-Type: text/html; charset=utf-8\n\n")
	for range 12 {
		fmt.Fprintln(&b, `<div class="MsoNormal">It still <b>smokes</b> &ndash; <a href="https://x.test/">see</a></div>`)
	}
	b.WriteString("--inner--\n--outer\nContent-Type: application/pdf; name=\"report.pdf\"\nContent-Transfer-Encoding: base64\n\n")
	file := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("printer report ", size/20)))
	for len(file) > 76 && b.Len() < size-100 {
		b.WriteString(file[:76] + "\n")
		file = file[76:]
	}
	b.WriteString("--outer--\n")
	return crlf(b.String())
}

func benchmark(b *testing.B, raw []byte) {
	b.Helper()
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		Parse(raw)
	}
}

func BenchmarkParse4KiB(b *testing.B) { benchmark(b, sampleMail(4<<10)) }

// A mail of 100 KiB is read in less than 3 ms on one core of the machines that
// this is written on, whatever fills it.
func BenchmarkParse100KiB(b *testing.B) {
	b.Run("reply", func(b *testing.B) { benchmark(b, sampleMail(100<<10)) })
	for name, raw := range bigMails(100 << 10) {
		b.Run(name, func(b *testing.B) { benchmark(b, raw) })
	}
}
