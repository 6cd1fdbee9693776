package core

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// This file reads an agent's answer to a notice: what of it may reach a customer
// (mail-law: staff_reply). What their mail program added does not, what the notice
// said to the agent does not, and where that cannot be told apart from new words a
// person looks at it first. All of it is pure.

// A staffKnowledge is what an agent's mail is read with.
type staffKnowledge struct {
	Name      string   // of the agent
	Phone     string   // of their profile
	Signature string   // of their profile: every mail gets it once
	Own       []string // their addresses
	Private   []string // addresses of all staff: none may reach a customer
	Panel     string   // where pages of the panel begin
	Notice    string   // the text of the notice that is answered, "" if it is not known
	Public    string   // what has been said in public, which the customer knows
}

// staffWords are the words of an agent's mail for a customer.
type staffWords struct {
	Text  string // new words, with lines of the customer between which they stand
	Left  string // what was left out of the new text
	Doubt string // why a person must look at it before it goes out, or ""
	Marks bool   // the first visible line says that it is a note
	Files []bool // by ordinal: goes out with the words
	tail  int    // letters that were left out at the end
}

// The doubts about an agent's words.
const (
	doubtFrame    = "parts of the notice stand between its words"
	doubtQuote    = "it quotes words that the customer has not read"
	doubtInline   = "something stands between the lines that it quotes"
	doubtToken    = "it contains a reply address that is not the customer's"
	doubtAddress  = "it contains the address of somebody of the team"
	doubtPanel    = "it contains a link into the panel"
	doubtMark     = "#note stands in it, but not as its first line"
	doubtAttached = "its file %q may show addresses that the customer does not know"
)

// readStaffWords takes the words of an agent's mail apart. Secrets of ours in it
// are hidden by hide, which tells whether there were any.
func readStaffWords(l Letter, k staffKnowledge, hide func(string) (string, bool)) (w staffWords) {
	text, held := hide(embedded.ReplaceAllString(l.NewText(), ""))
	w.Marks = hasNoteMarker(firstOwnLine(text))
	known := knownWords{notice: squeezeSpace(k.Notice), public: squeezeSpace(k.Public)}
	lines, doubt := known.withoutFrame(strings.Split(text, "\n"))
	w.doubt(doubt)
	lines, doubt = known.checkQuotes(lines)
	w.doubt(doubt)
	kept, left := cutSignature(lines, k)
	w.tail = letters(strings.Join(left, ""))
	w.Text, w.Left = strings.TrimSpace(strings.Join(kept, "\n")), strings.TrimSpace(strings.Join(left, "\n"))
	if held {
		w.doubt(doubtToken)
	}
	w.doubt(k.private(w.Text))
	if !w.Marks && holdsMarker(w.Text) {
		w.doubt(doubtMark)
	}
	if known.answeredInside(l.ElidedText()) {
		w.doubt(doubtInline)
	}
	w.chooseFiles(l.Attachments, k, hide)
	return w
}

// nothing tells that no word was found, and no file.
func (w *staffWords) nothing() bool {
	return !slices.Contains(w.Files, true) && (w.Text == "" || w.Marks && withoutNoteMarker(w.Text) == "")
}

// doubt keeps the first one: it is the reason that is told.
func (w *staffWords) doubt(why string) {
	if w.Doubt == "" {
		w.Doubt = why
	}
}

// embedded is what mail programs write into a text where a picture stood.
var embedded = regexp.MustCompile(`(?im)\[cid:[^\]\n]*\]|^<image\d*\.(?:png|jpe?g|gif)>[ \t]*$`)

// private says what of a text is no customer's to read, or "".
func (k staffKnowledge) private(text string) string {
	bare := bareText(text)
	if strings.Contains(bare, "/agent/conversations/") || k.Panel != "" && strings.Contains(bare, bareText(k.Panel)) {
		return doubtPanel
	}
	for _, address := range k.Private {
		if namesAddress(bare, address) {
			return doubtAddress
		}
	}
	return ""
}

// namesAddress looks for an address in a bare text, also as people read and write
// its domain: in U-labels.
func namesAddress(bare, address string) bool {
	if strings.Contains(bare, address) {
		return true
	}
	local, domain, _ := strings.Cut(address, "@")
	return strings.Contains(domain, "xn--") && strings.Contains(bare, local+"@"+ShownDomain(domain))
}

// bareText undoes how an address or a link may be written: in pieces over lines,
// for a URL or a page, with characters that nobody sees, letters in pieces.
func bareText(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range encodings.Replace(strings.ToLower(text)) {
		if r != '>' && !unseen(r) {
			b.WriteRune(r)
		}
	}
	return nfc(b.String())
}

var encodings = strings.NewReplacer("%40", "@", "%2b", "+", "%2f", "/", "%3a", ":", "%2e", ".", "&#64;", "@", "&#x40;", "@", "&commat;", "@", "＠", "@", "﹫", "@", "。", ".", "．", ".", "｡", ".")

// unseen are white space of all kinds, and characters without a shape.
func unseen(r rune) bool { return unicode.IsSpace(r) || invisible(r) }

// firstOwnLine is a text from its first line that is neither blank nor quoted.
func firstOwnLine(text string) string {
	for at := 0; at < len(text); {
		line, _, _ := strings.Cut(text[at:], "\n")
		if !isQuoted(line) && strings.TrimFunc(line, blankRune) != "" {
			return text[at:]
		}
		at += len(line) + 1
	}
	return ""
}

func blankRune(r rune) bool { return unseen(r) || r == '>' }

func isQuoted(line string) bool { return strings.HasPrefix(strings.TrimLeft(line, " \t\u00a0"), ">") }

// holdsMarker tells that a line of a text is a note's marker and nothing else.
func holdsMarker(text string) bool {
	for line := range strings.Lines(text) {
		if hasNoteMarker(line) && withoutNoteMarker(line) == "" {
			return true
		}
	}
	return false
}

// chooseFiles: what they attached goes out with an agent's words, and pictures that
// stand among the words; not the pictures of their signature or of what they quote.
func (w *staffWords) chooseFiles(files []Attachment, k staffKnowledge, hide func(string) (string, bool)) {
	w.Files = make([]bool, len(files))
	for i, f := range files {
		w.Files[i] = !f.Inline || !f.Folded && (w.tail == 0 || f.Below > w.tail)
		if w.Files[i] && showsPrivate(f, k, hide) {
			w.doubt(fmt.Sprintf(doubtAttached, cleanLine(Redact(f.Filename), 80)))
		}
	}
}

// showsPrivate looks for what only staff know. A mail shows who got it, whatever
// encodes it; other files are looked through as far as they are text.
func showsPrivate(f Attachment, k staffKnowledge, hide func(string) (string, bool)) bool {
	name := strings.ToLower(f.Filename)
	if strings.HasPrefix(f.ContentType, "message/") || strings.HasSuffix(name, ".eml") || strings.HasSuffix(name, ".msg") {
		return true
	}
	content := strings.ReplaceAll(string(f.Beginning(mostSearched)), "\x00", "")
	if _, held := hide(f.Filename + "\n" + content); held {
		return true
	}
	text := strings.HasPrefix(f.ContentType, "text/") || strings.HasSuffix(name, ".vcf") || strings.HasSuffix(name, ".ics")
	return k.private(f.Filename) != "" || text && k.private(content) != ""
}

// mostSearched is how much of a file is looked through.
const mostSearched = 1 << 20
