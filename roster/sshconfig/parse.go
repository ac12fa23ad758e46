// Package sshconfig reads OpenSSH client configuration: which hosts a file
// names, and which settings apply to a host. It follows OpenSSH's rules
// (ssh_config(5), readconf.c of OpenSSH 9): the first value wins, Host patterns
// with negation, Match with all its criteria, Include, two passes for `Match
// final`, %-tokens and environment variables. The tests compare it with
// `ssh -G`.
//
// It is used by package roster, both as a source of hosts and to complete
// hosts that another roster names by an alias, because salt-ssh runs ssh,
// which reads the same files. The package does no I/O of its own but through
// Env, and never runs a command by itself.
package sshconfig

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sort"
	"strings"
)

// Env is what configuration files may refer to.
type Env struct {
	// Home is the user's home directory, for ~ and %d.
	Home string
	// User is the local login name, for %u and Match localuser, and the remote
	// name where nothing else is said.
	User string
	// UID is the local user id as text, for %i.
	UID string
	// Hostname is the local host's name, for %l and %L.
	Hostname string
	// Getenv looks up ${NAME}; nil means that there are no variables.
	Getenv func(name string) (value string, ok bool)
	// ReadFile reads a file; the error of one that is missing must match
	// fs.ErrNotExist.
	ReadFile func(path string) ([]byte, error)
	// Glob expands the pattern of an Include line.
	Glob func(pattern string) ([]string, error)
	// Exec answers `Match exec`: whether the command's status is 0. With nil
	// such a line is an error.
	Exec func(command string) (bool, error)
}

// File is one file to read. Of a System file relative Include names are
// looked up in its own directory, of a user's in ~/.ssh.
type File struct {
	Path   string
	System bool
	// Required makes it an error that the file does not exist.
	Required bool
}

// Config is the parsed content of all files, in order of precedence. It is
// immutable and may be shared.
type Config struct {
	env     Env
	options []line // from With, above all files
	lines   []line
}

// line is one directive. Included files are nested below their Include line.
type line struct {
	file     string
	num      int
	key      string // lower case
	args     []string
	raw      string // everything behind the keyword
	included []line
}

// Error is a mistake in a configuration file.
type Error struct {
	File string
	Line int
	Msg  string
	Err  error
}

// Error implements error: "file:line: message".
func (e *Error) Error() string {
	s := e.Msg
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Line == 0 {
		return e.File + ": " + s
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, s)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func (l *line) errorf(format string, args ...any) error {
	return &Error{File: l.file, Line: l.num, Msg: fmt.Sprintf(format, args...)}
}

// Limits of OpenSSH, and one on the total so that Include cannot explode.
const (
	maxIncludeDepth = 16
	maxLines        = 200_000
)

// Load reads the files in order: what an earlier one says wins.
func Load(env Env, files ...File) (*Config, error) {
	p := parser{env: env}
	c := &Config{env: env}
	for _, f := range files {
		text, err := env.ReadFile(f.Path)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) && !f.Required {
				continue
			}
			return nil, &Error{File: f.Path, Msg: "reading the ssh configuration", Err: err}
		}
		lines, err := p.parse(f, text, 0)
		if err != nil {
			return nil, err
		}
		c.lines = append(c.lines, lines...)
		// A file starts as if all its lines applied, whatever block the one
		// before ended in.
		c.lines = append(c.lines, line{key: keyEndOfFile})
	}
	return c, nil
}

// keyEndOfFile marks the end of a top-level file; no keyword looks like it.
const keyEndOfFile = "\x00end"

type parser struct {
	env   Env
	count int
}

