// Package graph is the dependency graph of low chunks: who requires, watches
// or prereqs whom. The compiler orders the chunks with it, the state engine
// asks it for a chunk's requisites. It is a leaf that the shim links.
//
// The rules are those of Salt 3008 (salt/utils/requisite.py): a node for each
// chunk, found by state and name, state and ID, bare ID or bare name, or SLS;
// an edge for each requisite, one per kind between two nodes; a second node
// for a chunk that is the target of a prereq, which stands for its run in test
// mode. Where Salt's order comes from a set it is the order of declaration
// here.
package graph

import (
	"fmt"
	"slices"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/py"
)

// Req is a kind of requisite. The values are ordered by weight: of a chunk's
// dependents, those of the heaviest kind decide how far it moves forward.
type Req int

// The kinds of requisites, lightest first.
const (
	OnFail Req = iota
	OnFailAny
	OnFailAll
	Require
	RequireAny
	OnChanges
	OnChangesAny
	Watch
	WatchAny
	Prereq
	Prerequired
	Listen
)

var reqNames = [...]string{
	"onfail", "onfail_any", "onfail_all", "require", "require_any", "onchanges",
	"onchanges_any", "watch", "watch_any", "prereq", "prerequired", "listen",
}

// String returns Salt's keyword.
func (r Req) String() string { return reqNames[r] }

// declared are the kinds that a chunk declares, in the order in which Salt
// adds them to the graph.
var declared = []Req{
	Require, RequireAny, Watch, WatchAny, Prereq, OnFail, OnFailAny, OnFailAll, OnChanges, OnChangesAny,
}

// Tag returns a chunk's key in results: state_|-id_|-name_|-fun.
func Tag(chunk *py.Dict) string {
	return text(chunk, "state") + "_|-" + text(chunk, "__id__") + "_|-" + text(chunk, "name") + "_|-" + text(chunk, "fun")
}

func text(d *py.Dict, key string) string {
	switch v := d.Lookup(key).(type) {
	case nil:
		return ""
	case py.Str:
		return string(v)
	default:
		return py.ToStr(v)
	}
}

// Graph is a dependency graph. It is not safe for concurrent use.
type Graph struct {
	nodes map[string]*node
	order []*node // as added
	// lookup finds nodes by (state module, name or ID) and by ("id", name or ID).
	lookup     map[[2]string]*nodeSet
	lookupKeys [][2]string
	sls        map[string]*nodeSet
	slsNames   []string

	matched map[[2]string][]*nodeSet // what a pattern means, until a chunk is added
	edges   int

	spare     []node // to take from: they are made many at a time
	spareSets []nodeSet
}

const slab = 64

// maxEdges bounds the graph. Patterns can make an edge from each chunk to each
// other.
const maxEdges = 2_000_000

type node struct {
	id        string
	chunk     *py.Dict // nil for an aggregate
	state     string
	aggregate bool // may be aggregated
	out, in   edges
	group     *node   // the aggregate that it is part of
	members   []*node // of an aggregate
}

type nodeSet struct {
	list []*node
	has  map[*node]bool
	// first is the list of a set of one.
	first [1]*node
}

// add adds a node once. Most sets are small and need no index.
func (s *nodeSet) add(n *node) {
	const small = 8
	if len(s.list) < small {
		if !slices.Contains(s.list, n) {
			s.list = append(s.list, n)
		}
		return
	}
	if s.has == nil {
		s.has = make(map[*node]bool, 4*small)
		for _, m := range s.list {
			s.has[m] = true
		}
	}
	if !s.has[n] {
		s.has[n] = true
		s.list = append(s.list, n)
	}
}

// edges are grouped by the node at the other end, in order of first mention.
type edges struct {
	list []edgeGroup
	at   map[*node]int // place in list; nil while it is short
}

type edgeGroup struct {
	n     *node
	kinds []Req
}

func (e *edges) add(n *node, kind Req) {
	i := e.find(n)
	if i < 0 {
		i = len(e.list)
		e.list = append(e.list, edgeGroup{n: n})
		if e.at != nil {
			e.at[n] = i
		}
	}
	if !slices.Contains(e.list[i].kinds, kind) {
		e.list[i].kinds = append(e.list[i].kinds, kind)
	}
}

// find returns the place of a node in the list, -1 when it is not there. Most
// lists are short and need no index.
func (e *edges) find(n *node) int {
	const small = 8
	if e.at == nil && len(e.list) > small {
		e.at = make(map[*node]int, 4*small)
		for i := range e.list {
			e.at[e.list[i].n] = i
		}
	}
	if e.at != nil {
		if i, ok := e.at[n]; ok {
			return i
		}
		return -1
	}
	for i := range e.list {
		if e.list[i].n == n {
			return i
		}
	}
	return -1
}

