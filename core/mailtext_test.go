package core_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/core/language"
)

// sampleMail is a mail that has a value for everything, and a canary where no text
// may take one from.
func sampleMail(kind core.TextKind) *core.Outgoing {
	o := &core.Outgoing{Purpose: core.DeliveryPurpose(kind), Instance: "DESK", From: core.NamedAddress{Name: "BOX", Address: "box@desk.test"},
		Recipient: core.NamedAddress{Name: "CANARY-NAME", Address: "canary@customer.test"}, Subject: "CANARY-SUBJECT", Text: "CANARY-TEXT",
		Author: "CANARY-AUTHOR", Signature: "CANARY-SIGNATURE", Where: "CANARY-WHERE", Problem: "CANARY-PROBLEM",
		Link: "https://desk.test/accept/1", AccountPage: "https://desk.test/reset", Page: "https://desk.test/agent/1",
		Date: time.Date(2026, 3, 2, 8, 30, 0, 0, time.UTC)}
	switch kind {
	case core.TextMessage, core.TextNote, core.TextDraft, core.TextDelayed, core.TextFailed, core.TextConfirm, core.TextSignIn, core.TextAddresses:
		o.Purpose, o.Notice = core.PurposeStaffNotice, core.NoticeKind(kind)
	}
	return o
}

