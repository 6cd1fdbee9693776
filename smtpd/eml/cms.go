package eml

// A berValue is one element of BER (X.690), as far as CMS needs it.
type berValue struct {
	tag     byte
	content []byte
}

// berHead reads the tag and the length of an element: size is that of both, n the
// length of what follows, -1 if the end-of-contents octets tell its end.
func berHead(b []byte) (tag byte, size, n int, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return 0, 0, 0, false
	}
	tag, n, size = b[0], int(b[1]), 2
	switch {
	case n == 0x80:
		return tag, size, -1, tag&0x20 != 0
	case n > 0x84:
		return 0, 0, 0, false
	case n > 0x80:
		k := n & 0x7f
		if len(b) < size+k {
			return 0, 0, 0, false
		}
		n = 0
		for _, c := range b[size : size+k] {
			n = n<<8 | int(c)
		}
		size += k
	}
	return tag, size, n, n >= 0
}

// berNext takes one element off b. One of indefinite length ends where its own
// end-of-contents octets stand; a content that was cut is as much as came.
func berNext(b []byte) (v berValue, rest []byte, ok bool) {
	tag, size, n, ok := berHead(b)
	if !ok {
		return v, nil, false
	}
	if n >= 0 {
		end := size + min(n, len(b)-size)
		return berValue{tag, b[size:end]}, b[end:], true
	}
	at, depth := size, 1
	for at < len(b) {
		if b[at] == 0 && at+1 < len(b) && b[at+1] == 0 {
			if at, depth = at+2, depth-1; depth == 0 {
				return berValue{tag, b[size : at-2]}, b[at:], true
			}
			continue
		}
		_, size, n, ok := berHead(b[at:])
		switch {
		case !ok:
			at = len(b)
		case n < 0:
			at, depth = at+size, depth+1
		default:
			at += size + min(n, len(b)-at-size)
		}
	}
	return berValue{tag, b[size:]}, nil, true
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

// A cmsKind is what a CMS ContentInfo holds (RFC 5652 section 3).
type cmsKind int

// The kinds that are told apart.
const (
	cmsNone cmsKind = iota
	cmsSigned
	cmsEncrypted
	cmsCompressed
	cmsOther
)

// readCMS tells what a ContentInfo is, and for signed data what was signed: nil if
// the signature stands alone, as with certificates.
func readCMS(b []byte) (cmsKind, []byte) {
	outer := (&berReader{b}).take()
	if outer.tag != 0x30 {
		return cmsNone, nil
	}
	info := outer.enter()
	id := info.take()
	if id.tag != 0x06 {
		return cmsNone, nil
	}
	switch string(id.content) {
	case "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02":
		return cmsSigned, signedContent(info.take())
	case "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03", "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17":
		return cmsEncrypted, nil
	case "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09":
		return cmsCompressed, nil
	}
	return cmsOther, nil
}

// signedContent finds SignedData / encapContentInfo / eContent (RFC 5652 section
// 5.1), nil if there is none.
func signedContent(explicit berValue) []byte {
	signed := explicit.enter().take().enter()
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

// octetString joins the pieces of an OCTET STRING in whatever way they are nested.
func octetString(v berValue) []byte {
	switch v.tag {
	case 0x04:
		return v.content
	case 0x24:
	default:
		return nil
	}
	var out []byte
	for b := v.content; len(b) > 0; {
		tag, size, n, ok := berHead(b)
		switch {
		case b[0] == 0:
			b = b[min(2, len(b)):] // the end of a piece
		case ok && tag == 0x24:
			b = b[size:]
		case ok && tag == 0x04:
			end := size + min(n, len(b)-size)
			out = append(out, b[size:end]...)
			b = b[end:]
		default:
			return out
		}
	}
	return out
}
