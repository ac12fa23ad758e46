package saltfun_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/fileserver"
	"pinch/internal/golden"
	"pinch/internal/py"
	"pinch/internal/saltfun"
)

// newHost returns the host that the recorded calls were made on.
func newHost(t *testing.T) *saltfun.Host {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a/defaults.yaml": "x: 1\nd: {y: 0644}\n", "a/b/f.txt": "hi\r\nthere\n", "j.json": `{"j": [1]}`,
		"jj/defaults.json": `{"j": [1]}`, "a/t.sls": "t: {{ 1 + 1 }}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files, err := fileserver.New(fileserver.Options{Roots: []fileserver.Env{{Name: "base", Dirs: []string{dir}}, {Name: "dev"}}})
	if err != nil {
		t.Fatal(err)
	}
	pillar := py.DictOf(
		"p", py.DictOf("q", py.DictOf("r", py.NewList(py.DictOf("z", py.Int(5)), py.Int(7)))),
		"80", py.Str("s"), "l", py.NewList(py.Int(1), py.Int(2)), "none", py.None,
		"master", py.DictOf("mk", py.Str("mv")), "role", py.Str("web"))
	if err := pillar.Set(py.Int(90), py.Str("i")); err != nil {
		t.Fatal(err)
	}
	return &saltfun.Host{
		ID: "minion1", Files: files, CacheDir: "/cache", Pillar: pillar,
		Grains: py.DictOf("id", py.Str("minion1"), "os", py.Str("Debian"), "os_family", py.Str("Debian"),
			"roles", py.Strings("web", "db"), "ipv4", py.Strings("10.0.0.1"),
			"n", py.DictOf("a", py.DictOf("b", py.Int(1))), "serialnumber", py.Str("ABCD1234"), "fqdn", py.Str("m.example.org")),
		Opts: py.DictOf("id", py.Str("minion1"), "saltenv", py.Str("base"), "hash_type", py.Str("sha256"), "backup_mode", py.Str(""),
			"nodegroups", py.DictOf("webs", py.Str("minion*")), "pillar", pillar,
			"myopt", py.DictOf("k", py.NewList(py.Int(1), py.Int(2))), "env1", py.DictOf("driver", py.Str("env")),
			"sdbv", py.Str("sdb://env1/NOPE_SET")),
		Environ: func(string) (string, bool) { return "", false },
		// The renderers are the compiler's; here a text is its own result.
		Render: func(_ context.Context, r saltfun.RenderRequest) (py.Value, error) {
			switch {
			case r.Pipe == "jinja":
				return py.Str("t: 2\n"), nil
			case r.URL != "":
				return py.DictOf("t", py.Int(2)), nil
			}
			return py.DictOf("a", py.Int(6)), nil
		},
	}
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
		got, err := newHost(t).Call(context.Background(), c.Fun, args)
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
	h := newHost(t)
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
	for _, c := range []struct {
		flag py.Value
		hide bool
	}{{py.True, true}, {py.Str("TRUE"), true}, {py.Str("1"), true}, {py.Int(-1), false}, {py.Str("no"), false}, {py.None, false}} {
		for fun, args := range map[string]*py.Args{"grains.items": {}, "grains.item": py.NewArgs(py.Str("id"))} {
			args.Kw = []py.KwArg{{Name: "sanitize", Value: c.flag}}
			v, err := newHost(t).Call(context.Background(), fun, args)
			if err != nil {
				t.Fatal(err)
			}
			if hidden := v.(*py.Dict).String("id") == "MINION.DOMAINNAME"; hidden != c.hide {
				t.Errorf("%s(sanitize=%s): hidden %v", fun, py.Repr(c.flag), hidden)
			}
		}
	}
}
