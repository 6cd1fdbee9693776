package core

import "time"

// A Status is where a conversation stands (mail-law section 8).
type Status string

// The statuses.
const (
	StatusNew       Status = "new"       // nobody of us has answered
	StatusOpen      Status = "open"      // we are to act
	StatusPending   Status = "pending"   // the customer is to act
	StatusCompleted Status = "completed" // done, an answer opens it again
	StatusClosed    Status = "closed"    // done for good, an answer opens another
)

// Valid tells that s is one of the statuses.
func (s Status) Valid() bool {
	switch s {
	case StatusNew, StatusOpen, StatusPending, StatusCompleted, StatusClosed:
		return true
	}
	return false
}

// AfterCustomerMessage is the status after a message by requester or
// participant. Generated mail changes nothing and does not ask.
func (s Status) AfterCustomerMessage() Status {
	if s == StatusPending || s == StatusCompleted {
		return StatusOpen
	}
	return s
}

// AfterReply is the status after an agent's reply, with the one chosen along
// with it or "". The chosen one has passed MaySet.
func (s Status) AfterReply(chosen Status) Status {
	if chosen != "" {
		return chosen
	}
	if s == StatusNew {
		return StatusOpen
	}
	return s
}

// MaySet checks a change of status by hand: any but new, by agents, and out of
// closed by admins only. ErrForbidden, or an Invalid of the field "status".
func MaySet(by Role, from, to Status) error {
	switch {
	case !to.Valid():
		return Invalid{Field: "status", Code: CodeInvalid, Problem: "There is no such status."}
	case by.Rank() < RoleAgent.Rank():
		return ErrForbidden
	case from == to:
		return nil
	case to == StatusNew:
		return Invalid{Field: "status", Code: CodeInvalid, Problem: "A conversation cannot become new again."}
	case from == StatusClosed && by.Rank() < RoleAdmin.Rank():
		return refuse(ErrForbidden, "Only an admin reopens a closed conversation.")
	}
	return nil
}

// MayComplete checks that the requester marks the own conversation completed in
// the portal (behaviour.md section 6). ErrConflict if it is closed.
func MayComplete(from Status) error {
	if from == StatusClosed {
		return refuse(ErrConflict, "The conversation is closed.")
	}
	return nil
}

// CloseDue tells that a conversation completed so long ago is to be closed.
// Hours is the setting, 0 or less is off.
func CloseDue(completedAt, now time.Time, hours int) bool {
	return hours > 0 && !now.Before(completedAt.Add(time.Duration(hours)*time.Hour))
}
