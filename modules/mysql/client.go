package mysql

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
)

const (
	// connectSeconds is how long Python's driver waits for a server.
	connectSeconds = 10
	// optionLine is the longest line that the client reads of an option file.
	optionLine = 4000
	// rowsColumn is the column of the statement that ends every run.
	rowsColumn = "pinch_rows"
	// errorKey is where the last error stands: Salt's __context__["mysql.error"].
	errorKey = "mysql/error"
)

// client talks to one server.
type client struct {
	c *modules.Call
	settings
}

func (a *connArgs) client(ctx context.Context, c *modules.Call) (*client, error) {
	s, err := a.resolve(ctx, c)
	if err != nil {
		return nil, err
	}
	return &client{c: c, settings: *s}, nil
}

// as is the same client with another password.
func (p *client) as(password string) *client {
	other := *p
	other.password = secret.New(password)
	return &other
}

// in is the same client in a database.
func (p *client) in(db string) *client {
	other := *p
	other.db = db
	return &other
}

// result is what a statement gave.
type result struct {
	columns  []string
	rows     [][]py.Value // texts and None
	affected int
}

// sqlError is an error of the server or of the way to it.
type sqlError struct {
	code    int
	msg     string
	connect bool // there was no connection
	after   bool // the statement itself was done
}

func (e *sqlError) salt() string { return fmt.Sprintf("MySQL Error %d: %s", e.code, e.msg) }

// setError keeps an error for the state, which asks with takeError.
func (p *client) setError(s string) {
	p.c.Log.Error(s)
	p.c.Memo.Put(errorKey, s)
}

func (p *client) clearError() { p.c.Memo.Drop(errorKey) }

// takeError returns the last error of this run, which may be an earlier
// state's as in Salt, and forgets it.
func takeError(c *modules.Call) (string, bool) {
	v, ok := c.Memo.Get(errorKey)
	c.Memo.Drop(errorKey)
	s, _ := v.(string)
	return s, ok
}

// ask runs a statement that only looks. ok is false when the server, or the
// way to it, refused in a way that Salt reports; other refusals are its
// driver's exceptions.
func (p *client) ask(ctx context.Context, sql string) (*result, bool, error) {
	return p.settle(p.run(ctx, nil, sql, true))
}

// do runs a statement that changes something. tolerated are further classes of
// exceptions that are reported.
func (p *client) do(ctx context.Context, w host.Writer, sql string, tolerated ...string) (*result, bool, error) {
	r, bad, err := p.run(ctx, w, sql, true)
	return p.settle(r, bad, err, tolerated...)
}

// doAnd is do with a statement that follows on the same connection. What
// refuses that one is an exception.
func (p *client) doAnd(ctx context.Context, w host.Writer, sql, then string) (*result, bool, error) {
	return p.settle(p.run(ctx, w, sql, true, then))
}

func (p *client) settle(r *result, bad *sqlError, err error, tolerated ...string) (*result, bool, error) {
	if err != nil || bad == nil {
		return r, err == nil, err
	}
	class := errorClass(bad.code)
	if bad.connect || class == "OperationalError" && !bad.after || contains(tolerated, class) {
		p.setError(bad.salt())
		return nil, false, nil
	}
	return nil, false, py.Errorf("pymysql.err."+class, "(%d, %s)", bad.code, py.Repr(py.Str(bad.msg)))
}

// way is how a server is reached.
type way int

const (
	byHost  way = iota // over the network
	byOwn              // the socket that the client knows
	byGiven            // the socket of the settings
)

// ways are those to try. Of Salt's two drivers one takes localhost for the
// network and the other for the socket: here a password goes over the network
// first, and who has none is known by the socket first.
func (p *client) ways() []way {
	switch {
	case p.socket != "":
		return []way{byGiven}
	case !p.isLocal():
		return []way{byHost}
	case p.password.IsSet():
		return []way{byHost, byOwn}
	}
	return []way{byOwn, byHost}
}

// run runs one statement. ours says that the statement was made here, with
// texts in which the backslash is an escape; then is what follows it.
func (p *client) run(ctx context.Context, w host.Writer, sql string, ours bool, then ...string) (*result, *sqlError, error) {
	if !single(sql) {
		return nil, nil, modules.SaltInvocationError("mysql: several statements in one query are not supported")
	}
	var failed *sqlError
	for _, by := range p.ways() {
		r, bad, err := p.start(ctx, w, by, sql, ours, then)
		if err != nil || bad == nil || !bad.connect || bad.code < 2000 {
			return r, bad, err
		}
		if failed == nil || by == byHost {
			failed = bad
		}
	}
	return nil, failed, nil
}

// delimiter ends a statement; it is nowhere in it.
func delimiter(sql string) string {
	d := "$pinch$"
	for n := 0; strings.Contains(sql, d); n++ {
		d = fmt.Sprintf("$pinch%d$", n)
	}
	return d
}

