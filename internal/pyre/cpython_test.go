package pyre_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"testing"
	"unicode/utf8"

	"pinch/internal/golden"
	"pinch/internal/py"
	"pinch/internal/pyre"
	"pinch/internal/pyre/runename"
)

type recorded struct {
	Value json.RawMessage
	Error *golden.Error
}

type cpythonCase struct {
	Pattern, Text, Repl string
	Flags               pyre.Flags
	Bytes               bool
	All, Subn, Sub1     recorded
}

// TestCPython compares with what CPython 3.11 made of many small patterns,
// most of them random: positions, groups, findall, split, sub and errors.
func TestCPython(t *testing.T) {
	f, err := os.Open("testdata/cpython_cases.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Cases []cpythonCase }
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	cache := pyre.Cache{CharacterName: runename.Lookup}
	for _, c := range doc.Cases {
		where := func(what, wrong string) {
			if wrong != "" {
				t.Errorf("%q on %q (flags %d, bytes %v, repl %q): %s: %s", c.Pattern, c.Text, c.Flags, c.Bytes, c.Repl, what, wrong)
			}
		}
		where("all", compare(c.All, func() (py.Value, error) { return all(&cache, c) }))
		where("subn", compare(c.Subn, func() (py.Value, error) { return subn(&cache, c) }))
		where("sub1", compare(c.Sub1, func() (py.Value, error) { return sub1(&cache, c) }))
	}
}

func compare(want recorded, run func() (py.Value, error)) string {
	got, err := run()
	if want.Error != nil {
		var e *py.Error
		if !errors.As(err, &e) || e.Class != want.Error.Class || e.Msg != want.Error.Message {
			return "got " + errText(got, err) + ", want " + want.Error.Class + ": " + want.Error.Message
		}
		return ""
	}
	if err != nil {
		return "raised " + err.Error()
	}
	w, err := golden.Decode(want.Value)
	if err != nil {
		return err.Error()
	}
	return golden.Diff(w, got)
}

func (c cpythonCase) compile(cache *pyre.Cache) (re *pyre.Regexp, text, repl string, err error) {
	if !c.Bytes {
		re, err = cache.Compile(c.Pattern, c.Flags)
		return re, c.Text, c.Repl, err
	}
	var raw [3]string
	for i, s := range []string{c.Pattern, c.Text, c.Repl} {
		if raw[i], err = py.Encode(s, "latin-1", "strict"); err != nil {
			return nil, "", "", err
		}
	}
	re, err = cache.CompileBytes(raw[0], c.Flags)
	return re, raw[1], raw[2], err
}

func all(cache *pyre.Cache, c cpythonCase) (py.Value, error) {
	re, text, _, err := c.compile(cache)
	if err != nil {
		return nil, err
	}
	out := py.NewList()
	for _, fn := range []func(string) (*pyre.Match, error){re.Search, re.Match, re.FullMatch} {
		m, err := fn(text)
		if err != nil {
			return nil, err
		}
		out.Append(described(re, m, text, c.Bytes))
	}
	for _, fn := range []func() (*py.List, error){
		func() (*py.List, error) { return re.FindAll(text) },
		func() (*py.List, error) { return re.Split(text, 0) },
		func() (*py.List, error) { return re.Split(text, 1) },
	} {
		l, err := fn()
		if err != nil {
			return nil, err
		}
		out.Append(l)
	}
	return out, nil
}

// described is the spans of a match in code points, and its groupdict.
func described(re *pyre.Regexp, m *pyre.Match, text string, isBytes bool) py.Value {
	if m == nil {
		return py.None
	}
	span := func(g int) py.Value {
		a, b := m.Span(g)
		if a >= 0 && !isBytes {
			a, b = utf8.RuneCountInString(text[:a]), utf8.RuneCountInString(text[:b])
		}
		return py.Tuple{py.Int(a), py.Int(b)}
	}
	groups := make(py.Tuple, re.Groups)
	for i := range groups {
		groups[i] = span(i + 1)
	}
	return py.Tuple{span(0), groups, m.GroupDict()}
}

func subn(cache *pyre.Cache, c cpythonCase) (py.Value, error) {
	re, text, repl, err := c.compile(cache)
	if err != nil {
		return nil, err
	}
	s, n, err := re.Subn(repl, text, 0)
	if err != nil {
		return nil, err
	}
	return py.NewList(value(s, c.Bytes), py.Int(n)), nil
}

func sub1(cache *pyre.Cache, c cpythonCase) (py.Value, error) {
	re, text, repl, err := c.compile(cache)
	if err != nil {
		return nil, err
	}
	s, err := re.Sub(repl, text, 1)
	if err != nil {
		return nil, err
	}
	return value(s, c.Bytes), nil
}

func value(s string, isBytes bool) py.Value {
	if isBytes {
		return py.Bytes(s)
	}
	return py.Str(s)
}
