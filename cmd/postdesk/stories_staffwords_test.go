package main

import (
	"encoding/base64"
	"fmt"
	"mime/quotedprintable"
	"net/url"
	"strings"
	"testing"
)

// What of an agent's answer by mail reaches the customer: exactly the new words and,
// once, the signature of the profile. Whatever mail program wrote it.

const (
	privateAddress = "abe.private@machine.test"
	privatePhone   = "+49 30 7654321"
	publicSigned   = "Abe of Acme Support"
)

// withSigner is withAbe, whose profile has a phone number and a signature.
func withSigner(t *testing.T) (s *story, id any, notice received) {
	t.Helper()
	s, id, notice = withAbe(t, privateAddress)
	s.sql(`update users set phone = $1, signature = $2 where name = 'Abe Agent'`, privatePhone, publicSigned)
	return s, id, notice
}

// An agentsMail is a body as a mail program writes it, from its Content-Type on.
// {quote} is the notice behind marks, {notice} its text, {page} its HTML, {to} its
// Reply-To, {url} where its button leads.
type agentsMail struct{ name, body, want string }

func (s *story) filled(notice received, body string) string {
	text := strings.TrimSpace(strings.ReplaceAll(notice.Text, "\r\n", "\n"))
	_, address, _ := strings.Cut(text, "/agent/conversations/")
	number, _, _ := strings.Cut(address, "\n")
	return strings.NewReplacer("{quote}", "> "+strings.ReplaceAll(text, "\n", "\n> "), "{notice}", text, "{page}", notice.HTML,
		"{to}", notice.replyTo(), "{url}", "http://localhost:8080/agent/conversations/"+number, "{TO}", strings.ToUpper(notice.replyTo()),
		"{to%}", strings.NewReplacer("+", "%2B", "@", "%40").Replace(notice.replyTo())).Replace(body)
}

// answerAs sends a body as the agent's answer to a notice.
func (s *story) answerAs(notice received, from, body string) object {
	s.t.Helper()
	s.aMinutePasses() // a draft before it was told of by a notice
	head := []string{"From: Abe Agent <" + from + ">", "To: " + notice.replyTo(), "Subject: Re: " + notice.Field("Subject"),
		"In-Reply-To: <" + notice.id() + ">", "References: <" + notice.id() + ">", "MIME-Version: 1.0"}
	lines := append(head, strings.Split(s.filled(notice, body), "\n")...)
	return s.filed(s.raw(from, []string{notice.replyTo()}, lines...))
}

const asText = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
const asPage = "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"

