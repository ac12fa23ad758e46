package mysql

import (
	"fmt"
	"strconv"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
)

var rowEscapes = strings.NewReplacer(`\t`, "\t", `\n`, "\n", `\0`, "\x00", `\\`, `\`)

// parseRows reads what the client's batch mode prints for a statement and the
// one that asks for its count: lines of columns with tabs between them, the
// names first. NULL and the text of that name look the same.
func parseRows(s string) (*result, error) {
	head, count, ok := strings.Cut(strings.TrimSuffix("\n"+s, "\n"), "\n"+rowsColumn+"\n")
	n, err := strconv.Atoi(count)
	if !ok || err != nil {
		return nil, modules.CommandExecutionError("mysql: the client did not run the statement to its end")
	}
	r := &result{affected: n}
	if head == "" {
		return r, nil
	}
	for i, line := range strings.Split(head[1:], "\n") {
		var row []py.Value
		for f := range strings.SplitSeq(line, "\t") {
			switch {
			case i == 0:
				r.columns = append(r.columns, rowEscapes.Replace(f))
			case f == "NULL":
				row = append(row, py.None)
			default:
				row = append(row, py.Str(rowEscapes.Replace(f)))
			}
		}
		if i > 0 {
			if len(row) != len(r.columns) {
				return nil, fmt.Errorf("mysql: row %d has %d columns, not %d", i, len(row), len(r.columns))
			}
			r.rows = append(r.rows, row)
		}
	}
	r.affected = len(r.rows)
	return r, nil
}

// first is the text in the first column of the first row, "" without one.
func (r *result) first() string {
	if len(r.rows) == 0 || py.IsNone(r.rows[0][0]) {
		return ""
	}
	return py.ToStr(r.rows[0][0])
}

// column returns the texts of the first column.
func (r *result) column() []string {
	var all []string
	for _, row := range r.rows {
		all = append(all, py.ToStr(row[0]))
	}
	return all
}

// dict is a row by its columns.
func (r *result) dict(i int) *py.Dict {
	d := py.NewDict()
	for n, name := range r.columns {
		d.SetStr(name, r.rows[i][n])
	}
	return d
}

// dicts are all rows by their columns.
func (r *result) dicts() *py.List {
	l := py.NewList()
	for i := range r.rows {
		l.Append(r.dict(i))
	}
	return l
}

// single says whether a text is one statement: the client would run several,
// which Salt's driver does not.
func single(sql string) bool {
	rest := sql
	for rest != "" {
		switch {
		case strings.HasPrefix(rest, "/*"):
			_, rest, _ = strings.Cut(rest, "*/")
		case rest[0] == '#', strings.HasPrefix(rest, "-- "), strings.HasPrefix(rest, "--\n"), strings.HasPrefix(rest, "--\t"):
			_, rest, _ = strings.Cut(rest, "\n")
		case strings.IndexByte("'\"`", rest[0]) >= 0:
			rest = afterQuote(rest)
		case rest[0] == ';':
			return strings.Trim(rest, "; \t\r\n") == ""
		default:
			rest = rest[1:]
		}
	}
	return true
}

func afterQuote(s string) string {
	quote := s[0]
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quote != '`':
			i++
		case s[i] == quote:
			return s[i+1:]
		}
	}
	return ""
}
