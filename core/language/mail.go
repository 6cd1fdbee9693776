package language

import "strings"

// A Mail is what the mails of a kind say. Subject is empty where they keep their
// conversation's.
type Mail struct{ Subject, Body string }

// Mail is the text that the program brings for a kind of mail, in English where
// the language has none.
func (t Tag) Mail(kind string) Mail {
	if m, ok := t.book().mails[kind]; ok {
		return m
	}
	return books[English].mails[kind]
}

// readMail: a first line "Subject: …" with an empty line below is the subject.
func readMail(text string) Mail {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if rest, ok := strings.CutPrefix(text, "Subject: "); ok {
		subject, body, _ := strings.Cut(rest, "\n")
		return Mail{strings.TrimSpace(subject), strings.Trim(body, "\n")}
	}
	return Mail{"", strings.Trim(text, "\n")}
}
