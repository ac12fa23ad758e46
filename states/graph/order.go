package graph

import (
	"cmp"
	"container/heap"
	"fmt"
	"math"
	"slices"
	"strings"

	"pinch/internal/py"
)

// maxGroup bounds how many chunks are aggregated into one.
const maxGroup = 500

// beyond is added for order: last and for negative orders.
const beyond = 1000000

// Order returns the chunks in the order in which they run: requisites first,
// then by the order argument, then by state, name and function. A chunk that
// is the target of a prereq stands there twice. It writes the computed order
// into the chunks. cycle is Salt's text for a cycle, or "".
func (g *Graph) Order(limit int64) (chunks []*py.Dict, cycle string) {
	degree := make(map[*node]int, len(g.order))
	for _, n := range g.order {
		for _, e := range n.in.list {
			degree[n] += len(e.kinds)
		}
	}
	var ready queue
	push := func(n *node) {
		effective, own := chunkOrder(n, limit)
		ready.push(entry{effective, own, text(n.chunk, "state") + text(n.chunk, "name") + text(n.chunk, "fun"), n})
	}
	total := 0
	for _, n := range g.order {
		if n.chunk == nil {
			continue
		}
		total++
		if degree[n] == 0 {
			push(n)
		}
	}
	agg := aggregator{g: g, groups: map[string][]*node{}}
	for len(ready) > 0 {
		n := heap.Pop(&ready).(entry).n
		chunks = append(chunks, n.chunk)
		if n.aggregate {
			agg.add(n)
		}
		for _, e := range n.out.list {
			if e.n.chunk == nil {
				continue // an aggregate is no node of the order
			}
			degree[e.n] -= len(e.kinds)
			if degree[e.n] == 0 {
				push(e.n)
			}
		}
	}
	if len(chunks) != total {
		return nil, g.cycle()
	}
	return chunks, ""
}

// chunkOrder turns the order argument into a number, stores it in the chunk
// and returns it (own) beside the order that counts: that of the earliest of
// the dependents of the heaviest kind, when that is earlier.
func chunkOrder(n *node, limit int64) (effective, own float64) {
	c := n.chunk
	var order py.Value
	switch o := c.Lookup("order").(type) {
	case py.Int, py.Float, py.Bool:
		order = o
	default:
		order = namedOrder(o, limit)
		c.SetStr("order", order)
	}
	if v, ok := c.DeleteStr("name_order"); ok && py.IsTrue(v) {
		order = py.Float(number(order) + number(v)/10000)
		c.SetStr("order", order)
	}
	if number(order) < 0 {
		switch o := order.(type) {
		case py.Int:
			order = o + py.Int(limit+beyond)
		default:
			order = py.Float(number(o) + float64(limit+beyond))
		}
		c.SetStr("order", order)
	}
	own = number(order)
	earliest, weight := math.Inf(1), Req(-1)
	for _, e := range n.out.list {
		for _, kind := range e.kinds {
			if weight > kind {
				continue
			}
			weight = kind
			child := math.Inf(1)
			if e.n.chunk != nil {
				switch o := e.n.chunk.Lookup("order").(type) {
				case py.Int, py.Float, py.Bool:
					child = number(o)
				case nil:
					if e.n.chunk.Has("order") {
						child = float64(limit)
					}
				default:
					v := namedOrder(o, limit)
					e.n.chunk.SetStr("order", v)
					child = number(v)
				}
			}
			earliest = min(earliest, child)
		}
	}
	return min(own, earliest), own
}

func namedOrder(v py.Value, limit int64) py.Value {
	switch v {
	case py.Value(py.Str("last")):
		return py.Int(limit + beyond)
	case py.Value(py.Str("first")):
		return py.Int(0)
	}
	return py.Int(limit)
}

func number(v py.Value) float64 {
	switch v := v.(type) {
	case py.Int:
		return float64(v)
	case py.Float:
		return float64(v)
	case py.Bool:
		if v {
			return 1
		}
	}
	return 0
}

type entry struct {
	effective, own float64
	label          string
	n              *node
}

type queue []entry

