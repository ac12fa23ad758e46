package serialize

import (
	"errors"
	"strings"
	"testing"

	"pinch/internal/py"
)

func TestSerialize(t *testing.T) {
	data := py.DictOf("s", py.DictOf("b", py.Int(1), "a", py.Str("é")))
	for _, c := range []struct{ format, want string }{
		{"yaml", "s: {a: \"\\xE9\", b: 1}"},
		{"json", `{"s": {"b": 1, "a": "é"}}`},
		{"configparser", "[s]\nb = 1\na = é\n\n"},
		{"toml", "[s]\nb = 1\na = \"é\"\n"},
	} {
		t.Run(c.format, func(t *testing.T) {
			got, err := Serialize(c.format, data, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got != py.Str(c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestMsgpack(t *testing.T) {
	for _, c := range []struct {
		name string
		v    py.Value
		want string
	}{
		{"none", py.None, "\xc0"},
		{"bools", py.NewList(py.True, py.False), "\x92\xc3\xc2"},
		{"small ints", py.NewList(py.Int(0), py.Int(127), py.Int(-1), py.Int(-32)), "\x94\x00\x7f\xff\xe0"},
		{"ints", py.NewList(py.Int(128), py.Int(256), py.Int(65536), py.Int(1<<32)),
			"\x94\xcc\x80\xcd\x01\x00\xce\x00\x01\x00\x00\xcf\x00\x00\x00\x01\x00\x00\x00\x00"},
		{"negative ints", py.NewList(py.Int(-33), py.Int(-129), py.Int(-32769), py.Int(-1<<31-1)),
			"\x94\xd0\xdf\xd1\xff\x7f\xd2\xff\xff\x7f\xff\xd3\xff\xff\xff\xff\x7f\xff\xff\xff"},
		{"float", py.Float(1.5), "\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"},
		{"str", py.Str("é"), "\xa2\xc3\xa9"},
		{"long str", py.Str(strings.Repeat("x", 32)), "\xd9\x20" + strings.Repeat("x", 32)},
		{"bytes", py.Bytes("\xff"), "\xc4\x01\xff"},
		{"dict", py.DictOf("k", py.Tuple{}), "\x81\xa1k\x90"},
		{"long list", &py.List{Items: make16()}, "\xdc\x00\x10" + strings.Repeat("\xc0", 16)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Serialize("msgpack", c.v, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got != py.Bytes(c.want) {
				t.Errorf("got %x, want %x", got, c.want)
			}
		})
	}
}

func make16() []py.Value {
	out := make([]py.Value, 16)
	for i := range out {
		out[i] = py.None
	}
	return out
}

func TestErrors(t *testing.T) {
	loop := py.NewList()
	loop.Append(loop)
	circular := py.NewDict()
	circular.SetStr("d", circular)
	for _, c := range []struct {
		name, format string
		v            py.Value
		opts         *py.Dict
		want         string
	}{
		{"msgpack cycle", "msgpack", loop, nil, "recursion limit exceeded"},
		{"toml cycle", "toml", circular, nil, "Circular reference detected"},
		{"toml list cycle", "toml", py.DictOf("a", loop), nil, "maximum recursion depth exceeded"},
		{"toml of a number", "toml", py.Int(5), nil, "'int' object is not iterable"},
		{"toml option", "toml", py.NewDict(), py.DictOf("x", py.None), "dumps() got an unexpected keyword argument 'x'"},
		{"ini of a list", "configparser", py.NewList(), nil, "configparser can only serialize dictionaries, not <class 'list'>"},
		{"ini option", "configparser", py.NewDict(), py.DictOf("x", py.None),
			"RawConfigParser.__init__() got an unexpected keyword argument 'x'"},
		{"ini same section", "configparser", py.DictOf("1", py.NewDict()), nil, ""},
		{"ini percent", "configparser", py.DictOf("s", py.DictOf("a", py.Str("é50%"))), nil,
			"invalid interpolation syntax in 'é50%' at position 3"},
		{"yaml option", "yaml", py.NewDict(), py.DictOf("indent", py.Str("x")), "an integer is required"},
		{"msgpack set", "msgpack", new(py.Set), nil, "can not serialize 'set' object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Serialize(c.format, c.v, c.opts)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var e *Error
			if !errors.As(err, &e) || e.Error() != c.want {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, err := Serialize("xml", py.None, nil); err == nil || !strings.Contains(err.Error(), "xml") {
		t.Errorf("unknown format: got %v", err)
	}
}

func TestFileMergesNothingNew(t *testing.T) {
	old := "a: 1\nb: {c: 2}\n"
	f := &File{Format: "YAML", Merge: true, Existing: &old}
	if _, err := f.Content(py.DictOf("b", py.DictOf("c", py.Int(2)))); !errors.Is(err, ErrSame) {
		t.Errorf("got %v, want ErrSame", err)
	}
	got, err := f.Content(py.DictOf("b", py.DictOf("d", py.Int(3))))
	if want := py.Str("a: 1\nb:\n  c: 2\n  d: 3\n"); err != nil || got.Value != want {
		t.Errorf("got %q, %v, want %q", got.Value, err, want)
	}
	var refused *Refused
	if _, err := (&File{Format: "toml", Merge: true, Existing: &old}).Content(py.NewDict()); !errors.As(err, &refused) {
		t.Errorf("toml: got %v, want a refusal", err)
	}
}
