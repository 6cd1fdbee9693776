package eml

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"postdesk/core"
)

// The reading cases of the project's list, by number: what a person would say
// that the mail says.

// A readCase is a mail of Cara's below its first two fields, and what must be read
// of it. An empty expectation is not looked at; "none" says that there is nothing.
type readCase struct {
	mail   string
	text   string
	page   string
	files  string // "name: content" each, joined by " | "
	defect string
}

func (c readCase) check(t *testing.T, raw []byte) {
	t.Helper()
	l := read(raw) // not Parse: a panic must show
	sound(t, l)
	if usable(l) != "cara@acme.test" || l.Subject != "Help" {
		t.Errorf("from %v, subject %q", l.From, l.Subject)
	}
	var files []string
	for _, a := range l.Attachments {
		files = append(files, a.Filename+": "+strings.TrimSpace(newlines(string(a.Content))))
	}
	for _, one := range []struct{ what, got, want string }{
		{"text", strings.TrimSpace(l.Text), c.text}, {"page", strings.TrimSpace(l.HTML), c.page}, {"files", strings.Join(files, " | "), c.files},
	} {
		if one.want != "" && one.got != strings.TrimPrefix(one.want, "none") {
			t.Errorf("%s %q, want %q", one.what, one.got, one.want)
		}
	}
	if c.defect == "none" && len(l.Defects) > 0 || c.defect != "" && c.defect != "none" && !slices.Contains(l.Defects, c.defect) {
		t.Errorf("defects %q, want %q", l.Defects, c.defect)
	}
}

// readAll reads each case as it comes over SMTP, with bare LF and with two CRs.
func readAll(t *testing.T, cases map[string]readCase) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mail := "From: Cara <cara@acme.test>\nSubject: Help\n" + c.mail
			c.check(t, crlf(mail))
			c.defect = strings.TrimSuffix(c.defect, "none")
			c.check(t, []byte(mail))
			c.check(t, []byte(strings.ReplaceAll(mail, "\n", "\r\r\n")))
		})
	}
}

const (
	noBoundaryEnd  = "a boundary that ends the parts is missing"
	guessed        = "the boundary was guessed from the body"
	noPart         = "a multipart holds no part; it is read as text"
	wrongCharset   = "the declared charset is not the real one"
	notTheEncoding = "the transfer encoding is not the real one"
)

// mixedOf and its like put parts between the boundary x.
func mixedOf(parts ...string) string       { return multi("mixed", "x", parts) }
func alternativeOf(parts ...string) string { return multi("alternative", "x", parts) }

func multi(sub, boundary string, parts []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Content-Type: multipart/%s; boundary=%s\n\n", sub, boundary)
	for _, p := range parts {
		b.WriteString("--" + boundary + "\n" + p + "\n")
	}
	return b.String() + "--" + boundary + "--\n"
}

func TestT75BrokenHeadersAreSalvaged(t *testing.T) {
	t.Parallel()
	readAll(t, map[string]readCase{
		"T75 a line without colon":         {mail: "nonsense\nX-A: b\n\nwords\n", text: "words", defect: "a header line is no field"},
		"T75 three of them":                {mail: "one\ntwo\nthree\nMessage-ID: <1@acme.test>\n\nwords\n", text: "words", defect: "a header line is no field"},
		"T75 a line among folded fields":   {mail: "X-A: b\nnonsense\n  c\nX-D: e;\n f\n\nwords\n", text: "words"},
		"T75 UTF-8 in a field name":        {mail: "X-\xc3\xa4: b\n\nwords\n", text: "words"},
		"T75 an empty field name":          {mail: ": b\nX-A: c\n\nwords\n", text: "words"},
		"T75 a field without value":        {mail: "X-A:\n\nwords\n", text: "words", defect: "none"},
		"T75 a fold of blanks":             {mail: "X-A: b\n \n c\nDate: e\n\nwords\n", text: "words"},
		"T76 no blank line":                {mail: "words are here\nand here\n", text: "words are here\nand here"},
		"T76 no blank line in a part":      {mail: mixedOf("Content-Type: text/plain\nwords are here"), text: "words are here"},
		"T76 a part without header":        {mail: mixedOf("words are here\nand here"), text: "words are here\nand here"},
		"T76 nothing below the header":     {mail: "", text: "none", files: "none"},
		"T76 blanks, then fields as words": {mail: " \nwords\nFrom: x\nTo: y\n", text: "words\nFrom: x\nTo: y"},
		"T76 cut in the header":            {mail: "X-Very-Long", text: "X-Very-Long"},
	})
}

