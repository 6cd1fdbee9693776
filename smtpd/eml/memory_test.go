package eml

import (
	"bytes"
	"encoding/base64"
	"runtime"
	"strings"
	"testing"
)

// bigMails are mails of about size bytes of the shapes that cost memory.
func bigMails(size int) map[string][]byte {
	page := strings.Repeat("<p>words <b>on</b> a line</p>\r\n", size/31)
	wrapped := func(n int) string {
		line := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("file"), 15)[:57]) + "\r\n"
		return strings.Repeat(line, n/len(line))
	}
	mail := func(s string) []byte { return []byte("From: a@x.test\r\nSubject: s\r\n" + s) }
	const mixed = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nwords\r\n"
	uu := "M" + strings.Repeat("9", 60) + "\r\n"
	return map[string][]byte{
		"a base64 file":    mail(mixed + "--b\r\nContent-Type: a/b; name=f\r\nContent-Transfer-Encoding: base64\r\n\r\n" + wrapped(size) + "--b--\r\n"),
		"files of 200 KiB": mail(mixed + strings.Repeat("--b\r\nContent-Type: a/b; name=f\r\nContent-Transfer-Encoding: base64\r\n\r\n"+wrapped(200<<10), size/(200<<10)) + "--b--\r\n"),
		"plain text":       mail("\r\n" + strings.Repeat("some words on a line\r\n", size/22)),
		"UTF-8 text":       mail("Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + strings.Repeat("Wörter auf einer Zeile\r\n", size/25)),
		"quoted-printable": mail("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.Repeat("W=C3=B6rter auf einer Zeile=\r\n", size/30)),
		"a page":           mail("Content-Type: text/html\r\n\r\n" + page),
		"a page, encoded":  mail("Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + page),
		"a page in base64": mail("Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(page[:len(page)/4*3]))),
		"uuencoded text":   mail("\r\nwords\r\nbegin 644 f\r\n" + strings.Repeat(uu, size/len(uu)) + "`\r\nend\r\n"),
		"a winmail.dat":    mail(mixed + "--b\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n" + wrapped(size) + "--b--\r\n"),
		"an enclosed mail": mail(mixed + "--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: b@x.test\r\n\r\n" + strings.Repeat("some words on a line\r\n", size/22) + "--b--\r\n"),
		"an encoded mail":  mail("Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + wrapped(size)),
		"many small parts": mail(mixed + strings.Repeat("--b\r\nContent-Type: a/b; name=f\r\n\r\nx\r\n", size/40)),
		"one line":         mail("\r\n" + strings.Repeat("x", size)),
		"blank lines":      mail("\r\n" + strings.Repeat("\r\n", size/2)),
		"quotes":           mail("\r\nwords\r\n" + strings.Repeat("> x\r\n", size/5)),
		"a long header":    mail(strings.Repeat("X-A: "+strings.Repeat("y", 900)+"\r\n", size/907) + "\r\nwords\r\n"),
	}
}

// What reading a mail keeps stays, with the mail, below twice the mail and 8 MiB.
// So does all that it ever allocates, whenever that is collected, but for the
// passing copies of a page: up to the bound on text, each.
func TestReadingAGreatMailTakesBoundedMemory(t *testing.T) { // not parallel: it counts what the process allocates
	const size, free, copies = 10 << 20, 8 << 20, 4 * maxTextIn
	for name, raw := range bigMails(size) {
		var before, after, kept runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		l := Parse(raw)
		runtime.ReadMemStats(&after)
		runtime.GC()
		runtime.ReadMemStats(&kept)
		took, keeps := int(after.TotalAlloc-before.TotalAlloc), int(kept.HeapAlloc)-int(before.HeapAlloc)
		if most := len(raw) + free; took > most+copies || took > most && l.HTML == "" || keeps > most {
			t.Errorf("%s: %d KiB of mail took %d KiB beside it and keeps %d", name, len(raw)>>10, took>>10, keeps>>10)
		}
		t.Logf("%-18s %6d KiB of mail, %6d KiB taken beside it, %6d KiB kept", name, len(raw)>>10, took>>10, keeps>>10)
		sound(t, l)
		runtime.KeepAlive(raw)
	}
}
