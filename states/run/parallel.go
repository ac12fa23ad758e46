package run

import (
	"context"
	"fmt"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/graph"
	"pinch/states/low"
)

// process is a state that runs beside the others (parallel: True).
type process struct {
	tag   string
	start func()
	done  chan *py.Dict // nil before it is started
}

// startParallel starts a state beside the others, or queues it when
// state_max_parallel are running. The return is Salt's placeholder; reap puts
// the real result in its place.
func (e *engine) startParallel(ctx context.Context, c *low.Chunk, f *modules.Func) *py.Dict {
	p := &process{tag: graph.Tag(c.Data)}
	p.start = func() {
		p.done = make(chan *py.Dict, 1)
		go func() {
			p.done <- e.guarded(ctx, c, f)
		}()
	}
	comment := "Waiting to be started in a separate process, max_parallel hit"
	if e.mayStart() {
		p.start()
		comment = "Started in a separate process"
	}
	e.procs[p.tag] = p
	return py.DictOf("name", py.OrNone(c.Data.Lookup("name")), "result", py.None, "changes", py.NewDict(), "comment", py.Str(comment))
}

// guarded is invoke with its retries and with a panic as a failed state.
func (e *engine) guarded(ctx context.Context, c *low.Chunk, f *modules.Func) (d *py.Dict) {
	defer func() {
		if p := recover(); p != nil {
			e.Log.Error("panic in a parallel state", "state", c.FullName(), "id", c.ID(), "panic", p)
			d = failure(c, exceptionComment(p))
		}
	}()
	once := func() *py.Dict {
		d, err := e.invoke(ctx, c, f, false)
		if err != nil {
			return failure(c, e.errorComment(err))
		}
		return unify(d)
	}
	start := e.Host.Now()
	d = once()
	d.SetStr("start_time", startTime(start))
	d.SetStr("duration", milliseconds(e.Host.Now().Sub(start)))
	d.SetStr("__parallel__", py.True)
	if c.Data.Has("retry") {
		d = e.retryParallel(ctx, c, d, once)
	}
	return d
}

// retryParallel runs a parallel state again as Salt does there, which is not
// how it does elsewhere: attempts count the retries and not the runs, the
// comment tells of each retry's own result, and a retried return has lost
// __parallel__.
func (e *engine) retryParallel(ctx context.Context, c *low.Chunk, d *py.Dict, once func() *py.Dict) *py.Dict {
	o := verifyRetry(c.Data.Lookup("retry"))
	if e.Bundle.Test {
		d.SetStr("comment", py.Str(o.announce((&low.Result{Data: d}).Comment())))
		return d
	}
	for attempt := 1; o.attempts >= int64(attempt); attempt++ {
		if same, err := py.Equal(o.until, d.Lookup("result")); err != nil || same {
			break
		}
		if e.Sleep(ctx, seconds(o.interval+splay(o.splay))) != nil {
			break
		}
		again := once()
		r := low.Result{Data: again}
		comment := ""
		if r.Comment() != "" {
			comment = fmt.Sprintf("Attempt %d: Returned a result of \"%s\", with the following comment: \"%s\"",
				attempt, py.ToStr(py.OrNone(again.Lookup("result"))), r.Comment())
		}
		again.SetStr("comment", py.Str((&low.Result{Data: d}).Comment()+"\n"+comment))
		again.SetStr("duration", addMilliseconds(d.Lookup("duration"), py.Float(o.interval*1000)))
		if attempt == 1 {
			again.SetStr("start_time", d.Lookup("start_time"))
		}
		d = again
	}
	return d
}

func addMilliseconds(v py.Value, ms py.Float) py.Value {
	f, _ := v.(py.Float)
	return f + ms
}

func (e *engine) mayStart() bool {
	most, ok := py.AsInt(py.OrNone(e.opts.Lookup("state_max_parallel")))
	if !ok || most <= 0 {
		return true
	}
	n := int64(0)
	for _, p := range e.procs {
		if p.done != nil {
			n++
		}
	}
	return n < most
}

// reap takes the results of the parallel states that have ended, and starts
// queued ones. It says whether none is left.
func (e *engine) reap(running *results) bool {
	for _, r := range running.list {
		if p := e.procs[r.Tag]; p != nil {
			e.reapOne(p, running)
		}
	}
	return len(e.procs) == 0
}

// reapOne says whether p has ended; then its result is in place.
func (e *engine) reapOne(p *process, running *results) bool {
	if e.procs[p.tag] == nil {
		return true
	}
	if p.done == nil {
		if e.mayStart() {
			p.start()
			if r := running.get(p.tag); r != nil {
				r.Data.SetStr("comment", py.Str("Started in a separate process"))
			}
		}
		return false
	}
	select {
	case d := <-p.done:
		e.settle(p, d, running)
		return true
	default:
		return false
	}
}

func (e *engine) settle(p *process, d *py.Dict, running *results) {
	delete(e.procs, p.tag)
	r := running.get(p.tag)
	if r == nil { // a mod_watch: its state's own result stands
		return
	}
	r.Data.Update(d)
	e.send(r)
}

// waitFor waits until p has ended.
func (e *engine) waitFor(p *process, running *results) {
	for e.procs[p.tag] != nil {
		if p.done != nil {
			e.settle(p, <-p.done, running)
			return
		}
		if !e.mayStart() {
			e.settleAny(running)
			continue
		}
		p.start()
	}
}

// settleAny waits for any running parallel state.
func (e *engine) settleAny(running *results) {
	for _, p := range e.procs {
		if p.done != nil {
			e.settle(p, <-p.done, running)
			return
		}
	}
}

// waitOne waits a moment's worth for a chunk that waits on parallel states:
// until any of them has ended.
func (e *engine) waitOne() {
	for _, p := range e.procs {
		if p.done != nil {
			d := <-p.done
			p.done <- d // reap takes it
			return
		}
	}
}

// finishParallel waits for all parallel states.
func (e *engine) finishParallel(running *results) {
	for len(e.procs) > 0 {
		e.reap(running)
		for _, p := range e.procs {
			e.waitFor(p, running)
			break
		}
	}
}
