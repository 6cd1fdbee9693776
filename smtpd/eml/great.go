package eml

import (
	"bytes"
	"io"
	"strings"

	"postdesk/core"
)

// ParseGreat is Parse for a mail of which only pieces are to be in memory: the
// Letter is the same, but that great files stay where they are, counted and summed,
// to be read by their Open. What cannot be told from pieces is read as a whole: a
// great winmail.dat, S/MIME, a mail of millions of parts. It fails only with raw.
func ParseGreat(raw io.ReaderAt, size int64) (core.Letter, error) {
	s := newSketch(raw)
	if _, err := io.CopyBuffer(onlyWriter{s}, io.NewSectionReader(raw, 0, size), make([]byte, 64<<10)); err != nil {
		return core.Letter{}, err
	}
	s.finish()
	if l, ok := s.read(); ok || s.err != nil {
		return l, s.err
	}
	*s = sketch{}
	whole := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(raw, 0, size), whole); err != nil {
		return core.Letter{}, err
	}
	return Parse(whole), nil
}

// onlyWriter keeps io.Copy from other ways than the buffer.
type onlyWriter struct{ io.Writer }

// read reads the mail from what is kept of it, if that can be done.
func (s *sketch) read() (l core.Letter, ok bool) {
	defer func() {
		if recover() != nil { // the reader of the whole will tell what then
			ok = false
		}
	}()
	start := bytes.TrimRight(s.kept, "\r\n")
	if s.gone || bytes.IndexByte(start[:min(len(start), keptHead)], '\n') < 0 {
		return l, false
	}
	var d defects
	if s.bareNewline() {
		d.add(defectBareNewline)
	}
	mail := startOfMail(s.kept)
	root := (&walker{raw: mail, defect: d.add, sketch: s, base: len(s.kept) - len(mail)}).run(0, mailHeader)
	if s.gone || !s.covers(root) {
		return l, false
	}
	l = letterOf(root, &d)
	for i := 0; i < len(l.Attachments) && !s.gone; i++ {
		s.sum(&l.Attachments[i])
	}
	return l, !s.gone
}

func (p *part) torn() bool { return p.sketch.holed(p.at, len(p.body)) }

// isLong tells a part of which only the beginning is read as text.
func (p *part) isLong() bool {
	return p.torn() && p.sketch.section(p.at, len(p.body)).Size() > beginningOf(p.transfer())
}

func (p *part) transfer() transfer {
	return transferOf(p.header.get("content-transfer-encoding"))
}

// beginningOf is how much of a text is read at most: what decodes to more than is
// shown.
func beginningOf(transfer transfer) int64 {
	if transfer == transferQP {
		return 3*maxTextIn + maxTextIn/2
	}
	return maxTextIn + maxTextIn/2
}

// textOf decodes a part of text: all of it or, of a very long one, more than is
// shown.
func (r *reader) textOf(p *part) []byte {
	if !p.torn() {
		return r.decode(p)
	}
	from := p.sketch.section(p.at, len(p.body))
	beginning := make([]byte, min(from.Size(), beginningOf(p.transfer())))
	if _, err := io.ReadFull(from, beginning); err != nil {
		p.sketch.fail(err)
		return nil
	}
	data := decodeTransfer(beginning, p.header.get("content-transfer-encoding"), r.defect)
	if p.isLong() && (len(data) <= maxTextIn+8 || p.transfer() == transferUU || r.hidesFile(p)) {
		p.sketch.giveUp()
	}
	return data
}

// hidesFile looks through a very long text for what is cut out of texts.
func (r *reader) hidesFile(p *part) bool {
	m := &measure{marks: [][]byte{[]byte("\nbegin "), pgpMessage}}
	_, err := io.CopyBuffer(m, onlyReader{p.sketch.opener(p.at, len(p.body), p.transfer())()}, make([]byte, 32<<10))
	return err != nil || m.marked
}

// attachTorn keeps a great leaf as a file.
func (r *reader) attachTorn(p *part) {
	name := p.body // as far as names are looked for
	if strings.HasPrefix(p.media.value, "message/") && p.transfer() != transferNone {
		p.sketch.giveUp()
	}
	r.attachFile(p, fileName(p, name[:min(len(name), maxRuleBytes)]), r.inPlace(p))
}

// inPlace is the file that a torn part is, read where it stands.
func (r *reader) inPlace(p *part) core.Attachment {
	s, transfer := p.sketch, p.transfer()
	switch {
	case transfer == transferUU:
		s.giveUp()
	case transfer == transferUnknown:
		r.defect(defectUnknownTransfer)
	case transfer == transferBase64 && bytes.Count(p.body[:min(len(p.body), maxRuleBytes)], []byte("\n")) < 4:
		s.giveUp() // it is looked at in lines
	case transfer == transferBase64 && isWords(p.body):
		r.defect(defectNotBase64)
		transfer = transferNone
	}
	return core.Attachment{Open: s.opener(p.at, len(p.body), transfer)}
}

// opener reads a piece of the mail. It does not hold the sketch.
func (s *sketch) opener(at, length int, transfer transfer) func() io.Reader {
	src, from, to := s.src, s.place(at), s.place(at+length)
	return func() io.Reader { return decoder(io.NewSectionReader(src, from, to-from), transfer) }
}

// restOf is the mail from where a part begins, as one file.
func restOf(p *part) core.Attachment {
	if !p.sketch.holed(p.restAt, len(p.rest)) {
		return core.Attachment{Content: p.rest}
	}
	return core.Attachment{Open: p.sketch.opener(p.restAt, len(p.rest), transferNone)}
}

// headBytes of a file are kept with it.
const headBytes = 1 << 20

// sum counts a file, and keeps its beginning.
func (s *sketch) sum(a *core.Attachment) {
	if a.Open == nil {
		a.Sum()
		return
	}
	m := &measure{most: headBytes}
	_, err := io.CopyBuffer(m, onlyReader{a.Open()}, make([]byte, 32<<10))
	switch {
	case err == errLongLine:
		s.giveUp()
	case err != nil:
		s.fail(err)
	}
	a.Size, a.Head = m.size, m.head
	m.hash.Sum(a.SHA[:0])
}

type onlyReader struct{ io.Reader }
