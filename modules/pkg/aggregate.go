package pkg

import (
	"slices"

	"pinch/internal/py"
)

// aggregate is Salt's mod_aggregate: packages of later states of the same
// function are installed or removed with those of this one.
func aggregate(data *py.Dict, chunks []*py.Dict, _ *py.Dict) *py.Dict {
	fun := data.String("fun")
	if !slices.Contains([]string{"installed", "latest", "removed", "purged"}, fun) {
		return data
	}
	list := "pkgs"
	if data.Has("sources") {
		list = "sources"
	}
	extra := py.NewList()
	add := func(v py.Value) {
		if l, ok := v.(*py.List); ok {
			extra.Items = append(extra.Items, l.Items...)
		}
	}
	for _, c := range chunks {
		if c.String("state") != "pkg" || c.String("fun") != fun || c.Has("__agg__") || c.Has("hold") || !same(c.Lookup("fromrepo"), data.Lookup("fromrepo")) {
			continue
		}
		switch {
		case c.Has("sources") != data.Has("sources"):
			continue
		case c.Has(list):
			add(c.Lookup(list))
		case list == "pkgs" && c.Has("name"):
			item := c.Lookup("name")
			if v := c.Lookup("version"); !py.IsNone(v) {
				d := py.NewDict()
				d.SetStr(py.ToStr(item), v)
				item = d
			}
			extra.Append(item)
		default:
			continue
		}
		c.SetStr("__agg__", py.True)
	}
	if len(extra.Items) == 0 {
		return data
	}
	out := py.NewDict()
	out.Update(data)
	all := py.NewList()
	seen := map[string]bool{}
	own, ok := data.Lookup(list).(*py.List)
	if !ok {
		// a list takes the place of name and version: they go into it
		own = py.NewList(data.Lookup("name"))
		if v := data.Lookup("version"); !py.IsNone(v) {
			d := py.NewDict()
			d.SetStr(data.String("name"), v)
			own = py.NewList(d)
			out.SetStr("version", py.None)
		}
	}
	extra.Items = append(slices.Clone(own.Items), extra.Items...)
	for _, it := range extra.Items {
		if text := py.Repr(it); !seen[text] {
			seen[text] = true
			all.Append(it)
		}
	}
	out.SetStr(list, all)
	return out
}

func same(a, b py.Value) bool { return str(a) == str(b) }
