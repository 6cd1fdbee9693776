package core

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// What an article's text is made of: pure functions.

// An ArticleText is what somebody writes.
type ArticleText struct {
	Title  string
	Body   string // Markdown
	Locale string // of the text, like "en" or "de-AT"; empty: as it is
	Note   string // about the change, for the list of revisions
}

// Bounds of an article, in characters.
const (
	maxArticleTitle = 200
	maxArticleBody  = 200_000
	maxArticleNote  = 500
)

// cleaned is the text as it is stored. Invalid.
func (t ArticleText) cleaned() (ArticleText, error) {
	t.Title, t.Note = cleanLine(t.Title, maxArticleTitle+1), cleanLine(t.Note, maxArticleNote)
	switch {
	case t.Title == "":
		return t, Invalid{Field: "title", Code: CodeRequired, Problem: "A title is needed."}
	case len([]rune(t.Title)) > maxArticleTitle:
		return t, Invalid{Field: "title", Code: CodeInvalid, Problem: "The title is too long: at most 200 characters."}
	case len([]rune(t.Body)) > maxArticleBody:
		return t, Invalid{Field: "body", Code: CodeInvalid, Problem: "The article is too long: at most 200,000 characters."}
	case t.Locale != "" && !localeForm.MatchString(t.Locale):
		return t, Invalid{Field: "locale", Code: CodeInvalid, Problem: "A language is written like en or de-AT."}
	}
	t.Body = cleanText(strings.ReplaceAll(t.Body, "\r\n", "\n"), maxArticleBody)
	return t, nil
}

var localeForm = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}$`)

// Slug is a title as it stands in an address: lower case letters and digits of
// ASCII with hyphens between the words, at most 80.
func Slug(title string) string {
	title = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "ae", "Ö", "oe", "Ü", "ue", "ß", "ss", "ẞ", "ss", "æ", "ae", "Æ", "ae", "ø", "o", "Ø", "o", "ł", "l", "Ł", "l", "&", " ").Replace(nfc(title))
	var b strings.Builder
	for _, r := range norm.NFKD.String(title) {
		r = unicode.ToLower(r)
		switch {
		case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’':
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 80 {
			break
		}
	}
	if slug := strings.Trim(b.String(), "-"); slug != "" {
		return slug
	}
	return "article"
}

// Marks of Markdown that say nothing to who searches.
var (
	fenceLine   = regexp.MustCompile("^\\s*(```|~~~)")
	headingLine = regexp.MustCompile(`^\s{0,3}#{1,6}\s+(.*?)[\s#]*$`)
	underLine   = regexp.MustCompile(`^\s{0,3}(=+|-+)\s*$`)
	ruleLine    = regexp.MustCompile(`^\s*([-*_|:]\s*){3,}$`)
	leadMarks   = regexp.MustCompile(`^(\s*(>|[-*+]|\d{1,9}[.)])\s+|\s*>)+`)
	calloutMark = regexp.MustCompile(`^\[![A-Za-z]+\]\s*`)
	taskMark    = regexp.MustCompile(`^\[[ xX]\]\s+`)
	linkMark    = regexp.MustCompile(`!?\[([^\[\]]*)\](\([^()]*(\([^()]*\)[^()]*)*\)|\[[^\[\]]*\])`)
	autoLink    = regexp.MustCompile(`<((https?://|mailto:)[^<>\s]+)>`)
	wordMarks   = regexp.MustCompile("\\\\[!-/:-@\\[-`{-~]|\\*{1,3}|~~|`+|\\b_{1,3}|_{1,3}\\b")
)

// PlainArticle gives the words of a Markdown text without its marks, for the
// search and for previews: headings by themselves, and everything, line by line.
// What is written in it stays text: no caller may take it for HTML.
func PlainArticle(markdown string) (headings, text string) {
	var heads, lines []string
	inCode := false
	for line := range strings.Lines(markdown) {
		line = strings.TrimRight(line, "\r\n")
		if fenceLine.MatchString(line) {
			inCode = !inCode
			continue
		}
		if inCode {
			lines = append(lines, line)
			continue
		}
		if underLine.MatchString(line) && len(lines) > 0 && lines[len(lines)-1] != "" {
			heads = append(heads, lines[len(lines)-1])
			continue
		}
		if ruleLine.MatchString(line) {
			continue
		}
		head := headingLine.FindStringSubmatch(line)
		if head != nil {
			line = head[1]
		}
		if line = plainLine(line); head != nil {
			heads = append(heads, line)
		}
		lines = append(lines, line)
	}
	return cleanText(strings.Join(heads, "\n"), maxArticleBody), cleanText(strings.Join(lines, "\n"), maxArticleBody)
}

// plainLine takes the marks out of one line.
func plainLine(line string) string {
	line = leadMarks.ReplaceAllString(line, "")
	line = calloutMark.ReplaceAllString(line, "")
	line = taskMark.ReplaceAllString(line, "")
	line = linkMark.ReplaceAllString(line, "$1")
	line = linkMark.ReplaceAllString(line, "$1") // a picture in a link
	line = autoLink.ReplaceAllString(line, "$1")
	line = wordMarks.ReplaceAllStringFunc(line, func(mark string) string {
		if mark[0] == '\\' {
			return mark[1:] // it is meant as it stands
		}
		return ""
	})
	return strings.Join(strings.Fields(strings.ReplaceAll(line, "|", " ")), " ")
}
