package shim

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

// Hundreds of functions are declared in modules/*, each with documentation for
// people and a struct of arguments. A host needs neither the documentation nor
// that such structs can be compared, for which the compiler makes a function
// each. So the shim is built from sources without them, by `go build -overlay`;
// lines keep their numbers.

// slim writes the overlay for a checkout into dir and returns its file.
func slim(source, dir string) (string, error) {
	source, err := filepath.Abs(source)
	if err != nil {
		return "", err
	}
	packages, err := filepath.Glob(filepath.Join(source, "modules", "*"))
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for _, p := range packages {
		if err := slimPackage(p, dir, replace); err != nil {
			return "", err
		}
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "overlay.json")
	return file, os.WriteFile(file, data, 0o644)
}

func slimPackage(pkg, dir string, replace map[string]string) error {
	names, err := filepath.Glob(filepath.Join(pkg, "*.go"))
	if err != nil {
		return err
	}
	s := &slimmer{fset: token.NewFileSet(), consts: map[string]bool{}, docParam: map[string]int{}}
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(s.fset, name, nil, parser.ParseComments)
		if err != nil {
			return fmt.Errorf("the shim without documentation: %w", err)
		}
		files[name] = f
		s.declarations(f)
	}
	for name, f := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		out := filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
		if err := os.WriteFile(out, s.rewrite(f, text), 0o644); err != nil {
			return err
		}
		replace[name] = out
	}
	return nil
}

// slimmer rewrites the files of a package.
type slimmer struct {
	fset *token.FileSet
	// consts are the package's constants and variables.
	consts map[string]bool
	// docParam is the place of the parameter doc of the functions that have one.
	docParam map[string]int
	edits    []edit
}

type edit struct {
	from, to int
	text     string
}

func (s *slimmer) declarations(f *ast.File) {
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && (g.Tok == token.CONST || g.Tok == token.VAR) {
			for _, spec := range g.Specs {
				for _, n := range spec.(*ast.ValueSpec).Names {
					s.consts[n.Name] = true
				}
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil {
				s.function(n.Name.Name, n.Type)
			}
		case *ast.AssignStmt:
			if id, ok := n.Lhs[0].(*ast.Ident); ok && len(n.Rhs) == 1 {
				if fn, ok := n.Rhs[0].(*ast.FuncLit); ok {
					s.function(id.Name, fn.Type)
				}
			}
		}
		return true
	})
}

// function notes the place of a function's parameter doc. Functions of one name
// that differ in it are left alone.
func (s *slimmer) function(name string, t *ast.FuncType) {
	place, i := -1, 0
	for _, field := range t.Params.List {
		for _, n := range field.Names {
			if n.Name == "doc" {
				place = i
			}
			i++
		}
	}
	if old, ok := s.docParam[name]; ok && old != place {
		place = -1
	}
	s.docParam[name] = place
}

var docTag = regexp.MustCompile(` ?doc:"(?:[^"\\]|\\.)*"`)

func (s *slimmer) rewrite(f *ast.File, text []byte) []byte {
	s.edits = nil
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.StructType:
			s.arguments(n)
		case *ast.KeyValueExpr:
			if id, ok := n.Key.(*ast.Ident); ok && id.Name == "Doc" && s.isText(n.Value) {
				s.replace(n.Value.Pos(), n.Value.End(), `""`)
				return false
			}
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok {
				if i, known := s.docParam[id.Name]; known && i >= 0 && i < len(n.Args) && s.isText(n.Args[i]) {
					s.replace(n.Args[i].Pos(), n.Args[i].End(), `""`)
				}
			}
		}
		return true
	})
	sort.Slice(s.edits, func(i, j int) bool { return s.edits[i].from < s.edits[j].from })
	var b strings.Builder
	at := 0
	for _, e := range s.edits {
		if e.from < at {
			continue // inside what was replaced already
		}
		b.Write(text[at:e.from])
		b.WriteString(e.text)
		at = e.to
	}
	b.Write(text[at:])
	return []byte(b.String())
}

// replace notes an edit, which keeps the number of lines.
func (s *slimmer) replace(from, to token.Pos, text string) {
	a, z := s.fset.Position(from), s.fset.Position(to)
	if n := z.Line - a.Line; n > 0 {
		text = "(" + strings.Repeat("\n", n) + text + ")"
	}
	s.edits = append(s.edits, edit{a.Offset, z.Offset, text})
}

// arguments takes the documentation from the tags of a struct of arguments and
// makes it one that cannot be compared.
func (s *slimmer) arguments(t *ast.StructType) {
	is := false
	for _, field := range t.Fields.List {
		if field.Tag == nil || !strings.Contains(field.Tag.Value, `arg:"`) {
			continue
		}
		is = true
		s.replace(field.Tag.Pos(), field.Tag.End(), docTag.ReplaceAllString(field.Tag.Value, ""))
	}
	if is {
		s.replace(t.Fields.Opening, t.Fields.Opening+1, "{ _ [0]func();")
	}
}

// isText says whether an expression is only text: literals and constants.
func (s *slimmer) isText(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Kind == token.STRING
	case *ast.Ident:
		return s.consts[e.Name]
	case *ast.BinaryExpr:
		return e.Op == token.ADD && s.isText(e.X) && s.isText(e.Y)
	}
	return false
}
