package mailer

import (
	"bytes"
	"fmt"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"

	"postdesk/core"
	"postdesk/core/language"
	"postdesk/mailer/mailertest"
)

// checkWire holds what every composed mail promises, whatever it is made of.
func checkWire(t *testing.T, raw []byte) {
	t.Helper()
	if !isWire(raw) {
		t.Error("there is a bare CR, a bare LF or NUL")
	}
	for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
		if len(line) > 998 {
			t.Errorf("a line of %d octets: %.80q", len(line), line)
		}
	}
	if head, _, ok := bytes.Cut(raw, []byte("\r\n\r\n")); !ok || len(head) > 6000 {
		t.Errorf("a header block of %d octets", len(head))
	}
}

// fields are the names of the header fields, sorted.
func fields(t *testing.T, raw []byte) (names []string) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("net/mail cannot read it: %v\n%s", err, raw)
	}
	for name, values := range m.Header {
		for range values {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

var fieldsOfAReply = []string{"Cc", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Reply-To", "Subject", "To"}

// FuzzCompose puts hostile words where people choose them: they come out as
// words, and nothing else changes (A2, A15, T64).
func FuzzCompose(f *testing.F) {
	f.Add("Hello", "Cara", "text", "file.txt", "text/plain")
	f.Add("x\r\nBcc: eve@x.test", "a\"b\r\n <c@d.test>", "one\n.\r\n.\rtwo\x00", "a\r\nb\"/../c.exe", "text/html\r\nX: y")
	f.Add("=?utf-8?q?=0D=0ABcc:_x@y.test?=", "=?utf-8?b?w7w=?=", "=?x", strings.Repeat("ü", 500)+".pdf", "image/png")
	f.Add(strings.Repeat("long", 3000), strings.Repeat("x ", 5000), strings.Repeat("y", 5000), strings.Repeat("z", 999), "x")
	f.Add("  a   b ", "  c   d ", "\u2028\u202e\ufeff", "...", "application/pdf; name=\"x\"")
	f.Add("\xa6\\", "\xa6\\", "x", "\xa6\\.pdf", "x") // a backslash in a word that is encoded
	f.Add("😀\xff\xfe", "日本語の名前がここにあります", "\xed\xa0\x80", "絵.png", "IMAGE/PNG")
	f.Add("a: b: c:", "Cole, \"C\" (x) \\", "{{.}} <script>", "{{.}}", "text/csv")
	f.Add(strings.Repeat("word ", 12)+"x:\r\n\r\nbody", "a:\r\n", "-- \nsig", "a;b=c", "image/svg+xml")
	f.Fuzz(func(t *testing.T, subject, name, text, file, contentType string) {
		o := base(core.PurposeReply)
		o.Subject, o.From.Name, o.To[0].Name, o.Author, o.Text, o.Signature = subject, name, name, name, text, name
		o.Cc = []core.NamedAddress{{Name: subject, Address: "cole@customer.test"}}
		o.Files = []core.File{{Name: file, ContentType: contentType, Content: []byte(text)}, {Name: file, ContentType: contentType, Content: []byte("i"), Inline: true}}
		o.Quote = []core.Quoted{{Author: name, At: o.Date, Text: text}}
		raw, err := Compose(&o)
		if err != nil {
			t.Fatal(err)
		}
		checkWire(t, raw)
		if got := fields(t, raw); !slices.Equal(got, fieldsOfAReply) {
			t.Errorf("fields %q", got)
		}
		mail := mailertest.Read(t, raw)
		if got, want := mail.Field("Subject"), subjectOf(subject); got != want {
			t.Errorf("subject %q, want %q", got, want)
		}
		for field, want := range map[string]string{"From": "support@acme.test", "To": "cara@customer.test", "Cc": "cole@customer.test"} {
			list, err := mail.Header.AddressList(field)
			if err != nil || len(list) != 1 || list[0].Address != want {
				t.Fatalf("%s: %v, %v", field, list, err)
			}
			if want := displayName(name); field != "Cc" && list[0].Name != want {
				t.Errorf("%s: name %q, want %q", field, list[0].Name, want)
			}
		}
		if !strings.Contains(mail.Text, prose(text)) || !utf8.ValidString(mail.Text) || !utf8.ValidString(mail.HTML) {
			t.Errorf("text %q lacks %q", mail.Text, prose(text))
		}
		checkFiles(t, mail, file, text)
	})
}

func subjectOf(s string) string {
	if s = oneLine(s, maxSubject); s == "" {
		return "(no subject)"
	}
	return s
}

func checkFiles(t *testing.T, mail mailertest.Mail, name, content string) {
	t.Helper()
	if len(mail.Attachments) != 2 {
		t.Fatalf("%d files", len(mail.Attachments))
	}
	found := false
	for _, a := range mail.Attachments {
		if a.Filename != filename(name) {
			t.Errorf("file %q, want %q", a.Filename, filename(name))
		}
		if a.ContentType != "application/octet-stream" && !slices.Contains(strings.Fields(inertTypes), a.ContentType) {
			t.Errorf("type %q", a.ContentType)
		}
		found = found || string(a.Content) == content
	}
	if !found {
		t.Error("the content of the file has changed")
	}
}

// FuzzComposeHeaders does the same for the fields that core writes.
func FuzzComposeHeaders(f *testing.F) {
	f.Add("a@b.test", "id@x", "r1@x r2@x", "1", "https://x.test/", "conversation #1")
	f.Add("x@y.test>\r\nBcc: <c@d.test", "i\r\nX: y", "<a> \r\n b", "l\nX: y", "javascript:alert(1)", "w\r\n")
	f.Add("\"x> y\"@z.test", strings.Repeat("i", 990), strings.Repeat(strings.Repeat("r", 240)+" ", 40), strings.Repeat("l", 2000), "https://x.test/\r\n", "")
	f.Add("ž@ü.test", "é@x", strings.Repeat("r@x ", 300), "é", "http://a/\"><script>", "x")
	f.Fuzz(func(t *testing.T, address, id, refs, loop, page, where string) {
		for _, purpose := range []core.DeliveryPurpose{core.PurposeMentionMail, core.PurposeAcknowledgement, core.PurposeInvite} {
			o := base(purpose)
			o.To = []core.NamedAddress{{Name: where, Address: address}, {Address: "cara@customer.test"}}
			o.InReplyTo, o.References, o.Loop = id, strings.Split(refs, " "), loop
			o.Page, o.Link, o.Where = page, page, where
			o.AutoSubmitted = "auto-generated"
			raw, err := Compose(&o)
			if err != nil {
				if purpose != core.PurposeInvite || safeURL(page) != "" {
					t.Errorf("%s: %v", purpose, err)
				}
				continue
			}
			checkWire(t, raw)
			for _, name := range fields(t, raw) {
				if !slices.Contains(fieldsOfAReply, name) && !slices.Contains([]string{"Auto-Submitted", "In-Reply-To", "References", "X-Auto-Response-Suppress", core.LoopHeader}, name) {
					t.Errorf("field %q", name)
				}
			}
			if got := mailertest.Read(t, raw).Field("References"); len(got) >= maxReferences {
				t.Errorf("%d octets of References", len(got))
			}
		}
	})
}

// FuzzComposeText puts any text of a mailbox into mails, with hostile values: the
// wire holds, HTML is made of our elements alone, and both parts say the same
// words.
func FuzzComposeText(f *testing.F) {
	f.Add("# Hi {{name}}\n\n**b** {{author}}\n- x\n\n{{message}}\n{{link Press}}\n---\nsmall http://x.test/a_b", "Eve </td><script>", "{{link}} **x** & \"y\" 'z'")
	f.Add("{{message}}", "\r\nBcc: x@y.test", "</table><b>")
	f.Add("<b onclick=x>\n{{message}}\n&lt;{{mailbox}}&amp;\n{{link <i>\"}}", "{{message}}", "x")
	f.Fuzz(func(t *testing.T, body, name, text string) {
		for _, kind := range []core.TextKind{core.TextReply, core.TextCopy, core.TextMessage, core.TextInvite, core.TextAcknowledgement} {
			words, err := core.CheckMailText(kind, core.MailText{Subject: "S", Body: body})
			if err != nil {
				words = core.MailText{}
			}
			o := base(core.DeliveryPurpose(kind))
			if kind == core.TextMessage {
				o.Purpose, o.Notice = core.PurposeStaffNotice, core.NoticeMessage
			}
			o.Words, o.Author, o.Recipient.Name, o.Instance, o.Text, o.Signature, o.Where = words, name, name, name, text, text, name
			o.Link, o.Page = "https://help.acme.test/accept/x", "https://help.acme.test/agent/1"
			o.Quote = []core.Quoted{{Author: name, At: o.Date, Text: text}}
			raw, err := Compose(&o)
			if err != nil {
				t.Fatal(err)
			}
			checkWire(t, raw)
			if got := fields(t, raw); slices.Contains(got, "Bcc") || len(got) > len(fieldsOfAReply) {
				t.Errorf("fields %q", got)
			}
			mail := mailertest.Read(t, raw)
			shown := checkHTML(t, mail.HTML)
			for word := range strings.FieldsSeq(mail.Text) {
				if bare := strings.TrimSuffix(strings.TrimLeft(word, ">-"), ":"); !strings.HasPrefix(bare, "http") && !strings.Contains(shown, bare) {
					t.Errorf("%s: the HTML lacks %q of\n%s\n%s", kind, bare, mail.Text, shown)
				}
			}
		}
	})
}

var ourElements = strings.Fields("html head meta style title body table tbody tr td h1 p br b ul li a div blockquote img font")

// checkHTML gives the words of a document whose elements are all ours, with
// attributes of ours.
func checkHTML(t *testing.T, source string) (words string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		switch n.Type {
		case html.TextNode:
			if n.Parent.Data != "style" {
				b.WriteString(strings.ReplaceAll(n.Data, "\u00a0", " "))
			}
		case html.ElementNode:
			if !slices.Contains(ourElements, n.Data) {
				t.Errorf("element %q", n.Data)
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "src" && !strings.HasPrefix(a.Val, "cid:") || a.Key == "href" && !strings.HasPrefix(a.Val, "http") {
					t.Errorf("attribute %s=%q", a.Key, a.Val)
				}
			}
		}
	}
	return b.String()
}

// TestALongThreadKeepsItsFirstAndLastReferences is T59.
func TestALongThreadKeepsItsFirstAndLastReferences(t *testing.T) {
	t.Parallel()
	o := base(core.PurposeReply)
	for i := range 300 {
		o.References = append(o.References, strings.Repeat("x", 30)+"."+string(rune('a'+i%26))+"@customer.test")
	}
	o.References[0], o.References[299] = "first@customer.test", "last@customer.test"
	raw, err := Compose(&o)
	if err != nil {
		t.Fatal(err)
	}
	checkWire(t, raw)
	refs := strings.Fields(mailertest.Read(t, raw).Field("References"))
	if len(refs) != 9 || refs[0] != "<first@customer.test>" || refs[8] != "<last@customer.test>" {
		t.Errorf("references %q", refs)
	}
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	if len(head) >= 4000 {
		t.Errorf("a header block of %d octets", len(head))
	}
}

func TestAnAcknowledgementRepeatsNoWordOfTheSender(t *testing.T) {
	t.Parallel()
	const advert = "BUY-NOW"
	o := base(core.PurposeAcknowledgement)
	o.To = []core.NamedAddress{{Name: advert, Address: "victim@customer.test"}}
	o.Recipient = o.To[0]
	o.Subject, o.Author, o.Text, o.Signature, o.Where, o.Problem = advert, advert, advert, advert, advert, advert
	o.Quote = []core.Quoted{{Author: advert, Text: advert, At: time.Now()}}
	o.Files = []core.File{{Name: advert, Content: []byte(advert)}}
	o.AutoSubmitted = "auto-replied"
	raw, err := Compose(&o)
	if err != nil {
		t.Fatal(err)
	}
	mail := mailertest.Read(t, raw)
	if strings.Contains(string(raw)+mail.Text+mail.HTML, advert) || len(mail.Attachments) > 0 {
		t.Errorf("%s", raw)
	}
	if mail.Field("Subject") != "We have received your mail" {
		t.Errorf("subject %q", mail.Field("Subject"))
	}
}

func TestAMentionMailHasNoWordOfAnything(t *testing.T) {
	t.Parallel()
	const secret = "SECRET-WORD"
	for _, notice := range []core.NoticeKind{"", core.NoticeNote} {
		o := toStaff(base(core.PurposeMentionMail), "Mia", "mia@partner.test")
		if notice != "" {
			o.Purpose, o.Notice = core.PurposeStaffNotice, notice
		}
		o.Subject, o.Author, o.Where, o.Page = "Abe mentioned you", "Abe", "conversation #42", "https://help.acme.test/agent/conversations/42#note-7"
		o.Text, o.Signature = secret, secret
		o.Quote = []core.Quoted{{Author: secret, Text: secret}}
		o.Files = []core.File{{Name: secret, Content: []byte(secret)}}
		raw, err := Compose(&o)
		if err != nil {
			t.Fatal(err)
		}
		mail := mailertest.Read(t, raw)
		if strings.Contains(string(raw)+mail.Text+mail.HTML, secret) || len(mail.Attachments) > 0 {
			t.Errorf("%s", raw)
		}
		if !strings.Contains(mail.HTML, o.Page) || !slices.Contains(mail.Links(), o.Page) {
			t.Error("the page is missing")
		}
	}
}

func TestACopyBeginsWithItsNotice(t *testing.T) {
	t.Parallel()
	o := outgoings()["copy"]
	raw, err := Compose(&o)
	if err != nil {
		t.Fatal(err)
	}
	mail := mailertest.Read(t, raw)
	if first, _, _ := strings.Cut(mail.Text, "\n"); first != "Your answer becomes a private note; the customer is not on this mail." {
		t.Errorf("first line %q", first)
	}
	if strings.Contains(mail.Text+mail.HTML+string(raw), "cara") { // only the Recipient says it
		t.Error("the customer's address is in it")
	}
}

func TestAnInlineImageIsShownUnderTheWords(t *testing.T) {
	t.Parallel()
	o := base(core.PurposeReply)
	o.Text = "See:"
	o.Files = []core.File{
		{Name: "a.png", ContentType: "image/png", Inline: true, ContentID: "x>\r\nY: z", Content: []byte("one")},
		{Name: "b.svg", ContentType: "image/svg+xml", Inline: true, Content: []byte("two")},
		{Name: "naïve.pdf", ContentType: "application/pdf", Content: []byte("three")},
	}
	raw, err := Compose(&o)
	if err != nil {
		t.Fatal(err)
	}
	mail := mailertest.Read(t, raw)
	want := []mailertest.Attachment{
		{Filename: "a.png", ContentType: "image/png", ContentID: "<image1@acme.test>", Inline: true, Content: []byte("one")},
		{Filename: "b.svg", ContentType: "application/octet-stream", Content: []byte("two")},
		{Filename: "naïve.pdf", ContentType: "application/pdf", Content: []byte("three")},
	}
	for i, a := range mail.Attachments {
		if i >= len(want) || fmt.Sprint(a) != fmt.Sprint(want[i]) {
			t.Errorf("file %d is %+v", i, a)
		}
	}
	if !strings.Contains(mail.HTML, `src="cid:image1@acme.test"`) || strings.Count(mail.HTML, "cid:") != 1 {
		t.Error("the image is not in the body")
	}
}

func TestASingleUseLinkStandsAloneOnALine(t *testing.T) {
	t.Parallel()
	for name, o := range outgoings() {
		raw, err := Compose(&o)
		if err != nil {
			t.Fatal(err)
		}
		mail := mailertest.Read(t, raw)
		once := "It works once, until"
		if o.Language == language.German {
			once = "Er gilt für ein Mal, bis"
		}
		if o.Link != "" && (!slices.Contains(mail.Links(), o.Link) || !strings.Contains(mail.Text, once)) {
			t.Errorf("%s: %s", name, mail.Text)
		}
	}
}

func TestWhatCannotBeWrittenIsAnError(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*core.Outgoing){
		"no From":            func(o *core.Outgoing) { o.From.Address = "" },
		"no To":              func(o *core.Outgoing) { o.To = nil },
		"bad Reply-To":       func(o *core.Outgoing) { o.ReplyTo = "x" },
		"no Message-ID":      func(o *core.Outgoing) { o.MessageID = "" },
		"hostile Message-ID": func(o *core.Outgoing) { o.MessageID = "a>\r\nX: y" },
		"unknown purpose":    func(o *core.Outgoing) { o.Purpose = "x" },
		"unknown notice":     func(o *core.Outgoing) { o.Purpose = core.PurposeStaffNotice },
		"strange automatic":  func(o *core.Outgoing) { o.AutoSubmitted = "no\r\nX: y" },
		"link without page":  func(o *core.Outgoing) { o.Purpose, o.Link = core.PurposeReset, "javascript:x" },
	}
	for name, spoil := range tests {
		o := base(core.PurposeReply)
		spoil(&o)
		if raw, err := Compose(&o); err == nil {
			t.Errorf("%s: %s", name, raw)
		}
	}
	if _, err := Compose(nil); err == nil {
		t.Error("nothing was composed")
	}
}

func FuzzWire(f *testing.F) {
	f.Add([]byte("a\r\n.\n.\r\r\n\x00.\r\n"))
	f.Add([]byte("\r\x00\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		once := wire(raw)
		if !isWire(once) || !bytes.Equal(wire(once), once) {
			t.Errorf("%q became %q", raw, once)
		}
	})
}