func TestT77ToT81TextIsReadInTheCharsetThatItIsIn(t *testing.T) {
	t.Parallel()
	typed := func(charset, body string) string {
		return "Content-Type: text/plain; charset=" + charset + "\n\n" + body
	}
	readAll(t, map[string]readCase{
		"T77 a name in windows-1251, said by a part": {mail: mixedOf("Content-Type: text/plain; charset=windows-1251\n\n\xcf\xf0", "Content-Type: a/b; name=\"\xcf\xf0.pdf\"\n\nx"), text: "Пр", files: "Пр.pdf: x"},
		"T78 UTF-8 that is windows-1252":             {mail: typed("utf-8", "caf\xe9 \x93so\x94"), text: "café “so”", defect: wrongCharset},
		"T78 latin-1 with smart quotes":              {mail: typed("iso-8859-1", "\x93so\x94"), text: "“so”", defect: "none"},
		"T78 latin-1 that is UTF-8":                  {mail: typed("iso-8859-1", "caf\xc3\xa9"), text: "café", defect: wrongCharset},
		"T78 US-ASCII that is UTF-8":                 {mail: typed("us-ascii", "caf\xc3\xa9"), text: "café", defect: wrongCharset},
		"T78 no charset":                             {mail: "\ncaf\xe9\n", text: "café", defect: "none"},
		"T80 no such charset":                        {mail: typed("x-unknown", "caf\xe9"), text: "café"},
		"T80 with a line end in it":                  {mail: "Content-Type: text/plain; charset=\"utf-8\n\"\n\ncaf\xc3\xa9", text: "café"},
		"T80 empty":                                  {mail: typed("\"\"", "caf\xc3\xa9"), text: "café", defect: "none"},
		"T80 UTF-7 is text":                          {mail: typed("utf-7", "+ADw-b+AD4-"), text: "<b>", page: "none"},
		"T80 a page in UTF-7 is no markup":           {mail: "Content-Type: text/html; charset=utf-7\n\n+ADw-b+AD4-", text: "+ADw-b+AD4-", page: "+ADw-b+AD4-"},
		"T81 Shift_JIS":                              {mail: typed("shift_jis", "\x93\xfa\x96\x7b \x87\x40"), text: "日本 ①", defect: "none"},
		"T81 half-width, by escapes":                 {mail: typed("iso-2022-jp", "\x1b(I12\x1b(B"), text: "ｱｲ", defect: "none"},
		"T81 GB18030":                                {mail: typed("gb18030", "\xd6\xd0\x81\x30\x84\x36"), text: "中¥", defect: "none"},
		"T81 KOI8-R":                                 {mail: typed("koi8-r", "\xf0\xd2"), text: "Пр", defect: "none"},
		"T81 windows-1258":                           {mail: typed("windows-1258", "\xd0\xf5"), text: "Đơ", defect: "none"},
		"T81 EUC-KR":                                 {mail: typed("euc-kr", "\xc7\xd1"), text: "한", defect: "none"},
		"T81 a file name in pieces":                  {mail: mixedOf("Content-Type: a/b\nContent-Disposition: attachment;\n filename*1*=%F6.pdf; filename*0*=us-ascii''W\n\nx"), files: "Wö.pdf: x"},
		"parts of several charsets":                  {mail: mixedOf(typed("koi8-r", "\xf0"), typed("windows-1251", "\xcf"), typed("utf-8", "\xd0\x9f")), text: "П\n\nП\n\nП", defect: "none"},
		"a page says its charset":                    {mail: "Content-Type: text/html\n\n<meta charset=windows-1251>\xcf\xf0", text: "Пр"},
		"the label lies, its page does not":          {mail: "Content-Type: text/html; charset=utf-8\n\n<meta http-equiv=x content='text/html; charset=windows-1251'>\xcf\xf0", text: "Пр", defect: "none"},
		"the label is believed before the page":      {mail: "Content-Type: text/html; charset=koi8-r\n\n<meta charset=windows-1251>\xf0\xd2", text: "Пр", defect: "none"},
		"a byte order mark":                          {mail: typed("iso-8859-1", "\xef\xbb\xbfcaf\xc3\xa9"), text: "café"},
	})
}

