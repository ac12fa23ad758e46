package output

import (
	"unicode/utf8"

	"pinch/internal/py"
)

// nested shows any data as an indented tree, mappings sorted by their keys.
func (r *renderer) nested(data py.Value, indent int) (string, error) {
	n := &nest{r: r}
	if err := n.display(data, indent, ""); err != nil {
		return "", err
	}
	return joinLines(n.lines), nil
}

type nest struct {
	r     *renderer
	lines []string
	depth int
}

// maxDepth is where Python would run out of stack.
const maxDepth = 900

func (n *nest) line(indent int, color, prefix, text, suffix string) {
	c := n.r.colors
	n.lines = append(n.lines, spaces(indent)+c[color]+prefix+text+c["ENDC"]+suffix)
}

// mark returns the colour of structure: red when the function failed.
func (n *nest) mark(color string) string {
	if n.r.Retcode != 0 {
		return "RED"
	}
	return color
}

func (n *nest) display(v py.Value, indent int, prefix string) error {
	if n.depth++; n.depth > maxDepth {
		return py.Errorf("RecursionError", "maximum recursion depth exceeded")
	}
	defer func() { n.depth-- }()
	if b, ok := v.(py.Bytes); ok && utf8.ValidString(string(b)) {
		v = py.Str(b)
	}
	switch v := v.(type) {
	case py.NoneType, py.Bool, py.Int, *py.Long, py.Float, py.Complex:
		n.line(indent, "LIGHT_YELLOW", prefix, py.Repr(v), "")
	case py.Str:
		for i, line := range py.SplitLines(string(v), false) {
			if i > 0 {
				prefix = spaces(runes(prefix))
			}
			if n.r.StripColors {
				line = stripEscapes(line)
			}
			n.line(indent, "GREEN", prefix, line, "")
		}
	case *py.List:
		return n.items(v.Items, indent)
	case py.Tuple:
		return n.items(v, indent)
	case *py.Dict:
		return n.mapping(v, indent, prefix)
	}
	return nil // other types have no rule and are not shown
}

func (n *nest) items(items []py.Value, indent int) error {
	for _, it := range items {
		inner, prefix := indent, "- "
		switch it.(type) {
		case *py.Dict:
			inner, prefix = indent+2, ""
		case *py.List, py.Tuple:
			inner = indent + 2
		}
		if inner != indent {
			n.line(indent, n.mark("GREEN"), "", "|_", "")
		}
		if err := n.display(it, inner, prefix); err != nil {
			return err
		}
	}
	return nil
}

func (n *nest) mapping(d *py.Dict, indent int, prefix string) error {
	if indent > 0 {
		n.line(indent, n.mark("CYAN"), "", "----------", "")
	}
	keys := d.Keys()
	if !d.Ordered {
		sorted, err := py.Sorted(keys, nil, false)
		if err != nil {
			named := py.NewDict()
			for k, v := range d.All() {
				named.SetStr(py.ToStr(k), v)
			}
			d = named
			if sorted, err = py.Sorted(d.Keys(), nil, false); err != nil {
				return err
			}
		}
		keys = sorted
	}
	for _, k := range keys {
		v, _, err := d.Get(k)
		if err != nil {
			return err
		}
		n.line(indent, n.mark("CYAN"), prefix, py.ToStr(k), ":")
		if err := n.display(v, indent+4, ""); err != nil {
			return err
		}
	}
	return nil
}
