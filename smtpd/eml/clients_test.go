package eml

import (
	"strings"
	"testing"
)

// irish is an attribution in no language that the table knows: marks alone tell.
const irish = "Ar 5 Ean 2026 10:00, scríobh S:"

// clients is what mail programs send when somebody answers "New words." above a
// quote; old words stand in it.
var clients = map[string]string{
	"Gmail":             `<div dir="ltr">New words.</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">` + irish + `<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex"><p>old words here</p><div>more old ones</div></blockquote></div>`,
	"Gmail extra":       `<div>New words.</div><div class="gmail_extra"><br><div class="gmail_quote">` + irish + `<br><blockquote class="gmail_quote"><p>old words here</p>more old ones</blockquote></div><br></div>`,
	"Apple Mail":        `<html><body style="overflow-wrap: break-word;">New words.<br><div><br><blockquote type="cite"><div>` + irish + `</div><br class="Apple-interchange-newline"><div><div>old words here</div><div>more old ones</div></div></blockquote></div><br></body></html>`,
	"iOS":               `<html><body dir="auto">New words.<div><br><blockquote type="cite">` + irish + `<br><br></blockquote></div><blockquote type="cite"><div dir="ltr"><p>old words here</p>more old ones</div></blockquote></body></html>`,
	"Outlook web":       `<div class="elementToProof">New words.</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font><b>Ó:</b> S<br><b>Seolta:</b> 5 Ean<br><b>Chuig:</b> C<br></font><div>&nbsp;</div></div><div><p class="x_MsoNormal">old words here</p><div>more old ones</div></div>`,
	"Outlook desktop":   `<div class=WordSection1><p class=MsoNormal>New words.</p><p class=MsoNormal>&nbsp;</p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>Ó:</b> S &lt;s@desk.test&gt; <br><b>Seolta:</b> Luan<br><b>Chuig:</b> C<br><b>Ábhar:</b> H</p></div></div><p class=MsoNormal>old words here</p><p class=MsoNormal>more old ones</p></div>`,
	"Outlook 2007":      `<p class=MsoNormal>New words.</p><div style='border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0in 0in 0in'><p class=MsoNormal><b>Ó:</b> S<br><b>Seolta:</b> Luan<br><b>Chuig:</b> C<br><b>Ábhar:</b> H</p></div><p>old words here</p><p>more old ones</p>`,
	"Outlook mobile":    `<div dir="ltr">New words.</div><div id="ms-outlook-mobile-signature"><div>S'enviado</div>Faigh Outlook do iOS</div><div id="mail-editor-reference-message-container"><hr><div><div dir="ltr" id="divRplyFwdMsg">Ó: S</div>old words here<div>more old ones</div></div></div>`,
	"Outlook Mac":       `<div>New words.</div><span id="OLK_SRC_BODY_SECTION"><div style="border-bottom: medium none">Ó: S</div><div>old words here</div><div>more old ones</div></span>`,
	"Exchange 2003":     `<div>New words.</div><br><div class=OutlookMessageHeader dir=ltr align=left><hr><b>Ó:</b> S<br><b>Seolta:</b> Luan<br></div><div></div>old words here<div>more old ones</div>`,
	"Yahoo":             `<div>New words.</div><div id="yahoo_quoted_123" class="yahoo_quoted"><div>` + irish + `</div><div><br></div><div><div id="yiv5"><div class="yiv5gmail_quote">old words here</div><p>more old ones</p></div></div></div>`,
	"Thunderbird":       `<p>New words.</p><p><br></p><div class="moz-cite-prefix">` + irish + `<br></div><blockquote type="cite" cite="mid:x"><p>old words here</p>more old ones</blockquote>`,
	"Proton":            `<div style="font-family: Arial;">New words.</div><div class="protonmail_signature_block"><div class="protonmail_signature_block-proton">Seolta le Proton</div></div><div class="protonmail_quote">` + irish + `<br><br><blockquote class="protonmail_quote" type="cite"><p>old words here</p>more old ones</blockquote></div>`,
	"Tuta":              `<div>New words.<br></div><div><br></div><div>` + irish + `<br></div><blockquote class="tutanota_quote" style="border-left: 1px solid #93A3B8;"><p>old words here</p>more old ones</blockquote>`,
	"Zimbra":            `<div style="font-family: arial"><div>New words.</div><div data-marker="__SIG_PRE__">Cara Acme</div><div><br></div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__"><b>Ó: </b>S<br><b>Chuig: </b>C<br></div><div><br></div><div data-marker="__QUOTED_TEXT__">old words here<p>more old ones</p></div></div>`,
	"GMX":               `<div style="font-family: Verdana;"><div>New words.</div><div>&nbsp;<div name="quote" style="margin:10px 5px 5px 10px; padding: 10px 0 10px 10px; border-left:2px solid #C3D9E5;"><div style="margin:0 0 10px 0;"><b>Seolta:</b> Luan<br><b>Ó:</b> S<br></div><div name="quoted-content"><p>old words here</p>more old ones</div></div></div></div>`,
	"Spark":             `<div name="messageBodySection"><div dir="auto">New words.</div></div><div name="messageSignatureSection"><br>Cara Acme</div><div name="messageReplySection">` + irish + `<br><blockquote type="cite"><p>old words here</p>more old ones</blockquote></div>`,
	"Mailspring":        `<div>New words.</div><br><div class="gmail_quote nylas-quote nylas-quote-id-1">` + irish + `<br><blockquote class="gmail_quote"><p>old words here</p>more old ones</blockquote></div>`,
	"Airmail":           `<div>New words.</div><div class="bloop_sign">Cara Acme</div><br><p class="airmail_on">` + irish + `</p><blockquote type="cite" class="clean_bq"><span><p>old words here</p>more old ones</span></blockquote>`,
	"Front":             `<div>New words.</div><div class="front-signature">Cara Acme</div><br><blockquote type="cite" class="front-blockquote">` + irish + `<br><br><p>old words here</p>more old ones</blockquote>`,
	"Zoho":              `<div>New words.</div><div class="zmail_extra"><div id="Zm-_Id_-Sgn1">---- ` + irish + `</div><blockquote><p>old words here</p>more old ones</blockquote></div>`,
	"Roundcube":         `<p>New words.</p><p id="reply-intro">` + irish + `</p><blockquote type="cite" style="padding: 0 0.4em"><div id="replybody1"><p>old words here</p>more old ones</div></blockquote>`,
	"Horde, SOGo, OX":   `<p>New words.</p><p>` + irish + `</p><blockquote type="cite"><p>old words here</p>more old ones</blockquote>`,
	"Freshdesk":         `<div>New words.</div><div class="freshdesk_quote"><blockquote class="freshdesk_quote">` + irish + `<div><p>old words here</p>more old ones</div></blockquote></div>`,
	"QQ":                `<div>New words.</div><div><includetail><div>&nbsp;</div><div style="font:Verdana normal 14px;color:#000;"><div style="FONT-SIZE: 12px">------------------&nbsp;原始邮件&nbsp;------------------</div><div style="background:#efefef;"><div><b>发件人:</b>&nbsp;S;</div><div><b>发送时间:</b>&nbsp;2026年1月5日</div></div><p>old words here</p>more old ones</div></includetail></div>`,
	"163":               `<div>New words.</div><br><div id="isReplyContent"><br>` + irish + `<br><blockquote id="isReplyContent" style="PADDING-LEFT: 1ex"><p>old words here</p>more old ones</blockquote></div>`,
	"Foxmail":           `<div>New words.</div><blockquote style="margin-Top: 0px; margin-Left: 0.5em"><div>&nbsp;</div><div style="border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0cm 0cm 0cm"><div style="background: #efefef"><div><b>发件人：</b>&nbsp;S</div><div><b>发送时间：</b>&nbsp;2026-01-05 10:00</div><div><b>收件人：</b>&nbsp;C</div><div><b>主题：</b>&nbsp;H</div></div></div><p>old words here</p>more old ones</blockquote>`,
	"Yandex":            `<div>New words.</div><div><br></div><div>05.01.2026, 10:00, "S" &lt;s@desk.test&gt;:</div><blockquote><p>old words here</p>more old ones</blockquote>`,
	"Mail.ru":           `<p>New words.</p><br><blockquote style="border-left:1px solid #0857A6; margin:10px; padding:0 0 0 10px;">Понедельник, 5 января 2026, 10:00 +03:00 от S &lt;s@desk.test&gt;:<br><div id=""><p>old words here</p>more old ones</div></blockquote>`,
	"Notes":             `<font size=2>New words.</font><br><br><table><tr><td><font color=#5f5f5f>Von:&nbsp;&nbsp;</font><td>S/Acme<tr><td>An:<td>C<tr><td>Datum:<td>05.01.2026 10:00<tr><td>Betreff:<td>H</table><hr noshade><p>old words here</p>more old ones`,
	"AquaMail":          `<div>New words.</div><div id="aqm-signature">Cara Acme</div><div id="aqm-original" style="color: black;"><div class="aqm-original-body"><div>` + irish + `</div><p>old words here</p>more old ones</div></div>`,
	"Samsung":           `<div dir="auto">New words.</div><div id="composer_signature"><div>Seolta ó mo Galaxy</div></div><div><br></div><div style="font-size:100%;color:#000000"><!-- originalMessage --><div>-------- Original message --------</div><div>Ó: S</div></div><p>old words here</p>more old ones`,
	"names given again": `<div>New words.</div><div class="m_-7364gmail_quote">` + irish + `<br>old words here<p>more old ones</p></div>`,
	"x_ names":          `<div>New words.</div><div id="x_divRplyFwdMsg"><b>Ó:</b> S</div><div>old words here</div><div>more old ones</div>`,
}

