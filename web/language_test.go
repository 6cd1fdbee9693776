package web

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/template/parse"
	"unicode"

	"golang.org/x/net/html"

	"postdesk/core/language"
)

// customerPages are the templates that customers see, whole: no English word
// stands in them outside of the catalogue.
var customerPages = []string{"home", "signin", "accept", "reset", "profile", "threads", "thread", "newthread", "contact", "error", "twofactor", "tokens", "signincode",
	"helpcategory", "helpsection", "helparticle", "helpsearch"}

// customerPieces are the shared pieces that those pages use.
var customerPieces = []string{"page", "public-shell", "said", "mark", "icon", "face", "time", "status", "rich", "text", "problem", "field", "paging", "files", "empty", "zones", "words", "choose-files", "thread-status", "code-field", "two-factor-state", "tokens-state", "notifications",
	"help-head", "help-search", "help-bar", "help-sight", "help-paging", "help-ask", "help-articles"}

// spelled are words that are the same in each language.
var spelled = []string{"#"}

// A reader goes through a template and notes the sentences that it says, and what
// it says outside of the catalogue.
type reader struct {
	keys   []string
	faults []string
}

// read walks a tree. Where values stand, the markup gets a hole, so that it can be
// read as HTML.
func (r *reader) read(node parse.Node, markup *strings.Builder) {
	switch n := node.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, each := range n.Nodes {
				r.read(each, markup)
			}
		}
	case *parse.TextNode:
		markup.Write(n.Text)
	case *parse.ActionNode:
		markup.WriteString("{}")
		r.pipe(n.Pipe)
	case *parse.TemplateNode:
		r.pipe(n.Pipe)
	case *parse.IfNode:
		r.branch(&n.BranchNode, markup)
	case *parse.RangeNode:
		r.branch(&n.BranchNode, markup)
	case *parse.WithNode:
		r.branch(&n.BranchNode, markup)
	}
}

func (r *reader) branch(n *parse.BranchNode, markup *strings.Builder) {
	r.pipe(n.Pipe)
	r.read(n.List, markup)
	r.read(n.ElseList, markup)
}

// pipe looks for sentences handed to t and rich, and for words in a dict or print
// that are none.
func (r *reader) pipe(p *parse.PipeNode) {
	if p == nil {
		return
	}
	for _, c := range p.Cmds {
		name := ""
		if id, ok := c.Args[0].(*parse.IdentifierNode); ok {
			name = id.Ident
		}
		for i, arg := range c.Args {
			switch a := arg.(type) {
			case *parse.PipeNode:
				r.pipe(a)
			case *parse.StringNode:
				r.word(name, i, c.Args, a.Text)
			}
		}
	}
}

func (r *reader) word(function string, i int, args []parse.Node, text string) {
	said := regexp.MustCompile(`^(Label|Hint|Placeholder|Head|Text|Title)$`)
	switch {
	case (function == "t" || function == "rich") && i == 1:
		r.keys = append(r.keys, text)
	case function == "dict" && i > 1 && i%2 == 0:
		if key, ok := args[i-1].(*parse.StringNode); ok && text != "" && said.MatchString(key.Text) {
			r.faults = append(r.faults, text)
		}
	case function == "print" || function == "printf":
		if strings.ContainsFunc(text, unicode.IsLetter) && strings.ContainsAny(text, " ") {
			r.faults = append(r.faults, text)
		}
	}
}

// bareWords are what a page says in its markup: text, and attributes that are
// shown or read aloud.
func bareWords(markup string) (words []string) {
	z := html.NewTokenizer(strings.NewReader(markup))
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return words
		case html.TextToken:
			words = append(words, lettersOf(string(z.Text()))...)
		case html.StartTagToken, html.SelfClosingTagToken:
			for _, a := range z.Token().Attr {
				if slices.Contains([]string{"aria-label", "title", "placeholder", "alt", "label"}, a.Key) {
					words = append(words, lettersOf(a.Val)...)
				}
			}
		}
	}
}

func lettersOf(text string) []string {
	text = strings.TrimSpace(strings.ReplaceAll(text, "{}", ""))
	if slices.Contains(spelled, text) || !strings.ContainsFunc(text, unicode.IsLetter) {
		return nil
	}
	return []string{text}
}

// unrendered are the pages as they are written: rendering adds the escaping.
var unrendered = sync.OnceValues(func() (map[string]*template.Template, error) {
	all := map[string]*template.Template{}
	lazy, err := pagesOf(language.English, assets{})
	for name, page := range lazy {
		t, fault := page()
		all[name], err = t, errors.Join(err, fault)
	}
	return all, err
})

func readTemplate(t *testing.T, name string) reader {
	t.Helper()
	all, err := unrendered()
	if err != nil {
		t.Fatal(err)
	}
	r, markup := reader{}, strings.Builder{}
	page, defined := all[name], "main"
	if page == nil {
		page, defined = all["home"], name
	}
	tree := page.Lookup(defined)
	if tree == nil {
		t.Fatalf("there is no template %q", name)
	}
	r.read(tree.Tree.Root, &markup)
	r.faults = append(r.faults, bareWords(markup.String())...)
	return r
}

