package states

import (
	"container/heap"
	"math"
	"strings"

	"pinch/internal/py"
)

// number is an order: Python's int or float. The value keeps its type.
type number struct {
	f float64
	v py.Value
}

func intNumber(n int64) number { return number{float64(n), py.Int(n)} }

// number2 is a chunk's place: the earliest of its own order and those of what
// depends on it, then its own order.
type number2 struct{ first, own float64 }

// sort returns the chunks in running order: requisites first, then the order
// numbers, then the text of state, name and function. limit is where states
// without a number of their own begin. cyclic says that there is no order
// (Salt: aggregate_and_order_chunks).
//
// Aggregation does not move states: Salt groups the nodes while it sorts but
// the order is the same, so that groups are the engine's business.
func (g *graph) sort(limit int64) (out []*py.Dict, cyclic bool, err error) {
	for _, n := range g.nodes {
		for _, l := range n.in {
			n.inDegree += len(l.types)
		}
	}
	q := &queue{}
	push := func(n *node) error {
		if err := g.setKey(n, limit); err != nil {
			return err
		}
		heap.Push(q, n)
		return nil
	}
	for _, n := range g.nodes {
		if n.inDegree == 0 {
			if err := push(n); err != nil {
				return nil, false, err
			}
		}
	}
	for q.Len() > 0 {
		n := heap.Pop(q).(*node)
		if n.chunk == nil {
			out = append(out, py.NewDict())
		} else {
			out = append(out, n.chunk)
		}
		for _, l := range n.out {
			l.to.inDegree -= len(l.types)
			if l.to.inDegree == 0 {
				if err := push(l.to); err != nil {
					return nil, false, err
				}
			}
		}
	}
	if len(out) != len(g.nodes) {
		return nil, true, nil
	}
	return out, false, nil
}

// setKey computes by what a node is sorted, and turns the chunk's order into a
// number (Salt: _get_chunk_order).
func (g *graph) setKey(n *node, limit int64) error {
	chunk := n.chunk
	if chunk == nil {
		chunk = py.NewDict()
	}
	own := ownOrder(chunk, limit)
	if v, ok := chunk.DeleteStr("name_order"); ok && py.IsTrue(v) {
		k, _ := py.AsInt(v)
		own.f += float64(k) / 10000
		own.v = py.Float(own.f)
		chunk.SetStr("order", own.v)
	}
	if own.f < 0 {
		own = plus(own, limit+1_000_000)
		chunk.SetStr("order", own.v)
	}
	if !n.hasMin {
		n.childMin, n.hasMin = childMin(n, limit), true
		first := own.f
		if first > n.childMin.f {
			first = n.childMin.f
		}
		n.key = number2{first, own.f}
	} else {
		n.key = number2{own.f, own.f}
	}
	n.lab = ""
	if chunk.Len() == 0 || chunk.Len() == 1 && chunk.Has("order") {
		return nil
	}
	var b strings.Builder
	for _, key := range []string{"state", "name", "fun"} {
		s, err := py.StrErr(lookup(chunk, key))
		if err != nil {
			return err
		}
		b.WriteString(s)
	}
	n.lab = b.String()
	return nil
}

func plus(a number, n int64) number {
	if i, ok := py.AsInt(a.v); ok {
		return intNumber(i + n)
	}
	f := a.f + float64(n)
	return number{f, py.Float(f)}
}

// ownOrder returns a chunk's order number and sets it when it was none.
func ownOrder(chunk *py.Dict, limit int64) number {
	v, ok := chunk.GetStr("order")
	if ok {
		if n, isNumber := asNumber(v); isNumber {
			return n
		}
	}
	n := namedOrder(v, limit)
	chunk.SetStr("order", n.v)
	return n
}

// namedOrder reads "first" and "last"; anything else comes where states
// without a number begin.
func namedOrder(v py.Value, limit int64) number {
	switch v {
	case py.Value(py.Str("last")):
		return intNumber(limit + 1_000_000)
	case py.Value(py.Str("first")):
		return intNumber(0)
	}
	return intNumber(limit)
}

