package eml

import (
	"strings"
	"testing"
)

func TestALineBeginsWithOneOfManyWords(t *testing.T) {
	t.Parallel()
	words := []string{"this mail", "this", "that is", "äußerst", "z"}
	p := prefixesOf(strings.Split(strings.Join(words, "|"), "|")...)
	for _, s := range []string{"", "t", "thi", "this", "this mail", "this male", "thit", "that is", "that isn't", "that was", "äußer", "äußerst gut", "y", "z", "zz", "\xff"} {
		want := false
		for _, word := range words {
			want = want || strings.HasPrefix(s, word)
		}
		if p.begin(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}
