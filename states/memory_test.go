package states_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"pinch/states"
)

// TestMemoryOfManyHosts: a tree keeps nothing of a host that is done with.
func TestMemoryOfManyHosts(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles 200 hosts")
	}
	tree := largeTree(t)
	next := 0
	compile := func(n int) {
		for range n {
			next++
			id := fmt.Sprintf("web%d", next)
			c, err := tree.Compile(context.Background(), states.Request{Host: id, Grains: testGrains(id), Highstate: true}, nil)
			if err != nil || len(c.Errors) > 0 || len(c.Chunks) != 301 {
				t.Fatal(err, c.Errors, len(c.Chunks))
			}
		}
	}
	heap := func() int64 {
		runtime.GC()
		runtime.GC() // the first leaves what pools hold
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	compile(50)
	before := heap()
	compile(150)
	const perHost = 8 << 10 // hashes of its 50 texts, which tell whether one comes again
	if grown := heap() - before; grown > 150*perHost {
		t.Errorf("150 hosts more take %d bytes more", grown)
	}
	runtime.KeepAlive(tree)
}
