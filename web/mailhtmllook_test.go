package web

import (
	"strings"
	"testing"
)

// cleaned is what is left of a piece of HTML.
func cleaned(t *testing.T, source string, as look) (string, heldBack) {
	t.Helper()
	clean, seen, err := cleanHTML(source, nil, as)
	if err != nil {
		t.Fatal(err)
	}
	return clean, seen
}

func TestWhatAMailNeedsToLookLikeItselfStays(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		// A newsletter.
		`<body bgcolor="#F4F4F4" style="margin:0"><center>x</center></body>`:                       `<div style="background-color:#F4F4F4;margin:0"><center>x</center></div>`,
		`<table width="600" cellpadding=0 cellspacing="0" border=0 align=center bgcolor=#ffffff>`:  `<table width="600" cellpadding="0" cellspacing="0" border="0" align="center" bgcolor="#ffffff">`,
		`<td valign="top" style="PADDING: 0 10px 5px 10px; background:#eee url(x.gif) repeat">x`:   `<td valign="top" style="padding:0 10px 5px 10px;background-color:#eee">x`,
		`<td style="font-family:'Segoe UI',Helvetica,Arial,sans-serif;font-size:14px;color:#333">`: `<td style="font-family:&#39;Segoe UI&#39;,Helvetica,Arial,sans-serif;font-size:14px;color:#333">`,
		`<p style="font: bold 12px/1.5 Arial, 'Times New Roman'; margin: 0 auto !important">x</p>`: `<p style="font:bold 12px/1.5 Arial, &#39;Times New Roman&#39;;margin:0 auto">x</p>`,
		`<div style="display:none;max-height:0;color:rgb(1, 2, 3)">preheader</div>`:                `<div style="display:none;color:rgb(1, 2, 3)">preheader</div>`,
		// Outlook.
		`<p class=MsoNormal style='mso-margin-top-alt:auto;margin-left:36.0pt'><o:p>&nbsp;</o:p></p>`: "<p class=\"MsoNormal\" style=\"margin-left:36.0pt\">\u00a0</p>",
		`<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>x</div>`:   `<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">x</div>`,
		`<![if !mso]><font size=2 face="Arial" color=navy>x</font><![endif]>`:                         `<font size="2" face="Arial" color="navy">x</font>`,
		// Gmail, Apple and others.
		`<blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px #ccc solid;padding-left:1ex">x</blockquote>`: `<blockquote style="margin:0 0 0 .8ex;border-left:1px #ccc solid;padding-left:1ex">x</blockquote>`,
		`<div dir=rtl lang=he>שלום</div>`:                                                    `<div dir="rtl" lang="he">שלום</div>`,
		`<ol start=3 type=a><li value=7>x</ol><dl><dt>a<dd>b</dl><h2>c</h2><hr><pre>d</pre>`: `<ol start="3" type="a"><li value="7">x</ol><dl><dt>a<dd>b</dl><h2>c</h2><hr><pre>d</pre>`,
		`<a href="https://ok.test/?a=1&amp;b=ä#c" target=_self>x</a>`:                        `<a href="https://ok.test/?a=1&amp;b=ä#c" rel="noopener noreferrer nofollow" target="_blank">x</a>`,
		`<a href="https://bank.test@evil.test/">x</a>`:                                       `<a href="https://evil.test/" rel="noopener noreferrer nofollow" target="_blank">x</a>`,
		`<a href="mailto:cara@acme.test?subject=hi">x</a>`:                                   `<a href="mailto:cara@acme.test?subject=hi" rel="noopener noreferrer nofollow" target="_blank">x</a>`,
		`<a href="/agent">x</a>`:                                                             `<a>x</a>`,
		`<xmp><b>x</b></xmp>`:                                                                `<pre>&lt;b&gt;x&lt;/b&gt;</pre>`,
	} {
		if got, _ := cleaned(t, source, look{}); got != want {
			t.Errorf("%s became\n%s\nnot\n%s", source, got, want)
		}
	}
}

