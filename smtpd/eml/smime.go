package eml

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// isSMIME knows the part that is an S/MIME mail as a whole: by its type, or by the
// name that it has where a gateway lost the type (RFC 8551 section 3.2.1). A signed
// document ("contract.pdf.p7m") is a file.
func isSMIME(p *part) bool {
	name := strings.ToLower(p.name())
	switch p.media.value {
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		return name == "" || strings.Count(name, ".") < 2 || p.media.get("smime-type") != "" && strings.HasPrefix(name, "smime.")
	case "application/octet-stream", "text/plain", "application/pkcs7-signature", "application/x-pkcs7-signature":
		return name == "smime.p7m"
	}
	return false
}

// smime unwraps an opaquely signed mail (RFC 8551 section 3.5.2): the signature is
// not checked, its words are shown. Encrypted mail stays a file with a note.
func (r *reader) smime(p *part) (body, bool) {
	data := plainCMS(r.decode(p))
	kind, inner := readCMS(data)
	declared := p.media.get("smime-type")
	switch {
	case kind == cmsSigned && inner != nil && r.unwraps < maxUnwraps:
		r.unwraps++
		r.defect(defectSigned)
		return r.body(walk(inner, r.defect), true), true
	case kind == cmsSigned && inner == nil || hasFoldPrefix(declared, "certs-only"):
		return body{}, false // certificates alone are a file
	case kind == cmsSigned || hasFoldPrefix(declared, "signed"):
		r.defect(defectSignedUnread)
		r.notes = append(r.notes, "This mail is signed in a form that cannot be read here. Its content is attached.")
	case kind == cmsCompressed || hasFoldPrefix(declared, "compressed"):
		r.defect(defectCompressed)
		r.notes = append(r.notes, "This mail is compressed in a form that cannot be read here. Its content is attached.")
	default:
		r.encrypted()
	}
	return body{}, false
}

// plainCMS undoes a second encoding: PEM, or base64 within what a gateway had
// decoded or labelled wrongly.
func plainCMS(b []byte) []byte {
	text := bytes.TrimSpace(b)
	if len(text) == 0 || text[0] == 0x30 && len(text) > 1 && text[1] >= 0x80 {
		return b
	}
	if bytes.HasPrefix(text, []byte("-----BEGIN ")) {
		_, text, _ = bytes.Cut(text, []byte("\n"))
		if i := bytes.Index(text, []byte("-----END ")); i >= 0 {
			text = text[:i]
		}
	}
	if !bytes.HasPrefix(text, []byte("M")) { // as 0x30 0x80 and on begin in base64
		return b
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, _ := base64.StdEncoding.Decode(out, text) // skips line ends, stops at anything else
	if n < 2 {
		return b
	}
	return out[:n]
}

// isSignaturePart knows the part of multipart/signed that proves the other (RFC 1847
// section 2.1).
func isSignaturePart(mediaType string) bool {
	switch mediaType {
	case "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature", "application/x-pgp-signature":
		return true
	}
	return false
}
