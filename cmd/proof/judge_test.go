package main

import (
	"crypto/sha256"
	"errors"
	"math"
	"slices"
	"testing"
)

func digest(s string) [sha256.Size]byte { return sha256.Sum256([]byte(s)) }

func TestJudge(t *testing.T) {
	t.Parallel()
	sent := []posted{
		{from: "a@x", subject: "A", digest: digest("a"), acked: true},
		{from: "b@x", subject: "B", digest: digest("b"), acked: true},
		{from: "c@x", subject: "C", digest: digest("c")}, // nobody said 250
	}
	for _, c := range []struct {
		name   string
		change func(*findings)
		want   verdict
	}{
		{"all is well", func(*findings) {}, verdict{}},
		{"one that nobody said 250 to is there", func(f *findings) {
			f.mails = append(f.mails, storedMail{From: "c@x", State: "success", Digest: digest("c")})
			f.messages = append(f.messages, storedMessage{3, 3, "C", "c@x", true})
		}, verdict{}},
		{"a mail is gone", func(f *findings) { f.mails = f.mails[:1] }, verdict{lost: 1}},
		{"a conversation is gone", func(f *findings) { f.messages = f.messages[1:] }, verdict{lost: 1}},
		{"a conversation is empty", func(f *findings) { f.messages[0].Message = 0 }, verdict{lost: 1}},
		{"all is gone", func(f *findings) { *f = findings{} }, verdict{lost: 2}},
		{"a mail is there twice", func(f *findings) { f.mails = append(f.mails, f.mails[0]) }, verdict{doubled: 1}},
		{"two conversations", func(f *findings) { f.messages = append(f.messages, storedMessage{3, 3, "A", "a@x", true}) }, verdict{doubled: 1}},
		{"two messages in one", func(f *findings) { f.messages = append(f.messages, storedMessage{1, 3, "A", "a@x", true}) }, verdict{doubled: 1}},
		{"a stranger's mail", func(f *findings) {
			f.mails = append(f.mails, storedMail{From: "z@x", State: "success", Digest: digest("z")})
		}, verdict{doubled: 1}},
		{"other bytes", func(f *findings) { f.mails[1].Digest = digest("B") }, verdict{altered: 1}},
		{"another author", func(f *findings) { f.messages[0].Author = "b@x" }, verdict{altered: 1}},
		{"other words", func(f *findings) { f.messages[0].HasSubject = false }, verdict{altered: 1}},
		{"still waiting, so without a conversation", func(f *findings) { f.mails[0].State, f.messages = "received", f.messages[1:] }, verdict{stuck: 1}},
		{"failed", func(f *findings) { f.mails[0].State = "failed" }, verdict{stuck: 1}},
	} {
		f := findings{
			mails:    []storedMail{{From: "a@x", State: "success", Digest: digest("a")}, {From: "b@x", State: "success", Digest: digest("b")}},
			messages: []storedMessage{{1, 1, "A", "a@x", true}, {2, 2, "B", "b@x", true}},
		}
		c.change(&f)
		if got, faulty := judge(sent, f); got != c.want || (len(faulty) > 0) != (got != verdict{}) {
			t.Errorf("%s: %v %q, want %v", c.name, got, faulty, c.want)
		}
	}
}

func TestTheLedgerSendsAgainUntilYesOrNo(t *testing.T) {
	t.Parallel()
	l := newLedger(2)
	m := mail{from: "a@x", subject: "A", raw: []byte("a")}
	for _, c := range []struct {
		n     int
		err   error
		again bool
	}{{0, errors.New("cut off"), true}, {0, refusal{451, ""}, true}, {0, nil, false}, {1, refusal{550, ""}, false}} {
		if again := l.record(c.n, m, c.err); again != c.again {
			t.Errorf("after %v: again is %v", c.err, again)
		}
	}
	if p := l.mails[0]; !p.acked || p.refused || p.later != 1 || p.unknown != 1 || p.digest != digest("a") {
		t.Errorf("%+v", p)
	}
	if p := l.mails[1]; p.acked || !p.refused || l.sent() != 1 {
		t.Errorf("%+v, %d sent", p, l.sent())
	}
}

