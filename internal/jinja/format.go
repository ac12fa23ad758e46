package jinja

import (
	"errors"
	"strings"

	"pinch/internal/py"
)

// safeFormat is str.format of the sandbox: fields like {0.x} go through the
// environment's rules, so that they reach nothing a template may not.
func (c *Context) safeFormat(format string, isMap bool, wrap func(string) py.Value) py.Value {
	hooks := py.FormatHooks{GetAttr: func(o py.Value, name string) (py.Value, error) { return c.GetAttr(o, name) }}
	name := "format"
	if isMap {
		name = "format_map"
	}
	return &builtin{name: name, fn: func(c *Context, _ py.Value, args *py.Args) (py.Value, error) {
		var s string
		var err error
		if isMap {
			if len(args.Kw) > 0 {
				return nil, py.TypeErrorf("format_map() takes no keyword arguments")
			}
			if len(args.Pos) != 1 {
				return nil, py.TypeErrorf("format_map() takes exactly one argument (%d given)", len(args.Pos))
			}
			s, err = py.StrFormatMap(format, args.Pos[0], hooks)
		} else {
			s, err = py.StrFormat(format, args, hooks)
		}
		if err != nil {
			var pe *py.Error
			if errors.As(err, &pe) && pe.Class == "IndexError" && strings.HasPrefix(pe.Msg, "Replacement index") {
				return nil, py.Errorf("IndexError", "tuple index out of range") // string.Formatter's words
			}
			return nil, err
		}
		return wrap(s), nil
	}}
}