func (q *queue) push(e entry) { heap.Push(q, e) }
func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(entry)) }
func (q *queue) Pop() any     { old := *q; n := len(old) - 1; e := old[n]; *q = old[:n]; return e }
func (q queue) Less(i, j int) bool {
	a, b := q[i], q[j]
	return cmp.Or(cmp.Compare(a.effective, b.effective), cmp.Compare(a.own, b.own),
		strings.Compare(a.label, b.label), strings.Compare(a.n.id, b.n.id)) < 0
}

// aggregator groups chunks of one state module that do not depend on each
// other, in the order in which they run.
type aggregator struct {
	g      *Graph
	groups map[string][]*node // by state: the first node of each group
	sizes  map[*node]int
}

func (a *aggregator) add(n *node) {
	if a.sizes == nil {
		a.sizes = map[*node]int{}
	}
	for i, first := range a.groups[n.state] {
		if a.sizes[first] >= maxGroup {
			continue
		}
		from := first
		if first.group != nil {
			from = first.group
		}
		if reaches(from, n) {
			continue
		}
		if first.group == nil {
			g := a.g.addNode(fmt.Sprintf("__aggregate_%s_%d__", n.state, i))
			g.state = n.state
			a.join(g, first)
		}
		a.join(first.group, n)
		a.sizes[first]++
		return
	}
	a.groups[n.state] = append(a.groups[n.state], n)
	a.sizes[n] = 1
}

// join makes n a member of the aggregate, which takes over its edges.
func (a *aggregator) join(g, n *node) {
	for _, e := range n.in.list {
		for _, kind := range e.kinds {
			addEdge(e.n, g, kind)
		}
	}
	for _, e := range n.out.list {
		for _, kind := range e.kinds {
			addEdge(g, e.n, kind)
		}
	}
	n.group = g
	g.members = append(g.members, n)
}

func reaches(from, to *node) bool {
	seen := map[*node]bool{}
	stack := []*node{from}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if n == to {
			return true
		}
		if seen[n] {
			continue
		}
		seen[n] = true
		for _, e := range n.out.list {
			stack = append(stack, e.n)
		}
	}
	return false
}

// cycle describes one cycle in Salt's words.
func (g *Graph) cycle() string {
	var parts []string
	for _, e := range g.findCycle() {
		kind := e.kind
		if kind == Require && !e.to.chunk.Has(kind.String()) {
			kind = Prereq // the edge stands for the prereq that was declared
		}
		parts = append(parts, fmt.Sprintf("(%s, '%s', %s)", describe(e.to.chunk), kind, describe(e.from.chunk)))
	}
	return strings.Join(parts, ", ")
}

func describe(c *py.Dict) string {
	d := py.NewDict()
	d.SetStr("SLS", py.None)
	if sls, ok := c.GetStr("__sls__"); ok {
		d.SetStr("SLS", sls)
	}
	d.SetStr("ID", c.Lookup("__id__"))
	if text(c, "__id__") != text(c, "name") {
		d.SetStr("NAME", c.Lookup("name"))
	}
	return py.Repr(d)
}

type edge struct {
	from, to *node
	kind     Req
}

// findCycle finds a cycle by depth-first search without recursion, so that a
// tree of 100,000 chained states cannot exhaust the stack.
func (g *Graph) findCycle() []edge {
	const (
		white = iota
		grey
		black
	)
	colour := map[*node]int{}
	parent := map[*node]edge{}
	type frame struct {
		n *node
		i int
	}
	for _, root := range g.order {
		if colour[root] != white {
			continue
		}
		colour[root] = grey
		stack := []frame{{n: root}}
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if f.i == len(f.n.out.list) {
				colour[f.n] = black
				stack = stack[:len(stack)-1]
				continue
			}
			e := f.n.out.list[f.i]
			f.i++
			switch colour[e.n] {
			case grey:
				cycle := []edge{{f.n, e.n, e.kinds[0]}}
				for n := f.n; n != e.n; {
					p := parent[n]
					cycle = append(cycle, p)
					n = p.from
				}
				slices.Reverse(cycle)
				return cycle
			case white:
				colour[e.n] = grey
				parent[e.n] = edge{f.n, e.n, e.kinds[0]}
				stack = append(stack, frame{n: e.n})
			}
		}
	}
	return nil
}
