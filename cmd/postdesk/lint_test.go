package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	slashed "path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What no file of ours may do (reliability.md S10, A19, A41), found in the syntax
// tree. Each ban has a control below that it must find.

// allowed says of a place why it may do what is banned elsewhere.
var allowed = map[string]string{
	"core/finish.go math/rand":                            "spreads the next attempts of deliveries: no secret",
	"cmd/proof math/rand":                                 "repeats a run by its seed: no secret",
	"cmd/proof http client":                               "measures servers that it is told of",
	"cmd/postdesk/acme.go http client":                    "asks the CA that the settings name",
	"web/twofactor.go template.URL":                       "data: addresses of a picture and a file that it makes itself, in base64",
	"core/deliverylog.go SQL string(f.State)":             "one of four states, by the switch around it: a state in the text finds its partial index",
	"core/inboxcount.go SQL string(status)":               "one of the statuses that the program names: a status in the text finds its index",
	"web/proxy.go a proxy's header":                       "of configured proxies alone",
	"web/markdown.go template.HTML":                       "the one file: what the sanitiser leaves of an article",
	"migrations/migrations.go SQL goose.DefaultTablename": "a constant of the library",
}

// isSQL tells a text that is, or belongs to, a statement, as the house writes them:
// in lower case, its pieces between backquotes.
var isSQL = regexp.MustCompile("^([`\"]\\s*(select|insert into|update [a-z_]+|delete from)\\b|`[\\s(,]*(where|and|or|from|with|join|left join|order by)\\s)")

// majorVersion ends the path of a module.
var majorVersion = regexp.MustCompile(`/v[0-9]+$`)

// A find is one banned thing.
type find struct {
	what string
	at   token.Pos
}

// banned finds what no file may do.
func banned(file *ast.File) (found []find) {
	imported := map[string]string{} // the name in this file, of a package
	for _, spec := range file.Imports {
		of := strings.Trim(spec.Path.Value, `"`)
		name := slashed.Base(majorVersion.ReplaceAllString(of, ""))
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imported[name] = of
		if of == "math/rand" || of == "math/rand/v2" {
			found = append(found, find{"math/rand", spec.Pos()})
		}
	}
	var inside []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			inside = inside[:len(inside)-1]
			return true
		}
		switch n := n.(type) {
		case *ast.SelectorExpr:
			found = append(found, bannedName(n, imported)...)
		case *ast.BasicLit:
			if word := strings.ToLower(strings.Trim(n.Value, "`\"")); slices.Contains([]string{"x-forwarded-for", "x-real-ip", "x-forwarded-host", "forwarded"}, word) {
				found = append(found, find{"a proxy's header", n.Pos()})
			}
		case *ast.BinaryExpr:
			if outer, in := inside[len(inside)-1].(*ast.BinaryExpr); n.Op == token.ADD && (!in || outer.Op != token.ADD) {
				found = append(found, valuesInSQL(n, imported)...)
			}
		case *ast.CallExpr:
			found = append(found, formattedSQL(n, imported)...)
		}
		inside = append(inside, n)
		return true
	})
	return found
}

// bannedName finds a function, type or field by its name.
func bannedName(n *ast.SelectorExpr, imported map[string]string) []find {
	of := ""
	if x, ok := n.X.(*ast.Ident); ok {
		of = imported[x.Name]
	}
	name := n.Sel.Name
	switch {
	case strings.HasPrefix(name, "SetGenHeaderPreformatted"):
	case of == "html/template" && slices.Contains([]string{"HTML", "HTMLAttr", "JS", "JSStr", "CSS", "URL", "Srcset"}, name):
		name = "template." + name
	case strings.HasPrefix(of, "github.com/go-chi/chi/v5/middleware") && (name == "RealIP" || name == "RedirectSlashes"):
	case of == "net/http" && slices.Contains([]string{"Get", "Post", "PostForm", "Head", "Client", "DefaultClient", "NewRequest", "NewRequestWithContext", "DefaultTransport"}, name):
		name = "http client"
	case name == "Host" && requestLike(n.X) && slices.Contains(slices.Collect(maps.Values(imported)), "net/http"):
		name = "r.Host"
	default:
		return nil
	}
	return []find{{name, n.Pos()}}
}

// requestLike tells what is called as requests are: r, req, request, v.r, c.r.
func requestLike(x ast.Expr) bool {
	name := ""
	switch x := x.(type) {
	case *ast.Ident:
		name = x.Name
	case *ast.SelectorExpr:
		name = x.Sel.Name
	}
	return slices.Contains([]string{"r", "req", "request", "Request", "URL"}, name)
}

// valuesInSQL finds values in a statement that is put together with +. Its parts
// may be texts, names of ours, and what functions of ours give.
func valuesInSQL(sum ast.Expr, imported map[string]string) (found []find) {
	var parts []ast.Expr
	var gather func(e ast.Expr)
	gather = func(e ast.Expr) {
		switch e := e.(type) {
		case *ast.BinaryExpr:
			gather(e.X)
			gather(e.Y)
		case *ast.ParenExpr:
			gather(e.X)
		default:
			parts = append(parts, e)
		}
	}
	gather(sum)
	if !slices.ContainsFunc(parts, isStatement) {
		return nil
	}
	for _, p := range parts {
		if said := valueIn(p, imported); said != "" {
			found = append(found, find{"SQL " + said, p.Pos()})
		}
	}
	return found
}

