package pprint_test

import (
	"testing"

	"pinch/internal/pprint"
	"pinch/internal/py"
)

// The wanted texts are CPython 3.11's.
func TestFormat(t *testing.T) {
	const text = "lorem ipsum dolor sit amet, consetetur sadipscing elitr, sed diam nonumy eirmod tempor"
	od := func(kv ...py.Value) *py.Dict {
		d := &py.Dict{Ordered: true}
		for i := 0; i < len(kv); i += 2 {
			if err := d.Set(kv[i], kv[i+1]); err != nil {
				t.Fatal(err)
			}
		}
		return d
	}
	inner := od(py.Int(4), py.Str("hello"), py.Str("tab\tb "), py.Float(0.05104113377537538))
	for _, c := range []struct {
		in   py.Value
		want string
	}{
		{py.Str(text), "('lorem ipsum dolor sit amet, consetetur sadipscing elitr, sed diam nonumy '\n 'eirmod tempor')"},
		{py.Tuple{py.Str(text)}, "('lorem ipsum dolor sit amet, consetetur sadipscing elitr, sed diam nonumy '\n 'eirmod tempor',)"},
		{py.Bytes(text), "(b'lorem ipsum dolor sit amet, consetetur sadipscing elitr, sed diam nonumy eir'\n b'mod tempor')"},
		{od(py.Int(5), inner), "OrderedDict([(5,\n              OrderedDict([(4, 'hello'), ('tab\\tb ', 0.05104113377537538)]))])"},
		{od(py.Str(""), py.Str(text)), "OrderedDict([('',\n              'lorem ipsum dolor sit amet, consetetur sadipscing elitr, sed '\n              'diam nonumy eirmod tempor')])"},
		{py.DictOf("b", py.NewList(py.Str(text)), "a", py.Tuple{py.Int(1), py.Int(2)}), "{'a': (1, 2),\n 'b': ['lorem ipsum dolor sit amet, consetetur sadipscing elitr, sed diam '\n       'nonumy eirmod tempor']}"},
	} {
		if got, err := pprint.Format(c.in, 1); got != c.want || err != nil {
			t.Errorf("%s:\n got %s, %v\nwant %s", py.Repr(c.in), got, err, c.want)
		}
	}
}
