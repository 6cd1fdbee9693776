package core

import (
	"errors"
	"fmt"
	"time"
)

// The errors that callers tell apart. Everything else is internal: the edges
// answer it with a reference and nothing more.
var (
	ErrNotFound  = errors.New("not found")
	ErrForbidden = errors.New("not allowed")
	ErrConflict  = errors.New("changed in the meantime")
	ErrExpired   = errors.New("expired or used already")
	ErrLimit     = errors.New("limit reached")    // of people with a role: a licence
	ErrRate      = errors.New("too many at once") // and later again: a Refusal says when
	ErrNoWork    = errors.New("nothing to do")
	// ErrTwoFactor is ErrForbidden for staff who must set up two-factor sign-in.
	ErrTwoFactor = fmt.Errorf("two-factor sign-in is not set up: %w", ErrForbidden)
)

// Codes of faults, as the API names them (behaviour.md section 7).
const (
	CodeRequired  = "FIELD_REQUIRED"
	CodeEmpty     = "FIELD_EMPTY"
	CodeInvalid   = "FIELD_INVALID"
	CodeDuplicate = "FIELD_DUPLICATE"
)

// DuplicateProblem is the exact sentence for a taken address.
const DuplicateProblem = "The value of the field is already used for another resource"

// Invalid is a fault of one field of what was given.
type Invalid struct {
	Field   string
	Code    string
	Problem string
	// With CodeDuplicate: who or what holds the value already.
	Owner        UserID
	Mailbox      MailboxID
	Organization OrganizationID
	Value        string // which one of several, with CodeInvalid: that can be forced
}

// Error names the field and what is wrong with it.
func (i Invalid) Error() string { return i.Field + ": " + i.Problem }

// A Refusal is one of the sentinel errors with a sentence for the person who
// asked.
type Refusal struct {
	Kind    error
	Problem string
	After   time.Duration // with ErrRate: when another try makes sense
}

// Error is the sentence.
func (r Refusal) Error() string { return r.Problem }

// Unwrap gives the sentinel.
func (r Refusal) Unwrap() error { return r.Kind }

func refuse(kind error, format string, args ...any) error {
	return Refusal{Kind: kind, Problem: fmt.Sprintf(format, args...)}
}

// tooMany is ErrRate: another try makes sense after that time at the latest.
func tooMany(after time.Duration, format string, args ...any) error {
	return Refusal{Kind: ErrRate, Problem: fmt.Sprintf(format, args...), After: after}
}

// wrap names the sentence of the product that failed. Errors that callers tell
// apart pass through errors.Is and errors.As.
func wrap(err *error, format string, args ...any) {
	if *err != nil {
		*err = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), *err)
	}
}
