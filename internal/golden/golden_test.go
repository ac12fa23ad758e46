package golden

import (
	"testing"

	"pinch/internal/py"
)

func TestDecode(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`null`, "None"}, {`[true,"x"]`, "[True, 'x']"}, {`{"$i":"99999999999999999999"}`, "99999999999999999999"},
		{`{"$f":"1e+16"}`, "1e+16"}, {`{"$f":"-inf"}`, "-inf"}, {`{"$d":[["a",{"$i":"1"}]]}`, "{'a': 1}"},
		{`{"$o":[["a",null]]}`, "OrderedDict([('a', None)])"}, {`{"$t":[{"$i":"1"}]}`, "(1,)"}, {`{"$set":["a"]}`, "{'a'}"},
		{`{"$b":"00ff"}`, `b'\x00\xff'`}, {`{"$u":[97,55296]}`, `'a\ud800'`}, {`{"$date":"2001-01-02"}`, "datetime.date(2001, 1, 2)"},
		{`{"$datetime":"2001-01-02T03:04:05.000678"}`, "datetime.datetime(2001, 1, 2, 3, 4, 5, 678)"},
		{`{"$datetime":"2001-01-02T03:04:05+00:00"}`, "datetime.datetime(2001, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)"},
		{`{"$complex":"1j"}`, "1j"}, {`[{"$cycle":1}]`, "[[...]]"}, {`{"$r":["object","<object>"]}`, "<object>"},
	} {
		v, err := Decode([]byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
		} else if got := py.Repr(v); got != c.want {
			t.Errorf("%s: got %s, want %s", c.in, got, c.want)
		}
	}
	for _, bad := range []string{`{"$i":"x"}`, `{"$x":"1"}`, `[1] 2`, `{"$cycle":2}`, `{"$d":[["a"]]}`, `{`} {
		if v, err := Decode([]byte(bad)); err == nil {
			t.Errorf("%s: got %s, want an error", bad, py.Repr(v))
		}
	}
}

func TestDiff(t *testing.T) {
	a, b := py.DictOf("k", py.NewList(py.Int(1))), py.DictOf("k", py.NewList(py.Float(1)))
	if d := Diff(a, a); d != "" {
		t.Errorf("equal values differ: %s", d)
	}
	if d := Diff(a, b); d == "" {
		t.Error("int and float are not told apart")
	}
	if d := Diff(py.NewDict(), py.NewOrderedDict()); d == "" {
		t.Error("dict and OrderedDict are not told apart")
	}
}
