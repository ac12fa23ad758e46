package jinja

import (
	"strings"

	"pinch/internal/pprint"
	"pinch/internal/py"
)

// saltSerializers are the filters that write data as text. A value that is or
// holds strict undefined values stays undefined, so that default() works.
func saltSerializers() map[string]Filter {
	return map[string]Filter{
		"tojson": fnRest("tojson(val, indent=None, **options)", strictRest(toJSON)),
		"json": fn("SerializerExtension.format_json(self, value, sort_keys=True, indent=None)", strictArgs(func(_ *Context, a []py.Value) (py.Value, error) {
			sorted, err := py.Truth(a[1])
			if err != nil {
				return nil, err
			}
			s, err := py.DumpsJSON(a[0], py.DumpOptions{SortKeys: sorted, Indent: a[2]})
			return Markup(stripText(s)), err
		})),
		"yaml": fn("SerializerExtension.format_yaml(self, value, flow_style=True)", strictArgs(func(c *Context, a []py.Value) (py.Value, error) {
			return formatYAML(c, "yaml", a[0], a[1])
		})),
		"python": fn("SerializerExtension.format_python(self, value)", strictArgs(func(_ *Context, a []py.Value) (py.Value, error) {
			s, err := pprint.Format(a[0], 1)
			return Markup(stripText(s)), err
		})),
		"dict_to_sls_yaml_params": fn("SerializerExtension.dict_to_sls_yaml_params(self, value, flow_style=False)",
			strictArgs(func(c *Context, a []py.Value) (py.Value, error) {
				items, err := itemsOf(a[0])
				if err != nil {
					return nil, err
				}
				list := py.NewList()
				for _, it := range items {
					pair := it.(py.Tuple)
					d := py.NewDict()
					if err := d.Set(pair[0], pair[1]); err != nil {
						return nil, err
					}
					list.Append(d)
				}
				return formatYAML(c, "dict_to_sls_yaml_params", list, a[1])
			})),
		"yaml_encode": fn("yaml_encode(data)", func(c *Context, a []py.Value) (py.Value, error) {
			encode := c.rt.r.Codec.EncodeYAML
			if encode == nil {
				return nil, noCodec("yaml_encode")
			}
			if m, ok := a[0].(Markup); ok { // a subclass of str has no representer
				return nil, py.Errorf("RepresenterError", "('cannot represent an object', %s)", py.Repr(m))
			}
			s, err := encode(a[0])
			return py.Str(s), err
		}),
		"yaml_dquote": fn("yaml_dquote(text)", quoteYAML("yaml_dquote", func(c *Codec) func(string) string { return c.DoubleQuoteYAML })),
		"yaml_squote": fn("yaml_squote(text)", quoteYAML("yaml_squote", func(c *Codec) func(string) string { return c.SingleQuoteYAML })),
	}
}

// noCodec is the error of a caller that renders Salt's templates without
// jinjacodec.
func noCodec(filter string) error {
	return py.Errorf("NotImplementedError", "the filter %s is not available here: this render has no YAML (Render.Codec)", filter)
}

// strictRest is strictArgs for a function with **kwargs.
func strictRest(f func(c *Context, a []py.Value, rest *py.Args) (py.Value, error)) func(*Context, []py.Value, *py.Args) (py.Value, error) {
	return func(c *Context, a []py.Value, rest *py.Args) (py.Value, error) {
		if u := StrictUndefinedIn(a[0]); u != nil {
			return u, nil
		}
		return f(c, a, rest)
	}
}

// plainStr makes a Markup a str; others stay.
func plainStr(v py.Value) py.Value {
	if m, ok := v.(Markup); ok {
		return py.Str(m)
	}
	return v
}

// stripText is str.strip().
func stripText(s string) string { return strings.TrimFunc(s, isPySpace) }

// isPySpace is str.isspace of one character.
func isPySpace(r rune) bool {
	switch {
	case r >= 0x09 && r <= 0x0d, r >= 0x1c && r <= 0x20, r == 0x85, r == 0xa0, r == 0x1680,
		r >= 0x2000 && r <= 0x200a, r == 0x2028, r == 0x2029, r == 0x202f, r == 0x205f, r == 0x3000:
		return true
	}
	return false
}

var jsonInHTML = strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`)

// toJSON is json.dumps with any of its options, safe within HTML.
func toJSON(_ *Context, a []py.Value, rest *py.Args) (py.Value, error) {
	kw := rest.Kw
	if _, ok := rest.Get("ensure_ascii"); !ok {
		kw = append([]py.KwArg{{Name: "ensure_ascii", Value: py.True}}, kw...)
	}
	if _, none := a[1].(py.NoneType); !none {
		kw = append(kw, py.KwArg{Name: "indent", Value: a[1]})
	}
	o, err := py.DumpOptionsOf(kw)
	if err != nil {
		return nil, err
	}
	s, err := py.DumpsJSON(a[0], o)
	return py.Str(jsonInHTML.Replace(s)), err
}

func formatYAML(c *Context, filter string, v, flow py.Value) (py.Value, error) {
	format := c.rt.r.Codec.FormatYAML
	if format == nil {
		return nil, noCodec(filter)
	}
	s, err := format(v, flow)
	return Markup(s), err
}

func quoteYAML(filter string, which func(*Codec) func(string) string) func(*Context, []py.Value) (py.Value, error) {
	return func(c *Context, a []py.Value) (py.Value, error) {
		s, err := py.StrErr(a[0])
		if err != nil {
			return nil, err
		}
		f := which(&c.rt.r.Codec)
		if f == nil {
			return nil, noCodec(filter)
		}
		return py.Str(f(s)), nil
	}
}
