package mailer

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"postdesk/core"
	"postdesk/mailer/mailertest"
)

func composed(t *testing.T, o core.Outgoing) ([]byte, mailertest.Mail) {
	t.Helper()
	raw, err := Compose(&o)
	if err != nil {
		t.Fatal(err)
	}
	checkWire(t, raw)
	return raw, mailertest.Read(t, raw)
}

// TestSubjectsAndNamesOfAnyScriptArriveAsTheyWere: each encoded word is whole
// UTF-8 of at most 75 characters (RFC 2047 section 2), and net/mail reads back
// what was meant.
func TestSubjectsAndNamesOfAnyScriptArriveAsTheyWere(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Grüße", "Re: 日本語の件名がここにありますとても長いので何度も折り返されるはずです。日本語の件名がここにあります", "שלום עולם, a mixed שלום", "مرحبا بالعالم",
		"👩‍👩‍👧‍👦 family 🏳️‍🌈", "e\u0301 combining", "Müller, Käthe (Vertrieb) \"x\" \\ <y>", "=?utf-8?q?fake?=", "plain " + strings.Repeat("word ", 40), strings.Repeat("ü", 200),
		"1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890 unbroken",
	} {
		o := base(core.PurposeReply)
		name := displayName(text)
		o.Subject, o.From.Name, o.To[0].Name = text, text, text
		o.Cc = []core.NamedAddress{{Name: text, Address: "cole@customer.test"}, {Name: text, Address: "cy@customer.test"}}
		raw, _ := composed(t, o)
		m, err := netmail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		checkWords(t, raw)
		if got := decoded(t, m.Header.Get("Subject")); got != oneLine(text, maxSubject) {
			t.Errorf("subject %q, want %q", got, text)
		}
		for field, n := range map[string]int{"From": 1, "To": 1, "Cc": 2} {
			list, err := m.Header.AddressList(field)
			if err != nil || len(list) != n {
				t.Fatalf("%s of %q: %v, %v", field, text, list, err)
			}
			for _, a := range list {
				if a.Name != name {
					t.Errorf("%s: %q, want %q", field, a.Name, name)
				}
			}
		}
	}
}

var encodedWord = regexp.MustCompile(`=\?[^?]+\?[bqBQ]\?[^?]*\?=`)

func checkWords(t *testing.T, raw []byte) {
	t.Helper()
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	for _, word := range encodedWord.FindAll(head, -1) {
		text, err := new(mime.WordDecoder).Decode(string(word))
		if err != nil || !utf8.ValidString(text) || strings.ContainsRune(text, utf8.RuneError) || len(word) > 75 {
			t.Errorf("encoded word %q: %q, %v", word, text, err)
		}
	}
	for line := range strings.SplitSeq(string(head), "\r\n") {
		if len(line) > 200 && !strings.HasPrefix(line, "References:") {
			t.Errorf("a header line of %d: %q", len(line), line)
		}
	}
}

func decoded(t *testing.T, value string) string {
	t.Helper()
	text, err := new(mime.WordDecoder).DecodeHeader(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestFilenamesReadTheSameByOldAndByNewPrograms: by RFC 2231 in the disposition,
// and as encoded words in the name that Outlook looks at.
func TestFilenamesReadTheSameByOldAndByNewPrograms(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"invoice.pdf": "invoice.pdf", "Rechnung für Käthe.pdf": "Rechnung für Käthe.pdf", "請求書.pdf": "請求書.pdf", "🧾 receipt.pdf": "🧾 receipt.pdf",
		"a\r\nContent-Type: x\".pdf": "a Content-Type: x'.pdf", "../../etc/passwd": "_.._etc_passwd", `C:\x\y.pdf`: "C:_x_y.pdf", "a;b=c.pdf": "a;b=c.pdf",
		"100% sure?.pdf": "100% sure?.pdf", "=?utf-8?q?x?=.pdf": "= ?utf-8?q?x?=.pdf", "\u202egpj.exe": "gpj.exe", " . ": "file",
		strings.Repeat("長", 100) + ".pdf": strings.Repeat("長", 65) + ".pdf",
	} {
		o := base(core.PurposeReply)
		o.Files = []core.File{{Name: name, ContentType: "application/pdf", Content: []byte("x")}}
		raw, _ := composed(t, o)
		part := filePartOf(t, raw)
		_, disposition, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
		if err != nil || disposition["filename"] != want {
			t.Errorf("%q: disposition %q, %v", name, disposition["filename"], err)
		}
		kind, params, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil || kind != "application/pdf" || decoded(t, params["name"]) != want {
			t.Errorf("%q: type %q, name %q, %v", name, kind, decoded(t, params["name"]), err)
		}
	}
}

func filePartOf(t *testing.T, raw []byte) *multipart.Part {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			t.Fatalf("no file: %v", err)
		}
		if part.Header.Get("Content-Disposition") != "" {
			return part
		}
	}
}

func TestAddressesOutsideOfPlainASCIIAreWrittenSoThatServersTakeThem(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"Cara@Bücher.test": "Cara@xn--bcher-kva.test", `"odd one"@customer.test`: `"odd one"@customer.test`, "a+tag@customer.test": "a+tag@customer.test", "o'neil@customer.test": "o'neil@customer.test",
	} {
		o := base(core.PurposeReply)
		o.To = []core.NamedAddress{{Name: "Cara", Address: address}}
		raw, err := Compose(&o)
		if err != nil { // core takes no such address in: then no mail goes there
			if _, refused := core.ParseAddress(address); refused == nil {
				t.Errorf("%s: %v", address, err)
			}
			continue
		}
		checkWire(t, raw)
		head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
		if !strings.Contains(string(head), "<"+want+">") {
			t.Errorf("%s is written otherwise in\n%s", address, head)
		}
	}
}

