package eml

import "strings"

// The fields of a mail header as they stand over a quote.
const (
	isFrom = 1 << iota
	isDate
	isTo
	isCc
	isSubject
	isReplyTo
)

// fieldNames are those fields in the languages of mail programs, lower case.
var fieldNames = func() map[string]int {
	names := map[int]string{
		isFrom:    "from|von|de|da|van|fra|från|od|от|від|lähettäjä|feladó|gönderen|kimden|από|odesílatel|odosielateľ|expéditeur|remitente|mittente|afzender|de la|nuo|kellelt|no|差出人|送信者|发件人|發件人|寄件者|寄件人|보낸 사람|보낸사람|מאת|من|จาก|từ|dari",
		isDate:    "sent|date|gesendet|datum|envoyé|envoyé le|enviado|enviado el|enviado em|fecha|data|inviato|inviata|verzonden|sendt|dato|skickat|wysłano|wysłane|отправлено|дата|надіслано|lähetetty|päivämäärä|päiväys|elküldve|dátum|gönderildi|tarih|gönderme tarihi|ημερομηνία|στάλθηκε|odesláno|odoslané|trimis|data trimiterii|išsiųsta|送信日時|日時|日付|发送时间|發送時間|时间|日期|寄件日期|보낸 날짜|날짜|נשלח|תאריך|تاريخ الإرسال|التاريخ|วันที่|ngày|đã gửi|tanggal",
		isTo:      "to|an|à|a|para|aan|til|till|do|кому|vastaanottaja|címzett|kime|alıcı|προς|komu|către|kam|destinataire|destinatario|宛先|收件人|收件者|받는 사람|받는사람|אל|إلى|ถึง|đến|tới|kepada",
		isCc:      "cc|bcc|kopie|kopia|kopio|копия|copie à|copia|抄送|副本|참조",
		isSubject: "subject|betreff|objet|asunto|oggetto|onderwerp|assunto|emne|ämne|temat|тема|aihe|tárgy|konu|θέμα|předmět|predmet|subiect|tema|件名|主题|主題|主旨|제목|נושא|الموضوع|เรื่อง|chủ đề|subjek|perihal",
		isReplyTo: "reply-to|reply to|antwort an|répondre à|responder a|rispondi a|odpowiedz do",
	}
	m := make(map[string]int)
	for f, list := range names {
		for _, name := range strings.Split(list, "|") {
			m[name] |= f
		}
	}
	for name, f := range m { // one name may be two fields in two languages: take it for the first
		m[name] = f & -f
	}
	return m
}()

// wroteWords say "wrote" in an attribution.
var wroteWords = []string{
	"wrote", " writes:", "schrieb", "geschrieben", "a écrit", "a ecrit", "écrit :", "escribió", "escribio", "escribió:", "ha scritto", "scrive:", "escreveu", "schreef", "geschreven", "skrev", "skreiv", "kirjoitti",
	"napisał", "pisze:", "napsal", "napísal", "написал", "писал", "пише", "написав", "пишет", "írta", "írt:", "a scris", "έγραψε", "yazdı", "şunu yazdı", "rašė", "kirjutas", "rakstīja", "napisao", "napisala", "je pisal", "escrigué", "va escriure", "idatzi",
	"のメール", "さんは書きました", "写道", "寫道", "来信", "님이 작성", "작성:", "כתב", "‏כתב", "كتب", "đã viết", "menulis", "เขียน", "ने लिखा", "shkroi", "skrifaði", "пользователь",
}

// attributionStarts are first words of attributions: "on", weekdays, months.
var attributionStarts = func() map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(`on am le el il op den em dnia dne dňa v в in no 在 於 at date: pada vào tarihinde kl el/la a
		mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonntag
		lun mar mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado domingo dom gio sab lunedì martedì mercoledì giovedì venerdì sabato domenica
		seg ter qua qui sex maandag dinsdag woensdag donderdag vrijdag zaterdag zondag ma ti ke to pe la su man tir ons tor fre lør søn mån tis lör sön
		pon wt śr czw pt niedz pn wto sob nd понедельник вторник среда среду четверг пятница пятницу суббота субботу воскресенье пн вт ср чт пт сб вс po út st čt pá so ne
		jan feb mar apr may jun jul aug sep oct nov dec january february march april june july august september october november december`) {
		m[w] = true
	}
	return m
}()

// historyWords stand alone between dashes where an older mail begins.
var historyWords = []string{
	"original message", "original appointment", "originalmessage", "reply message", "forwarded message", "forwarded by", "begin forwarded message", "original email", "original mail", "message original", "previous message", "end of reply",
	"ursprüngliche nachricht", "originalnachricht", "original-nachricht", "weitergeleitete nachricht", "urspr", "message d'origine", "message d’origine", "message transféré", "message original", "mensaje original", "mensaje reenviado", "messaggio originale", "messaggio inoltrato",
	"oorspronkelijk bericht", "origineel bericht", "doorgestuurd bericht", "ursprungligt meddelande", "vidarebefordrat meddelande", "opprinnelig melding", "videresendt melding", "oprindelig meddelelse", "videresendt meddelelse", "alkuperäinen viesti", "välitetty viesti",
	"mensagem original", "mensagem encaminhada", "oryginalna wiadomość", "wiadomość oryginalna", "wiadomość przekazana", "исходное сообщение", "пересылаемое сообщение", "пересланное сообщение", "оригинальное сообщение", "původní zpráva", "přeposlaná zpráva", "pôvodná správa", "eredeti üzenet", "továbbított",
	"mesaj original", "mesaj redirecționat", "orijinal mesaj", "iletilmiş mesaj", "αρχικό μήνυμα", "προωθημένο μήνυμα", "原始邮件", "原始郵件", "转发邮件", "轉寄郵件", "元のメッセージ", "転送メッセージ", "원본 메시지", "전달된 메시지", "הודעה מקורית", "הודעה שהועברה", "thư gốc",
}