func TestMailProgramsSayThemselvesWhatIsAQuote(t *testing.T) {
	t.Parallel()
	for name, page := range clients {
		l := Parse([]byte("From: a@x.test\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page))
		sound(t, l)
		if got := l.NewText(); got != "New words." {
			t.Errorf("%s: %q of %q", name, got, l.Text)
		}
		shown, _ := htmlText(page) // as the text part of such a mail is made, with marks and without
		bare := strings.NewReplacer("> ", "", ">\n", "\n").Replace(shown)
		for form, text := range map[string]string{
			"unmarked": bare,
			"wrapped":  wrapLines(bare, 20),
			"marked":   shown,
		} {
			l := Parse(crlf("From: a@x.test\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n" + text + "\n--b\nContent-Type: text/html; charset=utf-8\n\n" + page + "\n--b--\n"))
			sound(t, l)
			if got := l.NewText(); got != "New words." {
				t.Errorf("%s, its text %s: %q of %q", name, form, got, l.Text)
			}
		}
	}
}

func wrapLines(s string, width int) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = wrapAt(l, width)
	}
	return strings.Join(lines, "\n")
}

func TestAnswersInAndBelowQuotesOfPagesStay(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"Gmail, inside":       `<div class="gmail_quote"><div class="gmail_attr">On 5 Jan 2026 S wrote:</div><blockquote class="gmail_quote">one?</blockquote><div>New words.</div><blockquote class="gmail_quote">two?</blockquote></div>`,
		"Gmail, below":        `<div class="gmail_quote"><div class="gmail_attr">` + irish + `</div><blockquote class="gmail_quote">one?</blockquote></div><div>New words.</div>`,
		"Apple, inside":       `<blockquote type="cite">` + irish + `<br>one?</blockquote><div>New words.</div><blockquote type="cite">two?</blockquote>`,
		"Thunderbird, below":  `<div class="moz-cite-prefix">` + irish + `</div><blockquote type="cite">one?</blockquote><p>New words.</p><div class="moz-signature">-- <br>Cara</div>`,
		"Yahoo, below":        `<div class="yahoo_quoted"><div>` + irish + `</div><div>one?</div><div>two?</div></div><div>New words.</div>`,
		"GMX, below":          `<div name="quote"><div>Seolta: Luan</div><div>one?</div></div><div>New words.</div>`,
		"Outlook, in the old": `<div id="divRplyFwdMsg"><b>From:</b> S<br><b>Sent:</b> 5<br><b>To:</b> C<br></div><p>one?</p><p>New words.</p><p>two?</p>`,
	} {
		l := Parse([]byte("From: a@x.test\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page))
		sound(t, l)
		if got := l.NewText(); !strings.Contains(got, "New words.") {
			t.Errorf("%s: %q of %q", name, got, l.Text)
		}
	}
}

func TestATextThatThePageDoesNotSayStaysOpen(t *testing.T) {
	t.Parallel()
	const page = `<p>New words.</p><div class="yahoo_quoted"><p>old words here</p></div>`
	for _, text := range []string{"Other words.\n\nthat no page says\n", "New words.\n\nAnd these besides.\n\nAnd those.\n"} {
		l := Parse(withPictures(text, page))
		sound(t, l)
		if got := l.NewText(); got != strings.TrimSpace(text) {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestAPageOfTenThousandMarksIsReadLikeAnyOther(t *testing.T) {
	t.Parallel()
	const n = 10_000 // what is not linear does not come to an end
	for _, line := range []string{"-- \n", "On 5 Jan 2026 a@b.test:\n", "From: x\n", "external email click\n", "> a\nb\n"} {
		text := "New words.\n" + strings.Repeat(line, n)
		page := "<p>New words.</p>" + strings.Repeat(`<div class="moz-signature">x</div><div class="yahoo_quoted">`+line+`</div><div class="gmail_quote">`+line, n)
		sound(t, Parse(withPictures(text, page)))
	}
}
