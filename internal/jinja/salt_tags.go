package jinja

import (
	"errors"
	"strings"

	"pinch/internal/py"
)

// saltTagFilters are the filters behind Salt's load_* and import_* tags.
func saltTagFilters() map[string]Filter {
	return map[string]Filter{
		"load_yaml": fn("SerializerExtension.load_yaml(self, value)", strictArgs(loadYAML)),
		"load_json": fn("SerializerExtension.load_json(self, value)", strictArgs(loadJSON)),
		"load_text": fn("SerializerExtension.load_text(self, value)", strictArgs(func(_ *Context, a []py.Value) (py.Value, error) {
			if m, ok := a[0].(*Module); ok {
				return py.Str(m.body), nil
			}
			return a[0], nil
		})),
	}
}

// strictArgs is Salt's guard of its serializer filters: a value that is or
// holds strict undefined values makes the result undefined.
func strictArgs(f func(c *Context, a []py.Value) (py.Value, error)) func(c *Context, a []py.Value) (py.Value, error) {
	return func(c *Context, a []py.Value) (py.Value, error) {
		if u := StrictUndefinedIn(a[0]); u != nil {
			return u, nil
		}
		return f(c, a)
	}
}

// StrictUndefinedIn returns nil when neither v nor a mapping or sequence in it
// is a strict undefined value. Else it returns one undefined value whose
// error text names them all, a line each.
func StrictUndefinedIn(v py.Value) py.Value {
	switch v.(type) {
	case *Undefined, *py.Dict, *py.List, py.Tuple:
	default:
		return nil
	}
	s := undefinedSearch{}
	s.find(v)
	if s.found == nil {
		return nil
	}
	return &Undefined{kind: Strict, hint: strings.Join(s.found, "\n")}
}

type undefinedSearch struct {
	seen  map[py.Value]bool
	found []string
}

func (s *undefinedSearch) find(v py.Value) {
	switch v := v.(type) {
	case *Undefined:
		if v.strict() && s.first(v) {
			s.found = append(s.found, v.message())
		}
	case *py.Dict:
		if s.first(v) {
			for k, it := range v.All() {
				s.find(k)
				s.find(it)
			}
		}
	case *py.List:
		if s.first(v) {
			for _, it := range v.Items {
				s.find(it)
			}
		}
	case py.Tuple:
		for _, it := range v {
			s.find(it)
		}
	}
}

// first notes a reference value and says whether it is new.
func (s *undefinedSearch) first(v py.Value) bool {
	if s.seen[v] {
		return false
	}
	if s.seen == nil {
		s.seen = map[py.Value]bool{}
	}
	s.seen[v] = true
	return true
}

// loadText is the text that a load_* filter reads.
func loadText(v py.Value) (string, bool) {
	if m, ok := v.(*Module); ok {
		return m.body, true
	}
	if b, ok := v.(py.Bytes); ok {
		return string(b), true
	}
	return strOf(v)
}

func loadYAML(c *Context, a []py.Value) (py.Value, error) {
	text, ok := loadText(a[0])
	if _, markup := a[0].(Markup); !ok || markup { // libyaml takes no subclass of str
		return nil, py.TypeErrorf("a string or stream input is required")
	}
	load := c.rt.r.Codec.LoadYAML
	if load == nil {
		return nil, errors.New("load_yaml: this render has no YAML reader (Render.Codec.LoadYAML)")
	}
	v, err := load(text)
	if err != nil {
		switch classOf(err) {
		case "YAMLError", "ScannerError", "ParserError", "ComposerError", "ConstructorError", "ReaderError", "EmitterError", "SerializerError", "RepresenterError":
			return nil, runtimeErrorf("Encountered error loading yaml: %s", errorText(err))
		}
		return nil, err
	}
	return decodeData(v), nil
}

// decodeData is salt.utils.data.decode of loaded data: containers are copied,
// so that what a YAML alias shared is shared no more.
func decodeData(v py.Value) py.Value {
	switch v := v.(type) {
	case *py.Dict:
		out := py.NewDict()
		for k, it := range v.All() {
			if err := out.Set(k, decodeData(it)); err != nil {
				continue // k is a key already
			}
		}
		return out
	case *py.List:
		out := &py.List{Items: make([]py.Value, len(v.Items))}
		for i, it := range v.Items {
			out.Items[i] = decodeData(it)
		}
		return out
	}
	return v
}

