package states

import "pinch/internal/py"

// The keys that every chunk has, as values: made once, not for each chunk.
//
//nolint:gochecknoglobals // constants, but for their type
var (
	keyState        py.Value = py.Str("state")
	keyFun          py.Value = py.Str("fun")
	keyName         py.Value = py.Str("name")
	keyNames        py.Value = py.Str("names")
	keyNameOrder    py.Value = py.Str("name_order")
	keyOrder        py.Value = py.Str("order")
	keyID           py.Value = py.Str("__id__")
	keySLS          py.Value = py.Str("__sls__")
	keyEnv          py.Value = py.Str("__env__")
	keyIncludedFrom py.Value = py.Str("__sls_included_from__")
)

// put sets one of these keys.
func put(d *py.Dict, key, v py.Value) { _ = d.Set(key, v) } // a text can always be a key

// collect is py.Collect without the copy of a list, which must not be changed.
func collect(v py.Value) ([]py.Value, error) {
	if l, ok := v.(*py.List); ok {
		return l.Items, nil
	}
	return py.Collect(v)
}
