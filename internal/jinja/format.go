package jinja

import "pinch/internal/py"

// safeFormat is str.format or str.format_map of the sandbox: a string.Formatter
// whose fields like {0.x} and {0[x]} go through the environment's rules, so that
// they reach nothing a template may not. Of Markup, what is put in is escaped.
func (c *Context) safeFormat(format py.Value, name string) py.Value {
	hooks := py.FormatHooks{GetAttr: c.GetAttr, GetItem: c.GetItem, Field: py.Format}
	text, _ := strOf(format)
	_, markup := format.(Markup)
	if markup {
		hooks.Field = escapedField
	}
	return &builtin{name: name, fn: func(c *Context, _ py.Value, args *py.Args) (py.Value, error) {
		var mapping py.Value
		if name == "format_map" {
			if len(args.Kw) > 0 {
				return nil, py.TypeErrorf("format_map() takes no keyword arguments")
			}
			if len(args.Pos) != 1 {
				return nil, py.TypeErrorf("format_map() takes exactly one argument (%d given)", len(args.Pos))
			}
			mapping = args.Pos[0]
		}
		s, err := py.FormatterFormat(text, args, mapping, hooks)
		if err != nil {
			return nil, err
		}
		if markup {
			return Markup(s), nil
		}
		return py.Str(s), nil
	}}
}

// escapedField is markupsafe.EscapeFormatter's format_field.
func escapedField(v py.Value, spec string) (string, error) {
	if m, ok := v.(Markup); ok {
		if spec != "" {
			return "", py.ValueErrorf("Unsupported format specification for Markup.")
		}
		return string(m), nil
	}
	s, err := py.Format(v, spec)
	return escapeHTML(s), err
}
