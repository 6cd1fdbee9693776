package eml

import (
	"strings"
	"time"
)

// calendarStamp writes a FILETIME (MS-DTYP section 2.3.3: 100 ns since 1601, UTC) as
// RFC 5545 does.
func calendarStamp(ticks uint64) string {
	const unixEpoch = 11644473600 // seconds since 1601
	return time.Unix(int64(ticks/1e7)-unixEpoch, 0).UTC().Format("20060102T150405Z")
}

// meetingMethods are the kinds of meeting mail that Exchange knows, by the beginning
// of their class.
var meetingMethods = []struct{ class, method, status string }{
	{"ipm.schedule.meeting.request", "REQUEST", ""}, {"ipm.microsoft schedule.mtgreq", "REQUEST", ""},
	{"ipm.schedule.meeting.cancel", "CANCEL", ""}, {"ipm.microsoft schedule.mtgcncl", "CANCEL", ""},
	{"ipm.schedule.meeting.resp.pos", "REPLY", "ACCEPTED"}, {"ipm.microsoft schedule.mtgrespp", "REPLY", "ACCEPTED"},
	{"ipm.schedule.meeting.resp.neg", "REPLY", "DECLINED"}, {"ipm.microsoft schedule.mtgrespn", "REPLY", "DECLINED"},
	{"ipm.schedule.meeting.resp.tent", "REPLY", "TENTATIVE"}, {"ipm.microsoft schedule.mtgrespa", "REPLY", "TENTATIVE"},
}

// card is the card of a meeting that only a winmail.dat tells of.
func (m *tnefMail) card() string {
	c := calendar{component: "VEVENT", fields: map[string]calendarField{}}
	status := ""
	for _, one := range meetingMethods {
		if hasFoldPrefix(m.class, one.class) {
			c.method, status = one.method, one.status
		}
	}
	if c.method == "" {
		return ""
	}
	put := func(name, value string) {
		if value = oneLine(strings.TrimRight(value, "\x00")); value != "" {
			c.fields[name] = calendarField{name: name, value: strings.NewReplacer("\\", "\\\\").Replace(value)}
		}
	}
	first := func(ids ...uint16) string {
		for _, id := range ids {
			if v := m.meeting[id]; v != "" {
				return v
			}
		}
		return ""
	}
	put("SUMMARY", m.subject)
	put("LOCATION", m.meeting[propLocation])
	put("DTSTART", first(propMeetingStart, propStart))
	put("DTEND", first(propMeetingEnd, propEnd))
	if status != "" {
		c.attendees = []calendarField{{name: "ATTENDEE", params: "CN=The sender;PARTSTAT=" + status}}
	}
	return c.card()
}
