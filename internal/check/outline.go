package check

import (
	"strings"
	"unicode/utf8"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

// decl is one state of an SLS: `pkg.installed:` below an ID.
type decl struct {
	id, state string // as written; a hole is what rendering gives
	fun       string // the function, when it stands in the list
	at        place
	args      []arg
	closed    bool // all arguments are in args: there is no hole among them
}

// arg is an argument with a constant name. values are the constant texts of
// its value: one, or those of a list.
type arg struct {
	name   string
	values []string
	at     place
}

// place is a line and a column, both from 1, and whether it is in a branch.
type place struct {
	line, col int
	branch    bool
}

// include is one entry of an include list.
type include struct {
	name string
	at   place
}

// outline is what can be read of an SLS without rendering it.
type outline struct {
	decls    []*decl
	includes []include
	// holes are where a template prints something in the place of an ID or of
	// a state.
	holes []place
}

// line is one line of masked text that says something.
type line struct {
	indent int    // of the text
	dash   int    // column of the "- " before it, -1 without
	text   string // without indentation and dash
	key    string // before a colon; "" when there is none
	value  string // behind the colon, or the whole text
	place
}

// reader reads the outline, line by line. A line means something only by its
// column: deeper ones are the values of arguments.
type reader struct {
	m   *masked
	i   int
	out outline

	base     int    // column of the IDs
	top      string // the key at that column
	id       string
	extCol   int // below extend: column of the IDs, -1 before the first
	stateCol int // column of the ID's states, -1 before the first
	decl     *decl
	item     int // column of the arguments' dashes, -1 before the first
	keyCol   int // column of the keys behind them
	arg      *arg
}

// readOutline reads an SLS. source is its text, for columns in characters.
func readOutline(source string) *outline {
	m := mask(source)
	r := &reader{m: m, base: -1}
	for _, l := range m.lines {
		t := strings.TrimLeft(l, " ")
		if strings.TrimSpace(t) == "" || t[0] == '#' || strings.HasPrefix(t, "---") {
			continue
		}
		if key, _ := splitKey(t); t[0] == hole && key == "" {
			continue // what is printed may begin anywhere
		}
		if n := len(l) - len(t); r.base < 0 || n < r.base {
			r.base = n
		}
	}
	for r.i < len(m.lines) {
		l, ok := r.next()
		if ok {
			r.line(l)
		}
	}
	// Columns are bytes so far.
	lines := strings.Split(source, "\n")
	chars := func(p *place) {
		if p.line <= len(lines) && p.col-1 <= len(lines[p.line-1]) {
			p.col = utf8.RuneCountInString(lines[p.line-1][:p.col-1]) + 1
		}
	}
	for _, d := range r.out.decls {
		chars(&d.at)
		for i := range d.args {
			chars(&d.args[i].at)
		}
	}
	for i := range r.out.includes {
		chars(&r.out.includes[i].at)
	}
	for i := range r.out.holes {
		chars(&r.out.holes[i])
	}
	return &r.out
}

// next reads the next line that says something, with the lines that a scalar
// or a flow collection in it goes on over.
func (r *reader) next() (line, bool) {
	raw := r.m.lines[r.i]
	l := line{dash: -1, place: place{line: r.i + 1, branch: r.m.branch[r.i]}}
	r.i++
	text := strings.TrimLeft(raw, " ")
	l.indent = len(raw) - len(text)
	text = strings.TrimRight(text, " \t\r")
	if text == "" || text[0] == '#' || text == "---" || text == "..." {
		return l, false
	}
	for strings.HasPrefix(text, "- ") {
		if l.dash < 0 {
			l.dash = l.indent
		}
		rest := strings.TrimLeft(text[1:], " ")
		l.indent += len(text) - len(rest)
		text = rest
	}
	l.col = l.indent + 1
	l.text = text
	l.key, l.value = splitKey(text)
	if l.key == "" {
		l.value = text
	}
	l.value = r.whole(l, l.value)
	return l, true
}

// whole returns a value with all lines that it goes on over.
func (r *reader) whole(l line, v string) string {
	switch {
	case v == "":
		return v
	case v[0] == '|' || v[0] == '>':
		limit := l.indent // what is deeper is the scalar's
		if l.key == "" && l.dash >= 0 {
			limit = l.dash
		}
		for r.i < len(r.m.lines) {
			t := strings.TrimLeft(r.m.lines[r.i], " ")
			if strings.TrimSpace(t) != "" && len(r.m.lines[r.i])-len(t) <= limit {
				break
			}
			r.i++
		}
		return v
	case v[0] == '"' || v[0] == '\'' || v[0] == '[' || v[0] == '{':
		const maxLines = 1000
		first := r.i
		for !balanced(v) && r.i < len(r.m.lines) && r.i-first < maxLines {
			v += "\n" + r.m.lines[r.i]
			r.i++
		}
		if !balanced(v) { // it is something else
			r.i = first
			v, _, _ = strings.Cut(v, "\n")
		}
		return v
	}
	if i := strings.Index(v, " #"); i >= 0 {
		v = strings.TrimRight(v[:i], " ")
	}
	return v
}

// balanced says whether all quotes and brackets of a value are closed.
func balanced(v string) bool {
	depth := 0
	for i := 0; i < len(v); i++ {
		switch c := v[i]; c {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case '"', '\'':
			if depth > 0 && i > 0 && !strings.ContainsRune(" [{,:\n", rune(v[i-1])) {
				continue // within a plain word
			}
			for i++; ; i++ {
				if i >= len(v) {
					return false
				}
				if v[i] == '\\' && c == '"' {
					i++
				} else if v[i] == c {
					break
				}
			}
		}
		if depth == 0 && v[0] != '[' && v[0] != '{' {
			return true
		}
	}
	return depth <= 0
}

// splitKey splits `key: value`; key is "" when there is none.
func splitKey(text string) (key, value string) {
	i := 0
	if c := text[0]; c == '"' || c == '\'' {
		end := strings.IndexByte(text[1:], c)
		if end < 0 {
			return "", text
		}
		i = end + 2
		if i < len(text) && text[i] == ':' && (i+1 == len(text) || text[i+1] == ' ') {
			return text[1 : i-1], strings.TrimLeft(text[i+1:], " ")
		}
		return "", text
	}
	if strings.ContainsRune("[{&*!|>%@`", rune(text[0])) {
		return "", text
	}
	for ; i < len(text); i++ {
		switch {
		case text[i] == ':' && (i+1 == len(text) || text[i+1] == ' '):
			return strings.TrimRight(text[:i], " "), strings.TrimLeft(text[i+1:], " ")
		case text[i] == '#' && i > 0 && text[i-1] == ' ':
			return "", text
		}
	}
	return "", text
}

func hasHole(s string) bool { return strings.IndexByte(s, hole) >= 0 }

// line takes one line.
func (r *reader) line(l line) {
	if l.dash < 0 && l.indent <= r.base {
		if l.key == "" && l.text[0] == hole {
			r.out.holes = append(r.out.holes, l.place)
			return
		}
		r.newID(l)
		return
	}
	switch r.top {
	case "include":
		if l.dash >= 0 && l.key == "" && !hasHole(l.value) {
			r.out.includes = append(r.out.includes, include{unquote(l.value), l.place})
		}
		return
	case "exclude":
		return
	case "extend":
		if l.dash < 0 && (r.extCol < 0 || l.indent <= r.extCol) {
			r.extCol, r.id = l.indent, l.key
			r.stateCol, r.decl, r.arg, r.item = -1, nil, nil, -1
			return
		}
		r.child(l, r.extCol)
		return
	case "":
		return
	}
	r.child(l, r.base)
}

func (r *reader) newID(l line) {
	r.decl, r.arg, r.item = nil, nil, -1
	r.extCol, r.stateCol = -1, -1
	r.top = ""
	if l.key == "" {
		return
	}
	r.top, r.id = l.key, l.key
	switch {
	case l.value == "" || r.top == "include" || r.top == "exclude" || r.top == "extend":
	case l.value[0] == '{':
		r.flow(l)
	case l.value[0] == hole:
		r.out.holes = append(r.out.holes, l.place)
	default: // ID: pkg.installed
		r.short(l, l.value)
	}
}

// short is a state without arguments: a text in the place of the ID's body.
func (r *reader) short(l line, text string) {
	text = unquote(text)
	if hasHole(text) {
		r.out.holes = append(r.out.holes, l.place)
		return
	}
	if strings.Contains(text, ".") && !strings.ContainsAny(text, " /{[") {
		r.out.decls = append(r.out.decls, &decl{id: r.id, state: text, at: l.place, closed: true})
	}
}

// child is a line below an ID whose column is above.
func (r *reader) child(l line, above int) {
	switch {
	case l.dash < 0 && l.indent > above && (r.stateCol < 0 || l.indent <= r.stateCol):
		r.stateCol = l.indent
		r.state(l)
	case r.decl == nil:
	case l.dash >= 0 && (r.item < 0 || l.dash <= r.item):
		r.item, r.keyCol = l.dash, l.indent
		r.argument(l)
	case l.dash < 0 && l.indent == r.keyCol && r.item >= 0:
		r.argument(l)
	case r.arg != nil && l.dash >= 0 && l.key == "" && !hasHole(l.value):
		r.arg.values = append(r.arg.values, unquote(l.value))
	}
}

func (r *reader) state(l line) {
	r.arg, r.item = nil, -1
	if l.key == "" {
		r.decl = nil
		r.short(l, l.value)
		return
	}
	if strings.HasPrefix(l.key, "__") {
		r.decl = nil
		return
	}
	d := &decl{id: r.id, state: l.key, at: l.place, closed: true}
	r.decl = d
	r.out.decls = append(r.out.decls, d)
	if hasHole(l.value) {
		d.closed = false
		return
	}
	if l.value != "" && l.value[0] == '[' {
		if v, err := saltyaml.Load(l.value); err == nil {
			d.list(v, l.place)
		}
	}
}

// argument is an item of a state's list.
func (r *reader) argument(l line) {
	r.arg = nil
	switch {
	case l.key != "" && !hasHole(l.key):
		r.decl.args = append(r.decl.args, arg{name: l.key, at: l.place})
		r.arg = &r.decl.args[len(r.decl.args)-1]
		if v := l.value; v != "" && !hasHole(v) {
			r.arg.values = constants(v)
		}
	case l.key == "" && l.text != "" && l.text[0] == '{' && !hasHole(l.value):
		if v, err := saltyaml.Load(l.value); err == nil {
			r.decl.list(py.NewList(v), l.place)
		}
	case l.key == "" && !hasHole(l.text):
		if r.decl.fun == "" {
			r.decl.fun = unquote(l.value)
		}
	default:
		r.decl.closed = false
	}
}

// flow is an ID whose body is written in braces.
func (r *reader) flow(l line) {
	if hasHole(l.value) {
		r.out.holes = append(r.out.holes, l.place)
		return
	}
	v, err := saltyaml.Load(l.value)
	body, ok := v.(*py.Dict)
	if err != nil || !ok {
		return
	}
	for k, run := range body.All() {
		if name := py.ToStr(k); !strings.HasPrefix(name, "__") {
			d := &decl{id: r.id, state: name, at: l.place, closed: true}
			r.out.decls = append(r.out.decls, d)
			d.list(run, l.place)
		}
	}
}

// list reads a state's list that was written in brackets.
func (d *decl) list(v py.Value, at place) {
	l, ok := v.(*py.List)
	if !ok {
		return
	}
	for _, it := range l.Items {
		switch it := it.(type) {
		case py.Str:
			d.fun = string(it)
		case *py.Dict:
			for k, v := range it.All() {
				d.args = append(d.args, arg{name: py.ToStr(k), values: texts(v), at: at})
			}
		}
	}
}

// constants returns the texts of a value that is written in one piece.
func constants(v string) []string {
	if v[0] != '[' {
		return []string{unquote(v)}
	}
	x, err := saltyaml.Load(v)
	if err != nil {
		return nil
	}
	return texts(x)
}

func texts(v py.Value) []string {
	switch v := v.(type) {
	case py.Str:
		return []string{string(v)}
	case *py.List:
		var out []string
		for _, it := range v.Items {
			if s, ok := it.(py.Str); ok {
				out = append(out, string(s))
			}
		}
		return out
	}
	return nil
}

func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}