func isStatement(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	return ok && lit.Kind == token.STRING && isSQL.MatchString(lit.Value)
}

// valueIn names a part of a statement that could hold what somebody sent.
func valueIn(e ast.Expr, imported map[string]string) string {
	switch e := e.(type) {
	case *ast.SelectorExpr: // a field that other packages fill
		if x, ok := e.X.(*ast.Ident); ok && ast.IsExported(e.Sel.Name) {
			return x.Name + "." + e.Sel.Name
		}
	case *ast.CallExpr:
		switch f := e.Fun.(type) {
		case *ast.Ident:
			if f.Name == "string" && len(e.Args) == 1 {
				return "string(" + said(e.Args[0]) + ")"
			}
		case *ast.SelectorExpr:
			if x, ok := f.X.(*ast.Ident); ok && (imported[x.Name] == "fmt" || imported[x.Name] == "strconv") {
				return x.Name + "." + f.Sel.Name
			}
		}
	}
	return ""
}

func said(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return said(e.X) + "." + e.Sel.Name
	}
	return "…"
}

// formattedSQL finds fmt.Sprintf of a statement with anything but numbers and
// parts that valuesInSQL would take.
func formattedSQL(call *ast.CallExpr, imported map[string]string) (found []find) {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || f.Sel.Name != "Sprintf" || said(f.X) != "fmt" || len(call.Args) < 2 || !isStatement(call.Args[0]) {
		return nil
	}
	for _, arg := range call.Args[1:] {
		if v := valueIn(arg, imported); v != "" {
			found = append(found, find{"SQL " + v, arg.Pos()})
		}
	}
	if strings.Contains(call.Args[0].(*ast.BasicLit).Value, "'%") {
		found = append(found, find{"SQL fmt.Sprintf", call.Pos()})
	}
	return found
}

func TestNoFileDoesWhatIsBanned(t *testing.T) {
	t.Parallel()
	root, _ := house(t)
	root, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	eachFile(t, func(at string, set *token.FileSet, file *ast.File) {
		at, err := filepath.Rel(root, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range banned(file) {
			if allowed[at+" "+f.what] == "" && allowed[slashed.Dir(at)+" "+f.what] == "" {
				t.Errorf("%s: %s is banned", set.Position(f.at), f.what)
			}
		}
	})
}

func TestEachBanFindsWhatItIsFor(t *testing.T) {
	t.Parallel()
	const head = "package x\nimport (\"fmt\"; \"strconv\"; \"net/http\"; \"html/template\"; \"github.com/go-chi/chi/v5/middleware\")\n"
	for body, want := range map[string]string{
		`func f() { m.SetGenHeaderPreformatted("Subject", s) }`:                           "SetGenHeaderPreformatted",
		`func f() any { return template.HTML(s) }`:                                        "template.HTML",
		`var v struct{ Body template.HTML }`:                                              "template.HTML",
		`func f() { r.Use(middleware.RealIP) }`:                                           "RealIP",
		`func f() { r.Use(middleware.RedirectSlashes) }`:                                  "RedirectSlashes",
		`func f(r *http.Request) string { return "https://" + r.Host }`:                   "r.Host",
		`func f(v *visit) string { return v.r.Host + "/x" }`:                              "r.Host",
		`func f(r *http.Request) string { return r.URL.Host }`:                            "r.Host",
		`func f(h http.Header) string { return h.Get("X-Forwarded-For") }`:                "a proxy's header",
		`func f() { http.Get("http://169.254.169.254/") }`:                                "http client",
		`var c = http.Client{}`:                                                           "http client",
		"func f() { q(`select * from users where name = '` + f.Query + `'`) }":            "SQL f.Query",
		"func f() { q(`select 1 where id = ` + strconv.Itoa(n)) }":                        "SQL strconv.Itoa",
		"func f() { q(\"delete from users where id = \" + fmt.Sprint(id)) }":              "SQL fmt.Sprint",
		"func f() { sql += ` and name = '` + string(name) + `'` }":                        "SQL string(name)",
		"func f() { q(fmt.Sprintf(`select * from users where name = '%s'`, name)) }":      "SQL fmt.Sprintf",
		"func f() { q(fmt.Sprintf(`select * from users where id = %s`, form.ID)) }":       "SQL form.ID",
		"func f() { q(`select ` + columns + ` from users u where ` + seen(u) + found) }":  "",
		"func f() { q(fmt.Sprintf(`select 1 where %s limit %d`, l.where, n)) }":           "",
		"func f() { say(\"Pick where it goes: \" + f.Name) ; p.Host = r.PublicURL.name }": "",
		`func f(u *http.Response) { middleware.GetHead(nil); template.Must(nil, nil) }`:   "",
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", head+body, 0)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		var names []string
		for _, f := range banned(file) {
			names = append(names, f.what)
		}
		if got := strings.Join(names, ", "); got != want {
			t.Errorf("%s: found %q, want %q", body, got, want)
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nimport dice \"math/rand/v2\"", 0)
	if err != nil || len(banned(file)) != 1 {
		t.Errorf("math/rand: %v %v", banned(file), err)
	}
}
