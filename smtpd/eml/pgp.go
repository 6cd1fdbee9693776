package eml

import (
	"bytes"

	"postdesk/core"
)

var (
	pgpSigned     = []byte("-----BEGIN PGP SIGNED MESSAGE-----")
	pgpMessage    = []byte("-----BEGIN PGP MESSAGE-----")
	pgpMessageEnd = []byte("-----END PGP MESSAGE-----")
)

// cutPGP takes inline encrypted blocks (RFC 9580 section 6.2) out of a text: each
// becomes a file that a PGP program opens. A quoted one stays. That a text is signed
// is told, too.
func (r *reader) cutPGP(p *part, data []byte) []byte {
	if bytes.HasPrefix(bytes.TrimSpace(data), pgpSigned) {
		r.defect(defectSigned)
	}
	if !bytes.Contains(data, pgpMessage) {
		return data
	}
	var text []byte
	found := false
	for at := 0; at < len(data); {
		line, next := nextLine(data, at)
		if !bytes.Equal(bytes.TrimSpace(line), pgpMessage) {
			text = append(text, data[at:next]...)
			at = next
			continue
		}
		end := len(data)
		if i := bytes.Index(data[at:], pgpMessageEnd); i >= 0 {
			_, end = nextLine(data, at+i)
		}
		r.keep(p, core.Attachment{Filename: "encrypted.asc", ContentType: "application/pgp-encrypted", Content: data[at:end]})
		found, at = true, end
	}
	if found && len(bytes.TrimSpace(text)) > 0 {
		r.defect(defectEncrypted)
		r.notes = append(r.notes, "Part of this mail is encrypted and cannot be read here. It is attached.")
	} else if found {
		r.encrypted()
	}
	return text
}
