package eml

import (
	"strings"
	"testing"

	"postdesk/core"
)

// kindOf reads a mail of Cara's: more header fields, a blank line, words.
func kindOf(fields, text string) core.Kind {
	mail := "From: Cara <cara@acme.test>\n"
	if strings.HasPrefix(fields, "From:") {
		mail = ""
	}
	return read(crlf(mail + fields + "\n\n" + text + "\n")).Kind
}

func TestT39VacationsWithoutMarksAreSeenInManyLanguages(t *testing.T) {
	t.Parallel()
	for subject, text := range map[string]string{
		"Automatic reply: Your request [#42]": "I am out of the office until Monday.", "Abwesenheitsnotiz: Re: Drucker": "Ich bin bis zum 5. Januar nicht erreichbar.", "Automatische Antwort: Drucker": "Vielen Dank für Ihre Nachricht. Dringend? Rufen Sie an!",
		"Réponse automatique : imprimante": "Je suis absent jusqu'à lundi.", "Respuesta automática: impresora": "Estoy fuera de la oficina.", "Risposta automatica: stampante": "Sono assente.", "Resposta automática: impressora": "Estou ausente.",
		"Automatisch antwoord: printer": "Ik ben niet aanwezig.", "Autosvar: skrivare": "Jag är på semester.", "Automatiskt svar: skrivare": "Åter måndag.", "Automatisk svar: printer": "Jeg er på ferie.", "Automaattinen vastaus: tulostin": "Olen lomalla.",
		"Automatyczna odpowiedź: drukarka": "Jestem na urlopie.", "Automatická odpověď: tiskárna": "Jsem na dovolené.", "Automatická odpoveď: tlačiareň": "Som na dovolenke.", "Automatikus válasz: nyomtató": "Szabadságon vagyok.",
		"Răspuns automat: imprimantă": "Sunt în concediu.", "Automatski odgovor: pisač": "Hvala na poruci.", "Samodejni odgovor: tiskalnik": "-", "Automatinis atsakymas: spausdintuvas": "-", "Automaatvastus: printer": "-", "Automātiska atbilde: printeris": "-",
		"Автоматический ответ: принтер": "Я в отпуске.", "Автоматична відповідь: принтер": "-", "Автоматичен отговор: принтер": "-", "Αυτόματη απάντηση: εκτυπωτής": "-", "Otomatik yanıt: yazıcı": "-",
		"自動応答: プリンタ": "休暇中です", "自动答复: 打印机": "我正在休假", "自動回覆: 印表機": "-", "자동 회신: 프린터": "휴가", "תגובה אוטומטית: מדפסת": "-", "رد تلقائي: طابعة": "-", "Trả lời tự động: máy in": "-", "Balasan otomatis: printer": "-", "ตอบกลับอัตโนมัติ: เครื่องพิมพ์": "-",
		"AUTO: Cara Doe is out of the office (returning 05/01/2026)": "I am out until 05/01/2026.", "AUTO: Cara Doe ist außer Haus (Rückkehr am 05.01.2026)": "x", "Out of office: Re: printer": "I will be back on Monday.", "Fuori ufficio: stampante": "Sarò in ferie.",
	} {
		if kind := kindOf("Subject: "+subject, text); kind != core.KindAutoReply {
			t.Errorf("%s: %s", subject, kind)
		}
		if kind := kindOf("Subject: Re: "+subject, "Thank you, then I wait until Monday."); kind != core.KindHuman {
			t.Errorf("an answer to %s: %s", subject, kind)
		}
	}
}