// agentsMails are answers of which all new words are known.
func agentsMails() []agentsMail {
	const n = "Hello Cara,\n\nplease turn it off and on.\n\nAbe"
	const signed = "\n\nAbe Agent | Senior Support\nPhone: +49 30 7654321\nMail: abe.private@machine.test\nwww.machine.test\n"
	both := func(text, html string) string {
		return "Content-Type: multipart/alternative; boundary=z\n\n--z\n" + asText + text + "\n--z\n" + asPage + html + "\n--z--\n"
	}
	return []agentsMail{
		{"mutt", asText + n + "\n\nOn Mon, Mar 02, 2026 at 08:30:00AM +0000, Support <{to}> wrote:\n{quote}\n\n-- \nAbe Agent\n+49 30 7654321\nabe.private@machine.test\n", n},
		{"signature above the quote", asText + n + "\n\n-- \nAbe Agent\n+49 30 7654321\n\nOn Mon, 2 Mar 2026, Support <{to}> wrote:\n{quote}\n", n},
		{"Outlook's text", asText + n + signed + "\n________________________________\nFrom: Support <support@desk.test>\nSent: Monday, March 2, 2026 8:30 AM\nTo: Abe Agent <abe.private@machine.test>\nReply-To: {to}\nSubject: [#1] My printer\n\n{notice}\n", n},
		{"Outlook's text in German", asText + n + "\n\nAbe Agent\nTelefon: 030 7654321\n\n-----Ursprüngliche Nachricht-----\nVon: Support <{to}>\nGesendet: Montag, 2. März 2026 08:30\nAn: abe.private@machine.test\nBetreff: [#1] My printer\n\n{notice}\n", n},
		{"an iPhone", asText + n + "\n\nSent from my iPhone\n\n> On 2 Mar 2026, at 08:30, Support <{to}> wrote:\n> \n{quote}\n", n},
		{"an iPhone, its language French", asText + n + "\n\nEnvoyé de mon iPhone\n\n> Le 2 mars 2026 à 08:30, Support <{to}> a écrit :\n> \n{quote}\n", n},
		{"Gmail", both(n+"\n\n-- \n*Abe Agent*\n+49 30 7654321\n\nOn Mon, Mar 2, 2026 at 8:30 AM Support <{to}>\nwrote:\n\n{quote}\n",
			"<div dir=ltr>Hello Cara,<br><br>please turn it off and on.<br><br>Abe<div class=gmail_signature><b>Abe Agent</b></div></div><div class=gmail_quote>On Mon Support &lt;<a href='mailto:{to%}'>{to}</a>&gt; wrote:<blockquote class=gmail_quote>{page}</blockquote></div>"), n},
		{"Gmail, a page alone", asPage + "<div dir=ltr>Hello Cara,<br><br>please turn it off and on.<br><br>Abe<br><div class=gmail_signature><b>Abe Agent</b><br>+49 30 7654321</div></div><div class=gmail_quote><div class=gmail_attr>On Mon Support &lt;<a href='mailto:{to%}'>{to}</a>&gt; wrote:</div><blockquote class=gmail_quote>{page}</blockquote></div>", n},
		{"Outlook's page, whose text has no marks", both(n+"\n\nAbe A. Agent, Support\nabe.private@machine.test\n+49 30 11111\n\nFrom: Support <support@desk.test>\nSent: Monday, March 2, 2026 8:30 AM\nTo: Abe\nSubject: x\n\n{notice}\n",
			"<div>Hello Cara,</div><div>please turn it off and on.</div><div>Abe</div><div id=\"Signature\">Abe A. Agent, Support<br>abe.private@machine.test<br>+49 30 11111</div><div id=appendonsend></div><hr><div id=divRplyFwdMsg><b>From:</b> Support<br><b>Sent:</b> x<br><b>To:</b> y<br></div>{page}"), n},
		{"Apple Mail's page", asPage + "<div>Hello Cara,</div><div><br></div><div>please turn it off and on.</div><div><br></div><div>Abe</div><br><div id=AppleMailSignature>Abe Agent<br>" + privatePhone + "</div><blockquote type=cite><div>On 2 Mar 2026, at 08:30, Support &lt;{to}&gt; wrote:</div>{page}</blockquote>", n},
		{"Thunderbird's page", asPage + "<p>Hello Cara,</p><p>please turn it off and on.</p><p>Abe</p><div class=moz-cite-prefix>Am 02.03.26 um 08:30 schrieb Support:<br></div><blockquote type=cite>{page}</blockquote><pre class=moz-signature>-- \nAbe Agent\n+49 30 7654321</pre>", n},
		{"an answer below the quote", asText + "On Mon, 2 Mar 2026, Support <{to}> wrote:\n{quote}\n\n" + n + "\n\n-- \nAbe Agent\n", n},
		{"a signature without a mark", asText + n + signed + "\nOn Mon, 2 Mar 2026, Support <{to}> wrote:\n{quote}\n", n},
		{"a signature that begins with a phone number", asText + n + "\n+49 (0)30 765-4321\nabe.private@machine.test\n", n},
		{"the signature of the profile, typed", asText + n + "\n\n" + publicSigned + "\n\nOn Mon, 2 Mar 2026, Support <{to}> wrote:\n{quote}\n", n},
		{"a disclaimer", asText + n + "\n\nThis e-mail and any attachments are confidential and intended solely for the addressee.\n\nOn Mon, 2 Mar 2026, Support <{to}> wrote:\n{quote}\n", n},
		{"a disclaimer in German", asText + n + "\n\nDiese E-Mail enthält vertrauliche Informationen und ist nur für den Empfänger bestimmt.\n", n},
		{"no sign of a quote at all", asText + n + "\n\n{notice}\n", n},
		{"pictures of a signature in a text", asText + n + "\n\n[cid:image001.png@01DA.ABC]\nAbe Agent\nTel. 030 7654321\n", n},
		{"a customer's line and its answer", asText + "On Mon, 2 Mar 2026, Support <{to}> wrote:\n> Support\n> Cara wrote in conversation #1\n>\n> Not at all.\n\nReally?\n\n> Open conversation #1:\n> {url}\n>\n> Your answer to this mail goes to the customer, from support@desk.test.\n> Write #note as its first line, and it becomes a private note instead.\n\nAbe\n", "> Not at all.\n\nReally?\n\nAbe"},
	}
}

// customersText is what a mail to the customer says above what it quotes.
func customersText(m received) string {
	text, _, _ := strings.Cut(strings.ReplaceAll(m.Text, "\r\n", "\n"), "-- Please reply above this line --")
	return strings.TrimSpace(text)
}

