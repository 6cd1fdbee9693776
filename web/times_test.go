package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"postdesk/core"
)

func readTime(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestATimeIsReadByItsReadersClock(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, zone, now, then, short, exact string }{
		{"east of UTC it is tomorrow already", "Pacific/Auckland", "2026-07-01T13:00:00Z", "2026-07-01T11:30:00Z",
			"Yesterday, 23:30", "Wednesday, 1 July 2026, 23:30:00 NZST (+12:00), Pacific/Auckland"},
		{"west of it, the same instants are one day", "Pacific/Honolulu", "2026-07-01T13:00:00Z", "2026-07-01T11:30:00Z",
			"Today, 01:30", "Wednesday, 1 July 2026, 01:30:00 HST (-10:00), Pacific/Honolulu"},
		{"another year by the reader's clock alone", "Asia/Tokyo", "2026-01-03T12:00:00Z", "2025-12-31T14:59:00Z",
			"31 Dec 2025, 23:59", "Wednesday, 31 December 2025, 23:59:00 JST (+09:00), Asia/Tokyo"},
		{"the new year has come there", "Asia/Tokyo", "2026-01-03T12:00:00Z", "2025-12-31T15:00:00Z",
			"1 Jan, 00:00", "Thursday, 1 January 2026, 00:00:00 JST (+09:00), Asia/Tokyo"},
		{"before the skipped hour", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-29T00:59:59Z",
			"Today, 01:59", "Sunday, 29 March 2026, 01:59:59 CET (+01:00), Europe/Berlin"},
		{"after it", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-29T01:00:00Z",
			"Today, 03:00", "Sunday, 29 March 2026, 03:00:00 CEST (+02:00), Europe/Berlin"},
		{"the repeated hour, first time", "Europe/Berlin", "2026-10-26T12:00:00Z", "2026-10-25T00:30:00Z",
			"Yesterday, 02:30", "Sunday, 25 October 2026, 02:30:00 CEST (+02:00), Europe/Berlin"},
		{"the repeated hour, second time", "Europe/Berlin", "2026-10-26T12:00:00Z", "2026-10-25T01:30:00Z",
			"Yesterday, 02:30", "Sunday, 25 October 2026, 02:30:00 CET (+01:00), Europe/Berlin"},
		{"yesterday, at an hour that today does not have", "America/Santiago", "2026-09-06T15:00:00Z", "2026-09-05T04:30:00Z",
			"Yesterday, 00:30", "Saturday, 5 September 2026, 00:30:00 (-04:00), America/Santiago"},
		{"yesterday was 25 hours long", "Europe/Berlin", "2026-10-26T22:30:00Z", "2026-10-24T22:00:00Z",
			"Yesterday, 00:00", "Sunday, 25 October 2026, 00:00:00 CEST (+02:00), Europe/Berlin"},
		{"a try that comes", "Asia/Kolkata", "2026-07-01T13:00:00Z", "2026-07-01T20:00:00Z",
			"Tomorrow, 01:30", "Thursday, 2 July 2026, 01:30:00 IST (+05:30), Asia/Kolkata"},
		{"UTC says so once", "UTC", "2026-07-01T13:00:00Z", "2026-06-01T13:00:00Z", "1 Jun, 13:00", "Monday, 1 June 2026, 13:00:00 UTC, UTC"},
	} {
		b := base{zone: core.Zone(row.zone), now: readTime(t, row.now)}
		got := b.When(readTime(t, row.then))
		if got.Short != row.short || got.Exact != row.exact || got.Machine != row.then {
			t.Errorf("%s: %+v, want %q and %q", row.name, got, row.short, row.exact)
		}
	}
}

func TestAnAgeIsCountedInTheReadersDays(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ zone, now, then, want string }{
		{"UTC", "2026-07-01T00:10:00Z", "2026-06-30T23:50:00Z", "yesterday"},
		{"Europe/Berlin", "2026-07-01T00:10:00Z", "2026-06-30T23:50:00Z", "today"},
		{"Europe/Berlin", "2026-10-26T22:30:00Z", "2026-10-24T21:59:00Z", "2 days ago"},
		{"UTC", "2026-07-01T00:10:00Z", "2026-07-01T00:10:01Z", "today"},
	} {
		if got := (base{zone: core.Zone(row.zone), now: readTime(t, row.now)}).Ago(readTime(t, row.then)); got != row.want {
			t.Errorf("%s: %q, want %q", row.then, got, row.want)
		}
	}
}

