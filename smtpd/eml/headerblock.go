package eml

import "strings"

// headerBlock reports whether a block of mail fields, as Outlook writes it over a
// quote, begins at line i, and marks its lines. When it was sent is always among
// them, and who sent it: without both it is what somebody pasted.
func (d lined) headerBlock(i int) bool {
	b := block{lined: d, first: i, last: i}
	for odd := 0; i < len(d.lines) && i < b.first+16 && odd < 4 && d.lines[i].kind != lineQuote; i++ {
		if d.lines[i].kind == lineBlank {
			if bits(b.seen) >= 3 {
				break
			}
			odd++
			continue
		}
		if !b.field(i) {
			if b.seen == 0 {
				return false
			}
			odd++ // a long field goes on
		}
	}
	if !b.isOlderMail() {
		return false
	}
	d.set(b.first, b.last+1, lineHeader)
	return true
}

// A block is fields of a mail header under way.
type block struct {
	lined
	first, last int
	seen        int  // fields
	proof       bool // an address or a moment stands in one
}

// field takes line i if it is one.
func (b *block) field(i int) bool {
	f, value := fieldOf(b.of(i))
	if f == 0 {
		return false
	}
	if fresh := f &^ b.seen; fresh != 0 {
		f = fresh // a label that is two fields in two languages is the one not seen yet
	}
	b.seen |= f & -f
	b.last = i
	b.proof = b.proof || strings.IndexByte(value, '@') > 0 || digitsOf(value) >= 5
	return true
}

// isOlderMail weighs what was seen: three fields, or two that are proof.
func (b *block) isOlderMail() bool {
	fields := bits(b.seen &^ isReplyTo)
	if b.seen&isDate == 0 || b.seen&(isFrom|isTo) == 0 || fields < 2 || fields == 2 && (!b.proof || b.seen&isFrom == 0) {
		return false
	}
	if b.first == 0 || b.lines[b.first-1].kind != lineText {
		return true
	}
	above := b.of(b.first - 1)
	f, _ := fieldOf(above)
	return f == 0 && !strings.HasSuffix(above, ":") // "here is what I got:", or the rest of that
}

func bits(n int) (count int) {
	for ; n > 0; n &= n - 1 {
		count++
	}
	return count
}

// fieldOf tells which mail fields a line may be, in any language, and what stands
// in it; 0 if it is none.
func fieldOf(s string) (fields int, value string) {
	head := s[:min(len(s), 80)]
	colon := strings.IndexByte(head, ':')
	if wide := strings.Index(head, "："); wide >= 0 && (colon < 0 || wide < colon) {
		colon = wide
	}
	if colon <= 0 || strings.Count(s[:colon], " ") > 4 {
		return 0, ""
	}
	label := strings.Trim(normal(s[:colon]), "*_| \t")
	return fieldNames[label], s[colon+1:]
}