// saidBy joins what a mail's text says.
func saidBy(t *testing.T, o *core.Outgoing) string {
	t.Helper()
	text, ok := o.Said()
	if !ok {
		t.Fatalf("%s has no text", o.TextKind())
	}
	var b strings.Builder
	for _, p := range slices.Concat(text.Main, text.Small) {
		for _, line := range p {
			b.WriteString(string(line.Kind) + "|" + line.Label + "|")
			for _, s := range line.Spans {
				if s.Bold {
					b.WriteString("*")
				}
				b.WriteString(s.Text)
			}
			b.WriteString("\n")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestEveryStandardTextKeepsItsRule(t *testing.T) {
	t.Parallel()
	holes := regexp.MustCompile(`\{\{\w+`)
	for _, rule := range core.TextRules() {
		for _, tag := range language.All() {
			text := rule.In(tag).Standard
			checked, err := core.CheckMailText(rule.Kind, text)
			if err != nil || checked != text || (text.Subject == "") != (rule.Standard.Subject == "") {
				t.Errorf("%s, %s: %v, %+v", tag, rule.Kind, err, checked)
			}
			got, want := holes.FindAllString(text.Subject+text.Body, -1), holes.FindAllString(rule.Standard.Subject+rule.Standard.Body, -1)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s, %s holds %q, English %q", tag, rule.Kind, got, want)
			}
			if tag != language.English && text.Body == rule.Standard.Body {
				t.Errorf("%s, %s is English", tag, rule.Kind)
			}
		}
		for _, p := range rule.Placeholders {
			if p.Becomes == "" {
				t.Errorf("%s: {{%s}} is not explained", rule.Kind, p.Name)
			}
		}
		if rule.Name == "" || rule.When == "" {
			t.Errorf("%s has no name", rule.Kind)
		}
	}
}

// TestATextHoldsNothingButWhatItsKindMay walks all kinds with all placeholders
// that there are: what a kind allows is what its rule lists, and the
// acknowledgement allows mailbox, link and date alone (mail-law section 5).
func TestATextHoldsNothingButWhatItsKindMay(t *testing.T) {
	t.Parallel()
	all := map[string]bool{"subject": true, "text": true, "note": true, "quote": true, "sender": true, "from": true, "number": true}
	for _, rule := range core.TextRules() {
		for _, p := range rule.Placeholders {
			all[p.Name] = true
		}
	}
	for _, rule := range core.TextRules() {
		var allowed []string
		for name := range all {
			body := rule.Standard.Body + "\n\n{{" + name + "}}"
			if strings.Contains(rule.Standard.Body, "{{"+name) { // once is enough for some
				allowed = append(allowed, name)
			} else if _, err := core.CheckMailText(rule.Kind, core.MailText{Subject: rule.Standard.Subject, Body: body}); err == nil {
				allowed = append(allowed, name)
			}
		}
		var listed []string
		for _, p := range rule.Placeholders {
			listed = append(listed, p.Name)
		}
		slices.Sort(allowed)
		slices.Sort(listed)
		if !slices.Equal(allowed, listed) {
			t.Errorf("%s takes %q, and lists %q", rule.Kind, allowed, listed)
		}
		if rule.Kind == core.TextAcknowledgement && !slices.Equal(listed, []string{"date", "link", "mailbox"}) {
			t.Errorf("the acknowledgement may hold %q", listed)
		}
	}
}

// TestNoTextTellsWhatItsMailMayNot puts every allowed placeholder to use: no
// acknowledgement repeats a word of the sender's, and no notice of a note holds
// words at all.
func TestNoTextTellsWhatItsMailMayNot(t *testing.T) {
	t.Parallel()
	never := map[core.TextKind][]string{
		core.TextAcknowledgement: {"CANARY", "canary"},
		core.TextVerify:          {"CANARY", "canary"}, core.TextConfirm: {"CANARY", "canary"}, core.TextReset: {"CANARY", "canary"}, core.TextSignIn: {"CANARY", "canary"},
		core.TextMention: {"CANARY-TEXT", "CANARY-SUBJECT"}, core.TextNote: {"CANARY-TEXT", "CANARY-SUBJECT"},
	}
	for _, rule := range core.TextRules() {
		text := core.MailText{Subject: rule.Standard.Subject}
		for _, p := range rule.Placeholders {
			text.Body += "{{" + p.Name + "}}\n\n"
			if p.Subject {
				text.Subject += " {{" + p.Name + "}}"
			}
		}
		checked, err := core.CheckMailText(rule.Kind, text)
		if err != nil {
			t.Fatalf("%s: %v", rule.Kind, err)
		}
		o := sampleMail(rule.Kind)
		o.Words = checked
		if rule.Kind == core.TextMention && strings.Contains(o.SaidSubject(), "CANARY-WHERE") {
			t.Error("the subject of a mention says where")
		}
		for _, word := range never[rule.Kind] {
			if got := saidBy(t, o) + o.SaidSubject(); strings.Contains(got, word) {
				t.Errorf("%s says %s:\n%s", rule.Kind, word, got)
			}
		}
	}
}

func TestAFaultInATextNamesFieldAndLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		kind          core.TextKind
		subject, body string
		field         string
		want          []string // in the sentence
	}{
		{"unknown", core.TextReply, "", "Hello,\n\n{{message}}\n{{custmer}}", "body", []string{"Line 4:", "{{custmer}}", "{{signature}}"}},
		{"missing", core.TextReply, "", "Hello\n\nBye", "body", []string{"Line 3:", "without {{message}}"}},
		{"twice", core.TextReply, "", "{{message}}\n\nAgain:\n{{message}}", "body", []string{"Line 4:", "second time"}},
		{"not alone", core.TextReply, "", "{{message}}\n\nSee {{link}} there", "body", []string{"Line 3:", "{{link}} stands alone"}},
		{"not alone in a list", core.TextReply, "", "- {{message}}", "body", []string{"Line 1:", "stands alone"}},
		{"unclosed", core.TextReply, "", "{{message}}\n{{author}", "body", []string{"Line 2:", "not closed"}},
		{"closing nothing", core.TextReply, "", "{{message}}\n\n\nauthor}}", "body", []string{"Line 4:", "closes nothing"}},
		{"braces in braces", core.TextReply, "", "{{message}}\n{{a {{author}}", "body", []string{"Line 2:"}},
		{"empty braces", core.TextReply, "", "{{message}}\n{{ }}", "body", []string{"Line 2:", "not closed"}},
		{"words in braces", core.TextReply, "", "{{message}}\n{{author dear}}", "body", []string{"Line 2:", "takes no words"}},
		{"empty", core.TextReply, "", "", "body", []string{"Line 1:", "without {{message}}"}},
		{"too long", core.TextReply, "", "{{message}}\n" + strings.Repeat("x", 10_000), "body", []string{"Line 2:", "longer than 10000"}},
		{"several", core.TextReply, "", "{{message}}\n{{a}}\n{{b}}", "body", []string{"Line 2:", "Line 3:"}},
		{"CR LF lines", core.TextReply, "", "{{message}}\r\n\r\n{{a}}\r\n", "body", []string{"Line 3:"}},
		{"blank lines first", core.TextReply, "", "\n\n{{message}}\n{{a}}", "body", []string{"Line 4:"}},
		{"name in an acknowledgement", core.TextAcknowledgement, "Hi", "{{name}}\n\n{{link}}", "body", []string{"Line 1:", "{{name}}", "{{link}}, {{mailbox}}, {{date}}"}},
		{"no subject", core.TextAcknowledgement, " \n ", "{{link}}", "subject", []string{"needed"}},
		{"name in its subject", core.TextAcknowledgement, "Hi {{name}}", "{{link}}", "subject", []string{"{{name}}", "{{mailbox}}, {{date}}"}},
		{"where in a subject", core.TextMention, "{{where}}", "{{link}}", "subject", []string{"{{where}}"}},
		{"link in a subject", core.TextInvite, "{{link}}", "{{link}}", "subject", []string{"{{link}}"}},
		{"unclosed subject", core.TextInvite, "To {{desk", "{{link}}", "subject", []string{"not closed"}},
		{"long subject", core.TextInvite, strings.Repeat("ü", 256), "{{link}}", "subject", []string{"255"}},
	}
	for _, test := range tests {
		_, err := core.CheckMailText(test.kind, core.MailText{Subject: test.subject, Body: test.body})
		var invalid core.Invalid
		if !errors.As(err, &invalid) || invalid.Field != test.field {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(invalid.Problem, want) {
				t.Errorf("%s: %q lacks %q", test.name, invalid.Problem, want)
			}
		}
	}
	if _, err := core.CheckMailText("digest", core.MailText{Body: "x"}); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a kind without a text: %v", err)
	}
}

func TestATextIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	body := "# Hello {{name}}\n\nOne **bold {{author}}** two\nthree ** four\n- a\n* b\n\n{{message}}\n\nGo on:\n{{link Press here}}\n---\nsmall"
	o := sampleMail(core.TextReply)
	o.Words = core.MailText{Body: body}
	o.Author, o.Recipient.Name = "Abe", "Cara"
	want := "heading||Hello Cara\n\n||One *bold *Abe two\n||three ** four\nitem||a\nitem||b\n\nmessage||\n\n||Go on:\nlink|Press here|https://desk.test/reset\n\n||small\n\n"
	if got := saidBy(t, o); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestAValueIsDataAndIsNeverReadAgain: nobody's name becomes a placeholder, a
// heading or a second line.
func TestAValueIsDataAndIsNeverReadAgain(t *testing.T) {
	t.Parallel()
	o := sampleMail(core.TextInvite)
	o.Author, o.Instance = "{{link}} **Eve**\r\n# x\n\u202e{{desk}}", "D\x00esk {{author}}"
	text, _ := o.Said()
	const name = "{{link}} **Eve** # x {{desk}}"
	found := 0
	for _, p := range text.Main {
		for _, line := range p {
			for _, s := range line.Spans {
				if s.Placeholder == "author" {
					found++
					if s.Text != name || s.Bold {
						t.Errorf("the name became %q", s.Text)
					}
				}
				if s.Placeholder == "desk" && s.Text != "Desk {{author}}" {
					t.Errorf("the desk became %q", s.Text)
				}
			}
		}
	}
	if found != 1 || strings.Count(saidBy(t, o), "https://desk.test") != 1 {
		t.Errorf("%d names in\n%s", found, saidBy(t, o))
	}
	if got := o.SaidSubject(); got != "You are invited to Desk {{author}}" {
		t.Errorf("subject %q", got)
	}
}