func TestAPersonWhoSpeaksOfAbsenceIsAPerson(t *testing.T) {
	t.Parallel()
	const quoted = "\n\n> I am out of the office until Monday.\n"
	for fields, text := range map[string]string{
		"Subject: Out of office chairs ordered":                                             "Please confirm the order.",
		"Subject: Out of office":                                                            "How do I set this in the new mail program?",
		"Subject: Automatic reply: not sent?":                                               "It does not go out.",
		"Subject: Automatic reply: not working":                                             "Can you help me with it?",
		"Subject: automatic reply":                                                          "Mine is broken, customers complain.",
		"Subject: Abwesenheit":                                                              "Hallo, wie stelle ich das ein?",
		"Subject: Abwesenheitsnotiz einrichten":                                             "Hallo, bitte richten Sie das für mich ein.",
		"Subject: On vacation next week":                                                    "Please send the invoice before.",
		"Subject: Vacation rental broken":                                                   "The heating is out.",
		"Subject: AUTO: brakes make noise":                                                  "My car is loud.",
		"Subject: Away game tickets":                                                        "Two, please.",
		"Subject: 休暇申請について":                                                                 "申請できません。",
		"Subject: Re: Automatic reply: printer\nIn-Reply-To: <1@desk.test>":                 "Then I wait." + quoted,
		"Subject: FW: Automatic reply: printer":                                             "See below." + quoted,
		"Subject: Printer\nIn-Reply-To: <1@desk.test>":                                      "She answered:" + quoted,
		"Subject: Help\nX-Auto-Response-Suppress: All":                                      "Thank you for your message, it still fails.",
		"Subject: Help\nX-Auto-Response-Suppress: DR, OOF, AutoReply":                       "x",
		"Subject: Help\nThread-Index: Adc=\nX-MS-Exchange-Inbox-Rules-Loop: cara@acme.test": "sent on by a rule",
		"Subject: Help\nX-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent":        "sent on by a rule",
		"Subject: Help\nX-MS-Reactions: disallow":                                           "x",
		"Subject: Help\nContent-Class: urn:content-classes:message":                         "x",
		"Subject: Help\nX-Autoreply: no":                                                    "x",
		"Subject: Help\nAuto-Submitted: no (human)":                                         "x",
		"Subject: Read: your manual":                                                        "I did, and it does not say.",
		"Subject: Read receipt":                                                             "How do I ask for one?",
		"Subject: Please confirm your message":                                              "Did you mean Tuesday?",
		"Subject: Captcha":                                                                  "The page wants me to verify, and fails.",
	} {
		if kind := kindOf(fields, text); kind != core.KindHuman {
			t.Errorf("%q: %s", fields, kind)
		}
	}
}

func TestMachinesAreKnownByWhatTheyWrite(t *testing.T) {
	t.Parallel()
	for kind, mails := range map[core.Kind][]string{
		core.KindAutoReply: {
			"Subject: x\nAuto-Submitted: auto-replied (vacation)", "Subject: x\nAuto-Submitted: auto-replied (zimbra; vacation)\nPrecedence: bulk", "Subject: x\nX-Autoreply: yes\nPrecedence: bulk", "Subject: x\nX-Autorespond: x\nPrecedence: bulk",
			"Subject: x\nDelivered-To: Autoresponder", "Subject: x\nPrecedence: auto_reply", "Subject: x\nX-Mailer: vacation 1.2", "Subject: x\nX-Mailer: qmail-autoresponder", "Subject: x\nX-BoxTrapper: abc", "Subject: x\nX-Delivery-Agent: TMDA/1.0",
			"Subject: I am on leave\nX-Auto-Response-Suppress: All", "Subject: im Urlaub\nReturn-Path: <>", "Subject: nobody here\nX-MS-Exchange-Generated-Message-Source: OOF", "Subject: on vacation\nX-MS-Exchange-Inbox-Rules-Loop: cara@acme.test",
			"Subject: Read: x\nReturn-Path: <>", "Subject: x\nContent-Class: urn:content-classes:mdn", "Subject: Auto: x\nAuto-Submitted: auto-replied", "Subject: on holiday\nPrecedence: junk",
		},
		core.KindGenerated: {
			"Subject: x\nAuto-Submitted: auto-generated", "Subject: x\nAuto-Submitted: auto-notified; a=b", "Subject: x\nAuto-Submitted: no\nAuto-Submitted: auto-generated", "Subject: x\nList-Id: <a.b>", "Subject: x\nPrecedence: bulk",
			"Subject: on vacation: 50 % off\nPrecedence: bulk\nList-Unsubscribe: <https://x.test>", "Subject: Out of office: our new chairs\nList-Unsubscribe: <https://x.test>", "Subject: x\nX-OTRS-Loop: cara@acme.test", "Subject: x\nX-RT-Loop-Prevention: acme", "Subject: x\nX-Zendesk-From-Account-Id: 1",
			"From: Shop <noreply@acme.test>\nSubject: x", "From: jira-no-reply@acme.test\nSubject: x", "From: Shop <do_not.reply@acme.test>\nSubject: x", "From: ne-pas-repondre@acme.test\nSubject: x", "Subject: x\nX-Cron-Env: <A=b>", "Subject: x\nReturn-Path: <>",
		},
	} {
		for _, fields := range mails {
			l := read(crlf("From: Cara <cara@acme.test>\n" + fields + "\n\nwords\n"))
			if strings.HasPrefix(fields, "From:") {
				l = read(crlf(fields + "\n\nwords\n"))
			}
			if l.Kind != kind {
				t.Errorf("%q: %s, want %s", fields, l.Kind, kind)
			}
		}
	}
}

