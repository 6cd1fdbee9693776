package eml

import (
	"cmp"
	"path"
	"strings"
	"unicode"

	"postdesk/core"
)

// attach keeps a leaf as a file of the letter.
func (r *reader) attach(p *part) {
	if p.torn() {
		r.attachTorn(p)
		return
	}
	content := p.body
	if !p.tooDeep || p.header.fields != nil {
		content = r.decode(p)
	}
	r.attachContent(p, content)
}

func (r *reader) attachContent(p *part, content []byte) {
	r.attachFile(p, fileName(p, content), core.Attachment{Content: content})
}

func (r *reader) attachFile(p *part, name string, file core.Attachment) {
	file.Filename = name
	file.ContentType = cut(oneLine(p.media.value), maxNameBytes)
	file.ContentID = cmp.Or(cleanID(strings.Trim(p.header.get("content-id"), "<> ")), cleanID(strings.TrimSpace(p.header.get("content-location"))))
	r.keep(p, file)
}

// keep adds a file of a part. When there are too many, the last one is the rest of
// the mail as it came, from the part of the last file on.
func (r *reader) keep(p *part, a core.Attachment) {
	if len(r.files) >= maxAttachments {
		if last := len(r.files) - 1; r.from[last] != nil {
			r.defect("the mail has more attachments than are kept apart; the rest is one attachment")
			rest := restOf(r.from[last])
			rest.Filename, rest.ContentType = "rest-of-the-mail.txt", "application/octet-stream"
			r.files[last] = rest
			r.from[last] = nil
		}
		return
	}
	a.Filename = cleanName(a.Filename)
	r.files, r.from = append(r.files, a), append(r.from, p)
}

// fileName is the name that a part gives itself, or one that says what it is.
func fileName(p *part, content []byte) string {
	if n := p.name(); n != "" {
		return n
	}
	switch t := p.media.value; t {
	case "message/rfc822", "message/global":
		h, _ := readHeader(content, 0, partHeader, func([]byte) bool { return false }, func(string) {})
		if subject := h.text("subject"); subject != "" {
			return cut(subject, maxNameBytes-4) + ".eml"
		}
		return "message.eml"
	case "text/calendar":
		return "invite.ics"
	case "text/plain":
		return "text.txt"
	case "message/delivery-status", "message/disposition-notification", "message/feedback-report":
		return strings.TrimPrefix(t, "message/") + ".txt"
	case "application/octet-stream":
		return "attachment.bin"
	default:
		kind, ext, _ := strings.Cut(t, "/")
		if kind == "text" || kind == "image" || kind == "audio" || kind == "video" {
			return kind + "." + strings.TrimPrefix(ext, "x-")
		}
		return "attachment"
	}
}

// name is the file name of a part as declared.
func (p *part) name() string {
	if n := p.disposition.get("filename"); n != "" {
		return n
	}
	return p.media.get("name")
}

// cleanName makes a file name that is only a name: no path, no control or turning
// characters, no device of an operating system, at most 200 bytes with its
// extension kept (A16).
func cleanName(n string) string {
	ext := oneLine(path.Ext(n))
	n = oneLine(n)
	if i := strings.LastIndexAny(n, `/\`); i >= 0 {
		n = n[i+1:]
	}
	n = strings.TrimFunc(n, func(r rune) bool { return unicode.IsSpace(r) || r == 0x200B || r == 0xFEFF })
	n = strings.TrimRight(n, ". ")
	if strings.Trim(n, ".") == "" {
		return "attachment"
	}
	if len(n) > maxNameBytes {
		if len(ext) > 20 || strings.ContainsAny(ext, `/\`) {
			ext = ""
		}
		n = cut(n, maxNameBytes-len(ext)) + ext
	}
	if base, _, _ := strings.Cut(strings.ToLower(n), "."); isDevice(strings.TrimRight(base, " ")) {
		n = "_" + n
	}
	return n
}

// isDevice knows the names that Windows keeps for devices, whatever the extension.
func isDevice(base string) bool {
	switch base {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(base) == 4 && (base[:3] == "com" || base[:3] == "lpt") && '1' <= base[3] && base[3] <= '9'
}

// markInline tells the files that the page refers to by cid: (RFC 2392).
func markInline(files []core.Attachment, page string) {
	if len(files) == 0 || page == "" {
		return
	}
	shown := map[string]bool{}
	for rest := page; len(shown) < maxParts; {
		i := strings.Index(rest, "cid:")
		if i < 0 {
			break
		}
		rest = rest[i+4:]
		end := strings.IndexAny(rest, "\"'> )\n")
		if end < 0 || end > maxIDBytes {
			end = min(len(rest), maxIDBytes)
		}
		shown[string(decodePercent(rest[:end]))] = true
	}
	for i := range files {
		files[i].Inline = files[i].ContentID != "" && shown[files[i].ContentID]
	}
}
