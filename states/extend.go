package states

import (
	"strings"

	"pinch/internal/py"
)

// handleExtend moves an SLS's extend declaration to __extend__ (Salt:
// _handle_extend).
func handleExtend(state *py.Dict, sls, env string, errs *problems) error {
	v, ok := state.DeleteStr("extend")
	if !ok {
		return nil
	}
	ext, ok := v.(*py.Dict)
	if !ok {
		errs.add(problem(ClassExtendMalformed, sls, "Extension value in SLS '%s' is not a dictionary", sls))
		return nil
	}
	for name, body := range ext.All() {
		d, ok := body.(*py.Dict)
		if !ok {
			errs.add(problem(ClassExtendMalformed, sls, "Extension name '%s' in SLS '%s' is not a dictionary", str(name), sls))
			continue
		}
		if !d.Has("__sls__") {
			d.SetStr("__sls__", py.Str(sls))
		}
		if !d.Has("__env__") {
			d.SetStr("__env__", py.Str(env))
		}
		for _, key := range d.Keys() {
			if under, err := startsWith(key, "_"); err != nil {
				return err
			} else if under {
				continue
			}
			run, _, err := d.Get(key)
			if err != nil {
				return err
			}
			l, ok := run.(*py.List)
			name := string(key.(py.Str))
			if !ok || !strings.Contains(name, ".") {
				continue
			}
			parts := splitDot(name)
			d.DeleteStr(name)
			d.SetStr(parts[0], l)
			l.Append(py.Str(parts[1]))
		}
	}
	l, err := setDefaultList(state, "__extend__")
	if err != nil {
		return err
	}
	l.Append(ext)
	return nil
}

// findName returns the IDs that name means for a state type: the ID itself, or
// all IDs that have the name as an argument; for "sls" the IDs of that SLS
// (Salt: find_name).
func (c *compiler) findName(name, state py.Value, high *py.Dict, strict bool) ([]idState, error) {
	body, has, err := high.Get(name)
	if err != nil {
		return nil, err
	}
	if has {
		ok := true
		if strict {
			if ok, err = in(state, body); err != nil {
				return nil, err
			}
		}
		if ok {
			return []idState{{name, state}}, nil
		}
	}
	if err := c.spend(high.Len()); err != nil {
		return nil, err
	}
	var out []idState
	if state == py.Value(py.Str("sls")) {
		for id, body := range high.All() {
			of, err := item(body, py.Str("__sls__"))
			if err != nil {
				return nil, err
			}
			if eq, err := py.Equal(of, name); err != nil {
				return nil, err
			} else if !eq {
				continue
			}
			first, err := firstKey(body.(*py.Dict))
			if err != nil {
				return nil, err
			}
			out = append(out, idState{id, first})
		}
		return out, nil
	}
	for id, body := range high.All() {
		has, err := in(state, body)
		if err != nil {
			return nil, err
		}
		if !has {
			continue
		}
		run, err := item(body, state)
		if err != nil {
			return nil, err
		}
		l, ok := run.(*py.List)
		if !ok {
			continue
		}
		for _, arg := range l.Items {
			d, ok := arg.(*py.Dict)
			if !ok || d.Len() != 1 {
				continue
			}
			_, v, _ := onlyEntry(d)
			if eq, err := py.Equal(v, name); err != nil {
				return nil, err
			} else if eq {
				out = append(out, idState{id, state})
			}
		}
	}
	return out, nil
}

type idState struct{ id, state py.Value }

// maxCompared bounds how often an ID is looked at because an extend, a
// requisite or an exclude names something: Salt looks at all of them each time.
const maxCompared = 50_000_000

// spend counts the IDs that are looked at.
func (c *compiler) spend(n int) error {
	if c.compared += n; c.compared > maxCompared {
		return py.Errorf("MemoryError", "the extends, requisites and excludes of the tree take more than %d comparisons", maxCompared)
	}
	return nil
}