func TestNoCustomersPageSaysAWordOutsideOfTheCatalogue(t *testing.T) {
	t.Parallel()
	for _, name := range slices.Concat(customerPages, customerPieces) {
		r := readTemplate(t, name)
		for _, words := range r.faults {
			if name == "page" && words == "·" {
				continue
			}
			t.Errorf("%s says %q", name, words)
		}
		for _, key := range r.keys {
			if !slices.Contains(language.German.Keys(), key) {
				t.Errorf("%s: %q has no German", name, key)
			}
			if !strings.ContainsAny(key, " ") && strings.Contains(key, ".") && !slices.Contains(language.English.Keys(), key) {
				t.Errorf("%s: %q has no English", name, key)
			}
		}
	}
	control := reader{}
	var markup strings.Builder
	trees, err := parse.Parse("x", `<p title="Bare title">Bare {{t "Said"}}</p>{{template "field" (dict "Label" "Bare label" "Name" "name")}}{{print "Bare print" .X}}`, "", "",
		map[string]any{"t": 1, "dict": 1, "print": 1})
	if err != nil {
		t.Fatal(err)
	}
	control.read(trees["x"].Root, &markup)
	control.faults = append(control.faults, bareWords(markup.String())...)
	if want := []string{"Bare label", "Bare print", "Bare title", "Bare"}; !slices.Equal(control.faults, want) || !slices.Equal(control.keys, []string{"Said"}) {
		t.Errorf("the reader found %q and %q, want %q", control.faults, control.keys, want)
	}
}

// goWords are the texts of Go files, with their verbs as placeholders.
func goWords(t *testing.T, folders ...string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, folder := range folders {
		names, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v", folder, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if text, err := strconv.Unquote(lit.Value); err == nil {
						found[verbs(text)] = true
					}
				}
				return true
			})
		}
	}
	return found
}

// verbs writes "%s" and "{name}" alike.
func verbs(text string) string {
	return regexp.MustCompile(`%[sdvq]|\{\w+\}`).ReplaceAllString(text, "{}")
}

func TestNoEntryOfTheCatalogueIsUnused(t *testing.T) {
	t.Parallel()
	used := goWords(t, ".", "../core", "../mailer")
	for _, status := range []int{400, 403, 404, 405, 409, 410, 413, 426, 429, 500, 503} {
		used[http.StatusText(status)] = true
	}
	for _, role := range []string{"Customer", "Collaborator", "Agent", "Admin", "Owner"} {
		used[role] = true
	}
	for _, status := range []string{"new", "open", "pending", "completed", "closed"} {
		used["status."+status] = true
	}
	used["There is no such timezone. Did you mean {}?"] = true // two pieces in core
	names, err := fs.Glob(embedded, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`\b(?:t|rich) "((?:[^"\\]|\\.)*)"`)
	for _, name := range names {
		raw, err := fs.ReadFile(embedded, name)
		if err != nil {
			t.Fatal(path.Base(name), err)
		}
		for _, m := range said.FindAllStringSubmatch(string(raw), -1) {
			used[verbs(strings.ReplaceAll(m[1], `\"`, `"`))] = true
		}
	}
	for _, tag := range language.All() {
		for _, key := range tag.Keys() {
			if !used[verbs(key)] {
				t.Errorf("%s: nobody says %q", tag, key)
			}
		}
	}
}

// customerFiles are those of core whose refusals customers read.
var customerFiles = []string{"signin.go", "accept.go", "accepting.go", "password.go", "identity.go", "attachment.go", "throttle.go", "zone.go", "address.go", "portal.go", "askedlink.go", "session.go", "twofactor.go", "secondfactor.go", "apitoken.go", "articlefeedback.go"}

// TestEveryRefusalThatCustomersReadIsTranslated walks the sentences of core's
// refusals in those files, and of the pages' own.
func TestEveryRefusalThatCustomersReadIsTranslated(t *testing.T) {
	t.Parallel()
	german := map[string]bool{}
	for _, key := range language.German.Keys() {
		german[verbs(key)] = true
	}
	var files []string
	for _, name := range customerFiles {
		files = append(files, filepath.Join("..", "core", name))
	}
	files = append(files, "handler.go", "account.go", "portal.go", "profile.go", "language.go", "twofactor.go", "token.go", "helparticle.go")
	seen := 0
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if errorsIsMissing(err) {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		for _, sentence := range refusals(file) {
			seen++
			if !german[verbs(sentence)] {
				t.Errorf("%s refuses with %q, which has no German", name, sentence)
			}
		}
	}
	if seen < 25 {
		t.Errorf("only %d refusals were found", seen)
	}
}

func errorsIsMissing(err error) bool {
	return err != nil && strings.Contains(err.Error(), "no such file")
}

// refusals are texts that are sentences: given to refuse, tooMany or badAddress, a
// Problem, or returned by statusOf.
func refusals(file *ast.File) (sentences []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && slices.Contains([]string{"refuse", "tooMany", "badAddress"}, id.Name) {
				sentences = append(sentences, literals(n.Args)...)
			}
		case *ast.KeyValueExpr:
			if id, ok := n.Key.(*ast.Ident); ok && id.Name == "Problem" {
				sentences = append(sentences, literals([]ast.Expr{n.Value})...)
			}
		case *ast.ReturnStmt:
			sentences = append(sentences, literals(n.Results)...)
		}
		return true
	})
	return sentences
}

func literals(of []ast.Expr) (texts []string) {
	for _, e := range of {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil && strings.HasSuffix(text, ".") && strings.Contains(text, " ") {
				texts = append(texts, text)
			}
		}
	}
	return texts
}
