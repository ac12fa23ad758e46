package states

import "pinch/internal/py"

// copyHigh copies of high data what the passes below change: the mapping of
// IDs, the states of each, their lists of arguments and the lists of
// requisites. All else is shared with the original, which stays what it was.
//
// Two IDs may share a list by a YAML alias, and Salt's passes then change it
// for both: with aliases the copy keeps what is shared shared.
func copyHigh(high *py.Dict, aliases bool) (*py.Dict, error) {
	if aliases {
		return py.DeepCopy(high).(*py.Dict), nil
	}
	out := high.Copy()
	for id, body := range high.All() {
		var n py.Value
		switch b := body.(type) {
		case *py.Dict:
			n = copyBody(b)
		case *py.List: // __extend__, __exclude__
			n = py.DeepCopy(b)
		default:
			continue
		}
		if err := out.Set(id, n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func copyBody(body *py.Dict) *py.Dict {
	out := body.Copy()
	for key, run := range body.All() {
		l, ok := run.(*py.List)
		if !ok {
			continue
		}
		items := make([]py.Value, len(l.Items), len(l.Items)+2)
		for i, arg := range l.Items {
			items[i] = arg
			d, ok := arg.(*py.Dict)
			if !ok || d.Len() == 0 {
				continue
			}
			if k, v, err := onlyEntry(d); err == nil && isRequisite(k) {
				if req, ok := v.(*py.List); ok {
					own := d.Copy()
					_ = own.Set(k, py.NewList(append([]py.Value(nil), req.Items...)...)) // k is a key already
					items[i] = own
				}
			}
		}
		_ = out.Set(key, py.NewList(items...)) // key is a key already
	}
	return out
}
