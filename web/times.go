package web

import (
	"strings"
	"time"

	"postdesk/core"
	"postdesk/core/language"
)

// When is an instant as its reader sees it: short, exact on hover, and for
// machines.
type When struct{ Short, Exact, Machine string }

// When puts an instant into the reader's zone.
func (b base) When(t time.Time) When {
	if t.IsZero() {
		return When{}
	}
	local := t.In(b.zone)
	return When{Short: b.day(local), Machine: t.UTC().Format(time.RFC3339),
		Exact: b.Lang.Time(local, language.Exact) + " " + core.ZoneOffset(local) + ", " + b.zone.String()}
}

// day names a day as close to the reader's today as words go, with the time.
func (b base) day(local time.Time) string {
	clock := local.Format("15:04")
	switch now := b.now.In(b.zone); {
	case b.daysAgo(local) == 0:
		return b.Lang.Say("Today, {time}", "time", clock)
	case b.daysAgo(local) == 1:
		return b.Lang.Say("Yesterday, {time}", "time", clock)
	case b.daysAgo(local) == -1:
		return b.Lang.Say("Tomorrow, {time}", "time", clock)
	case local.Year() == now.Year():
		return b.Lang.Time(local, language.Day) + ", " + clock
	}
	return b.Lang.Time(local, language.OldDay) + ", " + clock
}

// Date is the day alone.
func (b base) Date(t time.Time) string { return b.Lang.Time(t.In(b.zone), language.Date) }

// daysAgo counts midnights of the reader's zone between t and now: two days can
// be 47 hours, and a day can begin at one o'clock.
func (b base) daysAgo(t time.Time) int {
	return int(dateOf(b.now.In(b.zone)).Sub(dateOf(t.In(b.zone))).Hours() / 24)
}

// dateOf is the date alone, in a calendar where all days are of one length.
func dateOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// Ago is an age in words, for invites that wait.
func (b base) Ago(t time.Time) string {
	switch days := b.daysAgo(t); {
	case days < 1:
		return b.Lang.Say("today")
	case days == 1:
		return b.Lang.Say("yesterday")
	default:
		return b.Lang.Say("{n} days ago", "n", days)
	}
}

// Zone names the zone of all times of the page, and how far it is from UTC now.
func (b base) Zone() string {
	if offset := core.ZoneOffset(b.now.In(b.zone)); offset != b.zone.String() {
		return b.zone.String() + ", " + offset
	}
	return b.zone.String()
}

// Clock tells what time it is in the zone of the page, so that a wrong one is
// noticed.
func (b base) Clock() string { return b.Lang.Time(b.now.In(b.zone), language.Clock) }

// A zoneName is offered where a time zone is typed. The label is how people write
// it, where that differs.
type zoneName struct{ Name, Label string }

// zoneNames are all that there are, so that a browser finds Europe/Berlin for
// "berlin".
func zoneNames() []zoneName {
	names := core.ZoneNames()
	offered := make([]zoneName, len(names))
	for i, name := range names {
		offered[i].Name = name
		if label := strings.ReplaceAll(name, "_", " "); label != name {
			offered[i].Label = label
		}
	}
	return offered
}
