package eml

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"postdesk/core"
)

// The readers of what mails enclose, one target each.

func FuzzReport(f *testing.F) {
	f.Add("Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; cara@acme.test\nAction: failed\nStatus: 5.1.1")
	f.Add("Original-Recipient: rfc822;a@x\nAction: delayed\n\n\nStatus: 4")
	f.Add("Final-Recipient: utf-8; D\\x{F6}r\\x{te@x\nFinal-Recipient: x-unix; |/a\nAction: expanded")
	f.Add("<a@x.test>: 550 5.1.1 unknown\n--- Below this line is a copy of the message.\n\nTo: b@x.test")
	f.Fuzz(func(t *testing.T, s string) {
		l := read(crlf(statusReport(s)))
		sound(t, l)
		if l.Report == nil {
			t.Error("a report is none")
		}
		reported(t, l)
		words := read([]byte("From: MAILER-DAEMON@x.test\r\nSubject: Undelivered\r\n\r\n" + s)) // one in words alone
		sound(t, words)
		reported(t, words)
		if person := read([]byte("From: cara@x.test\r\nSubject: help\r\n\r\n" + s)); person.Report != nil {
			t.Errorf("a person's mail is a report: %+v", person.Report)
		}
	})
}

// reported checks what every Report promises.
func reported(t *testing.T, l core.Letter) {
	t.Helper()
	r := l.Report
	if r == nil {
		return
	}
	if l.Kind != core.KindReport || !l.Unanswerable || !r.Feedback && r.Action == "" || r.Permanent && r.Action != core.ActionFailed || len(r.Text) > 500 || len(r.FailedRecipients) > maxAddresses {
		t.Errorf("%s %+v", l.Kind, r)
	}
	for _, a := range r.FailedRecipients {
		if a == "" || strings.ContainsAny(a, "\r\n\t") {
			t.Errorf("recipient %q", a)
		}
	}
	for _, code := range r.Status {
		if !strings.Contains("245", code[:1]) || strings.Count(code, ".") != 2 {
			t.Errorf("status %q", code)
		}
	}
}

func FuzzKind(f *testing.F) {
	f.Add("Automatic reply: x", "I am out", "X-Autoreply: yes")
	f.Add("AUTO: x is out of the office", "?", "Auto-Submitted: no")
	f.Add("Re: Abwesenheitsnotiz: x", "to verify you are human", "Return-Path: <>")
	f.Fuzz(func(t *testing.T, subject, text, field string) {
		if w := subjectWeight(subject); w < 0 || w > 3 || w > 0 && isReplySubject(subject) {
			t.Errorf("%q weighs %d", subject, w)
		}
		l := read([]byte("From: cara@x.test\r\nSubject: " + oneLine(subject) + "\r\n" + oneLine(field) + "\r\n\r\n" + text))
		sound(t, l)
		if (l.Kind == core.KindAutoReply || l.Kind == core.KindReport) && !l.Unanswerable {
			t.Errorf("a machine's mail is answered: %s", l.Kind)
		}
		plain := read([]byte("From: cara@x.test\r\nSubject: help\r\n\r\n" + text))
		if plain.Kind != core.KindHuman && !containsAny(strings.ToLower(plain.Text), challengeWords) {
			t.Errorf("words alone make it %s", plain.Kind)
		}
	})
}

func FuzzTNEF(f *testing.F) {
	f.Add(newTNEF().attr(1, attBody, []byte("x")).attr(2, attRendData, nil).attr(2, attData, []byte("one")).b)
	f.Add(newTNEF().attr(1, attMAPIProps, tnefProps(map[uint32][]byte{propHTML<<16 | 0x102: []byte("<p>x")})).b)
	f.Add(newTNEF().attr(1, attClass, []byte("IPM.Schedule.Meeting.Resp.Neg\x00")).attr(1, attMAPIProps, tnefProps(map[uint32][]byte{propSubject<<16 | 0x1f: utf16le("x"), propRTF<<16 | 0x102: plainRTF(`{\rtf1\fromhtml1{\*\htmltag <p>}\'e9\u9?}`)})).b)
	f.Add(newTNEF().attr(2, attRendData, nil).attr(2, attData, newTNEF().attr(1, attBody, []byte("inner")).attr(2, attData, []byte("x")).b).b)
	f.Fuzz(func(t *testing.T, b []byte) {
		l := winmail(b, "")
		sound(t, l)
		m, ok := parseTNEF(b, maxUnwraps)
		size := len(m.text) + len(m.html) + len(m.rtf)
		for _, file := range m.files {
			size += len(file.Content)
		}
		if size > 400*len(b)+64 || len(m.files) > maxAttachments+1 { // compressed RTF: 17 bytes a reference of two
			t.Errorf("%d bytes of %d, %d files", size, len(b), len(m.files))
		}
		if !ok && !slices.ContainsFunc(l.Attachments, func(a core.Attachment) bool { return string(a.Content) == string(b) }) {
			t.Error("a damaged one is not kept as it came")
		}
	})
}

