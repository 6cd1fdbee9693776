package eml

import (
	"slices"
	"strconv"
	"strings"
)

const (
	maxCards     = 5  // of invitations in one mail
	maxAttendees = 20 // that a card names
	maxCardField = 2 << 10
)

// calendar makes a card of an invitation (RFC 5545, RFC 5546): what, when, where
// and who, a line each.
func (r *reader) calendar(p *part) {
	s, _ := bodyText(r.decode(p), p.media.get("charset"), false)
	c := readCalendar(newlines(head(s)))
	if c.method == "" {
		c.method = strings.ToUpper(p.media.get("method"))
	}
	if r.method == "" && !strings.EqualFold(p.disposition.value, "attachment") {
		r.method = c.method // one that is sent on as a file is no answer
	}
	if card := c.card(); card != "" && len(r.calendars) < maxCards && !slices.Contains(r.calendars, card) {
		r.calendars = append(r.calendars, card)
	}
}

// A calendar is what of an iCalendar object is shown: its first event or task.
type calendar struct {
	method    string
	component string // VEVENT, VTODO, VJOURNAL, VFREEBUSY
	fields    map[string]calendarField
	attendees []calendarField
	more      int // attendees beyond the bound
	zones     map[string][]observance
}

// A calendarField is one property: its parameters as written, its value raw.
type calendarField struct{ name, params, value string }

// param is the value of a parameter, without quotes.
func (f calendarField) param(name string) string {
	for rest := f.params; rest != ""; {
		one, after := cutOutsideQuotes(rest, ';')
		rest = after
		if key, v, ok := strings.Cut(one, "="); ok && strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.TrimSpace(strings.Trim(strings.TrimSpace(v), `"`))
		}
	}
	return ""
}

// text is the value as words on one line.
func (f calendarField) text() string {
	return cut(oneLine(unescapeCalendar(cut(f.value, maxCardField))), 500)
}

