package core

import (
	"encoding/base64"
	"encoding/binary"
	"time"
)

// A Cursor is a place in a list of conversations: between the one that it names and
// the next. Whoever pages by it misses nothing and sees nothing twice while others
// write, but for what moves to the top. It says nothing that the list did not, and
// gives no right to anything.
type Cursor struct {
	At    time.Time // last activity of the conversation, in whole microseconds
	ID    ConversationID
	Newer bool // the page before it; else the one after
}

// Letters of a cursor, which tell the direction and the version of what follows.
const (
	cursorOlder = 'o'
	cursorNewer = 'n'
)

// String writes the cursor as it stands in addresses.
func (c Cursor) String() string {
	direction := byte(cursorOlder)
	if c.Newer {
		direction = cursorNewer
	}
	raw := binary.BigEndian.AppendUint64([]byte{direction}, uint64(c.At.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(raw, uint64(c.ID)))
}

// Years of conversations: beyond them a database cannot compare.
const (
	firstMoment = -62_135_596_800_000_000 // 0001
	lastMoment  = 253_402_300_799_999_999 // 9999
)

// ParseCursor reads what String wrote, and nothing else: Invalid of "cursor".
func ParseCursor(s string) (Cursor, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err == nil && len(raw) == 17 && (raw[0] == cursorOlder || raw[0] == cursorNewer) {
		at, id := int64(binary.BigEndian.Uint64(raw[1:])), int64(binary.BigEndian.Uint64(raw[9:]))
		c := Cursor{At: time.UnixMicro(at).UTC(), ID: ConversationID(id), Newer: raw[0] == cursorNewer}
		if id > 0 && at >= firstMoment && at <= lastMoment && c.String() == s {
			return c, nil
		}
	}
	return Cursor{}, Invalid{Field: "cursor", Code: CodeInvalid, Problem: "This is no place in a list. Begin at its top."}
}