func (p *client) start(ctx context.Context, w host.Writer, by way, sql string, ours bool, then []string) (*result, *sqlError, error) {
	options, err := p.optionFile(by)
	if err != nil {
		return nil, nil, err
	}
	prog := program(p.c)
	if prog == "" {
		return nil, nil, modules.CommandExecutionError("mysql: no client is installed")
	}
	end := delimiter(sql)
	var in strings.Builder
	write := func(statements ...string) {
		for _, s := range statements {
			in.WriteString(s + "\n" + end + "\n")
		}
	}
	if ours && strings.Contains(sql, `\`) {
		write(host.MySQLEscapes)
	}
	write(sql, "SELECT ROW_COUNT() AS "+rowsColumn)
	lines := strings.Count(in.String(), "\n")
	write(then...)
	noLogin := "/dev/null"
	cmd := host.Cmd{Argv: []string{prog, "--defaults-file=/dev/fd/3", "--batch", "--binary-mode", "--comments", "--column-type-info", "--delimiter=" + end},
		Env: map[string]*string{"MYSQL_PWD": nil, "MYSQL_HOST": nil, "MYSQL_TCP_PORT": nil, "MYSQL_UNIX_PORT": nil,
			"MYSQL_TEST_LOGIN_FILE": &noLogin},
		Stdin: strings.NewReader(in.String()), Files: []io.Reader{strings.NewReader(options)}}
	run := p.c.Query
	if w != nil {
		run = w.Run
	}
	out, err := run(ctx, cmd)
	if err != nil {
		return nil, nil, fmt.Errorf("mysql: %w", err)
	}
	if out.Code != 0 {
		bad, err := p.failure(string(out.Stderr), lines)
		return nil, bad, err
	}
	r, err := parseRows(string(out.Stdout))
	return r, nil, err
}

// optionFile is the client's whole configuration.
func (p *client) optionFile(by way) (string, error) {
	var b strings.Builder
	b.WriteString("[client]\n")
	var err error
	set := func(key, value string) {
		quoted := optionEscapes.Replace(value)
		if err == nil && (strings.Contains(value, "\x00") || len(quoted) > optionLine) {
			err = modules.SaltInvocationError(fmt.Sprintf("mysql: connection: %s has a zero byte or is too long", key))
		}
		if value != "" {
			fmt.Fprintf(&b, "%s=\"%s\"\n", key, quoted)
		}
	}
	set("user", p.user)
	set("password", p.password.Reveal())
	set("database", p.db)
	charset := p.charset
	if charset == "" {
		charset = "utf8mb4"
	}
	set("default-character-set", charset)
	set("connect-timeout", strconv.Itoa(connectSeconds))
	switch by {
	case byGiven:
		set("socket", p.socket)
		set("protocol", "SOCKET")
	case byOwn:
		set("protocol", "SOCKET")
	case byHost:
		h := p.host
		if h == "" {
			h = "localhost"
		}
		set("host", h)
		set("protocol", "TCP")
		if p.port != 0 {
			set("port", strconv.Itoa(p.port))
		}
		set("bind-address", p.bind)
	}
	for _, o := range p.tls {
		set(o[0], o[1])
	}
	if len(p.tls) == 0 {
		set("loose-ssl-verify-server-cert", "0")
	}
	return b.String(), err
}

// optionEscapes are those of a quoted value of an option file.
var optionEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

var errorLine = regexp.MustCompile(`(?ms)^ERROR (\d+)(?: \(\w+\))?(?: at line (\d+))?(?: in file: '[^']*')?: (.*)\z`)

// failure reads the client's error message. lines are those of the statement.
func (p *client) failure(stderr string, lines int) (*sqlError, error) {
	if i := strings.LastIndex(stderr, "\nERROR "); i >= 0 {
		stderr = stderr[i+1:] // before it is the statement
	}
	m := errorLine.FindStringSubmatch(strings.TrimRight(stderr, "\r\n"))
	if m == nil {
		return nil, modules.CommandExecutionError("mysql: the client failed: " + strings.TrimSpace(stderr))
	}
	code, err := strconv.Atoi(m[1])
	if err != nil {
		return nil, fmt.Errorf("mysql: error number: %w", err)
	}
	bad := &sqlError{code: code, msg: m[3], connect: m[2] == ""}
	if n, err := strconv.Atoi(m[2]); err == nil {
		bad.after = n > lines
	}
	if bad.connect && code >= 2000 && code < 2010 {
		name := p.host
		if name == "" {
			name = "localhost"
		}
		bad.code, bad.msg = 2003, fmt.Sprintf("Can't connect to MySQL server on '%s' (%s)", name, reason(bad.msg))
	}
	return bad, nil
}

var errnoAtEnd = regexp.MustCompile(`\(?"?(-?\d+)(?: "[^"]*")?"?\)$`)

// reason is Python's text of the system's error in the client's message.
func reason(msg string) string {
	m := errnoAtEnd.FindStringSubmatch(msg)
	if m == nil {
		return msg
	}
	switch m[1] {
	case "110":
		return "timed out"
	case "111", "115": // MariaDB's client tells of its own waiting
		return "[Errno 111] Connection refused"
	case "-2":
		return "[Errno -2] Name or service not known"
	case "-3":
		return "[Errno -3] Temporary failure in name resolution"
	case "2":
		return "[Errno 2] No such file or directory"
	case "13":
		return "[Errno 13] Permission denied"
	case "113":
		return "[Errno 113] No route to host"
	case "101":
		return "[Errno 101] Network is unreachable"
	}
	return msg
}

// errorClass is the exception of Python's driver for an error of the server.
func errorClass(code int) string {
	switch code {
	case 1007, 1149, 1064, 1146, 1102, 1103, 1110, 1111, 1112, 1113, 1179, 1166:
		return "ProgrammingError"
	case 1265, 1263, 1264, 1230, 1171, 1406, 1441, 1366, 1367:
		return "DataError"
	case 1062, 1216, 1452, 1217, 1451, 1215, 1048:
		return "IntegrityError"
	case 1196, 1235, 1289, 1286:
		return "NotSupportedError"
	}
	if code < 1000 {
		return "InternalError"
	}
	return "OperationalError"
}
