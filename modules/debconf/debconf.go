// Package debconf holds the functions debconf.*: answers to the questions that
// Debian packages ask when they are installed.
package debconf

import (
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// Funcs returns the functions of this package.
func Funcs() []*modules.Func {
	return append(stateFuncs(), execFuncs()...)
}

const (
	getProgram = "debconf-get-selections"
	setProgram = "debconf-set-selections"
)

func isDebian(c *modules.Call) bool {
	v, _ := c.Grains.GetStr("os_family")
	return v == py.Value(py.Str("Debian"))
}

func virtualState(c *modules.Call) (bool, string) {
	switch {
	case !isDebian(c):
		return false, "debconf state only runs on Debian systems"
	case c.LookPath(getProgram) == "":
		return false, "debconf module could not be loaded"
	}
	return true, ""
}

func virtualExec(c *modules.Call) (bool, string) {
	switch {
	case !isDebian(c):
		return false, "The debconfmod module could not be loaded: unsupported OS family"
	case c.LookPath(getProgram) == "":
		return false, "The debconfmod module could not be loaded: debconf-utils is not installed."
	}
	return true, ""
}

// answer is one line of the selections.
type answer struct{ pkg, question, kind, value string }

const memoKey = "debconf/selections"

// answers reads all selections, once until one is set.
func answers(ctx context.Context, c *modules.Call) ([]answer, error) {
	return modules.Remember(c.Memo, memoKey, func() ([]answer, error) {
		out, err := c.Query(ctx, host.Cmd{Argv: []string{getProgram}})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", getProgram, err)
		}
		if out.Code != 0 {
			return nil, modules.CommandExecutionError(getProgram + ": " + strings.TrimSpace(string(out.Stderr)))
		}
		return parseAnswers(strings.ToValidUTF8(string(out.Stdout), "\uFFFD")), nil
	})
}

// parseAnswers reads lines of package, question, type and value; the value may
// be empty, but the blank before it is there. A comment is no line.
func parseAnswers(text string) []answer {
	var out []answer
	for line := range strings.Lines(text) {
		a, rest := word(strings.TrimRight(line, "\n"))
		b, rest := word(rest)
		c, rest := word(rest)
		if strings.HasPrefix(a, "#") || len(a) < 2 || b == "" || c == "" || rest == "" {
			continue
		}
		out = append(out, answer{a, b, c, strings.TrimLeft(rest, " \t")})
	}
	return out
}

// word takes the next word off; rest begins with the blanks behind it.
func word(s string) (w, rest string) {
	s = strings.TrimLeft(s, " \t")
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// set gives selections to debconf. ok is false when it did not take them;
// problem is what it said.
func set(ctx context.Context, c *modules.Call, w host.Writer, text io.Reader) (ok bool, problem string, err error) {
	c.Memo.Drop(memoKey)
	out, err := w.Run(ctx, host.Cmd{Argv: []string{setProgram}, Stdin: text})
	if err != nil {
		return false, "", fmt.Errorf("%s: %w", setProgram, err)
	}
	return out.Code == 0, strings.TrimSpace(string(out.Stderr)), nil
}

// open opens a file of selections: of the tree, or a path of the host. nil is
// returned when there is no such file.
func open(ctx context.Context, c *modules.Call, source, env string) (io.ReadCloser, error) {
	if !strings.HasPrefix(source, "salt://") {
		if !path.IsAbs(source) {
			return nil, modules.CommandExecutionError(source + ": not supported as a source of debconf answers: use salt:// or an absolute path")
		}
		if _, err := c.Stat(source); err != nil {
			return nil, nil
		}
		return c.Open(source)
	}
	if c.Chunk == nil {
		v, err := c.Remote.Call(ctx, "cp.get_file_str", py.NewArgs(py.Str(source), py.Str(env)))
		if err != nil {
			return nil, err
		}
		s, ok := v.(py.Str)
		if !ok {
			return nil, nil
		}
		return io.NopCloser(strings.NewReader(string(s))), nil
	}
	info, err := c.Sources.Stat(ctx, source, "")
	if err != nil {
		return nil, err
	}
	return c.Sources.Open(ctx, info)
}