func TestARepeatedMailHasTheSameBytesAndNoOtherIsLikeIt(t *testing.T) {
	t.Parallel()
	k := crashCommand{Seed: 5}
	text := prose(k.Seed, 2*largest)
	seen := map[[sha256.Size]byte]bool{}
	for n := range 200 {
		m, again := k.mail(n, text), k.mail(n, text)
		if !slices.Equal(m.raw, again.raw) {
			t.Fatalf("mail %d differs when it is repeated", n)
		}
		if len(m.raw) < smallest-2 || len(m.raw) > largest+2 {
			t.Errorf("mail %d has %d octets", n, len(m.raw))
		}
		if bareEnd(m.raw) {
			t.Errorf("mail %d has a CR or LF alone", n)
		}
		seen[sha256.Sum256(m.raw)] = true
	}
	if len(seen) != 200 {
		t.Errorf("%d different mails of 200", len(seen))
	}
}

func bareEnd(raw []byte) bool {
	for i, c := range raw {
		if c == '\n' && (i == 0 || raw[i-1] != '\r') || c == '\r' && (i+1 == len(raw) || raw[i+1] != '\n') {
			return true
		}
	}
	return false
}

func TestAProcessIsReadWhateverItsName(t *testing.T) {
	t.Parallel()
	want := process{pid: 42, parent: 7, own: 30 * tick, waited: 70 * tick}
	for _, name := range []string{"postgres", "a b", "(x) S 1", ") 1"} {
		got, ok := readProcess("42 (" + name + ") S 7 1 1 0 -1 0 0 0 0 0 10 20 30 40 20 0 1 0 5\n")
		if !ok || got != want {
			t.Errorf("%q: %+v, %v", name, got, ok)
		}
	}
	if got, ok := readProcess("42 (x) S 7"); ok {
		t.Errorf("half a line gave %+v", got)
	}
}

func TestTheTreeHoldsAllDescendantsAndNobodyElse(t *testing.T) {
	t.Parallel()
	all := map[int]process{}
	for pid, parent := range map[int]int{2: 1, 3: 2, 4: 3, 5: 1, 6: 2} {
		all[pid] = process{pid: pid, parent: parent}
	}
	var pids []int
	for _, p := range tree(all, 2) {
		pids = append(pids, p.pid)
	}
	slices.Sort(pids)
	if !slices.Equal(pids, []int{2, 3, 4, 6}) || len(tree(all, 9)) != 0 {
		t.Errorf("got %v", pids)
	}
}

func TestARowIsChosenByItsNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rows []int
		want int
	}{{nil, 9}, {[]int{1}, 1}, {[]int{6, 8}, 3}, {[]int{99}, 0}} {
		b := benchCommand{Row: c.rows, Mails: 0.001}
		if got := b.chosen(); len(got) != c.want {
			t.Errorf("rows %v: %d workloads, want %d", c.rows, len(got), c.want)
		}
		for _, load := range b.chosen() {
			if load.mails < load.connections {
				t.Errorf("%s has a connection without a mail", load.name)
			}
		}
	}
}

func TestTheLineOfABaselineIsRead(t *testing.T) {
	t.Parallel()
	r, err := readPeer("Postfix", 4000, []byte("postfix-default[4000*4096/50] 659 2.21 123 | done/s 656 syscpu/1000 2.80 maxproc_mb 10 clientcpu/1000 0.18\n"))
	if err != nil {
		t.Fatal(err)
	}
	if a, f, c := r.rates(); math.Abs(a-659) > 1 || math.Abs(f-656) > 1 || math.Abs(c-2.21) > 0.01 {
		t.Errorf("read %.1f/s, %.1f/s, %.2f s", a, f, c)
	}
	for _, void := range []string{"", "postfix 0 0 0 | done/s 0 a b c d", "x[1] 5 1 1 | done/s 5 syscpu/1000 1 CLIENT:exit_status_1 x", "a b c d e f g h i"} {
		if _, err := readPeer("Postfix", 1, []byte(void)); err == nil {
			t.Errorf("%q was taken", void)
		}
	}
}
