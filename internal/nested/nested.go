// Package nested prints values as Salt's outputter of that name does without
// colours, for the texts that Salt's functions make with it.
package nested

import (
	"slices"
	"strings"

	"pinch/internal/py"
)

// Text prints a value.
func Text(v py.Value) string {
	var b strings.Builder
	write(&b, v, 0, "")
	return strings.TrimRight(b.String(), " \n")
}

func write(b *strings.Builder, v py.Value, indent int, prefix string) {
	line := func(prefix, text string) {
		b.WriteString(strings.Repeat(" ", indent) + prefix + text + "\n")
	}
	switch v := v.(type) {
	case py.Str:
		if v == "" {
			return
		}
		for i, l := range strings.Split(strings.TrimSuffix(string(v), "\n"), "\n") {
			if i > 0 {
				prefix = strings.Repeat(" ", len(prefix))
			}
			line(prefix, l)
		}
	case *py.List:
		for _, it := range v.Items {
			switch it.(type) {
			case *py.List:
				line("", "|_")
				write(b, it, indent+2, "- ")
			case *py.Dict:
				line("", "|_")
				write(b, it, indent+2, "")
			default:
				write(b, it, indent, "- ")
			}
		}
	case *py.Dict:
		if indent > 0 {
			line("", "----------")
		}
		keys := make([]string, 0, v.Len())
		for k := range v.All() {
			keys = append(keys, py.ToStr(k))
		}
		slices.Sort(keys)
		for _, k := range keys {
			line(prefix, k+":")
			write(b, v.Lookup(k), indent+4, "")
		}
	default:
		line(prefix, py.ToStr(v))
	}
}
