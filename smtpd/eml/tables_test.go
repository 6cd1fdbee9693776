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

func TestEncodedWordsAreReadInBrokenForms(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"=?UTF-8?Q?caf=C3=A9?=":                                         "café",
		"=?utf-8?b?Y2Fmw6k?=":                                           "café",
		"=?iso-8859-1*fr?q?caf=e9?=":                                    "café",
		"=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?=":                            "café",
		"=?utf-8?B?Y2Fmww==?=\t=?utf-8?B?qQ==?=":                        "café",
		"a=?utf-8?Q?=C3=A9?=b":                                          "aéb",
		"=?utf-8?Q?with a blank?=":                                      "with a blank",
		"=?utf-8?Q?Really??= =?utf-8?Q?_yes?=":                          "Really? yes",
		"=?utf-8?Q?cut=C3=A9":                                           "cuté",
		"=?utf-8?X?what?=":                                              "=?utf-8?X?what?=",
		"=?nope?Q?caf=E9?=":                                             "café",
		"=??Q?x?= =? =?=":                                               "=??Q?x?= =? =?=",
		"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=":                            "日本",
		"=?shift_jis?B?k/qWew==?=":                                      "日本",
		"=?gb18030?B?yNWxvg==?=":                                        "日本",
		"=?koi8-r?B?8NLJ18XU?=":                                         "Привет",
		"=?iso-2022-kr?B?GyQpQw5AVDdCRE4P?=":                            "입력컴",
		"=?utf-8?B?Y2Fmw6?= =?utf-8?B?k=?=":                             "café", // cut within four characters of base64
		"=?utf-8?B?Y2Fmw?= =?utf-8?B?6k=?=":                             "café",
		"=?utf-8?B?Y2Fmww?= =?utf-8?B?qQ?=":                             "café", // two whole pieces without padding
		"=?UTF-8?B?4oK?= =?UTF-8?B?s?=":                                 "€",
		"=?utf-8?B?Y2Fm?= =?utf-8?Q?=C3=A9?=":                           "café",
		"=?utf-8?B?Y2Fmww==?= =?utf-8?Q?=A9?=":                          "café", // a character over two encodings
		"=?utf-8?Q?caf=C3=?= =?utf-8?Q?A9?=":                            "café", // cut within an escape,
		"=?utf-8?Q?caf=?= =?utf-8?Q?C3=A9?=":                            "café",
		"=?utf-8?Q?caf=E9?=":                                            "café", // the label lies
		"=?iso-8859-1?Q?caf=C3=A9?=":                                    "café",
		"=?us-ascii?Q?caf=C3=A9?=":                                      "café",
		"=?windows-1251?Q?=D0=9F=D1=80?=":                               "Пр",
		"=?windows-1251?Q?=CF=F0?=":                                     "Пр",
		"=?gbk?B?5Lit5paH5Lit?=":                                        "中文中",
		"=?gb2312?B?1tDOxA==?=":                                         "中文",
		"=?utf-8?Q?abc?":                                                "abc",
		"=?utf-8?Q?a= b?=":                                              "ab", // a line was broken here
		"=?utf-8?B?Y2 Fm?=":                                             "caf",
		"=?utf-8?Q?a?=  =?iso-8859-1?Q?=E9?=":                           "aé",
		"=?utf-8?Q?a?= b =?utf-8?Q?c?=":                                 "a b c",
		"=?utf-8?Q?a?==?utf-8?Q?b?=":                                    "ab",
		"x =?utf-8?Q??= y":                                              "x  y",
		"=?utf-8?q?=?=":                                                 "=",
		"=?utf-8?Q?=3D=3Futf-8=3FQ=3Fa=3F=3D?=":                         "=?utf-8?Q?a?=", // decoded once
		"=?iso-2022-jp?B?GyRCRnw=?= =?iso-2022-jp?B?S1wbKEI=?=":         "日本",
		"=?iso-2022-jp?B?GyRCRnwbKEI=?= =?iso-2022-jp?B?GyRCS1wbKEI=?=": "日本",
		"=?iso-2022-jp?B?GyhJMTI=?=":                                    "ｱｲ",
		"=?UTF-8?Q?=F0=9F?= =?UTF-8?Q?=98=80?=":                         "😀",
		"=?utf-8?Q?=ED=A0=BD=ED=B8=80?=":                                "😀", // CESU-8
		"=?utf-7?Q?+AOk-?=":                                             "é",
		"=?cp1251?Q?=CF=F0?=":                                           "Пр",
		"plain":                                                         "plain",
	} {
		if want == "입력컴" {
			if got := decodeWords(in); strings.ContainsRune(got, '\uFFFD') || got == in {
				t.Errorf("%s: %q", in, got)
			}
			continue
		}
		if got := decodeWords(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func TestCharsetsAreReadWhateverTheLabelSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ label, in, want string }{
		{"utf-8", "caf\xc3\xa9", "café"},
		{"utf-8", "caf\xe9 \x93so\x94", "café “so”"},
		{"iso-8859-1", "\x93so\x94", "“so”"},
		{"us-ascii", "caf\xc3\xa9", "café"},
		{"", "caf\xe9", "café"},
		{"x-unknown", "caf\xc3\xa9", "café"},
		{"no-such-thing", "caf\xe9", "café"},
		{"\"utf-8\n\"", "caf\xc3\xa9", "café"},
		{"windows-1251", "\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"},
		{"cp932", "\x87\x40", "①"},
		{"windows-1258", "\xd0", "Đ"},
		{"hz-gb-2312", "~{VPND~}", "中文"},
		{"gb2312", "\xd6\xd0", "中"},
		{"ks_c_5601-1987", "\xc0\xd4", "입"},
		{"iso-8859-9", "\xfd\x80", "ı€"},
		{"tis-620", "\xa1", "ก"},
		{"cp437", "\x81", "ü"},
		{"cp858", "\xd5", "€"},
		{"us", "caf\xe9", "café"},
		{"iso-2022-cn", "caf\xe9", "café"},
		{"utf-16", "h\x00i\x00", "hi"},
		{"utf-7", "Hi +AOk-+ACE- +-", "Hi é! +"},
		{"us-ascii", "\x1b$BF|K\\\x1b(B", "日本"},
		{"iso-8859-1", "\xef\xbb\xbfcaf\xc3\xa9", "café"},
		{"utf-16", "\xff\xfeh\x00i\x00", "hi"},
		{"utf-8", "ok\xed\xa0\x80ok", "okí\u00a0€ok"},
		{"utf-8", "nul\x00nul", "nulnul"},
		// UTF-8 under another label, and what only looks like it
		{"iso-8859-1", "caf\xc3\xa9", "café"},
		{"windows-1252", "it\xe2\x80\x99s", "it’s"},
		{"iso-8859-15", "10 \xe2\x82\xac", "10 €"},
		{"windows-1251", "\xd0\x9f\xd1\x80", "Пр"},
		{"iso-8859-7", "\xce\x91\xce\xb2", "Αβ"},
		{"gb18030", "\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad", "中文中"},
		{"shift_jis", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", "日本語"},
		{"utf-16", "plain words", "plain words"},
		{"windows-1252", "Viel Spa\xdf\x85", "Viel Spaß…"},
		{"iso-8859-2", "P\xd3\xa3", "PÓŁ"},
		{"koi8-r", "\xc5\xa3", "её"},
		{"cp866", "\xe0\xa0\xa4", "рад"},
		{"tis-620", "\xc2\xa1", "ยก"},
		{"gb2312", "\xc4\xa3", "模"},
		{"windows-1256", "\xe3\xd1\xcd\xc8\xc7", "مرحبا"},
		{"windows-1255", "\xf9\xec\xe5\xed", "שלום"},
		{"windows-1253", "\xe3\xe5\xe9\xdc", "γειά"},
		{"windows-1250", "\x9elu\x9d", "žluť"},
		{"windows-1254", "\xfe\xf0", "şğ"},
		{"windows-1257", "\xe0\xe8", "ąč"},
		{"koi8-u", "\xa6", "і"},
		{"gb18030", "\x81\x30\x84\x36", "¥"},
		{"euc-kr", "\xc7\xd1\xb1\xdb", "한글"},
		{"euc-jp", "\xc6\xfc\xcb\xdc", "日本"},
		{"big5", "\xa4\xa4\xa4\xe5", "中文"},
		// escapes, whatever the label
		{"", "\x1b$BF|K\\\x1b(B", "日本"},
		{"iso-8859-1", "\x1b$BF|K\\\x1b(B", "日本"},
		{"iso-2022-jp", "\x1b(I12\x1b(B", "ｱｲ"},
		{"iso-2022-jp-ms", "\x1b$B-!\x1b(B", "①"},
		{"us-ascii", "\x1b$)C\x0eGQ\x0f", "한"},
		{"iso-2022-cn", "\x1b$)A\x0eVP\x0f", "中"},
		{"us-ascii", "\x1b[1mbold", "\x1b[1mbold"},
		// UTF-16 without a mark, both ways round
		{"utf-16", "\x00h\x00i", "hi"},
		{"utf-16be", "\x00h\x00i", "hi"},
		{"utf-8", "\xfe\xff\x00h\x00i", "hi"},
		{"utf-8", "caf\xc3\xa9 na\xc3\xafve \xff", "café naïve \ufffd"},
		{"utf-7", "caf\xc3\xa9", "café"},
		{"utf-8", "\xed\xa0\xbd\xed\xb8\x80", "😀"},
		// labels as people write them
		{"win-1251", "\xcf", "П"},
		{"windows_1251", "\xcf", "П"},
		{"cp-1251", "\xcf", "П"},
		{"utf-8;format=flowed", "caf\xc3\xa9", "café"},
		{"3D\"koi8-r\"", "\xf0", "П"},
		{"latin-1", "\x93", "“"},
		{"x-windows-1252", "\x93", "“"},
		{"unicode", "h\x00i\x00", "hi"},
	} {
		if got := toUTF8([]byte(c.in), c.label); got != c.want {
			t.Errorf("%q as %q: %q, want %q", c.in, c.label, got, c.want)
		}
	}
	if got, _ := bodyText([]byte("<meta charset=koi8-r>\xf0\xd2"), "", true); !strings.HasSuffix(got, "Пр") {
		t.Errorf("a page's own charset: %q", got)
	}
	l := Parse([]byte("From: \xcf\xf0\xe8\xe2\xe5\xf2 <a@x.test>\r\nSubject: \xcf\xf0\r\nContent-Type: text/plain; charset=windows-1251\r\n\r\n\xcf\xf0\r\n"))
	if l.Subject != "Пр" || l.From[0].Name != "Привет" || strings.TrimSpace(l.Text) != "Пр" {
		t.Errorf("raw 8-bit fields: %q %q %q", l.Subject, l.From, l.Text)
	}
}

func TestParametersAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`attachment; filename=a.pdf`:                                                        "a.pdf",
		`attachment; filename="a b.pdf"; size=3`:                                            "a b.pdf",
		`attachment; filename=a b c.pdf; size=3`:                                            "a b c.pdf",
		`attachment; filename="a\"b.pdf"`:                                                   `a"b.pdf`,
		`attachment; filename="cut`:                                                         "cut",
		`attachment; filename*=us-ascii''W%F6.pdf`:                                          "Wö.pdf",
		`attachment; filename*=utf-8'de'W%C3%B6.pdf; filename=W.pdf`:                        "Wö.pdf",
		`attachment; filename=W.pdf; filename*=utf-8''W%C3%B6.pdf`:                          "Wö.pdf",
		`attachment; filename*1="b.pdf"; filename*0="a-"`:                                   "a-b.pdf",
		`attachment; filename*0*=utf-8''%C3; filename*1*=%B6; filename*2=".pdf"`:            "ö.pdf",
		`attachment; filename="=?utf-8?Q?=C3=B6.pdf?="`:                                     "ö.pdf",
		`attachment; FileName = a.pdf`:                                                      "a.pdf",
		`attachment filename=a.pdf`:                                                         "a.pdf",
		`attachment;;; filename=a.pdf`:                                                      "a.pdf",
		`attachment; filename*99999999999999999999=x`:                                       "",
		`attachment; filename*2=c; filename*0=a; filename*1=b`:                              "abc",
		`attachment; filename*0=a; filename*2=c`:                                            "ac",
		`attachment; filename*1*=%a0.pdf; filename*0*=utf-8''%e4%bd`:                        "你.pdf",
		`attachment; filename*0*=utf-8''a%C3; filename*1=%B6.pdf`:                           "aö.pdf",
		`attachment; filename*0*=utf-8'en'%E2%82; filename*1*=%AC; filename*2=" rates.pdf"`: "€ rates.pdf",
		`attachment; filename*0="=?utf-8?Q?W=C3"; filename*1="=B6.pdf?="`:                   "Wö.pdf",
		`attachment; filename="=?utf-8?Q?W=C3?= =?utf-8?Q?=B6.pdf?="`:                       "Wö.pdf",
		`attachment; filename==?utf-8?Q?a=C3=B6?= =?utf-8?Q?b.pdf?=`:                        "aöb.pdf",
		`attachment; filename*=utf-8''W%F6.pdf`:                                             "Wö.pdf", // the label lies
		`attachment; filename*=iso-8859-1''W%C3%B6.pdf`:                                     "Wö.pdf",
		`attachment; filename*=x-unknown''W%C3%B6.pdf`:                                      "Wö.pdf",
		`attachment; filename*=''W%C3%B6.pdf`:                                               "Wö.pdf",
		`attachment; filename*=W%C3%B6.pdf`:                                                 "Wö.pdf",
		`attachment; filename*=utf-8'W%C3%B6.pdf`:                                           "Wö.pdf",
		`attachment; filename*="utf-8''W%C3%B6.pdf"`:                                        "Wö.pdf",
		`attachment; filename="utf-8''W%C3%B6.pdf"`:                                         "Wö.pdf", // the star was forgotten
		`attachment; filename*=utf-8''a'b.pdf`:                                              "a'b.pdf",
		"attachment; filename=W\xc3\xb6.pdf":                                                "Wö.pdf",
		"attachment; filename=\"W\xf6.pdf\"":                                                "Wц.pdf", // as the mail's own charset
		`attachment; filename="W%C3%B6.pdf"`:                                                "W%C3%B6.pdf",
		`attachment; filename="50% off's 'best'.pdf"`:                                       "50% off's 'best'.pdf",
		`attachment; filename=a;b.pdf`:                                                      "a;b.pdf",
		`attachment; filename=a;b.pdf; size=3`:                                              "a;b.pdf",
		`attachment; filename='a b.pdf'`:                                                    "a b.pdf",
		`attachment; filename=a.pdf"`:                                                       "a.pdf",
		`attachment; filename="a.pdf; size=3`:                                               "a.pdf",
		`attachment, filename=a.pdf`:                                                        "a.pdf",
		`attachment: filename=a.pdf`:                                                        "a.pdf",
		`attachment; filename=report (1).pdf`:                                               "report (1).pdf",
		`attachment; filename=a.pdf; filename=b.pdf`:                                        "a.pdf",
	} {
		if got := parseMedia(in, "windows-1251").get("filename"); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func TestTypesAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		`text/html; charset=utf-8`, `text/html, charset=utf-8`, `text/html charset=utf-8`, `text/html;charset="utf-8;format=flowed`, `text/html; charset=utf-8"`,
		`"text/html"; charset=utf-8`, `text/html; charset = "utf-8" ; x`, `text/html; charset=utf-8 (x)`, `text/html (x); charset=utf-8`, `(x) text/html;; charset=utf-8`,
		`text/html:charset=utf-8`, `text/ html; charset=utf-8`, `text /html; charset=utf-8`, `text/html\; charset=utf-8`, `TEXT/HTML; CHARSET='UTF-8'`,
		`text/html; charset=utf-8; charset=koi8-r`, `text/html; "charset=utf-8"`, `text/html;charset=3D"utf-8"`, `text/html; charset*=us-ascii''utf-8`, `=text/html; charset=utf-8`,
	} {
		if m := parseMedia(in, ""); m.value != "text/html" || normalLabel(m.get("charset")) != "utf-8" {
			t.Errorf("%s: %q, charset %q", in, m.value, m.get("charset"))
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