func TestT82ToT84PartsAndEncodingsAreReadAsFarAsTheyGo(t *testing.T) {
	t.Parallel()
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	file := "Content-Type: a/b; name=f\n\nfile"
	readAll(t, map[string]readCase{
		"T82 no end":                      {mail: "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nwords\n--x\n" + file, text: "words", files: "f: file", defect: noBoundaryEnd},
		"T82 no end of the inner one":     {mail: mixedOf("Content-Type: multipart/alternative; boundary=y\n\n--y\n\nwords\n--y\nContent-Type: text/html\n\n<p>words", file), text: "words", page: "<p>words", files: "f: file"},
		"T82 cut in a part's header":      {mail: "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nwords\n--x\nContent-Ty", text: "words\n\nContent-Ty", defect: noBoundaryEnd},
		"T82 cut in a boundary":           {mail: "Content-Type: multipart/mixed; boundary=boundary\n\n--boundary\n\nwords\n--bound", text: "words"},
		"T82 never appears":               {mail: "Content-Type: multipart/mixed; boundary=x\n\nwords\n", text: "words", defect: noPart},
		"T82 another one":                 {mail: "Content-Type: multipart/mixed; boundary=z\n\n--x\nContent-Type: text/plain\n\nwords\n--x\n" + file + "\n--x--\n", text: "words", files: "f: file", defect: guessed},
		"T82 another one, bare parts":     {mail: "Content-Type: multipart/mixed; boundary=z\n\n--x\n\nwords\n--x--\n", text: "words", defect: guessed},
		"T82 another one inside":          {mail: mixedOf("Content-Type: multipart/alternative; boundary=y\n\n--z\nContent-Type: text/plain\n\nwords\n--z--", file), text: "words", files: "f: file", defect: guessed},
		"T82 dashes too many":             {mail: "Content-Type: multipart/mixed; boundary=\"--x\"\n\n--x\nContent-Type: text/plain\n\nwords\n--x--\n", text: "words", defect: guessed},
		"T82 other letters":               {mail: "Content-Type: multipart/mixed; boundary=xX\n\n--Xx\nContent-Type: text/plain\n\nwords\n--Xx--\n", text: "words", defect: guessed},
		"T82 prefix of another":           {mail: "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/mixed; boundary=xx\n\n--xx\n\nwords\n--xx\n" + file + "\n--xx--\n--x\n\nmore\n--x--\n", text: "words\n\nmore", files: "f: file"},
		"T82 another is its prefix":       {mail: "Content-Type: multipart/mixed; boundary=xx\n\n--xx\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nwords\n--x--\n--xx\n\nmore\n--xx--\n", text: "words\n\nmore"},
		"T82 the end in between":          {mail: "Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x--\n\n--x\n\ntwo\n--x--\n", text: "one\n\ntwo", defect: "parts follow behind the end of all parts"},
		"T82 the first one lost":          {mail: "Content-Type: multipart/mixed; boundary=x\n\nContent-Type: text/plain\n\none\n--x\n\ntwo\n--x--\n", text: "one\n\ntwo", defect: "the first boundary is missing"},
		"T82 only the end":                {mail: "Content-Type: multipart/mixed; boundary=x\n\nwords\n--x--\n", text: "words", defect: noPart},
		"T82 with blanks, not quoted":     {mail: "Content-Type: multipart/mixed; boundary=a b\n\n--a b\n\nwords\n--a b--\n", text: "words"},
		"T82 single quotes belong to it":  {mail: "Content-Type: multipart/mixed; boundary='a'\n\n--'a'\n\nwords\n--'a'--\n", text: "words"},
		"T82 said twice":                  {mail: "Content-Type: multipart/mixed; boundary=a; boundary=b\n\n--b\n\nwords\n--b--\n", text: "words", defect: guessed},
		"T82 a line of dashes is none":    {mail: mixedOf("\nwords\n--\nmore\n-----\nend"), text: "words\n--\nmore\n-----\nend", defect: "none"},
		"T83 no boundary":                 {mail: "Content-Type: multipart/mixed\n\n--x\nContent-Type: text/plain\n\nwords\n--x\n" + file + "\n--x--\n", text: "words", files: "f: file", defect: guessed},
		"T83 no type at all":              {mail: "\nwords\n", text: "words", defect: "none"},
		"T83 no type but parts":           {mail: "\n--x\nContent-Type: text/plain\n\nwords\n--x\n" + file + "\n--x--\n", text: "words", files: "f: file", defect: guessed},
		"T83 text with a boundary":        {mail: "Content-Type: text/plain; boundary=x\n\n--x\nContent-Type: text/plain\n\nwords\n--x\n" + file + "\n--x--\n", text: "words", files: "f: file", defect: guessed},
		"T83 half a type":                 {mail: "Content-Type: text\n\nwords\n", text: "words"},
		"T83 no type that is one":         {mail: "Content-Type: foo\n\nwords\n", text: "words"},
		"T83 three of a type":             {mail: "Content-Type: text/plain/utf-8\n\nwords\n", text: "words"},
		"T83 a file without a type":       {mail: mixedOf("Content-Type: foo; name=a.bin\n\nx"), files: "a.bin: x"},
		"T83 a page called text":          {mail: "Content-Type: text/plain\n\n<html><b>words</b></html>\n", text: "<html><b>words</b></html>", page: "none", defect: "none"},
		"T83 text of an unknown kind":     {mail: "Content-Type: text/x-odd\n\nwords\n", text: "words"},
		"T83 enriched text":               {mail: "Content-Type: text/enriched\n\n<bold>words</bold> <<and\nmore\n\nend<param>x</param>\n", text: "words <and more\nend"},
		"T84 base64 with junk":            {mail: "Content-Transfer-Encoding: base64\n\nd29\x01!yZHM\n", text: "words"},
		"T84 base64 without padding":      {mail: "Content-Transfer-Encoding: base64\n\nd29yZHMuLg\n", text: "words.."},
		"T84 base64 in pieces":            {mail: "Content-Transfer-Encoding: base64\n\nd29yZA==\ncw==\n", text: "words"},
		"T84 base64, a list's footer":     {mail: "Content-Transfer-Encoding: base64\n\n" + b64("words") + "\n_______________________________\nlist of x mailing list\n", text: "words"},
		"T84 base64, cut":                 {mail: mixedOf("Content-Type: a/b; name=f\nContent-Transfer-Encoding: base64\n\n" + b64("some file")[:10]), files: "f: some fi"},
		"T84 base64 that is none":         {mail: "Content-Transfer-Encoding: base64\n\nHello,\n\nthese are just words.\n", text: "Hello,\n\nthese are just words.", defect: notTheEncoding},
		"T84 base64 (comment)":            {mail: "Content-Transfer-Encoding: BASE64 (x)\n\n" + b64("words"), text: "words", defect: "none"},
		"T84 the multipart itself":        {mail: "Content-Type: multipart/mixed; boundary=x\nContent-Transfer-Encoding: base64\n\n" + b64("--x\n\nwords\n--x--\n"), text: "words", defect: guessed},
		"T84 quoted-printable, raw signs": {mail: "Content-Transfer-Encoding: quoted-printable\n\na = b =ZZ =3\nw=\nords=\n", text: "a = b =ZZ =3\nwords"},
		"T84 quoted-printable, blanks":    {mail: "Content-Transfer-Encoding: quoted-printable\n\nwo=  \nrds  \n", text: "words"},
		"T84 quoted-printable, small":     {mail: "Content-Transfer-Encoding: quoted-printable\n\ncaf=c3=a9", text: "café"},
		"T84 uuencoded files in the text": {mail: "\nsee\nbegin 644 a.txt\n#0V%T\n`\nend\nand\nbegin 644 b.txt\n#0V%T\n`\nend\nbye\n", text: "see\nand\nbye", files: "a.txt: Cat | b.txt: Cat"},
		"T84 a uuencoded file, cut":       {mail: "\nsee\nbegin 644 a.txt\n#0V%T\n", text: "see", files: "a.txt: Cat"},
		"T84 words that begin with begin": {mail: "\nbegin 644 times and you will see\nthat it works\nend\n", text: "begin 644 times and you will see\nthat it works\nend", files: "none"},
		"T84 a uuencoded part":            {mail: mixedOf("Content-Type: a/b; name=f\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 f\n#0V%T\n`\nend\n"), files: "f: Cat"},
		"T84 an unknown encoding":         {mail: mixedOf("Content-Type: a/b; name=f\nContent-Transfer-Encoding: x-odd\n\nfile"), files: "f: file", defect: "unknown transfer encoding"},
		"T84 two of them":                 {mail: mixedOf("Content-Type: a/b; name=f\nContent-Transfer-Encoding: 8bit;\n\nfile"), files: "f: file"},
		"T89 an enclosed mail":            {mail: mixedOf("\nlook", "Content-Type: message/rfc822\n\nFrom: eve@evil.test\nSubject: Inner\n\ninner"), text: "look", files: "Inner.eml: From: eve@evil.test\nSubject: Inner\n\ninner", defect: "none"},
		"T89 an encoded one":              {mail: mixedOf("\nlook", "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"+b64("Subject: Inner\n\ninner")), text: "look", files: "Inner.eml: Subject: Inner\n\ninner"},
		"T89 nothing but one":             {mail: "Content-Type: message/rfc822\n\nFrom: eve@evil.test\nSubject: Inner\n\ninner", text: "inner", files: "Inner.eml: From: eve@evil.test\nSubject: Inner\n\ninner"},
		"T89 a digest":                    {mail: multi("digest", "x", []string{"\nFrom: eve@evil.test\nSubject: One\n\none", "\nFrom: eve@evil.test\nSubject: Two\n\ntwo"}), files: "One.eml: From: eve@evil.test\nSubject: One\n\none | Two.eml: From: eve@evil.test\nSubject: Two\n\ntwo"},
		"T90 only a PDF":                  {mail: "Content-Type: application/pdf; name=a.pdf\n\nx\n", text: "none", files: "a.pdf: x", defect: "none"},
		"T90 an empty text and a PDF":     {mail: mixedOf("\n", "Content-Type: application/pdf; name=a.pdf\n\nx"), text: "none", files: "a.pdf: x"},
		"T98 names that lie":              {mail: mixedOf("Content-Type: a/b; name=\"../../x\"\n\nx", "Content-Type: a/b\nContent-Disposition: attachment; filename*=utf-8''gpj.%E2%80%AEexe\n\nx", "Content-Type: a/b; name=\"invoice.pdf.exe\"\n\nx"), files: "x: x | gpj.exe: x | invoice.pdf.exe: x"},
		"T102 signed, the text shown":     {mail: "Content-Type: multipart/signed; boundary=x\n\n--x\n\nwords\n--x\nContent-Type: application/pgp-signature; name=signature.asc\n\nsig\n--x--\n", text: "words"},
	})
}

