package eml

import (
	"strings"
	"testing"
	"time"

	"postdesk/core"
	tongue "postdesk/core/language"
)

func TestWhatProgramsAddIsFolded(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"Sent from my iPhone", "Sent from my Galaxy", "Sent from Outlook for Android", "Get Outlook for iOS<https://aka.ms/o0ukef>", "Sent from Mail for Windows", "Sent from Yahoo Mail on Android", "Sent from my Huawei phone", "Sent from my Xiaomi", "Sent with Proton Mail secure email.", "Sent via the Samsung Galaxy S21, an AT&T 5G smartphone",
		"Von meinem iPhone gesendet", "Gesendet mit der GMX Mail App", "Gesendet von Outlook für Android", "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.", "Envoyé de mon iPhone", "Envoyé depuis mon appareil Galaxy", "Télécharger Outlook pour Android", "Obtenez Outlook pour iOS", "Enviado desde mi iPhone", "Obtener Outlook para Android", "Enviado desde mi dispositivo Huawei",
		"Inviato da iPhone", "Inviato dal mio dispositivo Huawei", "Ottieni Outlook per Android", "Enviado do meu iPhone", "Obter o Outlook para iOS", "Enviado a partir do meu smartphone Samsung Galaxy.", "Verstuurd vanaf mijn iPhone", "Verzonden via Outlook voor Android", "Skickat från min iPhone", "Hämta Outlook för iOS", "Sendt fra min iPhone", "Hent Outlook til Android", "Få Outlook for iOS", "Lähetetty iPhonesta", "Hanki Outlook Androidille",
		"Wysłane z iPhone'a", "Pobierz program Outlook dla systemu Android", "Odesláno z iPhonu", "Získejte Outlook pro Android", "Odoslané z iPhonu", "Az iPhone-omról küldve", "Elküldve az iPhone-omról", "Trimis de pe iPhone-ul meu", "Obțineți Outlook pentru Android", "Изпратено от моя iPhone", "Отправлено с iPhone", "Отправлено из мобильной Почты Mail.ru", "Скачать Outlook для Android", "Надіслано з iPhone", "iPhone'umdan gönderildi", "Android için Outlook’u edinin", "Στάλθηκε από το iPhone μου",
		"נשלח מה-iPhone שלי", "أُرسلت من الـ iPhone", "iPhoneから送信", "Androidから送信", "发自我的iPhone", "从 Windows 版邮件发送", "從我的iPhone傳送", "나의 iPhone에서 보냄", "Được gửi từ iPhone của tôi", "ส่งจาก iPhone ของฉัน", "Dikirim dari iPhone saya",
		"Virus-free.www.avast.com", "This email has been checked for viruses by Avast antivirus software.\nwww.avast.com", "Virenfrei.www.avg.com", "Diese E-Mail wurde von Avast-Antivirussoftware auf Viren geprüft.\nwww.avast.com", "Garanti sans virus. www.avast.com", "Libre de virus.www.avast.com",
		"This email and any attachments are confidential and intended solely for the addressee.", "Diese E-Mail enthält vertrauliche Informationen.\nWenn Sie nicht der richtige Adressat sind, löschen Sie sie.", "Ce message est confidentiel et destiné à son seul destinataire.", "Este mensaje es confidencial y va dirigido a su destinatario.", "Questo messaggio è riservato ai soli destinatari.", "Dit bericht is vertrouwelijk en alleen bestemd voor de geadresseerde.", "Esta mensagem é confidencial.", "Ta wiadomość jest poufna.", "Данное сообщение является конфиденциальным.", "Please consider the environment before printing this email.",
		"-- \nCara\nAcme Ltd", "--\nCara\n+49 30 1234567", "—\nCara\nwww.acme.test", "__\nCara",
		"________________________________\nUsers mailing list -- users@x.test\nTo unsubscribe send an email to users-leave@x.test",
		"-- \nYou received this message because you are subscribed to the Google Groups \"x\" group.\nTo unsubscribe from this group, send an email.",
	} {
		if got := fresh("New words.\n\n" + line + "\n"); got != "New words." {
			t.Errorf("%q left %q", line, got)
		}
		if got := fresh("New words.\n\n" + line + "\n\nOn Mon, 5 Jan 2026 at 10:00, S <s@desk.test> wrote:\n\n> old\n"); got != "New words." {
			t.Errorf("%q over a quote left %q", line, got)
		}
		if got := fresh(line + "\n"); got != strings.TrimSpace(line) {
			t.Errorf("%q alone became %q", line, got)
		}
	}
}

