package golden

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"pinch/internal/py"
)

func gunzip(r io.Reader) ([]byte, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// Error is a recorded exception.
type Error struct{ Class, Message string }

// Expect is a recorded outcome: exactly one of the fields is set.
type Expect struct {
	Value json.RawMessage
	Text  *string
	Error *Error
}

// Check runs every case of a file, prints the count line, and compares the
// failures with testdata/known-failures.txt: a failing case off that list
// fails the test, and so does a listed one that passes. run returns what is
// wrong with a case, "" when nothing is.
func Check[C any](t *testing.T, file string, cases []C, name func(C) string, run func(C) string) {
	t.Helper()
	known := knownFailures(t, file)
	passed := 0
	for _, c := range cases {
		n := name(c)
		wrong := guard(run, c)
		if wrong == "" {
			passed++
		}
		switch _, listed := known[n]; {
		case External():
		case wrong != "" && !listed:
			t.Errorf("%s: %s", n, wrong)
		case wrong == "" && listed:
			t.Errorf("%s: passes but is in testdata/known-failures.txt", n)
		}
	}
	fmt.Printf("golden %s: %d of %d\n", file, passed, len(cases))
}

// guard makes a panic one failed case.
func guard[C any](run func(C) string, c C) (wrong string) {
	defer func() {
		if r := recover(); r != nil {
			wrong = fmt.Sprintf("panic: %v", r)
		}
	}()
	return run(c)
}

// knownFailures reads the lines FILE<TAB>CASE<TAB>reason of one file.
func knownFailures(t *testing.T, file string) map[string]string {
	t.Helper()
	out := map[string]string{}
	data, err := os.ReadFile("testdata/known-failures.txt")
	if os.IsNotExist(err) {
		return out
	}
	if err != nil {
		t.Fatal(err)
	}
	sc := bufio.NewScanner(bytes.NewReader(data))
	for sc.Scan() {
		if f := strings.SplitN(sc.Text(), "\t", 3); len(f) == 3 && f[0] == file {
			out[f[1]] = f[2]
		}
	}
	return out
}

// Diff says how two values differ, types and order included; "" when they
// are the same. Cycles are followed once.
func Diff(want, got py.Value) string {
	return diff(want, got, "", map[[2]py.Value]bool{})
}

func diff(want, got py.Value, path string, seen map[[2]py.Value]bool) string {
	if got == nil {
		return fmt.Sprintf("%s: nil value, want %s", path, py.Repr(want))
	}
	_, wantSet := want.(*py.Set)
	_, gotSet := got.(*py.Set)
	if want.Type() != got.Type() && !(wantSet && gotSet) { // $set is either kind
		return fmt.Sprintf("%s: got %s %s, want %s %s", path, got.Type(), py.Repr(got), want.Type(), py.Repr(want))
	}
	switch w := want.(type) {
	case *py.List:
		g := got.(*py.List)
		if seen[[2]py.Value{w, g}] {
			return ""
		}
		seen[[2]py.Value{w, g}] = true
		return diffItems(w.Items, g.Items, path, seen)
	case py.Tuple:
		return diffItems(w, got.(py.Tuple), path, seen)
	case *py.Dict:
		g := got.(*py.Dict)
		if seen[[2]py.Value{w, g}] {
			return ""
		}
		seen[[2]py.Value{w, g}] = true
		if s := diffItems(w.Keys(), g.Keys(), path+" keys", seen); s != "" {
			return s
		}
		return diffItems(w.Values(), g.Values(), path, seen)
	case *py.Set:
		eq, err := py.Equal(w, got)
		if err != nil || !eq {
			return fmt.Sprintf("%s: got %s, want %s", path, py.Repr(got), py.Repr(want))
		}
		return ""
	}
	if w, g := py.Repr(want), py.Repr(got); w != g {
		return fmt.Sprintf("%s: got %s, want %s", path, g, w)
	}
	return ""
}

func diffItems(want, got []py.Value, path string, seen map[[2]py.Value]bool) string {
	for i := range min(len(want), len(got)) {
		if s := diff(want[i], got[i], fmt.Sprintf("%s[%d]", path, i), seen); s != "" {
			return s
		}
	}
	if len(want) != len(got) {
		return fmt.Sprintf("%s: got %d items, want %d", path, len(got), len(want))
	}
	return ""
}
