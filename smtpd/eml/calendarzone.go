package eml

import (
	"strconv"
	"strings"
	"time"
)

const (
	maxZones       = 20
	maxObservances = 20
)

// An observance is a STANDARD or DAYLIGHT part of a VTIMEZONE (RFC 5545 section
// 3.6.5): from when on in a year a zone has which offset.
type observance struct {
	offset string // +0100
	start  time.Time
	rule   string // RRULE, "" if it began once
}

// A zoneReader gathers the VTIMEZONE parts of a calendar line by line.
type zoneReader struct {
	zones map[string][]observance
	id    string
}

func (z *zoneReader) read(inside string, f calendarField) {
	switch {
	case inside == "VTIMEZONE" && f.name == "TZID":
		z.id = cut(oneLine(f.value), 60)
		return
	case f.name == "BEGIN" && (strings.EqualFold(f.value, "STANDARD") || strings.EqualFold(f.value, "DAYLIGHT")):
		if z.zones == nil {
			z.zones = map[string][]observance{}
		}
		if len(z.zones) < maxZones && len(z.zones[z.id]) < maxObservances {
			z.zones[z.id] = append(z.zones[z.id], observance{})
		}
		return
	case inside != "STANDARD" && inside != "DAYLIGHT" || len(z.zones[z.id]) == 0:
		return
	}
	o := &z.zones[z.id][len(z.zones[z.id])-1]
	switch f.name {
	case "TZOFFSETTO":
		o.offset = f.value
	case "DTSTART":
		t, _ := readTime(f)
		o.start = t.at
	case "RRULE":
		o.rule = strings.ToUpper(cut(f.value, maxNameBytes))
	}
}

// offsetAt is the offset of a zone at a wall clock time: that of the observance
// that began last. "+1", "+5:30".
func offsetAt(zone []observance, at time.Time) (string, bool) {
	var last time.Time
	offset := ""
	for _, o := range zone {
		for _, year := range []int{at.Year() - 1, at.Year()} {
			if from := o.begins(year); !from.After(at) && (offset == "" || from.After(last)) {
				last, offset = from, o.offset
			}
		}
	}
	return shortOffset(offset)
}

// begins is when the observance begins in a year, by a yearly rule as zones have
// it: a weekday of a month.
func (o observance) begins(year int) time.Time {
	month, nth, day := 0, 0, ""
	for one := range strings.SplitSeq(o.rule, ";") {
		switch k, v, _ := strings.Cut(one, "="); k {
		case "BYMONTH":
			month, _ = strconv.Atoi(v)
		case "BYDAY":
			if len(v) > 2 {
				nth, _ = strconv.Atoi(v[:len(v)-2])
				day = dayNames[v[len(v)-2:]]
			}
		case "UNTIL":
			if t, ok := readTime(calendarField{value: v}); ok && t.at.Year() < year {
				year = t.at.Year()
			}
		}
	}
	if o.rule == "" || month < 1 || month > 12 || o.start.Year() > year {
		return o.start
	}
	clock := o.start.Sub(o.start.Truncate(24 * time.Hour))
	first := time.Date(year, time.Month(month), 1, 0, 0, 0, 0, time.UTC)
	if day == "" || nth == 0 {
		return first.AddDate(0, 0, o.start.Day()-1).Add(clock)
	}
	if nth < 0 {
		first = first.AddDate(0, 1, -7)
		nth = max(nth, -5) + 2 // the last one is the first of the last seven days
	}
	for first.Weekday().String() != day {
		first = first.AddDate(0, 0, 1)
	}
	return first.AddDate(0, 0, 7*(min(nth, 5)-1)).Add(clock)
}

// shortOffset writes +0100 as +1.
func shortOffset(s string) (string, bool) {
	if len(s) < 5 || s[0] != '+' && s[0] != '-' || digits(s[1:], 4) != 4 {
		return "", false
	}
	short := s[:1] + strings.TrimPrefix(s[1:3], "0")
	if s[3:5] != "00" {
		short += ":" + s[3:5]
	}
	return short, true
}
