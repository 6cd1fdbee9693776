package mailer

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/core/language"
	"postdesk/mailer/mailertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestEveryPurposeReadsAsItsGoldenFile holds the words, the headers and the look
// of all mail. Each has two files: testdata/NAME.txt with the header block and
// the text part, and testdata/NAME.html, which a browser shows.
func TestEveryPurposeReadsAsItsGoldenFile(t *testing.T) {
	t.Parallel()
	for name, o := range outgoings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := Compose(&o)
			if err != nil {
				t.Fatal(err)
			}
			mail := mailertest.Read(t, raw)
			golden(t, name+".txt", head(raw)+"\n"+mail.Text)
			golden(t, name+".html", mail.HTML)
		})
	}
}

// TestAMailInAnotherLanguageSaysNothingInEnglish: what both have in common are the
// values, never our words; and both parts are marked with the language.
func TestAMailInAnotherLanguageSaysNothingInEnglish(t *testing.T) {
	t.Parallel()
	for name, o := range outgoings() {
		if strings.HasSuffix(name, "_de") {
			continue
		}
		english := textOfMail(t, o)
		o.Language, o.Where, o.Problem = language.German, "", ""
		german := textOfMail(t, o)
		values := o.Text + "\n" + o.Author + "\n" + o.Signature + "\n" + o.Instance + "\n" + o.Link + "\n" + o.Page + "\n" + o.AccountPage
		for _, q := range o.Quote {
			values += "\n" + q.Text
		}
		for _, d := range o.Digest.Newest {
			values += "\n" + d.Label + ": " + d.Sender + "\n" + d.Subject
		}
		for line := range strings.Lines(german) {
			bare := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), ">"))
			if bare != "" && strings.Contains(english, bare) && !strings.Contains(values, bare) {
				t.Errorf("%s: German says %q, too", name, bare)
			}
		}
	}
}

func textOfMail(t *testing.T, o core.Outgoing) string {
	t.Helper()
	raw, err := Compose(&o)
	if err != nil {
		t.Fatal(err)
	}
	mail := mailertest.Read(t, raw)
	if want := `<html lang="` + o.Language.Code() + `">`; !strings.Contains(mail.HTML, want) {
		t.Errorf("the HTML has no %s", want)
	}
	return mail.Text
}

var boundary = regexp.MustCompile(`boundary=[0-9a-f]+`)

func head(raw []byte) string {
	head, _, _ := strings.Cut(string(raw), "\r\n\r\n")
	return boundary.ReplaceAllString(strings.ReplaceAll(head, "\r\n", "\n")+"\n", "boundary=BOUNDARY")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (run with -update after checking)\n--- got\n%s\n--- want\n%s", name, got, want)
	}
}

// Words of the sample mails.
const (
	sampleToken = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	answer      = "Hello Cara,\n\nthe second parcel left us today. You can follow it at https://track.test/p/4711?x=1&y=2.\n\n  - one chair\n  - two lamps\n\nTell me if anything is missing."
	question    = "Hi,\n\nonly one of my two parcels has come.\nWhere is the other?\n\nCara"
)

func base(purpose core.DeliveryPurpose) core.Outgoing {
	return core.Outgoing{
		Purpose:   purpose,
		Instance:  "Acme Support",
		From:      core.NamedAddress{Name: "Acme Support", Address: "support@acme.test"},
		Recipient: core.NamedAddress{Name: "Cara Customer", Address: "cara@customer.test"},
		To:        []core.NamedAddress{{Name: "Cara Customer", Address: "cara@customer.test"}},
		ReplyTo:   "support+" + sampleToken + "@acme.test",
		Subject:   "Where is my second parcel?",
		MessageID: sampleToken + ".b1b2b3b4@acme.test",
		Date:      time.Date(2026, 3, 2, 8, 30, 0, 0, time.UTC),
		Zone:      time.FixedZone("CET", 3600),
	}
}

func toStaff(o core.Outgoing, name, address string) core.Outgoing {
	o.Recipient = core.NamedAddress{Name: name, Address: address}
	o.To = []core.NamedAddress{o.Recipient}
	o.AutoSubmitted, o.Loop = "auto-generated", "instance-1 1"
	return o
}

