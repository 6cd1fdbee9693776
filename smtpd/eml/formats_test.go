package eml

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"postdesk/core"
)

// tnefBytes writes TNEF attributes; props are the MAPI properties of a level-1 or
// attachment attribute.
type tnefBytes struct{ b []byte }

func newTNEF() *tnefBytes {
	return &tnefBytes{b: append(binary.LittleEndian.AppendUint32(nil, tnefSignature), 1, 0)}
}

func (t *tnefBytes) attr(level byte, id uint32, data []byte) *tnefBytes {
	t.b = append(t.b, level)
	t.b = binary.LittleEndian.AppendUint32(t.b, id)
	t.b = binary.LittleEndian.AppendUint32(t.b, uint32(len(data)))
	t.b = append(append(t.b, data...), 0, 0)
	return t
}

func tnefProps(props map[uint32][]byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(props)))
	for tag, v := range props {
		b = binary.LittleEndian.AppendUint16(b, uint16(tag))
		b = binary.LittleEndian.AppendUint16(b, uint16(tag>>16))
		b = binary.LittleEndian.AppendUint32(b, 1)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(v)))
		b = append(b, v...)
		for len(v)%4 != 0 {
			b, v = append(b, 0), append(v, 0)
		}
	}
	return b
}

// compressedHello is the example of MS-OXRTFCP section 4.1.
const compressedHello = "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"

func winmail(data []byte, text string) core.Letter {
	return Parse(crlf("From: a@x.test\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n" + text + "\n--b\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n" +
		base64.StdEncoding.EncodeToString(data) + "\n--b--\n"))
}

func TestWinmailGivesItsBodyAndFiles(t *testing.T) {
	t.Parallel()
	rtf, _ := hex.DecodeString(compressedHello)
	data := newTNEF().
		attr(1, attMAPIProps, tnefProps(map[uint32][]byte{propRTF<<16 | 0x102: rtf})).
		attr(2, attRendData, nil).attr(2, attTitle, []byte("SHORT~1.TXT\x00")).attr(2, attData, []byte("one")).
		attr(2, attAttachment, tnefProps(map[uint32][]byte{propLongFilename<<16 | 0x1f: []byte("l\x00ö\x00\x00\x00")})).
		attr(2, attRendData, nil).attr(2, attData, []byte("two")).b
	l := winmail(data, "")
	sound(t, l)
	if strings.TrimSpace(l.Text) != "hello world" {
		t.Errorf("text %q", l.Text)
	}
	if len(l.Attachments) != 2 || string(l.Attachments[0].Content) != "one" || l.Attachments[1].Filename != "unknown.dat" || string(l.Attachments[1].Content) != "two" {
		t.Errorf("files %+v", l.Attachments)
	}
	if l := winmail(data, "said in the mail"); l.Text != "said in the mail" {
		t.Errorf("the mail's own text: %q", l.Text)
	}
	for cutAt := range data {
		sound(t, winmail(data[:cutAt], ""))
	}
	broken := winmail([]byte("no TNEF at all"), "words")
	if len(broken.Attachments) != 1 || broken.Attachments[0].Filename != "winmail.dat" || len(broken.Defects) == 0 {
		t.Errorf("a damaged one: %+v", broken)
	}
}

func TestRTFBecomesWords(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{\rtf1\ansi\ansicpg1251{\fonttbl{\f0 Arial;}}\f0 a\par b\tab c\'cf{\*\x hidden}\u8211? d\{e\}}`: "a\nb\tcП– d{e}",
		`{\rtf1 {\pict 00ff}x`: "x",
		`\`:                    "",
		`{{{{`:                 "",
		`}}}}x`:                "x",
	} {
		if got := rtfText(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// ber wraps content into an element; with a negative tag the length is indefinite.
func ber(tag int, content ...string) string {
	s := strings.Join(content, "")
	if tag < 0 {
		return string([]byte{byte(-tag), 0x80}) + s + "\x00\x00"
	}
	return string([]byte{byte(tag), 0x82, byte(len(s) >> 8), byte(len(s))}) + s
}

func TestOpaquelySignedMailIsUnwrapped(t *testing.T) {
	t.Parallel()
	inner := "Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nsigned words\r\n--i\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nfile\r\n--i--\r\n"
	const signed, data = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
	for name, cms := range map[string]string{
		"DER": ber(0x30, ber(0x06, signed), ber(0xa0, ber(0x30, ber(0x02, "\x01"), ber(0x31), ber(0x30, ber(0x06, data), ber(0xa0, ber(0x04, inner)))))),
		"BER": ber(-0x30, ber(0x06, signed), ber(-0xa0, ber(-0x30, ber(0x02, "\x01"), ber(0x31), ber(-0x30, ber(0x06, data), ber(-0xa0, ber(-0x24, ber(0x04, inner[:40]), ber(0x04, inner[40:]))))))),
	} {
		l := Parse(crlf("From: a@x.test\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte(cms))))
		sound(t, l)
		if l.Text != "signed words" || len(l.Attachments) != 1 || l.Attachments[0].Filename != "a.txt" {
			t.Errorf("%s: %q %+v", name, l.Text, l.Attachments)
		}
		for cutAt := range 60 {
			readCMS([]byte(cms[:cutAt])) // must not panic
		}
	}
	l := Parse(crlf("From: a@x.test\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\n\nnothing"))
	if len(l.Attachments) != 1 || len(l.Defects) == 0 || l.Text == "" {
		t.Errorf("a damaged one: %+v", l)
	}
}

func TestEncryptedMailSaysSo(t *testing.T) {
	t.Parallel()
	for name, mail := range map[string]string{
		"S/MIME":     "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\nxyz\n",
		"PGP/MIME":   "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream\n\nxyz\n--b--\n",
		"inline PGP": "\n-----BEGIN PGP MESSAGE-----\n\nxyz\n-----END PGP MESSAGE-----\n",
	} {
		l := Parse(crlf("From: a@x.test\n" + mail))
		sound(t, l)
		if l.Text == "" || !slices.Contains(l.Defects, "the mail is encrypted and cannot be read") {
			t.Errorf("%s: %q %q", name, l.Text, l.Defects)
		}
	}
}

func TestAnInvitationIsALineOfTextAndAFile(t *testing.T) {
	t.Parallel()
	l := Parse(crlf("From: a@x.test\nContent-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VTIMEZONE\nDTSTART:16010101T000000\nEND:VTIMEZONE\nBEGIN:VEVENT\nSUMMARY:Talk\\, long\n  one\nDTSTART;TZID=Europe/Berlin:20260105T100000\nLOCATION:Room 1\nEND:VEVENT\nEND:VCALENDAR\n"))
	sound(t, l)
	if want := "Invitation: Talk, long one\nWhen: Monday, 5 January 2026, 10:00 (Europe/Berlin)\nWhere: Room 1"; l.Text != want {
		t.Errorf("%q, want %q", l.Text, want)
	}
	if len(l.Attachments) != 1 || l.Attachments[0].Filename != "invite.ics" {
		t.Errorf("files %+v", l.Attachments)
	}
}

func TestUuencodedFilesAreTakenOutOfTheText(t *testing.T) {
	t.Parallel()
	l := Parse(crlf("From: a@x.test\n\nsee:\nbegin 644 ../hi.txt\n#0V%T\n`\nend\nbye\nbegin with care\n"))
	sound(t, l)
	if l.Text != "see:\nbye\nbegin with care\n" || len(l.Attachments) != 1 || l.Attachments[0].Filename != "hi.txt" || string(l.Attachments[0].Content) != "Cat" {
		t.Errorf("%q %+v", l.Text, l.Attachments)
	}
}