// reconcileExtend applies __extend__ to the high data (Salt: reconcile_extend).
func (c *compiler) reconcileExtend(high *py.Dict, strict bool, errs *problems) error {
	v, ok := high.DeleteStr("__extend__")
	if !ok {
		return nil
	}
	chunks, err := py.Collect(v)
	if err != nil {
		return err
	}
	for _, chunk := range chunks {
		ext, ok := chunk.(*py.Dict)
		if !ok {
			return py.AttributeErrorf("'%s' object has no attribute 'items'", py.TypeName(chunk))
		}
		for name, body := range ext.All() {
			if err := c.extendOne(high, name, body, strict, errs); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *compiler) extendOne(high *py.Dict, name, body py.Value, strict bool, errs *problems) error {
	stateType, err := firstStateType(body)
	if err != nil {
		return err
	}
	d, ok := body.(*py.Dict)
	if !ok {
		return py.AttributeErrorf("'%s' object has no attribute 'get'", py.TypeName(body))
	}
	target, has, err := high.Get(name)
	if err != nil {
		return err
	}
	if has {
		if has, err = in(stateType, target); err != nil {
			return err
		}
	}
	if !has {
		ids, err := c.findName(name, stateType, high, strict)
		if err != nil {
			return err
		}
		if len(ids) != 1 {
			c.cannotExtend(name, d, errs)
			return nil
		}
		name = ids[0].id
	}
	if excluded, err := c.isExcluded(high, d); err != nil || excluded {
		return err
	}
	target, err = item(high, name)
	if err != nil {
		return err
	}
	into, ok := target.(*py.Dict)
	if !ok {
		return py.TypeErrorf("'%s' object does not support item assignment", py.TypeName(target))
	}
	for state, run := range d.All() {
		if dunder, err := startsDunder(state); err != nil {
			return err
		} else if dunder {
			continue
		}
		old, has, err := into.Get(state)
		if err != nil {
			return err
		}
		if !has {
			if err := into.Set(state, run); err != nil {
				return err
			}
			continue
		}
		if err := extendRun(old, run); err != nil {
			return err
		}
	}
	return nil
}

func firstStateType(body py.Value) (py.Value, error) {
	keys, err := py.Collect(body)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if dunder, err := startsDunder(k); err != nil {
			return nil, err
		} else if !dunder {
			return k, nil
		}
	}
	return nil, py.Errorf("StopIteration", "")
}

func (c *compiler) cannotExtend(name py.Value, body *py.Dict, errs *problems) {
	env, sls := "base", "base"
	if v, ok := body.GetStr("__env__"); ok {
		env = str(v)
	}
	if v, ok := body.GetStr("__sls__"); ok {
		sls = str(v)
	}
	e := problem(ClassExtendMissing, sls, "Cannot extend ID '%[1]s' in '%[2]s:%[3]s'. It is not part of the high state.\n"+
		"This is likely due to a missing include statement or an incorrectly typed ID.\nEnsure that a "+
		"state with an ID of '%[1]s' is available\nin environment '%[2]s' and to SLS '%[3]s'", str(name), env, sls)
	e.Pos = c.positionOf(env, sls, "extend", str(name))
	errs.add(e)
}

// isExcluded says whether the SLS of an extend is excluded.
func (c *compiler) isExcluded(high, body *py.Dict) (bool, error) {
	v, ok := high.GetStr("__exclude__")
	if !ok {
		return false, nil
	}
	items, err := py.Collect(v)
	if err != nil {
		return false, err
	}
	if err := c.spend(len(items)); err != nil {
		return false, err
	}
	own := body.Lookup("__sls__")
	if own == nil {
		own = py.None
	}
	for _, ex := range items {
		name := ex
		if _, text := ex.(py.Str); !text {
			d, ok := ex.(*py.Dict)
			if !ok {
				return false, py.AttributeErrorf("'%s' object has no attribute 'get'", py.TypeName(ex))
			}
			if name = d.Lookup("sls"); name == nil || !py.IsTrue(name) {
				continue
			}
		}
		if eq, err := py.Equal(name, own); err != nil || eq {
			return eq, err
		}
	}
	return false, nil
}

// extendRun extends one state's arguments by another's: requisites are
// joined, other arguments and the function replaced, new ones added.
func extendRun(old, run py.Value) error {
	args, err := py.Collect(run)
	if err != nil {
		return err
	}
	l, ok := old.(*py.List)
	if !ok {
		if len(args) == 0 {
			return nil
		}
		return py.AttributeErrorf("'%s' object has no attribute 'append'", py.TypeName(old))
	}
	for _, arg := range args {
		update := false
		for i := 0; i < len(l.Items); i++ {
			_, argText := arg.(py.Str)
			if _, ok := l.Items[i].(py.Str); ok && argText {
				l.Items[i] = arg
				update = true
				continue
			}
			a, ok1 := arg.(*py.Dict)
			val, ok2 := l.Items[i].(*py.Dict)
			if !ok1 || !ok2 {
				continue
			}
			replaced, err := extendArg(l, i, a, val)
			if err != nil {
				return err
			}
			update = update || replaced
		}
		if !update {
			l.Append(arg)
		}
	}
	return nil
}

// extendArg extends the argument at i when it has the name of arg.
func extendArg(l *py.List, i int, arg, val *py.Dict) (update bool, err error) {
	first, newVal, err := onlyEntry(arg)
	if err != nil {
		return false, err
	}
	other, oldVal, err := onlyEntry(val)
	if err != nil {
		return false, err
	}
	same, err := py.Equal(first, other)
	if err != nil {
		return false, err
	}
	if same {
		update = true
		if isRequisite(first) {
			into, ok := oldVal.(*py.List)
			if !ok {
				return false, py.AttributeErrorf("'%s' object has no attribute 'extend'", py.TypeName(oldVal))
			}
			if err := extendList(into, newVal); err != nil {
				return false, err
			}
		} else {
			l.Items[i] = arg
		}
	}
	if first == py.Value(py.Str("name")) && other == py.Value(py.Str("names")) {
		l.Items[i] = arg // a name replaces names
	}
	return update, nil
}