func TestT114ChallengesAreAutomatic(t *testing.T) {
	t.Parallel()
	for fields, text := range map[string]string{
		"Subject: Re: Printer\nReturn-Path: <>":                      "Click here to verify you are human: https://x.test/v",
		"Subject: Your email requires verification verify#abc":       "The message you sent requires that you verify.",
		"Subject: Please confirm your message":                       "Your message will not be delivered until you click https://x.test/c",
		"Subject: Challenge message: Printer":                        "Reply to this mail to release yours.",
		"Subject: Printer\nIn-Reply-To: <1@x>\nPrecedence: bulk":     "To prove that your message was sent by a human, open https://x.test/",
		"Subject: x\nX-AskVersion: 2.5":                              "Please answer once.",
		"Subject: Printer (was held)\nX-Auto-Response-Suppress: All": "I'm protecting myself from receiving junk mail. Visit https://x.test/",
	} {
		if kind := kindOf(fields, text); kind != core.KindAutoReply {
			t.Errorf("%q: %s", fields, kind)
		}
	}
	if kind := kindOf("Subject: Strange mail", "What is this?\n\n> Click to verify you are human: https://x.test/"); kind != core.KindHuman {
		t.Errorf("somebody asks: %s", kind)
	}
}

func TestT113ReceiptsAndReactionsAreQuiet(t *testing.T) {
	t.Parallel()
	mdn := "Content-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;cara@acme.test\nDisposition: manual-action/MDN-sent-manually; displayed"
	for name, c := range map[string]struct {
		mail string
		kind core.Kind
	}{
		"RFC 8098":          {multi("report; report-type=disposition-notification", "x", []string{"\nread\n", mdn}), core.KindAutoReply},
		"without its type":  {multi("report", "x", []string{"\nread\n", mdn}), core.KindAutoReply},
		"sent on":           {mixedOf("\nWhat is this?\n", mdn), core.KindHuman},
		"in words":          {"Subject: Gelesen: Drucker\n\nIhre Nachricht wurde am Montag gelesen.", core.KindAutoReply},
		"a reaction":        {alternativeOf("\nCara liked it\n", "Content-Type: text/vnd.google.email-reaction+json\n\n{\"emoji\":\"x\",\"version\":1}"), core.KindAutoReply},
		"RFC 9078":          {"Content-Disposition: reaction\nIn-Reply-To: <1@x.test>\n\n\xf0\x9f\x91\x8d", core.KindAutoReply},
		"a thumb, answered": {"Subject: Re: Printer\nIn-Reply-To: <1@x.test>\n\n\xf0\x9f\x91\x8d", core.KindHuman},
	} {
		if l := read(crlf("From: cara@acme.test\n" + c.mail)); l.Kind != c.kind || l.Report != nil {
			t.Errorf("%s: %s", name, l.Kind)
		}
	}
}