func unescapeCalendar(s string) string {
	return strings.NewReplacer(`\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\\`, `\`, `\:`, ":", `\"`, `"`).Replace(s)
}

// cutOutsideQuotes cuts at the first sep that stands in no quotes.
func cutOutsideQuotes(s string, sep byte) (before, after string) {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			return s[:i], s[i+1:]
		}
	}
	if quoted { // a quote without end binds nothing
		before, after, _ = strings.Cut(s, string(sep))
		return before, after
	}
	return s, ""
}

// calendarLine reads NAME;PARAMS:VALUE; a group before the name falls away.
func calendarLine(line string) calendarField {
	before, value := cutOutsideQuotes(line, ':')
	name, params, _ := strings.Cut(before, ";")
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name = name[i+1:]
	}
	return calendarField{strings.ToUpper(strings.TrimSpace(name)), params, strings.TrimSpace(value)}
}

// shownComponents are those that a card is made of.
var shownComponents = []string{"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"}

// readCalendar unfolds and reads the lines of the first component that is shown.
func readCalendar(s string) (c calendar) {
	s = strings.NewReplacer("\n ", "", "\n\t", "").Replace(s)
	c.fields = map[string]calendarField{}
	var zone zoneReader
	var open []string
	done := false
	for line := range strings.SplitSeq(s, "\n") {
		f := calendarLine(line)
		name := strings.ToUpper(f.value)
		inside := ""
		if len(open) > 0 {
			inside = open[len(open)-1]
		}
		switch {
		case f.name == "BEGIN" && len(open) < maxDepth:
			open = append(open, name)
			if c.component == "" && slices.Contains(shownComponents, name) {
				c.component = name
			}
		case f.name == "END" && len(open) > 0:
			open = open[:len(open)-1]
			done = done || inside != "" && inside == c.component && len(c.fields) > 0
		case inside == c.component && inside != "":
			if !done {
				c.add(f)
			}
		case f.name == "METHOD" && c.method == "":
			c.method = strings.ToUpper(f.text())
		}
		zone.read(inside, f)
	}
	c.zones = zone.zones
	return c
}

func (c *calendar) add(f calendarField) {
	switch {
	case f.name == "ATTENDEE" && len(c.attendees) < maxAttendees:
		c.attendees = append(c.attendees, f)
	case f.name == "ATTENDEE":
		c.more++
	case f.value != "" && len(c.fields) < maxPartFields:
		if _, have := c.fields[f.name]; !have {
			c.fields[f.name] = f
		}
	}
}

// card writes what the calendar says, "" if that is nothing.
func (c calendar) card() string {
	if len(c.fields) == 0 && len(c.attendees) == 0 {
		return ""
	}
	lines := []string{c.headline()}
	add := func(label, value string) {
		if value != "" {
			lines = append(lines, label+": "+value)
		}
	}
	add("When", c.when())
	add("Repeats", recurrence(c.fields["RRULE"].value))
	add("Where", c.fields["LOCATION"].text())
	add("Organizer", person(c.fields["ORGANIZER"]))
	if c.method != "REPLY" {
		add("Attendees", c.invited())
	}
	add("Comment", c.fields["COMMENT"].text())
	return strings.Join(lines, "\n")
}

// headline says what the mail does about which event.
func (c calendar) headline() string {
	word := "Calendar"
	switch c.method {
	case "REQUEST", "PUBLISH", "ADD":
		word = "Invitation"
		if c.component == "VTODO" {
			word = "Task"
		} else if n, _ := strconv.Atoi(c.fields["SEQUENCE"].value); n > 0 {
			word = "Invitation, changed"
		}
	case "CANCEL":
		word = "Cancelled"
	case "REPLY":
		word = "Answer to the invitation"
		if len(c.attendees) > 0 {
			who := c.attendees[0]
			word = person(who) + " " + answerWord(who.param("PARTSTAT"))
		}
	case "COUNTER":
		word = "Another time is proposed"
	case "DECLINECOUNTER":
		word = "The proposed time was declined"
	case "REFRESH":
		word = "The current invitation is asked for"
	}
	if strings.EqualFold(c.fields["STATUS"].value, "CANCELLED") {
		word = "Cancelled"
	}
	return strings.TrimSuffix(word+": "+c.fields["SUMMARY"].text(), ": ")
}

// answerWord says a PARTSTAT (RFC 5545 section 3.2.12) as what somebody did.
func answerWord(status string) string {
	switch strings.ToUpper(status) {
	case "ACCEPTED":
		return "accepted"
	case "DECLINED":
		return "declined"
	case "TENTATIVE":
		return "accepted tentatively"
	case "DELEGATED":
		return "delegated it"
	case "COMPLETED":
		return "completed it"
	case "IN-PROCESS":
		return "began it"
	}
	return "has not answered"
}

// invited names the attendees, with what they answered.
func (c calendar) invited() string {
	var who []string
	for _, a := range c.attendees {
		one := person(a)
		if one == "" {
			continue
		}
		if status := a.param("PARTSTAT"); status != "" && !strings.EqualFold(status, "NEEDS-ACTION") {
			one += " (" + answerWord(status) + ")"
		}
		if strings.EqualFold(a.param("ROLE"), "OPT-PARTICIPANT") {
			one += " (optional)"
		}
		who = append(who, one)
	}
	s := strings.Join(who, ", ")
	if c.more > 0 {
		s += " and " + strconv.Itoa(c.more) + " more"
	}
	return s
}

// person is the name and address of an organizer or attendee.
func person(f calendarField) string {
	name, address := cut(oneLine(f.param("CN")), maxNameBytes), f.text()
	if hasFoldPrefix(address, "mailto:") {
		address = strings.TrimSpace(address[len("mailto:"):])
	} else if mail := f.param("EMAIL"); mail != "" {
		address = mail
	}
	address = cut(oneLine(address), maxNameBytes)
	switch {
	case name == "" || strings.EqualFold(name, address):
		return address
	case address == "":
		return name
	}
	return name + " <" + address + ">"
}
