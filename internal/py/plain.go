package py

// Plain returns a copy of v in which OrderedDicts are dicts, at any depth in
// dicts and lists.
func Plain(v Value) Value {
	switch v := v.(type) {
	case *Dict:
		out := NewDict()
		for k, x := range v.All() {
			_ = out.Set(k, Plain(x)) // k is a key already
		}
		return out
	case *List:
		out := NewList()
		for _, x := range v.Items {
			out.Append(Plain(x))
		}
		return out
	}
	return v
}
