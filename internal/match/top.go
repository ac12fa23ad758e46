package match

import "pinch/internal/py"

// ConfirmTop says whether the entry tgt of a top file is meant for the minion.
// data is the entry's value, usually a list of SLS names; a `match: kind` item
// in it names the matcher, compound if there is none, and the last one wins.
//
// Errors are Salt's exceptions: KeyError for an unknown matcher, TypeError for
// a matcher name that is no text or data that is no list, and those of Match.
func ConfirmTop(tgt, data py.Value, m Minion, nodegroups *py.Dict) (bool, error) {
	mm := Matcher{Minion: m, Nodegroups: nodegroups}
	return mm.ConfirmTop(tgt, data)
}

// ConfirmTop is the function of that name with the Matcher's log.
func (m *Matcher) ConfirmTop(tgt, data py.Value) (bool, error) {
	items, err := py.Collect(data)
	if err != nil {
		return false, err
	}
	var kind py.Value = py.Str("compound")
	for _, it := range items {
		if d, ok := it.(*py.Dict); ok {
			if v, ok := d.GetStr("match"); ok {
				kind = v
			}
		}
	}
	switch k := kind.(type) {
	case py.Str:
		return m.Match(string(k), tgt, "")
	case *py.List, py.Tuple:
		return false, py.TypeErrorf("can only concatenate %s (not \"str\") to %s", kind.Type(), py.TypeName(kind))
	}
	return false, py.TypeErrorf("unsupported operand type(s) for +: '%s' and 'str'", py.TypeName(kind))
}
