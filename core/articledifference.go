package core

import (
	"strings"
	"unicode"
)

// A Change tells what became of a line.
type Change string

// The changes.
const (
	ChangeNone    Change = "same"
	ChangeAdded   Change = "added"
	ChangeRemoved Change = "removed"
)

// A DifferenceLine is one line of two texts laid beside each other.
type DifferenceLine struct {
	Change   Change
	Old, New int // numbers of the line in each text, from 1; 0: it is not there
	Pieces   []DifferencePiece
}

// A DifferencePiece is a part of a line. Changed ones make the difference to the
// line that it replaces, or is replaced by.
type DifferencePiece struct {
	Text    string
	Changed bool
}

// mostCompared bounds the table of a comparison, in cells: beyond it, what lies
// between equal beginnings and ends counts as replaced.
const mostCompared = 4 << 20

// Difference compares two texts line by line, and lines that were replaced word by
// word. Together, the lines that are not added are the old text, those that are not
// removed the new one.
func Difference(before, after string) []DifferenceLine {
	old, young := strings.Split(before, "\n"), strings.Split(after, "\n")
	var all []DifferenceLine
	i, j := 0, 0
	for _, same := range append(common(old, young), [2]int{len(old), len(young)}) {
		all = append(all, replaced(old[i:same[0]], young[j:same[1]], i, j)...)
		if i, j = same[0]+1, same[1]+1; i <= len(old) {
			all = append(all, DifferenceLine{ChangeNone, i, j, []DifferencePiece{{Text: old[i-1]}}})
		}
	}
	return all
}

// replaced are lines that were taken out, then those that came for them.
func replaced(old, young []string, i, j int) []DifferenceLine {
	removed, added := make([]DifferenceLine, len(old)), make([]DifferenceLine, len(young))
	for n, line := range old {
		removed[n] = DifferenceLine{ChangeRemoved, i + n + 1, 0, []DifferencePiece{{line, true}}}
	}
	for n, line := range young {
		added[n] = DifferenceLine{ChangeAdded, 0, j + n + 1, []DifferencePiece{{line, true}}}
	}
	for n := range min(len(old), len(young)) {
		removed[n].Pieces, added[n].Pieces = wordPieces(old[n], young[n])
	}
	return append(removed, added...)
}

// wordPieces marks in two lines the words that are not in the other.
func wordPieces(before, after string) (old, young []DifferencePiece) {
	b, a := wordsOf(before), wordsOf(after)
	i, j := 0, 0
	for _, same := range append(common(b, a), [2]int{len(b), len(a)}) {
		old = add(old, strings.Join(b[i:same[0]], ""), true)
		young = add(young, strings.Join(a[j:same[1]], ""), true)
		if i, j = same[0]+1, same[1]+1; i <= len(b) {
			old, young = add(old, b[i-1], false), add(young, a[j-1], false)
		}
	}
	return old, young
}

func add(all []DifferencePiece, text string, changed bool) []DifferencePiece {
	if n := len(all); n > 0 && all[n-1].Changed == changed {
		all[n-1].Text += text
		return all
	}
	if text == "" {
		return all
	}
	return append(all, DifferencePiece{text, changed})
}

// wordsOf cuts a line into words and what stands between them.
func wordsOf(line string) (words []string) {
	start, in := 0, false
	for i, r := range line {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r)
		if i > start && (letter != in || !letter) {
			words = append(words, line[start:i])
			start = i
		}
		in = letter
	}
	if start < len(line) {
		words = append(words, line[start:])
	}
	return words
}

// common gives the places of a longest common subsequence, in order.
func common(a, b []string) (same [][2]int) {
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		same = append(same, [2]int{start, start})
		start++
	}
	end := 0
	for end < len(a)-start && end < len(b)-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	same = append(same, longest(a[start:len(a)-end], b[start:len(b)-end], start)...)
	for n := end; n > 0; n-- {
		same = append(same, [2]int{len(a) - n, len(b) - n})
	}
	return same
}

// longest is the classic table of lengths, read from its start.
func longest(a, b []string, offset int) (same [][2]int) {
	if len(a) == 0 || len(b) == 0 || (len(a)+1)*(len(b)+1) > mostCompared {
		return nil
	}
	width := len(b) + 1
	length := make([]uint16, (len(a)+1)*width) // of a[i:] and b[j:]; mostCompared keeps the shorter one below 2,048
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i*width+j] = length[(i+1)*width+j+1] + 1
			} else {
				length[i*width+j] = max(length[(i+1)*width+j], length[i*width+j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			same = append(same, [2]int{offset + i, offset + j})
			i, j = i+1, j+1
		case length[(i+1)*width+j] >= length[i*width+j+1]:
			i++
		default:
			j++
		}
	}
	return same
}
