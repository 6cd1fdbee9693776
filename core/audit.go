package core

import "time"

// An AuditEntry is one administrative act.
type AuditEntry struct {
	ID        int64
	ActorID   UserID // 0: a command or a person since deleted
	ActorName string
	Act       string
	Object    string // "user 7"
	Detail    map[string]any
	At        time.Time
}
