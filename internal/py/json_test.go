package py_test

import (
	"errors"
	"math"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"pinch/internal/golden"
	"pinch/internal/py"
)

func TestEncodeJSON(t *testing.T) {
	set, err := py.NewSet(py.Str("b"), py.Str("a"), py.Int(1))
	if err != nil {
		t.Fatal(err)
	}
	intKeys := py.NewDict()
	if err := intKeys.Set(py.Int(1), py.Str("x")); err != nil {
		t.Fatal(err)
	}
	big, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	tests := []struct {
		name string
		v    py.Value
		want string
	}{
		{"none", py.None, "null"},
		{"float", py.Float(1), "1.0"},
		{"big float", py.Float(1e16), "1e+16"},
		{"inf", py.Float(math.Inf(-1)), `{"$float":"-inf"}`},
		{"long", py.NewInt(big), "123456789012345678901234567890"},
		{"text", py.Str("é\n\x00\x7f\u2028\"\\/"), "\"é\\n\\u0000\x7f\u2028\\\"\\\\/\""},
		{"surrogate", py.Str("a\xed\xa0\x80"), `"a\ud800"`},
		{"dict", py.DictOf("b", py.Int(1), "a", py.NewList(py.True)), `{"b":1,"a":[true]}`},
		{"dollar key", py.DictOf("$map", py.Int(1)), `{"$map":[["$map",1]]}`},
		{"int key", intKeys, `{"$map":[[1,"x"]]}`},
		{"bytes", py.Bytes("\xff"), `{"$bytes":"/w=="}`},
		{"set", set, `{"$set":["a","b",1]}`},
		{"tuple", py.Tuple{py.Int(1)}, "[1]"},
		{"other", &py.Range{Stop: 2, Step: 1}, `{"$py":"range","repr":"range(0, 2)"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := py.EncodeJSON(tt.v)
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestEncodeJSONRefuses(t *testing.T) {
	l := py.NewList()
	l.Append(l)
	if _, err := py.EncodeJSON(l); err == nil || !strings.Contains(err.Error(), "Circular") {
		t.Errorf("cycle: %v", err)
	}
	var v py.Value = py.Tuple{}
	for range 5000 {
		v = py.Tuple{v}
	}
	if _, err := py.EncodeJSON(v); err == nil || !strings.Contains(err.Error(), "RecursionError") {
		t.Errorf("depth: %v", err)
	}
}

func TestDecodeJSONLimits(t *testing.T) {
	deep := strings.Repeat("[", 65) + strings.Repeat("]", 65)
	if _, err := py.DecodeJSONLimits(deep, py.JSONLimits{Depth: 64}); err == nil {
		t.Error("depth 65 was taken")
	}
	if _, err := py.DecodeJSONLimits(deep[1:len(deep)-1], py.JSONLimits{Depth: 64}); err != nil {
		t.Error(err)
	}
	if _, err := py.DecodeJSONLimits("[1,2]", py.JSONLimits{Bytes: 4}); err == nil {
		t.Error("5 bytes were taken")
	}
	if _, err := py.ReadJSON(strings.NewReader("[1,2]"), py.JSONLimits{Bytes: 4}); err == nil {
		t.Error("a stream of 5 bytes was taken")
	}
	for _, bad := range []string{`{"$set":1}`, `{"$map":[1]}`, `{"$map":[[1]]}`, `{"$bytes":"!"}`, `{"$float":"x"}`, `NaN`, `{"$map":[[{"a":1},1]]}`} {
		if v, err := py.DecodeJSON(bad); err == nil {
			t.Errorf("%s gave %s", bad, py.Repr(v))
		}
	}
}

func TestLoadsJSONErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":             "Expecting value: line 1 column 1 (char 0)",
		"{":            "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
		`{"a"}`:        "Expecting ':' delimiter: line 1 column 5 (char 4)",
		`{"a":1,}`:     "Expecting property name enclosed in double quotes: line 1 column 8 (char 7)",
		"[1,]":         "Expecting value: line 1 column 4 (char 3)",
		"[1 2]":        "Expecting ',' delimiter: line 1 column 4 (char 3)",
		"[\"é\",\n x]": "Expecting value: line 2 column 2 (char 7)",
		`"a`:           "Unterminated string starting at: line 1 column 1 (char 0)",
		"\"a\n\"":      "Invalid control character at: line 1 column 3 (char 2)",
		`"\x"`:         `Invalid \escape: line 1 column 2 (char 1)`,
		`"\u12"`:       `Invalid \uXXXX escape: line 1 column 3 (char 2)`,
		"01":           "Extra data: line 1 column 2 (char 1)",
		"1.":           "Extra data: line 1 column 2 (char 1)",
		"-":            "Expecting value: line 1 column 1 (char 0)",
		"\ufeff1":      "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)",
		`"\`:           "Unterminated string starting at: line 1 column 1 (char 0)",
		"{ ,":          "Expecting property name enclosed in double quotes: line 1 column 3 (char 2)",
	} {
		_, err := py.LoadsJSON(text)
		var e *py.Error
		if !errors.As(err, &e) || e.Class != "JSONDecodeError" || e.Msg != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	v, err := py.LoadsJSON(`[NaN, -Infinity, 1e400, -0, -0.0, "\ud83d\ude00\ud800"]`)
	if want := "[nan, -inf, inf, 0, -0.0, '😀\\ud800']"; err != nil || py.Repr(v) != want {
		t.Errorf("got %s, %v, want %s", py.Repr(v), err, want)
	}
}

func TestDumpsJSON(t *testing.T) {
	mixed := py.NewDict()
	for _, kv := range [][2]py.Value{{py.Int(1), py.Int(2)}, {py.None, py.Int(3)}, {py.Float(1.5), py.Int(5)}, {py.Float(math.Inf(1)), py.False}} {
		if err := mixed.Set(kv[0], kv[1]); err != nil {
			t.Fatal(err)
		}
	}
	nested := py.DictOf("b", py.NewList(py.Int(1), py.NewDict()), "a", py.DictOf("c", py.Tuple{}))
	tests := []struct {
		name string
		v    py.Value
		o    py.DumpOptions
		want string
	}{
		{"keys", mixed, py.DumpOptions{}, `{"1": 2, "null": 3, "1.5": 5, "Infinity": false}`},
		{"nan", py.NewList(py.Float(math.NaN()), py.Float(math.Inf(-1))), py.DumpOptions{}, "[NaN, -Infinity]"},
		{"indent", nested, py.DumpOptions{Indent: py.Int(2)}, "{\n  \"b\": [\n    1,\n    {}\n  ],\n  \"a\": {\n    \"c\": []\n  }\n}"},
		{"indent 0", py.NewList(py.Int(1), py.Int(2)), py.DumpOptions{Indent: py.Int(0)}, "[\n1,\n2\n]"},
		{"tab", py.NewList(py.Int(1)), py.DumpOptions{Indent: py.Str("\t")}, "[\n\t1\n]"},
		{"sorted", nested, py.DumpOptions{SortKeys: true}, `{"a": {"c": []}, "b": [1, {}]}`},
		{"separators", nested, py.DumpOptions{Separators: [2]string{",", ":"}}, `{"b":[1,{}],"a":{"c":[]}}`},
		{"text", py.Str("é\u2028\x7f"), py.DumpOptions{}, "\"é\u2028\x7f\""},
		{"ascii", py.Str("é😀\x7f<>&/"), py.DumpOptions{EnsureASCII: true}, `"\u00e9\ud83d\ude00\u007f<>&/"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := py.DumpsJSON(tt.v, tt.o)
			if err != nil || got != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
	bad := py.DictOf("b", py.Int(1))
	if err := bad.Set(py.Int(1), py.Int(2)); err != nil {
		t.Fatal(err)
	}
	for want, fn := range map[string]func() (string, error){
		"TypeError: '<' not supported between instances of 'int' and 'str'": func() (string, error) { return py.DumpsJSON(bad, py.DumpOptions{SortKeys: true}) },
		"TypeError: Object of type set is not JSON serializable":            func() (string, error) { return py.DumpsJSON(&py.Set{}, py.DumpOptions{}) },
		"TypeError: Object of type bytes is not JSON serializable":          func() (string, error) { return py.DumpsJSON(py.Bytes("a"), py.DumpOptions{}) },
	} {
		if s, err := fn(); err == nil || err.Error() != want {
			t.Errorf("got %s, %v, want %s", s, err, want)
		}
	}
}

// valueOf builds a value from fuzz bytes.
func valueOf(data []byte, depth int) (py.Value, []byte) {
	if len(data) == 0 {
		return py.None, nil
	}
	op, data := data[0], data[1:]
	take := func(n int) string {
		n = min(n, len(data))
		s := string(data[:n])
		data = data[n:]
		return s
	}
	if depth > 6 {
		op %= 7
	}
	switch op % 12 {
	case 0:
		return py.None, data
	case 1:
		return py.Bool(op&16 != 0), data
	case 2:
		var n int64
		for _, c := range []byte(take(int(op >> 4))) {
			n = n<<8 | int64(c)
		}
		return py.Int(n), data
	case 3:
		var n uint64
		for _, c := range []byte(take(8)) {
			n = n<<8 | uint64(c)
		}
		if f := math.Float64frombits(n); f == f {
			return py.Float(f), data
		}
		return py.Float(0.5), data
	case 4, 5:
		return py.Str(strings.ToValidUTF8(take(int(op>>4)), "$")), data
	case 6:
		return py.Bytes(take(int(op >> 4))), data
	case 7, 8:
		l := py.NewList()
		for range op >> 5 {
			var v py.Value
			v, data = valueOf(data, depth+1)
			l.Append(v)
		}
		return l, data
	case 9:
		s := &py.Set{Frozen: depth > 0 && op&16 != 0}
		for range op >> 5 {
			var v py.Value
			v, data = valueOf(data, depth+1)
			_ = s.Add(v) // what cannot be a member stays out
		}
		return s, data
	}
	d := py.NewDict()
	for range op >> 5 {
		var k, v py.Value
		k, data = valueOf(data, depth+1)
		v, data = valueOf(data, depth+1)
		_ = d.Set(k, v) // what cannot be a key stays out
	}
	return d, data
}

func FuzzJSONRoundTrip(f *testing.F) {
	f.Add([]byte{0xea, 0x24, 'a', 0x27, 0x22, 1, 0x54, '$', 'm', 'a', 'p', 'x'})
	f.Add([]byte("\xeb\x14$\xe9\x22\x01\x33\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, _ := valueOf(data, 0)
		b, err := py.EncodeJSON(v)
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(b) {
			t.Fatalf("no UTF-8: %q", b)
		}
		w, err := py.DecodeJSON(b)
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if d := golden.Diff(v, w); d != "" {
			t.Fatalf("%s: %s", b, d)
		}
		again, err := py.EncodeJSON(w)
		if err != nil || string(again) != string(b) {
			t.Fatalf("%s became %s, %v", b, again, err)
		}
	})
}

func FuzzDecodeJSON(f *testing.F) {
	for _, s := range []string{`{"$map":[[1,2]]}`, `[1.5e3,"\ud800",null]`, `{"$set":[[1]]}`, `{"a":{"$bytes":"AA=="}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := py.DecodeJSONLimits(s, py.JSONLimits{Depth: 64, Bytes: 1 << 16})
		if err != nil {
			return
		}
		if _, err := py.EncodeJSON(v); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if _, err := py.ReprErr(v); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
	})
}

// FuzzHashEqual checks that equal values are one key and others are two.
func FuzzHashEqual(f *testing.F) {
	f.Add([]byte{0x12, 1, 0x13, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0}, []byte{0x11})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		x, _ := valueOf(a, 0)
		y, _ := valueOf(b, 0)
		eq, err := py.Equal(x, y)
		if err != nil {
			t.Fatal(err)
		}
		back, err := py.Equal(y, x)
		if err != nil || back != eq {
			t.Fatalf("%s == %s is %v, reversed %v, %v", py.Repr(x), py.Repr(y), eq, back, err)
		}
		d := py.NewDict()
		if d.Set(py.Tuple{x}, py.None) != nil || d.Set(py.Tuple{y}, py.None) != nil {
			return
		}
		if one := d.Len() == 1; one != eq {
			t.Fatalf("%s == %s is %v, one key %v", py.Repr(x), py.Repr(y), eq, one)
		}
	})
}

var wideField = regexp.MustCompile(`[0-9]{6}`)

func FuzzFormat(f *testing.F) {
	for _, s := range []string{"%5.2f|%-*d", "%(a)s", "{0[x]:>{1}}", "{!r:é^9}", "{:,.3%}", "%#010x"} {
		f.Add(s, 1.5, int64(42), "é")
	}
	f.Fuzz(func(t *testing.T, format string, x float64, n int64, s string) {
		if strings.ContainsAny(format, "456789") || wideField.MatchString(format) {
			return // wide fields only cost time
		}
		args := py.Tuple{py.Float(x), py.Int(n), py.Str(s)}
		d := py.DictOf("a", py.Int(n), "b", args)
		for _, a := range []py.Value{args, d, py.Int(n), py.Str(s)} {
			_, _ = py.PercentFormat(format, a)
			_, _ = py.PercentFormatBytes(format, a)
			_, _ = py.Format(a, format)
		}
		_, _ = py.StrFormat(format, &py.Args{Pos: args, Kw: []py.KwArg{{Name: "a", Value: d}}})
		for _, a := range args {
			_, _ = py.Format(a, format)
		}
	})
}