func errorText(err error) string {
	var pe *py.Error
	if errors.As(err, &pe) {
		return pe.Msg
	}
	return err.Error()
}

func loadJSON(_ *Context, a []py.Value) (py.Value, error) {
	text, ok := loadText(a[0])
	if !ok {
		return nil, runtimeErrorf("Unable to load json from %s", py.ToStr(a[0]))
	}
	v, err := py.LoadsJSON(text)
	if err != nil {
		return nil, runtimeErrorf("Unable to load json from %s", text)
	}
	return v, nil
}

// saltTagTests are the tests that Salt overrides in the environment itself.
func saltTagTests() map[string]Filter {
	return map[string]Filter{
		"list": fn("is_list(value)", func(_ *Context, a []py.Value) (py.Value, error) {
			_, ok := a[0].(*py.List)
			return py.Bool(ok), nil
		}),
		"equalto": fn("test_equalto(value, other)", func(_ *Context, a []py.Value) (py.Value, error) {
			eq, err := py.Equal(a[0], a[1])
			return py.Bool(eq), err
		}),
	}
}

// saltTagGlobals are the globals that Salt sets in the environment itself.
func saltTagGlobals() map[string]py.Value {
	return map[string]py.Value{
		"odict": &builtin{name: "collections.OrderedDict", class: true, fn: dictGlobal(true), empty: &py.Dict{Ordered: true}},
		"raise": global("jinja_raise(msg)", func(_ *Context, a []py.Value) (py.Value, error) {
			s, err := py.StrErr(a[0])
			if err != nil {
				return nil, err
			}
			return nil, &py.Error{Class: "TemplateError", Msg: s, Arg: a[0]}
		}),
		"show_full_context": &builtin{name: "show_full_context", wantsContext: true, fn: showFullContext},
	}
}

// showFullContext returns the context's variables that are made of simple
// values, all the way down.
func showFullContext(c *Context, _ py.Value, args *py.Args) (py.Value, error) {
	if n := len(args.Pos); n > 0 {
		return nil, py.TypeErrorf("show_full_context() takes 1 positional argument but %d were given", n+1)
	}
	if len(args.Kw) > 0 {
		return nil, py.TypeErrorf("show_full_context() got an unexpected keyword argument '%s'", args.Kw[0].Name)
	}
	return simpleTypes(c.All(), 0)
}

// simpleTypes is salt.utils.data.simple_types_filter of a container: what is
// no simple value becomes its repr. A tuple in a list stays.
func simpleTypes(v py.Value, depth int) (py.Value, error) {
	if depth > maxPrintDepth {
		return nil, recursionError()
	}
	switch v := v.(type) {
	case *py.Dict:
		out := py.NewDict()
		for k, it := range v.All() {
			if !isSimple(k) {
				k = py.Str(py.Repr(k))
			}
			var err error
			switch it.(type) {
			case *py.Dict, *py.List, py.Tuple:
				it, err = simpleTypes(it, depth+1)
			default:
				if !isSimple(it) {
					it = py.Str(py.Repr(it))
				}
			}
			if err == nil {
				err = out.Set(k, it)
			}
			if err != nil {
				return nil, err
			}
		}
		return out, nil
	case *py.List:
		return simpleItems(v.Items, depth)
	case py.Tuple:
		return simpleItems(v, depth)
	}
	return v, nil
}

func simpleItems(items []py.Value, depth int) (py.Value, error) {
	out := py.NewList()
	for _, it := range items {
		var err error
		switch it.(type) {
		case *py.Dict, *py.List:
			it, err = simpleTypes(it, depth+1)
		case py.Tuple:
		default:
			if !isSimple(it) {
				it = py.Str(py.Repr(it))
			}
		}
		if err != nil {
			return nil, err
		}
		out.Append(it)
	}
	return out, nil
}

func isSimple(v py.Value) bool {
	switch v.(type) {
	case py.NoneType, py.Bool, py.Int, *py.Long, py.Float, py.Str, Markup:
		return true
	}
	return false
}
