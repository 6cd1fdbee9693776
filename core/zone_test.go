package core

import (
	"archive/zip"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEveryZoneNameThatIsOfferedExists(t *testing.T) {
	t.Parallel()
	names := ZoneNames()
	for _, name := range names {
		if zone, err := time.LoadLocation(name); err != nil || zone.String() != name {
			t.Errorf("%s: %v %v", name, zone, err)
		}
		if kept, err := checkZone(name); err != nil || kept != name {
			t.Errorf("%s is kept as %q, %v", name, kept, err)
		}
	}
	if !slices.IsSorted(names) {
		t.Error("the names are not in order")
	}
}

// A newer Go brings newer zones: this test asks to write them down.
func TestEveryZoneOfTheDatabaseIsOffered(t *testing.T) {
	t.Parallel()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	names := ZoneNames()
	for _, f := range z.File {
		if !f.FileInfo().IsDir() && f.Name != "Factory" && !slices.Contains(names, f.Name) {
			t.Errorf("%s is missing in zones.txt", f.Name)
		}
	}
}

func TestAZoneIsTakenInAnySpellingAndKeptInOne(t *testing.T) {
	t.Parallel()
	for typed, kept := range map[string]string{"": "", "  ": "", "Europe/Berlin": "Europe/Berlin", " europe/berlin ": "Europe/Berlin",
		"America/New York": "America/New_York", "utc": "UTC", "Asia/Calcutta": "Asia/Calcutta", "US/Pacific": "US/Pacific", "Etc/GMT+5": "Etc/GMT+5"} {
		if got, err := checkZone(typed); err != nil || got != kept {
			t.Errorf("%q: %q, %v", typed, got, err)
		}
	}
}

func TestAWrongZoneIsRefusedWithTheOneThatWasMeant(t *testing.T) {
	t.Parallel()
	for typed, near := range map[string]string{
		"berlin": "Europe/Berlin", "Europe/Berln": "Europe/Berlin", "Europe/Munchen": "", "new york": "America/New_York", "Los Angeles": "America/Los_Angeles",
		"Auckland": "Pacific/Auckland", "Asia/Kolkatta": "Asia/Kolkata", "America/Buenos-Aires": "America/Argentina/Buenos_Aires", "PST": "PST8PDT", "ROMA": "Europe/Rome", "German/Berlin": "Europe/Berlin",
		"Local": "", "../../etc/passwd": "", "/etc/localtime": "", "posix/Europe/Berlin": "Europe/Berlin", "qqqqqqqqqqqq": "",
		strings.Repeat("Europe/", 5000): "", "Europe/Ber\x00lin": "Europe/Berlin", "kyiv": "Europe/Kyiv", "tokyo": "Asia/Tokyo", "calc": "Asia/Calcutta",
	} {
		_, err := checkZone(typed)
		var invalid Invalid
		if !errors.As(err, &invalid) || invalid.Field != "time_zone" {
			t.Errorf("%.40q: %v", typed, err)
			continue
		}
		want := "There is no such timezone."
		if near != "" {
			want += " Did you mean " + near + "?"
		}
		if near != "" && invalid.Problem != want || near == "" && strings.Contains(invalid.Problem, strings.TrimSpace(typed)+"?") {
			t.Errorf("%.40q: %q, want %q", typed, invalid.Problem, want)
		}
	}
}

func TestAZoneThatIsNoneFallsBackWithoutFailing(t *testing.T) {
	t.Parallel()
	for want, names := range map[string][]string{
		"UTC": {}, "Europe/Berlin": {"Mars/Olympus", "Europe/Berlin"}, "Asia/Tokyo": {"", "Asia/Tokyo"}, "Pacific/Auckland": {"Local", "Pacific/Auckland"},
		"Europe/Paris": {"../secret", "/etc/localtime", "Europe/Paris"}, "Asia/Kathmandu": {"Asia/Kathmandu", "UTC"},
	} {
		if got := Zone(names...).String(); got != want {
			t.Errorf("%v: %s, want %s", names, got, want)
		}
	}
}

func TestAnOffsetNamesTheClockThatATimeWasReadFrom(t *testing.T) {
	t.Parallel()
	summer, winter := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		zone string
		at   time.Time
		want string
	}{
		{"UTC", summer, "UTC"}, {"Europe/Berlin", summer, "CEST (+02:00)"}, {"Europe/Berlin", winter, "CET (+01:00)"},
		{"America/Sao_Paulo", summer, "(-03:00)"}, {"Asia/Kolkata", summer, "IST (+05:30)"}, {"Europe/London", winter, "GMT (+00:00)"},
		{"Pacific/Auckland", winter, "NZDT (+13:00)"}, {"Asia/Kathmandu", summer, "(+05:45)"},
	} {
		if got := ZoneOffset(row.at.In(Zone(row.zone))); got != row.want {
			t.Errorf("%s: %q, want %q", row.zone, got, row.want)
		}
	}
}
