package saltfun

import (
	"pinch/internal/ipaddr"
	"pinch/internal/match"
	"pinch/internal/py"
)

func matchFuncs() []*function {
	var out []*function
	for _, m := range []struct{ fun, kind, params string }{
		{"compound", "compound", "tgt, minion_id=None"},
		{"list", "list", "tgt, minion_id=None"},
		{"pcre", "pcre", "tgt, minion_id=None"},
		{"glob", "glob", "tgt, minion_id=None"},
		{"ipcidr", "ipcidr", "tgt"},
		{"data", "data", "tgt"},
		{"grain", "grain", "tgt, delimiter=':'"},
		{"grain_pcre", "grain_pcre", "tgt, delimiter=':'"},
		{"pillar", "pillar", "tgt, delimiter=':'"},
		{"pillar_pcre", "pillar_pcre", "tgt, delimiter=':'"},
	} {
		out = append(out, parse("match."+m.fun, m.params, func(c *call) (py.Value, error) {
			delim, id := match.DefaultDelimiter, py.Value(py.None)
			if c.fn.index("delimiter") >= 0 {
				delim = delimiter(c.arg("delimiter"))
			}
			if c.fn.index("minion_id") >= 0 {
				id = c.arg("minion_id")
			}
			ok := c.h.match(m.kind, c.arg("tgt"), delim, id)
			if m.kind == "ipcidr" && !ok && !ipaddr.IsAddressOrNet(py.ToStr(c.arg("tgt"))) {
				return py.NewList(), nil // what Salt's matcher answers
			}
			return py.Bool(ok), nil
		}))
	}
	return append(out,
		parse("match.filter_by", "lookup!, tgt_type!='compound', minion_id=None, merge!=None, merge_lists=False, default='default'", matchFilterBy),
		parse("match.search_by", "lookup, tgt_type='compound', minion_id=None", matchSearchBy),
		parse("match.ifelse", "*args, tgt_type='compound', minion_id=None, merge=None, merge_lists=False", matchIfElse),
	)
}

// match says whether a minion is meant: this one, or the one named. Salt's
// functions answer False where a matcher raises.
func (h *Host) match(kind string, tgt py.Value, delim string, id py.Value) bool {
	m := h.matcher()
	if _, none := id.(py.NoneType); !none {
		m.Minion.ID = py.ToStr(id)
	}
	ok, err := m.Match(kind, tgt, delim)
	if err != nil {
		h.log("error", "match."+kind+" "+py.Repr(tgt)+": "+err.Error())
		return false
	}
	return ok
}

// matchKind maps the tgt_type of match.filter_by to a matcher.
func matchKind(v py.Value) (string, error) {
	kind := py.ToStr(v)
	if kind == "list_" {
		kind = "list"
	}
	switch kind {
	case "compound", "list", "pcre", "glob", "ipcidr", "data", "grain", "grain_pcre", "pillar", "pillar_pcre":
		return kind, nil
	}
	return "", py.KeyError(v)
}

func matchFilterBy(c *call) (py.Value, error) {
	return c.h.filterByMatch(c.arg("lookup"), c.arg("tgt_type"), c.arg("minion_id"), c.arg("merge"),
		c.is("merge_lists"), c.arg("default"))
}

func (h *Host) filterByMatch(table, tgtType, id, merge py.Value, mergeLists bool, def py.Value) (py.Value, error) {
	dict, ok := table.(*py.Dict)
	if !ok {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'get'", py.TypeName(table))
	}
	for _, key := range dict.Keys() {
		kind, err := matchKind(tgtType)
		if err != nil {
			return nil, err
		}
		if !h.match(kind, key, ":", noneIfFalse(id)) {
			continue
		}
		val, _, err := dict.Get(key)
		if err != nil {
			return nil, err
		}
		if !py.IsTrue(merge) {
			return val, nil
		}
		if _, ok := merge.(*py.Dict); !ok {
			return nil, py.Errorf("SaltException", "filter_by merge argument must be a dictionary.")
		}
		if _, none := val.(py.NoneType); none {
			return merge, nil
		}
		_, err = Update(val, py.DeepCopy(merge), true, mergeLists)
		return val, err
	}
	return dictGet(dict, def)
}

func noneIfFalse(v py.Value) py.Value {
	if !py.IsTrue(v) {
		return py.None
	}
	return v
}

func matchSearchBy(c *call) (py.Value, error) {
	dict, ok := c.arg("lookup").(*py.Dict)
	if !ok {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'items'", py.TypeName(c.arg("lookup")))
	}
	out := py.NewList()
	for key, targets := range dict.All() {
		list, err := py.Collect(targets)
		if err != nil {
			return nil, err
		}
		for _, t := range list {
			kind, err := matchKind(c.arg("tgt_type"))
			if err != nil {
				return nil, err
			}
			if c.h.match(kind, t, ":", noneIfFalse(c.arg("minion_id"))) {
				out.Append(key)
			}
		}
	}
	if out.Len() == 0 {
		return py.None, nil
	}
	return out, nil
}

// matchIfElse is match.ifelse(condition, value, ..., otherwise). True matches
// every minion and False none.
func matchIfElse(c *call) (py.Value, error) {
	args := c.rest
	switch {
	case len(args)%2 == 0:
		return nil, py.Errorf("SaltException", "The ifelse function must have an odd number of arguments!")
	case len(args) == 1:
		return args[0], nil
	}
	table := py.NewDict()
	last := len(args) - 1
	for i := 0; i < last; i += 2 {
		key := args[i]
		switch key {
		case py.Value(py.True):
			key = py.Str("*")
		case py.Value(py.False):
			key = py.Str("SALT_IFELSE_MATCH_NOTHING")
		}
		if err := table.Set(key, args[i+1]); err != nil {
			return nil, err
		}
	}
	const otherwise = "SALT_IFELSE_FUNCTION_DEFAULT"
	table.SetStr(otherwise, args[last])
	return c.h.filterByMatch(table, c.arg("tgt_type"), c.arg("minion_id"), c.arg("merge"), c.is("merge_lists"), py.Str(otherwise))
}

// IfElse is the global function ifelse of templates.
func (h *Host) IfElse() py.Callable { return &Function{h: h, name: "match.ifelse"} }
