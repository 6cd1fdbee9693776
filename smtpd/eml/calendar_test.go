package eml

import (
	"strings"
	"testing"

	"postdesk/core"
)

const berlin = `BEGIN:VTIMEZONE
TZID:Mine
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
`

func vcalendar(method, zone, event string) string {
	s := "BEGIN:VCALENDAR\nVERSION:2.0\n"
	if method != "" {
		s += "METHOD:" + method + "\n"
	}
	return s + zone + "BEGIN:VEVENT\n" + event + "\nEND:VEVENT\nEND:VCALENDAR\n"
}

func TestT101AnInvitationIsACard(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ ics, want string }{
		"all of it": {vcalendar("REQUEST", berlin, "SUMMARY;LANGUAGE=en:Talk\\, long\n  one\nDTSTART;TZID=Mine:20260105T100000\nDTEND;TZID=Mine:20260105T110000\nLOCATION:Room 1\\; left\nORGANIZER;CN=\"Olga: boss\":mailto:olga@x.test\nATTENDEE;CN=Cara;PARTSTAT=ACCEPTED:MAILTO:cara@x.test\nATTENDEE;PARTSTAT=NEEDS-ACTION;ROLE=OPT-PARTICIPANT:mailto:bob@x.test\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=10\nBEGIN:VALARM\nSUMMARY:no\nEND:VALARM"),
			"Invitation: Talk, long one\nWhen: Monday, 5 January 2026, 10:00 – 11:00 (Mine, UTC+1)\nRepeats: every 2 weeks on Monday, Wednesday, 10 times\nWhere: Room 1; left\nOrganizer: Olga: boss <olga@x.test>\nAttendees: Cara <cara@x.test> (accepted), bob@x.test (optional)"},
		"in summer":           {vcalendar("REQUEST", berlin, "SUMMARY:x\nDTSTART;TZID=Mine:20260705T100000\nDURATION:PT1H30M"), "Invitation: x\nWhen: Sunday, 5 July 2026, 10:00 – 11:30 (Mine, UTC+2)"},
		"the day of change":   {vcalendar("REQUEST", berlin, "SUMMARY:x\nDTSTART;TZID=Mine:20260329T015900"), "Invitation: x\nWhen: Sunday, 29 March 2026, 01:59 (Mine, UTC+1)"},
		"after the change":    {vcalendar("REQUEST", berlin, "SUMMARY:x\nDTSTART;TZID=Mine:20260329T030000"), "Invitation: x\nWhen: Sunday, 29 March 2026, 03:00 (Mine, UTC+2)"},
		"a zone of no rules":  {vcalendar("REQUEST", "", "SUMMARY:x\nDTSTART;TZID=\"Europe/Berlin\":20260105T100000"), "Invitation: x\nWhen: Monday, 5 January 2026, 10:00 (Europe/Berlin)"},
		"the zone comes last": {strings.Replace(vcalendar("REQUEST", "", "SUMMARY:x\nDTSTART;TZID=Mine:20260105T100000"), "END:VCALENDAR", berlin+"END:VCALENDAR", 1), "Invitation: x\nWhen: Monday, 5 January 2026, 10:00 (Mine, UTC+1)"},
		"UTC":                 {vcalendar("PUBLISH", "", "SUMMARY:x\nDTSTART:20260105T100000Z\nDTEND:20260106T010000Z"), "Invitation: x\nWhen: Monday, 5 January 2026, 10:00 – Tuesday, 6 January 2026, 01:00 UTC"},
		"two zones":           {vcalendar("PUBLISH", "", "SUMMARY:x\nDTSTART;TZID=A:20260105T100000\nDTEND;TZID=B:20260105T120000"), "Invitation: x\nWhen: Monday, 5 January 2026, 10:00 (A) – 12:00 (B)"},
		"a day":               {vcalendar("REQUEST", "", "SUMMARY:x\nDTSTART;VALUE=DATE:20260105\nDTEND;VALUE=DATE:20260106"), "Invitation: x\nWhen: Monday, 5 January 2026, all day"},
		"days":                {vcalendar("REQUEST", "", "SUMMARY:x\nDTSTART;VALUE=DATE:20260105\nDTEND;VALUE=DATE:20260108"), "Invitation: x\nWhen: Monday, 5 January 2026 – Wednesday, 7 January 2026, all day"},
		"cancelled":           {vcalendar("CANCEL", "", "SUMMARY:x\nCOMMENT:I am ill"), "Cancelled: x\nComment: I am ill"},
		"changed":             {vcalendar("REQUEST", "", "SUMMARY:x\nSEQUENCE:2"), "Invitation, changed: x"},
		"an answer":           {vcalendar("REPLY", "", "SUMMARY:x\nATTENDEE;CN=Cara;PARTSTAT=DECLINED:mailto:cara@x.test"), "Cara <cara@x.test> declined: x"},
		"a counter":           {vcalendar("COUNTER", "", "SUMMARY:x\nDTSTART:20260105T100000Z"), "Another time is proposed: x\nWhen: Monday, 5 January 2026, 10:00 UTC"},
		"no method":           {vcalendar("", "", "SUMMARY:x"), "Calendar: x"},
		"a time in words":     {vcalendar("REQUEST", "", "SUMMARY:x\nDTSTART:tomorrow"), "Invitation: x\nWhen: tomorrow"},
		"ISO 8601's long way": {vcalendar("REQUEST", "", "SUMMARY:x\nDTSTART:2026-01-05T10:00:00Z"), "Invitation: x\nWhen: Monday, 5 January 2026, 10:00 UTC"},
		"the last Friday":     {vcalendar("REQUEST", "", "SUMMARY:x\nRRULE:FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20261231T000000Z"), "Invitation: x\nRepeats: every month on the last Friday, until Thursday, 31 December 2026"},
		"lines without end":   {"BEGIN:VEVENT\nSUMMARY:x", "Calendar: x"},
		"grouped, lower case": {"begin:vcalendar\nmethod:request\nbegin:vevent\nitem1.summary:x\nend:vevent", "Invitation: x"},
		"a task":              {strings.ReplaceAll(vcalendar("REQUEST", "", "SUMMARY:x\nDUE:20260105T100000Z"), "VEVENT", "VTODO"), "Task: x\nWhen: due Monday, 5 January 2026, 10:00 UTC"},
	} {
		l := read(crlf("From: cara@acme.test\nContent-Type: text/calendar; charset=utf-8\n\n" + c.ics))
		sound(t, l)
		if l.Text != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, l.Text, c.want)
		}
		if len(l.Attachments) != 1 || l.Attachments[0].Filename != "invite.ics" {
			t.Errorf("%s: files %+v", name, l.Attachments)
		}
	}
}

