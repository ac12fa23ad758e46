package jinja_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"pinch/internal/golden"
	"pinch/internal/jinja"
	"pinch/internal/jinjacodec"
	"pinch/internal/py"
)

// generatedCase is a template that a program made, with what Salt's
// render_jinja_tmpl gave for it: a text, or an error with the line and, where
// no traceback is in it, the whole message.
type generatedCase struct {
	T          string          `json:"t"`
	Ctx, Files int             // numbers of the fixtures
	Opts       json.RawMessage `json:"opts"`
	Out        *string         `json:"out"`
	Err        string          `json:"err"`
	Line       int             `json:"line"`
	Full       string          `json:"full"`
}

// generatedDoc is the cases with their fixtures.
type generatedDoc struct {
	Contexts []map[string]json.RawMessage
	Files    []map[string]string
	Cases    []generatedCase
}

// TestGoldenGenerated compares with Salt 3008.3 on random but plausible
// templates: filters, tests, operators and methods with right and odd
// arguments, formats, nested statements with whitespace control, and broken
// ones.
func TestGoldenGenerated(t *testing.T) {
	data, err := golden.Open("generated.json")
	if err != nil {
		t.Skip(err) // an outside set of goldens need not have it
	}
	var doc generatedDoc
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "generated.json", doc.Cases, func(c generatedCase) string { return c.T }, func(c generatedCase) string {
		return runGenerated(&doc, c)
	})
}

// runGenerated says how the outcome of a case differs from Salt's.
func runGenerated(doc *generatedDoc, c generatedCase) string {
	opts := py.NewDict()
	if c.Opts != nil {
		v, err := py.LoadsJSON(string(c.Opts))
		if err != nil {
			return err.Error()
		}
		opts.Update(v.(*py.Dict))
	}
	opts.SetStr("file_client", py.Str("local"))
	vars := py.DictOf("opts", opts, "saltenv", py.Str("base"), "salt", py.NewDict())
	for name, raw := range doc.Contexts[c.Ctx] {
		v, err := golden.Decode(raw)
		if err != nil {
			return err.Error()
		}
		vars.SetStr(name, v)
	}
	got, err := jinja.RenderSalt(context.Background(), "", c.T, &jinja.Render{
		Vars: vars, Loader: mapLoader(doc.Files[c.Files]), SaltEnv: "base", Codec: jinjacodec.New(),
	})
	if c.Out != nil {
		if err != nil {
			return fmt.Sprintf("error %v\nwant %q", err, *c.Out)
		}
		if got != *c.Out {
			return fmt.Sprintf("\n got %q\nwant %q", got, *c.Out)
		}
		return ""
	}
	var re *jinja.RenderError
	if !errors.As(err, &re) {
		return fmt.Sprintf("got %q, error %v", got, err)
	}
	if re.Message != c.Err || re.Line != c.Line {
		return fmt.Sprintf("error\n got %q line %d\nwant %q line %d", re.Message, re.Line, c.Err, c.Line)
	}
	if c.Full != "" && re.Error() != c.Full {
		return fmt.Sprintf("\n got %q\nwant %q", re.Error(), c.Full)
	}
	return ""
}
