package mysql

import (
	"strings"

	"pinch/internal/py"
)

// textEscapes are those of a text, as the server reads them with the backslash
// as escape. A quote is doubled: that ends no text in either mode of the server.
var textEscapes = strings.NewReplacer("'", "''", `\`, `\\`, "\x00", `\0`, "\n", `\n`, "\r", `\r`, "\x1a", `\Z`)

// text writes a text as SQL.
func text(s string) string { return "'" + textEscapes.Replace(s) + "'" }

// literal writes a value as SQL: NULL, or its text.
func literal(v py.Value) string {
	if py.IsNone(v) {
		return "NULL"
	}
	return text(py.ToStr(v))
}

// account is USER@HOST of a statement.
func account(user, host py.Value) string { return literal(user) + "@" + literal(host) }

// QuoteIdentifier quotes a name as Salt's function does, which doubles percent
// signs for Python's driver. forGrants hides the underscore from the patterns
// of grants.
func QuoteIdentifier(name string, forGrants bool) string {
	name = strings.ReplaceAll(name, "`", "``")
	if forGrants {
		name = strings.ReplaceAll(name, "_", `\_`)
	}
	return "`" + strings.ReplaceAll(name, "%", "%%") + "`"
}

// identifier quotes a name for the server.
func identifier(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
