package output

import (
	"fmt"
	"strings"

	"pinch/internal/py"
)

// compressIDs rolls the states that one ID has under several names into one
// per result, with their durations added up. Data that has another form is
// returned as it is, partly changed, as in Salt.
func compressIDs(data *py.Dict) *py.Dict {
	out := py.NewDict()
	for host, v := range data.All() {
		states, ok := v.(*py.Dict)
		if !ok {
			return data
		}
		c := &compressor{out: py.NewDict(), count: map[string]int{}}
		if !c.run(states) || out.Set(host, c.out) != nil {
			return data
		}
	}
	return out
}

type compressor struct {
	out   *py.Dict
	count map[string]int
}

// parts returns a state's group, its ID, SLS and result as text.
func parts(name py.Value, info *py.Dict) (group, id, sls, result string, ok bool) {
	n, isText := name.(py.Str)
	text := [3]string{}
	for i, k := range []string{"__id__", "__sls__", "result"} {
		v, has := info.GetStr(k)
		if !has {
			return "", "", "", "", false
		}
		text[i] = py.ToStr(v)
	}
	first, _, _ := strings.Cut(string(n), "_|-")
	id, sls, result = text[0], text[1], text[2]
	return strings.Join([]string{first, id, sls, result}, "_"), id, sls, result, isText
}

func (c *compressor) run(states *py.Dict) bool {
	for name, v := range states.All() {
		info, ok := v.(*py.Dict)
		if !ok {
			return false
		}
		group, _, _, _, ok := parts(name, info)
		if !ok {
			return false
		}
		c.count[group]++
	}
	for name, v := range states.All() {
		if !c.state(string(name.(py.Str)), v.(*py.Dict)) {
			return false
		}
	}
	return true
}

func (c *compressor) state(name string, info *py.Dict) bool {
	group, id, sls, result, _ := parts(py.Str(name), info)
	n := c.count[group]
	if n == 1 {
		c.out.SetStr(name, info)
		return true
	}
	comps := strings.Split(name, "_|-")
	if len(comps) < 3 {
		return false
	}
	comps[2] = strings.Join([]string{"state_compressed", sls, id, result}, "_")
	comps[1] = fmt.Sprintf("%s (%d)", id, n)
	name = strings.Join(comps, "_|-")
	first, ok := c.out.GetStr(name)
	if !ok {
		c.out.SetStr(name, info)
		return true
	}
	return merge(first.(*py.Dict), info)
}

// merge adds a state to the first one of its group.
func merge(into, info *py.Dict) bool {
	run, ok := lesser(info, into, "__run_num__")
	if !ok {
		return false
	}
	into.SetStr("__run_num__", run)
	a, okA := number(info.Lookup("duration"))
	b, okB := number(into.Lookup("duration"))
	if !okA || !okB {
		return false
	}
	_, intA := info.Lookup("duration").(py.Int)
	_, intB := into.Lookup("duration").(py.Int)
	if intA && intB {
		into.SetStr("duration", py.Int(a+b))
	} else {
		into.SetStr("duration", py.Float(round(a+b, 3)))
	}
	start, ok := lesser(info, into, "start_time")
	if !ok {
		return false
	}
	into.SetStr("start_time", start)
	return mergeChanges(into, info)
}

func mergeChanges(into, info *py.Dict) bool {
	const all = "compressed changes"
	changes := info.Lookup("changes")
	if changes == nil || !py.IsTrue(changes) {
		return true
	}
	name, ok := info.GetStr("name")
	if !ok {
		return false
	}
	named := py.NewDict()
	if have := into.Lookup("changes"); have != nil && py.IsTrue(have) {
		old, ok := have.(*py.Dict)
		if !ok {
			return false
		}
		if prev, ok := old.Lookup(all).(*py.Dict); ok && prev.Len() > 0 {
			return prev.Set(name, changes) == nil
		}
		first, ok := into.GetStr("name")
		if !ok || named.Set(first, old) != nil {
			return false
		}
	}
	if named.Set(name, changes) != nil {
		return false
	}
	into.SetStr("changes", py.DictOf(all, named))
	return true
}

// lesser returns the smaller of a[k] and b[k].
func lesser(a, b *py.Dict, k string) (py.Value, bool) {
	x, okX := a.GetStr(k)
	y, okY := b.GetStr(k)
	if !okX || !okY {
		return nil, false
	}
	less, err := py.Less(y, x)
	if err != nil {
		return nil, false
	}
	if less {
		return y, true
	}
	return x, true
}

func number(v py.Value) (float64, bool) {
	switch v := v.(type) {
	case py.Float:
		return float64(v), true
	case py.Int:
		return float64(v), true
	}
	return 0, false
}
