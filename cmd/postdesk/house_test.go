package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The house: who may import whom. Test files may import more (test servers and
// builders), never another edge.
var walls = map[string]struct{ ours, never []string }{
	"core":              {[]string{"core/language"}, []string{"net/http", "net/smtp", "net/mail", "html/template", "github.com/emersion", "github.com/wneessen", "github.com/go-chi", "golang.org/x/net/html"}},
	"core/language":     {nil, []string{"github.com/", "net/http"}},
	"core/localpg":      {nil, []string{"github.com/emersion", "net/http"}},
	"core/coretest":     {[]string{"core", "core/localpg", "migrations"}, []string{"net/http"}},
	"smtpd":             {[]string{"core", "smtpd/eml", "smtpd/verify"}, []string{"github.com/jackc"}},
	"smtpd/eml":         {[]string{"core"}, []string{"github.com/emersion/go-smtp", "github.com/jackc", "net", "net/http"}},
	"smtpd/verify":      {[]string{"core"}, []string{"github.com/jackc", "github.com/emersion/go-smtp"}},
	"mailer":            {[]string{"core", "core/language"}, []string{"github.com/jackc"}},
	"mailer/mailertest": {nil, []string{"github.com/jackc"}},
	"web":               {[]string{"core", "core/language"}, []string{"github.com/jackc", "github.com/emersion", "github.com/wneessen"}},
	"migrations":        {nil, nil},
	"cmd/postdesk":      {[]string{"core", "core/localpg", "smtpd", "smtpd/eml", "smtpd/verify", "mailer", "web", "migrations"}, nil},
	"cmd/proof":         {[]string{"core/localpg"}, []string{"github.com/emersion"}},
}

// ruleFiles of core know neither a database nor a context: facts in, decision out.
var ruleFiles = []string{"address.go", "token.go", "tokenplace.go", "policy.go", "policypeople.go", "route.go", "decision.go", "locate.go", "backoff.go", "letter.go", "mention.go", "status.go", "mask.go"}

type listed struct {
	ImportPath string
	Dir        string
	Imports    []string
	GoFiles    []string
}

func house(t *testing.T) (root string, packages []listed) {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles", "postdesk/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	return filepath.Join("..", ".."), packages
}

func TestEachPackageImportsOnlyWhatItsRoomMay(t *testing.T) {
	t.Parallel()
	_, packages := house(t)
	for _, p := range packages {
		room := strings.TrimPrefix(p.ImportPath, "postdesk/")
		wall, known := walls[room]
		if !known {
			t.Errorf("package %s has no place in the house: add it to the plan", room)
			continue
		}
		for _, imported := range p.Imports {
			if ours, is := strings.CutPrefix(imported, "postdesk/"); is && !slices.Contains(wall.ours, ours) {
				t.Errorf("%s imports %s", room, ours)
			}
			for _, never := range wall.never {
				if imported == never || never != "net" && strings.HasPrefix(imported, never+"/") {
					t.Errorf("%s imports %s", room, imported)
				}
			}
		}
	}
}

func TestRuleFilesKnowNoDatabaseAndNoContext(t *testing.T) {
	t.Parallel()
	root, _ := house(t)
	for _, name := range ruleFiles {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "core", name), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			if path := strings.Trim(spec.Path.Value, `"`); path == "context" || strings.Contains(path, "pgx") {
				t.Errorf("core/%s imports %s", name, path)
			}
		}
	}
}

// eachFile parses every file of ours that is not a test.
func eachFile(t *testing.T, check func(path string, set *token.FileSet, file *ast.File)) {
	t.Helper()
	_, packages := house(t)
	for _, p := range packages {
		for _, name := range p.GoFiles {
			set := token.NewFileSet()
			path := filepath.Join(p.Dir, name)
			file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			check(path, set, file)
		}
	}
}

func TestEveryPackageSaysWhatItPromises(t *testing.T) {
	t.Parallel()
	documented, all := map[string]bool{}, map[string]bool{}
	eachFile(t, func(path string, _ *token.FileSet, file *ast.File) {
		all[filepath.Dir(path)] = true
		if file.Doc != nil {
			documented[filepath.Dir(path)] = true
		}
	})
	for dir := range all {
		if !documented[dir] {
			t.Errorf("%s has no package comment", dir)
		}
	}
}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	t.Parallel()
	eachFile(t, func(path string, set *token.FileSet, file *ast.File) {
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
					t.Errorf("%s: %s has no comment", set.Position(d.Pos()), d.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if name := exportedSpec(s); name != "" && d.Doc == nil && !specDocumented(s) {
						t.Errorf("%s: %s has no comment", set.Position(s.Pos()), name)
					}
				}
			}
		}
	})
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	kind := d.Recv.List[0].Type
	if star, ok := kind.(*ast.StarExpr); ok {
		kind = star.X
	}
	name, ok := kind.(*ast.Ident)
	return ok && name.IsExported()
}

func exportedSpec(s ast.Spec) string {
	switch s := s.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() {
			return s.Name.Name
		}
	case *ast.ValueSpec:
		for _, n := range s.Names {
			if n.IsExported() {
				return n.Name
			}
		}
	}
	return ""
}

func specDocumented(s ast.Spec) bool {
	switch s := s.(type) {
	case *ast.TypeSpec:
		return s.Doc != nil || s.Comment != nil
	case *ast.ValueSpec:
		return s.Doc != nil || s.Comment != nil
	}
	return true
}

// A variable of a package is fine if nobody changes it: that holds for compiled
// patterns, errors, tables and embedded files, which are not assigned to again.
func TestNoPackageHasInitOrChangeableState(t *testing.T) {
	t.Parallel()
	vars := map[string]bool{}
	eachFile(t, func(path string, set *token.FileSet, file *ast.File) {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "init" && f.Recv == nil {
				t.Errorf("%s: init", set.Position(f.Pos()))
			}
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
				for _, s := range g.Specs {
					for _, n := range s.(*ast.ValueSpec).Names {
						vars[filepath.Dir(path)+"."+n.Name] = true
					}
				}
			}
		}
	})
	eachFile(t, func(path string, set *token.FileSet, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			assign, ok := n.(*ast.AssignStmt)
			if !ok || assign.Tok == token.DEFINE {
				return true
			}
			for _, left := range assign.Lhs {
				if name, ok := left.(*ast.Ident); ok && name.Obj != nil && vars[filepath.Dir(path)+"."+name.Name] {
					if _, isVar := name.Obj.Decl.(*ast.ValueSpec); isVar && topLevel(file, name.Obj) {
						t.Errorf("%s: %s is changed", set.Position(assign.Pos()), name.Name)
					}
				}
			}
			return true
		})
	})
}

func topLevel(file *ast.File, o *ast.Object) bool { return file.Scope.Lookup(o.Name) == o }

func TestAllGoFilesAreFormatted(t *testing.T) {
	t.Parallel()
	root, _ := house(t)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		formatted, err := format.Source(source)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if !bytes.Equal(source, formatted) {
			t.Errorf("%s is not formatted", path)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestTheTopLevelHasNoRoomToSpare(t *testing.T) {
	t.Parallel()
	root, _ := house(t)
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	may := []string{"cmd", "smtpd", "mailer", "core", "web", "migrations", "go.mod", "go.sum", "README.md", "Makefile",
		"postdesk"} // what make run builds, and git ignores
	for _, e := range entries {
		if !slices.Contains(may, e.Name()) && !strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s does not belong at the top level", e.Name())
		}
	}
}
