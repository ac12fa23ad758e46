package jinja_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"pinch/internal/golden"
	"pinch/internal/jinja"
	"pinch/internal/jinjacodec"
	"pinch/internal/py"
	"pinch/internal/saltfun"
)

type goldenCase struct {
	Name         string            `yaml:"name"`
	Template     string            `yaml:"template"`
	Context      yaml.Node         `yaml:"context"`
	Files        map[string]string `yaml:"files"`
	SLS          *string           `yaml:"sls"`
	Opts         yaml.Node         `yaml:"opts"`
	Salt         bool              `yaml:"salt"`
	Expected     *string           `yaml:"expected"`
	Error        bool              `yaml:"error"`
	ErrorMessage *string           `yaml:"error_message"`
	ErrorLine    *int              `yaml:"error_line"`
}

const cacheDir = "<ROOT>/cache/files/base/"

// mapLoader serves the files of a case.
type mapLoader map[string]string

func (m mapLoader) Load(_ context.Context, name string) (source, file string, err error) {
	text, ok := m[name]
	if !ok {
		return "", "", &jinja.NotFoundError{Name: name}
	}
	return text, cacheDir + name, nil
}

// value turns a YAML node of the golden file into a Python value.
func value(n *yaml.Node) py.Value {
	switch n.Kind {
	case 0:
		return py.None
	case yaml.DocumentNode:
		return value(n.Content[0])
	case yaml.AliasNode:
		return value(n.Alias)
	case yaml.SequenceNode:
		l := py.NewList()
		for _, c := range n.Content {
			l.Append(value(c))
		}
		return l
	case yaml.MappingNode:
		if len(n.Content) == 2 && n.Content[0].Value == "$date" {
			d, err := time.Parse("2006-01-02", n.Content[1].Value)
			if err != nil {
				panic(err)
			}
			return py.Date{Year: d.Year(), Month: int(d.Month()), Day: d.Day()}
		}
		d := py.NewDict()
		for i := 0; i < len(n.Content); i += 2 {
			if err := d.Set(value(n.Content[i]), value(n.Content[i+1])); err != nil {
				panic(err)
			}
		}
		return d
	}
	switch n.ShortTag() {
	case "!!null":
		return py.None
	case "!!bool":
		return py.Bool(strings.EqualFold(n.Value, "true") || n.Value == "yes" || n.Value == "on")
	case "!!int":
		i, ok := new(big.Int).SetString(n.Value, 0)
		if !ok {
			panic("bad int " + n.Value)
		}
		return py.NewInt(i)
	case "!!float":
		f, err := strconv.ParseFloat(strings.TrimPrefix(n.Value, "."), 64)
		if err != nil {
			panic(err)
		}
		if strings.HasPrefix(n.Value, ".") && !strings.HasPrefix(n.Value, ".inf") && !strings.HasPrefix(n.Value, ".nan") {
			f, _ = strconv.ParseFloat(n.Value, 64)
		}
		return py.Float(f)
	}
	return py.Str(n.Value)
}

// localHost answers the functions that need a host.
type localHost struct{}

func (localHost) Call(_ context.Context, fun string, args *py.Args) (py.Value, error) {
	if fun == "cmd.which" && len(args.Pos) == 1 {
		if args.Pos[0] == py.Value(py.Str("sh")) {
			return py.Str("/bin/sh"), nil
		}
		return py.None, nil
	}
	if fun != "cmd.run" && fun != "cmd.shell" || len(args.Pos) != 1 {
		return nil, py.Errorf("CommandExecutionError", "%s is not known here", fun)
	}
	switch py.ToStr(args.Pos[0]) {
	case "echo hello":
		return py.Str("hello"), nil
	case "echo hello | tr a-z A-Z":
		return py.Str("HELLO"), nil
	}
	return nil, py.Errorf("CommandExecutionError", "no such command")
}

func renderOf(c *goldenCase) *jinja.Render {
	vars := py.NewDict()
	opts := py.DictOf("file_client", py.Str("local"))
	if d, ok := value(&c.Opts).(*py.Dict); ok {
		opts.Update(d)
	}
	vars.SetStr("opts", opts)
	vars.SetStr("saltenv", py.Str("base"))
	if d, ok := value(&c.Context).(*py.Dict); ok {
		vars.Update(d)
	}
	if c.Salt {
		host := &saltfun.Host{ID: "web1", Opts: opts, Caller: localHost{}}
		host.Grains, _ = vars.Lookup("grains").(*py.Dict)
		host.Pillar, _ = vars.Lookup("pillar").(*py.Dict)
		if host.Grains == nil {
			host.Grains = py.NewDict()
		}
		if host.Pillar == nil {
			host.Pillar = py.NewDict()
		}
		vars.SetStr("salt", host.Salt())
	} else {
		vars.SetStr("salt", py.NewDict())
	}
	if c.SLS != nil { // Salt names the SLS of an init.sls by its directory
		vars.SetStr("sls", py.Str(strings.TrimSuffix(*c.SLS, ".init")))
	}
	return &jinja.Render{Vars: vars, Loader: mapLoader(c.Files), SaltEnv: "base", Codec: jinjacodec.New(), Host: localHost{}.Call}
}

func tmplPath(c *goldenCase) string {
	if c.SLS == nil {
		return ""
	}
	return cacheDir + path.Clean(strings.ReplaceAll(*c.SLS, ".", "/")) + ".sls"
}

func runGolden(c *goldenCase) string {
	got, err := jinja.RenderSalt(context.Background(), tmplPath(c), c.Template, renderOf(c))
	if c.Error {
		if err == nil {
			return fmt.Sprintf("no error, got %q", got)
		}
		var re *jinja.RenderError
		if !errors.As(err, &re) {
			return fmt.Sprintf("error is no RenderError: %v", err)
		}
		if c.ErrorMessage != nil && re.Message != *c.ErrorMessage {
			return fmt.Sprintf("error\n got %q\nwant %q", re.Message, *c.ErrorMessage)
		}
		if c.ErrorLine != nil && re.Line != *c.ErrorLine {
			return fmt.Sprintf("line %d, want %d (%s)", re.Line, *c.ErrorLine, re.Message)
		}
		return ""
	}
	if err != nil {
		return fmt.Sprintf("error %v\nwant %q", err, *c.Expected)
	}
	if got != *c.Expected {
		return fmt.Sprintf("\n got %q\nwant %q", got, *c.Expected)
	}
	return ""
}

func goldenCases(t testing.TB) []*goldenCase {
	t.Helper()
	data, err := golden.Open("jinja_cases.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []*goldenCase
	if err := yaml.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

func TestGoldenJinja(t *testing.T) {
	golden.Check(t, "jinja_cases.yaml", goldenCases(t), func(c *goldenCase) string { return c.Name }, runGolden)
}
