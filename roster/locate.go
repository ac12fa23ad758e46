package roster

import (
	"strings"
	"unicode/utf8"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

// locator finds where a host and its keys stand in a roster file. It asks the
// YAML loader's positions when they hold for the file, and searches the text
// otherwise: a templated roster mostly still has its entries in lines of their
// own.
type locator struct {
	file      string
	lines     []string
	positions *saltyaml.Positions
	top       *py.Dict
}

func newLocator(file string, text []byte, r Rendered) *locator {
	top, _ := r.Value.(*py.Dict)
	return &locator{file: file, lines: strings.Split(string(text), "\n"), positions: r.Positions, top: top}
}

// host returns the place of a top-level key.
func (l *locator) host(key py.Value) Pos {
	if l.positions != nil && l.top != nil {
		if p := l.positions.Key(l.top, key); p.Line > 0 {
			return Pos{l.file, p.Line, p.Column}
		}
	}
	line, col, _ := findKey(l.lines, 0, len(l.lines), py.ToStr(key), 0)
	return Pos{l.file, line, col}
}

// key returns the place of a key below a host, or the host's.
func (l *locator) key(hostKey py.Value, data *py.Dict, key string) Pos {
	if l.positions != nil && data != nil {
		if p := l.positions.Key(data, py.Str(key)); p.Line > 0 {
			return Pos{l.file, p.Line, p.Column}
		}
	}
	at := l.host(hostKey)
	if at.Line == 0 {
		return at
	}
	end := at.Line
	for end < len(l.lines) {
		s := l.lines[end]
		if s != "" && s[0] != ' ' && s[0] != '\t' && s[0] != '#' && s[0] != '\r' && !strings.HasPrefix(s, "{%") {
			break
		}
		end++
	}
	if line, col, ok := findKey(l.lines, at.Line, end, key, -1); ok {
		return Pos{l.file, line, col}
	}
	return at
}

// findKey looks for a line that starts with key and a colon in lines
// [from, to). indent is the indentation wanted, -1 for any but none.
func findKey(lines []string, from, to int, key string, indent int) (line, col int, ok bool) {
	for i := from; i < to; i++ {
		s := strings.TrimPrefix(lines[i], "\ufeff")
		body := strings.TrimLeft(s, " ")
		in := len(s) - len(body)
		if indent == 0 && in != 0 || indent < 0 && in == 0 {
			continue
		}
		for _, form := range []string{key, "'" + key + "'", `"` + key + `"`} {
			rest, found := strings.CutPrefix(body, form)
			if found && strings.HasPrefix(strings.TrimLeft(rest, " "), ":") {
				return i + 1, utf8.RuneCountInString(s[:in]) + 1, true
			}
		}
	}
	return 0, 0, false
}
