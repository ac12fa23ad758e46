package debconf

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

const listing = "# Some question\nmypkg\tmypkg/question\tstring\told value\nmypkg\tmypkg/empty\tselect\t\nother\tother/on\tboolean\ttrue\nbroken line\n"

func TestParseAnswers(t *testing.T) {
	want := []answer{
		{"mypkg", "mypkg/question", "string", "old value"},
		{"mypkg", "mypkg/empty", "select", ""},
		{"other", "other/on", "boolean", "true"},
	}
	if d := cmp.Diff(want, parseAnswers(listing), cmp.AllowUnexported(answer{})); d != "" {
		t.Error(d)
	}
}

func TestSet(t *testing.T) {
	one := func(kind string, value py.Value) *py.Dict {
		return py.DictOf("type", py.Str(kind), "value", value)
	}
	for _, c := range []struct {
		name    string
		test    bool
		code    int
		data    *py.Dict
		result  low.Tri
		comment string
		changes *py.Dict
		sent    string
	}{
		{"in order", false, 0, py.DictOf("mypkg/question", one("string", py.Str("old value"))), low.True, "All specified answers are already set", py.NewDict(), ""},
		{"test", true, 0, py.DictOf("mypkg/question", one("string", py.Str("new"))), low.None, "", py.DictOf("mypkg/question", py.Str("New value: new")), ""},
		{"one of two", false, 0, py.DictOf("mypkg/question", one("string", py.Str("old value")), "mypkg/n", one("string", py.Int(5))), low.True, "Unchanged answers: mypkg/question ", py.DictOf("mypkg/n", py.Str("5")), "mypkg mypkg/n string 5"},
		{"boolean", false, 0, py.DictOf("mypkg/b", one("boolean", py.False)), low.True, "", py.DictOf("mypkg/b", py.Str("false")), "mypkg mypkg/b boolean false"},
		{"password", false, 0, py.DictOf("mypkg/p", one("password", py.Str("secret"))), low.True, "", py.DictOf("mypkg/p", py.Str("(password hidden)")), "mypkg mypkg/p password secret"},
		{"refused", false, 1, py.DictOf("mypkg/q", one("string", py.Str("x"))), low.False, "Some settings failed to be applied.\nerror: no", py.DictOf("mypkg/q", py.Str("Failed to set!")), "mypkg mypkg/q string x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := host.NewFake(nil)
			sent := ""
			f.OnRun = func(cmd host.Cmd) (host.Output, bool, error) {
				if cmd.Argv[0] == getProgram {
					return host.Output{Stdout: []byte(listing)}, true, nil
				}
				b, err := io.ReadAll(cmd.Stdin)
				sent += string(b)
				return host.Output{Code: c.code, Stderr: []byte("error: no\n")}, true, err
			}
			call := &modules.Call{Reader: f, Test: c.test, Memo: modules.NewMemo(), Grains: py.NewDict()}
			p, err := checkSet(context.Background(), call, &setArgs{Name: "mypkg", Data: c.data})
			if err != nil {
				t.Fatal(err)
			}
			done := p.Would
			if p.Apply != nil && !c.test {
				if done, err = p.Apply(context.Background(), f); err != nil {
					t.Fatal(err)
				}
			}
			changes := done.Changes
			if changes == nil {
				changes = py.NewDict()
			}
			if done.Result != c.result || done.Comment != c.comment || py.Repr(changes) != py.Repr(c.changes) || sent != c.sent {
				t.Errorf("got %v %q %s, sent %q", done.Result, done.Comment, py.Repr(changes), sent)
			}
		})
	}
}

func TestSetRefusesIncompleteAnswers(t *testing.T) {
	for _, v := range []py.Value{py.Str("x"), py.DictOf("type", py.Str("string"))} {
		if _, err := wanted("p", "q", v); err == nil || strings.Contains(err.Error(), "nil") {
			t.Errorf("%s: %v", py.Repr(v), err)
		}
	}
}