func (p *parser) parse(f File, text []byte, depth int) ([]line, error) {
	var out []line
	for i, raw := range strings.Split(string(text), "\n") {
		if p.count++; p.count > maxLines {
			return nil, &Error{File: f.Path, Line: i + 1, Msg: "too many lines of ssh configuration"}
		}
		l, ok, err := splitLine(f.Path, i+1, raw)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if l.key == "include" {
			if l.included, err = p.include(f, &l, depth); err != nil {
				return nil, err
			}
		}
		if err := check(&l); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// include reads the files an Include line names. Patterns without a match and
// unreadable files are skipped, as in OpenSSH.
func (p *parser) include(f File, l *line, depth int) ([]line, error) {
	if depth+1 > maxIncludeDepth {
		return nil, l.errorf("too many recursive configuration includes (more than %d)", maxIncludeDepth)
	}
	if len(l.args) == 0 {
		return nil, l.errorf("keyword Include: missing argument")
	}
	var out []line
	for _, pattern := range l.args {
		path := tilde(p.env.Home, pattern)
		if !filepath.IsAbs(path) {
			dir := filepath.Join(p.env.Home, ".ssh")
			if f.System {
				dir = filepath.Dir(f.Path)
			}
			path = filepath.Join(dir, path)
		}
		names, err := p.env.Glob(path)
		if err != nil {
			return nil, l.errorf("Include %s: %v", pattern, err)
		}
		sort.Strings(names)
		for _, name := range names {
			text, err := p.env.ReadFile(name)
			if err != nil {
				if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
					continue
				}
				return nil, &Error{File: l.file, Line: l.num, Msg: "Include " + name, Err: err}
			}
			sub := f
			sub.Path = name
			lines, err := p.parse(sub, text, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, lines...)
		}
	}
	return out, nil
}

const blanks = " \t\r\n\f"

// splitLine cuts a line into keyword and arguments; ok is false for empty
// lines and comments.
func splitLine(file string, num int, raw string) (l line, ok bool, err error) {
	s := strings.Trim(strings.TrimPrefix(raw, "\ufeff"), blanks)
	if s == "" || s[0] == '#' {
		return line{}, false, nil
	}
	l = line{file: file, num: num}
	end := strings.IndexAny(s, blanks+"=\"")
	if end < 0 {
		end = len(s)
	}
	l.key = strings.ToLower(s[:end])
	rest := strings.TrimLeft(s[end:], blanks)
	if cut, found := strings.CutPrefix(rest, "="); found {
		rest = strings.TrimLeft(cut, blanks)
	}
	l.raw = rest
	if l.key == "" {
		return line{}, false, l.errorf("no keyword before %q", s)
	}
	if rest == "" {
		return line{}, false, l.errorf("no argument after keyword %q", s[:end])
	}
	if l.args, ok = splitArgs(rest); !ok {
		if rawKeywords[l.key] {
			return l, true, nil
		}
		return line{}, false, l.errorf("keyword %s: unterminated quote", s[:end])
	}
	return l, true, nil
}

// rawKeywords take the rest of the line as it stands, quotes included.
var rawKeywords = map[string]bool{
	"proxycommand": true, "localcommand": true, "remotecommand": true, "knownhostscommand": true,
}

// splitArgs cuts at blanks, with quotes, backslashes before a quote, a
// backslash or (outside quotes) a blank, and a comment at the start of a word.
func splitArgs(s string) (args []string, ok bool) {
	for i := 0; i < len(s); {
		if s[i] == ' ' || s[i] == '\t' {
			i++
			continue
		}
		if s[i] == '#' {
			break
		}
		var b strings.Builder
		var quote byte
	word:
		for ; i < len(s); i++ {
			c := s[i]
			switch {
			case c == '\\' && i+1 < len(s) && (s[i+1] == '\'' || s[i+1] == '"' || s[i+1] == '\\' || quote == 0 && s[i+1] == ' '):
				i++
				b.WriteByte(s[i])
			case quote == 0 && (c == ' ' || c == '\t'):
				break word
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			case quote != 0 && c == quote:
				quote = 0
			default:
				b.WriteByte(c)
			}
		}
		if quote != 0 {
			return nil, false
		}
		args = append(args, b.String())
	}
	return args, true
}

// HostName is a name that a Host line gives and that is no pattern.
type HostName struct {
	Name string
	File string
	Line int
}

// Hosts returns the names on Host lines that are no patterns, in order, each
// once.
func (c *Config) Hosts() []HostName {
	var out []HostName
	seen := map[string]bool{}
	var walk func(lines []line)
	walk = func(lines []line) {
		for i := range lines {
			l := &lines[i]
			walk(l.included)
			if l.key != "host" {
				continue
			}
			for _, name := range l.args {
				if name == "" || strings.ContainsAny(name, "*?!") || seen[name] {
					continue
				}
				seen[name] = true
				out = append(out, HostName{Name: name, File: l.file, Line: l.num})
			}
		}
	}
	walk(c.lines)
	return out
}

// With returns the configuration with options before it, written as behind
// ssh's -o ("Keyword=value" or "Keyword value"). env completes what c's own
// environment lacks, for a configuration without files.
func (c *Config) With(env Env, options ...string) (*Config, error) {
	out := &Config{env: c.env, lines: c.lines, options: c.options}
	if out.env.Home == "" {
		out.env.Home = env.Home
	}
	if out.env.User == "" {
		out.env.User = env.User
	}
	var first []line
	for i, o := range options {
		l, ok, err := splitLine("option", i+1, o)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", o, err)
		}
		if !ok {
			return nil, fmt.Errorf("%q: expected Keyword=value", o)
		}
		if l.key == "host" || l.key == "match" || l.key == "include" {
			return nil, fmt.Errorf("%q: is not possible as an option", o)
		}
		if err := check(&l); err != nil {
			return nil, fmt.Errorf("%q: %w", o, err)
		}
		first = append(first, l)
	}
	out.options = append(first, out.options...)
	return out, nil
}

// WithoutOptions returns the files alone, without what With put before them.
func (c *Config) WithoutOptions() *Config { return &Config{env: c.env, lines: c.lines} }
