package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sealed checks the newest message signature and then every seal, from the newest
// to the oldest.
func sealed(ctx context.Context, l *lookups, m mail, sets []arcSet, now time.Time) string {
	newest := len(sets)
	last := sets[newest-1]
	if sum, problem := messageSum(m, *last.message, last.messageTags, now); problem != "" {
		return fmt.Sprintf("fail at %d: %s", newest, problem)
	} else if words := checkSignature(ctx, l, last.messageTags, sum, newest, "the mail was changed after it"); words != "" {
		return words
	}
	sums := sealSums(sets)
	for i := newest - 1; i >= 0; i-- {
		if words := checkSignature(ctx, l, sets[i].sealTags, sums[i], i+1, "its seal does not hold"); words != "" {
			return words
		}
	}
	return clip("pass: "+originWords(sets), maxARCWords)
}

const maxARCWords = 400 // characters that are stored and shown

// checkSignature is empty if a signature over this sum holds, else what to say of
// set number at.
func checkSignature(ctx context.Context, l *lookups, tags map[string]string, sum []byte, at int, broken string) string {
	if canonical(tags["d"]) == "" {
		return fmt.Sprintf("fail at %d: its signer has no usable name", at)
	}
	signature, err := base64.StdEncoding.DecodeString(squeeze(tags["b"]))
	if err != nil || len(signature) == 0 {
		return fmt.Sprintf("fail at %d: its signature cannot be read", at)
	}
	if ctx.Err() != nil {
		return "not checked: no time left"
	}
	key, problem, trouble := askKey(ctx, l, tags["d"], tags["s"])
	switch {
	case trouble:
		return fmt.Sprintf("temperror at %d: %s", at, problem)
	case problem == tooManyKeys:
		return "not checked: " + problem
	case problem != "":
		return fmt.Sprintf("fail at %d: %s", at, problem)
	case !signs(key, tags["a"], sum, signature):
		return fmt.Sprintf("fail at %d: %s", at, broken)
	}
	return ""
}

// messageSum is what an ARC-Message-Signature signs, which is what a
// DKIM-Signature does (RFC 8617 section 4.1.2), after it was found to fit the mail;
// else the problem.
func messageSum(m mail, own field, tags map[string]string, now time.Time) (sum []byte, problem string) {
	names := strings.Split(squeeze(strings.ToLower(tags["h"])), ":")
	header, body, ok := canonicalization(tags["c"])
	_, partial := tags["l"]
	switch {
	case !ok || !slices.Contains(names, "from") || slices.Contains(names, "arc-seal") || len(names) > maxSignatureNames:
		return nil, "its signature breaks the rules"
	case partial:
		return nil, "it covers only a part of the text"
	case !allows(tags, "q", "dns/txt", "dns/txt"):
		return nil, "its key is kept where nobody can look"
	case !inTime(tags, now):
		return nil, "it is signed for another time"
	}
	bh, err := base64.StdEncoding.DecodeString(squeeze(tags["bh"]))
	if err != nil || !bytes.Equal(bh, bodyHash(m.text(), body)) {
		return nil, "the text was changed after it"
	}
	h := sha256.New()
	below := make(map[string]int) // fields to pass over, from the bottom
	for _, name := range names {
		if f := m.fromBottom(name, below[name]); f != nil {
			_, _ = h.Write([]byte(canonicalField(f.raw, header)))
			below[name]++
		}
	}
	return finish(h, own.raw, header), ""
}

// canonicalization reads c= (RFC 6376 section 3.5): relaxed or simple, for header
// and body.
func canonicalization(c string) (header, body, ok bool) {
	h, b, _ := strings.Cut(squeeze(c), "/")
	known := func(s string) bool { return s == "" || s == "simple" || s == "relaxed" }
	return h == "relaxed", b == "relaxed", known(h) && known(b)
}

// inTime reports whether t= and x= can be read, and x= has not passed.
func inTime(tags map[string]string, now time.Time) bool {
	for _, name := range []string{"t", "x"} {
		value, told := tags[name]
		seconds, err := strconv.ParseInt(value, 10, 64)
		if told && (err != nil || !isNumber(value) || name == "x" && now.Unix() > seconds) {
			return false
		}
	}
	return true
}

// fromBottom is the field of this name that has so many others of it below.
func (m mail) fromBottom(name string, below int) *field {
	for i := len(m.fields) - 1; i >= 0; i-- {
		if m.fields[i].is(name) {
			if below == 0 {
				return &m.fields[i]
			}
			below--
		}
	}
	return nil
}

// sealSums are what the seals sign (RFC 8617 section 5.1.1): all sets up to
// their own, relaxed, in the order results, message, seal.
func sealSums(sets []arcSet) (sums [][]byte) {
	var signed bytes.Buffer
	for _, set := range sets {
		signed.WriteString(canonicalField(set.results.raw, true))
		signed.WriteString(canonicalField(set.message.raw, true))
		h := sha256.New()
		_, _ = h.Write(signed.Bytes())
		sums = append(sums, finish(h, set.seal.raw, true))
		signed.WriteString(canonicalField(set.seal.raw, true))
	}
	return sums
}

// finish adds the signature's own field, without the signature and the line's end.
func finish(h hash.Hash, raw []byte, relaxed bool) []byte {
	own := canonicalField(withoutSignature(raw), relaxed)
	_, _ = h.Write([]byte(strings.TrimRight(own, "\r\n")))
	return h.Sum(nil)
}
