package py_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"testing"

	"pinch/internal/golden"
	"pinch/internal/py"
)

type pyfmtCase struct {
	Name   string
	Expr   string
	Expect struct {
		Value json.RawMessage
		Repr  *string
		Error *golden.Error
	}
}

func TestGoldenPyfmt(t *testing.T) {
	data, err := golden.Open("pyfmt_cases.json")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "pyfmt_cases.json", exprCases(t, data), func(c pyfmtCase) string { return c.Name }, runExpr)
}

// TestCPython compares with expressions of our own, recorded from CPython
// 3.11: operators, methods and built-ins with right and wrong arguments.
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
	for _, c := range exprCases(t, data) {
		if wrong := runExpr(c); wrong != "" {
			t.Errorf("%s: %s", c.Expr, wrong)
		}
	}
}

func exprCases(t *testing.T, data []byte) []pyfmtCase {
	t.Helper()
	var doc struct{ Cases []pyfmtCase }
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Cases
}

// runExpr says how the outcome of an expression differs from CPython's.
func runExpr(c pyfmtCase) string {
	got, err := evalPython(c.Expr, pythonNames())
	if c.Expect.Error != nil {
		return wantError(c.Expect.Error, got, err)
	}
	if err != nil {
		return "raised " + err.Error()
	}
	want, err := golden.Decode(c.Expect.Value)
	if err != nil {
		return err.Error()
	}
	if d := golden.Diff(want, got); d != "" {
		return d
	}
	if c.Expect.Repr != nil {
		if r := py.Repr(got); r != *c.Expect.Repr {
			return "repr " + r + ", want " + *c.Expect.Repr
		}
	}
	return ""
}

func wantError(want *golden.Error, got py.Value, err error) string {
	if err == nil {
		return "gave " + py.Repr(got) + ", want " + want.Class + ": " + want.Message
	}
	var e *py.Error
	if !errors.As(err, &e) {
		return "no Python error: " + err.Error()
	}
	if e.Class != want.Class || e.Msg != want.Message {
		return "raised " + e.Error() + ", want " + want.Class + ": " + want.Message
	}
	return ""
}
