package match

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"unicode"

	"pinch/internal/py"
	"pinch/internal/saltargs"
)

// Traverse is salt.utils.data.traverse_dict_and_list: it follows key into data
// and returns what it finds, or def. A str key is split at the delimiter, an
// int key is one step, any other iterable gives the steps.
//
// In a list a step is an index or, first, a key of one of the dicts in it. A
// step that is no key of a dict is read as YAML and tried again, so "80" also
// finds the int 80.
//
// An error is an exception that Salt lets through, such as the IndexError of a
// step behind the end of a tuple.
func Traverse(data, key, def py.Value, delimiter string) (py.Value, error) {
	var steps []py.Value
	switch k := key.(type) {
	case py.Str:
		for _, s := range strings.Split(string(k), delimiter) {
			steps = append(steps, py.Str(s))
		}
	case py.Int, *py.Long, py.Bool:
		steps = []py.Value{key}
	default:
		var err error
		if steps, err = py.Collect(key); err != nil {
			return nil, err
		}
	}
	if d, ok := data.(*py.Dict); ok && d == nil {
		data = py.NewDict()
	}
	ptr := data
	for _, step := range steps {
		next, found, err := traverseStep(ptr, step)
		if err != nil {
			return nil, err
		}
		if !found {
			return def, nil
		}
		ptr = next
	}
	return ptr, nil
}

func traverseStep(ptr, step py.Value) (next py.Value, found bool, err error) {
	if l, ok := ptr.(*py.List); ok {
		return traverseList(l, step)
	}
	v, err := getItem(ptr, step)
	switch class := errorClass(err); class {
	case "":
		return v, true, nil
	case "TypeError":
		return nil, false, nil
	case "KeyError":
	default:
		return nil, false, err
	}
	loaded := saltargs.YamlifyArg(step)
	if same, err := py.Equal(loaded, step); err != nil || same {
		return nil, false, err
	}
	v, err = getItem(ptr, loaded)
	switch errorClass(err) {
	case "":
		return v, true, nil
	case "KeyError", "TypeError":
		return nil, false, nil
	}
	return nil, false, err
}

func traverseList(l *py.List, step py.Value) (py.Value, bool, error) {
	index, isIndex, err := toIndex(step)
	if err != nil {
		return nil, false, err
	}
	key := step
	if isIndex {
		key = py.NewInt(index)
	}
	for _, it := range l.Items {
		d, ok := it.(*py.Dict)
		if !ok {
			continue
		}
		v, ok, err := d.Get(key)
		if err != nil {
			return nil, false, err
		}
		if ok {
			return v, true, nil
		}
	}
	if !isIndex {
		return nil, false, nil
	}
	v, ok := at(l.Items, index)
	return v, ok, nil
}

// toIndex is int(step); ok is false where Python raises ValueError.
func toIndex(step py.Value) (n *big.Int, ok bool, err error) {
	switch s := step.(type) {
	case py.Str:
		n, ok = parseInt(string(s))
		return n, ok, nil
	case py.Float:
		f := float64(s)
		if f != f {
			return nil, false, nil // ValueError: cannot convert float NaN to integer
		}
		if math.IsInf(f, 0) {
			return nil, false, py.Errorf("OverflowError", "cannot convert float infinity to integer")
		}
		n, _ = big.NewFloat(f).Int(nil)
		return n, true, nil
	}
	if n, ok := py.AsBig(step); ok {
		return n, true, nil
	}
	return nil, false, py.TypeErrorf("int() argument must be a string, a bytes-like object or a real number, not '%s'", py.TypeName(step))
}

// parseInt reads a decimal int as Python's int(text) does: blanks around it, a
// sign, single underscores between digits, digits of any script.
func parseInt(s string) (*big.Int, bool) {
	s = strings.TrimFunc(s, unicode.IsSpace)
	var b strings.Builder
	if s != "" && (s[0] == '+' || s[0] == '-') {
		b.WriteByte(s[0])
		s = s[1:]
	}
	prevDigit := false
	for _, r := range s {
		switch {
		case r == '_' && prevDigit:
			prevDigit = false
		case unicode.Is(unicode.Nd, r):
			b.WriteByte('0' + digitValue(r))
			prevDigit = true
		default:
			return nil, false
		}
	}
	if !prevDigit {
		return nil, false
	}
	return new(big.Int).SetString(b.String(), 10)
}

// digitValue returns the value of a decimal digit: in every script the ten
// digits are consecutive and start a run of the category Nd.
func digitValue(r rune) byte {
	if r < 0x80 {
		return byte(r - '0')
	}
	start := r
	for unicode.Is(unicode.Nd, start-1) {
		start--
	}
	return byte((r - start) % 10)
}

// getItem is ptr[key] for everything but a list.
func getItem(ptr, key py.Value) (py.Value, error) {
	switch p := ptr.(type) {
	case *py.Dict:
		v, ok, err := p.Get(key)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, py.KeyError(key)
		}
		return v, nil
	case py.Tuple:
		n, ok := py.AsBig(key)
		if !ok {
			return nil, py.TypeErrorf("tuple indices must be integers or slices, not %s", py.TypeName(key))
		}
		if v, ok := at(p, n); ok {
			return v, nil
		}
		return nil, py.Errorf("IndexError", "tuple index out of range")
	case py.Str:
		n, ok := py.AsBig(key)
		if !ok {
			return nil, py.TypeErrorf("string indices must be integers, not '%s'", py.TypeName(key))
		}
		chars, err := py.Collect(p)
		if err != nil {
			return nil, err
		}
		if v, ok := at(chars, n); ok {
			return v, nil
		}
		return nil, py.Errorf("IndexError", "string index out of range")
	case py.ItemGetter:
		return p.Item(key)
	}
	return nil, py.TypeErrorf("'%s' object is not subscriptable", py.TypeName(ptr))
}

func at(items []py.Value, n *big.Int) (py.Value, bool) {
	if !n.IsInt64() {
		return nil, false
	}
	i := n.Int64()
	if i < 0 {
		i += int64(len(items))
	}
	if i < 0 || i >= int64(len(items)) {
		return nil, false
	}
	return items[i], true
}

// errorClass returns the exception's class, "" for no error.
func errorClass(err error) string {
	if err == nil {
		return ""
	}
	var pe *py.Error
	if errors.As(err, &pe) {
		return pe.Class
	}
	return "Exception"
}
