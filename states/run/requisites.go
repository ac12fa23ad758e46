package run

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"pinch/internal/py"
	"pinch/states/graph"
	"pinch/states/low"
)

// status is what a chunk's requisites say about it.
type status int

const (
	met status = iota
	unmet
	waits // for a parallel state
	failed
	skipReq
	skipWatch
	preNoChange
	onFailOK
	onChangesNone
	changed
)

// requisite is one dependency with the kind it was declared as.
type requisite struct {
	kind   graph.Req
	chunks []*py.Dict
}

// checkRequisites looks at the results of a chunk's requisites.
//
// Each kind yields a set of findings; a kind of the _any or _all form then
// drops some of its own (one success makes up for failures in require_any).
// The findings of all kinds together decide, the gravest first.
func (e *engine) checkRequisites(c *py.Dict, running *results) (status, []requisite) {
	reqs := e.requisites(c)
	found := map[string]bool{}
	pending := false
	for _, r := range reqs {
		own := map[string]bool{}
		pre := r.kind == graph.Prereq
		result := func(tag string) *low.Result {
			if pre {
				return e.pre[tag]
			}
			return running.get(tag)
		}
		pending = e.reconcile(c, r, result, running)
		for _, rc := range r.chunks {
			res := result(graph.Tag(rc))
			switch {
			case res == nil:
				own["unmet"] = true
			case pending:
			default:
				e.judge(r.kind, res, own)
			}
		}
		forgive(r.kind, own)
		for k := range own {
			found[k] = true
		}
	}
	return decide(found, pending), reqs
}

// reconcile waits for the parallel states among a requisite's chunks. A chunk
// that is parallel itself does not wait: true means try again later.
func (e *engine) reconcile(c *py.Dict, r requisite, result func(string) *low.Result, running *results) bool {
	for _, rc := range r.chunks {
		tag := graph.Tag(rc)
		p := e.procs[tag]
		if p == nil || result(tag) == nil {
			continue
		}
		if py.IsTrue(py.OrNone(c.Lookup("parallel"))) {
			if !e.reapOne(p, running) {
				return true
			}
			continue
		}
		e.waitFor(p, running)
	}
	return false
}

// judge adds what one requisite's result means for its kind.
func (e *engine) judge(kind graph.Req, res *low.Result, own map[string]bool) {
	if py.IsTrue(py.OrNone(res.Data.Lookup("skip_req"))) {
		own["skip_req"] = true
	}
	result := res.Result()
	switch kind {
	case graph.OnFail, graph.OnFailAny, graph.OnFailAll:
		if result == low.True {
			own["onfail"] = true
			return
		}
	case graph.OnChanges, graph.OnChangesAny:
		if result == low.False || !res.Changed() {
			own["onchanges"] = true
		} else {
			own["onchangesmet"] = true
		}
		return
	default:
		if result == low.False {
			own["fail"] = true
			return
		}
	}
	if (kind == graph.Watch || kind == graph.WatchAny) && res.Changed() {
		own["change"] = true
		return
	}
	if kind == graph.Prereq {
		if result == low.None {
			own["premet"] = true
		} else {
			own["pre"] = true
		}
		return
	}
	if ran, ok := res.Data.GetStr("__state_ran__"); !ok || py.IsTrue(ran) {
		own["met"] = true
	}
}

func forgive(kind graph.Req, own map[string]bool) {
	switch kind {
	case graph.RequireAny, graph.OnChangesAny, graph.WatchAny, graph.OnFailAny, graph.OnFail:
		if own["met"] || own["change"] {
			delete(own, "fail")
		}
		if own["onchangesmet"] {
			delete(own, "onchanges")
			delete(own, "fail")
		}
		if own["onfail"] && own["met"] {
			delete(own, "onfail")
		}
	case graph.OnFailAll:
		if own["onfail"] {
			delete(own, "met")
		}
	}
}

func decide(found map[string]bool, pending bool) status {
	switch {
	case found["unmet"]:
		return unmet
	case pending:
		return waits
	case found["fail"]:
		return failed
	case found["skip_req"] && (found["onchangesmet"] || found["premet"]):
		return skipReq
	case found["skip_req"] && found["change"]:
		return skipWatch
	case found["pre"] && found["premet"]:
		return met
	case found["pre"]:
		return preNoChange
	case found["onfail"] && !found["onchangesmet"]:
		return onFailOK
	case found["onchanges"] && !found["onchangesmet"]:
		return onChangesNone
	case found["change"]:
		return changed
	case found["onfail"]:
		return onFailOK
	}
	return met
}