// Reliability A46: what a mail hides can be had all the same.
func TestEverythingHiddenIsShownWhenAskedFor(t *testing.T) {
	t.Parallel()
	for _, source := range []string{`<p style="display:none">secret</p>`, `<p style="color:#fff;background:#fff">secret</p>`, `<font color=white>secret</font>`,
		`<p style="font-size:0;line-height:0">secret</p>`, `<table width=1 height=1 bgcolor=black><tr><td style="padding-top:9000px">secret</table>`,
		`<div hidden>secret</div>`, `<p style="visibility:hidden;opacity:0">secret</p>`, `<details>secret</details>`, `<dialog>secret</dialog>`} {
		got, _ := cleaned(t, source, look{bare: true})
		for _, hint := range []string{"style", "color", "width", "height", "hidden", "display"} {
			if strings.Contains(got, hint) {
				t.Errorf("%s keeps its %s: %s", source, hint, got)
			}
		}
		if !strings.Contains(got, "secret") {
			t.Errorf("%s loses its words: %s", source, got)
		}
	}
	for _, source := range []string{`<p style="font-size:1px">x</p>`, `<p style="visibility:hidden">x</p>`, `<p style="opacity:0">x</p>`, `<p style="text-indent:-999px">x</p>`,
		`<p style="max-height:0;overflow:hidden">x</p>`, `<p hidden>x</p>`} {
		if got, _ := cleaned(t, source, look{}); got != "<p>x</p>" {
			t.Errorf("%s hides: %s", source, got)
		}
	}
}

func TestWhatIsHeldBackIsCountedAndNamed(t *testing.T) {
	t.Parallel()
	const remote = `<img src="https://x.test/1"><img srcset="//x.test/2 2x"><img src="http://x.test/3" width=1 height=1>` +
		`<img src="https://x.test/4" style="display:none"><img src="data:image/gif;base64,R0lGOA==" ><table background="https://x.test/5"><tr><td style="background:url(https://x.test/6)">` +
		`<link rel=stylesheet href="https://x.test/7"><p style="display:none">x</p><a href="https://x.test/8">x</a><video poster="https://x.test/9"></video></table>`
	for as, want := range map[look]string{
		{}:             `2 images from the web are not loaded. 2 tracking pixels are never loaded. 4 other things from the web are never loaded. 1 part is hidden by the mail itself.`,
		{remote: true}: `2 images from the web were loaded. 2 tracking pixels are never loaded. 4 other things from the web are never loaded. 1 part is hidden by the mail itself.`,
		{bare: true}:   `2 images from the web are not loaded. 2 tracking pixels are never loaded. 4 other things from the web are never loaded.`,
	} {
		clean, seen := cleaned(t, remote, as)
		if got := seen.sentence(as); got != `<p id="pd-held">`+want+`</p>` {
			t.Errorf("%+v says %s", as, got)
		}
		if got := strings.Count(clean, `src="https://`); as.remote != (got == 2) {
			t.Errorf("%+v loads %d: %s", as, got, clean)
		}
	}
	if _, seen := cleaned(t, `<p>Hello</p><a href="https://x.test/">x</a>`, look{}); seen.sentence(look{}) != "" {
		t.Errorf("a plain mail is told to have %+v", seen)
	}
}

func TestImagesThatAreAskedForComeFromThePublicWebAlone(t *testing.T) {
	t.Parallel()
	for address, loads := range map[string]bool{
		"https://acme.test/a.png": true, "http://acme.test:80/a.png": true, "https://8.8.8.8/a.png": true, "//acme.test/a.png": true,
		"http://192.168.0.1/reboot": false, "http://10.0.0.1/": false, "http://127.0.0.1/": false, "http://localhost/": false, "http://printer/": false,
		"http://169.254.169.254/latest": false, "http://[::1]/": false, "http://[fe80::1]/": false, "http://[::ffff:10.0.0.1]/": false, "http://2130706433/": false,
		"http://0x7f.1/": false, "http://127.1/": false, "http://router.lan/": false, "http://a.internal/": false, "http://acme.test:8080/": false, "http://localhost./": false,
	} {
		clean, _ := cleaned(t, `<img src="`+address+`">`, look{remote: true})
		if strings.Contains(clean, "src=") != loads {
			t.Errorf("%s: %s", address, clean)
		}
	}
}
