package states

import (
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/py"
)

// reqType is a direct requisite; the order is Salt's order of precedence.
type reqType uint8

const (
	onfail reqType = iota
	onfailAny
	onfailAll
	require
	requireAny
	onchanges
	onchangesAny
	watch
	watchAny
	prereq
	prerequired
	listen
)

var reqNames = [...]string{"onfail", "onfail_any", "onfail_all", "require", "require_any", "onchanges",
	"onchanges_any", "watch", "watch_any", "prereq", "prerequired", "listen"}

func (t reqType) String() string { return reqNames[t] }

// edgeTypes are the requisites that order states, in the order in which Salt
// looks at them.
var edgeTypes = []reqType{require, requireAny, watch, watchAny, prereq, onfail, onfailAny, onfailAll, onchanges, onchangesAny}

// graph is Salt's dependency graph: a node for each chunk, and one more for
// each chunk that another one names in prereq, which is the same chunk run in
// test mode. An edge leads from what is required to what requires it; between
// two nodes there is at most one edge of each type.
type graph struct {
	nodes  []*node
	byTag  map[string]*node
	lookup map[refKey]*refs
	refs   []*refs // in the order in which they came
	bySLS  map[string]*refs
	slsIn  []string
}

type node struct {
	tag      string
	chunk    *py.Dict
	out, in  []*link
	outIdx   map[*node]*link
	inDegree int
	test     *node // the node that runs this chunk in test mode
	childMin number
	hasMin   bool

	key number2
	lab string
}

// link is all edges between two nodes.
type link struct {
	from, to *node
	types    []reqType
}

func (l *link) has(t reqType) bool {
	for _, x := range l.types {
		if x == t {
			return true
		}
	}
	return false
}

// refKey is what a requisite may name: a state type, or "id", and a name.
type refKey struct{ kind, name string }

// refs is the nodes that a name stands for.
type refs struct {
	key   refKey
	nodes []*node
	seen  map[*node]bool
}

func newGraph() *graph {
	return &graph{byTag: map[string]*node{}, lookup: map[refKey]*refs{}, bySLS: map[string]*refs{}}
}

