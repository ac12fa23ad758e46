package postgres

import (
	"strings"

	"pinch/internal/py"
)

// csvRows reads what COPY ... WITH CSV HEADER prints. Lines without anything
// are no rows: a single NULL is none, as in Salt.
func csvRows(s string) []*py.Dict {
	var header []string
	var rows []*py.Dict
	s = strings.TrimRight(s, " \t\r\n")
	for s != "" {
		var fields []string
		fields, s = csvRecord(s)
		switch {
		case fields == nil:
		case header == nil:
			header = fields
		default:
			row := py.NewDict()
			for i, h := range header {
				if i < len(fields) {
					row.SetStr(h, py.Str(fields[i]))
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// csvRecord reads one record, nil for an empty line, and returns the rest.
func csvRecord(s string) (fields []string, rest string) {
	if s == "" || s[0] == '\n' {
		return nil, strings.TrimPrefix(s, "\n")
	}
	var b strings.Builder
	quoted := false
	start := true
	for i := 0; i < len(s); i++ {
		ch := s[i]
		switch {
		case quoted && ch == '"' && i+1 < len(s) && s[i+1] == '"':
			b.WriteByte('"')
			i++
		case quoted && ch == '"':
			quoted = false
		case quoted:
			b.WriteByte(ch)
		case start && ch == '"':
			quoted, start = true, false
		case ch == ',':
			fields = append(fields, b.String())
			b.Reset()
			start = true
		case ch == '\n':
			return append(fields, b.String()), s[i+1:]
		default:
			b.WriteByte(ch)
			start = false
		}
	}
	return append(fields, b.String()), ""
}

// array reads the text of an array of names.
func array(s string) []string {
	s = strings.Trim(s, "{}")
	if s == "" {
		return nil
	}
	fields, _ := csvRecord(s)
	return fields
}
