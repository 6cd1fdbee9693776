package eml

import (
	"fmt"
	"strings"
	"testing"

	"postdesk/core"
)

// reportLine is what a report was understood to say, in one line.
func reportLine(l core.Letter) string {
	if l.Report == nil {
		return string(l.Kind)
	}
	s := strings.TrimSpace(fmt.Sprint(l.Report.Action, " ", strings.Join(l.Report.FailedRecipients, ","), " ", strings.Join(l.Report.Status, ",")))
	if l.Report.Permanent {
		s += " permanent"
	}
	return s
}

func TestT48ReportsAreReadInEveryBrokenForm(t *testing.T) {
	t.Parallel()
	const report = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nIt could not be delivered.\n--b\n"
	const fields = "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; cara@acme.test\nAction: failed\nStatus: 5.1.1\n"
	for name, c := range map[string]struct{ mail, want string }{
		"no blank line at all":           {statusReport("Reporting-MTA: dns; mx\nFinal-Recipient: rfc822; cara@acme.test\nAction: failed\nStatus: 5.1.1"), "failed cara@acme.test 5.1.1 permanent"},
		"two recipients, no blank line":  {statusReport("Final-Recipient: rfc822; a@x.test\nAction: failed\nStatus: 5.1.1\nFinal-Recipient: rfc822; b@x.test\nAction: failed\nStatus: 5.2.2"), "failed a@x.test,b@x.test 5.1.1,5.2.2 permanent"},
		"the originals stand first":      {statusReport("Original-Recipient: rfc822;a@x.test\nFinal-Recipient: rfc822;A@x.test\nAction: failed\nOriginal-Recipient: rfc822;b@x.test\nFinal-Recipient: rfc822;b@x.test\nAction: delivered"), "failed A@x.test permanent"},
		"a blank line too many":          {statusReport("Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; cara@acme.test\n\nAction: failed\nStatus: 5.1.1"), "failed cara@acme.test 5.1.1 permanent"},
		"as text":                        {fromDaemon + report + "Content-Type: text/plain\n\n" + fields + "--b--\n", "failed cara@acme.test 5.1.1 permanent"},
		"as a text file":                 {fromDaemon + report + "Content-Type: text/plain; name=details.txt\nContent-Disposition: attachment\n\n" + fields + "--b--\n", "failed cara@acme.test 5.1.1 permanent"},
		"as any file":                    {fromDaemon + report + "Content-Type: application/octet-stream; name=ATT1.dat\nContent-Transfer-Encoding: base64\n\nRmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGNhcmFAYWNtZS50ZXN0CkFjdGlvbjogZmFpbGVkClN0YXR1czogNS4xLjEK\n--b--\n", "failed cara@acme.test 5.1.1 permanent"},
		"mixed instead of report":        {fromDaemon + strings.Replace(report, "multipart/report", "multipart/mixed", 1) + "Content-Type: message/delivery-status\n\n" + fields + "--b--\n", "failed cara@acme.test 5.1.1 permanent"},
		"no end":                         {fromDaemon + report + "Content-Type: message/delivery-status\n\n" + fields, "failed cara@acme.test 5.1.1 permanent"},
		"the status alone":               {fromDaemon + "Content-Type: message/delivery-status\n\n" + fields, "failed cara@acme.test 5.1.1 permanent"},
		"folded and in capitals":         {statusReport("FINAL-RECIPIENT:\n RFC822;\n  cara@acme.test\nACTION: Failed\nSTATUS:\t5.1.1 (bad mailbox)"), "failed cara@acme.test 5.1.1 permanent"},
		"RFC 6533":                       {statusReport("Final-Recipient: utf-8; D\xc3\xb6rte@acme.test\nAction: failed\nStatus: 5.1.1"), "failed Dörte@acme.test 5.1.1 permanent"},
		"RFC 6533, escaped":              {statusReport("Final-Recipient: utf-8-addr-xtext; D\\x{F6}rte@acme.test\nAction: failed\nStatus: 5.1.1"), "failed Dörte@acme.test 5.1.1 permanent"},
		"xtext nobody decoded":           {statusReport("Final-Recipient: rfc822;cara+40acme.test\nAction: failed\nStatus: 5.1.1"), "failed cara@acme.test 5.1.1 permanent"},
		"a program, the original known":  {statusReport("Original-Recipient: rfc822;cara@acme.test\nFinal-Recipient: x-unix; |/usr/bin/filter -a\nAction: failed\nStatus: 5.3.0"), "failed cara@acme.test 5.3.0 permanent"},
		"X.400, the original known":      {statusReport("Original-Recipient: rfc822; cara@acme.test\nFinal-Recipient: x400; /S=cara/OU=acme/\nAction: failed\nStatus: 5.1.1"), "failed cara@acme.test 5.1.1 permanent"},
		"no status but a reply":          {statusReport("Final-Recipient: rfc822;cara@acme.test\nAction: failed\nDiagnostic-Code: smtp;550 5.7.1 no"), "failed cara@acme.test 5.7.1 permanent"},
		"no action, class 4":             {statusReport("Final-Recipient: rfc822;cara@acme.test\nStatus: 4.4.1"), "delayed cara@acme.test 4.4.1"},
		"failed, delayed and delivered":  {statusReport("Final-Recipient: rfc822;a@x.test\nAction: delayed\nStatus: 4.4.1\n\nFinal-Recipient: rfc822;b@x.test\nAction: delivered\nStatus: 2.0.0\n\nFinal-Recipient: rfc822;c@x.test\nAction: failed\nStatus: 5.1.1"), "failed c@x.test 5.1.1 permanent"},
		"delayed and delivered":          {statusReport("Final-Recipient: rfc822;a@x.test\nAction: delayed\nStatus: 4.4.1\n\nFinal-Recipient: rfc822;b@x.test\nAction: delivered\nStatus: 2.0.0"), "delayed a@x.test 4.4.1"},
		"expanded":                       {statusReport("Final-Recipient: rfc822;a@x.test\nAction: expanded\nStatus: 2.1.5"), "expanded  2.1.5"},
		"an odd word for failed":         {statusReport("Final-Recipient: rfc822;a@x.test\nAction: undeliverable\nStatus: 5.1.1"), "failed a@x.test 5.1.1 permanent"},
		"Exchange's system mailbox sent": {"Return-Path: <>\nFrom: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@acme.test>\nSubject: Nedoru\xc4\x8diteln\xc3\xa9: x\n" + report + "Content-Type: message/delivery-status\n\n" + fields + "--b--\n", "failed cara@acme.test 5.1.1 permanent"},
	} {
		l := read(crlf(c.mail))
		sound(t, l)
		if got := reportLine(l); l.Kind != core.KindReport || got != c.want {
			t.Errorf("%s: %s %s, want %s", name, l.Kind, got, c.want)
		}
	}
}

