package eml

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// spoken is what mail programs write in each language: Gmail's line, Apple
// Mail's, Thunderbird's, the labels of Outlook's block, and what stands between
// dashes.
const spoken = `
en|On Mon, Jan 5, 2026 at 10:00 AM Support <s@desk.test> wrote:|On 5 Jan 2026, at 10:00, Support <s@desk.test> wrote:|On 1/5/26 10:00, Support wrote:|From:,Sent:,To:,Subject:|Original Message
de|Am Mo., 5. Jan. 2026 um 10:00 Uhr schrieb Support <s@desk.test>:|Am 05.01.2026 um 10:00 schrieb Support <s@desk.test>:|Am 05.01.26 um 10:00 schrieb Support:|Von:,Gesendet:,An:,Betreff:|Ursprüngliche Nachricht
fr|Le lun. 5 janv. 2026 à 10:00, Support <s@desk.test> a écrit :|Le 5 janv. 2026 à 10:00, Support <s@desk.test> a écrit :|Le 05/01/2026 à 10:00, Support a écrit :|De :,Envoyé :,À :,Objet :|Message d'origine
es|El lun, 5 ene 2026 a las 10:00, Support (<s@desk.test>) escribió:|El 5 ene 2026, a las 10:00, Support <s@desk.test> escribió:|El 5/1/26 a las 10:00, Support escribió:|De:,Enviado:,Para:,Asunto:|Mensaje original
it|Il giorno lun 5 gen 2026 alle ore 10:00 Support <s@desk.test> ha scritto:|Il giorno 5 gen 2026, alle ore 10:00, Support <s@desk.test> ha scritto:|Il 05/01/2026 10:00, Support ha scritto:|Da:,Inviato:,A:,Oggetto:|Messaggio originale
pt-BR|Em seg., 5 de jan. de 2026 às 10:00, Support <s@desk.test> escreveu:|Em 5 de jan. de 2026, à(s) 10:00, Support <s@desk.test> escreveu:|Em 05/01/2026 10:00, Support escreveu:|De:,Enviado:,Para:,Assunto:|Mensagem original
pt-PT|Support <s@desk.test> escreveu (segunda, 5/01/2026 à(s) 10:00):|No dia 05/01/2026, às 10:00, Support <s@desk.test> escreveu:|Às 10:00 de 05/01/26, Support escreveu:|De:,Enviada:,Para:,Assunto:|Mensagem reencaminhada
nl|Op ma 5 jan 2026 om 10:00 schreef Support <s@desk.test>:|Op 5 jan 2026, om 10:00 heeft Support <s@desk.test> het volgende geschreven:|Op 5-1-2026 om 10:00 schreef Support:|Van:,Verzonden:,Aan:,Onderwerp:|Oorspronkelijk bericht
sv|Den mån 5 jan. 2026 kl 10:00 skrev Support <s@desk.test>:|5 jan. 2026 kl. 10:00 skrev Support <s@desk.test>:|Den 2026-01-05 kl. 10:00, skrev Support:|Från:,Skickat:,Till:,Ämne:|Ursprungligt meddelande
da|Den man. 5. jan. 2026 kl. 10.00 skrev Support <s@desk.test>:|Den 5. jan. 2026 kl. 10.00 skrev Support <s@desk.test>:|Den 05.01.2026 kl. 10.00 skrev Support:|Fra:,Sendt:,Til:,Emne:|Oprindelig meddelelse
nb|man. 5. jan. 2026 kl. 10:00 skrev Support <s@desk.test>:|5. jan. 2026 kl. 10:00 skrev Support <s@desk.test>:|Den 05.01.2026 10:00, skrev Support:|Fra:,Sendt:,Til:,Emne:|Opprinnelig melding
fi|ma 5. tammik. 2026 klo 10.00 Support (s@desk.test) kirjoitti:|Support <s@desk.test> kirjoitti 5.1.2026 kello 10.00:|Support kirjoitti 5.1.2026 klo 10.00:|Lähettäjä:,Lähetetty:,Vastaanottaja:,Aihe:|Alkuperäinen viesti
pl|pon., 5 sty 2026 o 10:00 Support <s@desk.test> napisał(a):|Wiadomość napisana przez Support <s@desk.test> w dniu 5 sty 2026, o godz. 10:00:|W dniu 5.01.2026 o 10:00, Support pisze:|Od:,Wysłano:,Do:,Temat:|Wiadomość oryginalna
cs|po 5. 1. 2026 v 10:00 odesílatel Support <s@desk.test> napsal:|5. 1. 2026 v 10:00, Support <s@desk.test>:|Dne 05. 01. 26 v 10:00 Support napsal(a):|Od:,Odesláno:,Komu:,Předmět:|Původní zpráva
sk|po 5. 1. 2026 o 10:00 Support <s@desk.test> napísal(a):|5. 1. 2026 o 10:00, Support <s@desk.test> napísal:|Dňa 5. 1. 2026 o 10:00 Support napísal(a):|Od:,Odoslané:,Komu:,Predmet:|Pôvodná správa
hu|Support <s@desk.test> ezt írta (időpont: 2026. jan. 5., H, 10:00):|2026. jan. 5. dátummal, 10:00 időpontban Support <s@desk.test> írta:|2026. 01. 05. 10:00 keltezéssel, Support írta:|Feladó:,Elküldve:,Címzett:,Tárgy:|Eredeti üzenet
ro|În lun., 5 ian. 2026 la 10:00, Support <s@desk.test> a scris:|Pe 5 ian. 2026, la 10:00, Support <s@desk.test> a scris:|La 05.01.2026 10:00, Support a scris:|De la:,Trimis:,Către:,Subiect:|Mesaj original
bg|На пн, 5.01.2026 г. в 10:00 Support <s@desk.test> написа:|На 5.01.2026 г., в 10:00, Support <s@desk.test> написа:|На 5.01.26 г. в 10:00 ч., Support написа:|От:,Изпратено:,До:,Относно:|Оригинално съобщение
ru|пн, 5 янв. 2026 г. в 10:00, Support <s@desk.test>:|5 янв. 2026 г., в 10:00, Support <s@desk.test> написал(а):|05.01.2026 10:00, Support пишет:|От:,Отправлено:,Кому:,Тема:|Исходное сообщение
uk|пн, 5 січ. 2026 р. о 10:00 Support <s@desk.test> пише:|5 січ. 2026 р. о 10:00 Support <s@desk.test> написав(ла):|05.01.26 10:00, Support пише:|Від:,Надіслано:,Кому:,Тема:|Переслане повідомлення
tr|Support <s@desk.test>, 5 Oca 2026 Pzt, 10:00 tarihinde şunu yazdı:|Support <s@desk.test> şunları yazdı (5 Oca 2026 10:00):|5.01.2026 10:00 tarihinde Support yazdı:|Kimden:,Gönderildi:,Kime:,Konu:|Orijinal Mesaj
el|Στις Δευ 5 Ιαν 2026 στις 10:00 π.μ., ο/η Support <s@desk.test> έγραψε:|5 Ιαν 2026, 10:00, ο χρήστης «Support <s@desk.test>» έγραψε:|Στις 5/1/2026 10:00 π.μ., ο/η Support έγραψε:|Από:,Στάλθηκε:,Προς:,Θέμα:|Αρχικό μήνυμα
he|‫בתאריך יום ב׳, 5 בינו׳ 2026 ב-10:00 מאת ‪Support‬‏ <‪s@desk.test‬‏>:‬|ב-5 בינו׳ 2026, בשעה 10:00, ‏Support <s@desk.test> כתב/ה:|‏בתאריך 05/01/2026 בשעה 10:00, Support כתב:|‏‏מאת:,‏‏נשלח:,‏‏אל:,‏‏נושא:|הודעה מקורית
ar|في الاثنين، 5 يناير 2026 في 10:00 ص تمت كتابة ما يلي بواسطة ‪Support‬‏ <‪s@desk.test‬‏>:|في ٥ يناير ٢٠٢٦، في ١٠:٠٠ ص، كتب/كتبت Support <s@desk.test>:|في 5‏/1‏/2026 10:00 ص، كتب Support:|من:,تم الإرسال:,إلى:,الموضوع:|الرسالة الأصلية
ja|2026年1月5日(月) 10:00 Support <s@desk.test>:|2026/01/05 10:00、Support <s@desk.test>のメール:|2026/01/05 10:00、Supportさんは書きました:|差出人:,送信日時:,宛先:,件名:|元のメッセージ
zh-Hans|Support <s@desk.test> 于2026年1月5日周一 10:00写道：|2026年1月5日 10:00，Support <s@desk.test> 写道：|在 2026/1/5 10:00, Support 写道:|发件人:,发送时间:,收件人:,主题:|原始邮件
zh-Hant|Support <s@desk.test> 於 2026年1月5日 週一 上午10:00寫道：|Support <s@desk.test> 於 2026年1月5日 上午10:00 寫道：|Support 於 2026/1/5 上午10:00 寫道:|寄件者：,寄件日期：,收件者：,主旨：|原始郵件
ko|2026년 1월 5일 (월) 오전 10:00, Support <s@desk.test>님이 작성:|2026. 1. 5. 오전 10:00, Support <s@desk.test> 작성:|2026-01-05 오전 10:00에 Support 이(가) 쓴 글:|보낸 사람:,보낸 날짜:,받는 사람:,제목:|원본 메시지
vi|Vào Th 2, 5 thg 1, 2026 vào lúc 10:00 Support <s@desk.test> đã viết:|Vào 5 thg 1, 2026, lúc 10:00, Support <s@desk.test> đã viết:|Vào lúc 10:00 05/01/2026, Support đã viết:|Từ:,Đã gửi:,Đến:,Chủ đề:|Thư gốc
th|ในวันที่ จ. 5 ม.ค. 2026 เวลา 10:00 Support <s@desk.test> เขียนว่า:|วันที่ 5 ม.ค. 2569 เวลา 10:00 Support <s@desk.test> เขียนว่า:|Support เขียนเมื่อ 5/1/2026 10:00:|จาก:,ส่ง:,ถึง:,เรื่อง:|ข้อความต้นฉบับ
id|Pada Sen, 5 Jan 2026 pukul 10.00 Support <s@desk.test> menulis:|Pada 5 Jan 2026, pukul 10.00, Support <s@desk.test> menulis:|Pada 05/01/2026 10.00, Support menulis:|Dari:,Dikirim:,Kepada:,Subjek:|Pesan Asli
ca|Missatge de Support <s@desk.test> del dia dl., 5 de gen. 2026 a les 10:00:|El 5 gen 2026, a les 10:00, Support <s@desk.test> va escriure:|El 5/1/26 a les 10:00, Support ha escrit:|De:,Enviat:,Per a:,Assumpte:|Missatge original
hr|pon, 5. sij 2026. u 10:00 Support <s@desk.test> napisao je:|Dana 5. sij 2026. u 10:00, Support <s@desk.test> napisao je:|Dana 05.01.2026. u 10:00, Support je napisao/la:|Od:,Poslano:,Prima:,Predmet:|Izvorna poruka
sr|пон, 5. јан 2026. у 10:00 Support <s@desk.test> је написао/ла:|Дана 5. јан 2026. у 10:00, Support <s@desk.test> је написао:|Дана 05.01.2026. у 10:00, Support је написао:|Од:,Послато:,За:,Наслов:|Оригинална порука
sl|V V pon., 5. jan. 2026 ob 10:00 je oseba Support <s@desk.test> napisala:|V 5. jan. 2026 ob 10:00 je Support <s@desk.test> napisal:|Dne 05. 01. 2026 ob 10:00 je Support napisal:|Od:,Poslano:,Za:,Zadeva:|Izvirno sporočilo
lt|2026-01-05, pr, 10:00 Support <s@desk.test> rašė:|2026-01-05 10:00, Support <s@desk.test> rašė:|2026-01-05 10:00, Support rašė:|Nuo:,Išsiųsta:,Kam:,Tema:|Originalus laiškas
lv|pirmd., 2026. g. 5. janv., plkst. 10:00 — lietotājs Support (<s@desk.test>) rakstīja:|2026. g. 5. janv. 10:00 Support <s@desk.test> rakstīja:|05.01.2026 10:00, Support rakstīja:|No:,Nosūtīts:,Kam:,Tēma:|Sākotnējais ziņojums
et|Kuupäev E, 5. jaanuar 2026 kell 10:00 kirjutas kasutaja Support (<s@desk.test>):|5. jaan 2026 kell 10:00 kirjutas Support <s@desk.test>:|Support kirjutas 05.01.2026 kell 10:00:|Saatja:,Saadetud:,Adressaat:,Teema:|Algne sõnum
is|mán., 5. jan. 2026 kl. 10:00 skrifaði Support <s@desk.test>:|Þann 5. jan. 2026 kl. 10:00 skrifaði Support <s@desk.test>:|Þann 5.1.2026 10:00, skrifaði Support:|Frá:,Sent:,Til:,Efni:|Upprunaleg skilaboð
fa|در تاریخ دوشنبه ۵ ژانویهٔ ۲۰۲۶ ساعت ۱۰:۰۰ Support <s@desk.test> نوشت:|در ۵ ژانویهٔ ۲۰۲۶ ۱۰:۰۰ Support <s@desk.test> نوشت:|در ۲۰۲۶/۰۱/۰۵ ۱۰:۰۰، Support نوشت:|از:,ارسال شده:,به:,موضوع:|پیام اصلی
hi|सोम, 5 जन॰ 2026 को 10:00 am बजे को Support <s@desk.test> ने लिखा:|5 जन॰ 2026 को 10:00 बजे, Support <s@desk.test> ने लिखा:|05/01/2026 10:00 को Support ने लिखा:|प्रेषक:,भेजा गया:,प्रति:,विषय:|मूल संदेश
ms|Pada Isn, 5 Jan 2026 10:00 Support <s@desk.test> menulis:|Pada 5 Jan 2026, 10:00, Support <s@desk.test> menulis:|Pada 05/01/2026 10:00, Support menulis:|Daripada:,Dihantar:,Kepada:,Subjek:|Mesej Asal
eu|Support igorleak hau idatzi du (<s@desk.test>, 2026 urt. 5, al. (10:00)):|5 urt. 2026, 10:00, Support <s@desk.test> idatzi du:|2026/01/05 10:00 Support igorleak idatzi zuen:|Nork:,Bidalia:,Nori:,Gaia:|Jatorrizko mezua
gl|O luns, 5 de xan. de 2026 ás 10:00, Support (<s@desk.test>) escribiu:|O 5 de xan. de 2026, ás 10:00, Support <s@desk.test> escribiu:|O 05/01/2026 10:00, Support escribiu:|De:,Enviado:,Para:,Asunto:|Mensaxe orixinal
af|Op Ma. 05 Jan. 2026 om 10:00 het Support <s@desk.test> geskryf:|Op 5 Jan 2026, om 10:00, het Support <s@desk.test> geskryf:|Op 05/01/2026 10:00 het Support geskryf:|Van:,Gestuur:,Aan:,Onderwerp:|Oorspronklike boodskap
fil|Noong Lun, Ene 5, 2026 nang 10:00 AM, isinulat ni Support <s@desk.test> ang:|Noong Ene 5, 2026, 10:00, isinulat ni Support <s@desk.test>:|Noong 05/01/2026 10:00, sumulat si Support:|Mula kay:,Petsa:,Kay:,Paksa:|Orihinal na mensahe
`