func TestTheBodyIsWhatAPersonWouldRead(t *testing.T) {
	t.Parallel()
	page := func(s string) string { return "Content-Type: text/html\n\n" + s }
	pdf := "Content-Type: application/pdf; name=a.pdf\nContent-Disposition: inline; filename=a.pdf\n\nx"
	readAll(t, map[string]readCase{
		"T99 Apple: text, PDF, text":    {mail: mixedOf("\none", pdf, "\ntwo"), text: "one\n\ntwo", page: "none", files: "a.pdf: x"},
		"T99 Apple: page, PDF, page":    {mail: alternativeOf("\none\n\ntwo", multi("mixed", "y", []string{page("<p>one"), pdf, page("<p>two")})), text: "one\n\ntwo", page: "<p>one<p>two", files: "a.pdf: x"},
		"T99 pages only":                {mail: mixedOf(page("<p>one"), pdf, page("<p>two")), text: "one\n\ntwo", page: "<p>one<p>two"},
		"T99 a picture in the page":     {mail: multi("related", "x", []string{page("<p>words<img src=cid:1@x>"), "Content-Type: image/png; name=a.png\nContent-ID: <1@x>\n\npng"}), text: "words", files: "a.png: png"},
		"related around alternative":    {mail: multi("related", "x", []string{strings.TrimSuffix(multi("alternative", "y", []string{"\nwords", page("<p>page")}), "\n"), "Content-Type: image/png; name=a.png\n\npng"}), text: "words", page: "<p>page", files: "a.png: png"},
		"alternative, page first":       {mail: alternativeOf(page("<p>page"), "\nwords"), text: "words", page: "<p>page"},
		"alternative of pages":          {mail: alternativeOf(page("<p>one"), page("<p>two")), text: "two", page: "<p>two"},
		"a page with a file name":       {mail: alternativeOf("\nwords", "Content-Type: text/html; name=b.html\nContent-Disposition: inline; filename=b.html\n\n<p>page"), text: "words", page: "<p>page", files: "none"},
		"a page called an attachment":   {mail: mixedOf("\nwords", "Content-Type: text/html\nContent-Disposition: attachment; filename=b.html\n\n<p>page"), text: "words", page: "none", files: "b.html: <p>page"},
		"a text file after the words":   {mail: mixedOf("\nwords", "Content-Type: text/plain; name=log.txt\nContent-Disposition: inline; filename=log.txt\n\nlog"), text: "words", files: "log.txt: log"},
		"the file before the words":     {mail: mixedOf(pdf, "\nwords"), text: "words", files: "a.pdf: x"},
		"an empty text":                 {mail: alternativeOf("\n \n", page("<p>page")), text: "page"},
		"a text of signs":               {mail: alternativeOf("\n--\n***", page("<p>page")), text: "page"},
		"a stub":                        {mail: alternativeOf("\nThis message needs a client that can show HTML.", page("<p>page")), text: "page"},
		"a German stub":                 {mail: alternativeOf("\nIhr Programm kann kein HTML.", page("<p>page")), text: "page"},
		"a stub that sends elsewhere":   {mail: alternativeOf("\nView this mail in your browser: https://x.test/a", page("<p>page")), text: "page"},
		"a stub of a picture":           {mail: alternativeOf("\n[image: logo]", page("<p>page")), text: "page"},
		"words about HTML":              {mail: alternativeOf("\nMy browser shows no HTML.", page("<p>My browser shows <b>no</b> HTML.")), text: "My browser shows no HTML."},
		"words about HTML, no page":     {mail: "\nMy browser shows no HTML.", text: "My browser shows no HTML."},
		"a card beside the words":       {mail: mixedOf("\nwords", "Content-Type: text/vcard\n\nBEGIN:VCARD"), text: "words", files: "text.vcard: BEGIN:VCARD"},
		"a watch's page":                {mail: alternativeOf("\nwords", "Content-Type: text/watch-html\n\n<b>w", page("<p>page")), text: "words", page: "<p>page"},
		"enriched beside the words":     {mail: alternativeOf("\nwords", "Content-Type: text/enriched\n\n<bold>words</bold>"), text: "words"},
		"only enriched":                 {mail: alternativeOf("Content-Type: text/enriched\n\n<bold>words</bold>"), text: "words"},
		"a footer behind both forms":    {mail: mixedOf(strings.TrimSuffix(multi("alternative", "y", []string{"\nwords", page("<p>page</p>")}), "\n"), "\nfooter <x>"), text: "words\n\nfooter <x>", page: `<p>page</p><div style="white-space:pre-wrap">footer &lt;x&gt;</div>`},
		"flowed, quotes and signature":  {mail: "Content-Type: text/plain; format=flowed\n\none \ntwo\n> three \n> four\n five\n >six \n-- \nCara \nDoe", text: "one two\n> three \n> four\nfive\n>six \n-- \nCara Doe"},
		"flowed, delsp":                 {mail: "Content-Type: text/plain; format=flowed; delsp=yes\n\n日本 \n語\n", text: "日本語"},
		"flowed, a blank line":          {mail: "Content-Type: text/plain; format=Flowed\n\none \n\ntwo", text: "one \n\ntwo"},
		"flowed, stuffed":               {mail: "Content-Type: text/plain; format=flowed\n\n From here\n  two", text: "From here\n two"},
		"T101 an invitation alone":      {mail: "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VEVENT\nSUMMARY:Talk\nEND:VEVENT", text: "Invitation: Talk"},
		"T104 encrypted says so":        {mail: "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\nxyz", text: "This mail is encrypted and cannot be read here. Its content is attached.", files: "smime.p7m: xyz"},
		"T94 nothing new is shown":      {mail: "\n> one\n> two", text: "> one\n> two"},
		"T95 a logo is known as inline": {mail: multi("related", "x", []string{page("<p>words<img src='cid:l'>"), "Content-Type: image/png; name=l.png\nContent-ID: <l>\n\npng"}), text: "words"},
	})
}