// requisites groups a chunk's dependencies by kind, in order of first mention.
func (e *engine) requisites(c *py.Dict) []requisite {
	var out []requisite
	at := map[graph.Req]int{}
	for _, d := range e.graph.Dependencies(c) {
		i, ok := at[d.Kind]
		if !ok {
			i = len(out)
			at[d.Kind] = i
			out = append(out, requisite{kind: d.Kind})
		}
		out[i].chunks = append(out[i].chunks, d.Chunk)
	}
	return out
}

// maxDepth ends a chain of unmet requisites that never comes to rest.
const maxDepth = 20

// callChunk runs a chunk if its requisites allow it. It returns true when the
// chunk has to wait for a parallel state.
func (e *engine) callChunk(ctx context.Context, c *py.Dict, running *results, depth int) (pending bool) {
	if e.halted(ctx) {
		return false
	}
	c = e.aggregate(c, running)
	tag := graph.Tag(c)
	prereq := py.IsTrue(py.OrNone(c.Lookup("__prereq__")))
	st, reqs := e.checkRequisites(c, running)
	switch st {
	case unmet:
		return e.callUnmet(ctx, c, running, tag, depth)
	case waits:
		return true
	case skipReq:
		e.notRunResult(c, tag, low.True, "State was not run because requisites were skipped by another state", running)
		return false
	case failed:
		e.requisiteFailed(c, tag, reqs, running)
		return false
	case preNoChange:
		e.notRunResult(c, tag, low.True, "No changes detected", running)
		return false
	case onFailOK:
		e.notRunResult(c, tag, low.True, "State was not run because onfail req did not change", running)
		return false
	case onChangesNone:
		e.notRunResult(c, tag, low.True, "State was not run because none of the onchanges reqs changed", running)
		return false
	}
	if prereq {
		if r := e.call(ctx, c, running, 1); r != nil {
			e.pre[tag] = r
		}
		return false
	}
	r := e.call(ctx, c, running, 1)
	if r == nil {
		return false
	}
	switch {
	case st == skipWatch:
		r.Data.SetStr("comment", py.Str(r.Comment()+" mod_watch was not run because requisites were skipped by another state"))
	case st == changed && !r.Changed() && !py.IsTrue(py.OrNone(r.Data.Lookup("skip_watch"))):
		w := c.Copy()
		w.SetStr("sfun", py.OrNone(c.Lookup("fun")))
		w.SetStr("fun", py.Str("mod_watch"))
		w.SetStr("__reqs__", reqsDict(reqs))
		if wr := e.call(ctx, w, running, 1); wr != nil {
			r = wr
			r.Tag = tag
		}
	}
	running.set(r)
	if e.procs[tag] == nil {
		e.send(r)
	}
	return false
}

// reqsDict is __reqs__, which a mod_watch gets: kind to chunks.
func reqsDict(reqs []requisite) *py.Dict {
	d := py.NewDict()
	for _, r := range reqs {
		l := py.NewList()
		for _, c := range r.chunks {
			l.Append(c)
		}
		d.SetStr(r.kind.String(), l)
	}
	return d
}

func (e *engine) aggregate(c *py.Dict, running *results) *py.Dict {
	if py.IsTrue(py.OrNone(c.Lookup("__agg__"))) {
		return c
	}
	chunks := e.graph.AggregateChunks(c)
	f := e.Registry.State((&low.Chunk{Data: c}).FullName())
	if len(chunks) == 0 || f == nil || f.Aggregate() == nil {
		return c
	}
	c.SetStr("__agg__", py.True)
	done := py.NewDict()
	for _, r := range running.list {
		done.SetStr(r.Tag, r.Data)
	}
	return f.Aggregate()(c, chunks, done)
}

