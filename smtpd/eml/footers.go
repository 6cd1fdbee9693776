package eml

import (
	"slices"
	"strings"
)

// isDeviceLine knows the line that phones, mail programs and virus scanners add.
func isDeviceLine(s string) bool {
	if len(s) > 300 {
		return false
	}
	s = strings.TrimLeft(normal(s), "<([*_ \t")
	for _, p := range devicePrefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	for _, e := range deviceEnds {
		if strings.HasSuffix(strings.TrimRight(s, ".。>])* \t"), e) {
			return true
		}
	}
	return isScannerLine(s)
}

// deviceEnds end such a line in languages that say where last what it was sent with.
var deviceEnds = []string{" from mobile", "から送信", "から送信されました", "에서 보냄", "에서 보낸 메일", "에서 전송", " 傳送", "发送", "發送", "发送的", "발송", "보냈습니다", " gesendet", " geschickt", " küldve", "'umdan gönderildi", "'imden gönderildi", "'ten gönderildi", "gönderildi", "से भेजा गया", "bidalia"}

// isScannerLine knows the adverts of virus scanners. A line of them names one, or
// says that there was none in very few words.
func isScannerLine(lower string) bool {
	if containsAny(lower, []string{"avast.com", "avg.com", "avast antivirus", "avg.", "by avast", "von avast", "par avast", "da avast", "por avast", "door avast", "mailscanner", "esetnod32", "eset nod32", "nospamproxy", "kaspersky", "mcafee", "bitdefender", "f-secure", "clamav", "avira"}) {
		return containsAny(lower, []string{"virus", "vírus", "wirus", "вирус", "вірус", "ウイルス", "病毒", "바이러스", "ιού", "www.", "scanned", "antivir"})
	}
	return len(lower) < 60 && slices.ContainsFunc([]string{"virus-free", "virenfrei", "sans virus", "garanti sans virus", "libre de virus", "privo di virus", "virusvrij", "livre de vírus", "não contém vírus", "bez wirusów", "wolny od wirusów", "virusfri", "без вирусов", "virusmentes", "neobsahuje žádné viry"}, func(w string) bool { return strings.HasPrefix(lower, w) })
}

// Gateways write a banner over mail from outside. It begins with a bannerStart,
// and all of its lines speak of it.
var bannerStarts = []string{
	"caution", "warning", "external", "extern", "attention", "alert", "be careful", "notice", "important", "security", "this email originated", "this message originated", "this e-mail originated", "this email was sent from outside", "this email is from", "this message is from", "this message was sent from outside", "this email came from outside", "this sender is", "you don't often get email", "you do not often get email", "some people who received this message", "do not click", "think before you click",
	"achtung", "vorsicht", "warnung", "hinweis", "diese e-mail kommt von", "diese e-mail stammt", "diese nachricht stammt", "diese nachricht kommt", "diese email stammt", "sie erhalten nicht", "sie erhalten nicht häufig", "einige personen", "avertissement", "prudence", "ce message provient", "ce courriel provient", "cet e-mail provient", "cet email provient", "courriel externe", "vous n'obtenez pas souvent", "vous ne recevez pas souvent",
	"precaución", "advertencia", "atención", "aviso", "cuidado", "este correo electrónico se originó", "este correo proviene", "correo externo", "no suele recibir", "no sueles recibir", "attenzione", "avviso", "questa e-mail proviene", "questo messaggio proviene", "non si riceve spesso", "let op", "waarschuwing", "deze e-mail is afkomstig", "dit bericht is afkomstig", "u ontvangt niet vaak",
	"atenção", "cuidado", "este e-mail foi originado", "este email foi enviado de fora", "varning", "obs!", "det här e-postmeddelandet", "advarsel", "denne e-post", "denne mail kommer", "varoitus", "huomio", "tämä sähköposti", "uwaga", "ostrzeżenie", "ta wiadomość pochodzi", "upozornění", "pozor", "tento e-mail pochází", "figyelem", "atenție", "внимание", "осторожно", "увага", "обережно", "dikkat", "uyarı", "προσοχή", "זהירות", "שים לב", "تنبيه", "تحذير", "注意", "警告", "外部", "【外部", "주의", "경고", "외부", "cảnh báo", "peringatan", "perhatian",
}

// bannerWords say that a mail is from outside.
var bannerWords = []string{
	"originated from outside", "originated outside", "from outside", "outside of the organization", "outside the organization", "outside of your organization", "outside your organization", "outside of our", "outside our", "external email", "external e-mail", "external mail", "external sender", "external source", "external message", "[external", "*external", "externe e-mail", "externe email", "externe mail", "externe nachricht", "externer absender", "externen absender", "externes mail", "often get email", "außerhalb", "nicht häufig", "nicht oft",
	"l'extérieur", "expéditeur externe", "courriel externe", "source externe", "pas souvent", "fuera de", "remitente externo", "correo externo", "no suele", "no sueles", "mittente esterno", "all'esterno", "dall'esterno", "e-mail esterna", "fonte esterna", "di fuori", "non si riceve spesso", "van buiten", "buiten de", "externe afzender", "niet vaak", "remetente externo", "e-mail externo", "mensagem externa", "fora da", "utanför", "extern avsändare", "externt mejl", "externt meddelande", "udenfor", "uden for", "utenfor", "ekstern a", "ekstern e-", "ekstern mail", "ulkopuoli", "ulkoinen", "spoza", "zewnętrzn", "mimo organizaci", "extern avsänd", "expeditor extern", "külső", "kívülről", "din afara",
	"внешн", "извне", "за пределами", "вне организации", "зовнішн", "за межами", "kuruluş dışı", "dışından", "harici", "εκτός", "εξωτερικ", "חיצוני", "מחוץ", "خارج", "外部", "社外", "외부", "bên ngoài", "dari luar", "eksternal",
}

