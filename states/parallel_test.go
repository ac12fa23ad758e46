package states_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"pinch/internal/py"
	"pinch/states"
)

// TestManyHosts compiles hosts at the same time with one tree; each must get
// what it gets alone.
func TestManyHosts(t *testing.T) {
	tree := newTree(t, map[string]string{
		"top.sls": "base:\n  '*': [a]\n  'web*': [b]\n",
		"a.sls":   "{% do pillar.update({'seen': grains.id}) %}\na:\n  test.nop:\n    - x: {{ pillar.seen }}\n    - l: &l [1]\n    - m: *l\n",
		"b.sls":   "b:\n  pkg.installed:\n    - watch_in: [{test: a}]\n",
	}, map[string]string{"top.sls": "base:\n  '*': [p]\n", "p.sls": "v: {{ grains.id }}\n"})
	var g errgroup.Group
	for i := range 40 {
		id := fmt.Sprintf("web%d", i)
		if i%2 == 1 {
			id = fmt.Sprintf("db%d", i)
		}
		g.Go(func() error {
			c, err := tree.Compile(context.Background(), states.Request{Host: id, Grains: testGrains(id), Highstate: true}, nil)
			if err != nil {
				return err
			}
			want := []string{"test.nop:a"}
			if i%2 == 0 {
				want = []string{"pkg.installed:b", "test.nop:a"}
			}
			if d := cmp.Diff(want, outline(c)); d != "" {
				return fmt.Errorf("%s: %v %s", id, c.Errors, d)
			}
			a := c.Chunks[len(c.Chunks)-1].Data
			if x := a.String("x"); x != id || c.Pillar.String("v") != id {
				return fmt.Errorf("%s got %q and %s", id, x, py.Repr(c.Pillar))
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}
