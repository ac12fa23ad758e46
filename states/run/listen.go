package run

import (
	"context"
	"fmt"

	"pinch/internal/py"
	"pinch/states/graph"
	"pinch/states/low"
)

// target is a chunk as listen finds it: by state module and by ID or name.
type target struct {
	state, id, name string
	chunk           *py.Dict
}

func (t target) is(state, idOrName string) bool {
	// Salt looks the value up in the whole (state, id, name) key
	return t.state == state && (t.id == idOrName || t.name == idOrName || t.state == idOrName)
}

type listener struct {
	state, id string
	to        []py.Value
}

// callListen runs the mod_watch of every state that listens to one that has
// changed something, once the run is over.
func (e *engine) callListen(ctx context.Context, running *results) {
	var targets []target
	var listeners []listener
	for _, c := range e.order {
		t := target{text(c, "state"), text(c, "__id__"), text(c, "name"), c}
		targets = append(targets, t)
		if v, ok := c.GetStr("listen"); ok {
			listeners = append(listeners, listener{t.state, t.id, list(v)})
		}
		if v, ok := c.GetStr("listen_in"); ok {
			for _, item := range list(v) {
				d, isDict := item.(*py.Dict)
				if !isDict {
					continue
				}
				for k, val := range d.All() {
					listeners = append(listeners, listener{py.ToStr(k), py.ToStr(val), []py.Value{py.DictOf(t.state, py.Str(t.id))}})
				}
			}
		}
	}
	var watchers []*py.Dict
	missing := newResults()
	for _, l := range listeners {
		for _, to := range l.to {
			e.listenTo(l, to, targets, running, &watchers, missing)
		}
	}
	e.callChunks(ctx, watchers, running)
	for _, r := range missing.list {
		r.Data.SetStr("__run_num__", e.nextRunNum())
		e.finish(running, r)
	}
}

func text(d *py.Dict, key string) string {
	if v := d.Lookup(key); v != nil {
		return py.ToStr(v)
	}
	return ""
}

func (e *engine) listenTo(l listener, to py.Value, targets []target, running *results, watchers *[]*py.Dict, missing *results) {
	d, isDict := to.(*py.Dict)
	if !isDict { // a bare ID: the last chunk of that ID or name
		want := py.ToStr(to)
		for _, t := range targets {
			if t.id == want || t.name == want {
				d = py.DictOf(t.state, py.Str(t.id))
			}
		}
		if d == nil {
			return
		}
	}
	for k, v := range d.All() {
		state, id := py.ToStr(k), py.ToStr(v)
		heard := find(targets, state, id)
		if len(heard) == 0 {
			missing.set(listenError(state, id))
			continue
		}
		for _, t := range heard {
			r := running.get(graph.Tag(t.chunk))
			if r == nil || !r.Changed() {
				continue
			}
			own := find(targets, l.state, l.id)
			if len(own) == 0 {
				missing.set(listenError(l.state, l.id))
				continue
			}
			for _, o := range own {
				*watchers = append(*watchers, e.watcher(o.chunk))
			}
		}
	}
}

func find(targets []target, state, idOrName string) []target {
	var out []target
	seen := map[[3]string]bool{}
	for _, t := range targets {
		if key := [3]string{t.state, t.id, t.name}; t.is(state, idOrName) && !seen[key] {
			seen[key] = true
			out = append(out, t)
		}
	}
	return out
}

// watcher is the chunk of a listening state's mod_watch.
func (e *engine) watcher(c *py.Dict) *py.Dict {
	w := c.Copy()
	w.SetStr("sfun", py.OrNone(c.Lookup("fun")))
	w.SetStr("fun", py.Str("mod_watch"))
	w.SetStr("__id__", py.Str("listener_"+text(c, "__id__")))
	for _, k := range w.Keys() {
		if low.IsRequisite(py.ToStr(k)) {
			w.DeleteStr(py.ToStr(k))
		}
	}
	e.graph.AddChunk(w, false)
	return w
}

func listenError(state, id string) *low.Result {
	name := fmt.Sprintf("listen_%s:%s", state, id)
	return &low.Result{
		Tag: fmt.Sprintf("Listen_Error_|-listen_%s_|-listen_%s_|-Listen_Error", id, state),
		Data: py.DictOf("comment", py.Str(fmt.Sprintf("Referenced state %s: %s does not exist", state, id)),
			"name", py.Str(name), "result", py.False, "changes", py.NewDict()),
	}
}
