package states

import (
	"context"
	"slices"
	"strings"

	"pinch/internal/py"
)

// problems collects what is wrong, in Salt's order.
type problems struct{ list []*Error }

func (p *problems) add(e *Error) { p.list = append(p.list, e) }

// matched is which SLS of which environments are to be rendered, in order.
type matched struct {
	order []string
	sls   map[string][]py.Value
}

func newMatched() *matched { return &matched{sls: map[string][]py.Value{}} }

func (m *matched) has(env string) bool {
	_, ok := m.sls[env]
	return ok
}

func (m *matched) envs() []string { return m.order }

// open makes sure that the environment is there.
func (m *matched) open(env string) {
	if !m.has(env) {
		m.order = append(m.order, env)
		m.sls[env] = nil
	}
}

func (m *matched) add(env string, sls py.Value) {
	m.open(env)
	m.sls[env] = append(m.sls[env], sls)
}

// dict returns the matches as Salt shows them.
func (m *matched) dict() *py.Dict {
	d := py.NewOrderedDict()
	for _, env := range m.order {
		d.SetStr(env, py.NewList(append([]py.Value(nil), m.sls[env]...)...))
	}
	return d
}

// renderHighstate renders all matched SLS into one high data dict (Salt:
// render_highstate).
func (c *compiler) renderHighstate(ctx context.Context, matches *matched, errs *problems) (*py.Dict, error) {
	high := py.NewOrderedDict()
	var names []string // kept from one turn to the next where an environment is missing, as in Salt
	for _, env := range matches.order {
		for _, m := range matches.sls[env] {
			pattern, isText := m.(py.Str)
			switch {
			case !c.available(env) && !c.available("__env__"):
				errs.add(problem(ClassEnvMissing, "", "No matching salt environment for environment '%s' found", env))
			case !isText:
				return nil, py.TypeErrorf("expected str, bytes or os.PathLike object, not %s", py.TypeName(m))
			case c.available(env):
				names = c.filter(env, string(pattern))
			default:
				names = c.filter("__env__", string(pattern))
			}
			if len(names) == 0 {
				names = []string{str(m)}
			}
			for _, sls := range names {
				if c.mods[env+":"+sls] {
					continue
				}
				var own problems
				state, err := c.renderState(ctx, sls, env, matches, &own)
				if err != nil {
					return nil, err
				}
				if py.IsTrue(state) {
					if err := c.mergeIncluded(high, state, &own); err != nil {
						return nil, err
					}
				}
				notFound(own.list, str(m), env)
				errs.list = append(errs.list, own.list...)
			}
		}
	}
	return high, cleanDuplicateExtends(high)
}

// notFound rewords the error of an SLS that was asked for and is not there.
func notFound(list []*Error, sls, env string) {
	for i, e := range list {
		if strings.Contains(e.Message, "is not available") && strings.Contains(e.Message, "SLS "+sls+" in saltenv") {
			list[i] = problem(ClassSLSMissing, sls, "No matching sls found for '%s' in env '%s'", sls, env)
		}
	}
}

// cleanDuplicateExtends splits the extends into single IDs and drops equal
// ones (Salt: clean_duplicate_extends).
func cleanDuplicateExtends(high *py.Dict) error {
	v, ok := high.GetStr("__extend__")
	if !ok {
		return nil
	}
	list, err := py.Collect(v)
	if err != nil {
		return err
	}
	type entry struct{ k, v py.Value }
	var seen []entry
	out := py.NewList()
	for _, ext := range list {
		d, ok := ext.(*py.Dict)
		if !ok {
			return py.AttributeErrorf("'%s' object has no attribute 'items'", py.TypeName(ext))
		}
		for k, v := range d.All() {
			dup := false
			for _, s := range seen {
				if eq, err := py.Equal(s.k, k); err != nil {
					return err
				} else if !eq {
					continue
				}
				if dup, err = py.Equal(s.v, v); err != nil {
					return err
				}
				if dup {
					break
				}
			}
			if dup {
				continue
			}
			seen = append(seen, entry{k, v})
			one := py.NewDict()
			if err := one.Set(k, v); err != nil {
				return err
			}
			out.Append(one)
		}
	}
	high.SetStr("__extend__", out)
	return nil
}

// handleIorder numbers the states that have no order of their own (Salt:
// _handle_iorder). A body that is no collection ends it, as Salt's does.
func (c *compiler) handleIorder(state *py.Dict) error {
	if !py.IsTrue(c.opts.Lookup("state_auto_order")) {
		return nil
	}
	for _, body := range state.All() {
		d, ok := body.(*py.Dict)
		if !ok {
			if _, err := py.Iterate(body); err != nil {
				return nil // Salt only logs the TypeError
			}
			continue
		}
		for key, run := range d.All() {
			name, isText := key.(py.Str)
			l, isList := run.(*py.List)
			if !isText || !isList || strings.HasPrefix(string(name), "_") {
				continue
			}
			if !hasOrder(l) {
				order := py.NewDict()
				put(order, keyOrder, py.Int(c.iorder))
				l.Append(order)
				c.iorder++
			}
		}
	}
	return nil
}

func hasOrder(l *py.List) bool {
	for _, arg := range l.Items {
		d, ok := arg.(*py.Dict)
		if !ok || d.Len() == 0 {
			continue
		}
		if k, err := firstKey(d); err == nil && k == keyOrder {
			return true
		}
	}
	return false
}

// handleStateDecls splits dotted states and notes where each ID comes from
// (Salt: _handle_state_decls).
func handleStateDecls(state *py.Dict, sls, env string, errs *problems) error {
	slsValue, envValue := py.Value(py.Str(sls)), py.Value(py.Str(env))
	for _, id := range state.Keys() {
		body, _, err := state.Get(id)
		if err != nil {
			return err
		}
		d, ok := body.(*py.Dict)
		if !ok {
			if id == py.Value(py.Str("__extend__")) || id == py.Value(py.Str("__exclude__")) {
				continue
			}
			if s, ok := body.(py.Str); ok && strings.Contains(string(s), ".") {
				parts := splitDot(string(s))
				short := py.DictOf("__sls__", py.Str(sls), "__env__", py.Str(env))
				short.SetStr(parts[0], py.NewList(py.Str(parts[1])))
				if err := state.Set(id, short); err != nil {
					return err
				}
				continue
			}
			errs.add(problem(ClassIDNotDict, sls, "ID %s in SLS %s is not a dictionary", str(id), sls))
			continue
		}
		if err := splitDotted(d, func() {
			errs.add(problem(ClassTypeRepeated, sls,
				"ID '%s' in SLS '%s' contains multiple state declarations of the same type", str(id), sls))
		}); err != nil {
			return err
		}
		if !d.Has("__sls__") {
			put(d, keySLS, slsValue)
		}
		if !d.Has("__env__") {
			put(d, keyEnv, envValue)
		}
	}
	return nil
}

// splitDotted turns `file.managed: [...]` into `file: [..., managed]`, behind
// the other keys. A second one of the same type is left and reported.
func splitDotted(d *py.Dict, repeated func()) error {
	var seen []string
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
		if !ok {
			continue
		}
		name := string(key.(py.Str))
		if !strings.Contains(name, ".") {
			seen = append(seen, name)
			continue
		}
		parts := splitDot(name)
		if slices.Contains(seen, parts[0]) {
			repeated()
			continue
		}
		d.DeleteStr(name)
		d.SetStr(parts[0], l)
		l.Append(py.Str(parts[1]))
		seen = append(seen, parts[0])
	}
	return nil
}
