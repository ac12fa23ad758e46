// Package run is the state engine: it runs a bundle's chunks on a host with
// Salt's semantics of requisites, conditions, retries, parallel states and
// listeners, in apply and in test mode. It is linked by the shim.
//
// The rules are those of Salt 3008 (salt/state.py, State.call_chunks and what
// it calls); the graph of requisites is package states/graph.
package run

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"pinch/internal/fetch"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/graph"
	"pinch/states/low"
)

// Options are what a run needs.
type Options struct {
	Bundle   *low.Bundle
	Registry *modules.Registry
	Host     host.Host
	// Sources returns the sources of a chunk.
	Sources func(*low.Chunk) modules.Sources
	// Remote answers what only the controller can.
	Remote modules.Caller
	// Fetch gets things from the web; nil gets nothing.
	Fetch fetch.Fetcher
	// Memo is shared with calls made before the run; nil makes a new one.
	Memo *modules.Memo
	// Each is called for every result, in the order in which they come about;
	// an error ends the run (the controller is gone).
	Each func(low.Result) error
	// Starting is called before a state runs, n counting from 1.
	Starting func(n, total int, c *low.Chunk)
	// InRun says that functions are called by a run (modules.Call.InRun).
	InRun bool
	// Output receives what long commands print.
	Output io.Writer
	// Stop, when closed, lets the running state end and leaves out the rest.
	Stop <-chan struct{}
	Log  modules.Logger
	// Sleep waits between retries; nil is a real wait.
	Sleep func(context.Context, time.Duration) error
}

// Run runs the bundle. The error is that of the connection or the context;
// failed states are results.
func Run(ctx context.Context, o Options) (low.Summary, error) {
	e := newEngine(o)
	results, err := e.runAll(ctx)
	for _, r := range results.list {
		e.summary.Add(*r)
	}
	return e.summary, err
}

type engine struct {
	Options
	opts    *py.Dict
	funcs   *Functions
	graph   *graph.Graph
	chunks  []*low.Chunk // unique, in order of first appearance
	order   []*py.Dict   // as they are to run: prereq targets stand twice
	byTag   map[string]*low.Chunk
	pre     map[string]*low.Result // results of prereq test runs
	procs   map[string]*process
	runNum  int
	started int
	// failhard is set when a state that fails hard ended the run from within
	// a requisite.
	failhard bool
	running  *results
	summary  low.Summary
	sendErr  error
}

// results are the results by tag, in order.
type results struct {
	mu   sync.RWMutex // parallel states look at results too
	list []*low.Result
	at   map[string]int
}

func newResults() *results { return &results{at: map[string]int{}} }

func (r *results) get(tag string) *low.Result {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if i, ok := r.at[tag]; ok {
		return r.list[i]
	}
	return nil
}

func (r *results) set(res *low.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i, ok := r.at[res.Tag]; ok {
		r.list[i] = res
		return
	}
	r.at[res.Tag] = len(r.list)
	r.list = append(r.list, res)
}

func newEngine(o Options) *engine {
	if o.Memo == nil {
		o.Memo = modules.NewMemo()
	}
	if o.Output == nil {
		o.Output = io.Discard
	}
	if o.Log == nil {
		o.Log = modules.NoLog{}
	}
	if o.Sleep == nil {
		o.Sleep = modules.Sleep
	}
	e := &engine{
		Options: o, opts: o.Bundle.Opts, graph: graph.New(len(o.Bundle.Chunks)), byTag: map[string]*low.Chunk{},
		pre: map[string]*low.Result{}, procs: map[string]*process{},
	}
	if e.opts == nil {
		e.opts = py.NewDict()
	}
	o.InRun = true
	e.funcs = NewFunctions(o, e.opts)
	for i := range o.Bundle.Chunks {
		c := &o.Bundle.Chunks[i]
		tag := c.Tag()
		if first := e.byTag[tag]; first != nil {
			e.order = append(e.order, first.Data) // the second stand of a prereq's target
			continue
		}
		e.byTag[tag] = c
		e.chunks = append(e.chunks, c)
		e.order = append(e.order, c.Data)
		if c.Data.Has("__prereq__") {
			c.Data.SetStr("__prereq__", py.False) // the graph sets it anew where it is due
		}
	}
	declared := slices.Clone(e.chunks)
	slices.SortStableFunc(declared, func(a, b *low.Chunk) int { return cmp.Compare(a.Declared, b.Declared) })
	for _, c := range declared {
		e.graph.AddChunk(c.Data, e.mayAggregate(c))
	}
	for _, c := range declared {
		// the compiler has refused bad requisites already
		e.graph.AddRequisites(c.Data, disabledRequisites(e.opts))
	}
	if e.aggregates() {
		e.graph.Order(1)
	}
	return e
}

func disabledRequisites(opts *py.Dict) []string {
	switch v := opts.Lookup("disabled_requisites").(type) {
	case py.Str:
		return []string{string(v)}
	case *py.List:
		var out []string
		for _, it := range v.Items {
			out = append(out, py.ToStr(it))
		}
		return out
	}
	return nil
}