func TestAParagraphWhosePlaceholderHasNothingToSayIsLeftOut(t *testing.T) {
	t.Parallel()
	o := sampleMail(core.TextAcknowledgement)
	if got := saidBy(t, o); !strings.Contains(got, "with this link") || !strings.Contains(got, "link|Set a password|https://desk.test/accept/1") {
		t.Errorf("with a link:\n%s", got)
	}
	o.Link = ""
	if got := saidBy(t, o); strings.Contains(got, "link") || !strings.Contains(got, "has reached us") || !strings.Contains(got, "need not do anything") {
		t.Errorf("without a link:\n%s", got)
	}
	reply := sampleMail(core.TextReply)
	reply.Signature, reply.Author, reply.AccountPage, reply.Text = "", "", "", ""
	reply.Words.Body = "Dear {{name}},\n\n{{message}}\n\nRegards\n{{signature}}\n\n{{link}}"
	if got, want := saidBy(t, reply), "||Dear CANARY-NAME,\n\nmessage||\n\n"; got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// TestTheFirstAnswerShowsThePageThoughItsTextDoesNot: mail-law section 5.
func TestTheFirstAnswerShowsThePageThoughItsTextDoesNot(t *testing.T) {
	t.Parallel()
	o := sampleMail(core.TextReply)
	o.Words.Body = "{{message}}"
	if got := saidBy(t, o); !strings.Contains(got, "link||https://desk.test/reset") {
		t.Errorf("%s", got)
	}
	o.AccountPage = ""
	if got := saidBy(t, o); strings.Contains(got, "link") {
		t.Errorf("%s", got)
	}
}

func TestAStoredTextThatKeepsItsRuleNoMoreGivesWayToTheStandardText(t *testing.T) {
	t.Parallel()
	o := sampleMail(core.TextAcknowledgement)
	o.Words = core.MailText{Subject: "{{name}}", Body: "{{name}}\n{{link}}"}
	if got := saidBy(t, o); !strings.Contains(got, "has reached us") || o.SaidSubject() != "We have received your mail" {
		t.Errorf("%q, %s", o.SaidSubject(), got)
	}
}

// FuzzMailText: what is taken keeps its rule when it is read again, and no text
// reaches a mail with a placeholder left in it that its writer meant as one.
func FuzzMailText(f *testing.F) {
	for _, rule := range core.TextRules() {
		f.Add(rule.Standard.Subject, rule.Standard.Body)
	}
	f.Add("{{", "{{message}}\n{{link **x**}}\n---\n---\n# \n- \n****\n**")
	f.Add("a\r\nBcc: x", "{{ message }}\r{{link\n}}\x00\u202e\u2028{{author}}{{author}}")
	f.Fuzz(func(t *testing.T, subject, body string) {
		for _, rule := range core.TextRules() {
			text, err := core.CheckMailText(rule.Kind, core.MailText{Subject: subject, Body: body})
			if err != nil {
				continue
			}
			again, err := core.CheckMailText(rule.Kind, text)
			if err != nil || again != text {
				t.Errorf("%s: %q became %q (%v)", rule.Kind, text, again, err)
			}
			o := sampleMail(rule.Kind)
			o.Words = text
			if got := o.SaidSubject(); strings.ContainsAny(got, "\r\n\x00") || strings.Contains(got, "{{") {
				t.Errorf("subject %q", got)
			}
			if got := saidBy(t, o); strings.Contains(got, "{{") || rule.Kind == core.TextAcknowledgement && strings.Contains(got, "CANARY") && !strings.Contains(body, "CANARY") {
				t.Errorf("%s says %q", rule.Kind, got)
			}
		}
	})
}
