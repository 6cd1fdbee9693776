package core_test

import (
	"errors"
	"testing"
	"time"

	"postdesk/core"
)

func FuzzCursor(f *testing.F) {
	good := core.Cursor{At: time.UnixMicro(1_700_000_000_123_456), ID: 42}
	f.Add(good.String())
	good.Newer = true
	f.Add(good.String())
	for _, s := range []string{"", "x", "bwAAAAAAAAAAAAAAAAAAAAE", "bwAAAAAAAAAAAAAAAAAAAAA", "bwAAAAAAAAAAAAAAAAAAAAF", "b3//////////AAAAAAAAAAE", "bv_________AAAAAAAAAAE=", "zz\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := core.ParseCursor(s)
		if err != nil {
			var fault core.Invalid
			if !errors.As(err, &fault) || fault.Field != "cursor" {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if c.String() != s || c.ID <= 0 || c.At.Year() < 1 || c.At.Year() > 9999 {
			t.Errorf("%q became %+v", s, c)
		}
	})
}
