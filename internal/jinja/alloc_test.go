package jinja_test

import (
	"context"
	"strings"
	"testing"

	"pinch/internal/jinja"
	"pinch/internal/jinjacodec"
	"pinch/internal/py"
)

// TestTextNodesDoNotAllocate renders templates with the same number of
// expressions and ever more text nodes (comments and if tags part them): only
// the growth of the output may cost further allocations.
func TestTextNodesDoNotAllocate(t *testing.T) {
	allocs := func(nodes int) float64 {
		var b strings.Builder
		for range 10 {
			b.WriteString("{{ x }}")
		}
		for range nodes {
			b.WriteString("text{% if f %}{% endif %}")
		}
		vars := py.DictOf("opts", py.NewDict(), "saltenv", py.Str("base"), "salt", py.NewDict(), "x", py.Str("v"), "f", py.False)
		source := b.String()
		r := &jinja.Render{Vars: vars, Codec: jinjacodec.New(), Cache: jinja.NewCache()}
		return testing.AllocsPerRun(20, func() {
			if _, err := jinja.RenderSalt(context.Background(), "", source, r); err != nil {
				t.Fatal(err)
			}
		})
	}
	few, many := allocs(10), allocs(1000)
	if many > few+16 { // the output doubles some times
		t.Errorf("%v allocations with 10 text nodes, %v with 1,000", few, many)
	}
}
