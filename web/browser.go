package web

import "strings"

// on stands between a browser and its system.
const on = " on "

// browser is browserName in the language of the visit.
func (v *visit) browser(userAgent string) string {
	name := browserName(userAgent)
	if browser, system, ok := strings.Cut(name, on); ok {
		return v.t("{browser} on {system}", "browser", browser, "system", system)
	}
	return v.lang.Translate(name)
}

// browserName says in short words what a User-Agent header names: "Firefox on
// Linux". What it does not know it gives back cut.
func browserName(userAgent string) string {
	name := firstNamed(userAgent, []string{"Edg", "Edge", "OPR", "Opera", "SamsungBrowser", "Samsung Internet", "FxiOS", "Firefox",
		"Firefox/", "Firefox", "CriOS", "Chrome", "Chrome/", "Chrome", "Chromium", "Chromium", "Version/", "Safari"})
	system := firstNamed(userAgent, []string{"iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "CrOS", "ChromeOS",
		"Windows", "Windows", "Macintosh", "macOS", "Linux", "Linux", "X11", "Unix"})
	switch {
	case name != "" && system != "":
		return name + on + system
	case name != "":
		return name
	}
	const longest = 40
	cut := []rune(strings.TrimSpace(userAgent))
	if len(cut) == 0 {
		return "Unknown browser"
	}
	if len(cut) > longest {
		return string(cut[:longest-1]) + "…"
	}
	return string(cut)
}

// firstNamed goes through pairs of what may stand in a text and what that means.
// Browsers name each other: the rarer one comes first.
func firstNamed(text string, pairs []string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		if strings.Contains(text, pairs[i]) {
			return pairs[i+1]
		}
	}
	return ""
}
