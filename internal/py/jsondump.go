package py

import (
	"math"
	"strconv"
	"strings"
)

// DumpOptions are the keyword arguments of json.dumps. The zero value is
// Salt's default (salt.utils.json.dumps), which unlike Python's does not
// escape non-ASCII text.
type DumpOptions struct {
	Indent      Value     // nil or None: one line; an int or a str
	SortKeys    bool      // sort each dict by its keys
	EnsureASCII bool      // escape what is not ASCII
	Separators  [2]string // between items, and behind a key; empty: Python's
	NoNaN       bool      // refuse inf and nan
	SkipKeys    bool      // leave out keys of other types instead of raising
}

// DumpOptionsOf reads the keyword arguments of json.dumps.
func DumpOptionsOf(kw []KwArg) (DumpOptions, error) {
	var o DumpOptions
	for _, k := range kw {
		var err error
		switch k.Name {
		case "indent":
			o.Indent = k.Value
		case "sort_keys":
			o.SortKeys, err = Truth(k.Value)
		case "ensure_ascii":
			o.EnsureASCII, err = Truth(k.Value)
		case "skipkeys":
			o.SkipKeys, err = Truth(k.Value)
		case "allow_nan":
			var allow bool
			allow, err = Truth(k.Value)
			o.NoNaN = !allow
		case "check_circular", "cls", "default":
			if k.Name != "check_circular" && k.Value != None {
				return o, TypeErrorf("json.dumps: the argument %s is not supported: it needs Python code", k.Name)
			}
		case "separators":
			err = o.separators(k.Value)
		default:
			return o, TypeErrorf("JSONEncoder.__init__() got an unexpected keyword argument '%s'", k.Name)
		}
		if err != nil {
			return o, err
		}
	}
	return o, nil
}

func (o *DumpOptions) separators(v Value) error {
	if v == None {
		return nil
	}
	items, err := Collect(v)
	if err != nil {
		return TypeErrorf("cannot unpack non-iterable %s object", TypeName(v))
	}
	if len(items) < 2 {
		return ValueErrorf("not enough values to unpack (expected 2, got %d)", len(items))
	}
	if len(items) > 2 {
		return ValueErrorf("too many values to unpack (expected 2)")
	}
	for i, it := range items {
		s, ok := asStr(it)
		if !ok {
			return TypeErrorf("make_encoder() argument %d must be str, not %s", 6-i, TypeName(it))
		}
		o.Separators[i] = s
	}
	return nil
}

// DumpsJSON is json.dumps(v, ...). Lone surrogates are escaped even without
// EnsureASCII, where Python makes text that cannot be encoded.
func DumpsJSON(v Value, o DumpOptions) (string, error) {
	e := dumper{o: o, item: ", ", key: ": "}
	if OrNone(o.Indent) != None {
		e.item, e.pretty = ",", true
		switch in := o.Indent.(type) {
		case Str:
			e.indent = string(in)
		case Int, Bool:
			n, _ := AsInt(in)
			if n > maxBytes/64 {
				return "", memoryError()
			}
			e.indent = strings.Repeat(" ", int(max(n, 0)))
		default:
			return "", TypeErrorf("can't multiply sequence by non-int of type '%s'", TypeName(in))
		}
	}
	if o.Separators != [2]string{} {
		e.item, e.key = o.Separators[0], o.Separators[1]
	}
	err := e.value(v)
	return string(e.b), err
}

type dumper struct {
	wireEncoder
	o         DumpOptions
	pretty    bool
	indent    string
	item, key string
}

func (e *dumper) newline() {
	if e.pretty {
		e.b = append(e.b, '\n')
		e.b = appendRepeat(e.b, e.indent, len(e.stack))
	}
}

func (e *dumper) value(v Value) error {
	if len(e.b) > maxBytes {
		return memoryError()
	}
	switch v := v.(type) {
	case Float:
		return e.float(float64(v))
	case Str:
		e.b = appendJSONString(e.b, string(v), e.o.EnsureASCII)
	case *Long:
		s, err := longText(v.v)
		e.text(s)
		return err
	case nil, NoneType, Bool, Int:
		return e.wireEncoder.value(v)
	case *List:
		return e.list(v, v.Items)
	case Tuple:
		return e.list(nil, v)
	case *Dict:
		return e.dict(v)
	case StrLike:
		e.b = appendJSONString(e.b, v.PyString(), e.o.EnsureASCII)
	default:
		return TypeErrorf("Object of type %s is not JSON serializable", v.Type())
	}
	return nil
}

func (e *dumper) float(f float64) error {
	s := jsonFloat(f)
	if e.o.NoNaN && (math.IsInf(f, 0) || math.IsNaN(f)) {
		return ValueErrorf("Out of range float values are not JSON compliant")
	}
	e.text(s)
	return nil
}

func jsonFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return FloatRepr(f)
}

func (e *dumper) list(self Value, items []Value) error {
	if len(items) == 0 {
		e.text("[]")
		return nil
	}
	if err := e.enter(self); err != nil {
		return err
	}
	e.b = append(e.b, '[')
	for i, it := range items {
		if i > 0 {
			e.text(e.item)
		}
		e.newline()
		if err := e.value(it); err != nil {
			return err
		}
	}
	e.leave()
	e.newline()
	e.b = append(e.b, ']')
	return nil
}

func (e *dumper) dict(d *Dict) error {
	if d.Len() == 0 {
		e.text("{}")
		return nil
	}
	if err := e.enter(d); err != nil {
		return err
	}
	items := make([]Value, 0, d.Len())
	for k, v := range d.All() {
		items = append(items, Tuple{k, v})
	}
	if e.o.SortKeys {
		var err error
		if items, err = sortByKeys(items, d.Keys(), false); err != nil {
			return err
		}
	}
	e.b = append(e.b, '{')
	first := true
	for _, it := range items {
		k, v := it.(Tuple)[0], it.(Tuple)[1]
		name, ok, err := e.keyText(k)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if !first {
			e.text(e.item)
		}
		first = false
		e.newline()
		e.b = appendJSONString(e.b, name, e.o.EnsureASCII)
		e.text(e.key)
		if err := e.value(v); err != nil {
			return err
		}
	}
	e.leave()
	e.newline()
	e.b = append(e.b, '}')
	return nil
}

func (e *dumper) keyText(k Value) (string, bool, error) {
	switch k := k.(type) {
	case Str:
		return string(k), true, nil
	case Bool:
		return strconv.FormatBool(bool(k)), true, nil
	case NoneType:
		return "null", true, nil
	case Float:
		if e.o.NoNaN && (math.IsInf(float64(k), 0) || math.IsNaN(float64(k))) {
			return "", false, ValueErrorf("Out of range float values are not JSON compliant")
		}
		return jsonFloat(float64(k)), true, nil
	case Int, *Long:
		s, err := ReprErr(k)
		return s, true, err
	case StrLike:
		return k.PyString(), true, nil
	}
	if e.o.SkipKeys {
		return "", false, nil
	}
	return "", false, TypeErrorf("keys must be str, int, float, bool or None, not %s", TypeName(k))
}
