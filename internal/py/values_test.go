package py_test

import (
	"context"
	"strconv"
	"testing"

	"pinch/internal/py"
)

func TestDictDelete(t *testing.T) {
	d := py.NewOrderedDict()
	for i := range 100 {
		d.SetStr("k"+strconv.Itoa(i), py.Int(i))
		if err := d.Set(py.Int(i), py.None); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		if i%10 == 0 {
			continue
		}
		if v, ok := d.DeleteStr("k" + strconv.Itoa(i)); !ok || v != py.Int(i) {
			t.Fatalf("k%d: %v %v", i, v, ok)
		}
		if _, ok, err := d.Delete(py.Float(i)); !ok || err != nil {
			t.Fatalf("%d: %v %v", i, ok, err)
		}
	}
	if d.Len() != 20 {
		t.Fatalf("%d left", d.Len())
	}
	d.SetStr("k0", py.True) // keeps its place
	d.SetStr("k1", py.True) // is new
	keys := d.Keys()
	if py.Repr(keys[0]) != "'k0'" || py.Repr(keys[len(keys)-1]) != "'k1'" || d.Lookup("k0") != py.True || d.Has("k2") {
		t.Errorf("got %s", py.Repr(py.NewList(keys...)))
	}
}

func TestDeepCopy(t *testing.T) {
	shared := py.NewList(py.Int(1))
	l := py.NewList(shared, shared, py.Tuple{shared}, py.DictOf("a", shared))
	l.Append(l)
	c := py.DeepCopy(l).(*py.List)
	inner := c.Items[0].(*py.List)
	inner.Append(py.Int(2))
	if got, want := py.Repr(c), "[[1, 2], [1, 2], ([1, 2],), {'a': [1, 2]}, [...]]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(shared.Items) != 1 || c.Items[4] != py.Value(c) {
		t.Errorf("the copy is not on its own")
	}
}

func TestIterationErrors(t *testing.T) {
	d := py.DictOf("a", py.None)
	it, err := py.Iterate(d)
	if err != nil {
		t.Fatal(err)
	}
	d.SetStr("b", py.None)
	if _, _, err := it.Next(); err == nil || err.Error() != "RuntimeError: dictionary changed size during iteration" {
		t.Errorf("got %v", err)
	}
}

func TestReprOfCyclicView(t *testing.T) {
	d := py.NewDict()
	d.SetStr("k", &py.View{D: d, Kind: py.ViewValues})
	if got, want := py.Repr(d), "{'k': dict_values([...])}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestGenerator(t *testing.T) {
	g, err := py.Enumerate(py.Strings("a", "b"), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"[(1, 'a'), (2, 'b')]", "[]"} {
		items, err := py.Collect(g)
		if err != nil || py.Repr(py.NewList(items...)) != want {
			t.Errorf("got %s, %v, want %s", py.Repr(py.NewList(items...)), err, want)
		}
	}
	if !py.IsTrue(g) {
		t.Error("an empty generator is false")
	}
}

func TestCallMethod(t *testing.T) {
	ctx := context.Background()
	v, err := py.CallMethod(ctx, py.Str("a,b"), "split", py.NewArgs(py.Str(",")))
	if err != nil || py.Repr(v) != "['a', 'b']" {
		t.Errorf("got %v, %v", v, err)
	}
	if _, err := py.CallMethod(ctx, py.Str("a"), "__class__", &py.Args{}); err == nil {
		t.Error("__class__ can be reached")
	}
	if _, err := py.CallMethod(ctx, py.None, "x", &py.Args{}); err == nil || err.Error() != "AttributeError: 'NoneType' object has no attribute 'x'" {
		t.Errorf("got %v", err)
	}
}

func TestLimits(t *testing.T) {
	names := pythonNames()
	for expr, want := range map[string]string{
		"'ab'*10**15":                  "MemoryError",
		"[0]*10**12":                   "MemoryError",
		"'a'.center(10**15)":           "MemoryError",
		"'a'.ljust(10**15)":            "MemoryError",
		"'{:>999999999999}'.format(1)": "MemoryError",
		"'%999999999999d' % 1":         "MemoryError",
		"list(range(10**12))":          "MemoryError",
		"10**10**9":                    "MemoryError",
		"1<<10**12":                    "MemoryError",
		"'a'.expandtabs(10**12)":       "OverflowError: Python int too large to convert to C int",
		"str(10**4300)":                "ValueError: Exceeds the limit (4300 digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit",
		"'x'.replace('', 'y'*10**7).replace('y', 'z'*100)": "MemoryError",
	} {
		v, err := evalPython(expr, names)
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %T, %v, want %s", expr, v, err, want)
		}
	}
}

func TestRecursion(t *testing.T) {
	var v, w py.Value = py.NewList(), py.NewList()
	for range 3000 {
		v, w = py.NewList(v), py.NewList(w)
	}
	if _, err := py.ReprErr(v); err == nil || err.Error() != "RecursionError: maximum recursion depth exceeded while getting the repr of an object" {
		t.Errorf("repr: %v", err)
	}
	if _, err := py.Equal(v, w); err == nil || err.Error() != "RecursionError: maximum recursion depth exceeded in comparison" {
		t.Errorf("==: %v", err)
	}
	if _, err := py.Less(v, w); err == nil {
		t.Error("< did not fail")
	}
	if _, err := py.DumpsJSON(v, py.DumpOptions{}); err == nil {
		t.Error("json.dumps did not fail")
	}
}

func TestDumpOptions(t *testing.T) {
	kw := []py.KwArg{{Name: "indent", Value: py.Int(1)}, {Name: "sort_keys", Value: py.True}, {Name: "separators", Value: py.Tuple{py.Str(";"), py.Str("=")}}}
	o, err := py.DumpOptionsOf(kw)
	if err != nil {
		t.Fatal(err)
	}
	s, err := py.DumpsJSON(py.DictOf("b", py.Int(1), "a", py.Int(2)), o)
	if want := "{\n \"a\"=2;\n \"b\"=1\n}"; err != nil || s != want {
		t.Errorf("got %q, %v, want %q", s, err, want)
	}
	if _, err := py.DumpOptionsOf([]py.KwArg{{Name: "x", Value: py.None}}); err == nil || err.Error() != "TypeError: JSONEncoder.__init__() got an unexpected keyword argument 'x'" {
		t.Errorf("got %v", err)
	}
}
