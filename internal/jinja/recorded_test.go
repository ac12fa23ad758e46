package jinja_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"pinch/internal/golden"
	"pinch/internal/jinja"
	"pinch/internal/jinjacodec"
	"pinch/internal/py"
)

// TestGoldenRecorded compares with what Salt 3008.3 made of further templates:
// one feature or mistake each. Errors compare by text and line.
func TestGoldenRecorded(t *testing.T) {
	data, err := golden.Open("recorded.json")
	if err != nil {
		t.Skip(err) // an outside set of goldens need not have it
	}
	v, err := py.LoadsJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	doc := v.(*py.Dict)
	files := mapLoader{}
	for name, text := range doc.Lookup("files").(*py.Dict).All() {
		files[py.ToStr(name)] = py.ToStr(text)
	}
	var cases []*py.Dict
	for _, c := range doc.Lookup("cases").(*py.List).Items {
		cases = append(cases, c.(*py.Dict))
	}
	golden.Check(t, "recorded.json", cases, func(c *py.Dict) string { return c.String("template") }, func(c *py.Dict) string {
		opts, ok := c.Lookup("opts").(*py.Dict)
		if !ok {
			opts = py.NewDict()
		}
		vars := py.DictOf("opts", opts, "saltenv", py.Str("base"))
		if d, ok := c.Lookup("context").(*py.Dict); ok {
			vars.Update(d)
		}
		got, err := jinja.RenderSalt(context.Background(), "", c.String("template"), &jinja.Render{Vars: vars, Loader: files, Codec: jinjacodec.New()})
		want, failed := c.GetStr("err")
		if !failed {
			if err != nil {
				return fmt.Sprintf("error %v\nwant %q", err, c.String("out"))
			}
			if got != c.String("out") {
				return fmt.Sprintf("\n got %q\nwant %q", got, c.String("out"))
			}
			return ""
		}
		var re *jinja.RenderError
		if !errors.As(err, &re) {
			return fmt.Sprintf("got %q, error %v", got, err)
		}
		if re.Message != py.ToStr(want) || py.Value(py.Int(re.Line)) != c.Lookup("line") {
			return fmt.Sprintf("error\n got %q line %d\nwant %q line %v", re.Message, re.Line, py.ToStr(want), py.ToStr(c.Lookup("line")))
		}
		return ""
	})
}
