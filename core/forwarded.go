package core

import (
	"regexp"
	"strings"
)

// ForwardedFrom reads who wrote a mail that somebody passed on by hand: the From of
// the header block above the words that were passed on. It is what somebody typed,
// or could have: it is offered to staff and proves nothing (mail-law: content never
// raises a right; reliability.md A31). ok is false for anything that does not look
// like a forwarded mail.
func ForwardedFrom(subject, text, elided string) (from NamedAddress, ok bool) {
	all := text + "\n" + elided
	if !forwardSubject.MatchString(strings.TrimSpace(subject)) && !forwardMark.MatchString(all) {
		return NamedAddress{}, false
	}
	lines := strings.Split(all, "\n")
	for i, line := range lines {
		m := fromLine.FindStringSubmatch(bareLine(line))
		if m == nil || !headerBelow(lines[i+1:]) {
			continue
		}
		address, err := ParseAddress(writtenAddress.FindString(m[1]))
		if err != nil {
			return NamedAddress{}, false
		}
		name, _, _ := strings.Cut(m[1], writtenAddress.FindString(m[1]))
		name = strings.TrimSuffix(strings.TrimRight(strings.TrimSpace(name), "<[( "), "mailto:")
		return NamedAddress{Name: cleanLine(strings.Trim(name, `"'<[( `), 255), Address: address.String()}, true
	}
	return NamedAddress{}, false
}

var (
	forwardSubject = regexp.MustCompile(`(?i)^(?:fwd?|wg|tr|rv|i|enc|vs|vb|doorst|vl|pd|ilt|továbbítás|転送|转发|轉寄|fyi)\s*:`)
	forwardMark    = regexp.MustCompile(`(?i)-{3,}\s*(?:original message|forwarded message|ursprüngliche nachricht|weitergeleitete nachricht|message transféré|message d'origine|mensaje reenviado|messaggio inoltrato|doorgestuurd bericht|mensagem encaminhada)|begin forwarded message:|anfang der weitergeleiteten|début du message réexpédié`)
	fromLine       = regexp.MustCompile(`(?i)^(?:from|von|de|da|van|från|fra|lähettäjä|od|от|від|kimden|feladó|发件人|寄件者|寄件人|差出人|보낸 사람)\s*[:：]\s*(.*@.*)$`)
	headerLine     = regexp.MustCompile(`(?i)^(?:date|sent|to|cc|subject|reply-to|datum|gesendet|an|betreff|envoyé|à|objet|fecha|enviado|para|asunto|data|inviato|a|oggetto|verzonden|aan|onderwerp|skickat|till|ämne|sendt|til|emne|lähetetty|vastaanottaja|aihe|assunto|wysłano|do|temat|дата|отправлено|кому|тема|tarih|kime|konu|küldve|címzett|tárgy|日期|发送时间|收件人|主题|主旨|日時|宛先|件名|날짜|받는 사람|제목)\s*[:：]`)
	writtenAddress = regexp.MustCompile(`[\p{L}\p{N}.!#$%&'*+/=?^_{|}~-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+`)
)

// bareLine takes quote marks and stars away.
func bareLine(line string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.TrimLeft(line, "> \t*_"), "*", ""))
}

// headerBelow tells that the block goes on: another field, right below.
func headerBelow(lines []string) bool {
	for _, line := range lines[:min(len(lines), 3)] {
		if line = bareLine(line); line != "" {
			return headerLine.MatchString(line)
		}
	}
	return false
}
