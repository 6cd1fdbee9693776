package eml

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"postdesk/core"
)

func TestAddressesAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`a@x.test`:                                     "|a@x.test",
		`<a@x.test>`:                                   "|a@x.test",
		`Cara <A@X.test>`:                              "Cara|A@X.test",
		`"Doe, John" <j@x.test>, k@x.test`:             "Doe, John|j@x.test k@x.test",
		`Doe, John <j@x.test>`:                         "Doe, John|j@x.test",
		`a@x.test (Cara (the) first)`:                  "Cara (the) first|a@x.test",
		`"a b"@x.test`:                                 `|"a b"@x.test`,
		`"a\"b"@x.test`:                                `|"a\"b"@x.test`,
		`X <"x> y"@d.test>`:                            `X|"x> y"@d.test`,
		`a.@x.test`:                                    "|a.@x.test",
		`Team: a@x.test, B <b@x.test>;, c@x.test`:      "|a@x.test B|b@x.test |c@x.test",
		`undisclosed-recipients:;`:                     "",
		`<@r.test,@s.test:a@x.test>`:                   "|a@x.test",
		`<mailto:a@x.test>`:                            "|a@x.test",
		`'a@x.test' <a@x.test>`:                        "a@x.test|a@x.test",
		`a@x.test b@x.test`:                            "|a@x.test |b@x.test",
		`a @ x.test`:                                   "|a@x.test",
		`a@x.test; b@x.test`:                           "|a@x.test |b@x.test",
		`Cara <a@x.test`:                               "Cara|a@x.test",
		`Cara "<a@x.test>`:                             "Cara|a@x.test",
		`Cara ((a <a@x.test>`:                          "Cara a|a@x.test",
		`<<a@x.test>>`:                                 "|a@x.test",
		`<a@x.test>a@x.test`:                           "|a@x.test",
		`Cara a@x.test`:                                "Cara|a@x.test",
		`MAILER-DAEMON`:                                "|MAILER-DAEMON",
		`John Doe`:                                     "",
		`=?utf-8?Q?Doe,_J=C3=B6rg?= <j@x.test>`:        "Doe, Jörg|j@x.test",
		`"=?utf-8?B?SsO2cmc=?=" <j@x.test>`:            "Jörg|j@x.test",
		`=?utf-8?q?=3Cadmin@y.test=3E?= <e@x.test>`:    "<admin@y.test>|e@x.test",
		"Ann\u202e\x07 <a@x.test>":                     "Ann|a@x.test",
		`jörg@exämple.test`:                            "|jörg@exämple.test",
		`"john@x.test"`:                                "|john@x.test",
		`<"john@x.test">`:                              "|john@x.test",
		`'john@x.test'`:                                "|john@x.test",
		`<john@x.test.>`:                               "|john@x.test",
		`<john@x.test,>`:                               "|john@x.test",
		`,john@x.test,`:                                "|john@x.test",
		`;;a@x.test;`:                                  "|a@x.test",
		`Acme: Support <s@x.test>`:                     "Acme: Support|s@x.test",
		`Friends: ;`:                                   "",
		`A: a@x.test; B: b@x.test;`:                    "|a@x.test |b@x.test",
		`Friends:a@x.test,"B" <b@x.test>`:              "|a@x.test B|b@x.test",
		`Cara [mailto:a@x.test]`:                       "Cara|a@x.test",
		`Cara [a@x.test]`:                              "Cara|a@x.test",
		`John Q. Public, Jr. <j@x.test>, B <b@x.test>`: "John Q. Public, Jr.|j@x.test B|b@x.test",
		`Doe, John (Sales) <j@x.test>`:                 "Doe, John|j@x.test",
		`=?utf-8?Q?M=C3=BCller,?= Hans <h@x.test>`:     "Müller, Hans|h@x.test",
		`Cara =?utf-8?Q?D=C3=B6e?= <a@x.test>`:         "Cara Döe|a@x.test",
		`=?utf-8?Q?a=C3?= =?utf-8?Q?=A9?= <a@x.test>`:  "aé|a@x.test",
		`"=?utf-8?Q?Cara=22?=" <a@x.test>`:             `Cara"|a@x.test`,
		`Cara (a (b (c)) d) <a@x.test>`:                "Cara|a@x.test",
		`"Cara \(x\)" <a@x.test>`:                      "Cara (x)|a@x.test",
		`a@x.test (Cara) , B <b@x.test>`:               "Cara|a@x.test B|b@x.test",
		`"first last"@x.test`:                          `|"first last"@x.test`,
		`Cara <"first last"@x.test>`:                   `Cara|"first last"@x.test`,
		`user@[192.0.2.1]`:                             "|user@[192.0.2.1]",
		`Cara <u@[IPv6:2001:db8::1]>`:                  "Cara|u@[IPv6:2001:db8::1]",
		`"A; B" <a@x.test>; C <c@x.test>`:              "A; B|a@x.test C|c@x.test",
		`Cara @ Acme <a@x.test>`:                       "Cara @ Acme|a@x.test",
		`Cara a@x.test>`:                               "Cara|a@x.test",
		`Cara <a@x.test, Bob <b@x.test>`:               "Cara|a@x.test Bob|b@x.test",
		`"Cara <a@x.test>`:                             "Cara|a@x.test",
		`Cara "the boss" Doe <a@x.test>`:               "Cara the boss Doe|a@x.test",
		`'Cara O'Hara' <a@x.test>`:                     "Cara O'Hara|a@x.test",
		`"Cara" a@x.test`:                              "Cara|a@x.test",
		`Cara - a@x.test`:                              "Cara|a@x.test",
		`"" <a@x.test>`:                                "|a@x.test",
		`<>`:                                           "|",
		`Cara <a@x .test>`:                             "Cara|a@x.test",
		`Cara <a b@x.test>`:                            "Cara|a b@x.test",
		`Cara <a@x.test<b@x.test>>`:                    "Cara|a@x.test |b@x.test",
		`Cara\, Bob <a@x.test>`:                        "Cara, Bob|a@x.test",
		`Cara (Bob <a@x.test>`:                         "Cara Bob|a@x.test",
		`a..b@x.test`:                                  "|a..b@x.test",
		`Cara <a@x.test> via Desk`:                     "Cara via Desk|a@x.test",
		`=?utf-8?B?YUB4LnRlc3Q=?=`:                     "|=?utf-8?B?YUB4LnRlc3Q=?=",
	} {
		var got []string
		for _, a := range parseAddresses(in) {
			got = append(got, a.Name+"|"+a.Address)
		}
		w := strings.ReplaceAll(want, " k@", " |k@")
		if g := strings.Join(got, " "); g != w {
			t.Errorf("%s: %s, want %s", in, g, w)
		}
	}
}