// forwardWords begin a forwarded mail without dashes.
var forwardWords = []string{"begin forwarded message:", "anfang der weitergeleiteten nachricht:", "début du message réexpédié", "début du message transféré", "inicio del mensaje reenviado:", "inizio messaggio inoltrato:", "begin doorgestuurd bericht:", "vidarebefordrat brev:", "start på vidaresendt melding:", "início da mensagem encaminhada:", "początek przekazywanej wiadomości:", "начало переадресованного сообщения:", "転送されたメッセージ"}

// isHistoryMark knows a line after which an older mail stands: ours, "please reply
// above this line", and that of other programs.
func isHistoryMark(s string) bool {
	if len(s) > 200 {
		return false
	}
	lower := strings.ToLower(s)
	if strings.Contains(lower, "above this line") || strings.Contains(lower, "reply above") || strings.Contains(lower, "über dieser zeile") || strings.Contains(lower, "au-dessus de cette ligne") || strings.Contains(lower, "por encima de esta línea") {
		return true
	}
	bare := strings.Trim(lower, "-_*=# \t:")
	if len(bare) == len(lower) || bare == "" || len(bare) > 80 {
		return false
	}
	for _, w := range historyWords {
		if strings.HasPrefix(bare, w) {
			return true
		}
	}
	return strings.HasPrefix(lower, "--") && containsAny(bare, wroteWords) && strings.ContainsAny(bare, "0123456789@")
}

// isDeviceLine knows the line that phones and mail programs add.
func isDeviceLine(s string) bool {
	if len(s) > 160 {
		return false
	}
	s = strings.TrimLeft(strings.ToLower(s), "<([*_ ")
	for _, p := range devicePrefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return strings.HasSuffix(s, " from mobile") || strings.HasSuffix(s, "から送信") || strings.HasSuffix(s, "에서 보냄") || strings.HasSuffix(s, " 傳送") || strings.HasSuffix(s, "발송")
}

var devicePrefixes = []string{
	"sent from my ", "sent from a ", "sent from mobile", "sent from mail", "sent from [mail", "sent from yahoo", "sent from outlook", "sent from windows", "sent from samsung", "sent from proton", "sent from gmail", "sent from iphone", "sent from ipad", "sent from android", "sent from aol", "sent from blackberry", "sent from surface",
	"sent from nine", "sent from spark", "sent from fastmail", "sent from workspace", "sent via ", "sent with ", "sent by galaxy", "sent using ", "from my iphone", "from my ipad", "from my android", "get outlook for", "get [outlook for", "download outlook",
	"envoyé depuis", "envoyé de mon", "envoyé à partir", "envoyé avec", "von meinem ", "gesendet mit ", "gesendet von ", "diese nachricht wurde von meinem", "holen sie sich outlook", "outlook für ", "obtenez outlook", "obtener outlook", "télécharger outlook",
	"enviado desde", "enviado do ", "enviado de ", "enviado a partir", "enviado con ", "inviato da", "inviato dal", "ottieni outlook", "obter o outlook", "verzonden met", "verzonden vanaf", "verstuurd vanaf", "downloaden outlook", "sendt fra ", "skickat från", "skickades från", "hämta outlook", "lähetetty ", "hanki outlook",
	"wysłane z", "wysłano z", "pobierz outlook", "отправлено с", "отправлено из", "надіслано з", "odesláno z", "odoslané z", "elküldve", "trimis de pe", "iphone'umdan", "iphone’umdan", "στάλθηκε από", "发自我的", "從我的", "从我的", "發自我的", "傳自我的",
}

// footerStarts begin legal footers; confidenceWords are what they are about.
var footerStarts = []string{
	"this e-mail", "this email", "this message", "this communication", "this transmission", "the information contained", "the information in this", "the information transmitted", "the contents of this", "confidentiality", "disclaimer", "legal notice", "legal disclaimer", "notice:", "important notice", "caution:", "privileged", "privacy notice",
	"diese e-mail", "diese mail", "diese nachricht", "der inhalt dieser", "vertraulichkeit", "ce message", "ce courriel", "cet e-mail", "cet email", "les informations contenues", "avis de confidentialité", "este mensaje", "este correo", "la información contenida", "aviso legal", "aviso de confidencialidad", "questo messaggio", "questa e-mail", "le informazioni contenute",
	"dit bericht", "deze e-mail", "de informatie in", "esta mensagem", "este e-mail", "este email", "as informações", "detta meddelande", "denna e-post", "denne e-post", "denne e-mail", "ta wiadomość", "niniejsza wiadomość", "данное сообщение", "настоящее сообщение", "это сообщение", "tento e-mail", "ez az üzenet", "bu e-posta", "本メール", "本邮件", "此邮件",
}

var confidenceWords = []string{
	"confidential", "privileged", "intended recipient", "intended only", "intended solely", "intended for", "vertraulich", "bestimmt", "confidentiel", "destinataire", "confidencial", "destinatario", "riservat", "destinatari", "vertrouwelijk", "geadresseerde", "konfidenti", "avsedd", "fortrolig", "poufn", "adresat",
	"конфиденциальн", "důvěrn", "bizalmas", "gizli", "機密", "保密", "机密",
}
