package serialize

import (
	"strings"

	"pinch/internal/py"
)

// tomlText writes TOML as the Python module toml 0.10 does, which Salt uses:
// None is left out, strings are quoted by way of their repr, and lists that
// contain a mapping become arrays of tables.
func tomlText(v py.Value, opts *py.Dict) (string, error) {
	for k := range opts.All() {
		return "", py.TypeErrorf("dumps() got an unexpected keyword argument '%s'", py.ToStr(k))
	}
	out, tables, err := tomlSections(v, "", 0)
	if err != nil {
		return "", err
	}
	for level := 0; len(tables) > 0; level++ {
		if level > maxTables {
			return "", py.ValueErrorf("Circular reference detected")
		}
		var deeper []table
		for _, t := range tables {
			text, sub, err := tomlSections(t.value, t.name, 0)
			if err != nil {
				return "", err
			}
			if text != "" || len(sub) == 0 {
				if out != "" && !strings.HasSuffix(out, "\n\n") {
					out += "\n"
				}
				out += "[" + t.name + "]\n" + text
			}
			for _, s := range sub {
				deeper = append(deeper, table{t.name + "." + s.name, s.value})
			}
		}
		tables = deeper
	}
	return out, nil
}

// maxTables is how deep tables may nest.
const maxTables = 500

// table is a mapping that gets a section of its own.
type table struct {
	name  string
	value py.Value
}

// setTable replaces a table of the same name, as a dict would.
func setTable(tables []table, t table) []table {
	for i := range tables {
		if tables[i].name == t.name {
			tables[i] = t
			return tables
		}
	}
	return append(tables, t)
}

// tomlSections writes the plain values and the arrays of tables of a mapping;
// its sub-mappings are returned. up is the path above it.
func tomlSections(v py.Value, up string, depth int) (text string, tables []table, err error) {
	if depth > maxTables {
		return "", nil, py.Errorf("RecursionError", "maximum recursion depth exceeded")
	}
	if up != "" && !strings.HasSuffix(up, ".") {
		up += "."
	}
	keys, err := py.Collect(v)
	if err != nil {
		return "", nil, err
	}
	var arrays strings.Builder
	var b strings.Builder
	for _, k := range keys {
		name := py.ToStr(k)
		item, err := tomlItem(v, name)
		if err != nil {
			return "", nil, err
		}
		quoted := name
		if !isBare(name) {
			if quoted, err = tomlString(py.Str(name)); err != nil {
				return "", nil, err
			}
		}
		if d, ok := item.(*py.Dict); ok {
			tables = setTable(tables, table{quoted, d})
			continue
		}
		if l, ok := item.(*py.List); ok && hasDict(l) {
			if err := tomlArray(&arrays, l, up+quoted, depth); err != nil {
				return "", nil, err
			}
			continue
		}
		if item == py.None {
			continue
		}
		s, err := tomlValue(item, depth)
		if err != nil {
			return "", nil, err
		}
		b.WriteString(quoted + " = " + s + "\n")
	}
	return b.String() + arrays.String(), tables, nil
}

// tomlItem is v[name]: the keys of a mapping that are no text are not found.
func tomlItem(v py.Value, name string) (py.Value, error) {
	switch v := v.(type) {
	case *py.Dict:
		if item, ok := v.GetStr(name); ok {
			return item, nil
		}
		return nil, py.KeyError(py.Str(name))
	case py.Str:
		return nil, py.TypeErrorf("string indices must be integers, not 'str'")
	case *py.List:
		return nil, py.TypeErrorf("list indices must be integers or slices, not str")
	case py.Tuple:
		return nil, py.TypeErrorf("tuple indices must be integers or slices, not str")
	case py.Bytes:
		return nil, py.TypeErrorf("byte indices must be integers or slices, not str")
	}
	return nil, py.TypeErrorf("'%s' object is not subscriptable", typeName(v))
}