func TestT101OnlyAnAnswerToAnInvitationIsAutomatic(t *testing.T) {
	t.Parallel()
	ics := func(disposition, method string) string {
		return "Content-Type: text/calendar; method=" + method + "\n" + disposition + "\n" + vcalendar(method, "", "SUMMARY:Talk\nDTSTART:20260105T100000Z")
	}
	for name, c := range map[string]struct {
		mail string
		kind core.Kind
		text string
	}{
		"a request":      {alternativeOf("\nPlease come.\n", ics("", "REQUEST")), core.KindHuman, "Invitation: Talk\nWhen: Monday, 5 January 2026, 10:00 UTC\n\nPlease come."},
		"a cancellation": {alternativeOf("\nSorry.\n", ics("", "CANCEL")), core.KindHuman, "Cancelled: Talk\nWhen: Monday, 5 January 2026, 10:00 UTC\n\nSorry."},
		"an answer":      {alternativeOf("\n\n", ics("", "REPLY")), core.KindAutoReply, ""},
		"sent on":        {mixedOf("\nThis is what he answered.\n", ics("Content-Disposition: attachment; filename=a.ics\n", "REPLY")), core.KindHuman, ""},
		"a counter":      {alternativeOf("\nLater?\n", ics("", "COUNTER")), core.KindHuman, ""},
		"the same twice": {mixedOf(ics("", "REQUEST"), ics("Content-Disposition: attachment; filename=a.ics\n", "REQUEST")), core.KindHuman, "Invitation: Talk\nWhen: Monday, 5 January 2026, 10:00 UTC"},
	} {
		l := read(crlf("From: cara@acme.test\nSubject: Talk\n" + c.mail))
		sound(t, l)
		if l.Kind != c.kind || c.text != "" && strings.TrimSpace(l.Text) != c.text {
			t.Errorf("%s: %s %q", name, l.Kind, l.Text)
		}
	}
}
