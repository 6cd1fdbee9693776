package eml

import (
	"bytes"
	"io"
)

// Bounds of a sketch. What is kept of a run before a hole is more than anything
// looks at that decides how a mail is read; the first run has the mail's header.
const (
	keptFirst = 192 << 10
	keptHead  = 80 << 10
	keptTail  = 4 << 10
	keptInAll = 6 << 20
)

// A sketch is a great mail without the middles of its long runs: of lines between
// which no boundary can stand, since none begins with two dashes. Its parts are
// found where they are in the mail. A hole is one octet wide, so that nothing looks
// like a line that is none.
//
// It answers what it can answer exactly, and gives up else: then the mail is read
// as a whole.
type sketch struct {
	src   io.ReaderAt
	kept  []byte
	holes []hole
	gone  bool  // given up
	err   error // of src, with which there is nothing more to read

	run       int64  // octets of the run under way
	most      int64  // of its beginning are kept
	tail      []byte // its last ones, from there on
	lineStart bool
	dash      bool // held back: one at the start of a line, at the end of what came
	cr        bool // the last octet
	crs, lfs  int64
	pairs     int64
}

// A hole stands at a place of what is kept for so many octets of the mail.
type hole struct {
	at     int
	octets int64
}

func newSketch(src io.ReaderAt) *sketch { return &sketch{src: src, lineStart: true, most: keptFirst} }

// giveUp says that the mail has to be read as a whole.
func (s *sketch) giveUp() { s.gone = true }

// fail says that the mail cannot be read now.
func (s *sketch) fail(err error) { s.gone, s.err = true, err }

// Write takes the next octets of the mail. It never fails.
func (s *sketch) Write(p []byte) (int, error) {
	n := len(p)
	s.countEnds(p)
	if s.dash {
		s.dash = false
		p = append([]byte{'-'}, p...)
	}
	for len(p) > 0 && !s.gone {
		if s.lineStart && p[0] == '-' && len(p) == 1 {
			s.dash = true
			break
		}
		if s.lineStart && bytes.HasPrefix(p, []byte("--")) {
			s.endRun()
		}
		end := bytes.Index(p, []byte("\n--")) + 1
		if end == 0 {
			end = len(p)
			if bytes.HasSuffix(p, []byte("\n-")) {
				end--
			}
		}
		s.put(p[:end])
		s.lineStart = p[end-1] == '\n'
		p = p[end:]
	}
	return n, nil
}

// put keeps octets of the run under way: at its beginning for good, else the last.
func (s *sketch) put(p []byte) {
	k := int(max(0, min(int64(len(p)), s.most-s.run)))
	s.kept = append(s.kept, p[:k]...)
	s.run += int64(len(p))
	p = p[k:]
	if len(p) >= keptTail {
		s.tail = append(s.tail[:0], p[len(p)-keptTail:]...)
		return
	}
	if surplus := len(s.tail) + len(p) - keptTail; surplus > 0 {
		s.tail = append(s.tail[:0], s.tail[surplus:]...)
	}
	s.tail = append(s.tail, p...)
}

// endRun puts the end of the run behind its hole.
func (s *sketch) endRun() {
	if missing := s.run - s.most - int64(len(s.tail)); missing > 0 {
		s.holes = append(s.holes, hole{len(s.kept), missing})
		s.kept = append(s.kept, 'x')
	}
	s.kept = append(s.kept, s.tail...)
	s.run, s.most, s.tail = 0, keptHead, s.tail[:0]
	if len(s.kept) > keptInAll {
		s.giveUp()
	}
}

// finish is called behind the last octet.
func (s *sketch) finish() {
	if s.dash {
		s.put([]byte{'-'})
	}
	s.endRun()
}

// countEnds counts what line ends are made of.
func (s *sketch) countEnds(p []byte) {
	if len(p) == 0 {
		return
	}
	s.crs += int64(bytes.Count(p, []byte{'\r'}))
	s.lfs += int64(bytes.Count(p, []byte{'\n'}))
	s.pairs += int64(bytes.Count(p, []byte("\r\n")))
	if s.cr && p[0] == '\n' {
		s.pairs++
	}
	s.cr = p[len(p)-1] == '\r'
}

// bareNewline is hasBareNewline of the mail.
func (s *sketch) bareNewline() bool { return s.crs != s.pairs || s.lfs != s.pairs }

// holed reports whether something is missing of so many octets of what is kept.
func (s *sketch) holed(at, length int) bool {
	if s == nil {
		return false
	}
	for _, h := range s.holes {
		if h.at >= at && h.at < at+length {
			return true
		}
	}
	return false
}

// place is where in the mail stands what is kept at a place.
func (s *sketch) place(at int) int64 {
	place := int64(at)
	for _, h := range s.holes {
		if h.at < at {
			place += h.octets - 1
		}
	}
	return place
}

// section is what of the mail so many kept octets stand for.
func (s *sketch) section(at, length int) *io.SectionReader {
	from := s.place(at)
	return io.NewSectionReader(s.src, from, s.place(at+length)-from)
}

// covers reports whether every hole is in the body of a leaf, behind all of it that
// the shape of the mail is read from.
func (s *sketch) covers(root *part) bool {
	inside := 0
	var visit func(p *part)
	visit = func(p *part) {
		for _, c := range p.children {
			visit(c)
		}
		if len(p.children) > 0 || p.sketch != s {
			return
		}
		for _, h := range s.holes {
			if h.at >= p.at+maxRuleBytes && h.at+1 < p.at+len(p.body) {
				inside++
			}
		}
	}
	visit(root)
	return inside == len(s.holes)
}