func outgoings() map[string]core.Outgoing {
	history := []core.Quoted{
		{Author: "Cara Customer", At: time.Date(2026, 3, 2, 7, 15, 0, 0, time.UTC), Text: question},
		{Author: "Abe Agent", At: time.Date(2026, 3, 1, 16, 0, 0, 0, time.UTC), Text: "Your order is on its way."},
	}
	all := map[string]core.Outgoing{}

	reply := base(core.PurposeReply)
	reply.Author, reply.Text, reply.Signature, reply.Quote = "Abe Agent", answer, "Kind regards\nAbe Agent\nAcme Support", history
	reply.Cc = []core.NamedAddress{{Name: "Cole, Customer", Address: "cole@customer.test"}}
	reply.Subject = "Re: " + reply.Subject
	reply.InReplyTo = "one@customer.test"
	reply.References = []string{"root@acme.test", "one@customer.test"}
	reply.AccountPage = "https://help.acme.test/set-password"
	all["reply"] = reply

	plain := base(core.PurposeReply)
	plain.Author, plain.Text = "Abe Agent", "It is on its way."
	all["reply_plain"] = plain

	copied := base(core.PurposeCopy)
	copied.To = []core.NamedAddress{copied.From}
	copied.Recipient = core.NamedAddress{Name: "Mia Expert", Address: "mia@partner.test"}
	copied.Author, copied.Text, copied.Quote = "Abe Agent", answer, append([]core.Quoted{
		{Author: "Cara Customer", At: history[0].At, Text: question + "\nc…@c…"},
	}, history[1:]...)
	all["copy"] = copied

	acknowledgement := base(core.PurposeAcknowledgement)
	acknowledgement.AutoSubmitted, acknowledgement.Loop = "auto-replied", "instance-1 1"
	acknowledgement.InReplyTo = "one@customer.test"
	acknowledgement.Link = "https://help.acme.test/verify/Zm9vYmFyYmF6cXV4-Zm9vYmFyYmF6cXV4_Zm9vYmFyYmE"
	acknowledgement.LinkExpires = acknowledgement.Date.AddDate(0, 0, 7)
	all["acknowledgement"] = acknowledgement

	mention := toStaff(base(core.PurposeMentionMail), "Mia Expert", "mia@partner.test")
	mention.Subject = "Abe Agent mentioned you"
	mention.Author, mention.Where = "Abe Agent", "conversation #42"
	mention.Page = "https://help.acme.test/agent/conversations/42#note-7"
	all["mention"] = mention

	for kind, n := range notices() {
		all["notice_"+string(kind)] = n
	}

	verify := toStaff(base(core.PurposeVerify), "Cara Customer", "cara@customer.test")
	verify.Subject = "Confirm your address"
	verify.Link, verify.LinkExpires = acknowledgement.Link, acknowledgement.LinkExpires
	all["verify"] = verify

	confirm := verify
	confirm.Notice = core.NoticeConfirm
	all["confirm"] = confirm

	addresses := toStaff(base(core.PurposeVerify), "Cara Customer", "cara@customer.test")
	addresses.Subject, addresses.Notice, addresses.Author = "The addresses of your account were changed", core.NoticeAddresses, "Abe Agent"
	addresses.AccountPage = "https://help.acme.test/profile"
	all["addresses"] = addresses

	invite := toStaff(base(core.PurposeInvite), "Mia Expert", "mia@partner.test")
	invite.Subject, invite.Author = "You are invited to Acme Support", "Olga Owner"
	invite.Link = "https://help.acme.test/accept/Zm9vYmFyYmF6cXV4-Zm9vYmFyYmF6cXV4_Zm9vYmFyYmE"
	invite.LinkExpires = invite.Date.AddDate(0, 0, 7)
	all["invite"] = invite

	reset := toStaff(base(core.PurposeReset), "Cara Customer", "cara@customer.test")
	reset.Subject = "Set a new password"
	reset.Link = "https://help.acme.test/reset/Zm9vYmFyYmF6cXV4-Zm9vYmFyYmF6cXV4_Zm9vYmFyYmE"
	reset.LinkExpires = reset.Date.Add(time.Hour)
	all["reset"] = reset

	signIn := toStaff(base(core.PurposeReset), "Cara Customer", "cara@customer.test")
	signIn.Subject, signIn.Notice = "Your sign-in link", core.NoticeSignIn
	signIn.Link, signIn.LinkExpires = invite.Link, signIn.Date.Add(15*time.Minute)
	all["sign_in"] = signIn
	for _, name := range []string{"reply", "copy", "acknowledgement", "mention", "notice_message", "notice_digest", "verify", "reset"} {
		german := all[name]
		german.Language, german.Accent = language.German, "#ffd400"
		if german.Where != "" {
			german.Where = language.German.Say("conversation #{number}", "number", 42)
		}
		if german.Notice == core.NoticeDigest {
			german.Subject = language.German.Say("{n} new mails in suspended mail", "n", 14)
		}
		all[name+"_de"] = german
	}
	return all
}

func notices() map[core.NoticeKind]core.Outgoing {
	all := map[core.NoticeKind]core.Outgoing{}
	for _, kind := range []core.NoticeKind{core.NoticeMessage, core.NoticeNote, core.NoticeDraft, core.NoticeDelayed, core.NoticeFailed, core.NoticeDigest} {
		n := toStaff(base(core.PurposeStaffNotice), "Abe Agent", "abe@acme.test")
		n.Notice = kind
		n.Where, n.Page = "conversation #42", "https://help.acme.test/agent/conversations/42"
		switch kind {
		case core.NoticeMessage:
			n.Author, n.Text = "Cara Customer", question
		case core.NoticeNote:
			n.Author = "Mia Expert"
		case core.NoticeDraft:
			n.Problem = "the origin of your mail is not proven"
		case core.NoticeDelayed:
			n.Problem = "the server of customer.test does not answer"
		case core.NoticeFailed:
			n.Problem = "550 5.1.1 no such mailbox"
		case core.NoticeDigest:
			n.ReplyTo, n.Subject, n.Where, n.Page = "", "14 new mails in suspended mail", "suspended mail", "https://help.acme.test/agent/suspended"
			n.Digest = core.Digest{Since: n.Date.AddDate(0, 0, -1), Total: 14, Profile: "https://help.acme.test/profile",
				Reasons: []core.DigestReason{{Label: "Spam", Mails: 12}, {Label: "Forged", Mails: 2}},
				Newest: []core.DigestLine{
					{Label: "Forged", Sender: core.Unlinked("The Bank <safe@bank.test>"), Subject: core.Unlinked("Log in at http://www.evil.test/now, or write to eve@evil.test")},
					{Label: "Spam", Sender: core.Unlinked("win@lottery.test"), Subject: "You have won"},
				}}
		}
		all[kind] = n
	}
	return all
}
