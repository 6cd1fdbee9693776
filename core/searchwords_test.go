package core_test

import (
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// What people write, in many scripts and with every sign that has misled a parser.
var searchedTexts = []string{
	"", " ", "Hello, World! hello again",
	"Don't e-mail cara@acme.test or https://acme.test/a/b?c=d&e=f#g; see /usr/share, C:\\TEMP\\x.txt",
	"Version 1.2.3, 4th of 5e7 and -12.5e+3 cost $5.00 (50%) #1234 under_score v2 3D 0x1F 1e5",
	"<b>bold</b> &amp; &lt;x&gt; a<b>c", "tel:+49 30/1234-567 ~tilde~ ^caret^ |pipe| `tick` 'single' \"double\" *star*",
	"Größe, Straße, ÄÖÜ, naïve café, Łódź, Ærø, œuvre, Đorđe, ħal, İstanbul ılık, Ångström, ﬁne ½ ²",
	"Ελληνικά, Русский ёж, Українська, עברית שלום, العربية مرحبا, हिन्दी नमस्ते, தமிழ்",
	"日本語の文章です。カタカナ、ひらがな。中文字符測試 한국어 문장 ไทยแลนด์ ລາວ မြန်မာ ខ្មែរ",
	"emoji 😀 zero\u200bwidth soft\u00adhyphen non\u00a0breaking \u202ertl\u202c fullwidth ＡＢＣ１２３",
	"line\r\nbreak\ttab\vvertical\fform\u2028sep", strings.Repeat("word ", 300), strings.Repeat("a ", 17_000) + "late later late latest",
	strings.Repeat("x", 3000) + " after",
	strings.Repeat("many different words number ", 5) + "7 seven VII Ⅷ ① ৪২ ٣",
}

func TestTheWordsOfAMailAreThoseThatTheDatabaseReadsInIt(t *testing.T) {
	t.Parallel()
	pool := coretest.Database(t)
	for _, text := range searchedTexts {
		var same bool
		var theirs, ours string
		err := pool.QueryRow(t.Context(), `
			select search_vector('', $1) = $2::tsvector, search_vector('', $1)::text, $2::tsvector::text`, text, core.SearchWords(text)).Scan(&same, &theirs, &ours)
		if err != nil {
			t.Errorf("%.60q: %v", text, err)
		} else if !same {
			t.Errorf("%.60q: the database reads\n%.600s\nwe read\n%.600s", text, theirs, ours)
		}
	}
}

func FuzzTheWordsOfAMail(f *testing.F) {
	for _, text := range searchedTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, word := range core.SearchWords(text).Lexemes {
			if n := len(word.Word); n == 0 || n > 2046 || strings.ContainsAny(word.Word, "\x00'\\:,") {
				t.Fatalf("%.80q is no word of a tsvector", word.Word)
			}
			last, n := uint16(0), len(word.Positions)
			for _, at := range word.Positions {
				if at.Position <= last || at.Position > 16_383 || n > 255 {
					t.Fatalf("%.80q stands at %v", word.Word, word.Positions)
				}
				last = at.Position
			}
			if n == 0 {
				t.Fatalf("%.80q stands nowhere", word.Word)
			}
		}
	})
}

func BenchmarkTheWordsOfAMail(b *testing.B) {
	text := strings.Repeat("Dear Sir or Madam, the printer on floor 3 prints nothing but order number 12345. ", 50)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		core.SearchWords(text)
	}
}
