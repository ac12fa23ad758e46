package output

import (
	"strings"
	"unicode/utf8"

	"pinch/internal/py"
)

// TableOptions are Salt's out.table.* settings.
type TableOptions struct {
	HasHeader    bool
	RowDelimiter string
	Delim        string
	Justify      string // center, left or right
	SeparateRows bool
	Prefix       string
	Suffix       string
	Width        int // of a column, in characters
	// RowsKey shows only the rows under that key, LabelsKey takes the labels
	// from there.
	RowsKey, LabelsKey string
	NestedIndent       int
}

// DefaultTableOptions returns Salt's defaults.
func DefaultTableOptions() TableOptions {
	return TableOptions{HasHeader: true, RowDelimiter: "-", Delim: " | ", Justify: "center", SeparateRows: true,
		Prefix: "| ", Suffix: " |", Width: 50}
}

// table shows lists of rows as tables.
func (r *renderer) table(data py.Value) (string, error) {
	t := &tables{renderer: r, o: r.Table}
	if err := t.display(decode(data, map[py.Value]bool{}), r.Table.NestedIndent, 0); err != nil {
		return "", err
	}
	return joinLines(t.lines), nil
}

// decode is salt.utils.data.decode: bytes become text, tuples lists.
func decode(v py.Value, open map[py.Value]bool) py.Value {
	list := func(items []py.Value) py.Value {
		out := &py.List{Items: make([]py.Value, len(items))}
		for i, it := range items {
			out.Items[i] = decode(it, open)
		}
		return out
	}
	switch x := v.(type) {
	case py.Bytes:
		if utf8.ValidString(string(x)) {
			return py.Str(x)
		}
	case py.Tuple:
		return list(x)
	case *py.List, *py.Dict:
		if open[x] {
			return v
		}
		open[x] = true
		defer delete(open, x)
		l, ok := x.(*py.List)
		if ok {
			return list(l.Items)
		}
		out := py.NewDict()
		for k, it := range x.(*py.Dict).All() {
			if b, ok := k.(py.Bytes); ok {
				k = decode(b, open)
			}
			if out.Set(k, decode(it, open)) != nil {
				return v // unreachable: k was a key
			}
		}
		return out
	}
	return v
}

type tables struct {
	*renderer
	o     TableOptions
	lines []string
}

func (t *tables) line(indent int, color, text, suffix string) {
	t.lines = append(t.lines, spaces(indent)+t.colors.paint(color, text)+suffix)
}

func (t *tables) display(v py.Value, indent, depth int) error {
	if depth > maxDepth {
		return py.Errorf("RecursionError", "maximum recursion depth exceeded")
	}
	switch v := v.(type) {
	case *py.Dict:
		return t.dict(v, indent, depth)
	case *py.List:
		if t.o.RowsKey == "" {
			return t.rows(v.Items, nil, indent)
		}
	case py.Tuple:
		if t.o.RowsKey == "" {
			return t.rows(v, nil, indent)
		}
	}
	return nil
}