func TestBannersOfGatewaysAreFoldedAtTheTop(t *testing.T) {
	t.Parallel()
	for _, banner := range []string{
		"CAUTION: This email originated from outside of the organization. Do not click links or open attachments unless you recognize the sender and know the content is safe.",
		"CAUTION: This email originated from outside of the organization. Do not click\nlinks or open attachments unless you recognize the sender and know the content\nis safe.",
		"[EXTERNAL EMAIL] DO NOT CLICK links or attachments unless you recognize the sender.",
		"*** EXTERNAL EMAIL ***",
		"⚠️ External sender. Be careful with links.",
		"You don't often get email from cara@x.test. Learn why this is important<https://aka.ms/LearnAboutSenderIdentification>",
		"Some people who received this message don't often get email from cara@x.test. Learn why this is important",
		"ACHTUNG: Diese E-Mail stammt von einem externen Absender. Klicken Sie nicht auf Links.",
		"Sie erhalten nicht häufig E-Mails von cara@x.test. Erfahren Sie, warum dies wichtig ist",
		"ATTENTION : ce courriel provient de l'extérieur de l'organisation. Ne cliquez pas sur les liens.",
		"PRECAUCIÓN: este correo electrónico se originó fuera de la organización. No haga clic en enlaces.",
		"ATTENZIONE: questa e-mail proviene dall'esterno dell'organizzazione.",
		"LET OP: deze e-mail is afkomstig van buiten de organisatie. Klik niet op links.",
		"ВНИМАНИЕ: это письмо от внешнего отправителя. Не открывайте вложения.",
		"【外部メール】添付ファイルとリンクに注意してください。",
	} {
		for _, between := range []string{"\n\n", "\n________________________________\n\n", "\n"} {
			text := banner + between + "New words. Please help.\n"
			if got := fresh(text); got != "New words. Please help." {
				t.Errorf("%q left %q", banner, got)
			}
		}
		if got := fresh(banner + "\n"); got != banner {
			t.Errorf("%q alone became %q", banner, got)
		}
	}
	for _, text := range []string{
		"Caution: the pump leaks.\n\nHelp!", "Important!\n\nI come from outside the city.", "External disk is broken.\n\nIt clicks.", "Hello,\n\nCAUTION: This email originated from outside of the organization.\n\nWhat is that?",
		"Attention please\nMy order is late, I am at an external site and cannot open the door.",
	} {
		if got := fresh(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestOurOwnMailsAreKnownWhateverIsDoneToThem(t *testing.T) {
	t.Parallel()
	older := core.ReplyAbove + "\n\nOn 5 January 2026, 10:00 UTC, Abe wrote:\n> We are sorry.\n>\n> Abe\n\nOn 4 January 2026, 10:00 UTC, Cara wrote:\n> It leaks.\n"
	for name, text := range map[string]string{
		"as it is":                  older,
		"without quote marks":       strings.ReplaceAll(older, "> ", ""),
		"in one paragraph":          strings.ReplaceAll(strings.ReplaceAll(older, "> ", ""), "\n", " ") + "\n",
		"without dashes":            strings.Trim(core.ReplyAbove, "- ") + "\n\nWe are sorry.\n",
		"with long dashes":          "— Please reply above this line —\n\nWe are sorry.\n",
		"bold":                      "*-- Please reply above this line --*\n\nWe are sorry.\n",
		"marker gone":               strings.TrimPrefix(older, core.ReplyAbove),
		"a copy":                    core.CopyNotice + "\n\nWe are sorry.\n\nAbe\n",
		"translated, German":        "-- Bitte antworten Sie oberhalb dieser Zeile --\n\nEs tut uns leid.\n",
		"translated, French":        "-- Veuillez répondre au-dessus de cette ligne --\n\nPardon.\n",
		"translated, Spanish":       "-- Por favor, responda por encima de esta línea --\n\nPerdón.\n",
		"translated, Italian":       "-- Si prega di rispondere sopra questa riga --\n\nScusi.\n",
		"translated, Portuguese":    "-- Por favor, responda acima desta linha --\n\nDesculpe.\n",
		"translated, Dutch":         "-- Gelieve boven deze regel te antwoorden --\n\nSorry.\n",
		"translated, Polish":        "-- Prosimy o odpowiedź powyżej tej linii --\n\nPrzepraszamy.\n",
		"translated, Russian":       "-- Пожалуйста, ответьте выше этой строки --\n\nИзвините.\n",
		"translated, Ukrainian":     "-- Будь ласка, дайте відповідь над цим рядком --\n\nВибачте.\n",
		"translated, Turkish":       "-- Lütfen bu satırın üzerine yanıt verin --\n\nÜzgünüz.\n",
		"translated, Japanese":      "-- この行より上に返信してください --\n\nすみません。\n",
		"translated, Chinese":       "-- 请在此行上方回复 --\n\n对不起。\n",
		"translated, Korean":        "-- 이 줄 위에 답장해 주세요 --\n\n죄송합니다.\n",
		"translated, Arabic":        "-- يرجى الرد فوق هذا السطر --\n\nآسف.\n",
		"another help desk's":       "##- Please type your reply above this line -##\n\nWe are sorry.\n",
		"another's, in German":      "##- Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein -##\n\nEs tut uns leid.\n",
		"below a client's own line": "Ar 5 Ean 2026, scríobh Abe:\n" + older,
	} {
		got := fresh("New words.\n\n" + text)
		if name == "below a client's own line" {
			got = strings.TrimSuffix(got, "\n\nAr 5 Ean 2026, scríobh Abe:")
		}
		if got != "New words." {
			t.Errorf("%s: left %q", name, got)
		}
	}
	for _, text := range []string{"I wrote all that above this line.\n\nAnd below.", "As I said above this line of dashes\n\nMore."} {
		if got := fresh(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// TestOurOwnMailsAreKnownInEachLanguage: an answer above them is all that is new.
func TestOurOwnMailsAreKnownInEachLanguage(t *testing.T) {
	t.Parallel()
	markers, notices := core.InEachLanguage(core.ReplyAbove), core.InEachLanguage(core.CopyNotice)
	for i, tag := range tongue.All() {
		if i > 0 && (markers[i] == markers[0] || notices[i] == notices[0]) {
			t.Errorf("%s has no lines of its own", tag)
		}
		head := tag.Say("On {date}, {author} wrote:", "date", tag.Time(time.Date(2026, 3, 2, 8, 30, 0, 0, time.UTC), tongue.Long)+" CET (+01:00)", "author", "Abe Agent")
		for name, text := range map[string]string{
			"the history":         markers[i] + "\n\n" + head + "\n> We are sorry.\n",
			"without quote marks": markers[i] + "\n\n" + head + "\nWe are sorry.\n",
			"without dashes":      strings.Trim(markers[i], "- ") + "\n\nWe are sorry.\n",
			"the quote alone":     head + "\n> We are sorry.\n",
			"a copy":              notices[i] + "\n\nWe are sorry.\n\nAbe\n",
		} {
			if got := fresh("New words.\n\n" + text); got != "New words." {
				t.Errorf("%s, %s: left %q", tag, name, got)
			}
		}
	}
}

func TestPastedFieldsDoNotSwallowWhatFollows(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Hi,\n\nI got this:\nFrom: x@y.test\nDate: 5 Jan 2026\nTo: me\nSubject: Pay\n\nIs it real?",
		"Hi,\n\nFrom: Berlin\nTo: Munich\nSubject: my trip\n\nWhen does the train leave?",
		"Hi,\n\nTo: Support\nSubject: pump\n\nIt leaks.",
		"Hi,\n\nDate: 5.1.2026\nSubject: pump\n\nIt leaks.",
		"Hi,\n\nFrom: Monday\nDate: open\n\nI am away.",
	} {
		if got := fresh(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}
