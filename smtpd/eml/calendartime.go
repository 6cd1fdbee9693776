package eml

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A calendarTime is a DATE or DATE-TIME of RFC 5545: a wall clock, and where it
// hangs.
type calendarTime struct {
	at     time.Time // the clock's face, as if it were UTC
	allDay bool
	zone   string // "UTC", a TZID, or "" for wherever the reader is
}

// readTime reads 20260131, 20260131T090000 and 20260131T090000Z.
func readTime(f calendarField) (t calendarTime, ok bool) {
	v := strings.ToUpper(f.value)
	v = strings.NewReplacer("-", "", ":", "").Replace(v) // some write them in ISO 8601's long form
	var err error
	switch {
	case len(v) >= 15 && v[8] == 'T':
		t.at, err = time.Parse("20060102T150405", v[:15])
	case len(v) == 13 || len(v) == 14 && v[8] == 'T':
		t.at, err = time.Parse("20060102T1504", v[:13])
	case len(v) == 8:
		t.at, err = time.Parse("20060102", v)
		t.allDay = true
	default:
		return t, false
	}
	if t.zone = cut(oneLine(f.param("TZID")), 60); strings.HasSuffix(v, "Z") {
		t.zone = "UTC"
	}
	return t, err == nil
}

const dayLayout = "Monday, 2 January 2006"

// when says the time of the event, or what stands there if it cannot be read.
func (c calendar) when() string {
	start, ok := readTime(c.fields["DTSTART"])
	if !ok {
		if due, ok := readTime(c.fields["DUE"]); ok {
			return "due " + c.span(due, calendarTime{}, false)
		}
		return c.fields["DTSTART"].text()
	}
	end, ends := readTime(c.fields["DTEND"])
	if !ends {
		end, ends = readTime(c.fields["DUE"])
	}
	if d, ok := duration(c.fields["DURATION"].value); !ends && ok {
		end, ends = start, true
		end.at = start.at.Add(d)
	}
	return c.span(start, end, ends && end.at.After(start.at))
}

// span writes a time from start to end; the end of whole days is the day after
// (RFC 5545 section 3.6.1).
func (c calendar) span(start, end calendarTime, ends bool) string {
	day := start.at.Format(dayLayout)
	if start.allDay {
		if last := end.at.AddDate(0, 0, -1); ends && last.After(start.at) {
			return day + " – " + last.Format(dayLayout) + ", all day"
		}
		return day + ", all day"
	}
	s := day + ", " + start.at.Format("15:04")
	if ends {
		to := end.at.Format("15:04")
		if end.at.Format(dayLayout) != day {
			to = end.at.Format(dayLayout) + ", " + to
		}
		if end.zone != start.zone {
			to += c.inZone(end)
		}
		if s += " – "; end.zone != start.zone {
			s = strings.TrimSuffix(s, " – ") + c.inZone(start) + " – "
			return s + to
		}
		s += to
	}
	return s + c.inZone(start)
}

// inZone names the zone of a time, with its distance from UTC where the mail tells.
func (c calendar) inZone(t calendarTime) string {
	switch t.zone {
	case "":
		return ""
	case "UTC":
		return " UTC"
	}
	if offset, ok := offsetAt(c.zones[t.zone], t.at); ok {
		return " (" + t.zone + ", UTC" + offset + ")"
	}
	return " (" + t.zone + ")"
}

// duration reads P1DT2H30M and P2W (RFC 5545 section 3.3.6), up to a year.
func duration(s string) (d time.Duration, ok bool) {
	s = strings.ToUpper(strings.TrimPrefix(s, "+"))
	if !strings.HasPrefix(s, "P") {
		return 0, false
	}
	units := map[byte]time.Duration{'W': 168 * time.Hour, 'D': 24 * time.Hour, 'H': time.Hour, 'M': time.Minute, 'S': time.Second}
	for s = s[1:]; s != ""; {
		if s[0] == 'T' {
			s = s[1:]
			continue
		}
		n := digits(s, 6)
		if n == 0 || n >= len(s) {
			return 0, false
		}
		count, _ := strconv.Atoi(s[:n])
		d += time.Duration(count) * units[s[n]]
		s = s[n+1:]
	}
	return d, d > 0 && d <= 366*24*time.Hour
}

// recurrence says an RRULE simply: how often, on which days, until when.
func recurrence(rule string) string {
	parts := map[string]string{}
	for one := range strings.SplitSeq(strings.ToUpper(cut(rule, maxNameBytes)), ";") {
		if k, v, ok := strings.Cut(one, "="); ok {
			parts[k] = v
		}
	}
	unit := map[string]string{"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year", "HOURLY": "hour", "MINUTELY": "minute"}[parts["FREQ"]]
	if unit == "" {
		return ""
	}
	s := "every " + unit
	if n, _ := strconv.Atoi(parts["INTERVAL"]); n > 1 {
		s = fmt.Sprintf("every %d %ss", n, unit)
	}
	if on := weekdays(parts["BYDAY"]); on != "" {
		s += " on " + on
	}
	if d := oneLine(parts["BYMONTHDAY"]); d != "" && strings.Trim(d, "-,0123456789") == "" {
		s += " on day " + d
	}
	if n, _ := strconv.Atoi(parts["COUNT"]); n > 0 {
		s += fmt.Sprintf(", %d times", n)
	}
	if until, ok := readTime(calendarField{value: parts["UNTIL"]}); ok {
		s += ", until " + until.at.Format(dayLayout)
	}
	return s
}

var dayNames = map[string]string{"MO": "Monday", "TU": "Tuesday", "WE": "Wednesday", "TH": "Thursday", "FR": "Friday", "SA": "Saturday", "SU": "Sunday"}

// weekdays says MO,WE and 2TU and -1FR.
func weekdays(list string) string {
	var days []string
	for one := range strings.SplitSeq(list, ",") {
		if len(one) < 2 || dayNames[one[len(one)-2:]] == "" {
			continue
		}
		day := dayNames[one[len(one)-2:]]
		switch nth := strings.TrimPrefix(one[:len(one)-2], "+"); nth {
		case "":
		case "1":
			day = "the first " + day
		case "2":
			day = "the second " + day
		case "3":
			day = "the third " + day
		case "-1":
			day = "the last " + day
		default:
			day = "the " + oneLine(nth) + ". " + day
		}
		days = append(days, day)
	}
	return strings.Join(days, ", ")
}
