package saltargs_test

import (
	"testing"

	"pinch/internal/py"
	"pinch/internal/saltargs"
)

func TestParseArgv(t *testing.T) {
	args := saltargs.ParseArgv([]string{"0644", "b=1", "a=[1, x]", "z==1", "n=1"}, []string{"n"})
	if got := py.Repr(py.NewList(args.Pos...)) + py.Repr(args.KwDict()); got != "[644, 'z==1']{'b': 1, 'a': [1, 'x'], 'n': '1'}" {
		t.Errorf("got %s", got)
	}
}

func TestParseInputKeepsArgument(t *testing.T) {
	in := py.DictOf("__kwarg__", py.True, "a", py.Int(1))
	pos, kw := saltargs.ParseInput([]py.Value{in}, nil)
	if len(pos) != 0 || py.Repr(kw) != "{'a': 1}" || !in.Has("__kwarg__") {
		t.Errorf("%v %s %s", pos, py.Repr(kw), py.Repr(in))
	}
}

func FuzzArguments(f *testing.F) {
	f.Add("a={b: [1, 2]}", "x")
	f.Add("'a", "a")
	f.Add("!!binary x", "")
	f.Fuzz(func(t *testing.T, arg, noParse string) {
		args := saltargs.ParseArgv([]string{arg}, []string{noParse})
		if len(args.Pos)+len(args.Kw) != 1 {
			t.Errorf("%q became %d arguments", arg, len(args.Pos)+len(args.Kw))
		}
		words, err := saltargs.ShlexSplit(arg)
		if err == nil && len(words) > len(arg) {
			t.Errorf("%q became %d words", arg, len(words))
		}
	})
}
