package eml

import "strings"

// answerPhrases name an automatic answer. A system puts one before the subject that
// it answers.
var answerPhrases = []string{
	"automatic reply", "auto reply", "auto-reply", "autoreply", "auto response", "auto-response", "autoresponse", "autoresponder", "automated reply", "automated response", "vacation reply", "vacation response", "away from my mail",
	"out of office autoreply", "out of office auto reply", "out of office automatic reply", "out-of-office autoreply", "out of office reply", "out of office-autoreply",
	"automatische antwort", "automatische abwesenheitsnotiz", "autom. antwort", "autom. antwort/out of office", "abwesenheitsnotiz", "abwesenheitsnachricht",
	"réponse automatique", "reponse automatique", "réponse automatique d'absence", "respuesta automática", "respuesta automatica", "risposta automatica", "resposta automática", "resposta automatica", "resposta automàtica", "erantzun automatikoa",
	"automatisch antwoord", "automatisch bericht", "automatische beantwoording", "afwezigheidsbericht", "autosvar", "automatiskt svar", "automatisk svar", "automatisk svarmelding", "frånvaromeddelande", "fraværsmelding", "fraværsbesked", "sjálfvirkt svar",
	"automaattinen vastaus", "poissaoloviesti", "automatyczna odpowiedź", "odpowiedź automatyczna", "autoodpowiedź", "automatická odpověď", "automatická odpoveď", "automatikus válasz",
	"răspuns automat", "raspuns automat", "automatski odgovor", "аутоматски одговор", "samodejni odgovor", "automatinis atsakymas", "automaatvastus", "automātiska atbilde", "automātiskā atbilde",
	"автоответ", "автоматический ответ", "автоматична відповідь", "автоматичен отговор", "αυτόματη απάντηση", "otomatik yanıt", "otomatik yanit", "otomatik cevap",
	"自動応答", "自動返信", "不在通知", "自动答复", "自动回复", "自動回覆", "自動回復", "자동 회신", "자동회신", "자동 응답",
	"רד: מענה אוטומטי", "תגובה אוטומטית", "מענה אוטומטי", "رد تلقائي", "الرد التلقائي", "پاسخ خودکار", "trả lời tự động", "balasan otomatis", "jawapan automatik", "ตอบกลับอัตโนมัติ", "การตอบกลับอัตโนมัติ", "स्वचालित उत्तर", "स्वत: जवाब",
	"your email requires verification", "challenge message",
}

// absencePhrases begin subjects of notices that people write, too.
var absencePhrases = []string{
	"out of office", "out of the office", "ooo", "on vacation", "away", "abwesend", "abwesenheit", "nicht im büro", "absence du bureau", "absent du bureau", "message d'absence", "absence",
	"fuera de la oficina", "ausente de la oficina", "fuera de oficina", "fuori sede", "fuori ufficio", "assente dall'ufficio", "ausência temporária", "fora do escritório",
	"afwezig", "niet aanwezig", "frånvarande", "fraværende", "ikke til stede", "poissa", "nieobecność", "nieobecny", "mimo kancelář", "nepřítomnost", "mimo kancelárie", "házon kívül", "irodán kívül", "în concediu", "нет на работе", "нет на месте", "вне офиса", "ofis dışında", "休暇", "부재 중", "부재중", "εκτός γραφείου",
	"please confirm your message",
}

// replyPrefixes begin the subject of a person's answer.
var replyPrefixes = []string{"re:", "re :", "aw:", "antw:", "antwort:", "sv:", "vs:", "odp:", "od:", "rv:", "ref:", "res:", "r:", "ynt:", "ang:", "回复:", "回复：", "回覆:", "答复:", "fw:", "fwd:", "wg:", "tr:", "enc:", "i:", "doorst:", "vl:", "pd:"}

func isReplySubject(subject string) bool {
	return beginsWithAny(strings.ToLower(strings.TrimLeft(cut(subject, maxLineBytes), " [*(")), replyPrefixes)
}