func hasDict(l *py.List) bool {
	for _, it := range l.Items {
		if _, ok := it.(*py.Dict); ok {
			return true
		}
	}
	return false
}

func isBare(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_' || c == '-') {
			return false
		}
	}
	return s != ""
}

// tomlArray writes `[[path]]` for each item of a list.
func tomlArray(b *strings.Builder, l *py.List, path string, depth int) error {
	for _, it := range l.Items {
		tab := "\n"
		b.WriteString("[[" + path + "]]\n")
		text, tables, err := tomlSections(it, path, depth+1)
		if err != nil {
			return err
		}
		if strings.HasPrefix(text, "[") {
			tab += text
		} else {
			b.WriteString(text)
		}
		for level := 0; len(tables) > 0; level++ {
			if level > maxTables {
				return py.ValueErrorf("Circular reference detected")
			}
			var deeper []table
			for _, t := range tables {
				text, sub, err := tomlSections(t.value, path+"."+t.name, depth+1)
				if err != nil {
					return err
				}
				if text != "" {
					tab += "[" + path + "." + t.name + "]\n" + text
				}
				for _, s := range sub {
					deeper = setTable(deeper, table{t.name + "." + s.name, s.value})
				}
			}
			tables = deeper
		}
		b.WriteString(tab)
	}
	return nil
}

// tomlValue writes one value; other iterables than lists are lists.
func tomlValue(v py.Value, depth int) (string, error) {
	if depth > maxTables {
		return "", py.Errorf("RecursionError", "maximum recursion depth exceeded")
	}
	switch v := v.(type) {
	case py.Str:
		return tomlString(v)
	case py.Bool:
		return py.Lower(py.Repr(v)), nil
	case py.Int, *py.Long:
		return py.Repr(v), nil
	case py.Float:
		return strings.ReplaceAll(strings.ReplaceAll(py.Repr(v), "e+0", "e"), "e-0", "e-"), nil
	case py.DateTime:
		return strings.ReplaceAll(v.ISO("T"), "+00:00", "Z"), nil
	case py.Date:
		return v.ISO(), nil
	case *py.List, py.Tuple, *py.Dict, *py.Set, py.Bytes:
		items, err := py.Collect(v)
		if err != nil {
			return "", err
		}
		var b strings.Builder
		b.WriteByte('[')
		for _, it := range items {
			s, err := tomlValue(it, depth+1)
			if err != nil {
				return "", err
			}
			b.WriteString(" " + s + ",")
		}
		return b.String() + "]", nil
	}
	return tomlString(v)
}

// tomlString quotes a value's repr: the module turns \x escapes into \u00,
// and fails on a text that begins with one.
func tomlString(v py.Value) (string, error) {
	s := py.Repr(v)
	s = strings.TrimPrefix(s, "u")
	single := strings.HasPrefix(s, "'")
	if single || strings.HasPrefix(s, `"`) {
		s = s[1 : len(s)-1]
	}
	if single {
		s = strings.ReplaceAll(s, `\'`, "'")
		s = strings.ReplaceAll(s, `"`, `\"`)
	}
	parts := strings.Split(s, `\x`)
	for len(parts) > 1 {
		if parts[0] == "" {
			parts = parts[1:]
		}
		parts[0] = strings.ReplaceAll(parts[0], `\\`, `\`)
		head := parts[0]
		if head == "" {
			return "", py.Errorf("IndexError", "string index out of range")
		}
		// Whether the "x" belonged to an escaped backslash, as the module
		// counts the backslashes before it.
		i := len(head) - 1
		x := head[i] != '\\'
		for ; i > 0 && head[i] == '\\'; i-- {
			x = !x
		}
		joiner := "u00"
		if x {
			joiner = "x"
		}
		if len(parts) < 2 {
			return "", py.Errorf("IndexError", "list index out of range")
		}
		parts = append([]string{head + joiner + parts[1]}, parts[2:]...)
	}
	return `"` + parts[0] + `"`, nil
}
