//go:build !faults

package core

// Passing marks a place where a proof may end the process. Here it does nothing.
func Passing(Point) {}

// Faulty tells that a promise is to be broken. It never is, and the compiler takes
// away what hangs on it.
func Faulty(Fault) bool { return false }

// Poison is where a mail may break the parser in a proof.
func Poison([]byte) {}

// apart takes a mail that is enqueued out of the transaction of its cause.
func (d *Desk) apart(mailing) bool { return false }