// New returns an empty graph with room for n chunks.
func New(n int) *Graph {
	return &Graph{
		nodes: make(map[string]*node, n), lookup: make(map[[2]string]*nodeSet, 3*n), sls: map[string]*nodeSet{},
		order: make([]*node, 0, n), lookupKeys: make([][2]string, 0, 3*n),
	}
}

// Len returns the number of nodes.
func (g *Graph) Len() int { return len(g.nodes) }

func (g *Graph) addNode(id string) *node {
	if n := g.nodes[id]; n != nil {
		return n
	}
	if len(g.spare) == 0 {
		g.spare = make([]node, slab)
	}
	n := &g.spare[0]
	g.spare = g.spare[1:]
	n.id = id
	g.nodes[id] = n
	g.order = append(g.order, n)
	return n
}

func addEdge(from, to *node, kind Req) {
	from.out.add(to, kind)
	to.in.add(from, kind)
}

// AddChunk adds a chunk. aggregate says that its state module aggregates and
// that aggregation is switched on for it.
func (g *Graph) AddChunk(chunk *py.Dict, aggregate bool) {
	g.matched = nil
	n := g.addNode(Tag(chunk))
	n.chunk, n.state, n.aggregate = chunk, text(chunk, "state"), aggregate
	name, id := text(chunk, "name"), text(chunk, "__id__")
	g.index(n.state, name, n)
	g.index(n.state, id, n)
	g.index("id", id, n)
	g.index("id", name, n)
	if sls := text(chunk, "__sls__"); sls != "" {
		g.indexSLS(sls, n)
	}
	if from, ok := chunk.Lookup("__sls_included_from__").(*py.List); ok {
		for _, sls := range from.Items {
			g.indexSLS(py.ToStr(sls), n)
		}
	}
}

func (g *Graph) index(state, value string, n *node) {
	key := [2]string{state, value}
	s := g.lookup[key]
	if s == nil {
		if len(g.spareSets) == 0 {
			g.spareSets = make([]nodeSet, slab)
		}
		s = &g.spareSets[0]
		g.spareSets = g.spareSets[1:]
		s.list = s.first[:0]
		g.lookup[key] = s
		g.lookupKeys = append(g.lookupKeys, key)
	}
	s.add(n)
}

func (g *Graph) indexSLS(sls string, n *node) {
	s := g.sls[sls]
	if s == nil {
		s = &nodeSet{}
		g.sls[sls] = s
		g.slsNames = append(g.slsNames, sls)
	}
	s.add(n)
}

// AddRequisites adds the edges for a chunk's requisites. disabled are the
// kinds that the option disabled_requisites switches off. The result is
// Salt's error text, or "".
func (g *Graph) AddRequisites(chunk *py.Dict, disabled []string) string {
	var n *node
	if g.edges > maxEdges {
		return "" // said already
	}
	for _, kind := range declared {
		refs, ok := chunk.GetStr(kind.String())
		if !ok || !py.IsTrue(refs) || slices.Contains(disabled, kind.String()) {
			continue
		}
		items, err := py.Collect(refs)
		if err != nil {
			return err.Error()
		}
		for _, ref := range items {
			key, value, ok := reference(ref)
			if !ok {
				continue
			}
			if _, none := value.(py.NoneType); none {
				continue
			}
			val, isText := value.(py.Str)
			if !isText {
				return fmt.Sprintf("Requisite [%s: %s] in state [%s] in SLS [%s] must have a string as the value",
					kind, key, text(chunk, "name"), slsText(chunk))
			}
			if n == nil {
				n = g.nodes[Tag(chunk)]
			}
			hasTest := py.IsTrue(chunk.Lookup("__prereq__"))
			if n == nil || !g.depend(n, hasTest, kind, key, string(val)) {
				return fmt.Sprintf("Referenced state does not exist for requisite [%s: (%s: %s)] in state [%s] in SLS [%s]",
					kind, key, val, text(chunk, "name"), slsText(chunk))
			}
		}
	}
	if g.edges > maxEdges {
		return fmt.Sprintf("the requisites of the tree are more than %d: the last one was of state [%s] in SLS [%s]",
			maxEdges, text(chunk, "name"), slsText(chunk))
	}
	return ""
}

func slsText(chunk *py.Dict) string {
	if v, ok := chunk.GetStr("__sls__"); ok {
		return py.ToStr(v)
	}
	return "None"
}

// reference splits a requisite item: a bare text is an ID, and a function
// after the state module ("file.managed: x") is dropped.
func reference(ref py.Value) (key string, value py.Value, ok bool) {
	switch ref := ref.(type) {
	case py.Str:
		return "id", ref, true
	case *py.Dict:
		for k, v := range ref.All() {
			key, _, _ = strings.Cut(py.ToStr(k), ".")
			return key, v, true
		}
	}
	return "", nil, false
}