func (e *engine) mayAggregate(c *low.Chunk) bool {
	v, ok := c.Data.GetStr("aggregate")
	if !ok {
		v = e.opts.Lookup("state_aggregate")
	}
	f := e.Registry.State(c.FullName())
	if v == nil || f == nil || f.Aggregate() == nil {
		return false
	}
	switch v := v.(type) {
	case py.Bool:
		return bool(v)
	case *py.List:
		in, err := py.Contains(v, py.Str(c.State()))
		return err == nil && in
	}
	return false
}

func (e *engine) aggregates() bool {
	for _, c := range e.chunks {
		if e.mayAggregate(c) {
			return true
		}
	}
	return false
}

// runOnly runs the chunks of one ID. Each is called by itself, knowing no
// results, so it runs its requisites before it, those of the one before it
// again, and nothing listens (Salt: modules/state.py, sls_id).
func (e *engine) runOnly(ctx context.Context) (*results, error) {
	all := newResults()
	for _, c := range e.order {
		if text(c, "__id__") != e.Bundle.Only || e.halted(ctx) {
			continue
		}
		running := newResults()
		e.running = running
		e.callChunk(ctx, c, running, 0)
		e.finishParallel(running)
		for _, r := range running.list {
			all.set(r)
		}
	}
	if e.sendErr != nil {
		return all, e.sendErr
	}
	return all, ctx.Err()
}

// runAll runs the chunks and then the listeners.
func (e *engine) runAll(ctx context.Context) (*results, error) {
	if e.Bundle.Only != "" {
		return e.runOnly(ctx)
	}
	running := newResults()
	e.running = running
	e.callChunks(ctx, e.order, running)
	if e.sendErr == nil && ctx.Err() == nil && !e.stopped() {
		e.failhard = false
		e.callListen(ctx, running)
	}
	if e.stopped() || ctx.Err() != nil {
		e.notRun(running)
	}
	if e.sendErr != nil {
		return running, e.sendErr
	}
	return running, ctx.Err()
}

func (e *engine) stopped() bool {
	select {
	case <-e.Stop:
		return true
	default:
		return false
	}
}

// notRun reports what a cancelled run left out.
func (e *engine) notRun(running *results) {
	e.summary.Cancelled = true
	for _, c := range e.chunks {
		if running.get(c.Tag()) == nil {
			e.summary.NotRun++
			e.notRunResult(c.Data, c.Tag(), low.False, "State was not run because the run was cancelled", running)
		}
	}
}

// halted says that no further state may start.
func (e *engine) halted(ctx context.Context) bool {
	return e.failhard || e.sendErr != nil || ctx.Err() != nil || e.stopped()
}

// callChunks runs chunks in order; chunks that wait for a parallel state are
// tried again before each next one.
func (e *engine) callChunks(ctx context.Context, chunks []*py.Dict, running *results) {
	var pending []*py.Dict
	retryPending := func() bool {
		var still []*py.Dict
		for i, c := range pending {
			if running.get(graph.Tag(c)) != nil {
				continue
			}
			if e.callChunk(ctx, c, running, 0) {
				still = append(still, c)
			}
			if e.halted(ctx) || e.checkFailhard(c, running) {
				pending = append(still, pending[i+1:]...)
				return false
			}
		}
		pending = still
		return true
	}
	for _, c := range chunks {
		if e.halted(ctx) || !retryPending() {
			e.finishParallel(running)
			return
		}
		e.reap(running)
		if running.get(graph.Tag(c)) != nil {
			continue
		}
		if e.callChunk(ctx, c, running, 0) {
			pending = append(pending, c)
		}
		if e.checkFailhard(c, running) {
			e.finishParallel(running)
			return
		}
	}
	for len(pending) > 0 && !e.halted(ctx) {
		if !retryPending() {
			break
		}
		e.waitOne()
	}
	e.finishParallel(running)
}

// checkFailhard says whether a chunk's result ends the run.
func (e *engine) checkFailhard(c *py.Dict, running *results) bool {
	if e.Bundle.Test {
		return false
	}
	hard, ok := c.GetStr("failhard")
	failhard := e.Bundle.FailHard
	if ok {
		failhard = py.IsTrue(hard)
	}
	r := running.get(graph.Tag(c))
	return failhard && r != nil && r.Result() == low.False
}

// finish numbers a result, keeps it and sends it.
func (e *engine) finish(running *results, r *low.Result) {
	running.set(r)
	e.send(r)
}

func (e *engine) send(r *low.Result) {
	if e.sendErr == nil && e.Each != nil {
		r.Event = e.eventOf(r)
		e.sendErr = e.Each(*r)
	}
}

// eventOf is the tag of the event that a state with fire_event makes of its
// result: it ends with what fire_event says, or the state's name.
func (e *engine) eventOf(r *low.Result) string {
	c := e.byTag[r.Tag]
	if c == nil {
		return ""
	}
	last := ""
	switch fire := c.Data.Lookup("fire_event").(type) {
	case py.Str:
		last = string(fire)
	case py.Bool:
		if fire {
			last = py.ToStr(py.OrNone(r.Data.Lookup("name")))
		}
	}
	if last == "" {
		return ""
	}
	return strings.Join([]string{"salt", "state_result", e.Bundle.JID, e.Bundle.Host, last}, "/")
}

func (e *engine) nextRunNum() py.Int {
	n := e.runNum
	e.runNum++
	return py.Int(n)
}