// tagOf is Salt's tag of a chunk.
func tagOf(chunk *py.Dict) (string, error) {
	var b strings.Builder
	for i, key := range []string{"state", "__id__", "name", "fun"} {
		if i > 0 {
			b.WriteString("_|-")
		}
		v, ok := chunk.GetStr(key)
		if !ok {
			return "", py.KeyError(py.Str(key))
		}
		s, err := py.StrErr(v)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// addChunk adds a chunk. A later chunk with the tag of an earlier one takes
// its place.
func (g *graph) addChunk(chunk *py.Dict) error {
	tag, err := tagOf(chunk)
	if err != nil {
		return err
	}
	n := g.node(tag)
	n.chunk = chunk
	state, name, id := lookup(chunk, "state"), lookup(chunk, "name"), lookup(chunk, "__id__")
	for _, pair := range [][2]py.Value{{state, name}, {state, id}, {py.Str("id"), id}, {py.Str("id"), name}} {
		kind, ok1 := pair[0].(py.Str)
		text, ok2 := pair[1].(py.Str)
		if !hashable(pair[1]) {
			return py.TypeErrorf("unhashable type: '%s'", pair[1].Type())
		}
		if !ok1 || !ok2 {
			continue // no requisite can name what is no text
		}
		g.ref(refKey{string(kind), string(text)}).add(n)
	}
	if sls := lookup(chunk, "__sls__"); py.IsTrue(sls) {
		g.slsRef(str(sls)).add(n)
	}
	if from := lookup(chunk, "__sls_included_from__"); py.IsTrue(from) {
		list, err := py.Collect(from)
		if err != nil {
			return err
		}
		for _, sls := range list {
			g.slsRef(str(sls)).add(n)
		}
	}
	return nil
}

func (g *graph) node(tag string) *node {
	n, ok := g.byTag[tag]
	if !ok {
		n = &node{tag: tag}
		g.byTag[tag] = n
		g.nodes = append(g.nodes, n)
	}
	return n
}

func (g *graph) ref(k refKey) *refs {
	r, ok := g.lookup[k]
	if !ok {
		r = &refs{key: k}
		g.lookup[k] = r
		g.refs = append(g.refs, r)
	}
	return r
}

func (g *graph) slsRef(sls string) *refs {
	r, ok := g.bySLS[sls]
	if !ok {
		r = &refs{}
		g.bySLS[sls] = r
		g.slsIn = append(g.slsIn, sls)
	}
	return r
}

func (r *refs) add(n *node) {
	if len(r.nodes) < 8 {
		for _, x := range r.nodes {
			if x == n {
				return
			}
		}
		r.nodes = append(r.nodes, n)
		return
	}
	if r.seen == nil {
		r.seen = map[*node]bool{}
		for _, x := range r.nodes {
			r.seen[x] = true
		}
	}
	if !r.seen[n] {
		r.seen[n] = true
		r.nodes = append(r.nodes, n)
	}
}

// edge adds an edge unless it is there.
func (g *graph) edge(from, to *node, t reqType) {
	l := from.outIdx[to]
	if l == nil {
		l = &link{from: from, to: to}
		from.out = append(from.out, l)
		to.in = append(to.in, l)
		if from.outIdx == nil {
			from.outIdx = map[*node]*link{}
		}
		from.outIdx[to] = l
	}
	if !l.has(t) {
		l.types = append(l.types, t)
	}
}

// addRequisites adds the edges of a chunk's requisites. The first requisite
// that cannot be met is returned as an error of the tree.
func (g *graph) addRequisites(chunk *py.Dict, disabled []string) (*Error, error) {
	present := false
	for _, name := range reqNames {
		present = present || chunk.Has(name)
	}
	if !present {
		return nil, nil
	}
	for _, t := range edgeTypes {
		v, ok := chunk.GetStr(t.String())
		if !ok || !py.IsTrue(v) || contains(disabled, t.String()) {
			continue
		}
		list, err := py.Collect(v)
		if err != nil {
			return nil, err
		}
		for _, ref := range list {
			if e, err := g.addRequisite(chunk, t, ref); e != nil || err != nil {
				return e, err
			}
		}
	}
	return nil, nil
}

func (g *graph) addRequisite(chunk *py.Dict, t reqType, ref py.Value) (*Error, error) {
	if s, ok := ref.(py.Str); ok {
		ref = py.DictOf("id", s)
	}
	d, ok := ref.(*py.Dict)
	if !ok {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'items'", ref.Type())
	}
	k, val, err := onlyEntry(d)
	if err != nil {
		return nil, err
	}
	if dotted, err := in(py.Str("."), k); err != nil {
		return nil, err
	} else if dotted {
		k = py.Str(splitDot(string(k.(py.Str)))[0])
	}
	kind := string(k.(py.Str))
	name, sls := str(lookup(chunk, "name")), str(lookup(chunk, "__sls__"))
	switch v := val.(type) {
	case py.NoneType:
		return nil, nil
	case py.Str:
		found, err := g.depend(chunk, t, kind, string(v))
		if err != nil || found {
			return nil, err
		}
		return problem(ClassReqMissing, sls, "Referenced state does not exist for requisite [%s: (%s: %s)] in state [%s] in SLS [%s]",
			t, kind, string(v), name, sls), nil
	}
	return problem(ClassReqNotString, sls, "Requisite [%s: %s] in state [%s] in SLS [%s] must have a string as the value",
		t, kind, name, sls), nil
}

// depend adds the edges of one requisite; found is false when it names nothing.
func (g *graph) depend(chunk *py.Dict, t reqType, kind, name string) (found bool, err error) {
	tag, err := tagOf(chunk)
	if err != nil {
		return false, err
	}
	n := g.node(tag)
	testRun := py.IsTrue(lookup(chunk, "__prereq__"))
	switch pattern := isPattern(name); {
	case kind == "sls" && pattern:
		p := fnmatch.Compile(name)
		for _, sls := range g.slsIn {
			if p.Match(sls) {
				g.addEdges(n, testRun, t, g.bySLS[sls].nodes)
			}
		}
		return true, nil // a pattern that matches no SLS is no error
	case kind == "sls":
		r, ok := g.bySLS[name]
		if ok {
			g.addEdges(n, testRun, t, r.nodes)
		}
		return ok, nil
	case pattern:
		p := fnmatch.Compile(name)
		for _, r := range g.refs {
			if r.key.kind == kind && p.Match(r.key.name) {
				found = true
				g.addEdges(n, testRun, t, r.nodes)
			}
		}
		return found, nil
	}
	r, ok := g.lookup[refKey{kind, name}]
	if ok {
		g.addEdges(n, testRun, t, r.nodes)
	}
	return ok, nil
}

func isPattern(s string) bool { return strings.ContainsAny(s, "*?[]") }

func (g *graph) addEdges(n *node, testRun bool, t reqType, targets []*node) {
	for _, target := range targets {
		if t == prereq {
			g.addPrereq(n, target)
			continue
		}
		if testRun {
			g.edge(target, g.testNode(n), t)
		}
		g.edge(target, n, t)
	}
}

// testNode returns the node that runs n's chunk in test mode.
func (g *graph) testNode(n *node) *node {
	if n.test == nil {
		n.test = g.node(n.tag + "_|-__prereq_test__")
	}
	return n.test
}

// addPrereq: n runs only if target would change something. target runs in
// test mode before n, and really after it.
func (g *graph) addPrereq(n, target *node) {
	n.chunk.SetStr("__prerequiring__", py.True)
	target.chunk.SetStr("__prereq__", py.True)
	fresh := target.test == nil
	test := g.testNode(target)
	if fresh {
		test.chunk = target.chunk
		for _, l := range append([]*link(nil), target.in...) {
			for _, t := range l.types {
				if t != prereq {
					g.edge(l.from, test, t)
				}
			}
		}
	}
	g.edge(test, n, prereq)
	g.edge(n, target, require)
	if n.test != nil {
		g.edge(test, n.test, prereq)
	}
}
