package jinja_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pinch/internal/golden"
	"pinch/internal/jinja"
	"pinch/internal/jinjacodec"
	"pinch/internal/py"
)

// TestGoldenSaltFilters compares Salt's filters with what Salt 3008.3 gave for
// further arguments, mistakes included.
func TestGoldenSaltFilters(t *testing.T) {
	data, err := golden.Open("salt_filters.json")
	if err != nil {
		t.Skip(err) // an outside set of goldens need not have it
	}
	v, err := py.LoadsJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	doc := v.(*py.Dict)
	var cases []*py.Dict
	for _, c := range doc.Lookup("cases").(*py.List).Items {
		cases = append(cases, c.(*py.Dict))
	}
	golden.Check(t, "salt_filters.json", cases, func(c *py.Dict) string { return c.String("template") }, func(c *py.Dict) string {
		vars := py.DictOf("opts", py.NewDict(), "saltenv", py.Str("base"))
		vars.Update(py.DeepCopy(doc.Lookup("context")).(*py.Dict))
		got, err := jinja.RenderSalt(context.Background(), "", c.String("template"), &jinja.Render{Vars: vars, Codec: jinjacodec.New(), Now: func() time.Time { return time.Unix(1600000000, 0).UTC() }})
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
			return fmt.Sprintf("got %q, error %v\nwant error %q", got, err, py.ToStr(want))
		}
		if re.Message != py.ToStr(want) || py.Value(py.Int(re.Line)) != c.Lookup("line") {
			return fmt.Sprintf("error\n got %q line %d\nwant %q line %v", re.Message, re.Line, py.ToStr(want), py.ToStr(c.Lookup("line")))
		}
		return ""
	})
}