// subjectWeight is how much a subject looks like a vacation notice: 3 names an
// automatic answer and what it answers, 1 could be anybody's. An answer to such a
// mail begins with Re: and is human.
func subjectWeight(subject string) int {
	if isReplySubject(subject) {
		return 0
	}
	weight := 0
	for i, phrases := range [][]string{absencePhrases, answerPhrases} {
		rest, ok := afterPhrase(subject, phrases)
		if !ok {
			continue
		}
		rest = strings.TrimLeft(rest, " \u00a0")
		switch {
		case strings.HasPrefix(rest, "verify#"), strings.HasPrefix(rest, ":") && !blank(rest[1:]), strings.HasPrefix(rest, "："):
			weight = max(weight, 2+i)
		case rest == "", rest == ":":
			weight = max(weight, 1+i)
		}
	}
	switch s := strings.TrimSpace(subject); {
	case weight > 0:
	case strings.HasPrefix(s, "AUTO: ") && vacationHint(s[len("AUTO: "):]): // Notes
		weight = 3
	case vacationHint(subject):
		weight = 1
	}
	return weight
}

// afterPhrase returns what stands behind the longest phrase that s begins with.
func afterPhrase(s string, phrases []string) (rest string, ok bool) {
	s = strings.TrimLeft(cut(s, maxLineBytes), " [*(")
	longest := 0
	for _, p := range phrases {
		if len(p) > longest && hasFoldedPrefix(s, p) {
			longest = len(p)
		}
	}
	return s[longest:], longest > 0
}

// hasFoldedPrefix compares in any letter case whose length in bytes is the same,
// which is so for every phrase here.
func hasFoldedPrefix(s, p string) bool {
	return len(s) >= len(p) && strings.EqualFold(s[:len(p)], p)
}

// hintWords are in subjects of vacation notices, in any wording.
var hintWords = []string{"out of office", "out of the office", "out-of-office", "vacation:", "on vacation", "on holiday", "on leave", "annual leave", "sick leave", "maternity leave", "parental leave", "automatic reply", "autoreply", "auto-reply", "away from the office", "away until", "back on",
	"abwesenheit", "im urlaub", "nicht im büro", "nicht im hause", "außer haus", "en vacances", "absent du", "en congé", "absente du", "de vacaciones", "fuera de la oficina", "in ferie", "fuori ufficio", "de férias", "ausente", "met vakantie", "op vakantie", "niet op kantoor", "på semester", "på ferie", "lomalla", "na urlopie", "poza biurem", "na dovolené", "na dovolenke", "szabadságon", "în concediu", "na godišnjem", "na dopustu", "в отпуске", "у відпустці", "в отпуск", "σε άδεια", "izindeyim", "tatilde", "不在", "休暇", "休假", "외출", "휴가", "בחופשה", "في إجازة", "đang nghỉ phép", "sedang cuti"}

// vacationHint reports whether a subject looks like a vacation notice. It proves
// nothing.
func vacationHint(subject string) bool {
	for _, phrases := range [][]string{answerPhrases, absencePhrases[:2]} {
		if _, ok := afterPhrase(subject, phrases); ok {
			return true
		}
	}
	s := strings.ToLower(cut(subject, maxLineBytes))
	return strings.HasPrefix(s, "auto: ") || containsAny(s, hintWords) // "Auto: " is sieve's own (RFC 5230 section 5.3)
}

// maxRuleWords is how far down an automatic mail says what it is.
const maxRuleWords = 3 << 10