// callUnmet runs the requisites that have no result yet, then the chunk.
func (e *engine) callUnmet(ctx context.Context, c *py.Dict, running *results, tag string, depth int) bool {
	for _, d := range e.graph.Dependencies(c) {
		if running.get(graph.Tag(d.Chunk)) != nil {
			continue
		}
		if e.callChunk(ctx, d.Chunk, running, 0) {
			return true
		}
		if e.checkFailhard(d.Chunk, running) {
			e.failhard = true
		}
		if e.halted(ctx) {
			return false
		}
	}
	pending := false
	if py.IsTrue(py.OrNone(c.Lookup("__prereq__"))) {
		e.prereqRun(ctx, c, running, tag)
	} else if depth++; depth >= maxDepth {
		e.finish(running, &low.Result{Tag: tag, Data: e.identify(py.DictOf(
			"changes", py.NewDict(), "result", py.False, "comment", py.Str("Recursive requisite found"),
			"__run_num__", py.Int(e.runNum)), c)})
	} else {
		pending = e.callChunk(ctx, c, running, depth)
	}
	if e.checkFailhard(c, running) {
		e.failhard = true
	}
	return pending
}

// prereqRun runs a prereq's target in test mode, unless its own prereqs say
// that it would not run either.
func (e *engine) prereqRun(ctx context.Context, c *py.Dict, running *results, tag string) {
	st, _ := e.checkRequisites(c, running)
	if st == preNoChange {
		e.pre[tag] = &low.Result{Tag: tag, Data: e.notRunData(c, low.True, "No changes detected")}
		return
	}
	r := e.call(ctx, c, running, 1)
	if r == nil {
		return
	}
	if st == changed && !r.Changed() { // it would run its mod_watch
		r.Data.SetStr("changes", py.DictOf("watch", py.Str("watch")))
		r.Data.SetStr("result", py.None)
	}
	e.pre[tag] = r
}

// requisiteFailed gives the result of a chunk that a failed requisite stops.
func (e *engine) requisiteFailed(c *py.Dict, tag string, reqs []requisite, running *results) {
	if pre := e.pre[tag]; pre != nil {
		// the announced changes of its test run will not be made
		if pre.Changed() {
			pre.Data.SetStr("changes", py.NewDict())
		}
		pre.Data.SetStr("__run_num__", e.nextRunNum())
		e.identify(pre.Data, c)
		e.finish(running, pre)
		return
	}
	names := map[string]bool{}
	for _, r := range reqs {
		for _, rc := range r.chunks {
			t := graph.Tag(rc)
			res := e.pre[t]
			if res == nil {
				res = running.get(t)
			}
			if res != nil && res.Result() == low.False {
				names[py.ToStr(py.OrNone(rc.Lookup("__sls__")))+"."+py.ToStr(py.OrNone(rc.Lookup("__id__")))] = true
			}
		}
	}
	list := make([]string, 0, len(names))
	for n := range names {
		list = append(list, n)
	}
	sort.Strings(list)
	e.notRunResult(c, tag, low.False, "One or more requisite failed: "+strings.Join(list, ", "), running)
}

func (e *engine) notRunResult(c *py.Dict, tag string, result low.Tri, comment string, running *results) {
	r := &low.Result{Tag: tag, Data: e.notRunData(c, result, comment)}
	if py.IsTrue(py.OrNone(c.Lookup("__prereq__"))) {
		e.pre[tag] = r
	}
	e.finish(running, r)
}

func (e *engine) notRunData(c *py.Dict, result low.Tri, comment string) *py.Dict {
	d := py.DictOf("changes", py.NewDict(), "result", result.Value(), "duration", py.Float(0),
		"start_time", startTime(e.Host.Now()), "comment", py.Str(comment),
		"__state_ran__", py.False, "__run_num__", e.nextRunNum())
	return e.identify(d, c)
}

func (e *engine) identify(d, c *py.Dict) *py.Dict {
	for _, k := range []string{"__sls__", "__id__", "name"} {
		d.SetStr(k, py.OrNone(c.Lookup(k)))
	}
	return d
}

func startTime(t time.Time) py.Value {
	s := t.Format("15:04:05.000000")
	return py.Str(strings.TrimSuffix(s, ".000000"))
}

func milliseconds(d time.Duration) py.Value { return py.Float(float64(d.Microseconds()) / 1000) }

func exceptionComment(err any) string {
	return fmt.Sprintf("An exception occurred in this state: %v", err)
}
