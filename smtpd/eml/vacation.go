package eml

import "strings"

// systemSubjects begin the subject of a vacation notice as a mail system writes it,
// before a colon or at the very end. Nobody types these in front of a subject.
var systemSubjects = []string{
	"automatic reply", "auto reply", "auto-reply", "autoreply", "auto response", "auto-response", "autoresponse", "autoresponder", "automated reply", "automated response",
	"out of office autoreply", "out of office auto reply", "out of office automatic reply", "out-of-office autoreply", "out of office reply", "out of office", "out of the office",
	"away from my mail", "vacation reply", "vacation response",
	"automatische antwort", "automatische abwesenheitsnotiz", "abwesenheitsnotiz", "abwesenheitsnachricht", "abwesend", "abwesenheit", "autom. antwort", "autom. antwort/out of office",
	"réponse automatique", "reponse automatique", "réponse automatique d'absence", "absence du bureau", "absent du bureau", "message d'absence",
	"respuesta automática", "respuesta automatica", "fuera de la oficina", "ausente de la oficina", "fuera de oficina",
	"risposta automatica", "fuori sede", "fuori ufficio", "assente dall'ufficio",
	"resposta automática", "resposta automatica", "ausência temporária", "fora do escritório",
	"automatisch antwoord", "automatisch bericht", "automatische beantwoording", "afwezigheidsbericht", "afwezig", "niet aanwezig",
	"autosvar", "automatiskt svar", "automatisk svar", "automatisk svarmelding", "frånvaromeddelande", "frånvarande", "fraværende", "ikke til stede", "fraværsmelding", "fraværsbesked",
	"automaattinen vastaus", "poissa", "poissaoloviesti",
	"automatyczna odpowiedź", "odpowiedź automatyczna", "autoodpowiedź", "nieobecność",
	"automatická odpověď", "automatická odpoveď", "mimo kancelář", "nepřítomnost",
	"automatikus válasz", "házon kívül", "irodán kívül",
	"răspuns automat", "raspuns automat", "automatski odgovor", "samodejni odgovor", "automatinis atsakymas", "automaatvastus", "automātiska atbilde",
	"автоответ", "автоматический ответ", "автоматична відповідь", "автоматичен отговор", "нет на работе",
	"αυτόματη απάντηση", "otomatik yanıt", "otomatik yanit", "ofis dışında",
	"自動応答", "自動返信", "不在通知", "自动答复", "自动回复", "自動回覆", "自動回復", "休暇", "자동 회신", "부재 중", "부재중",
	"רד: מענה אוטומטי", "תגובה אוטומטית", "رد تلقائي", "الرد التلقائي", "trả lời tự động", "balasan otomatis", "ตอบกลับอัตโนมัติ",
	"your email requires verification", "please confirm your message", "challenge message",
}

// systemSubject reports whether a subject is one that only a system writes: a known
// phrase, then a colon, a bracket or nothing. An answer to such a mail begins
// with Re: and is human.
func systemSubject(subject string) bool {
	rest, ok := afterPhrase(subject)
	if !ok {
		return false
	}
	rest = strings.TrimLeft(rest, " \u00a0")
	return rest == "" || strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "：") || strings.HasPrefix(rest, "verify#")
}

// afterPhrase returns what stands behind the longest phrase that s begins with.
func afterPhrase(s string) (rest string, ok bool) {
	s = strings.TrimLeft(cut(s, maxLineBytes), " [*(")
	longest := 0
	for _, p := range systemSubjects {
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

// vacationHint reports whether a subject looks like a vacation notice, in any
// wording. It proves nothing.
func vacationHint(subject string) bool {
	if _, ok := afterPhrase(subject); ok {
		return true
	}
	s := strings.ToLower(cut(subject, maxLineBytes))
	if strings.HasPrefix(s, "auto: ") {
		return true // sieve's own (RFC 5230 section 5.3)
	}
	for _, words := range []string{"out of office", "out of the office", "vacation:", "on vacation", "on holiday", "on leave", "annual leave", "maternity leave", "parental leave", "automatic reply", "autoreply", "auto-reply",
		"abwesenheit", "im urlaub", "nicht im büro", "en vacances", "absent du", "de vacaciones", "in ferie", "de férias", "met vakantie", "op vakantie", "på semester", "på ferie", "lomalla", "na urlopie", "в отпуске", "不在"} {
		if strings.Contains(s, words) {
			return true
		}
	}
	return false
}