// bannerGoesOn are what the further lines of a banner are about.
var bannerGoesOn = []string{
	"click", "links", "link ", "attachment", "open ", "sender", "recogni", "trust", "safe", "phish", "suspicious", "learn why", "password", "klick", "anhäng", "anlagen", "absender", "erfahren sie", "cliqu", "pièces jointes", "expéditeur", "haga clic", "adjunt", "remitente", "clic", "allegat", "mittente", "klik", "bijlage", "afzender", "clique", "anexos", "klicka", "bilag", "bifogade", "vedlegg", "liit", "klikaj", "załącznik", "přílo", "melléklet", "вложени", "ссылк", "вкладен", "tıkla", "συνημμένα", "リンク", "添付", "链接", "附件", "連結", "링크", "첨부",
}

// banner tells how many lines at the top are what a gateway put there.
func (t *trimmer) banner() int {
	i := t.after(0)
	if i >= len(t.lines) || !beginsBanner(t.of(i)) {
		return 0
	}
	end, outside := i, false
	for n := 0; i < len(t.lines) && n < 12; n++ {
		if t.lines[i].kind == lineBlank {
			if outside {
				break
			}
			i++
			continue
		}
		s := normal(cut(t.of(i), 500))
		if tells := containsAny(s, bannerWords); tells {
			outside = true
		} else if n > 0 && !containsAny(s, bannerGoesOn) && t.lines[i].kind != lineRule || n == 0 && len(s) > 40 && !containsAny(s, bannerGoesOn) {
			break
		}
		i++
		end = i
	}
	if !outside {
		return 0
	}
	if t.is(end, lineRule) {
		end++
	}
	return end
}

func beginsBanner(s string) bool {
	s = strings.TrimLeft(normal(cut(s, 200)), "-_*=#~+<>|[](){}!⚠️🛑❗ \t\"'")
	return slices.ContainsFunc(bannerStarts, func(w string) bool { return strings.HasPrefix(s, w) })
}

// footerStarts begin legal footers; confidenceWords are what they are about.
var footerStarts = prefixesOf(
	"this e-mail", "this email", "this message", "this communication", "this transmission", "the information contained", "the information in this", "the information transmitted", "the contents of this", "confidentiality", "disclaimer", "legal notice", "legal disclaimer", "notice:", "important notice", "caution:", "privileged", "privacy notice",
	"diese e-mail", "diese mail", "diese nachricht", "der inhalt dieser", "vertraulichkeit", "ce message", "ce courriel", "cet e-mail", "cet email", "les informations contenues", "avis de confidentialité", "este mensaje", "este correo", "la información contenida", "aviso legal", "aviso de confidencialidad", "questo messaggio", "questa e-mail", "le informazioni contenute",
	"dit bericht", "deze e-mail", "de informatie in", "esta mensagem", "este e-mail", "este email", "as informações", "detta meddelande", "denna e-post", "denne e-post", "denne e-mail", "ta wiadomość", "niniejsza wiadomość", "данное сообщение", "настоящее сообщение", "это сообщение", "tento e-mail", "ez az üzenet", "bu e-posta", "本メール", "本邮件", "此邮件",
	"the contents of this", "este mensaje", "se você recebeu", "si vous avez reçu", "si usted ha recibido", "wenn sie nicht der", "if you are not the intended", "if you have received this", "im falle", "der inhalt", "le contenu de ce", "il presente messaggio", "il contenuto di questo", "ai sensi", "de inhoud van dit", "o conteúdo desta", "treść tej wiadomości", "tato zpráva", "táto správa", "tento email", "jelen üzenet", "acest mesaj", "acest e-mail", "това съобщение", "це повідомлення", "настоящее электронное",
	"το παρόν μήνυμα", "αυτό το μήνυμα", "הודעה זו", "המידע הכלול", "هذه الرسالة", "هذا البريد", "このメール", "このeメール", "本電子メール", "本邮件", "本郵件", "此电子邮件", "此郵件", "이 메일", "본 메일", "본 이메일", "이 이메일", "thư này", "email này", "อีเมลนี้", "อีเมล์นี้", "pesan ini", "email ini", "surel ini", "tämä viesti", "tämä sähköposti", "denne meddelelse", "denne meldingen", "dette meddelande", "det här meddelandet", "informationen i detta",
	"please consider the environment", "p please consider", "think before you print", "save paper", "bitte denken sie an die umwelt", "bitte prüfen sie", "pensez à l'environnement", "merci de penser à l'environnement",
)

var confidenceWords = []string{
	"confidential", "privileged", "intended recipient", "intended only", "intended solely", "intended for", "vertraulich", "bestimmt", "confidentiel", "destinataire", "confidencial", "destinatario", "riservat", "destinatari", "vertrouwelijk", "geadresseerde", "konfidenti", "avsedd", "fortrolig", "poufn", "adresat",
	"конфиденциальн", "důvěrn", "bizalmas", "gizli", "機密", "保密", "机密",
	"print", "drucken", "imprimer", "imprimir", "stampare", "luottamuksell", "vertraul", "geheim", "dôvern", "confidenți", "confidential", "поверителн", "конфіденційн", "εμπιστευτικ", "חסוי", "סודי", "سرية", "سري", "기밀", "bảo mật", "ความลับ", "rahasia", "taushetsplikt", "konfidentiel", "legally", "секретн",
}
