package eml

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"postdesk/core"
)

// utf16le is a string property of type 0x1f.
func utf16le(s string) (b []byte) {
	for _, u := range append(utf16.Encode([]rune(s)), 0) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// plainRTF is a compressed-RTF property that is not compressed.
func plainRTF(s string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(s)+12))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
	return append(append(b, "MELA\x00\x00\x00\x00"...), s...)
}

func namesOf(files []core.Attachment) (names []string) {
	for _, f := range files {
		names = append(names, f.Filename)
	}
	return names
}

func TestT100EveryWinmailOfTheCorpusGivesItsFilesAndBody(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../shared/corpus/tnef/*.eml")
	if err != nil || len(files) == 0 {
		t.Skip("the corpus is not beside the project")
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		about, err := os.ReadFile(strings.TrimSuffix(f, ".eml") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var want struct {
			Expected struct {
				Files []string `json:"inner_filenames"`
				Body  string   `json:"inner_body_kind"`
			}
		}
		if err := json.Unmarshal(about, &want); err != nil {
			t.Fatal(err)
		}
		root := walk(startOfMail(raw), func(string) {})
		r := &reader{defect: func(d string) { t.Logf("%s: %s", f, d) }}
		r.body(root, true)
		if len(r.tnefs) != 1 {
			t.Errorf("%s: %d winmails", f, len(r.tnefs))
			continue
		}
		m := r.tnefs[0]
		for _, name := range want.Expected.Files {
			if !slices.Contains(namesOf(m.files), name) {
				t.Errorf("%s: %q, want %s", f, namesOf(m.files), name)
			}
		}
		if body := map[string]string{"htmlbody": m.html, "rtfbody": m.rtf, "body": m.text}[want.Expected.Body]; want.Expected.Body != "" && blank(body) {
			t.Errorf("%s: no %s", f, want.Expected.Body)
		}
		if m.rtf != "" && blank(rtfText(m.rtf)) != (len(m.text) == 0 && blank(rtfText(m.rtf))) {
			t.Errorf("%s: no words in %.300s", f, m.rtf)
		}
	}
}

func TestT100AWinmailShowsTheFormThatItHas(t *testing.T) {
	t.Parallel()
	props := func(p map[uint32][]byte) []byte { return newTNEF().attr(1, attMAPIProps, tnefProps(p)).b }
	const page = `{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}}{\*\htmltag64 <p>}\htmlrtf \par\htmlrtf0 One {\*\htmltag84 <b>}\htmlrtf {\b \htmlrtf0 bold{\*\htmltag92 </b>}\htmlrtf }\htmlrtf0 \'e9{\*\htmltag84 &amp;}\htmlrtf &\htmlrtf0 {\*\mhtmltag84 <no>}\par{\*\htmltag72 </p>}}`
	for name, c := range map[string]struct {
		data       []byte
		text, page string
	}{
		"plain":                  {props(map[uint32][]byte{propBody<<16 | 0x1f: utf16le("Grüße")}), "Grüße", ""},
		"plain, a code page":     {newTNEF().attr(1, attOEMCodepage, []byte{0xe3, 4, 0, 0, 0, 0, 0, 0}).attr(1, attBody, []byte("\xcf\xf0\x00")).b, "Пр", ""},
		"a page":                 {props(map[uint32][]byte{propHTML<<16 | 0x102: []byte("<p>one")}), "one", "<p>one"},
		"a page in a code page":  {newTNEF().attr(1, attMAPIProps, append(append([]byte{2, 0, 0, 0}, tnefProps(map[uint32][]byte{propHTML<<16 | 0x102: []byte("<p>\xcf\xf0  ")})[4:]...), 3, 0, 0xde, 0x3f, 0xe3, 4, 0, 0)).b, "Пр", "<p>Пр  "},
		"a page within RTF":      {props(map[uint32][]byte{propRTF<<16 | 0x102: plainRTF(page)}), "One boldé&", "<p>One <b>bold</b>é&amp;\n</p>"},
		"RTF":                    {props(map[uint32][]byte{propRTF<<16 | 0x102: plainRTF(`{\rtf1\ansi one\par two}`)}), "one\ntwo", ""},
		"RTF, fonts of charsets": {props(map[uint32][]byte{propRTF<<16 | 0x102: plainRTF(`{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}{\f2\fcharset128 C;}}\f0 \'e9\f1 \'cf\'f0\f2 \'93\'fa\f0 \'e9}`)}), "éПр日é", ""},
		"RTF, wide characters":   {props(map[uint32][]byte{propRTF<<16 | 0x102: plainRTF(`{\rtf1\uc2 \u8364??x\uc0\u-10179\u-8704 {\uc1\u228?}y}`)}), "€x😀äy", ""},
	} {
		l := winmail(c.data, "")
		sound(t, l)
		if strings.TrimSpace(l.Text) != c.text || l.HTML != c.page {
			t.Errorf("%s: %q, page %q", name, l.Text, l.HTML)
		}
	}
}

func TestT100FilesAndMailsInAWinmailAreTakenOut(t *testing.T) {
	t.Parallel()
	inner := newTNEF().attr(1, attMAPIProps, tnefProps(map[uint32][]byte{propBody<<16 | 0x1f: utf16le("inner words"), propSubject<<16 | 0x1f: utf16le("Inner/mail")})).
		attr(2, attRendData, nil).attr(2, attTitle, []byte("in.txt\x00")).attr(2, attData, []byte("deep")).b
	name := strings.Repeat("Прайс-лист ", 8) + "2026.pdf"
	l := winmail(newTNEF().attr(1, attBody, []byte("outer words")).
		attr(2, attRendData, nil).attr(2, attTitle, []byte("PRICE~1.PDF\x00")).attr(2, attData, []byte("pdf")).
		attr(2, attAttachment, tnefProps(map[uint32][]byte{propLongFilename<<16 | 0x1f: utf16le(name), propMIMETag<<16 | 0x1e: []byte("Application/PDF\x00")})).
		attr(2, attRendData, nil).attr(2, attAttachment, tnefProps(map[uint32][]byte{propDataObj<<16 | 0x0d: append(make([]byte, 16), inner...), propName<<16 | 0x1f: utf16le("Inner mail")})).b, "")
	sound(t, l)
	var got []string
	for _, f := range l.Attachments {
		got = append(got, f.Filename+" "+f.ContentType+" "+string(f.Content))
	}
	want := []string{name + " application/pdf pdf", "mail.txt text/plain inner words", "in.txt application/octet-stream deep"}
	if !slices.Equal(got, want) || strings.TrimSpace(l.Text) != "outer words" {
		t.Errorf("%q, text %q", got, l.Text)
	}
}

func TestT100ADamagedWinmailIsKeptAndTold(t *testing.T) {
	t.Parallel()
	data := newTNEF().attr(1, attBody, []byte("words")).attr(2, attRendData, nil).attr(2, attTitle, []byte("a.txt\x00")).attr(2, attData, []byte("content")).b
	for name, broken := range map[string][]byte{
		"cut":              data[:len(data)-9],
		"no signature":     append([]byte{1, 2, 3, 4}, data[4:]...),
		"a length too big": newTNEF().attr(1, attBody, []byte("words")).b[:6+9-1],
	} {
		l := winmail(broken, "said in the mail")
		sound(t, l)
		if !slices.ContainsFunc(l.Attachments, func(a core.Attachment) bool { return a.Filename == "winmail.dat" && bytes.Equal(a.Content, broken) }) || len(l.Notices) == 0 {
			t.Errorf("%s: %q, notices %q", name, namesOf(l.Attachments), l.Notices)
		}
	}
}

func TestT101AMeetingInAWinmailIsACard(t *testing.T) {
	t.Parallel()
	meeting := func(class string) core.Letter {
		props := append([]byte{3, 0, 0, 0}, tnefProps(map[uint32][]byte{propSubject<<16 | 0x1f: utf16le("Talk")})[4:]...)
		props = append(props, 0x40, 0, 0x60, 0, 0, 0xa0, 0x32, 0x31, 0xb5, 0x7d, 0xdc, 1) // 2026-01-04 20:15:… UTC
		props = append(append(props, 0x1f, 0, 0, 0x80), appointments...)
		props = append(props, 0, 0, 0, 0, 0x08, 0x82, 0, 0, 1, 0, 0, 0, 6, 0, 0, 0, 'R', 0, '1', 0, 0, 0, 0, 0)
		return winmail(newTNEF().attr(1, attClass, []byte(class+"\x00")).attr(1, attMAPIProps, props).b, "")
	}
	if l := meeting("IPM.Microsoft Schedule.MtgReq"); l.Kind != core.KindHuman || !strings.HasPrefix(l.Text, "Invitation: Talk\nWhen: ") || !strings.HasSuffix(strings.TrimSpace(l.Text), "UTC\nWhere: R1") {
		t.Errorf("a request: %s %q", l.Kind, l.Text)
	}
	if l := meeting("IPM.Schedule.Meeting.Resp.Pos"); l.Kind != core.KindAutoReply || !strings.HasPrefix(l.Text, "The sender accepted: Talk") {
		t.Errorf("an answer: %s %q", l.Kind, l.Text)
	}
	if l := meeting("IPM.Note.Rules.OofTemplate.Microsoft"); l.Kind != core.KindAutoReply {
		t.Errorf("a vacation: %s", l.Kind)
	}
	if l := meeting("REPORT.IPM.Note.IPNRN"); l.Kind != core.KindAutoReply {
		t.Errorf("a receipt: %s", l.Kind)
	}
}

func TestRTFBombsAreBounded(t *testing.T) {
	t.Parallel()
	packed := binary.LittleEndian.AppendUint32(nil, 0)
	packed = binary.LittleEndian.AppendUint32(packed, 1<<31)
	packed = append(append(packed, "LZFu\x00\x00\x00\x00"...), bytes.Repeat([]byte{0xff, 0, 0xf, 0, 0xf, 0, 0xf, 0, 0xf, 0, 0xf, 0, 0xf, 0, 0xf, 0, 0xf}, 200000)...)
	if out := decompressRTF(packed); len(out) > maxTextIn+17 {
		t.Errorf("%d bytes", len(out))
	}
	deep := strings.Repeat(`{\uc9 \u1`, 200000)
	if out := rtfText(deep); len(out) > len(deep) {
		t.Errorf("%d bytes", len(out))
	}
}
