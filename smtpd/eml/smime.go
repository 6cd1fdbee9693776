package eml

import "strings"

// smime unwraps an opaquely signed mail (RFC 8551 section 3.5.2): the signature is
// not checked, its words are shown. Encrypted mail stays a file with a note.
func (r *reader) smime(p *part) (body, bool) {
	data := r.decode(p)
	if inner := signedContent(data); inner != nil && r.unwraps < maxUnwraps {
		r.unwraps++
		r.defect("the mail is signed and the signature was not checked")
		return r.body(walk(inner, r.defect), true), true
	}
	if strings.Contains(p.media.get("smime-type"), "signed") {
		r.defect("the signed mail could not be unwrapped; it is attached as it came")
		r.notes = append(r.notes, "This mail is signed in a form that cannot be read here. Its content is attached.")
		return body{}, false
	}
	if !strings.Contains(p.media.get("smime-type"), "certs-only") {
		r.encrypted()
	}
	return body{}, false
}

// A berValue is one element of BER (X.690), as far as CMS needs it.
type berValue struct {
	tag     byte
	content []byte
}

// berNext takes one element off b. For an indefinite length the content reaches to
// the end of b; its readers stop at the end-of-contents octets.
func berNext(b []byte) (v berValue, rest []byte, ok bool) {
	if len(b) < 2 {
		return v, nil, false
	}
	v.tag = b[0]
	n, b := int(b[1]), b[2:]
	switch {
	case n == 0x80:
		v.content = b
		return v, nil, true
	case n > 0x84:
		return v, nil, false
	case n > 0x80:
		k := n & 0x7f
		if len(b) < k {
			return v, nil, false
		}
		n = 0
		for _, c := range b[:k] {
			n = n<<8 | int(c)
		}
		b = b[k:]
	}
	if n < 0 || n > len(b) {
		return v, nil, false
	}
	v.content = b[:n]
	return v, b[n:], true
}

// A berReader takes the elements of a constructed value one after another. After
// the last, or a damaged one, it gives empty ones.
type berReader struct{ rest []byte }

func (r *berReader) take() berValue {
	v, rest, ok := berNext(r.rest)
	if r.rest = rest; !ok {
		return berValue{}
	}
	return v
}

func (v berValue) enter() *berReader { return &berReader{v.content} }

// signedContent finds ContentInfo / SignedData / encapContentInfo / eContent
// (RFC 5652 section 5), nil if there is none.
func signedContent(b []byte) []byte {
	const signedData = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
	info := (&berReader{b}).take().enter()
	if string(info.take().content) != signedData {
		return nil
	}
	signed := info.take().enter().take().enter()
	signed.take() // version
	signed.take() // digest algorithms
	encapsulated := signed.take().enter()
	encapsulated.take() // content type
	content := encapsulated.take()
	if content.tag != 0xa0 {
		return nil
	}
	return octetString(content.enter().take())
}

// octetString joins the pieces of an OCTET STRING, which are not nested in mail.
func octetString(v berValue) []byte {
	if v.tag == 0x04 {
		return v.content
	}
	if v.tag != 0x24 {
		return nil
	}
	var out []byte
	for b := v.content; len(b) > 0; {
		piece, rest, ok := berNext(b)
		if !ok || piece.tag != 0x04 {
			break
		}
		out = append(out, piece.content...)
		b = rest
	}
	return out
}
