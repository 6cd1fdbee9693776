package eml

import (
	"strings"
	"testing"

	"postdesk/core"
)

func fresh(text string) string {
	return core.Letter{Text: text, Folds: trim(text, nil)}.NewText()
}

func TestQuotesAreFoldedInManyLanguages(t *testing.T) {
	t.Parallel()
	for _, mark := range []string{
		"On Mon, 5 Jan 2026 at 10:00, Support <support@desk.test> wrote:",
		"On Mon, 5 Jan 2026 at 10:00, Support\n<support@desk.test> wrote:",
		"On Monday, Support Team of the Very Long Name\nof Acme <support@desk.test>\nwrote:",
		"Am 05.01.2026 um 10:00 schrieb Support <support@desk.test>:",
		"Le lun. 5 janv. 2026 à 10:00, Support <support@desk.test> a écrit :",
		"El lun, 5 ene 2026 a las 10:00, Support (<support@desk.test>) escribió:",
		"Il giorno lun 5 gen 2026 alle ore 10:00 Support <support@desk.test> ha scritto:",
		"Op ma 5 jan 2026 om 10:00 schreef Support <support@desk.test>:",
		"Em seg., 5 de jan. de 2026 às 10:00, Support <support@desk.test> escreveu:",
		"Den mån 5 jan. 2026 kl 10:00 skrev Support <support@desk.test>:",
		"ma 5. tammik. 2026 klo 10.00 Support (support@desk.test) kirjoitti:",
		"pon., 5 sty 2026 o 10:00 Support <support@desk.test> napisał(a):",
		"po 5. 1. 2026 v 10:00 odesílatel Support <support@desk.test> napsal:",
		"пн, 5 янв. 2026 г. в 10:00, Support <support@desk.test>:",
		"5 янв. 2026 г. 10:00 пользователь Support написал:",
		"пн, 5 січ. 2026 р. о 10:00 Support <support@desk.test> пише:",
		"Support <support@desk.test> ezt írta (időpont: 2026. jan. 5., H, 10:00):",
		"În lun., 5 ian. 2026 la 10:00, Support <support@desk.test> a scris:",
		"Στις Δευ 5 Ιαν 2026 στις 10:00 π.μ., ο χρήστης Support <support@desk.test> έγραψε:",
		"Support <support@desk.test>, 5 Oca 2026 Pzt, 10:00 tarihinde şunu yazdı:",
		"2026年1月5日(月) 10:00 Support <support@desk.test>:",
		"Support <support@desk.test> 于2026年1月5日周一 10:00写道：",
		"2026년 1월 5일 (월) 오전 10:00, Support <support@desk.test>님이 작성:",
		"בתאריך יום ב׳, 5 בינו׳ 2026 ב-10:00 מאת Support <support@desk.test> כתב:",
	} {
		for _, below := range []string{"\n\n> old words\n> more\n", "\n\nold words\nmore\n"} {
			if got := fresh("New words.\n\n" + mark + below); got != "New words." {
				t.Errorf("%s: left %q", mark, got)
			}
		}
		if got := fresh(mark + "\n> old words\n\nNew words.\n"); got != "New words." {
			t.Errorf("answer below %s: left %q", mark, got)
		}
	}
}

