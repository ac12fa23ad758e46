package output

import (
	"errors"
	"io"
	"strings"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

// Display writes data as salt.output.display_output prints it: with a line
// break at its end, and nothing for empty text. An error is one of writing.
func Display(w io.Writer, data py.Value, o Options) error {
	text := Format(data, o)
	if text == "" {
		return nil
	}
	_, err := io.WriteString(w, text+"\n")
	return err
}

// Format returns data as salt.output.out_format does: without blanks and line
// breaks at its end. When the outputter cannot show the data it falls back to
// nested, then to raw.
func Format(data py.Value, o Options) string {
	r := &renderer{Options: o, colors: newColors(o.Color, o.Theme)}
	name := o.outputter()
	data = mask(data, map[py.Value]bool{})
	if o.Terminal && !machineReadable(name) {
		data = cleanValue(data, map[py.Value]py.Value{})
	}
	for _, n := range []string{name, "nested", "raw"} {
		text, err := r.run(n, data)
		if err != nil {
			continue // raw never fails
		}
		text = rstrip(text)
		if o.Terminal {
			text = cleanOutput(name, text)
		}
		return text
	}
	return ""
}

// machineReadable says whether an outputter's text is data again, so that it
// is cleaned as a whole instead of value by value.
func machineReadable(name string) bool {
	switch name {
	case "json", "yaml", "raw", "pprint":
		return true
	}
	return false
}

// renderer is one call of an outputter.
type renderer struct {
	Options
	colors colors
}

func (r *renderer) run(name string, data py.Value) (string, error) {
	switch name {
	case "highstate":
		v, err := r.highstate(data, 1)
		if err != nil {
			return "", err
		}
		s, ok := v.(py.Str)
		if !ok { // Salt calls .rstrip() on it
			return "", errNoText
		}
		return string(s), nil
	case "json":
		return r.json(data)
	case "yaml":
		return r.yaml(data)
	case "raw":
		return py.ToStr(data), nil
	case "pprint":
		return r.pprint(data)
	case "txt":
		return r.txt(data), nil
	case "table":
		return r.table(data)
	case "key":
		return r.key(data)
	case "no_return":
		return r.noReturn(data)
	}
	return r.nested(data, r.NestedIndent)
}

// errNoText is the exception for a result that is no text.
var errNoText = errors.New("object has no attribute 'rstrip'")

// mask returns a copy of data that the outputters may change, as
// salt.utils.secret.mask_output makes it: every mapping becomes a plain dict.
func mask(v py.Value, open map[py.Value]bool) py.Value {
	switch x := v.(type) {
	case *py.Dict:
		if open[x] {
			return x
		}
		open[x] = true
		out := py.NewDict()
		for k, item := range x.All() {
			if out.Set(k, mask(item, open)) != nil {
				return x // unreachable: k was a key
			}
		}
		delete(open, x)
		return out
	case *py.List:
		if open[x] {
			return x
		}
		open[x] = true
		out := &py.List{Items: make([]py.Value, len(x.Items))}
		for i, item := range x.Items {
			out.Items[i] = mask(item, open)
		}
		delete(open, x)
		return out
	}
	return v
}

// YAML writes data as the yaml outputter does; indent is --out-indent, nil
// when it is not set.
func YAML(w io.Writer, data py.Value, indent *int) error {
	o := saltyaml.Options{FlowStyle: saltyaml.Block}
	switch {
	case indent == nil:
	case *indent >= 0:
		o.Indent = *indent
	default:
		o.FlowStyle = saltyaml.Flow
	}
	text, err := saltyaml.Dump(data, o)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, text)
	return err
}

func (r *renderer) yaml(data py.Value) (string, error) {
	var b strings.Builder
	var indent *int
	if r.OutputIndent != nil {
		i, ok := py.AsInt(r.OutputIndent)
		if !ok {
			return "", py.TypeErrorf("'>=' not supported between instances of '%s' and 'int'", r.OutputIndent.Type())
		}
		n := int(i)
		indent = &n
	}
	if err := YAML(&b, data, indent); err != nil {
		return "None", nil // Salt logs the error and shows nothing
	}
	return b.String(), nil
}

// json writes JSON; what JSON has no type for is its repr.
func (r *renderer) json(data py.Value) (string, error) {
	o := py.DumpOptions{Indent: py.Int(4)}
	switch in := r.OutputIndent.(type) {
	case nil:
	case py.Str:
		o.Indent = in
		if in == "pretty" {
			o.Indent, o.SortKeys = py.Int(4), true
		}
	case py.Int:
		o.Indent = in
		if in < 0 {
			o.Indent = py.None
		}
	default:
		o.Indent = in
	}
	text, err := py.DumpsJSON(jsonable(data), o)
	if err != nil {
		return "{}", nil //nolint:nilerr // Salt: valid JSON for what cannot be written
	}
	return text, nil
}

// jsonable replaces values that JSON has no type for by their repr.
func jsonable(v py.Value) py.Value {
	switch x := v.(type) {
	case *py.Dict:
		out := &py.Dict{Ordered: x.Ordered}
		for k, item := range x.All() {
			if out.Set(k, jsonable(item)) != nil {
				return x // unreachable: k was a key
			}
		}
		return out
	case *py.List:
		out := &py.List{}
		for _, item := range x.Items {
			out.Append(jsonable(item))
		}
		return out
	case py.Tuple:
		out := make(py.Tuple, len(x))
		for i, item := range x {
			out[i] = jsonable(item)
		}
		return out
	case py.NoneType, py.Bool, py.Int, *py.Long, py.Float, py.Str:
		return v
	}
	return py.Str(py.Repr(v))
}
