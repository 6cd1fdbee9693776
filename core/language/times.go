package language

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// names are those of a calendar, in the order of package time.
type names struct{ months, shortMonths, days []string }

var german = names{
	months:      strings.Fields("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
	shortMonths: strings.Fields("Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."),
	days:        strings.Fields("Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag"),
}

var calendarWord = regexp.MustCompile(`January|Jan|Monday`)

// The ways to write a time, by the layouts of package time. A German one follows
// DIN 1355 and what CLDR says for de.
const (
	Exact  = "Monday, 2 January 2006, 15:04:05" // with the second, for a hint
	Long   = "Monday, 2 January 2006, 15:04"
	Date   = "2 January 2006"
	Day    = "2 Jan"
	OldDay = "2 Jan 2006"
	Clock  = "15:04, Monday"
)

// Decimal writes a number with one digit behind the language's decimal mark.
func (t Tag) Decimal(n float64) string {
	text := strconv.FormatFloat(n, 'f', 1, 64)
	if t == German {
		return strings.Replace(text, ".", ",", 1)
	}
	return text
}

var germanLayouts = map[string]string{
	Exact: "Monday, 2. January 2006, 15:04:05", Long: "Monday, 2. January 2006, 15:04", Date: "2. January 2006",
	Day: "2. Jan", OldDay: "2. Jan 2006", Clock: "15:04 Uhr, Monday",
}

// Time writes an instant, in the zone that it carries, in one of the ways above.
func (t Tag) Time(at time.Time, layout string) string {
	if t != German {
		return at.Format(layout)
	}
	if own, ok := germanLayouts[layout]; ok {
		layout = own
	}
	var b strings.Builder
	for layout != "" {
		found := calendarWord.FindStringIndex(layout)
		if found == nil {
			break
		}
		b.WriteString(at.Format(layout[:found[0]]))
		switch layout[found[0]:found[1]] {
		case "January":
			b.WriteString(german.months[at.Month()-1])
		case "Jan":
			b.WriteString(german.shortMonths[at.Month()-1])
		default:
			b.WriteString(german.days[at.Weekday()])
		}
		layout = layout[found[1]:]
	}
	b.WriteString(at.Format(layout))
	return b.String()
}