func TestT50BouncesInWordsAreRead(t *testing.T) {
	t.Parallel()
	const failed = "failed cara@acme.test 5.1.1 permanent"
	for name, c := range map[string]struct{ fields, text, want string }{
		"Postfix":              {"From: MAILER-DAEMON@mx.test (Mail Delivery System)\nSubject: Undelivered Mail Returned to Sender", "I'm sorry to have to inform you that your message could not be delivered to one or more recipients.\n\n<cara@acme.test>: host mx.acme.test[192.0.2.1] said: 550 5.1.1 <cara@acme.test>: Recipient address rejected (in reply to RCPT TO command)", failed},
		"Sendmail":             {"From: Mail Delivery Subsystem <MAILER-DAEMON@mx.test>\nSubject: Returned mail: see transcript for details", "   ----- The following addresses had permanent fatal errors -----\n<cara@acme.test>\n\n   ----- Transcript of session follows -----\n... while talking to mx.acme.test.:\n>>> RCPT To:<cara@acme.test>\n<<< 550 5.1.1 <cara@acme.test>... User unknown\n550 5.1.1 <cara@acme.test>... User unknown", failed},
		"Yahoo":                {"From: MAILER-DAEMON@yahoo.test\nSubject: Failure Notice", "Sorry, we were unable to deliver your message to the following address.\n\n<cara@acme.test>:\n554: 5.1.1 delivery error: This user doesn't have an account", failed},
		"GMX":                  {"From: GMX Mailer Daemon <mailer-daemon@gmx.test>\nSubject: Mail delivery failed: returning message to sender", "This message was created automatically by mail delivery software.\n\nThe following address failed:\n\ncara@acme.test:\nSMTP error from remote server for RCPT TO command, host: mx.acme.test (192.0.2.1) reason: 550 5.1.1 no", failed},
		"Gmail":                {"From: Mail Delivery Subsystem <mailer-daemon@googlemail.test>\nSubject: Delivery Status Notification (Failure)\nX-Failed-Recipients: cara@acme.test", "** Address not found **\n\nYour message wasn't delivered to cara@acme.test because the address couldn't be found.\n\n550 5.1.1 no", failed},
		"Mail.ru":              {"From: mailer-daemon@corp.mail.test\nSubject: Mail failure.", "Это письмо создано автоматически сервером.\nК сожалению, ваше письмо не может быть доставлено одному или нескольким получателям:\n\ncara@acme.test\n550 5.1.1 user not found", failed},
		"Domino":               {"Return-Path: <>\nFrom: Mail Router <Mail_Router@acme.test>\nSubject: DELIVERY FAILURE: User cara (cara@acme.test) not listed in Domino Directory", "Your message\n\n  Subject: x\n\nwas not delivered to:\n\n  cara@acme.test\n\nbecause:\n\n  User cara (cara@acme.test) not listed in Domino Directory", "failed cara@acme.test permanent"},
		"MailEnable":           {"From: <postmaster@acme.test>\nReturn-Path: <>\nSubject: Message Delivery Failure", "Message Delivery Failure - 550 5.1.1\n\nMessage could not be delivered.\n\nRecipient: [SMTP:cara@acme.test]\nReason: Recipient not found", failed},
		"Courier":              {"From: \"Courier mail server at mx.test\" <@mx.test>\nReturn-Path: <>\nSubject: NOTICE: mail delivery status.", "UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n<cara@acme.test>:\n   mx.acme.test [192.0.2.1]:\n>>> RCPT TO:<cara@acme.test>\n<<< 550 5.1.1 User unknown.", failed},
		"Exchange, German":     {"From: Systemadministrator <postmaster@acme.test>\nReturn-Path: <>\nSubject: Unzustellbar: Drucker", "Fehler bei der Nachrichtenzustellung an folgende Empfänger:\n\ncara@acme.test\nDie E-Mail konnte nicht zugestellt werden. #5.1.1", failed},
		"Exchange, French":     {"From: postmaster@acme.test\nReturn-Path: <>\nSubject: Non remis : imprimante", "Votre message n'a pas pu être remis à :\n\ncara@acme.test\n\n550 5.1.1 inconnu", failed},
		"Exchange, Spanish":    {"From: postmaster@acme.test\nReturn-Path: <>\nSubject: No se puede entregar: impresora", "Error de entrega a estos destinatarios:\n\ncara@acme.test\n#550 5.1.1 desconocido", failed},
		"Exchange, Italian":    {"From: postmaster@acme.test\nReturn-Path: <>\nSubject: Non recapitabile: stampante", "Non è stato possibile recapitare il messaggio a:\n\ncara@acme.test\n#550 5.1.1", failed},
		"Exchange, Portuguese": {"From: postmaster@acme.test\nReturn-Path: <>\nSubject: Não é possível entregar: impressora", "Falha na entrega:\n\ncara@acme.test\n#550 5.1.1", failed},
		"Exchange, Dutch":      {"From: postmaster@acme.test\nReturn-Path: <>\nSubject: Onbestelbaar: printer", "Uw bericht kon niet worden bezorgd:\n\ncara@acme.test\n#550 5.1.1", failed},
		"Exchange, Polish":     {"From: postmaster@acme.test\nReturn-Path: <>\nSubject: Niedostarczalne: drukarka", "Nie można było dostarczyć:\n\ncara@acme.test\n#550 5.1.1", failed},
		"Exchange, Japanese":   {"From: postmaster@acme.test\nReturn-Path: <>\nSubject: 配信不能: プリンタ", "次の受信者にお届けできません:\n\ncara@acme.test\n#550 5.1.1", failed},
		"Exchange, Chinese":    {"From: postmaster@acme.test\nReturn-Path: <>\nSubject: 无法送达: 打印机", "以下收件人无法投递:\n\ncara@acme.test\n#550 5.1.1", failed},
		"full":                 {"From: MAILER-DAEMON@acme.test\nSubject: failure notice", "<cara@acme.test>:\nmailbox is full, 452 4.2.2 over quota", "failed cara@acme.test 4.2.2"},
		"still trying":         {"From: MAILER-DAEMON@acme.test\nSubject: Warning: could not send message for past 4 hours", "cara@acme.test\nDeferred: 451 4.4.1 timed out\nMessage will be retried", "delayed cara@acme.test 4.4.1"},
	} {
		l := read(crlf(c.fields + "\nTo: bounce@desk.test\n\n" + c.text + "\n\n------ This is a copy of the message, including all the headers. ------\n\nReceived: x\nTo: other@else.test\nReferences: <42@desk.test>\n"))
		sound(t, l)
		if got := reportLine(l); l.Kind != core.KindReport || got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestT53WhatOnlySpeaksOfABounceIsNone(t *testing.T) {
	t.Parallel()
	for name, mail := range map[string]string{
		"a vacation that quotes one":   "Return-Path: <>\nFrom: cara@acme.test\nSubject: Automatic reply: Undeliverable: printer\n\nI am out of the office.\n\n> 550 5.1.1 user unknown\n",
		"a vacation of a postmaster":   "Return-Path: <>\nFrom: postmaster@acme.test\nSubject: Automatic reply: printer\nAuto-Submitted: auto-replied\n\nI am out of the office.\n",
		"a parcel":                     "From: Shop <noreply@shop.test>\nSubject: Delivery status of your parcel\nAuto-Submitted: auto-generated\n\nIt could not be delivered.\n",
		"a parcel from a null sender":  "Return-Path: <>\nFrom: Shop <orders@shop.test>\nSubject: Delivery delayed\n\nYour order 42 will arrive on Monday.\n",
		"a person answers in Dutch":    "From: cara@acme.test\nSubject: Antw: Onbestelbaar: printer\n\nI got this: 550 5.1.1\n",
		"a person sends one on":        "From: cara@acme.test\nSubject: TR: Non remis : imprimante\n\nWhat is that? 550 5.1.1\n",
		"a monitor":                    "From: Monitor <root@host.test>\nSubject: Mail delivery queue is long\nAuto-Submitted: auto-generated\n\n550 of 1000 mails rejected\n",
		"a person with a text of it":   "From: cara@acme.test\nSubject: help\n" + mixedOf("\nsee\n", "Content-Type: text/plain; name=a.txt\nContent-Disposition: attachment\n\nFinal-Recipient: rfc822; a@x.test\nAction: failed\nStatus: 5.1.1"),
		"a newsletter of a mail house": "From: news@mailhouse.test\nList-Unsubscribe: <https://x.test>\nSubject: Why mail is returned to sender\n\nUser unknown, mailbox full: the reasons.\n",
	} {
		l := read(crlf(mail))
		sound(t, l)
		if l.Report != nil {
			t.Errorf("%s: %s", name, reportLine(l))
		}
	}
}
