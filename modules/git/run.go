package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/modules"
)

// repo is how git is run: as whom, and with what to show to a server. w is nil
// while only looking.
type repo struct {
	c        *modules.Call
	w        host.Writer
	user     string
	encoding string
	ids      []string // identity files
	cred     *credentials
}

// request is one run of git.
type request struct {
	args []string // what follows "git"
	dir  string   // "" is the user's home directory
	// auth says that it may ask a server.
	auth bool
	// soft returns an exit status other than 0 as a result.
	soft bool
	// ignore keeps the exit status out of the run's.
	ignore bool
	// merge sends standard error to standard output.
	merge bool
}

// commandError is a git command that failed: Salt's CommandExecutionError.
func commandError(msg string) error { return modules.CommandExecutionError(msg) }

var urlAuth = regexp.MustCompile(`(?i)(https?)://.*@`)

// redact masks who logs in, in every URL of a text, as Salt does.
func redact(s string) string { return urlAuth.ReplaceAllString(s, "${1}://<redacted>@") }

// run runs git. A failed command is an error with Salt's text.
func (r *repo) run(ctx context.Context, q request) (modules.CommandResult, error) {
	if q.auth && len(r.ids) > 0 {
		return r.runIdentities(ctx, q)
	}
	res, err := r.exec(ctx, q, nil)
	if err != nil || res.Code == 0 || q.soft {
		return res, err
	}
	msg := fmt.Sprintf("Command '%s' failed", redact("git "+strings.Join(q.args, " ")))
	said := res.Stderr
	if q.merge {
		said = res.Stdout
	}
	if said != "" {
		msg += ": " + redact(said)
	}
	return res, commandError(msg)
}

func (r *repo) exec(ctx context.Context, q request, env map[string]*string) (modules.CommandResult, error) {
	argv := []string{"git"}
	if q.auth && r.cred != nil {
		argv = append(argv, r.cred.options()...)
	}
	if env == nil {
		env = map[string]*string{}
	}
	if r.w == nil {
		no := "0"
		env["GIT_OPTIONAL_LOCKS"] = &no // looking must not write the index
	}
	return r.c.RunAll(ctx, r.w, modules.Command{Argv: append(argv, q.args...), Dir: q.dir, RunAs: r.user, Env: env,
		MergeStderr: q.merge, IgnoreRetcode: q.ignore, Encoding: r.encoding})
}

// out runs git in dir and returns what it printed.
func (r *repo) out(ctx context.Context, dir string, args ...string) (string, error) {
	res, err := r.run(ctx, request{dir: dir, args: args})
	return res.Stdout, err
}

// try runs git in dir; ok is false when it failed. Other errors are returned.
func (r *repo) try(ctx context.Context, dir string, args ...string) (text string, ok bool, err error) {
	res, err := r.run(ctx, request{dir: dir, args: args, soft: true, ignore: true})
	return res.Stdout, err == nil && res.Code == 0, err
}

// expand is Salt's _expand_path: a relative path lies below the user's home.
func (r *repo) expand(dir string) string { return expand(r.c, dir, r.user) }

func expand(c *modules.Call, dir, user string) string {
	if strings.HasPrefix(dir, "/") {
		return dir
	}
	return strings.TrimSuffix(home(c, user), "/") + "/" + dir
}

// home is what Python makes of "~" or "~user".
func home(c *modules.Call, user string) string {
	if user != "" {
		if u, ok := c.User(user); ok {
			return u.Home
		}
		return "~" + user
	}
	if h := c.Getenv("HOME"); h != "" {
		return h
	}
	if u, ok := c.UserID(c.Getuid()); ok {
		return u.Home
	}
	return "~"
}

// expandUser is Python's os.path.expanduser.
func expandUser(c *modules.Call, p string) string {
	if !strings.HasPrefix(p, "~") {
		return p
	}
	name, rest, slash := strings.Cut(p[1:], "/")
	h := home(c, name)
	if strings.HasPrefix(h, "~") {
		return p
	}
	if slash {
		return strings.TrimRight(h, "/") + "/" + rest
	}
	return h
}

// options is Salt's _format_opts: a text is split as a shell would, a list's
// items are words.
func options(v py.Value) ([]string, error) {
	switch v := v.(type) {
	case nil, py.NoneType:
		return nil, nil
	case *py.List:
		words := make([]string, len(v.Items))
		for i, it := range v.Items {
			words[i] = py.ToStr(it)
		}
		return words, nil
	case py.Str:
		words, err := saltargs.ShlexSplit(string(v))
		if err != nil {
			return nil, err
		}
		if n := len(words); n > 0 && words[n-1] == "--" {
			words = words[:n-1]
		}
		return words, nil
	}
	return []string{py.ToStr(v)}, nil
}

// without drops words from a command line.
func without(words []string, drop ...string) []string {
	var out []string
	for _, w := range words {
		keep := true
		for _, d := range drop {
			keep = keep && w != d
		}
		if keep {
			out = append(out, w)
		}
	}
	return out
}

// version is git's version number, "unknown" when it does not say one.
func (r *repo) version(ctx context.Context) (string, error) {
	return modules.Remember(r.c.Memo, "git/version", func() (string, error) {
		res, err := r.c.RunAll(ctx, nil, modules.Command{Argv: []string{"git", "--version"}, IgnoreRetcode: true})
		if err != nil {
			return "", err
		}
		text, _, _ := strings.Cut(res.Stdout, "(")
		text, _, _ = strings.Cut(text, ".windows")
		words := strings.Fields(text)
		if res.Code != 0 || len(words) == 0 {
			return "unknown", nil
		}
		return words[len(words)-1], nil
	})
}

// atLeast says whether git is of that version or newer.
func (r *repo) atLeast(ctx context.Context, major, minor int) (bool, error) {
	v, err := r.version(ctx)
	if err != nil {
		return false, err
	}
	parts := strings.SplitN(v, ".", 3)
	n, err := strconv.Atoi(parts[0])
	if err != nil || n != major || len(parts) < 2 {
		return err == nil && n >= major, nil
	}
	m, err := strconv.Atoi(parts[1])
	return err == nil && m >= minor, nil
}

func isDir(c host.Reader, p string) bool {
	fi, err := c.Stat(p)
	return err == nil && fi.IsDir()
}

func isFile(c host.Reader, p string) bool {
	fi, err := c.Stat(p)
	return err == nil && fi.IsRegular()
}

func exists(c host.Reader, p string) bool {
	_, err := c.Stat(p)
	return !errors.Is(err, fs.ErrNotExist)
}

var commandPrefix = regexp.MustCompile(`^Command ['"].+['"] failed: `)

// said is an error without the command that failed (Salt's _strip_exc).
func said(err error) string { return commandPrefix.ReplaceAllString(err.Error(), "") }

// isCommandError says whether an error is Salt's CommandExecutionError.
func isCommandError(err error) bool {
	var e *modules.Error
	return errors.As(err, &e) && e.Class == "CommandExecutionError"
}