func asNumber(v py.Value) (number, bool) {
	switch n := v.(type) {
	case py.Float:
		return number{float64(n), n}, true
	case py.Int:
		return number{float64(n), n}, true
	case py.Bool:
		i, _ := py.AsInt(n)
		return number{float64(i), n}, true
	case *py.Long:
		f, _ := n.Big().Float64()
		return number{f, n}, true
	}
	return number{}, false
}

// childMin is the earliest order of what depends on the node, by the strongest
// type of requisite met so far.
func childMin(n *node, limit int64) number {
	lowest := number{f: math.Inf(1)}
	strongest := -1
	for _, l := range n.out {
		for _, t := range l.types {
			if strongest > int(t) {
				continue
			}
			strongest = int(t)
			child := l.to.chunk
			if child == nil {
				continue
			}
			v, ok := child.GetStr("order")
			if !ok {
				continue
			}
			order, isNumber := asNumber(v)
			if !isNumber {
				order = namedOrder(v, limit)
				child.SetStr("order", order.v)
			}
			if order.f < lowest.f {
				lowest = order
			}
		}
	}
	return lowest
}

// queue is a heap of nodes by key, label and tag.
type queue []*node

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	a, b := q[i], q[j]
	switch {
	case a.key.first != b.key.first:
		return a.key.first < b.key.first
	case a.key.own != b.key.own:
		return a.key.own < b.key.own
	case a.lab != b.lab:
		return a.lab < b.lab
	}
	return a.tag < b.tag
}

func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *queue) Push(x any) { *q = append(*q, x.(*node)) }

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	old := *q
	n := old[len(old)-1]
	*q = old[:len(old)-1]
	return n
}

// cycleEdge is one requisite of a circle.
type cycleEdge struct {
	dependent  *py.Dict
	kind       reqType
	dependency *py.Dict
}

// cycle finds a circle in the graph by depth-first search from the first node
// on, in the order in which nodes and edges were added (Salt: find_cycle).
func (g *graph) cycle() []cycleEdge {
	const white, grey, black = 0, 1, 2
	color := map[*node]int{}
	type frame struct {
		n       *node
		i, j    int // next edge: link and type
		via     reqType
		hasPrev bool
	}
	for _, start := range g.nodes {
		if color[start] != white {
			continue
		}
		stack := []frame{{n: start}}
		color[start] = grey
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if f.i >= len(f.n.out) {
				color[f.n] = black
				stack = stack[:len(stack)-1]
				continue
			}
			l := f.n.out[f.i]
			if f.j >= len(l.types) {
				f.i, f.j = f.i+1, 0
				continue
			}
			t := l.types[f.j]
			f.j++
			switch color[l.to] {
			case grey:
				edges := []cycleEdge{g.cycleEdge(f.n, l.to, t)}
				for k := len(stack) - 1; stack[k].n != l.to; k-- {
					edges = append(edges, g.cycleEdge(stack[k-1].n, stack[k].n, stack[k].via))
				}
				for a, b := 0, len(edges)-1; a < b; a, b = a+1, b-1 {
					edges[a], edges[b] = edges[b], edges[a]
				}
				return edges
			case white:
				color[l.to] = grey
				stack = append(stack, frame{n: l.to, via: t, hasPrev: true})
			}
		}
	}
	return nil
}

func (g *graph) cycleEdge(from, to *node, t reqType) cycleEdge {
	if t == require && to.chunk != nil && !to.chunk.Has("require") {
		t = prereq // the edge stands for the prereq of the other one
	}
	return cycleEdge{dependent: to.chunk, kind: t, dependency: from.chunk}
}

func describeCycle(edges []cycleEdge) string {
	parts := make([]string, len(edges))
	for i, e := range edges {
		parts[i] = "(" + describe(e.dependent) + ", '" + e.kind.String() + "', " + describe(e.dependency) + ")"
	}
	return strings.Join(parts, ", ")
}