// isoTime is a timestamp that a machine wrote for machines.
var isoTime = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\d\d:\d\d:\d\d|[+-]0000|\bUTC\b|\d Z\b`)

// Every page, also one that is added tomorrow: it needs a row in the matrix.
func TestEveryTimeOnEveryPageIsInTheReadersZone(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.names["{draft}"] = "1"
	w.Exec(t, `update users set timezone = 'Pacific/Auckland'`)
	w.Exec(t, `update deliveries set state = 'queued', due_at = now() + interval '3 hours'`)
	for _, who := range []string{"own", "collaborator", "agent", "admin"} {
		for _, r := range matrix() {
			if r.method != http.MethodGet || strings.HasSuffix(r.path, "/source") || strings.HasPrefix(r.path, "/frame/") {
				continue
			}
			page := w.ask(t, who, r.path, nil)
			if page.Status == http.StatusOK && strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
				checkTimes(t, who+" "+w.at(r.path), page)
			}
		}
	}
	for _, path := range []string{"/conversations", "/conversations/{conversation}", "/agent", "/agent/conversations/{conversation}", "/agent/users",
		"/agent/users/{user}", "/agent/organizations", "/agent/suspended", "/agent/suspended/{suspended}", "/admin/mail", "/admin/mail/{mail}",
		"/admin/outbox", "/admin/outbox/{delivery}", "/admin/audit"} {
		who := "admin"
		if strings.HasPrefix(path, "/conversations") {
			who = "own"
		}
		if len(w.ask(t, who, path, nil).find(t, "time")) == 0 {
			t.Errorf("%s shows no time at all", path)
		}
	}
}

func checkTimes(t *testing.T, name string, page answer) {
	t.Helper()
	zone := core.Zone("Pacific/Auckland")
	for _, n := range page.find(t, "time") {
		then, err := time.Parse("2006-01-02T15:04:05Z", attribute(n, "datetime"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if want := then.In(zone).Format("Monday, 2 January 2006, 15:04:05 "); !strings.HasPrefix(attribute(n, "title"), want) ||
			!strings.HasSuffix(attribute(n, "title"), "Pacific/Auckland") {
			t.Errorf("%s: the exact time is %q, want %q and the zone", name, attribute(n, "title"), want)
		}
		if n.FirstChild == nil || !strings.Contains(n.FirstChild.Data, then.In(zone).Format("15:04")) {
			t.Errorf("%s: %s is shown by another clock", name, then)
		}
	}
	whole := len(page.find(t, "main", "id=main")) > 0 // a piece for a page has no foot
	if whole && !strings.Contains(page.Body, "imes are in Pacific/Auckland, NZ") && !strings.Contains(page.Body, "times in Pacific/Auckland, NZ") {
		t.Errorf("%s does not say whose times it shows", name)
	}
	root, err := html.Parse(strings.NewReader(page.Body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		raw := n.Parent != nil && (n.Parent.Data == "pre" || n.Parent.Data == "script" || n.Parent.Data == "style")
		if n.Type == html.TextNode && !raw && isoTime.MatchString(n.Data) {
			t.Errorf("%s shows a time by no clock: %q", name, strings.TrimSpace(n.Data))
		}
		for _, a := range n.Attr {
			if n.Data != "time" && n.Data != "option" && n.Data != "input" && isoTime.MatchString(a.Val) {
				t.Errorf("%s has a time by no clock in %s of %s: %q", name, a.Key, n.Data, a.Val)
			}
		}
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func TestAZoneThatTheDatabaseGaveUpFallsBackOnEveryPage(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.Exec(t, `update instance set timezone = 'Asia/Tokyo'`)
	w.Exec(t, `update users set timezone = 'Mars/Olympus_Mons'`)
	for who, path := range map[string]string{"own": "/conversations/{conversation}", "admin": "/admin/mail/{mail}", "agent": "/agent"} {
		page := w.ask(t, who, path, nil)
		if page.Status != http.StatusOK || !strings.Contains(page.Body, "Asia/Tokyo, JST (&#43;09:00)") {
			t.Errorf("%s as %s: %d", path, who, page.Status)
		}
	}
}

func TestAPageThatFailsNamesNoOtherZone(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.Exec(t, `update users set timezone = 'Pacific/Auckland'`)
	if page := w.ask(t, "admin", "/agent/users/999999", nil); page.Status != http.StatusNotFound || !strings.Contains(page.Body, "Pacific/Auckland") {
		t.Errorf("%d, without the reader's zone", page.Status)
	}
}

func TestEveryZoneIsOfferedAndAWrongOneIsAnsweredBesideItsField(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	offered := map[string]bool{}
	for _, option := range w.ask(t, "own", "/profile", nil).find(t, "option") {
		offered[attribute(option, "value")] = true
	}
	for _, name := range core.ZoneNames() {
		if !offered[name] {
			t.Errorf("%s is not offered", name)
		}
	}
	for path, form := range map[string]string{"/profile": "full_name=Own&time_zone=berlin", "/agent/users/{user}": "time_zone=berlin&was.time_zone=",
		"/admin/settings": "name=Desk&time_zone=berlin&flood_ten_minutes=10&flood_hour=20&flood_day=50&automatic_hour=600&suspended_days=30"} {
		page := w.do(t, "admin", row{method: "POST", path: path, form: form})
		field := page.find(t, "input", "name=time_zone", "aria-invalid=true")
		if page.Status != http.StatusBadRequest || len(field) != 1 || attribute(field[0], "value") != "berlin" ||
			!strings.Contains(page.Body, "Did you mean Europe/Berlin?") {
			t.Errorf("%s: %d, %d faulty fields", path, page.Status, len(field))
		}
	}
	if got := w.do(t, "own", row{method: "POST", path: "/profile", form: "full_name=Own&time_zone=america%2Fnew+york"}); got.Status != http.StatusSeeOther {
		t.Errorf("another spelling: %d", got.Status)
	}
	if page := w.ask(t, "own", "/conversations", nil); !strings.Contains(page.Body, "America/New_York") {
		t.Error("the zone does not count at once")
	}
}
