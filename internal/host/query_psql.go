package host

import (
	"regexp"
	"slices"
	"strings"
)

// The form of the one SQL statement that a looking psql may run.
const (
	sqlLookStart = "COPY (SELECT "
	sqlLookEnd   = ") TO STDOUT WITH CSV HEADER"
)

// sqlLookCalls are the words that may stand before a parenthesis in such a
// statement: functions without side effects, types and keywords.
var sqlLookCalls = []string{"copy", "in", "array_agg", "coalesce", "pg_encoding_to_char",
	"pg_tablespace_location", "pg_available_extensions", "timestamp", "quote_ident", "on", "as"}

var sqlCall = regexp.MustCompile(`([A-Za-z_][A-Za-z_0-9.]*)\s*\(`)

// psqlLooks says whether the arguments of psql are known to change nothing: no
// start file, and one statement that copies a SELECT of reviewed functions to
// the standard output.
func psqlLooks(argv []string) bool {
	for len(argv) > 0 {
		switch {
		case slices.Contains([]string{"--no-align", "--no-readline", "--no-psqlrc", "--no-password"}, argv[0]):
			argv = argv[1:]
		case len(argv) == 1:
			return false
		case slices.Contains([]string{"--username", "--host", "--port"}, argv[0]):
			argv = argv[2:]
		case argv[0] == "--dbname" && !strings.Contains(argv[1], "=") && !strings.Contains(argv[1], "://"):
			argv = argv[2:]
		case argv[0] == "-v" && argv[1] == "datestyle=ISO,MDY":
			argv = argv[2:]
		case argv[0] == "-c" && len(argv) == 2:
			return sqlLooks(argv[1])
		default:
			return false
		}
	}
	return false
}

func sqlLooks(sql string) bool {
	if len(sql) < len(sqlLookStart)+len(sqlLookEnd) || !strings.EqualFold(sql[:len(sqlLookStart)], sqlLookStart) ||
		!strings.HasSuffix(sql, sqlLookEnd) {
		return false
	}
	bare, ok := sqlUnquoted(sql)
	if !ok || strings.ContainsAny(bare, ";$\\") || strings.Contains(bare, "--") || strings.Contains(bare, "/*") {
		return false
	}
	for _, m := range sqlCall.FindAllStringSubmatch(bare, -1) {
		if !slices.Contains(sqlLookCalls, strings.ToLower(m[1])) {
			return false
		}
	}
	return true
}

// sqlUnquoted replaces every quoted text and name by a word; ok is false when a
// quote is not closed or holds a backslash, which the server may read in
// another way.
func sqlUnquoted(sql string) (bare string, ok bool) {
	var b strings.Builder
	for {
		i := strings.IndexAny(sql, `'"`)
		if i < 0 {
			b.WriteString(sql)
			return b.String(), true
		}
		b.WriteString(sql[:i])
		end := strings.IndexByte(sql[i+1:], sql[i])
		if end < 0 || strings.Contains(sql[i+1:i+1+end], `\`) {
			return "", false
		}
		b.WriteString("quoted")
		sql = sql[i+end+2:]
	}
}