func TestMailsOfUnusualShapeKeepTheirForm(t *testing.T) {
	t.Parallel()
	word := strings.Repeat("Donaudampfschifffahrt", 200)
	url := "https://customer.test/" + strings.Repeat("a/", 1500)
	lines := strings.Repeat("> a line of history\n", 2000)
	tests := map[string]struct {
		spoil func(o *core.Outgoing)
		text  []string
		files int
	}{
		"empty text":  {func(o *core.Outgoing) { o.Text = " \r\n " }, []string{"Abe"}, 0},
		"only a file": {func(o *core.Outgoing) { o.Text, o.Author, o.Files = "", "", []core.File{{Name: "a.pdf"}} }, nil, 1},
		"only a picture": {func(o *core.Outgoing) {
			o.Text, o.Files = "", []core.File{{Name: "a.png", ContentType: "image/png", Inline: true}}
		}, nil, 1},
		"a long word":       {func(o *core.Outgoing) { o.Text = word }, []string{word}, 0},
		"a long URL":        {func(o *core.Outgoing) { o.Text = url }, []string{url}, 0},
		"2,000 lines":       {func(o *core.Outgoing) { o.Quote = []core.Quoted{{Author: "Cara", Text: lines}} }, []string{"> > a line of history\n> > a line"}, 0},
		"dots on lines":     {func(o *core.Outgoing) { o.Text = ".\r\n.\r\n..\r\nMAIL FROM:<x@y.test>" }, []string{".\n.\n..\nMAIL FROM:<x@y.test>"}, 0},
		"From on a line":    {func(o *core.Outgoing) { o.Text = "From here on" }, []string{"From here on"}, 0},
		"a boundary inside": {func(o *core.Outgoing) { o.Text = "--aaaaaaaaaa--\n--=_x" }, []string{"--aaaaaaaaaa--\n--=_x"}, 0},
	}
	for name, test := range tests {
		o := base(core.PurposeReply)
		o.Author, o.Text = "Abe", "words"
		test.spoil(&o)
		raw, mail := composed(t, o)
		for _, want := range test.text {
			if !strings.Contains(mail.Text, want) {
				t.Errorf("%s: %.300q", name, mail.Text)
			}
		}
		if len(mail.Attachments) != test.files || mail.HTML == "" || !strings.HasSuffix(mail.Text, "\n") && mail.Text != "" {
			t.Errorf("%s: %d files, %q", name, len(mail.Attachments), mail.Text)
		}
		for line := range strings.SplitSeq(string(raw), "\r\n") {
			if len(line) > 200 {
				t.Errorf("%s: a line of %d", name, len(line))
			}
		}
	}
}

// TestTheStructureHasWhatItHoldsAndNoMore: related only with pictures, mixed only
// with attachments.
func TestTheStructureHasWhatItHoldsAndNoMore(t *testing.T) {
	t.Parallel()
	picture := core.File{Name: "a.png", ContentType: "image/png", Inline: true, Content: []byte("x")}
	file := core.File{Name: "a.pdf", ContentType: "application/pdf", Content: []byte("x")}
	for want, files := range map[string][]core.File{
		"alternative(text/plain text/html)":                                                     nil,
		"related(alternative(text/plain text/html) image/png)":                                  {picture},
		"mixed(alternative(text/plain text/html) application/pdf)":                              {file},
		"mixed(related(alternative(text/plain text/html) image/png image/png) application/pdf)": {file, picture, picture},
	} {
		o := base(core.PurposeReply)
		o.Files = files
		raw, _ := composed(t, o)
		m, err := netmail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if got := structure(t, m.Header.Get("Content-Type"), m.Body); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func structure(t *testing.T, contentType string, body io.Reader) string {
	t.Helper()
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Fatal(err)
	}
	sub, ok := strings.CutPrefix(kind, "multipart/")
	if !ok {
		return kind
	}
	var inside []string
	for parts := multipart.NewReader(body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return sub + "(" + strings.Join(inside, " ") + ")"
		}
		if err != nil {
			t.Fatal(err)
		}
		inside = append(inside, structure(t, part.Header.Get("Content-Type"), part))
	}
}

// TestAGreatAttachmentTakesAFewTimesItsSize: 40 MB, as many as a form takes in. The
// race detector takes twice as much.
func TestAGreatAttachmentTakesAFewTimesItsSize(t *testing.T) {
	const size = 40 << 20
	o := base(core.PurposeReply)
	o.Files = []core.File{{Name: "a.bin", Content: bytes.Repeat([]byte{0, '\r', '\n', 255}, size/4)}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	raw, err := Compose(&o)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	if !isWire(raw) || len(raw) < size*4/3 {
		t.Errorf("%d bytes", len(raw))
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 14*size {
		t.Errorf("%d MB were taken for %d MB", took>>20, size>>20)
	}
}

// TestTheHTMLOfAMailLoadsNothing: no address of the web is fetched by showing it.
func TestTheHTMLOfAMailLoadsNothing(t *testing.T) {
	t.Parallel()
	fetches := regexp.MustCompile(`(?i)<(script|link|iframe|object|embed|video|audio|source|form|base)\b|url\(|@import|src="(?:[^c]|c[^i])|background="|srcset=`)
	for name, o := range outgoings() {
		o.Text += "\n<img src=\"https://track.test/x.gif\"> <script>alert(1)</script>"
		_, mail := composed(t, o)
		if found := fetches.FindString(mail.HTML); found != "" {
			t.Errorf("%s has %q", name, found)
		}
	}
}