func TestEveryLanguageIsKnownInEveryForm(t *testing.T) {
	t.Parallel()
	known := 0
	for line := range strings.SplitSeq(strings.TrimSpace(spoken), "\n") {
		known++
		c := strings.Split(line, "|")
		labels := strings.Split(c[4], ",")
		gmail, apple, thunderbird, original := c[1], c[2], c[3], c[5]
		block := fmt.Sprintf("%s Support <s@desk.test>\n%s 5/1/2026 10:00\n%s Cara <c@x.test>\n%s Help\n", labels[0], labels[1], labels[2], labels[3])
		forms := map[string]string{
			"Gmail":                        gmail + "\n\n> old words\n>\n> more\n",
			"Gmail, wrapped":               wrapAt(gmail, 50) + "\n\n> old words\n> more\n",
			"Gmail, no marks":              gmail + "\n\nold words\nmore\n",
			"Gmail, wrapped, no marks":     wrapAt(gmail, 50) + "\n\nold words\nmore\n",
			"Apple":                        apple + "\n\n> old words\n> more\n",
			"Apple, no marks":              apple + "\n\nold words\nmore\n",
			"Apple, wrapped":               wrapAt(apple, 40) + "\n> old words\n> more\n",
			"Thunderbird":                  thunderbird + "\n> old words\n> more\n",
			"Thunderbird, wrapped":         wrapAt(thunderbird, 30) + "\n> old words\n> more\n",
			"Outlook":                      block + "\nold words\nmore\n",
			"Outlook, a rule":              "________________________________\n" + block + "\nold words\n",
			"Outlook, bold":                "*" + strings.ReplaceAll(block, ": ", ":* ") + "\nold words\n",
			"Outlook, empty lines between": strings.ReplaceAll(block, "\n", "\n\n") + "\nold words\n",
			"dashes":                       "-----" + original + "-----\n" + block + "\nold words\n",
			"dashes alone":                 "-------- " + original + " --------\nold words\n",
			"Proton's hyphens":             "‐‐‐‐‐‐‐ " + original + " ‐‐‐‐‐‐‐\nold words\n",
		}
		for name, form := range forms {
			if got := fresh("New words.\n\n" + form); got != "New words." {
				t.Errorf("%s, %s: left %q", c[0], name, got)
			}
		}
		pages := map[string]string{
			"Gmail":       `<div dir="auto">New words.</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">` + escaped(gmail) + `<br></div><blockquote class="gmail_quote" style="margin:0">old words</blockquote></div>`,
			"Apple":       `<div>New words.<br><div><blockquote type="cite"><div>` + escaped(apple) + `</div><br><div>old words</div></blockquote></div></div>`,
			"Apple 2":     `New words.<br><div><br><div>` + escaped(apple) + `</div><br class="Apple-interchange-newline"><blockquote type="cite">old words</blockquote></div>`,
			"Thunderbird": `<p>New words.</p><div class="moz-cite-prefix">` + escaped(thunderbird) + `<br></div><blockquote type="cite" cite="mid:x">old words</blockquote>`,
			"Outlook":     `<div class=WordSection1><p class=MsoNormal>New words.<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>` + labels[0] + `</b> Support &lt;s@desk.test&gt; <br><b>` + labels[1] + `</b> 5/1/2026 10:00<br><b>` + labels[2] + `</b> Cara<br><b>` + labels[3] + `</b> Help<o:p></o:p></p></div></div><p class=MsoNormal>old words</p></div>`,
			"a table":     `<p>New words.</p><table><tr><td><b>` + labels[0] + `</b></td><td>Support &lt;s@desk.test&gt;</td></tr><tr><td><b>` + labels[1] + `</b></td><td>5/1/2026 10:00</td></tr><tr><td><b>` + labels[2] + `</b></td><td>Cara</td></tr><tr><td><b>` + labels[3] + `</b></td><td>Help</td></tr></table><p>old words</p>`,
			"marks gone":  `<p>New words.</p><p>` + escaped(gmail) + `</p><p>old words</p>`,
		}
		for name, page := range pages {
			if l := Parse([]byte("From: a@x.test\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page)); l.NewText() != "New words." {
				t.Errorf("%s, %s as a page: left %q of %q", c[0], name, l.NewText(), l.Text)
			}
		}
	}
	if known < len(languages) {
		t.Errorf("%d samples for %d languages", known, len(languages))
	}
}

func escaped(s string) string { return strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(s) }

// wrapAt breaks a line at blanks, as senders of text/plain do.
func wrapAt(s string, width int) string {
	var b strings.Builder
	n := 0
	for i, w := range strings.Fields(s) {
		if i > 0 && n+utf8.RuneCountInString(w) > width {
			b.WriteByte('\n')
			n = 0
		} else if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w)
		n += utf8.RuneCountInString(w) + 1
	}
	return b.String()
}