// secretsOf a notice: none of them may stand in any mail to a customer.
func secretsOf(notice received) []string {
	token := notice.replyTo()
	token = token[strings.IndexByte(token, '+')+1 : strings.IndexByte(token, '@')]
	id, _, _ := strings.Cut(notice.id(), "@")
	return []string{privateAddress, "abe.private%40", token, token[:20], token[20:], id, "7654321", "765-4321", "/agent/conversations/", "#note as its", "Your answer to this mail", "Senior Support", "Sent from my"}
}

func TestACustomerGetsTheNewWordsOfAnAgentAndOneSignature(t *testing.T) {
	t.Parallel()
	s, id, notice := withSigner(t)
	for i, c := range agentsMails() {
		c.body = strings.ReplaceAll(c.body, "please turn it off and on.", fmt.Sprintf("please turn it off and on, number %d.", i))
		c.body = strings.ReplaceAll(c.body, "Really?", fmt.Sprintf("Really? Number %d.", i))
		c.want = strings.ReplaceAll(strings.ReplaceAll(c.want, "please turn it off and on.", fmt.Sprintf("please turn it off and on, number %d.", i)), "Really?", fmt.Sprintf("Really? Number %d.", i))
		m := s.answerAs(notice, privateAddress, c.body)
		if m["rule"] != "staff_reply" {
			t.Errorf("%s: %v: %v", c.name, m["rule"], m["reason"])
			continue
		}
		got := squeezed(customersText(s.got("cara@acme.test", fmt.Sprintf("umber %d.", i))))
		if want := squeezed(c.want + "\n" + publicSigned); got != want {
			t.Errorf("%s:\n%q, want\n%q", c.name, got, want)
		}
	}
	s.staysInside(secretsOf(notice)...)
	// Nor on the customer's page, nor in what the API shows to them.
	for _, p := range s.posts(id, "MESSAGE") {
		for _, secret := range secretsOf(notice) {
			s.want("the words hold "+secret, strings.Contains(strings.ToLower(p["contents"].(string)), strings.ToLower(secret)), false)
		}
	}
	s.sql(`update users set password_hash = (select password_hash from users where name = 'Abe Agent'), enabled = true where id = (select user_id from addresses where address = 'cara@acme.test')`)
	b := s.signedIn("cara@acme.test")
	b.open(path("/conversations/%v", id))
	for _, secret := range secretsOf(notice) {
		s.want("her page holds "+secret, b.says(secret), false)
	}
	s.want("her page holds the words", b.says("number 3."), true)
}