// absentWords are what notices say in the first person, in lower case.
var absentWords = []string{
	"i am out of", "i'm out of", "i will be out", "i am currently out", "i'm currently out", "i am away", "i'm away", "i will be away", "currently away", "i am on leave", "i am on vacation", "i'm on vacation", "i am on holiday", "i am on annual leave", "out of the office from", "out of the office until", "out of office until", "limited access to", "no access to my e", "i will return", "i'll be back", "i will be back", "i will respond", "i will reply", "i will get back", "upon my return", "on my return", "when i return", "when i get back",
	"thank you for your email", "thank you for your e-mail", "thank you for your message", "thanks for your email", "thanks for your message", "this is an automatic", "this is an automated", "this is an auto", "has been received", "we have received your", "in urgent cases", "for urgent matters", "in my absence",
	"ich bin nicht im", "ich bin zur zeit", "ich bin derzeit", "ich bin bis", "ich bin ab", "ich bin im urlaub", "bin ich nicht", "bin ich wieder", "ab dem", "nicht erreichbar", "außer haus", "vielen dank für ihre", "in dringenden fällen", "wird nicht weitergeleitet", "werde ich ihre", "automatisch generiert", "automatisch erstellt",
	"je suis absent", "je suis actuellement", "je serai absent", "en mon absence", "je suis en congé", "de retour le", "merci pour votre message", "votre message a bien été", "en cas d'urgence",
	"estoy fuera", "estaré fuera", "me encuentro fuera", "estaré ausente", "estoy de vacaciones", "gracias por su mensaje", "gracias por su correo", "hemos recibido su", "en caso de urgencia",
	"sono assente", "sarò assente", "sono fuori", "sarò in ferie", "sono in ferie", "grazie per il", "in caso di urgenza", "estou ausente", "estarei ausente", "estou de férias", "estou fora", "estarei fora", "obrigado pela sua mensagem", "obrigado pelo seu",
	"ik ben afwezig", "ik ben niet", "ik ben tot", "ik ben met vakantie", "ik ben op vakantie", "bedankt voor uw", "bij dringende", "jag är på semester", "jag är inte", "jag är ledig", "jag är tillbaka", "åter den", "jeg er på ferie", "jeg er ikke", "jeg er tilbage", "jeg er tilbake", "olen lomalla", "olen poissa", "kiitos viestistäsi",
	"jestem na urlopie", "jestem nieobecn", "jestem poza", "dziękuję za wiadomość", "jsem na dovolené", "nejsem v kanceláři", "som na dovolenke", "szabadságon vagyok", "nem vagyok", "sunt în concediu", "hvala na poruci", "я в отпуске", "нахожусь в отпуске", "буду отсутствовать", "меня нет", "спасибо за ваше", "ваше письмо получено", "я у відпустці", "отсъствам", "απουσιάζω", "βρίσκομαι εκτός", "ofis dışındayım", "yıllık izin",
	"不在にして", "休暇", "お問い合わせいただき", "メールを受信", "我正在休假", "不在办公室", "您的邮件", "已收到", "외출 중", "휴가", "אני בחופשה", "לא נמצא", "أنا خارج", "في إجازة", "tôi đang nghỉ", "saya sedang cuti", "ไม่อยู่ที่สำนักงาน",
}

// challengeWords are what challenge-response systems ask for (T114), and nobody else.
var challengeWords = []string{
	"to verify you are human", "to verify that you are human", "to verify that you are a human", "to prove that you are human", "to prove you are human", "to prove that you are a real person", "prove that your message was sent by a human", "confirm that you are a real person", "confirm that you are human", "one-time authentication request",
	"message requires that you verify", "message requires verification", "your message has been quarantined until you", "your message is being held until you", "your message will not be delivered until you", "will be delivered once you confirm", "to release your message from", "i am protecting myself from receiving junk mail", "i'm protecting myself from receiving junk", "challenge-response system", "sender verification request",
	"um zu bestätigen, dass sie ein mensch", "bestätigen sie bitte einmalig", "pour prouver que vous êtes humain", "confirmez que vous êtes une personne", "para comprobar que es una persona", "antispam uol",
}

// receiptSubjects begin the subject of a read receipt; receiptWords are in one.
var (
	receiptSubjects = []string{"read: ", "not read: ", "read receipt", "return receipt", "gelesen: ", "nicht gelesen: ", "ungelesen gelöscht", "lesebestätigung", "empfangsbestätigung (angezeigt)", "lu : ", "lu: ", "non lu : ", "accusé de lecture", "leído: ", "no leído: ", "confirmación de lectura", "letto: ", "conferma di lettura", "ricevuta di ritorno", "lida: ", "lido: ", "confirmação de leitura", "gelezen: ", "niet gelezen: ", "leesbevestiging", "läst: ", "läskvitto", "læst: ", "lest: ", "kvittering", "luettu: ", "przeczytano: ", "přečteno: ", "prečítané: ", "elolvasva: ", "citit: ", "прочтено: ", "прочитано: ", "okundu: ", "開封済み: ", "开封", "已读: ", "읽음: ", "diabaca: "}
	receiptWords    = []string{"was read on", "was displayed on", "was deleted without being read", "return receipt for the mail", "this is a return receipt", "read receipt", "wurde gelesen", "wurde am", "empfangsbestätigung", "a été lu", "accusé de réception", "fue leído", "se leyó", "è stato letto", "ricevuta di ritorno", "foi lida", "is gelezen", "lästes", "blev læst", "ble lest", "została przeczytana", "byla přečtena", "было прочитано", "okundu", "開封されました"}
)
