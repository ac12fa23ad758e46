package saltfun_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/golden"
	"pinch/internal/py"
	"pinch/internal/saltfun"
	"pinch/states"
)

// files are the tree that the calls were recorded with.
var files = map[string]string{
	"a/defaults.yaml": "x: 1\nd: {y: 0644}\n", "a/b/f.txt": "hi\r\nthere\n", "j.json": `{"j": [1]}`,
	"jj/defaults.json": `{"j": [1]}`, "a/t.sls": "t: {{ 1 + 1 }}\n",
	"map.jinja": "{% set m = {'a': [1, 'x'], 'g': grains['os']} %}\n",
}

// tree is the minion that the calls were recorded on: record.py has it too.
func tree(t *testing.T) *states.Tree {
	t.Helper()
	top := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		write("base/"+name, text)
	}
	write("pillar/top.sls", "base: {'*': [p]}\n")
	write("pillar/p.sls", `'p': {"q": {"r": [{"z": 5}, 7]}}
'80': s
'l': [1, 2]
'none': null
'master': {"mk": "mv"}
'role': web
90: i
`)
	write("sdb.yaml", "a: {b: 1, c: [x, y]}\nk: v\n")
	write("sdb2.yaml", "a: {b: 2}\nz: last\n")
	dir := func(name string) *py.List { return py.Strings(filepath.Join(top, name)) }
	tr, err := states.NewTree(context.Background(), states.Config{
		Opts: py.DictOf("file_roots", py.DictOf("base", dir("base"), "dev", dir("dev")), "pillar_roots", py.DictOf("base", dir("pillar")),
			"cachedir", py.Str("/cache"), "backup_mode", py.Str(""), "nodegroups", py.DictOf("webs", py.Str("minion*")),
			"myopt", py.DictOf("k", py.NewList(py.Int(1), py.Int(2))), "env1", py.DictOf("driver", py.Str("env")),
			"yaml1", py.DictOf("driver", py.Str("yaml"), "files", py.Strings(filepath.Join(top, "sdb.yaml"), filepath.Join(top, "sdb2.yaml"))),
			"sdbv", py.Str("sdb://env1/NOPE_SET"), "sdby", py.Str("sdb://yaml1/a:c")),
		Environ: func(string) (string, bool) { return "", false },
	})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// newHost returns the host that the recorded calls were made on.
