package pyre_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pinch/internal/golden"
	"pinch/internal/py"
	"pinch/internal/pyre"
	"pinch/internal/pyre/runename"
)

type regexCase struct {
	Name, Op, Pattern, Repl string
	Text                    json.RawMessage // tagged
	Ignorecase, Multiline   bool
	Expect                  struct {
		Value json.RawMessage
		Error *golden.Error
	}
}

// TestGoldenRegex runs the filters; the functions of the file module have
// their cases there.
func TestGoldenRegex(t *testing.T) {
	data, err := golden.Open("regex_cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Cases []regexCase }
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	var cases []regexCase
	for _, c := range doc.Cases {
		if strings.HasPrefix(c.Op, "regex_") {
			cases = append(cases, c)
		}
	}
	cache := pyre.Cache{CharacterName: runename.Lookup}
	golden.Check(t, "regex_cases.json", cases, func(c regexCase) string { return c.Name }, func(c regexCase) string {
		got, err := runFilter(&cache, c)
		if want := c.Expect.Error; want != nil {
			var e *py.Error
			if !errors.As(err, &e) || e.Class != want.Class || e.Msg != want.Message {
				return "got " + errText(got, err) + ", want " + want.Class + ": " + want.Message
			}
			return ""
		}
		if err != nil {
			return "raised " + err.Error()
		}
		want, err := golden.Decode(c.Expect.Value)
		if err != nil {
			return err.Error()
		}
		return golden.Diff(want, got)
	})
}

func errText(v py.Value, err error) string {
	if err != nil {
		return err.Error()
	}
	return py.Repr(v)
}

func runFilter(cache *pyre.Cache, c regexCase) (py.Value, error) {
	v := py.Value(py.Str(""))
	if c.Text != nil {
		var err error
		if v, err = golden.Decode(c.Text); err != nil {
			return nil, err
		}
	}
	pattern := py.Str(c.Pattern)
	switch c.Op {
	case "regex_match":
		return cache.RegexMatch(v, pattern, c.Ignorecase, c.Multiline)
	case "regex_search":
		return cache.RegexSearch(v, pattern, c.Ignorecase, c.Multiline)
	case "regex_replace":
		return cache.RegexReplace(v, pattern, py.Str(c.Repl), c.Ignorecase, c.Multiline)
	}
	return pyre.RegexEscape(v)
}
