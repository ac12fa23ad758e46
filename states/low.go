package states

import (
	"regexp"
	"slices"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/py"
	"pinch/states/graph"
)

// compileHigh makes the low chunks of high data, in the order in which they
// run (Salt: compile_high_data).
func (c *compiler) compileHigh(high *py.Dict, errs *problems) ([]*py.Dict, error) {
	g := graph.New(high.Len())
	aggregate := c.opts.Lookup("state_aggregate")
	var chunks []*py.Dict
	for id, body := range high.All() {
		if dunder, err := startsDunder(id); err != nil {
			return nil, err
		} else if dunder {
			continue
		}
		d, ok := body.(*py.Dict)
		if !ok {
			return nil, py.AttributeErrorf("'%s' object has no attribute 'items'", py.TypeName(body))
		}
		for state, run := range d.All() {
			if dunder, err := startsDunder(state); err != nil {
				return nil, err
			} else if dunder {
				continue
			}
			made, err := c.chunksOf(id, state, d, run)
			if err != nil {
				return nil, err
			}
			for _, chunk := range made {
				if off, err := c.isDisabled(chunk); err != nil {
					return nil, err
				} else if off {
					continue
				}
				if !hashable(lookup(chunk, "name")) {
					return nil, py.TypeErrorf("unhashable type: '%s'", py.TypeName(lookup(chunk, "name")))
				}
				g.AddChunk(chunk, mayAggregate(chunk, aggregate))
				chunks = append(chunks, chunk)
			}
		}
	}
	if len(chunks) > maxChunks {
		return nil, py.Errorf("MemoryError", "the tree makes %d states for this host; the limit is %d", len(chunks), maxChunks)
	}
	c.declared = make(map[*py.Dict]int, len(chunks))
	for i, chunk := range chunks {
		c.declared[chunk] = i
	}
	return c.orderChunks(g, chunks, errs)
}

// maxChunks bounds how many states one host may have.
const maxChunks = 1_000_000

// chunksOf makes the chunks of one state of one ID: one, or one for each name.
func (c *compiler) chunksOf(id, state py.Value, body *py.Dict, run py.Value) ([]*py.Dict, error) {
	args, err := collect(run)
	if err != nil {
		return nil, err
	}
	chunk := py.NewDict()
	chunk.Grow(6 + len(args))
	put(chunk, keyState, state)
	put(chunk, keyName, id)
	for _, key := range []py.Value{keySLS, keyEnv, keyIncludedFrom} {
		if v, ok := body.GetStr(string(key.(py.Str))); ok {
			put(chunk, key, v)
		}
	}
	put(chunk, keyID, id)
	var fun py.Value
	var names []py.Value
	for _, arg := range args {
		switch a := arg.(type) {
		case py.Str:
			fun = a
		case *py.Dict:
			if names, err = chunkArgs(chunk, id, a, names); err != nil {
				return nil, err
			}
		}
	}
	if fun == nil {
		return nil, nil
	}
	// Salt copies the chunk deeply here. That is not needed as long as nothing
	// below changes a value in place; reconcileWatch takes care of that.
	if len(names) == 0 {
		put(chunk, keyFun, fun)
		return []*py.Dict{chunk}, nil
	}
	out := make([]*py.Dict, 0, len(names))
	for i, entry := range names {
		live := chunk.Copy()
		if err := applyName(live, entry); err != nil {
			return nil, err
		}
		put(live, keyNameOrder, py.Int(i+1))
		put(live, keyFun, fun)
		out = append(out, live)
	}
	return out, nil
}

