package eml

import (
	"bytes"
	"slices"
	"strings"

	"postdesk/core"
)

// Parse reads a mail. It is total: every input gives a Letter, and what could not
// be read is told in Letter.Defects.
func Parse(raw []byte) (l core.Letter) {
	defer func() {
		if recover() != nil {
			l = unread(raw)
		}
	}()
	return read(raw)
}

// unread is the Letter of a mail on which the reader failed: all of it is text.
func unread(raw []byte) core.Letter {
	s := clean(newlines(toUTF8(raw[:min(len(raw), maxTextIn)], "")))
	return core.Letter{
		Text: s, PlainText: s, Kind: core.KindHuman, Unanswerable: true,
		Defects: []string{defectUnread}, Notices: notices([]string{defectUnread}),
	}
}

func read(raw []byte) core.Letter {
	var d defects
	if hasBareNewline(raw) {
		d.add(defectBareNewline)
	}
	return letterOf(walk(startOfMail(raw), d.add), &d)
}

const defectBareNewline = "bare newline: a line does not end in CR LF"

// letterOf reads a mail whose parts were found.
func letterOf(root *part, d *defects) core.Letter {
	r := &reader{defect: d.add}
	b := r.body(root, true)
	r.openTNEF(&b)
	r.above(&b)
	l := core.Letter{
		Text:        cut(b.text, maxTextOut),
		HTML:        cut(b.html, maxTextOut),
		PlainText:   cut(b.plain, maxTextOut),
		Attachments: r.files,
	}
	fillHeader(&l, root.header, d.add)
	markInline(l.Attachments, l.HTML)
	placePictures(l.Attachments, l.HTML)
	judge(&l, root, r)
	if blank(l.Text) && l.HTML == "" && l.Report == nil { // judged before: another's words say nothing of this mail
		b = r.preview()
		l.Text = cut(b.text, maxTextOut)
	}
	l.Folds = foldText(l, b.marks)
	markSignatures(l.Attachments)
	l.Defects, l.Notices = *d, notices(*d)
	return l
}

// startOfMail is where the header begins: after a byte order mark and blank
// lines, as bytes that have line ends at all.
func startOfMail(raw []byte) []byte {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if bytes.IndexByte(bytes.TrimRight(raw, "\r\n"), '\n') < 0 && bytes.IndexByte(raw, '\r') >= 0 { // SMTP ends every mail with CR LF
		raw = bytes.ReplaceAll(raw, []byte("\r"), []byte("\n"))
	}
	if rest := bytes.TrimLeft(raw, "\r\n"); len(rest) < len(raw) {
		if line, _ := nextLine(rest, 0); continues(rest, 0, 1) || bytes.HasPrefix(line, []byte("From ")) {
			return rest
		}
	}
	return raw
}

// hasBareNewline reports whether a CR or LF stands alone (RFC 5321 section 2.3.8).
func hasBareNewline(b []byte) bool {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '\n')
		line := b[at:]
		if i >= 0 {
			line = b[at : at+i]
		}
		cr := bytes.IndexByte(line, '\r')
		if i < 0 {
			return cr >= 0
		}
		if cr < 0 || cr != len(line)-1 {
			return true
		}
		at += i + 1
	}
}

// fillHeader reads the fields of the mail's own header; those of enclosed mails
// are never looked at (T89).
func fillHeader(l *core.Letter, h header, defect func(string)) {
	for _, f := range h.fields {
		switch {
		case sameName(f.name, "from"):
			l.FromFields++
			l.From = addAuthors(l.From, h, f)
		case sameName(f.name, "sender"):
			l.Sender = addAddresses(l.Sender, h, f)
		case sameName(f.name, "reply-to"):
			l.ReplyTo = addAddresses(l.ReplyTo, h, f)
		case sameName(f.name, "resent-from"):
			l.ResentFrom = addAddresses(l.ResentFrom, h, f)
		case sameName(f.name, "x-original-from"):
			l.OriginalFrom = addAddresses(l.OriginalFrom, h, f)
		case sameName(f.name, "to"):
			l.To = addAddresses(l.To, h, f)
		case sameName(f.name, "cc"):
			l.Cc = addAddresses(l.Cc, h, f)
		case sameName(f.name, "received"):
			l.ReceivedFields++
		case sameName(f.name, strings.ToLower(core.LoopHeader)):
			l.Loops = append(l.Loops, oneLine(unfold(f.value)))
		case sameName(f.name, "references"):
			l.References = append(l.References, messageIDs(h.utf8(unfold(f.value)), maxReferences)...)
		case sameName(f.name, "in-reply-to"):
			l.InReplyTo = append(l.InReplyTo, messageIDs(h.utf8(unfold(f.value)), maxReferences)...)
		}
	}
	l.References = lastIDs(l.References)
	l.InReplyTo = lastIDs(l.InReplyTo)
	l.Subject = h.text("subject")
	l.MessageID = messageID(h.utf8(h.get("message-id")))
	l.Date = parseDate(h.get("date"))
	switch {
	case l.FromFields == 0:
		defect("there is no From field")
	case l.FromFields > 1:
		defect("there is more than one From field")
	case len(l.From) == 0:
		defect("the From field holds no address")
	}
}

func lastIDs(ids []string) []string {
	if len(ids) > maxReferences {
		return ids[len(ids)-maxReferences:]
	}
	return ids
}

// addAuthors adds what a From field names. A group (RFC 6854) is no single author,
// not even with one member: it stands as written beside its members, and so does
// a field with an open comment or quote in which another reader may find another
// author, or an address in angle brackets that only decoding a name brings out
// (A13).
func addAuthors(have []core.NamedAddress, h header, f field) []core.NamedAddress {
	before := len(have)
	have = addAddresses(have, h, f)
	have = append(have[:before], slices.CompactFunc(have[before:], func(a, b core.NamedAddress) bool { return a.Address == b.Address })...)
	if len(have) != 1 {
		return have
	}
	if bytes.IndexByte(f.value, ';') >= 0 || bytes.Count(f.value, []byte("@")) > 1 {
		if v := h.utf8(unfold(f.value)); isDoubtful(v) {
			return append(have, core.NamedAddress{Address: oneLine(v)})
		}
	}
	if bytes.Contains(f.value, []byte("=?")) {
		if hidden := bracketed(have[0].Name); hidden != "" && !strings.EqualFold(hidden, have[0].Address) {
			return append(have, core.NamedAddress{Address: hidden})
		}
	}
	return have
}

// bracketed is the first address in angle brackets of a name, "" if there is none.
func bracketed(name string) string {
	for {
		_, after, found := strings.Cut(name, "<")
		inside, _, closed := strings.Cut(after, ">")
		if !found {
			return ""
		}
		if closed && strings.Contains(inside, "@") && !strings.Contains(inside, "<") {
			return inside
		}
		name = after
	}
}

func addAddresses(have []core.NamedAddress, h header, f field) []core.NamedAddress {
	more := slices.DeleteFunc(parseAddresses(h.utf8(unfold(f.value))), func(a core.NamedAddress) bool { return a.Address == "" && a.Name == "" })
	if left := maxAddresses - len(have); len(more) > left {
		more = more[:left]
	}
	return append(have, more...)
}