func FuzzRTF(f *testing.F) {
	hello, _ := hex.DecodeString(compressedHello)
	f.Add(hello, `{\rtf1\ansi\ansicpg1251 a\par\'cf\u8211?}`)
	f.Add(hello, `{\rtf1\fromhtml1{\fonttbl{\f1\fcharset204 A;}}{\*\htmltag64 <p>}\htmlrtf\par\htmlrtf0\f1\'cf\uc0\u-10179\u-8704}`)
	f.Fuzz(func(t *testing.T, packed []byte, s string) {
		if out := decompressRTF(packed); len(out) > maxTextIn+17 || len(out) > 16*len(packed)+17 {
			t.Errorf("%d bytes of %d", len(out), len(packed))
		}
		for _, out := range []string{rtfText(s), rtfPage(s)} {
			if out = clean(out); len(out) > 8*len(s)+64 {
				t.Errorf("%d bytes of %d", len(out), len(s))
			}
		}
	})
}

func FuzzCalendar(f *testing.F) {
	f.Add("BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nSUMMARY;X=Y:a\\, b\n c\nDTSTART;TZID=\"E\":20260105T100000\nEND:VEVENT")
	f.Add(vcalendar("REQUEST", berlin, "SUMMARY:x\nDTSTART;TZID=Mine:20260705T100000\nDURATION:P1DT2H\nRRULE:FREQ=MONTHLY;BYDAY=-1FR,3MO;UNTIL=20270101\nATTENDEE;CN=\"a;b\";PARTSTAT=DECLINED:mailto:a@x.test"))
	f.Add("BEGIN:VTIMEZONE\nTZID:x\nBEGIN:STANDARD\nDTSTART:00010101T000000\nRRULE:BYMONTH=13;BYDAY=-99SU;UNTIL=00000101\nTZOFFSETTO:+9999\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VTODO\nDUE;TZID=x:99991231T235959")
	f.Fuzz(func(t *testing.T, s string) {
		c := readCalendar(newlines(clean(s)))
		card := c.card()
		if strings.ContainsAny(card, "\r\x00\x1b") || !utf8.ValidString(card) || len(card) > 16<<10 || strings.Count(card, "\n") > 10 {
			t.Errorf("%d bytes, %d lines: %.200q", len(card), strings.Count(card, "\n"), card)
		}
		l := read([]byte("From: a@x.test\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\n" + s))
		sound(t, l)
		if len(l.Attachments) != 1 {
			t.Errorf("%d files", len(l.Attachments))
		}
	})
}

func FuzzSigned(f *testing.F) {
	f.Add([]byte(signedCMS("words", false)))
	f.Add([]byte(signedCMS("words of more than one piece", true)))
	f.Add([]byte(ber(-0x30, ber(0x06, oidSigned), "\xa0\x80\x30\x80\x24\x80\x24\x84\xff\xff\xff\xff")))
	f.Add([]byte("-----BEGIN 0"))
	f.Add([]byte("-----BEGIN PKCS7-----\nMIIB\n-----END PKCS7-----"))
	f.Fuzz(func(t *testing.T, b []byte) {
		kind, out := readCMS(b)
		if len(out) > len(b) || out != nil && kind != cmsSigned {
			t.Errorf("%d bytes of %d, kind %d", len(out), len(b), kind)
		}
		if out := plainCMS(b); len(out) > len(b) {
			t.Errorf("%d bytes of %d", len(out), len(b))
		}
		l := read([]byte("From: a@x.test\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(b)))
		sound(t, l)
		if len(l.Attachments) == 0 && !slices.Contains(l.Defects, defectSigned) {
			t.Error("neither unwrapped nor kept")
		}
	})
}

func FuzzPGP(f *testing.F) {
	f.Add([]byte("a\n-----BEGIN PGP MESSAGE-----\nx\n-----END PGP MESSAGE-----\nb"))
	f.Add([]byte(" -----BEGIN PGP MESSAGE-----\r\n> -----BEGIN PGP MESSAGE-----\n-----END PGP MESSAGE-----"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := &reader{defect: func(string) {}}
		p := &part{body: b, rest: b}
		size := len(r.cutPGP(p, b))
		for _, file := range r.files {
			size += len(file.Content)
		}
		if size != len(b) && len(r.files) < maxAttachments {
			t.Errorf("%d bytes of %d", size, len(b))
		}
	})
}
