package verify

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"postdesk/core"
)

// brittle is a mail whose bytes cannot be had from a place on.
type brittle struct {
	io.ReaderAt
	from int64
}

var errBrittle = errors.New("the disk is gone")

func (b brittle) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > b.from {
		return 0, errBrittle
	}
	return b.ReaderAt.ReadAt(p, at)
}

// A signature over a great mail proves it as it proves a small one, and a body that
// cannot be read is a fault of ours and no verdict about its author.
func TestAGreatMailIsJudgedFromItsPieces(t *testing.T) {
	t.Parallel()
	resolver, _ := serve(t, txts{key + "acme.test": keyRecord("")}, nil)
	c := New(resolver)
	raw := []byte(sign(t, plainMail+strings.Repeat("It  burns \t on.\r\n\r\n", 100_000), "acme.test"))
	check := func(r io.ReaderAt) (core.Origin, error) {
		return c.CheckGreat(t.Context(), envelope("ann@acme.test"), letterFrom("ann@acme.test"), r, int64(len(raw)))
	}
	if o, err := check(bytes.NewReader(raw)); err != nil || o.Verdict != core.Proven {
		t.Errorf("%+v (%v)", o, err)
	}
	if _, err := check(brittle{bytes.NewReader(raw), 1600 << 10}); !errors.Is(err, errBrittle) {
		t.Errorf("a body that cannot be read: %v", err)
	}
	raw[len(raw)-30] ^= 1
	if o, err := check(bytes.NewReader(raw)); err != nil || o.Verdict != core.Unproven {
		t.Errorf("one bit changed: %+v (%v)", o, err)
	}
}
