package eml

import (
	"strings"
	"testing"
)

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
