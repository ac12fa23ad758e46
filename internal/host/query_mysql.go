package host

import (
	"io"
	"regexp"
	"slices"
	"strings"
)

// mysqlFlags are what a looking mysql client is started with, besides its
// delimiter.
var mysqlFlags = []string{"--defaults-file=/dev/fd/3", "--batch", "--binary-mode", "--comments", "--column-type-info"}

// mysqlOptions are the options that its option file, the first of the command's
// files, may set: where the server is and who asks, nothing that runs something.
var mysqlOptions = []string{"host", "user", "password", "port", "socket", "database", "protocol", "default-character-set",
	"connect-timeout", "bind-address", "ssl-ca", "ssl-capath", "ssl-cert", "ssl-key", "ssl-cipher", "loose-ssl-verify-server-cert"}

// MySQLEscapes is the statement that makes the backslash an escape in texts.
const MySQLEscapes = "SET SESSION sql_mode = REPLACE(@@SESSION.sql_mode, 'NO_BACKSLASH_ESCAPES', '')"

// mysqlCalls are the functions and keywords that may stand before a parenthesis.
var mysqlCalls = []string{"version", "password", "row_count", "in", "and", "or"}

// mysqlWords make a SELECT do more than look.
var mysqlWords = []string{"INTO", "UPDATE", "LOCK", "PROCEDURE", "SHARE"}

var (
	mysqlOption = regexp.MustCompile(`^([a-z-]+)="(?:[^"\\\n]|\\.)*"$`)
	mysqlWord   = regexp.MustCompile(`[A-Za-z_][A-Za-z_0-9.]*`)
)

// mysqlLooks says whether a mysql client is known to change nothing: it gets
// reviewed options only and, on its standard input, single SELECT and SHOW
// statements of reviewed functions, each on one line and ended by a line with
// the delimiter.
func mysqlLooks(cmd Cmd) bool {
	delimiter := ""
	for _, w := range cmd.Argv[1:] {
		if d, ok := strings.CutPrefix(w, "--delimiter="); ok {
			delimiter = d
		} else if !slices.Contains(mysqlFlags, w) {
			return false
		}
	}
	if delimiter == "" || len(cmd.Files) != 1 || !slices.Contains(cmd.Argv, mysqlFlags[0]) || !slices.Contains(cmd.Argv, "--binary-mode") {
		return false
	}
	options, ok := peek(cmd.Files[0])
	if !ok || !mysqlOptionsLook(options) {
		return false
	}
	sql, ok := peek(cmd.Stdin)
	if !ok {
		return false
	}
	statements, ok := strings.CutSuffix(sql, "\n"+delimiter+"\n")
	if !ok {
		return false
	}
	for s := range strings.SplitSeq(statements, "\n"+delimiter+"\n") {
		if s != MySQLEscapes && !mysqlStatementLooks(s) {
			return false
		}
	}
	return true
}

// peek returns what a reader of a text will give, without reading it.
func peek(r io.Reader) (string, bool) {
	text, ok := r.(*strings.Reader)
	if !ok {
		return "", false
	}
	b := make([]byte, text.Size())
	if _, err := text.ReadAt(b, 0); err != nil && err != io.EOF {
		return "", false
	}
	return string(b), int64(text.Len()) == text.Size()
}

func mysqlOptionsLook(file string) bool {
	body, ok := strings.CutPrefix(file, "[client]\n")
	if !ok {
		return false
	}
	for line := range strings.Lines(body) {
		m := mysqlOption.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil || !slices.Contains(mysqlOptions, m[1]) {
			return false
		}
	}
	return true
}

func mysqlStatementLooks(sql string) bool {
	if !strings.HasPrefix(sql, "SELECT ") && !strings.HasPrefix(sql, "SHOW ") {
		return false
	}
	bare, ok := mysqlUnquoted(sql)
	if !ok || strings.ContainsAny(bare, "\\;#\"{}\n\r\x00") {
		return false
	}
	for _, s := range []string{"--", "/*", ":="} {
		if strings.Contains(bare, s) {
			return false
		}
	}
	for _, w := range mysqlWord.FindAllString(bare, -1) {
		if slices.Contains(mysqlWords, strings.ToUpper(w)) {
			return false
		}
	}
	for _, m := range sqlCall.FindAllStringSubmatch(bare, -1) {
		if !slices.Contains(mysqlCalls, strings.ToLower(m[1])) {
			return false
		}
	}
	return true
}

// mysqlUnquoted replaces quoted texts and names by a word. ok is false when one
// is not closed, or where it would end elsewhere if the backslash were no
// escape.
func mysqlUnquoted(sql string) (bare string, ok bool) {
	var b strings.Builder
	for {
		i := strings.IndexAny(sql, "'`")
		if i < 0 {
			b.WriteString(sql)
			return b.String(), true
		}
		b.WriteString(sql[:i])
		quote := sql[i]
		sql = sql[i+1:]
		for {
			j := strings.IndexAny(sql, string(quote)+`\`)
			if j < 0 {
				return "", false
			}
			if sql[j] == '\\' {
				if quote == '`' {
					sql = sql[j+1:]
					continue
				}
				if j+1 == len(sql) || !strings.ContainsRune(`\0nrZ`, rune(sql[j+1])) {
					return "", false
				}
				sql = sql[j+2:]
				continue
			}
			sql = sql[j+1:]
			if sql == "" || sql[0] != quote {
				break
			}
			sql = sql[1:]
		}
		b.WriteString("quoted")
	}
}