func TestMessageIDsAreSalvaged(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"<a@x.test>\r\n <b@x.test>":       {"a@x.test", "b@x.test"},
		"<a@x.test><b@x.test>,<c@x.test>": {"a@x.test", "b@x.test", "c@x.test"},
		"a@x.test b@x.test":               {"a@x.test", "b@x.test"},
		"<a @ x.test>":                    {"a@x.test"},
		"<[a@x.test]>":                    {"a@x.test"},
		"<a@x.test <b@x.test":             {"a@x.test", "b@x.test"},
		"(see <a@x.test>)":                {"a@x.test"},
		"Message of Monday":               nil,
		"<" + strings.Repeat("x", 5000) + "@x.test> <b@x.test>": {"b@x.test"},
	} {
		if got := messageIDs(in, 50); !slices.Equal(got, want) {
			t.Errorf("%.60q: %q, want %q", in, got, want)
		}
	}
	var many []string
	for i := range 1000 {
		many = append(many, fmt.Sprintf("<%d@x.test>", i))
	}
	if got := messageIDs(strings.Join(many, " "), 50); len(got) != 50 || got[49] != "999@x.test" {
		t.Errorf("%d ids, the last %s", len(got), got[len(got)-1])
	}
}

func TestDatesAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Mon, 5 Jan 2026 11:00:00 +0100":       "2026-01-05T10:00:00Z",
		"5 Jan 26 11:00 GMT":                   "2026-01-05T11:00:00Z",
		"Mon Jan  5 11:00:00 2026":             "2026-01-05T11:00:00Z",
		"Mon, 05 January 2026 11:00:00 (CET)":  "2026-01-05T11:00:00Z",
		"Mon, 5 Jan 2026 11:00:00 EST":         "2026-01-05T16:00:00Z",
		"2026-01-05T11:00:00+01:00":            "2026-01-05T10:00:00Z",
		"5 Jan 99 11:00:00 +0000":              "1999-01-05T11:00:00Z",
		"Tue, 19 Jan 2038 03:14:08 +0000":      "2038-01-19T03:14:08Z",
		"31 Feb 2026 10:00:00 +0000":           "",
		"1 Jan 1901 10:00:00 +0000":            "",
		"soon":                                 "",
		"":                                     "",
		"Mon, 5 Jan 999999999 11:00:00 +0100":  "",
		"Mon, 5 Jan 2026 99:99:99 +9999999999": "2026-01-05T00:00:00Z",
	} {
		got := ""
		if at := parseDate(in); !at.IsZero() {
			got = at.UTC().Format("2006-01-02T15:04:05Z")
		}
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestPagesBecomeTextThatKeepsWordsApart(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"<p>one</p><p>two":             "one\n\ntwo",
		"<div>one</div><div>two</div>": "one\ntwo",
		"a<br>b<br><br>c":              "a\nb\n\nc",
		"<ul><li>a<li>b<ul><li>c</ul></ul><ol start=3><li>d<li>e":    "- a\n- b\n  - c\n3. d\n4. e",
		"<table><tr><td>A</td><td>B</td></tr><tr><td>1<td>2":         "A\tB\n1\t2",
		`see <a href="https://x.test/a">the page</a>.`:               "see the page <https://x.test/a>.",
		`<a href="https://x.test/">x.test</a>`:                       "x.test",
		`<a href="mailto:a@x.test?subject=b">a@x.test</a>`:           "a@x.test",
		`<a href="javascript:x">y</a>`:                               "y",
		"<pre>a\n  b\n\nc</pre>d":                                    "a\n  b\n\nc\nd",
		"x<style>p{}</style><script>y</script>&amp;&nbsp;z":          "x& z",
		"<blockquote>a<br>b</blockquote>c":                           "> a\n> b\nc",
		`<span style="display: none">hidden</span>shown`:             "shown",
		`<div style="display:none">never closed, so shown`:           "never closed, so shown",
		`<img alt="logo">x`:                                          "logo x",
		`a<img alt="😀">!`:                                            "a😀!",
		`<img alt=one><img alt=two>`:                                 "one two",
		"<ul><li>a</li>b</ul>c":                                      "- a\nb\nc",
		"<ol><li><p>a</p></li><li><p>b</p></li></ol>":                "1. a\n\n2. b",
		"<ol><li value=5>a<li>b</ol>":                                "5. a\n6. b",
		"<ul><li>a<ol><li>b</ol><li>c</ul>":                          "- a\n  1. b\n- c",
		"<menu><li>a</menu>b":                                        "- a\nb",
		"<dl><dt>a<dd>b</dl>c":                                       "a\nb\nc",
		"a<legend>b</legend>c":                                       "a\nb\nc",
		"<button>a</button><button>b</button>":                       "a b",
		"<select><option>a<option>b</select>c":                       "a\nb\nc",
		"<table><tr><td><p>A</p></td><td><p>B</p></td></tr></table>": "A\n\nB",
		"<table><tr><td>A<table><tr><td>1<td>2</table><td>B</table>": "A\n1\t2\nB",
		"a<table><tr><td>b</table>c":                                 "a\nb\nc",
		"<span>a</span><span>b</span>":                               "ab",
		"a<br/>b<wbr>c":                                              "a\nbc",
		"<h1>t</h1>a<hr>b":                                           "t\n\na\n---\nb",
		"<blockquote><blockquote>a</blockquote>b</blockquote>c":      "> > a\n> b\nc",
		"<p class=MsoNormal>a<o:p></o:p></p><p class=MsoNormal>b":    "a\n\nb",
		"<!--[if mso]>mso<![endif]--><![if !mso]>not<![endif]>":      "not",
		"<p style='white-space:pre-wrap'>a\n  b</p>c":                "a\n  b\n\nc",
		"<div style='white-space: pre-line'>\n<p>a</p>\n<p>b</div>":  "a\n\nb",
		`<a href="tel:+49 30-12">call</a>`:                           "call <+49 30-12>",
		`<a href="tel:+493012">+49 (30) 12</a>`:                      "+49 (30) 12",
		`<a href="https://x.test/a%20b">https://x.test/a b</a>`:      "https://x.test/a b",
		`<a href="https://evil.test">https://good.test</a>`:          "https://good.test <https://evil.test>",
		`<a href="https://x.test/"><img alt=Logo></a>b`:              "Logo <https://x.test/> b",
		`<a href="#top">top</a>`:                                     "top",
		"<div style='display:none;max-height:0'>pre</div>words":      "words",
		"<span style='visibility: hidden'>pre</span>words":           "words",
		"<div style='max-height:0px;overflow:hidden'>p</div>words":   "words",
		"<div hidden>pre</div>words":                                 "words",
		"<div style='opacity:0.9'>a</div>b":                          "a\nb",
		"<template>pre</template>words":                              "words",
		"<noscript>words</noscript>":                                 "words",
		"<table style='font-size:0'><td style='font-size:9px'>a":     "a",
		"<div style='visibility:hidden'>all there is</div>":          "all there is",
		"a\u200bb &lt;c@x.test&gt;":                                  "a\u200bb <c@x.test>",
		"":                                                           "",
	} {
		if got, _ := htmlText(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func TestTheKindIsSeenFromTheHeader(t *testing.T) {
	t.Parallel()
	const human = "From: Cara <cara@acme.test>\nSubject: Help\n"
	for head, want := range map[string]struct {
		kind         core.Kind
		unanswerable bool
	}{
		human:                                  {core.KindHuman, false},
		human + "Auto-Submitted: no\n":         {core.KindHuman, false},
		human + "Auto-Submitted: no (human)\n": {core.KindHuman, false},
		human + "Auto-Submitted: auto-generated; x=y\n":                                              {core.KindGenerated, true},
		human + "Auto-Submitted: no\nAuto-Submitted: auto-generated\n":                               {core.KindGenerated, true},
		human + "Auto-Submitted: auto-replied (vacation)\n":                                          {core.KindAutoReply, true},
		human + "X-Autogenerated: Reply\n":                                                           {core.KindAutoReply, true},
		human + "X-Autogenerated: Forward\n":                                                         {core.KindGenerated, false},
		human + "X-Loop: cara@x.test\n":                                                              {core.KindHuman, true},
		"From: a@x.test\nSubject: Autoresponder: Hi\n":                                               {core.KindAutoReply, true},
		human + "X-Autoreply: yes\n":                                                                 {core.KindAutoReply, true},
		human + "Precedence: auto_reply\n":                                                           {core.KindAutoReply, true},
		human + "Precedence: bulk\nList-Unsubscribe: <https://x.test>\n":                             {core.KindGenerated, true},
		human + "List-Id: <l.x.test>\n":                                                              {core.KindGenerated, true},
		human + "Return-Path: <>\n":                                                                  {core.KindGenerated, true},
		human + "X-Auto-Response-Suppress: All\n":                                                    {core.KindHuman, true},
		"From: noreply@x.test\nSubject: Your order\n":                                                {core.KindGenerated, false},
		"Subject: nobody\n":                                                                          {core.KindHuman, true},
		"From: MAILER-DAEMON@x.test\nSubject: hi\n":                                                  {core.KindGenerated, true},
		"From: a@x.test\nSubject: Abwesenheitsnotiz: Ihre Frage\n":                                   {core.KindAutoReply, true},
		"From: a@x.test\nSubject: Automatic reply: Help\n":                                           {core.KindAutoReply, true},
		"From: a@x.test\nSubject: Réponse automatique : Help\n":                                      {core.KindAutoReply, true},
		"From: a@x.test\nSubject: Re: Automatic reply: Help\n":                                       {core.KindHuman, false},
		"From: a@x.test\nSubject: Out of office next week, who helps?\n":                             {core.KindHuman, false},
		"From: a@x.test\nAuto-Submitted: auto-generated\nSubject: Cara is out of the office.\n":      {core.KindAutoReply, true},
		"From: a@x.test\nPrecedence: bulk\nSubject: Ich bin im Urlaub\n":                             {core.KindAutoReply, true},
		human + "Content-Type: text/calendar; method=REPLY\n":                                        {core.KindAutoReply, true},
		human + "Content-Type: text/calendar; method=REQUEST\n":                                      {core.KindHuman, false},
		human + "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n": {core.KindAutoReply, true},
		"From: a@x.test\nSubject: Undeliverable: Help\n":                                             {core.KindHuman, false},
	} {
		l := Parse(crlf(head + "\nHello, I have a question.\n"))
		if l.Kind != want.kind || l.Unanswerable != want.unanswerable {
			t.Errorf("%q: %s, unanswerable %v", head, l.Kind, l.Unanswerable)
		}
	}
	for subject, want := range map[string]bool{
		"Out of office next week": true, "Ich bin im Urlaub": true, "自動応答: x": true, "Help": false, "Autosvar: x": true,
	} {
		if Parse([]byte("Subject: "+subject+"\r\n\r\n")).VacationSubject != want {
			t.Errorf("vacation subject %q: not %v", subject, want)
		}
	}
}