func TestT79NothingUnstorableLeaves(t *testing.T) {
	t.Parallel()
	const bad = "a\x00b\xff\xed\xa0\x80c"
	l := read([]byte("From: " + bad + " <c\x00\xffara@acme.test>\r\nSubject: " + bad + "\r\nMessage-ID: <" + bad + "@x>\r\nReferences: <" + bad + "@x>\r\nIn-Reply-To: " + bad + "@x\r\nTo: \"" + bad + "\" <" + bad + ">\r\nDate: " + bad + "\r\nX-Postdesk-Loop: " + bad +
		"\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n" + bad + "\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>" + bad + "&#0;&#xd800;\r\n--x\r\nContent-Type: " + bad + "/" + bad + "; name=\"" + bad + "\"\r\nContent-ID: <" + bad + ">\r\n\r\n" + bad + "\r\n--x--\r\n"))
	sound(t, l)
	if len(l.Attachments) != 1 || string(l.Attachments[0].Content) != bad {
		t.Errorf("a file is not as it came: %+v", l.Attachments)
	}
}

func TestT85ToT88BombsAreQuickAndKeepTheRest(t *testing.T) {
	t.Parallel()
	enclosed := func(n int) string { return strings.Repeat("Content-Type: message/rfc822\n\n", n) + "words\n" }
	bounded(t, map[string]bomb{
		"T85 1,000 nested":               {nestedMail(1000), "the mail is nested deeper than is read"},
		"T85 10,000 parts":               {top + "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nword\n", 10000), "the mail has more parts than are read; the rest is one attachment"},
		"T85 a mail in itself 200 times": {top + enclosed(200), ""},
		"T86 5,000 addresses":            {top + "To: " + strings.Repeat("a@x.test,\n ", 5000) + "b@x.test\n\nwords\n", ""},
		"T87 many files of a byte":       {top + "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: a/b; name=f\n\nx\n", 450) + "--b--\n", "the mail has more attachments than are kept apart; the rest is one attachment"},
		"T88 100,000 marks of quotes":    {top + "\nwords\n" + strings.Repeat("> ", 100000), ""},
		"T88 6,000 links":                {top + "Content-Type: text/html\n\nwords" + strings.Repeat("<a href=https://x.test/a>b</a> ", 6000), ""},
		"T88 50,000 cells":               {top + "Content-Type: text/html\n\nwords<table>" + strings.Repeat("<tr><td>a<td>b", 25000), ""},
		"A12 QP of one line":             {top + "Content-Transfer-Encoding: quoted-printable\n\n" + strings.Repeat("=77", 400000), ""},
		"begin without end":              {top + "\nwords\n" + strings.Repeat("begin 644 a\n", 100000), ""},
		"begin with a byte each":         {top + "\nwords\n" + strings.Repeat("begin 644 a\n#0V%T\n", 100000), "the mail has more attachments than are kept apart; the rest is one attachment"},
		"boundaries in the preamble":     {top + "Content-Type: multipart/mixed; boundary=z\n\n" + strings.Repeat("--x\n\n--y\n\n", 50000), ""},
		"lines that are no fields":       {top + strings.Repeat("nonsense\n", 50000) + "X-A: b\n\nwords\n", ""},
		"words in base64, in words":      {top + "Subject: " + strings.Repeat("=?utf-8?B?YQ?= =?utf-8?Q?b?= ", 20000) + "\n\nwords\n", ""},
		"escapes of ISO 2022":            {top + "\nwords" + strings.Repeat("\x1b$B0l\x1b(B", 100000), ""},
		"params in a file's name":        {top + "Content-Type: a/b; name=" + strings.Repeat("a;", 30000) + "\n\nwords\n", ""},
	})
	rest := read(crlf(top + "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: a/b; name=f\n\nx\n", 450) + "--b--\n")).Attachments
	if last := rest[len(rest)-1]; len(rest) != maxAttachments || strings.Count(string(last.Content), "name=f") != 450-maxAttachments+1 {
		t.Errorf("%d files, the last with %d others", len(rest), strings.Count(string(last.Content), "name=f"))
	}
}