func newHost(t *testing.T, tr *states.Tree) *states.Compiled {
	t.Helper()
	pillar := py.DictOf(
		"p", py.DictOf("q", py.DictOf("r", py.NewList(py.DictOf("z", py.Int(5)), py.Int(7)))),
		"80", py.Str("s"), "l", py.NewList(py.Int(1), py.Int(2)), "none", py.None,
		"master", py.DictOf("mk", py.Str("mv")), "role", py.Str("web"))
	if err := pillar.Set(py.Int(90), py.Str("i")); err != nil {
		t.Fatal(err)
	}
	c, err := tr.CompilePillar(context.Background(), states.Request{
		Host: "minion1", SaltEnv: "base", Given: pillar,
		Grains: py.DictOf("id", py.Str("minion1"), "os", py.Str("Debian"), "os_family", py.Str("Debian"), "kernel", py.Str("Linux"),
			"roles", py.Strings("web", "db"), "ipv4", py.Strings("10.0.0.1"),
			"n", py.DictOf("a", py.DictOf("b", py.Int(1))), "serialnumber", py.Str("ABCD1234"), "fqdn", py.Str("m.example.org")),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type recorded struct {
	Fun    string
	Args   []json.RawMessage
	Kwargs json.RawMessage
	Value  json.RawMessage
	Error  *golden.Error

	name string
}

// TestGoldenCalls makes calls that were recorded from Salt's own functions.
func TestGoldenCalls(t *testing.T) {
	raw, err := golden.Open("calls_cases.json")
	if err != nil {
		if golden.External() {
			t.Skip("no such goldens in PINCH_GOLDENS")
		}
		t.Fatal(err)
	}
	var file struct{ Cases []recorded }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	for i := range file.Cases {
		c := &file.Cases[i]
		args, _ := json.Marshal(c.Args)
		c.name = c.Fun + " " + string(args) + " " + string(c.Kwargs)
	}
	tr := tree(t)
	golden.Check(t, "calls_cases.json", file.Cases, func(c recorded) string { return c.name }, func(c recorded) string {
		args := &py.Args{}
		for _, a := range c.Args {
			v, err := golden.Decode(a)
			if err != nil {
				return err.Error()
			}
			args.Pos = append(args.Pos, v)
		}
		dec, err := orderedKwargs(c.Kwargs)
		if err != nil {
			return err.Error()
		}
		args.Kw = dec
		got, err := newHost(t, tr).Call(context.Background(), c.Fun, args)
		if c.Error != nil {
			var pe *py.Error
			switch {
			case !errors.As(err, &pe):
				return "got " + show(got, err) + ", want " + c.Error.Class + ": " + c.Error.Message
			case pe.Class != c.Error.Class || pe.Msg != c.Error.Message:
				return "got " + show(got, err) + ", want " + c.Error.Class + ": " + c.Error.Message
			}
			return ""
		}
		if err != nil {
			return "error " + err.Error()
		}
		want, err := golden.Decode(c.Value)
		if err != nil {
			return err.Error()
		}
		return golden.Diff(py.Plain(want), py.Plain(got))
	})
}

// orderedKwargs keeps the order of the keyword arguments.
func orderedKwargs(raw json.RawMessage) ([]py.KwArg, error) {
	var names map[string]json.RawMessage
	if err := json.Unmarshal(raw, &names); err != nil {
		return nil, err
	}
	v, err := py.LoadsJSON(string(raw))
	if err != nil {
		return nil, err
	}
	var out []py.KwArg
	for k := range v.(*py.Dict).All() {
		name := py.ToStr(k)
		x, err := golden.Decode(names[name])
		if err != nil {
			return nil, err
		}
		out = append(out, py.KwArg{Name: name, Value: x})
	}
	return out, nil
}

func show(v py.Value, err error) string {
	if err != nil {
		return err.Error()
	}
	return py.Repr(v)
}

func TestSaltObject(t *testing.T) {
	h := &saltfun.Host{ID: "minion1", Opts: py.NewDict(), Grains: py.NewDict(), Pillar: py.DictOf("role", py.Str("web"))}
	s := h.Salt()
	for _, c := range []struct {
		name string
		key  py.Value
		in   bool
	}{
		{"pure", py.Str("pillar.get"), true},
		{"of the host", py.Str("cmd.run"), true},
		{"unknown", py.Str("nope.nope"), false},
		{"module", py.Str("pillar"), false},
		{"no text", py.Int(1), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, err := s.Contains(c.key)
			if err != nil || in != c.in {
				t.Errorf("in: %v, %v", in, err)
			}
			if _, err := s.Item(c.key); (err == nil) != c.in {
				t.Errorf("item: %v", err)
			}
		})
	}
	m, ok, err := s.Attr("pillar")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	f, ok, err := m.(py.AttrGetter).Attr("get")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if v, err := f.(py.Callable).Call(context.Background(), py.NewArgs(py.Str("role"))); err != nil || v != py.Value(py.Str("web")) {
		t.Errorf("pillar.get: %v, %v", v, err)
	}
	if _, ok, _ := s.Attr("nope"); ok {
		t.Error("a module nope")
	}
	if d := cmp.Diff([]string{"pillar.get"}, h.Nearest("pillar.gett")[:1]); d != "" {
		t.Error(d)
	}
}

// What the flag says is read as Salt reads it: "1" hides, "no" and -1 do not.
func TestSanitize(t *testing.T) {
	tr := tree(t)
	for _, c := range []struct {
		flag py.Value
		hide bool
	}{{py.True, true}, {py.Str("TRUE"), true}, {py.Str("1"), true}, {py.Int(-1), false}, {py.Str("no"), false}, {py.None, false}} {
		for fun, args := range map[string]*py.Args{"grains.items": {}, "grains.item": py.NewArgs(py.Str("id"))} {
			args.Kw = []py.KwArg{{Name: "sanitize", Value: c.flag}}
			v, err := newHost(t, tr).Call(context.Background(), fun, args)
			if err != nil {
				t.Fatal(err)
			}
			if hidden := v.(*py.Dict).String("id") == "MINION.DOMAINNAME"; hidden != c.hide {
				t.Errorf("%s(sanitize=%s): hidden %v", fun, py.Repr(c.flag), hidden)
			}
		}
	}
}