func (t *tables) dict(d *py.Dict, indent, depth int) error {
	keys, err := py.Sorted(d.Keys(), nil, false)
	if err != nil {
		return err
	}
	here := t.o.RowsKey == "" || d.Has(t.o.RowsKey)
	for _, k := range keys {
		v, _, err := d.Get(k)
		if err != nil {
			return err
		}
		if !here {
			if err := t.display(v, indent, depth+1); err != nil {
				return err
			}
			continue
		}
		if t.o.RowsKey == "" {
			t.line(indent, "DARK_GRAY", py.ToStr(k), ":")
			t.line(indent, "DARK_GRAY", "----------", "")
		} else if k != py.Str(t.o.RowsKey) {
			continue
		}
		var labels py.Value
		if t.o.LabelsKey != "" {
			labels = d.Lookup(t.o.LabelsKey)
		}
		switch v := v.(type) {
		case *py.List:
			err = t.rows(v.Items, labels, indent)
		case py.Tuple:
			err = t.rows(v, labels, indent)
		default:
			err = t.display(v, indent+4, depth+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rows shows rows of one type: mappings, texts, or lists of texts.
func (t *tables) rows(rows []py.Value, labels py.Value, indent int) error {
	if len(rows) == 0 {
		return nil
	}
	for _, r := range rows[1:] {
		if r.Type() != rows[0].Type() {
			return nil
		}
	}
	var header []py.Value
	if labels != nil && py.IsTrue(labels) {
		var err error
		if header, err = labelList(labels); err != nil {
			return err
		}
	}
	table := make([][]py.Value, 0, len(rows)+1)
	for _, r := range rows {
		switch r := r.(type) {
		case *py.Dict:
			keys, err := py.Sorted(r.Keys(), nil, false)
			if err != nil {
				return err
			}
			if header == nil {
				for _, k := range keys {
					header = append(header, py.Str(py.Title(strings.ReplaceAll(py.ToStr(k), "_", " "))))
				}
			}
			row := make([]py.Value, 0, len(keys))
			for _, k := range keys {
				v, _, err := r.Get(k)
				if err != nil {
					return err
				}
				row = append(row, py.Str(py.ToStr(v)))
			}
			table = append(table, row)
		case py.Str:
			table = append(table, []py.Value{r})
		default:
			row, err := py.Collect(r)
			if err != nil {
				return err
			}
			table = append(table, row)
		}
	}
	if header != nil {
		table = append([][]py.Value{header}, table...)
	}
	return t.draw(table, indent+4, t.o.HasHeader && header != nil)
}

func labelList(labels py.Value) ([]py.Value, error) {
	d, ok := labels.(*py.Dict)
	if !ok {
		return py.Collect(labels)
	}
	keys, err := py.Sorted(d.Keys(), nil, false)
	if err != nil {
		return nil, err
	}
	out := make([]py.Value, 0, len(keys))
	for _, k := range keys {
		v, _, err := d.Get(k)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// wrap breaks a text at blanks where a line would be longer than a column.
func (t *tables) wrap(v py.Value) ([]string, error) {
	s, ok := v.(py.Str)
	if !ok {
		return nil, attr(v, "split")
	}
	words := strings.Split(string(s), " ")
	line := words[0]
	for _, w := range words[1:] {
		first, _, _ := strings.Cut(w, "\n")
		last := line[strings.LastIndexByte(line, '\n')+1:]
		sep := " "
		if runes(last)+runes(first) >= t.o.Width {
			sep = "\n"
		}
		line += sep + w
	}
	return strings.Split(line, "\n"), nil
}

// draw writes a table. Rows are cut to the length of the shortest, as
// Python's map over several lists does.
func (t *tables) draw(table [][]py.Value, indent int, header bool) error {
	justify, err := t.justifier()
	if err != nil {
		return err
	}
	var logical [][][]string // rows, their lines, their cells
	var widths []int
	for _, row := range table {
		lines, err := t.physical(row)
		if err != nil {
			return err
		}
		logical = append(logical, lines)
		for _, cells := range lines {
			if widths == nil {
				widths = make([]int, len(cells))
			}
			widths = widths[:min(len(widths), len(cells))]
		}
	}
	total := 0
	for _, lines := range logical {
		for _, cells := range lines {
			for i := range widths {
				widths[i] = max(widths[i], runes(cells[i]))
			}
		}
	}
	for _, w := range widths {
		total += w
	}
	separator := strings.Repeat(t.o.RowDelimiter,
		max(0, runes(t.o.Prefix)+runes(t.o.Suffix)+total+runes(t.o.Delim)*(len(widths)-1)))
	if t.o.SeparateRows {
		t.line(indent, "LIGHT_GRAY", separator, "")
	}
	for _, lines := range logical {
		for _, cells := range lines {
			var padded []string
			for i, w := range widths {
				padded = append(padded, justify(cells[i], w))
			}
			t.line(indent, "WHITE", t.o.Prefix+strings.Join(padded, t.o.Delim)+t.o.Suffix, "")
		}
		if t.o.SeparateRows || header {
			t.line(indent, "LIGHT_GRAY", separator, "")
			header = false
		}
	}
	return nil
}

// physical returns the lines of one row: as many as its shortest cell has.
func (t *tables) physical(row []py.Value) ([][]string, error) {
	if len(row) == 0 {
		return nil, py.TypeErrorf("map() must have at least two arguments.")
	}
	var cells [][]string
	shortest := -1
	for _, v := range row {
		lines, err := t.wrap(v)
		if err != nil {
			return nil, err
		}
		cells = append(cells, lines)
		if shortest < 0 || len(lines) < shortest {
			shortest = len(lines)
		}
	}
	var out [][]string
	for i := range max(shortest, 0) {
		var line []string
		for _, c := range cells {
			line = append(line, c[i])
		}
		out = append(out, line)
	}
	return out, nil
}

func (t *tables) justifier() (func(string, int) string, error) {
	switch py.Lower(t.o.Justify) {
	case "center":
		return center, nil
	case "left":
		return ljust, nil
	case "right":
		return rjust, nil
	}
	return nil, py.KeyError(py.Str(py.Lower(t.o.Justify)))
}

// center is str.center: an odd space goes left when the width is odd.
func center(s string, width int) string {
	pad := width - runes(s)
	if pad <= 0 {
		return s
	}
	left := pad/2 + pad&width&1
	return spaces(left) + s + spaces(pad-left)
}