func TestT90OddEnvelopesOfAMailAreRead(t *testing.T) {
	t.Parallel()
	for head, check := range map[string]func(core.Letter) bool{
		"From: cara@acme.test\nSubject:\n":                          func(l core.Letter) bool { return l.Subject == "" },
		"From: cara@acme.test\n":                                    func(l core.Letter) bool { return l.Subject == "" },
		"From: <>\nSubject: x\n":                                    func(l core.Letter) bool { return len(l.From) == 1 && l.From[0].Address == "" || len(l.From) == 0 },
		"From: cara@acme.test\nTo: undisclosed-recipients:;\n":      func(l core.Letter) bool { return len(l.To) == 0 },
		"From: cara@acme.test\nDate: Tue, 19 Jan 2038 03:14:08 Z\n": func(l core.Letter) bool { return l.Date.Year() == 2038 },
		"From: cara@acme.test\nDate: Thu, 01 Jan 1970 00:00:00 Z\n": func(l core.Letter) bool { return l.Date.Unix() == 0 },
		"From: cara@acme.test\nDate: yesterday\n":                   func(l core.Letter) bool { return l.Date.IsZero() },
	} {
		l := read(crlf(head + "\nwords\n"))
		sound(t, l)
		if !check(l) || l.Text != "words\n" {
			t.Errorf("%q: %+v", head, l)
		}
	}
}