func TestOnlyWhatIsNotNewIsFolded(t *testing.T) {
	t.Parallel()
	const top = "New words.\n\n"
	for name, c := range map[string]struct{ text, want string }{
		"our own mark":             {top + "-- Please reply above this line --\n\nold words\n", "New words."},
		"our own mark, quoted":     {top + "On Mon, 5 Jan 2026, Support wrote:\n> -- Please reply above this line --\n> old words\n", "New words."},
		"below our mark":           {"-- Please reply above this line --\n\nNew words.\n", "New words."},
		"Outlook":                  {top + "From: Support <support@desk.test>\nSent: Monday, 5 January 2026 10:00\nTo: Cara\nSubject: Help\n\nold words\n", "New words."},
		"Outlook, German":          {top + "________________________________\nVon: Support <support@desk.test>\nGesendet: Montag, 5. Januar 2026 10:00\nAn: Cara\nBetreff: Hilfe\n\nold words\n", "New words."},
		"Outlook, Japanese":        {top + "差出人: Support\n送信日時: 2026年1月5日\n宛先: Cara\n件名: Help\n\nold words\n", "New words."},
		"bold names":               {top + "*From:* Support\n*Date:* Monday\n*To:* Cara\n*Subject:* Help\n\nold\n", "New words."},
		"original message":         {top + "-----Ursprüngliche Nachricht-----\nold words\n", "New words."},
		"quote without words over": {top + "> old words\n> more\n", "New words."},
		"forwarded":                {"See below.\n\n---------- Forwarded message ---------\nFrom: a\nDate: b\nSubject: c\nTo: d\n\nold\n", "See below."},
		"only forwarded":           {"---------- Forwarded message ---------\nFrom: a\nDate: b\nSubject: c\nTo: d\n\nall there is\n", "all there is"},
		"signature":                {top + "-- \nCara\nAcme\n", "New words."},
		"phone":                    {top + "Sent from my iPhone\n", "New words."},
		"phone over a quote":       {top + "Von meinem iPhone gesendet\n\nAm 5.1.2026 um 10:00 schrieb S <s@desk.test>:\n\n> old\n", "New words."},
		"list":                     {top + "_______________________________________________\nUsers mailing list\nhttps://x.test/listinfo/users\n", "New words."},
		"legal words":              {top + "This email and any attachments are confidential and intended solely for\nthe addressee.\n\nPlease think of the trees.\n", "New words."},
		"inline answers":           {"On Mon, 5 Jan 2026, S wrote:\n> one?\n\nYes.\n\n> two?\n\nNo.\n", "> one?\n\nYes.\n\n> two?\n\nNo."},
		"answer below a quote":     {"> one?\n\nYes.\n", "> one?\n\nYes."},
		"above and below":          {"Hi,\n\nOn Mon, 5 Jan 2026, S wrote:\n> one?\n\nYes.\n", "Hi,\n\nYes."},
		"below a line of dashes":   {"One.\n\n--------\n\nTwo.\n", "One.\n\n--------\n\nTwo."},
		"words below two dashes":   {"One.\n\n--\n\nCan you tell me why?\nIt broke.\n", "One.\n\n--\n\nCan you tell me why?\nIt broke."},
		"words below a long dash":  {"One.\n\n—\n\nTwo is here, please read it.\n", "One.\n\n—\n\nTwo is here, please read it."},
		"quoting":                  {top + "Quoting Support <support@desk.test>:\n\n> old\n", "New words."},
		"Zitat":                    {top + "Zitat von Support <support@desk.test>:\n\n> old\n", "New words."},
		"a dashed name":            {top + "-Cara\n", "New words."},
		"signed words":             {"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nNew words.\n-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n", "New words."},
		"rules at the end":         {top + "~~~~~~~~\n* * * *\n", "New words."},
		"a list":                   {"Buy:\n\n-Milk\n-Bread\n", "Buy:\n\n-Milk\n-Bread"},
		"a date and an address":    {top + "2026/1/5 Support <support@desk.test>\n\n> old\n", "New words."},
		"only a quote":             {"> old\n> words\n", "> old\n> words"},
		"only a signature":         {"-- \nCara\n", "-- \nCara"},
		"a person tells":           {"My boss wrote: please order.\nWhat now?\n", "My boss wrote: please order.\nWhat now?"},
		"an address and a time":    {"Hi\n\nCall me at 10:30 or mail a@b.test:\n\nThanks\n", "Hi\n\nCall me at 10:30 or mail a@b.test:\n\nThanks"},
		"somebody wrote at ten":    {"Hi\n\nAt 10:00 my boss wrote:\n\nPlease help\n", "Hi\n\nAt 10:00 my boss wrote:\n\nPlease help"},
		"a form":                   {"Name: Cara\nFrom: Berlin\nQuestion: why?\n", "Name: Cara\nFrom: Berlin\nQuestion: why?"},
		"confidential matters":     {"This is confidential, but intended for you:\n\nI am ill.\n", "This is confidential, but intended for you:\n\nI am ill."},
		"nothing":                  {"\n \n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fresh(c.text); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestPagesMarkTheirQuotesThemselves(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"Gmail":       `<div dir="ltr">New words.</div><br><div class="gmail_quote"><div class="gmail_attr">Ar 5 Ean 2026, scríobh S:<br></div><blockquote class="gmail_quote">old words</blockquote></div>`,
		"Outlook":     `<div>New words.</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>Kto:</b> S<br><b>Kiedyś:</b> 5<br></div><div>old words<blockquote>older</blockquote>not new</div>`,
		"Yahoo":       `<div>New words.</div><div class="yahoo_quoted"><div>xyz</div><div>old words</div></div>`,
		"Thunderbird": `New words.<br><div class="moz-cite-prefix">5.1.2026 S:<br></div><blockquote type="cite">old words</blockquote>`,
		"Apple":       `New words.<br><blockquote type="cite"><div>On 5 Jan 2026, S wrote:</div>old words</blockquote>`,
		"signature":   `New words.<div class="gmail_signature">Cara<br>Acme</div>`,
	} {
		l := Parse([]byte("From: a@x.test\r\nContent-Type: text/html\r\n\r\n" + page))
		sound(t, l)
		if got := l.NewText(); got != "New words." {
			t.Errorf("%s: %q of %q", name, got, l.Text)
		}
	}
	both := Parse(crlf("From: a@x.test\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nNew\nwords.\n\nAr 5 Ean 2026, scriobh S\nold words\n--b\nContent-Type: text/html\n\n<div>New words.</div><div class=gmail_quote>Ar 5 Ean 2026, scriobh S<br>old words</div>\n--b--\n"))
	sound(t, both)
	if got := both.NewText(); got != "New\nwords." {
		t.Errorf("a page that knows better than its text: %q", got)
	}
	inline := Parse([]byte("From: a@x.test\r\nContent-Type: text/html\r\n\r\n<div class=gmail_quote>On 5 Jan 2026 S wrote:<blockquote>one?</blockquote>Yes.<blockquote>two?</blockquote>No.</div>"))
	if got := inline.NewText(); !strings.Contains(got, "Yes.") || !strings.Contains(got, "No.") {
		t.Errorf("inline answers: %q", got)
	}
}