func isPattern(s string) bool { return strings.ContainsAny(s, "*?[]") }

func (g *Graph) depend(n *node, hasTest bool, kind Req, key, val string) bool {
	if key == "sls" {
		if !isPattern(val) {
			s := g.sls[val]
			if s == nil {
				return false
			}
			g.addReqs(n, hasTest, kind, s.list)
			return true
		}
		// a pattern for SLS names may match nothing
		for _, s := range g.matchSLS(val) {
			g.addReqs(n, hasTest, kind, s.list)
		}
		return true
	}
	if isPattern(val) {
		sets := g.match(key, val)
		for _, s := range sets {
			g.addReqs(n, hasTest, kind, s.list)
		}
		return len(sets) > 0
	}
	s := g.lookup[[2]string{key, val}]
	if s == nil {
		return false
	}
	g.addReqs(n, hasTest, kind, s.list)
	return true
}

// match returns the sets of nodes whose name or ID a pattern matches.
func (g *Graph) match(key, pattern string) []*nodeSet {
	return g.remember([2]string{key, pattern}, func(p *fnmatch.Pattern) (out []*nodeSet) {
		for _, k := range g.lookupKeys {
			if k[0] == key && p.Match(k[1]) {
				out = append(out, g.lookup[k])
			}
		}
		return out
	})
}

// matchSLS returns the sets of nodes of the SLS that a pattern matches.
func (g *Graph) matchSLS(pattern string) []*nodeSet {
	return g.remember([2]string{"sls", pattern}, func(p *fnmatch.Pattern) (out []*nodeSet) {
		for _, sls := range g.slsNames {
			if p.Match(sls) {
				out = append(out, g.sls[sls])
			}
		}
		return out
	})
}

func (g *Graph) remember(key [2]string, find func(*fnmatch.Pattern) []*nodeSet) []*nodeSet {
	sets, ok := g.matched[key]
	if !ok {
		if g.matched == nil {
			g.matched = map[[2]string][]*nodeSet{}
		}
		sets = find(fnmatch.Compile(key[1]))
		g.matched[key] = sets
	}
	return sets
}

func (g *Graph) addReqs(n *node, hasTest bool, kind Req, targets []*node) {
	for _, t := range targets {
		if g.edges++; g.edges > maxEdges {
			return
		}
		if kind == Prereq {
			g.addPrereq(n, t)
			continue
		}
		if hasTest {
			addEdge(t, g.addNode(testID(n.id)), kind)
		}
		addEdge(t, n, kind)
	}
}

func testID(id string) string { return id + "_|-__prereq_test__" }

// addPrereq lets n run only when target would change something: target's run
// in test mode comes first, then n, then target itself.
func (g *Graph) addPrereq(n, target *node) {
	n.chunk.SetStr("__prerequiring__", py.True)
	target.chunk.SetStr("__prereq__", py.True)
	check := g.nodes[testID(target.id)]
	if check == nil || check.chunk == nil {
		check = g.addNode(testID(target.id))
		check.chunk, check.state = target.chunk, target.state
		for _, e := range target.in.list {
			for _, kind := range e.kinds {
				if kind != Prereq {
					addEdge(e.n, check, kind)
				}
			}
		}
	}
	addEdge(check, n, Prereq)
	addEdge(n, target, Require)
	// n's own test run, if it has one, has to know what target would do
	if own := g.nodes[testID(n.id)]; own != nil && own.chunk != nil {
		addEdge(check, own, Prereq)
	}
}

// Dependency is one requisite of a chunk.
type Dependency struct {
	Kind  Req
	Chunk *py.Dict
}

// Dependencies returns what a chunk depends on, in order of declaration. For a
// chunk that is to run in test mode for a prereq (__prereq__) they are those
// of its test run.
func (g *Graph) Dependencies(chunk *py.Dict) []Dependency {
	id := Tag(chunk)
	if py.IsTrue(chunk.Lookup("__prereq__")) {
		id = testID(id)
	}
	n := g.nodes[id]
	if n == nil {
		return nil
	}
	var out []Dependency
	for _, e := range n.in.list {
		for _, kind := range e.kinds {
			if e.n.chunk != nil {
				out = append(out, Dependency{Kind: kind, Chunk: e.n.chunk})
				continue
			}
			for _, m := range e.n.members {
				out = append(out, Dependency{Kind: kind, Chunk: m.chunk})
			}
		}
	}
	return out
}

// AggregateChunks returns the chunks that may be run together with chunk, in
// order, chunk included; nil when it is not aggregated.
func (g *Graph) AggregateChunks(chunk *py.Dict) []*py.Dict {
	n := g.nodes[Tag(chunk)]
	if n == nil || n.group == nil {
		return nil
	}
	var out []*py.Dict
	for _, m := range n.group.members {
		out = append(out, m.chunk)
	}
	return out
}
