package states

import (
	"slices"
	"strings"

	"pinch/internal/py"
)

// inVerbs are the arguments that requisite_in works on.
var inVerbs = []string{"require_in", "watch_in", "onfail_in", "onchanges_in", "use", "use_in", "prereq_in"}

// notUsed are the arguments that use and use_in do not carry over.
var notUsed = append(slices.Clone(inVerbs), "require", "watch", "prereq", "onfail", "onfail_stop", "onchanges")

// reqIn turns the *_in requisites, use and use_in into extensions (Salt:
// requisite_in).
type reqIn struct {
	c      *compiler
	high   *py.Dict
	extend *py.Dict
	errs   *problems
	names  *nameIndex // made when it is first asked
	added  int        // requisites
}

// nameIndex finds the states that have a name: of those with the same name the
// first counts.
type nameIndex struct {
	texts  map[string]idState
	others bool // there are names that are no text
}

// maxRequisites bounds how many requisites the *_in of a host may make: one
// that names an SLS is one for each of its states.
const maxRequisites = 2_000_000

// requisiteIn applies the *_in requisites to the high data.
func (c *compiler) requisiteIn(high *py.Dict, errs *problems) error {
	r := &reqIn{c: c, high: high, extend: py.NewDict(), errs: errs}
	for id, body := range high.All() {
		d, ok := body.(*py.Dict)
		if !ok {
			continue
		}
		for state, run := range d.All() {
			if dunder, err := startsDunder(state); err != nil {
				return err
			} else if dunder {
				continue
			}
			args, err := collect(run) // only extensions are changed here
			if err != nil {
				return err
			}
			for _, arg := range args {
				a, ok := arg.(*py.Dict)
				if !ok || a.Len() < 1 {
					continue
				}
				if err := r.argument(source{id, state, d}, a); err != nil {
					return err
				}
			}
		}
	}
	ext := py.NewList()
	for k, v := range r.extend.All() {
		one := py.NewDict()
		if err := one.Set(k, v); err != nil {
			return err
		}
		ext.Append(one)
	}
	high.SetStr("__extend__", ext)
	return c.reconcileExtend(high, true, errs)
}

// source is the state that has the requisite.
type source struct {
	id, state py.Value
	body      *py.Dict
}

func (r *reqIn) argument(from source, arg *py.Dict) error {
	k, items, err := onlyEntry(arg)
	if err != nil {
		return err
	}
	key, ok := k.(py.Str)
	if !ok || !contains(inVerbs, string(key)) || contains(r.c.disabled, string(key)) {
		return nil
	}
	verb, _, _ := strings.Cut(string(key), "_")
	switch items := items.(type) {
	case *py.Dict:
		return r.single(from, verb, items)
	case *py.List:
		return r.list(from, string(key), verb, items)
	}
	return nil
}

// single is a requisite written as a mapping: {state: name}.
func (r *reqIn) single(from source, verb string, items *py.Dict) error {
	for st, name := range items.All() {
		if _, err := r.target(name, nil); err != nil {
			return err
		}
		dotted, err := in(py.Str("."), st)
		if err != nil {
			return err
		}
		if dotted {
			text := string(st.(py.Str))
			sls, err := item(from.body, py.Str("__sls__"))
			if err != nil {
				return err
			}
			short := text[:strings.IndexByte(text, '.')]
			r.errs.add(problem(ClassReqDotted, str(sls),
				"Invalid requisite in %s: %s for %s in SLS '%s'. Requisites must not contain dots, did you mean '%s'?",
				verb, text, str(name), str(sls), short))
			st = py.Str(short)
		}
		if err := r.add(from, verb, name, st); err != nil {
			return err
		}
	}
	return nil
}

// target returns the extension of an ID, made when it is new; with a state
// also the list of that state.
func (r *reqIn) target(name, state py.Value) (*py.List, error) {
	v, ok, err := r.extend.Get(name)
	if err != nil {
		return nil, err
	}
	if !ok {
		v = py.NewOrderedDict()
		if err := r.extend.Set(name, v); err != nil {
			return nil, err
		}
	}
	if state == nil {
		return nil, nil
	}
	d := v.(*py.Dict)
	run, ok, err := d.Get(state)
	if err != nil {
		return nil, err
	}
	if !ok {
		run = py.NewList()
		if err := d.Set(state, run); err != nil {
			return nil, err
		}
	}
	return run.(*py.List), nil
}

