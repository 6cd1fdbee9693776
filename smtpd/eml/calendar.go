package eml

import (
	"strings"
)

// calendar puts what an invitation says into a line of text (RFC 5545, RFC 5546).
func (r *reader) calendar(p *part) {
	s, _ := bodyText(r.decode(p), p.media.get("charset"), false)
	props := calendarProps(newlines(head(s)))
	method := strings.ToUpper(p.media.get("method"))
	if m := props["METHOD"]; m != "" {
		method = strings.ToUpper(m)
	}
	r.method = method
	word := "Calendar"
	switch method {
	case "REQUEST", "PUBLISH", "ADD":
		word = "Invitation"
	case "CANCEL":
		word = "Cancelled"
	case "REPLY", "COUNTER":
		word = "Answer to the invitation"
	}
	line := word + ": " + oneLine(props["SUMMARY"])
	for _, key := range []string{"DTSTART", "LOCATION", "ORGANIZER"} {
		if v := oneLine(props[key]); v != "" {
			line += " · " + strings.TrimPrefix(strings.TrimPrefix(v, "MAILTO:"), "mailto:")
		}
	}
	r.calendars = append(r.calendars, line)
}

// calendarProps takes the first value of each property that is shown.
func calendarProps(s string) map[string]string {
	s = strings.NewReplacer("\n ", "", "\n\t", "").Replace(s)
	props := make(map[string]string)
	inEvent := false
	for line := range strings.SplitSeq(s, "\n") {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		name, params, _ := strings.Cut(name, ";")
		switch name = strings.ToUpper(name); name {
		case "BEGIN":
			inEvent = strings.EqualFold(value, "VEVENT") || strings.EqualFold(value, "VTODO")
			continue
		case "METHOD":
		case "SUMMARY", "DTSTART", "LOCATION", "ORGANIZER":
			if !inEvent {
				continue
			}
		default:
			continue
		}
		if name == "DTSTART" {
			value = calendarTime(value, params)
		}
		if props[name] == "" {
			props[name] = unescapeCalendar(value)
		}
	}
	return props
}

func unescapeCalendar(s string) string {
	return strings.NewReplacer(`\n`, " ", `\N`, " ", `\,`, ",", `\;`, ";", `\\`, `\`).Replace(s)
}

// calendarTime writes 20260131T090000Z as a person does, with the zone as given.
func calendarTime(v, params string) string {
	if len(v) < 8 || strings.Trim(v[:8], "0123456789") != "" {
		return v
	}
	s := v[:4] + "-" + v[4:6] + "-" + v[6:8]
	if len(v) >= 13 && v[8] == 'T' {
		s += " " + v[9:11] + ":" + v[11:13]
	}
	if strings.HasSuffix(v, "Z") {
		return s + " UTC"
	}
	if _, zone, ok := strings.Cut(params, "TZID="); ok {
		zone, _, _ = strings.Cut(zone, ";")
		s += " " + strings.Trim(zone, `"`)
	}
	return s
}
