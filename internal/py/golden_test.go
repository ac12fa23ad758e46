package py_test

import (
	"encoding/json"
	"errors"
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
	runExprFile(t, "pyfmt_cases.json")
}

// runExprFile checks a file of expressions and what CPython made of them.
func runExprFile(t *testing.T, file string) {
	data, err := golden.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Cases []pyfmtCase }
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	names := pythonNames()
	golden.Check(t, file, doc.Cases, func(c pyfmtCase) string { return c.Name }, func(c pyfmtCase) string {
		got, err := evalPython(c.Expr, names)
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
	})
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