// add makes name's state require the source.
func (r *reqIn) add(from source, verb string, name, state py.Value) error {
	if r.added++; r.added > maxRequisites {
		return py.Errorf("MemoryError", "the requisites (%s_in) of the tree are more than %d", verb, maxRequisites)
	}
	run, err := r.target(name, state)
	if err != nil {
		return err
	}
	v, _, _ := r.extend.Get(name)
	ext := v.(*py.Dict)
	for _, key := range []py.Value{keyEnv, keySLS} {
		val, err := item(from.body, key)
		if err != nil {
			return err
		}
		put(ext, key, val)
	}
	one := py.NewDict()
	if err := one.Set(from.state, from.id); err != nil {
		return err
	}
	found := false
	for _, arg := range run.Items {
		if l, ok := arg.(*py.Dict).Lookup(verb).(*py.List); ok {
			l.Append(one)
			found = true
		}
	}
	if !found {
		run.Append(py.DictOf(verb, py.NewList(one)))
	}
	return nil
}

// list is a requisite written as a list. What earlier items meant is applied
// again with each further item, as Salt does.
func (r *reqIn) list(from source, key, verb string, items *py.List) error {
	var hinges []idState
	for _, it := range items.Items {
		ind, ok, err := r.reference(it)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if ind.Len() < 1 {
			continue
		}
		state, name, err := onlyEntry(ind)
		if err != nil {
			return err
		}
		if state == py.Value(py.Str("sls")) {
			if hinges, err = findSLSIDs(name, r.high); err != nil {
				return err
			}
		} else {
			hinges = append(hinges, idState{name, state})
		}
		dotted, err := in(py.Str("."), state)
		if err != nil {
			return err
		}
		if dotted {
			text := str(state)
			sls, err := item(from.body, py.Str("__sls__"))
			if err != nil {
				return err
			}
			r.errs.add(problem(ClassReqDotted, str(sls),
				"Invalid requisite in %s: %s for %s, in SLS '%s'. Requisites must not contain dots, did you mean '%s'?",
				verb, text, str(name), str(sls), text[:strings.IndexByte(text, '.')]))
		}
		for _, h := range hinges {
			switch key {
			case "use_in":
				err = r.useIn(from, h)
			case "use":
				err = r.use(from, h)
			default:
				err = r.add(from, verb, h.id, h.state)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// reference reads an item of a requisite list. A bare ID stands for the first
// state of that ID, or of the ID that has it as its name; ok is false when
// there is none, which Salt passes over in silence.
func (r *reqIn) reference(it py.Value) (d *py.Dict, ok bool, err error) {
	if d, ok := it.(*py.Dict); ok {
		return d, true, nil
	}
	body, has, err := r.high.Get(it)
	if err != nil {
		return nil, false, err
	}
	ref := py.NewDict()
	if has {
		keys, err := py.Collect(body)
		if err != nil {
			return nil, false, err
		}
		for _, k := range keys {
			if dunder, err := startsDunder(k); err != nil {
				return nil, false, err
			} else if !dunder {
				return ref, true, ref.Set(k, it)
			}
		}
		return nil, false, py.Errorf("IndexError", "list index out of range")
	}
	return r.byName(it)
}

// byName looks for the first state that has the name. (Salt goes on, and
// compares the names with what it has found, which an equal name cannot match.)
func (r *reqIn) byName(want py.Value) (*py.Dict, bool, error) {
	if text, ok := want.(py.Str); ok {
		if r.names == nil {
			var err error
			if r.names, err = indexNames(r.high); err != nil {
				return nil, false, err
			}
		}
		if !r.names.others {
			at, ok := r.names.texts[string(text)]
			if !ok {
				return nil, false, nil
			}
			found := py.NewDict()
			return found, true, found.Set(at.state, at.id)
		}
	}
	var found *py.Dict
	for id, body := range r.high.All() {
		keys, err := py.Collect(body)
		if err != nil {
			return nil, false, err
		}
		for _, st := range keys {
			if dunder, err := startsDunder(st); err != nil {
				return nil, false, err
			} else if dunder {
				continue
			}
			run, err := item(body, st)
			if err != nil {
				return nil, false, err
			}
			args, err := py.Collect(run)
			if err != nil {
				return nil, false, err
			}
			for _, arg := range args {
				a, ok := arg.(*py.Dict)
				if !ok {
					continue
				}
				name, ok := a.GetStr("name")
				if !ok {
					continue
				}
				if eq, err := py.Equal(name, want); err != nil {
					return nil, false, err
				} else if eq {
					found = py.NewDict()
					if err := found.Set(st, id); err != nil {
						return nil, false, err
					}
					want = found
				}
			}
		}
	}
	return found, found != nil, nil
}

// indexNames is the walk of byName, for all names at once.
func indexNames(high *py.Dict) (*nameIndex, error) {
	out := &nameIndex{texts: map[string]idState{}}
	for id, body := range high.All() {
		keys, err := py.Collect(body)
		if err != nil {
			return nil, err
		}
		for _, st := range keys {
			if dunder, err := startsDunder(st); err != nil {
				return nil, err
			} else if dunder {
				continue
			}
			run, err := item(body, st)
			if err != nil {
				return nil, err
			}
			args, err := collect(run)
			if err != nil {
				return nil, err
			}
			for _, arg := range args {
				a, ok := arg.(*py.Dict)
				if !ok {
					continue
				}
				switch name := a.Lookup("name").(type) {
				case nil:
				case py.Str:
					if _, has := out.texts[string(name)]; !has {
						out.texts[string(name)] = idState{id, st}
					}
				default:
					out.others = true
				}
			}
		}
	}
	return out, nil
}

// findSLSIDs returns the states of an SLS (Salt: find_sls_ids).
func findSLSIDs(sls py.Value, high *py.Dict) ([]idState, error) {
	var out []idState
	for id, body := range high.All() {
		d, ok := body.(*py.Dict)
		if !ok {
			continue // __exclude__
		}
		of, ok := d.GetStr("__sls__")
		if !ok {
			return nil, py.KeyError(py.Str("__sls__"))
		}
		if eq, err := py.Equal(of, sls); err != nil {
			return nil, err
		} else if !eq {
			continue
		}
		for st := range d.All() {
			if dunder, err := startsDunder(st); err != nil {
				return nil, err
			} else if !dunder {
				out = append(out, idState{id, st})
			}
		}
	}
	return out, nil
}

// useIn gives the source's arguments to the states that it names.
func (r *reqIn) useIn(from source, h idState) error {
	targets, err := r.c.findName(h.id, h.state, r.high, true)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if !py.IsTrue(t.id) {
			continue
		}
		run, err := r.target(t.id, t.state)
		if err != nil {
			return err
		}
		if err := r.carry(from.id, from.state, t.id, h.state, run); err != nil {
			return err
		}
	}
	return nil
}

// use gives the arguments of the states that the source names to the source.
func (r *reqIn) use(from source, h idState) error {
	used, err := r.c.findName(h.id, h.state, r.high, true)
	if err != nil {
		return err
	}
	for _, t := range used {
		if !py.IsTrue(t.id) {
			continue
		}
		run, err := r.target(from.id, from.state)
		if err != nil {
			return err
		}
		if err := r.carry(t.id, t.state, from.id, from.state, run); err != nil {
			return err
		}
	}
	return nil
}

// carry appends to run the arguments of one state that the other lacks.
func (r *reqIn) carry(id, state, toID, toState py.Value, run *py.List) error {
	has, err := stateArgs(toID, toState, r.high)
	if err != nil {
		return err
	}
	body, err := item(r.high, id)
	if err != nil {
		return err
	}
	own, err := item(body, state)
	if err != nil {
		return err
	}
	args, err := py.Collect(own)
	if err != nil {
		return err
	}
	for _, arg := range args {
		a, ok := arg.(*py.Dict)
		if !ok || a.Len() != 1 {
			continue
		}
		k, _, _ := onlyEntry(a)
		if s, ok := k.(py.Str); ok && (contains(notUsed, string(s)) || s == "name" || s == "names") {
			continue
		}
		if ignore, err := has.Contains(k); err != nil {
			return err
		} else if !ignore {
			run.Append(a)
		}
	}
	return nil
}

// stateArgs returns the names of a state's arguments (Salt: state_args).
func stateArgs(id, state py.Value, high *py.Dict) (*py.Set, error) {
	set := &py.Set{}
	body, ok, err := high.Get(id)
	if err != nil || !ok {
		return set, err
	}
	has, err := in(state, body)
	if err != nil || !has {
		return set, err
	}
	run, err := item(body, state)
	if err != nil {
		return nil, err
	}
	args, err := py.Collect(run)
	if err != nil {
		return nil, err
	}
	for _, arg := range args {
		if a, ok := arg.(*py.Dict); ok && a.Len() == 1 {
			k, _, _ := onlyEntry(a)
			if err := set.Add(k); err != nil {
				return nil, err
			}
		}
	}
	return set, nil
}
