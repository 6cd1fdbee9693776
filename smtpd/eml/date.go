package eml

import (
	"strconv"
	"strings"
	"time"
)

// parseDate reads a Date field (RFC 5322 section 3.3, with the obsolete forms
// and those of C's asctime). The zero time means unreadable.
func parseDate(s string) time.Time {
	if i := strings.IndexByte(s, '('); i >= 0 {
		s = s[:i]
	}
	if t, err := time.Parse(time.RFC3339, strings.TrimSpace(s)); err == nil {
		return plausible(t)
	}
	var day, year, zone, clock = 0, 0, 0, -1
	var month time.Month
	for _, w := range strings.FieldsFunc(cut(s, 200), func(r rune) bool {
		return r == ' ' || r == ',' || r == '\t' || r == '-' && !strings.ContainsAny(s, ":")
	}) {
		switch n, err := strconv.Atoi(w); {
		case strings.Count(w, ":") > 0:
			clock = seconds(w)
		case clock >= 0 && (w[0] == '+' || w[0] == '-') && len(w) >= 4 && err == nil:
			zone = n/100*3600 + n%100*60
		case err == nil && n > 0 && n <= 31 && day == 0 && len(w) <= 2:
			day = n
		case err == nil && year == 0:
			year = fullYear(n, len(w))
		case monthOf(w) > 0:
			month = monthOf(w)
		case clock >= 0 && zoneNames(w) != 0:
			zone = zoneNames(w)
		}
	}
	if day == 0 || month == 0 || year == 0 {
		return time.Time{}
	}
	if zone < -24*3600 || zone > 24*3600 {
		zone = 0
	}
	at := time.Date(year, month, day, 0, 0, max(clock, 0), 0, time.FixedZone("", zone))
	if at.Day() != day {
		return time.Time{}
	}
	return plausible(at)
}

// plausible drops dates that the database or a clock would stumble over.
func plausible(t time.Time) time.Time {
	if t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// seconds of the day of "15:04" or "15:04:05", -1 if it is neither.
func seconds(clock string) int {
	total, unit := 0, 3600
	for i, p := range strings.Split(clock, ":") {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 || n > 60 || i > 2 {
			return -1
		}
		total += n * unit
		unit /= 60
	}
	return min(total, 24*3600-1)
}

// fullYear follows RFC 5322 section 4.3 for two and three digits.
func fullYear(n, digits int) int {
	switch {
	case digits == 2 && n < 50:
		return 2000 + n
	case digits <= 3:
		return 1900 + n
	}
	return n
}

func monthOf(w string) time.Month {
	if len(w) < 3 {
		return 0
	}
	i := strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(w[:3]))
	if i < 0 || i%3 != 0 {
		return 0
	}
	return time.Month(i/3 + 1)
}

func zoneNames(w string) int {
	switch strings.ToUpper(w) {
	case "EDT":
		return -4 * 3600
	case "EST", "CDT":
		return -5 * 3600
	case "CST", "MDT":
		return -6 * 3600
	case "MST", "PDT":
		return -7 * 3600
	case "PST":
		return -8 * 3600
	}
	return 0
}