// chunkArgs sets the arguments of one item of the state's list.
func chunkArgs(chunk *py.Dict, id py.Value, arg *py.Dict, names []py.Value) ([]py.Value, error) {
	for key, val := range arg.All() {
		switch key {
		case keyNames:
			var err error
			if names, err = addNames(names, val); err != nil {
				return nil, err
			}
			continue
		case keyState:
			continue // an argument cannot change the state
		case keyName:
			if _, text := val.(py.Str); !text {
				val = id
			}
		}
		if err := chunk.Set(key, val); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// addNames appends the names that are not there yet.
func addNames(names []py.Value, more py.Value) ([]py.Value, error) {
	list, err := collect(more)
	if err != nil {
		return nil, err
	}
	texts := make(map[string]bool, len(names)+len(list))
	var others []py.Value // such as mappings, of which there are few
	known := func(n py.Value) (bool, error) {
		if s, ok := n.(py.Str); ok {
			had := texts[string(s)]
			texts[string(s)] = true
			return had, nil
		}
		had, err := member(others, n)
		if err == nil && !had {
			others = append(others, n)
		}
		return had, err
	}
	for _, n := range names {
		if _, err := known(n); err != nil {
			return nil, err
		}
	}
	for _, n := range list {
		if had, err := known(n); err != nil {
			return nil, err
		} else if !had {
			names = append(names, n)
		}
	}
	return names, nil
}

// applyName gives a chunk one entry of names: a name, or a mapping of the name
// to arguments of its own.
func applyName(live *py.Dict, entry py.Value) error {
	d, ok := entry.(*py.Dict)
	if !ok {
		put(live, keyName, entry)
		return nil
	}
	name, own, err := onlyEntry(d)
	if err != nil {
		return err
	}
	put(live, keyName, name)
	list, err := py.Collect(own)
	if err != nil {
		return err
	}
	for _, args := range list {
		if err := py.UpdateDict(live, args); err != nil {
			return err
		}
	}
	return nil
}

// isDisabled says whether the grain state_runs_disabled forbids the state.
func (c *compiler) isDisabled(chunk *py.Dict) (bool, error) {
	v, ok := c.grains.GetStr("state_runs_disabled")
	if !ok {
		return false, nil
	}
	patterns, err := py.Collect(v)
	if err != nil {
		return false, err
	}
	full := str(lookup(chunk, "state")) + "." + str(lookup(chunk, "fun"))
	for _, p := range patterns {
		if fnmatch.Match(str(p), full) {
			c.out.Disabled = append(c.out.Disabled, DisabledState{Chunk: chunk, Pattern: str(p)})
			return true, nil
		}
	}
	return false, nil
}

// DisabledState is a state that the grain state_runs_disabled takes out.
type DisabledState struct {
	Chunk   *py.Dict
	Pattern string
}

// mayAggregate says whether chunks of this state may be run as one: the state
// module can, and the option state_aggregate or the chunk says so.
func mayAggregate(chunk *py.Dict, option py.Value) bool {
	if v, ok := chunk.GetStr("aggregate"); ok {
		option = v
	}
	state := str(lookup(chunk, "state"))
	if !contains(aggregateStates, state) {
		return false
	}
	switch o := option.(type) {
	case py.Bool:
		return bool(o)
	case *py.List:
		in, err := member(o.Items, py.Str(state))
		return err == nil && in
	}
	return false
}

// cycleSLS finds the SLS in Salt's words about a cycle.
var cycleSLS = regexp.MustCompile(`'SLS': (?:'([^']*)'|"([^"]*)")`)

// orderChunks checks the requisites and sorts (Salt: order_chunks).
func (c *compiler) orderChunks(g *graph.Graph, chunks []*py.Dict, errs *problems) ([]*py.Dict, error) {
	limit := int64(1)
	for _, chunk := range chunks {
		if err := c.reconcileWatch(chunk); err != nil {
			return nil, err
		}
		if text := g.AddRequisites(chunk, c.disabled); text != "" {
			errs.add(c.requisiteError(chunk, text))
			continue
		}
		if v, ok := chunk.GetStr("order"); ok {
			if n, isInt := py.AsInt(v); isInt && n > limit-1 && n > 0 {
				limit = n + 100
			}
		}
	}
	sorted, cycle := g.Order(limit)
	if cycle != "" {
		e := problem(ClassReqCycle, "", "Recursive requisites were found: %s", cycle)
		if m := cycleSLS.FindStringSubmatch(cycle); m != nil {
			e.SLS = m[1] + m[2]
			e.Pos.File = c.fileOf(e.SLS)
		}
		errs.add(e)
	}
	return sorted, nil
}

// requisiteError makes the error for a requisite that cannot be met.
func (c *compiler) requisiteError(chunk *py.Dict, text string) *Error {
	class := ClassOther
	switch {
	case strings.HasPrefix(text, "Referenced state does not exist"):
		class = ClassReqMissing
	case strings.HasPrefix(text, "Requisite ["):
		class = ClassReqNotString
	}
	e := problem(class, str(lookup(chunk, "__sls__")), "%s", text)
	e.Pos = c.positionOf(str(lookup(chunk, "__env__")), e.SLS, str(lookup(chunk, "__id__")), str(lookup(chunk, "state")))
	return e
}

// reconcileWatch turns watch into require for state modules that cannot watch
// (Salt: _reconcile_watch_req).
func (c *compiler) reconcileWatch(chunk *py.Dict) error {
	if contains(watchStates, str(lookup(chunk, "state"))) {
		return nil
	}
	for _, pair := range [][2]string{{"watch", "require"}, {"watch_any", "require_any"}} {
		v, ok := chunk.GetStr(pair[0])
		if !ok {
			continue
		}
		l, err := setDefaultList(chunk, pair[1])
		if err != nil {
			return err
		}
		chunk.DeleteStr(pair[0])
		joined := py.NewList(slices.Clone(l.Items)...) // the list may be another chunk's too
		if err := extendList(joined, v); err != nil {
			return err
		}
		chunk.SetStr(pair[1], joined)
	}
	return nil
}
