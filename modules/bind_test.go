package modules

import (
	"context"
	"strings"
	"testing"

	"pinch/internal/py"
)

type exampleArgs struct {
	Name  string   `arg:"name,required" doc:"A name."`
	Count int      `arg:"count" default:"3" doc:"A number."`
	Flag  bool     `arg:"flag" default:"True" doc:"A switch."`
	List  []string `arg:"list,alias=items" doc:"Texts."`
	Any   py.Value `arg:"any" doc:"Anything."`
}

type openArgs struct {
	Name  string     `arg:"name,required" doc:"A name."`
	Rest  []py.Value `arg:"*"`
	Extra *py.Dict   `arg:"**"`
}

func exampleFunc() *Func {
	return Query[exampleArgs]{Name: "x.example", Run: func(_ context.Context, _ *Call, a *exampleArgs) (py.Value, error) {
		return py.DictOf("name", py.Str(a.Name), "count", py.Int(a.Count), "flag", py.Bool(a.Flag), "list", py.Strings(a.List...), "any", a.Any), nil
	}}.Func()
}

func TestBindCall(t *testing.T) {
	for _, c := range []struct {
		name string
		args *py.Args
		want string // repr of the return, or the error
	}{
		{"defaults", py.NewArgs(py.Str("a")), "{'name': 'a', 'count': 3, 'flag': True, 'list': [], 'any': None}"},
		{"positional", py.NewArgs(py.Str("a"), py.Int(1), py.Str("False")), "{'name': 'a', 'count': 1, 'flag': True, 'list': [], 'any': None}"},
		{"keywords", &py.Args{Kw: []py.KwArg{{Name: "name", Value: py.Int(7)}, {Name: "items", Value: py.NewList(py.Int(1), py.Str("b"))}}}, "{'name': '7', 'count': 3, 'flag': True, 'list': ['1', 'b'], 'any': None}"},
		{"number as text", &py.Args{Pos: []py.Value{py.Str("a"), py.Str("12")}}, "{'name': 'a', 'count': 12, 'flag': True, 'list': [], 'any': None}"},
		{"missing", &py.Args{}, "error: Passed invalid arguments to x.example: example() missing 1 required positional argument: 'name'"},
		{"too many", py.NewArgs(py.Str("a"), py.None, py.None, py.None, py.None, py.None), "error: Passed invalid arguments to x.example: example() takes from 1 to 5 positional arguments but 6 were given"},
		{"twice", &py.Args{Pos: []py.Value{py.Str("a")}, Kw: []py.KwArg{{Name: "name", Value: py.Str("b")}}}, "error: Passed invalid arguments to x.example: example() got multiple values for argument 'name'"},
		{"unknown", &py.Args{Pos: []py.Value{py.Str("a")}, Kw: []py.KwArg{{Name: "conut", Value: py.Int(1)}}}, "error: 'conut' is an invalid keyword argument for 'x.example'"},
		{"mistyped", py.NewArgs(py.Str("a"), py.Str("many")), `error: x.example: argument "count" wants an integer, not 'many'`},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := exampleFunc().Exec(context.Background(), &Call{}, nil, c.args)
			got := ""
			if err != nil {
				got = "error: " + err.Error()
			} else {
				got = py.Repr(v)
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestBindSuggests(t *testing.T) {
	err := exampleFunc().CheckCall(&py.Args{Pos: []py.Value{py.Str("a")}, Kw: []py.KwArg{{Name: "conut", Value: py.Int(1)}}})
	be, ok := err.(*BindError)
	if !ok || be.Near != "count" {
		t.Errorf("got %#v, want a BindError that suggests count", err)
	}
}

func TestBindChunk(t *testing.T) {
	f := State[openArgs]{Name: "x.open", Check: func(_ context.Context, _ *Call, a *openArgs) (Plan, error) {
		return InOrder(a.Name + " " + py.Repr(a.Extra)), nil
	}}.Func()
	chunk := py.DictOf("state", py.Str("x"), "fun", py.Str("open"), "name", py.Str("n"), "__id__", py.Str("i"), "order", py.Int(1),
		"require", py.NewList(), "mode", py.Int(644))
	p, err := f.Check(context.Background(), &Call{}, chunk)
	if err != nil || p.Would.Comment != "n {'mode': 644}" {
		t.Errorf("got %q, %v", p.Would.Comment, err)
	}
	chunk.DeleteStr("name")
	if _, err := f.Check(context.Background(), &Call{}, chunk); err == nil || err.Error() != "Missing parameter name for state x.open" {
		t.Errorf("got %v", err)
	}
}

func TestDefaultsAreNotShared(t *testing.T) {
	type args struct {
		D *py.Dict `arg:"d" default:"{}" doc:"A mapping."`
	}
	f := Query[args]{Name: "x.d", Run: func(_ context.Context, _ *Call, a *args) (py.Value, error) {
		a.D.SetStr("seen", py.True)
		return py.Int(a.D.Len()), nil
	}}.Func()
	for range 2 {
		if v, err := f.Exec(context.Background(), &Call{}, nil, &py.Args{}); err != nil || v != py.Value(py.Int(1)) {
			t.Fatalf("got %v, %v", v, err)
		}
	}
}

func TestWriterIsWithheld(t *testing.T) {
	f := Action[struct{}]{Name: "x.write"}.Func()
	if _, err := f.Exec(context.Background(), &Call{}, nil, &py.Args{}); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("an action ran without a writer: %v", err)
	}
}

func TestNear(t *testing.T) {
	for _, c := range [][3]string{{"nmae", "name,mode", "name"}, {"makedir", "makedirs,mode", "makedirs"}, {"zzz", "name,mode", ""}} {
		if got := Near(c[0], strings.Split(c[1], ",")); got != c[2] {
			t.Errorf("Near(%q) = %q, want %q", c[0], got, c[2])
		}
	}
}

func TestRegistryRefusesDoubles(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a name declared twice was accepted")
		}
	}()
	New([]*Func{exampleFunc()}, []*Func{exampleFunc()})
}

// A function that is for other kernels says so before anything is looked at.
func TestPlatforms(t *testing.T) {
	f := Query[struct{}]{Name: "x.y", Platforms: []string{"Linux", "FreeBSD"}, Run: func(context.Context, *Call, *struct{}) (py.Value, error) { return py.None, nil }}.Func()
	for kernel, want := range map[string]string{"Linux": "", "Darwin": "pinch has it on Linux, FreeBSD, and this is Darwin"} {
		if ok, reason := f.Virtual(&Call{Grains: py.DictOf("kernel", py.Str(kernel))}); ok != (want == "") || reason != want {
			t.Errorf("%s: %v, %q", kernel, ok, reason)
		}
	}
}
