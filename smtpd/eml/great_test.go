package eml

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"postdesk/core"
)

// pieces is a mail of which nobody may ask for much at once: who does has given up.
type pieces struct {
	io.ReaderAt
	whole bool
}

func (p *pieces) ReadAt(to []byte, at int64) (int, error) {
	p.whole = p.whole || len(to) > 4*maxTextIn
	return p.ReaderAt.ReadAt(to, at)
}

// parseGreat reads a mail in pieces and brings its files home, so that the Letter
// can be compared.
func parseGreat(t testing.TB, raw []byte) (l core.Letter, whole bool) {
	t.Helper()
	p := &pieces{ReaderAt: bytes.NewReader(raw)}
	l, err := ParseGreat(p, int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range l.Attachments {
		a := &l.Attachments[i]
		a.Sum()
		content, err := a.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if a.Open != nil && !bytes.Equal(a.Head, content[:min(len(content), headBytes)]) {
			t.Errorf("%s: the head is not that of the file", a.Filename)
		}
		a.Content, a.Open, a.Head = content, nil, nil
	}
	return l, p.whole
}

func wantSameLetter(t testing.TB, name string, raw []byte) (whole bool) {
	t.Helper()
	got, whole := parseGreat(t, raw)
	want := Parse(raw)
	for i := range want.Attachments {
		want.Attachments[i].Sum()
		if want.Attachments[i].Content == nil {
			want.Attachments[i].Content = got.Attachments[min(i, len(got.Attachments)-1)].Content[:0]
		}
	}
	if reflect.DeepEqual(got, want) {
		return whole
	}
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		if !reflect.DeepEqual(g.Field(i).Interface(), w.Field(i).Interface()) {
			t.Errorf("%s: %s is %.200v, want %.200v", name, g.Type().Field(i).Name, g.Field(i), w.Field(i))
		}
	}
	return whole
}

// Whatever a great mail is made of, reading it in pieces gives what reading it as a
// whole gives; and what mails are usually made of is not read as a whole.
func TestAGreatMailReadsTheSameInPieces(t *testing.T) {
	t.Parallel()
	wholes := map[string]bool{ // these must be
		"a winmail.dat": true, "an encoded mail": true, "many small parts": true, "blank lines": true, "a long header": true, "uuencoded text": true,
		"a page in base64": true, // in one line
	}
	mails := bigMails(2 << 20)
	mails["a reply with a file"] = sampleMail(2 << 20)
	for _, name := range []string{"plain text", "quoted-printable"} { // of which only the beginning is read
		mails[name] = bigMails(9 << 20)[name]
	}
	for name, raw := range mails {
		whole := wantSameLetter(t, name, raw)
		if whole && !wholes[name] {
			t.Errorf("%s was read as a whole", name)
		}
	}
}

// Mails of pieces of every kind, put together at random.
func TestGreatMailsOfAnyMakeReadTheSameInPieces(t *testing.T) {
	t.Parallel()
	inPieces := 0
	for seed := range uint64(40) {
		raw := randomMail(rand.New(rand.NewPCG(seed, 7)))
		if !wantSameLetter(t, fmt.Sprintf("seed %d", seed), raw) {
			inPieces++
		}
		if t.Failed() {
			return
		}
	}
	if inPieces < 20 {
		t.Errorf("%d of 40 were read in pieces", inPieces)
	}
}

// randomMail nests multiparts and puts long runs of octets of every kind into them.
func randomMail(r *rand.Rand) []byte {
	var b strings.Builder
	b.WriteString("From: a@x.test\r\nTo: support@desk.test\r\nSubject: s\r\n")
	randomPart(r, &b, 0)
	if r.IntN(4) == 0 {
		b.WriteString(randomRun(r, 400<<10))
	}
	return []byte(b.String())
}

func randomPart(r *rand.Rand, b *strings.Builder, depth int) {
	if depth < 3 && r.IntN(3-depth) > 0 || depth == 0 && r.IntN(4) > 0 {
		boundary := fmt.Sprintf("b%d-%d", depth, r.IntN(3))
		kind := []string{"mixed", "alternative", "related", "digest"}[r.IntN(4)]
		fmt.Fprintf(b, "Content-Type: multipart/%s; boundary=%q\r\n\r\n", kind, boundary)
		if r.IntN(6) == 0 {
			b.WriteString(randomRun(r, 300<<10))
		}
		for range 1 + r.IntN(4) {
			b.WriteString("\r\n--" + boundary + "\r\n")
			randomPart(r, b, depth+1)
		}
		if r.IntN(5) > 0 {
			b.WriteString("\r\n--" + boundary + "--\r\n")
		}
		return
	}
	types := []string{"text/plain", "text/html", "application/pdf; name=f.pdf", "image/png", "message/rfc822", "text/csv", "application/octet-stream; name=\"a b\"", "text/plain; name=n.txt", "text/enriched"}
	fmt.Fprintf(b, "Content-Type: %s\r\n", types[r.IntN(len(types))])
	if r.IntN(3) == 0 {
		b.WriteString("Content-Disposition: attachment; filename=g.bin\r\n")
	}
	encoding := []string{"", "7bit", "base64", "quoted-printable", "base64", "base64", "x-odd", "x-uuencode"}[r.IntN(8)]
	if encoding != "" {
		b.WriteString("Content-Transfer-Encoding: " + encoding + "\r\n")
	}
	b.WriteString("\r\n")
	if r.IntN(3) > 0 { // else a small one
		b.WriteString(randomRun(r, r.IntN(900<<10)))
	}
	b.WriteString(randomRun(r, r.IntN(2000)))
}

// randomRun are lines of one kind, now and then broken by one of another.
func randomRun(r *rand.Rand, size int) string {
	lines := []string{
		strings.Repeat("QUJD", 19) + "\r\n", "some words = on a line=C3=B6 =\r\n", "- a point\r\n", "-\r\n", "x\r\n", "<p>page</p>\r\n",
		strings.Repeat("QUJDRA==", 9) + "\r\n", "wörter\r\n", "> quoted\r\n", strings.Repeat("long", 9000) + "\r\n", "\r\n", strings.Repeat("QUJDx", 30000) + "\r\n",
		"odd\nend\r", "____________\r\n", "-- \r\n", "QUJ\r\n", "=\r\n",
	}
	main := lines[r.IntN(len(lines))]
	var b strings.Builder
	for b.Len() < size {
		if r.IntN(3000) == 0 {
			b.WriteString(lines[r.IntN(len(lines))])
		}
		b.WriteString(main)
	}
	return b.String()
}

// What comes in other pieces makes the same sketch.
func TestASketchIsTheSameHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 3))
		raw := randomMail(r)
		raw = raw[:min(len(raw), 1<<20)]
		one, other := newSketch(nil), newSketch(nil)
		_, _ = one.Write(raw)
		one.finish()
		for rest := raw; len(rest) > 0; {
			n := min(len(rest), 1+r.IntN(200))
			_, _ = other.Write(rest[:n])
			rest = rest[n:]
		}
		other.finish()
		if !bytes.Equal(one.kept, other.kept) || !reflect.DeepEqual(one.holes, other.holes) || one.bareNewline() != other.bareNewline() {
			t.Fatalf("seed %d: %d octets and %d holes, or %d and %d", seed, len(one.kept), len(one.holes), len(other.kept), len(other.holes))
		}
		if one.bareNewline() != hasBareNewline(raw) {
			t.Fatalf("seed %d: bare newlines are told otherwise", seed)
		}
	}
}