// squeezed is a text with one blank line where there are several.
func squeezed(text string) string {
	var kept []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimRight(line, " "); line != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

func TestWhatCannotBeToldApartFromNewWordsWaitsForItsAuthor(t *testing.T) {
	t.Parallel()
	s, id, notice := withSigner(t)
	broken := func(to string) string { // as a client does that breaks lines anywhere
		at := strings.IndexByte(to, '+') + 12
		return to[:at] + "\n> " + to[at:at+15] + " \n" + to[at+15:]
	}
	var qp strings.Builder
	w := quotedprintable.NewWriter(&qp)
	fmt.Fprintf(w, "kanarienvogel, write to %s please, which is an address that is quite long.\n", notice.replyTo())
	_ = w.Close()
	eml := "--z\n" + asText + "kanarienvogel, see the mail\n--z\nContent-Type: message/rfc822\nContent-Disposition: attachment\n\n" + strings.ReplaceAll(string(notice.Raw), "\r\n", "\n") + "\n--z--\n"
	file := func(kind, name, content string) string {
		return "Content-Type: multipart/mixed; boundary=z\n\n--z\n" + asText + "kanarienvogel, see the file\n--z\nContent-Type: " + kind + "; name=\"" + name + "\"\nContent-Disposition: attachment; filename=\"" + name + "\"\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString([]byte(content)) + "\n--z--\n"
	}
	for name, c := range map[string]struct{ body, why string }{
		"only the quote":                     {asText + "On Mon, 2 Mar 2026, Support <{to}> wrote:\n{quote}\n", "nothing but what it quotes"},
		"only the quote and a signature":     {asText + "\nOn Mon, 2 Mar 2026, Support <{to}> wrote:\n{quote}\n\n-- \nAbe Agent\n", "nothing but what it quotes"},
		"only a signature without a mark":    {asText + "Abe Agent\n+49 30 7654321\nabe.private@machine.test\n", "nothing but what it quotes"},
		"words in the quote":                 {asText + "See below.\n\nFrom: Support <support@desk.test>\nSent: Monday, March 2, 2026 8:30 AM\nTo: Abe\nSubject: x\n\nCara wrote in conversation #1\n\nNot at all.\n\nkanarienvogel flies around\n\nYour answer to this mail goes to the customer, from support@desk.test.\n", "between the lines that it quotes"},
		"words between parts of the notice":  {asText + "Well.\n\nCara wrote in conversation #1\n\nNot at all.\n\nkanarienvogel flies\n\nOpen conversation #1:\n{url}\n\nAnd then some more of them.\n", "parts of the notice"},
		"a quote that is not the customer's": {asText + "> kanarienvogel: what a colleague wrote\n\nYes.\n\n> and more\n\nNo.\n", "has not read"},
		"the private address in the words":   {asText + "kanarienvogel, write to me directly: abe.private@machine.test, and I will see to it that you get one.\n", "address of somebody of the team"},
		"the private address in capitals":    {asText + "kanarienvogel, write to ABE.PRIVATE@Machine.Test today and then wait for a bit.\n", "address of somebody of the team"},
		"the token in the words":             {asText + "kanarienvogel, write to {to} from now on, please.\n", "reply address"},
		"the token in capitals":              {asText + "kanarienvogel, write to {TO} from now on, please.\n", "reply address"},
		"the token for a URL":                {asText + "kanarienvogel, see <mailto:{to%}?subject=x> for that, please.\n", "reply address"},
		"the token in pieces":                {asText + "kanarienvogel, write to\n" + broken(notice.replyTo()) + "\nfrom now on.\n", "reply address"},
		"the token in quoted-printable":      {"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n" + strings.ReplaceAll(qp.String(), "\r\n", "\n"), "reply address"},
		"the token in a flowed text":         {"Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\n\nkanarienvogel, write to\n" + strings.ReplaceAll(broken(notice.replyTo()), "> ", "") + "\nfrom now on.\n", "reply address"},
		"a link into the panel":              {asText + "The kanarienvogel that you ask about is at {url}, have a look.\n", "link into the panel"},
		"#note further down":                 {asText + "kanarienvogel\n\n#note\n\nmore of it\n", "#note stands in it"},
		"the notice attached":                {"Content-Type: multipart/mixed; boundary=z\n\n" + eml, "may show addresses"},
		"a card of the agent's":              {file("text/x-vcard", "abe.vcf", "BEGIN:VCARD\nEMAIL:abe.private@machine.test\nEND:VCARD\n"), "abe.vcf"},
		"a file that holds the token":        {file("application/octet-stream", "x.bin", "\x00\x01"+notice.replyTo()+"\x02"), "x.bin"},
		"a saved mail of Outlook's":          {file("application/octet-stream", "x.msg", "anything"), "x.msg"},
		"a file named by the address":        {file("text/plain", "for abe.private@machine.test.txt", "x"), "may show addresses"},
	} {
		m := s.answerAs(notice, privateAddress, c.body)
		if m["rule"] != "staff_draft" || !strings.Contains(fmt.Sprint(m["reason"]), c.why) {
			t.Errorf("%s: %v: %v", name, m["rule"], m["reason"])
		}
		s.want(name+": its author finds why", s.drafted(privateAddress, id, c.why), true)
		s.sql(`delete from drafts`)
		s.sql(`delete from messages where by_staff`)
	}
	s.want("messages", len(s.posts(id, "MESSAGE")), 2)
	s.staysInside(append(secretsOf(notice), "kanarienvogel")...)
}

func TestTheFilesOfAnAgentGoOutAndTheLogoOfTheirSignatureDoesNot(t *testing.T) {
	t.Parallel()
	s, _, notice := withSigner(t)
	picture := func(id, name string) string {
		return "--r\nContent-Type: image/png; name=" + name + "\nContent-ID: <" + id + ">\nContent-Disposition: inline; filename=" + name + "\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte("PNG of "+name)) + "\n"
	}
	m := s.answerAs(notice, privateAddress, "Content-Type: multipart/related; boundary=r\n\n--r\n"+asPage+
		`<div>See this: <img src="cid:shot@x"> and the file.</div><div>Abe Agent<br>Tel. +49 30 7654321<br><img src="cid:card@x"></div><div class=gmail_signature><img src="cid:logo@x"> Acme</div>`+
		"<div class=gmail_quote>On Mon, Support &lt;{to}&gt; wrote:<blockquote class=gmail_quote>{page}<img src=\"cid:old@x\"></blockquote></div>\n"+
		picture("shot@x", "shot.png")+picture("logo@x", "logo.png")+picture("card@x", "card.png")+picture("old@x", "old.png")+
		"--r\nContent-Type: application/pdf; name=manual.pdf\nContent-Disposition: attachment; filename=manual.pdf\n\nPDF\n--r--\n")
	s.want("rule", fmt.Sprint(m["rule"], " ", m["reason"]), "staff_reply An agent answered the notice that was sent to them.")
	reply := s.got("cara@acme.test", "and the file")
	var names []string
	for _, f := range reply.Attachments {
		names = append(names, f.Filename)
	}
	s.want("files", fmt.Sprint(names), "[shot.png manual.pdf]")
	s.staysInside(append(secretsOf(notice), "logo.png", "card.png", "old.png")...)
}

func TestNothingThatBeginsWithNoteReachesACustomer(t *testing.T) {
	t.Parallel()
	s, id, notice := withSigner(t)
	s.person("collaborator", "mia@partner.test", "Mia Partner")
	for name, body := range map[string]string{
		"as told":            asText + "#note\nkanarienvogel\n\nOn Mon, 2 Mar 2026, Support <{to}> wrote:\n{quote}\n",
		"in capitals":        asText + "#NOTE\nkanarienvogel\n",
		"with words":         asText + "#Note: kanarienvogel\n",
		"after blank lines":  asText + "\n \n\t\n  #note\nkanarienvogel\n",
		"after hard blanks":  asText + "\u00a0\u200b\ufeff\n\u00a0#note\u00a0kanarienvogel\n",
		"mistyped, a blank":  asText + "# note\nkanarienvogel\n",
		"mistyped, several":  asText + "#notes kanarienvogel\n",
		"mistyped, letters":  asText + "#ntoe\nkanarienvogel\n",
		"a wide sign":        asText + "＃note kanarienvogel\n",
		"bold":               asText + "*#note*\nkanarienvogel\n",
		"a page":             asPage + "<p>&nbsp;</p><div><br></div><div>#<b>note</b></div><div>kanarienvogel</div>",
		"a page on one line": asPage + "<span>#note</span> kanarienvogel",
		"below the quote":    asText + "On Mon, 2 Mar 2026, Support <{to}> wrote:\n{quote}\n\n#note\nkanarienvogel\n",
		"below a bare quote": asText + "> Not at all.\n\n#note\nkanarienvogel\n",
		"with an address":    asText + "#note\nkanarienvogel can be reached at abe.private@machine.test if you ask me.\n",
	} {
		notes := len(s.posts(id, "NOTE"))
		m := s.answerAs(notice, privateAddress, body)
		if m["rule"] != "staff_reply" || m["post_type"] != "NOTE" {
			t.Errorf("%s: %v, %v: %v", name, m["rule"], m["post_type"], m["reason"])
		}
		all := s.posts(id, "NOTE")
		if len(all) != notes+1 {
			continue
		}
		if words := all[notes]["contents"].(string); !strings.Contains(words, "kanarienvogel") || strings.Contains(strings.ToLower(words), "not") && !strings.Contains(words, "Not at all") {
			t.Errorf("%s: the note says %q", name, words)
		}
	}
	// A mention in it works as in the panel, and one that names nobody is told.
	s.want("who is mailed", s.sends(func() {
		s.answerAs(notice, privateAddress, asText+"#note\n@Mia Partner kanarienvogel, and @Nobody\n\nOn Mon, 2 Mar 2026, Support <{to}> wrote:\n> @Olga Owner\n")
	}), "[mia@partner.test]")
	s.answerAs(notice, privateAddress, asText+"#note\n@Nemo kanarienvogel\n")
	s.want("one that names nobody", s.drafted(privateAddress, id, "Nobody was told of it"), true)
	// By a weaker way it is a draft, in the box for notes, and even then it cannot be
	// sent as it is.
	m := s.file(onlyThread(notice, privateAddress, "#note\nkanarienvogel by thread"))
	s.want("rule", m["rule"], "staff_draft")
	abe := s.signedIn(privateAddress)
	abe.open(path("/agent/conversations/%v", id))
	abe.submit(path("/agent/conversations/%v/reply", id), url.Values{"contents": {"#note\nkanarienvogel by thread"}, "do": {"send"}})
	s.want("refused as a reply", abe.says("begins with #note"), true)
	s.want("messages", len(s.posts(id, "MESSAGE")), 2)
	s.staysInside("kanarienvogel")
}
