package core

import (
	"testing"
	"time"
)

// TestCodesAreThoseOfTheStandards: RFC 4226 appendix D, and RFC 6238 appendix B cut
// to six digits.
func TestCodesAreThoseOfTheStandards(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	for step, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		if got, err := totpCode(secret, int64(step)); err != nil || got != want {
			t.Errorf("step %d: %s, %v; want %s", step, got, err, want)
		}
	}
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if _, ok, err := totpMatch(secret, want, time.Unix(at, 0), 0); err != nil || !ok {
			t.Errorf("%d: %s is not taken: %v", at, want, err)
		}
	}
}

func TestACodeIsOfAStepAroundNowAndAfterTheLast(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	at := time.Unix(1111111109, 0)
	now := at.Unix() / totpStep
	for _, c := range []struct {
		off, last int64
		good      bool
	}{{0, 0, true}, {-1, 0, true}, {1, 0, true}, {-2, 0, false}, {2, 0, false}, {0, now, false}, {-1, now, false}, {1, now, true}, {0, now - 1, true}} {
		code, err := totpCode(secret, now+c.off)
		if err != nil {
			t.Fatal(err)
		}
		step, ok, err := totpMatch(secret, code, at, c.last)
		if err != nil || ok != c.good || ok && step != now+c.off {
			t.Errorf("%d steps off after %d: %v at %d, %v", c.off, c.last-now, ok, step, err)
		}
	}
	for _, code := range []string{"", "12345", "1234567", "abcdef", "０８１８０４"} {
		if _, ok, _ := totpMatch(secret, code, at, 0); ok {
			t.Errorf("%q is taken", code)
		}
	}
}
