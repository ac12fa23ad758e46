package states

import (
	"pinch/internal/fnmatch"
	"pinch/internal/py"
)

// handleExclude moves an SLS's exclude declaration to __exclude__ (Salt:
// _handle_exclude). What is no list is an error, and still taken apart.
func handleExclude(state *py.Dict, sls string, errs *problems) error {
	v, ok := state.DeleteStr("exclude")
	if !ok {
		return nil
	}
	if _, ok := v.(*py.List); !ok {
		errs.add(problem(ClassExcludeMalformed, sls, "Exclude Declaration in SLS %s is not formed as a list", sls))
	}
	l, err := setDefaultList(state, "__exclude__")
	if err != nil {
		return err
	}
	return extendList(l, v)
}

// applyExclude removes what __exclude__ names from the high data (Salt:
// _apply_exclude).
func (c *compiler) applyExclude(high *py.Dict) error {
	v, ok := high.DeleteStr("__exclude__")
	if !ok {
		return nil
	}
	items, err := py.Collect(v)
	if err != nil {
		return err
	}
	var patterns []*fnmatch.Pattern
	var ids []py.Value
	for _, it := range items {
		switch ex := it.(type) {
		case py.Str:
			patterns = append(patterns, fnmatch.Compile(string(ex)))
		case *py.Dict:
			if ex.Len() != 1 {
				continue
			}
			switch key, val, _ := onlyEntry(ex); key {
			case py.Value(py.Str("sls")):
				patterns = append(patterns, fnmatch.Compile(str(val)))
			case py.Value(py.Str("id")):
				ids = append(ids, val)
			}
		}
	}
	if len(patterns) > 0 {
		for id, body := range high.All() {
			if dunder, err := startsDunder(id); err != nil {
				return err
			} else if dunder {
				continue
			}
			d, ok := body.(*py.Dict)
			if !ok {
				return py.AttributeErrorf("'%s' object has no attribute 'get'", py.TypeName(body))
			}
			sls := d.String("__sls__")
			if err := c.spend(len(patterns)); err != nil {
				return err
			}
			for _, p := range patterns {
				if sls != "" && p.Match(sls) {
					ids = append(ids, id)
					break
				}
			}
		}
	}
	for _, id := range ids {
		if _, _, err := high.Delete(id); err != nil {
			return err
		}
	}
	return nil
}
