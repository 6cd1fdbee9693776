package smtpd

import "sync/atomic"

// A budget is an amount that many share. Nobody waits for it: who gets nothing
// is told to come again.
type budget struct{ left atomic.Int64 }

func newBudget(n int64) *budget {
	b := &budget{}
	b.left.Store(n)
	return b
}

// take takes n, if there is so much.
func (b *budget) take(n int64) bool {
	if b.left.Add(-n) < 0 {
		b.left.Add(n)
		return false
	}
	return true
}

func (b *budget) give(n int64) { b.left.Add(n) }

// An allowance is a part of a budget for which a client has one of its own too,
// so that one network cannot have it all.
type allowance struct {
	all *budget
	own *budget // nil: a trusted client, which has none
}

func (a allowance) take(n int64) bool {
	if !a.all.take(n) {
		return false
	}
	if a.own != nil && !a.own.take(n) {
		a.all.give(n)
		return false
	}
	return true
}

func (a allowance) give(n int64) {
	a.all.give(n)
	if a.own != nil {
		a.own.give(n)
	}
}
