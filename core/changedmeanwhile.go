package core

import "fmt"

// Shown is what somebody saw of a conversation when they began to change it.
type Shown struct {
	Subject, Priority, Type string
	Status                  Status
	Assignee                UserID
	Team                    TeamID
}

// changedMeanwhile refuses to write over what somebody else changed since it was
// shown: Invalid of the field. What both changed to the same is no conflict, and
// other fields are not looked at.
func (ch Changes) changedMeanwhile(c locked) error {
	if ch.Shown == nil {
		return nil
	}
	for _, err := range []error{
		overwrites("subject", ch.Subject, cleanLine(ch.Shown.Subject, maxSubject), cleanLine(c.Subject, maxSubject)),
		overwrites("status", ch.Status, ch.Shown.Status, c.Status),
		overwrites("priority", ch.Priority, ch.Shown.Priority, c.Priority),
		overwrites("type", ch.Type, ch.Shown.Type, c.Type),
		overwrites("assigned_agent_id", ch.Assignee, ch.Shown.Assignee, c.Assignee),
		overwrites("assigned_team_id", ch.Team, ch.Shown.Team, c.Team),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func overwrites[T comparable](field string, to *T, shown, now T) error {
	if to == nil || now == shown || now == *to {
		return nil
	}
	said := "Somebody else changed this in the meantime. It shows what is set now: change it again if yours is right."
	if word, ok := any(*to).(string); ok {
		said = fmt.Sprintf("Somebody else changed this in the meantime. You wrote “%s”: change it again if yours is right.", word)
	}
	return Invalid{Field: field, Code: CodeInvalid, Problem: said}
}
