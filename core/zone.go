package core

import (
	_ "embed"
	"strings"
	"time"
	_ "time/tzdata" // the names below exist on machines without zone files, too
)

//go:embed zones.txt
var zoneNames string

// ZoneNames are all names of the IANA time zone database that this program knows,
// older names too, in the order of the alphabet.
func ZoneNames() []string { return strings.Fields(zoneNames) }

// Zone is the first of these zones that exists, else UTC: a name that the
// database gave up, or that somebody wrote into a table, fails nothing.
func Zone(names ...string) *time.Location {
	for _, name := range names {
		if name == "" || name == "Local" { // Local is a file of this machine
			continue
		}
		if zone, err := time.LoadLocation(name); err == nil {
			return zone
		}
	}
	return time.UTC
}

// ZoneOffset says which clock a time was read from: "CEST (+02:00)", "(-03:00)"
// for a zone without letters of its own, "UTC".
func ZoneOffset(t time.Time) string {
	letters, seconds := t.Zone()
	offset := t.Format("(-07:00)")
	switch {
	case seconds == 0 && letters == "UTC":
		return letters
	case letters == "" || strings.ContainsAny(letters[:1], "+-"):
		return offset
	}
	return letters + " " + offset
}

// zoneNamed gives the name as it is written in the database; "" if there is none.
func zoneNamed(typed string) string {
	typed = strings.Join(strings.Fields(typed), "_")
	for _, name := range ZoneNames() {
		if strings.EqualFold(name, typed) {
			return name
		}
	}
	return ""
}

// checkZone gives the name of a zone as it is kept; empty stays empty. What is no
// name is refused with the one that was probably meant.
func checkZone(typed string) (string, error) {
	if strings.TrimSpace(typed) == "" {
		return "", nil
	}
	if name := zoneNamed(typed); name != "" {
		return name, nil
	}
	problem := "There is no such timezone."
	if near := nearestZone(typed); near != "" {
		problem += " Did you mean " + near + "?"
	}
	return "", Invalid{Field: "time_zone", Code: CodeInvalid, Problem: problem}
}

// nearestZone finds the name that was probably meant: by the place alone, by a
// part of it, or with a few letters wrong. "" if none is near.
func nearestZone(typed string) string {
	typed = strings.ToLower(strings.Join(strings.FieldsFunc(typed, func(r rune) bool { return r == ' ' || r == '_' || r == '-' }), "_"))
	if typed == "" || len(typed) > 64 {
		return ""
	}
	_, typedPlace := splitZone(typed)
	nearest, least := "", 2+len(typed)/3
	for _, name := range ZoneNames() {
		whole := strings.ToLower(name)
		_, place := splitZone(whole)
		far := 1 + min(distance(typed, whole), distance(typedPlace, place))
		switch {
		case place == typed || place == typedPlace:
			far = 0
		case len(typed) > 2 && strings.HasPrefix(place, typed):
			far = 1
		}
		if far < least || far == least && nearest != "" && older(nearest) && !older(name) {
			nearest, least = name, far
		}
	}
	return nearest
}

// splitZone parts "America/Argentina/Ushuaia" into where and "Ushuaia".
func splitZone(name string) (area, place string) {
	at := strings.LastIndexByte(name, '/')
	return name[:max(at, 0)], name[at+1:]
}

// older tells the names of countries and of former times, which stand for a place
// that has a name of its own.
func older(name string) bool {
	area, _, is := strings.Cut(strings.ToLower(name), "/")
	switch area {
	case "africa", "america", "antarctica", "arctic", "asia", "atlantic", "australia", "europe", "indian", "pacific":
		return !is
	}
	return true
}

// distance is how many letters must be put in, taken out or changed to make one of
// the other (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
