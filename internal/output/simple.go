package output

import (
	"strings"

	"pinch/internal/pprint"
	"pinch/internal/py"
)

// txt shows one line "host: line" for each line of each host's text.
func (r *renderer) txt(data py.Value) string {
	var b strings.Builder
	switch data := data.(type) {
	case *py.Dict:
		for k, v := range data.All() {
			name := py.ToStr(k)
			for _, line := range txtLines(v) {
				b.WriteString(name + ": " + line + "\n")
			}
		}
	case py.Str:
		b.WriteString(string(data) + "\n")
	default:
		text, err := pprint.Format(data, 1)
		if err != nil {
			text = py.ToStr(data)
		}
		b.WriteString(text + "\n")
	}
	return b.String()
}

func txtLines(v py.Value) []string {
	switch v := v.(type) {
	case py.Str:
		return py.SplitLines(string(v), false)
	case py.Bytes:
		var out []string
		rest := strings.ReplaceAll(strings.ReplaceAll(string(v), "\r\n", "\n"), "\r", "\n")
		for line := range strings.Lines(rest) {
			out = append(out, py.Repr(py.Bytes(strings.TrimSuffix(line, "\n"))))
		}
		return out
	}
	return []string{py.ToStr(v)}
}

// pprint is Python's pretty printer.
func (r *renderer) pprint(data py.Value) (string, error) {
	indent := 1
	if r.OutputIndent != nil {
		i, ok := py.AsInt(r.OutputIndent)
		if !ok {
			return "", py.TypeErrorf("'>=' not supported between instances of '%s' and 'int'", r.OutputIndent.Type())
		}
		if i >= 0 {
			indent = int(min(i, 1000))
		}
	}
	return pprint.Format(data, indent)
}

// noReturn shows the names of a tree and its texts, nothing else.
func (r *renderer) noReturn(data py.Value) (string, error) {
	var b strings.Builder
	var show func(v py.Value, indent int) error
	show = func(v py.Value, indent int) error {
		switch v := v.(type) {
		case py.Str:
			for line := range strings.SplitSeq(string(v), "\n") {
				b.WriteString(r.colors.paint("RED", spaces(indent)+line) + "\n")
			}
		case *py.Dict:
			if indent > 4*maxDepth {
				return py.Errorf("RecursionError", "maximum recursion depth exceeded")
			}
			keys, err := py.Sorted(v.Keys(), nil, false)
			if err != nil {
				return err
			}
			for _, k := range keys {
				b.WriteString(r.colors.paint("CYAN", spaces(indent)+py.ToStr(k)) + ":\n")
				item, _, err := v.Get(k)
				if err != nil {
					return err
				}
				if err := show(item, indent+4); err != nil {
					return err
				}
			}
		}
		return nil
	}
	err := show(data, 0)
	return b.String(), err
}

// keyStatus are the lists of the key outputter: colour and title.
func keyStatus(name string) (color, titleColor, title string, ok bool) {
	switch name {
	case "minions":
		return "GREEN", "LIGHT_GREEN", "Accepted Keys:", true
	case "minions_pre":
		return "RED", "LIGHT_RED", "Unaccepted Keys:", true
	case "minions_denied":
		return "MAGENTA", "LIGHT_MAGENTA", "Denied Keys:", true
	case "minions_rejected":
		return "BLUE", "LIGHT_BLUE", "Rejected Keys:", true
	case "local":
		return "MAGENTA", "LIGHT_MAGENTA", "Local Keys:", true
	}
	return "", "", "", false
}

// key shows lists of keys by their status.
func (r *renderer) key(data py.Value) (string, error) {
	d, ok := data.(*py.Dict)
	if !ok {
		return "", py.TypeErrorf("'%s' object is not subscriptable", data.Type())
	}
	statuses, err := py.Sorted(d.Keys(), nil, false)
	if err != nil {
		return "", err
	}
	ident := ""
	if r.MultiKey {
		ident = spaces(4)
	}
	var lines []string
	for _, s := range statuses {
		color, titleColor, title, ok := keyStatus(py.ToStr(s))
		if !ok {
			return "", py.KeyError(s)
		}
		lines = append(lines, ident+r.colors.paint(titleColor, title))
		v, _, err := d.Get(s)
		if err != nil {
			return "", err
		}
		names, err := py.Collect(v)
		if err != nil {
			return "", err
		}
		if names, err = py.Sorted(names, nil, false); err != nil {
			return "", err
		}
		for _, name := range names {
			text := py.ToStr(name)
			if r.StripColors {
				text = stripEscapes(text)
			}
			switch v := v.(type) {
			case *py.List:
				lines = append(lines, ident+r.colors.paint(color, text))
			case *py.Dict:
				finger, _, err := v.Get(name)
				if err != nil {
					return "", err
				}
				lines = append(lines, ident+r.colors.paint(color, text+":  "+py.ToStr(finger)))
			}
		}
	}
	return joinLines(lines), nil
}
