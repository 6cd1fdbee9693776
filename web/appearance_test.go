package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestAVisitorReadsTheirOwnLanguage: chosen, then asked for by the browser, then
// the instance's; the panel stays English.
func TestAVisitorReadsTheirOwnLanguage(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	german := func(a answer) bool {
		return a.Header.Get("Content-Language") == "de" && strings.Contains(a.Body, `<html lang="de">`)
	}
	for name, c := range map[string]struct {
		path    string
		headers []string
		want    bool
	}{
		"nothing":         {"/signin", nil, false},
		"the browser":     {"/signin", []string{"Accept-Language", "de-AT,en;q=0.5"}, true},
		"chosen before":   {"/signin", []string{"Accept-Language", "de", "Cookie", languageCookie + "=en"}, false},
		"the address":     {"/signin?lang=de", []string{"Accept-Language", "en"}, true},
		"another":         {"/signin", []string{"Accept-Language", "fr"}, false},
		"an error's page": {"/nowhere", []string{"Accept-Language", "de"}, true},
	} {
		if got := w.ask(t, "", c.path, nil, c.headers...); german(got) != c.want || got.Header.Get("Vary") != "Accept-Language, Cookie" {
			t.Errorf("%s: %s, want German: %v", name, got.Header.Get("Content-Language"), c.want)
		}
	}
	set := w.ask(t, "own", "/language", url.Values{"language": {"de"}}, "Referer", "https://desk.test/profile?said=updated")
	if set.Status != http.StatusSeeOther || set.Header.Get("Location") != "/profile" || !strings.Contains(set.Header.Get("Set-Cookie"), "SameSite=Lax") {
		t.Errorf("the switcher: %d to %q, %q", set.Status, set.Header.Get("Location"), set.Header.Get("Set-Cookie"))
	}
	if page := w.ask(t, "own", "/profile", nil); !german(page) || !strings.Contains(page.Body, "Jetziges Passwort") && !strings.Contains(page.Body, "Sie haben kein Passwort") {
		t.Error("the profile of who chose German is not German")
	}
	short := w.ask(t, "", "/signin", url.Values{"email": {"own@people.test"}, "password": {"x"}}, "Accept-Language", "de")
	if !strings.Contains(short.Body, "Die Adresse oder das Passwort ist falsch.") {
		t.Error("a refusal is not German")
	}
	if panel := w.ask(t, "agent", "/agent", nil, "Accept-Language", "de"); german(panel) {
		t.Error("the panel is said to be German")
	}
}
