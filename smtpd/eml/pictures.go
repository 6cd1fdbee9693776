package eml

import (
	"slices"
	"sort"
	"strings"
	"unicode"

	"postdesk/core"
)

// pictureMark stands in a text for a picture of the mail's own (U+FFFC).
const pictureMark = "\uFFFC"

// picture writes a mark where a page shows a part of its mail (RFC 2392).
func (w *htmlWriter) picture(src string) {
	if !w.showPictures || !hasFoldPrefix(src, "cid:") || len(w.pictures) >= maxParts {
		return
	}
	w.pictures = append(w.pictures, string(decodePercent(src[len("cid:"):])))
	w.space = true
	w.word([]byte(pictureMark))
	w.space = true
}

// placePictures tells which pictures of a mail stand only in what is folded, such
// as a signature or a quote, and how much new text stands below the others.
func placePictures(files []core.Attachment, page string) {
	if !slices.ContainsFunc(files, func(f core.Attachment) bool { return f.Inline }) {
		return
	}
	w := writePage(strings.ReplaceAll(page, pictureMark, ""), true)
	text := strings.Trim(string(w.out), "\n")
	folds := trim(text, w.marks)
	above := map[string]int{} // letters of new text before the first mark among it, by the id of a picture
	count := 0
	for i, r := range text {
		for len(folds) > 0 && folds[0].End <= i {
			folds = folds[1:]
		}
		folded := len(folds) > 0 && folds[0].Start <= i
		switch {
		case string(r) == pictureMark && len(w.pictures) > 0:
			if _, known := above[w.pictures[0]]; !folded && !known {
				above[w.pictures[0]] = count
			}
			w.pictures = w.pictures[1:]
		case !folded && !unicode.IsSpace(r):
			count++
		}
	}
	for i := range files {
		if !files[i].Inline {
			continue
		}
		before, shown := above[files[i].ContentID]
		if files[i].Folded = !shown; shown {
			files[i].Below = count - before
		}
	}
}

func isFolded(at int, folds []core.Span) bool {
	i := sort.Search(len(folds), func(i int) bool { return folds[i].End > at })
	return i < len(folds) && folds[i].Start <= at
}

// findWords finds the lines of a text, not folded yet, that say the same words.
func findWords(text, words string, folds []core.Span) (span core.Span, ok bool) {
	const mostTries = 400 // lines from the end of which a signature may begin
	first := strings.Fields(words)
	if len(first) == 0 {
		return span, false
	}
	at := len(text)
	for range mostTries {
		if at = strings.LastIndexByte(text[:at], '\n'); at < 0 {
			return span, false // one that begins the mail is no signature
		}
		if isFolded(at+1, folds) {
			continue
		}
		if end, ok := sameWords(text[at+1:], words); ok {
			line := strings.IndexByte(text[at+1+end:], '\n')
			if line < 0 {
				line = len(text) - (at + 1 + end)
			} else {
				line++
			}
			return core.Span{Start: at + 1, End: at + 1 + end + line}, true
		}
	}
	return span, false
}

// sameWords steps over the words of a signature at the start of text: marks of
// bold letters, and links that one of them writes out, do not count.
func sameWords(text, words string) (end int, ok bool) {
	for _, word := range strings.Fields(words) {
		want := bareWord(word)
		for want != "" {
			rest := strings.TrimLeft(text[end:], " \t\r\n\u00a0")
			if rest == "" {
				return 0, false
			}
			n := strings.IndexFunc(rest, unicode.IsSpace)
			if n < 0 {
				n = len(rest)
			}
			if glued := strings.IndexAny(rest[1:n], "<["); glued >= 0 {
				n = glued + 1
			}
			end = len(text) - len(rest) + n
			switch got := bareWord(rest[:n]); {
			case got == want:
				want = ""
			case got == "" || strings.Contains(got, "://") || strings.HasPrefix(got, "mailto:") || strings.HasPrefix(got, "cid:"):
			case strings.Contains(want, "://"):
				end, want = len(text)-len(rest), ""
			default:
				return 0, false
			}
		}
	}
	return end, end > 0
}

func bareWord(word string) string { return strings.Trim(word, "*_<>[]()|-•·") }

// addSpans keeps the spans in order. No new one begins inside of another.
func addSpans(folds []core.Span, more ...core.Span) []core.Span {
	all := append(slices.Clone(folds), more...)
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b core.Span) int { return a.Start - b.Start })
	joined := all[:1]
	for _, next := range all[1:] {
		if last := &joined[len(joined)-1]; next.Start <= last.End {
			last.End = max(last.End, next.End)
		} else {
			joined = append(joined, next)
		}
	}
	return joined
}
