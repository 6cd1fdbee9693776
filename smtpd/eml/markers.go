package eml

import (
	"slices"
	"strings"
	"unicode"
)

// The fields of a mail header as they stand over a quote.
const (
	isFrom = 1 << iota
	isDate
	isTo
	isCc
	isSubject
	isReplyTo
)

// every gathers from all languages.
func every(each func(language)) {
	for _, l := range languages {
		each(l)
	}
	for _, l := range moreLanguages {
		each(l)
	}
}

// words gathers one column of the table, each word once.
func words(column func(language) string) (all []string) {
	seen := map[string]bool{"": true}
	every(func(l language) {
		for w := range strings.SplitSeq(column(l), "|") {
			if !seen[w] {
				seen[w] = true
				all = append(all, w)
			}
		}
	})
	return all
}

// fieldNames are the labels of header blocks; one may be two fields in two
// languages.
var fieldNames = func() map[string]int {
	m := map[string]int{}
	add := func(f int, list string) {
		for name := range strings.SplitSeq(list, "|") {
			m[name] |= f
		}
	}
	every(func(l language) {
		add(isFrom, l.from)
		add(isDate, l.sent)
		add(isTo, l.to)
		add(isCc, l.cc)
		add(isSubject, l.subject)
	})
	add(isCc, "cc|bcc|cci|cco|ccn|bk|ytd")
	add(isReplyTo, "reply-to|reply to|antwort an|répondre à|responder a|rispondi a|odpowiedz do|importance|priority|attachments|organization|organisation")
	return m
}()

var (
	// wroteWords say "wrote" in an attribution.
	wroteWords = words(func(l language) string { return l.wrote })
	// aboveWords ask to answer above a line.
	aboveWords = words(func(l language) string { return l.above })
	// historyWords stand alone between dashes where an older mail begins.
	historyWords = words(func(l language) string { return l.original })
	// devicePrefixes begin lines that phones add.
	devicePrefixes = words(func(l language) string { return l.device })
)

// attributionStarts are first words of attributions: "on", weekdays, months.
var attributionStarts = func() map[string]bool {
	m := map[string]bool{"date:": true, "el/la": true, "kl": true, "citando": true, "citat": true}
	every(func(l language) {
		for w := range strings.FieldsSeq(l.on) {
			m[w] = true
		}
	})
	return m
}()

// forwardWords begin a forwarded mail without dashes.
var forwardWords = []string{"begin forwarded message:", "anfang der weitergeleiteten nachricht:", "anfang der weitergeleiteten e-mail:", "début du message réexpédié", "début du message transféré", "début du message réexpédié :", "inicio del mensaje reenviado:", "inizio messaggio inoltrato:", "begin doorgestuurd bericht:", "vidarebefordrat brev:", "vidarebefordrat mejl:",
	"start på vidaresendt melding:", "start på videresendt melding:", "videresendt meddelelse:", "start på videresendt besked:", "início da mensagem encaminhada:", "início da mensagem reencaminhada:", "początek przekazywanej wiadomości:", "začátek přeposílané zprávy:", "přeposílaná zpráva:", "továbbított üzenet kezdete:", "továbbított levél kezdete:",
	"начало переадресованного сообщения:", "начало переадресованного письма:", "początek wiadomości przekazanej", "välitetty viesti alkaa:", "edelleenlähetetty viesti alkaa:", "iletilen ileti başlangıcı:", "αρχή προωθημένου μηνύματος:", "転送されたメッセージ", "以下是转发的邮件", "下面是被转发的邮件", "開始轉寄郵件", "以下為轉寄的郵件", "전달된 메시지의 시작", "bắt đầu thư đã chuyển tiếp:", "mulai pesan terusan:"}

// normal makes a line comparable: lower case, one kind of space, dash and digit,
// nothing that nobody sees.
func normal(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r < 0x80:
			return unicode.ToLower(r)
		case r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x2069, r == 0xfeff, r == 0xad:
			return -1
		case r >= 0x2010 && r <= 0x2015, r == 0x2212, r == 0x2500, r == 0x2501, r == 0xff0d:
			return '-'
		case r == '：':
			return ':'
		case r == '’', r == '＇':
			return '\''
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Nd, r):
			return asciiDigit(r)
		}
		return unicode.ToLower(r)
	}, s)
}

// asciiDigit relies on the digits of a script being ten in a row, from a code
// point that ends in 0 or 6.
func asciiDigit(r rune) rune {
	for _, zero := range []rune{0x0660, 0x06f0, 0x0966, 0x09e6, 0x0e50, 0xff10} {
		if r >= zero && r <= zero+9 {
			return '0' + r - zero
		}
	}
	return '0'
}

// isHistoryMark knows a line after which an older mail stands: ours, "please reply
// above this line", and that of other programs.
func isHistoryMark(s string) bool {
	if len(s) > 240 {
		return false
	}
	lower := normal(s)
	bare := strings.Trim(lower, "-_*=#~+<>| \t:.")
	if len(bare) == len(lower) || bare == "" {
		return false
	}
	if containsAny(lower, aboveWords) {
		return true
	}
	if len(bare) > 120 {
		return false
	}
	if slices.ContainsFunc(historyWords, func(w string) bool { return strings.HasPrefix(bare, w) }) {
		return true
	}
	return strings.HasPrefix(lower, "--") && containsAny(bare, wroteWords) && strings.ContainsAny(bare, "0123456789@")
}
