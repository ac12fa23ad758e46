package selinux

import (
	"fmt"
	"regexp"
	"strings"

	"pinch/internal/py"
	"pinch/internal/pyre"
	"pinch/internal/saltargs"
	"pinch/modules"
)

// fileTypes are the kinds of files of a file context, in Salt's order.
var fileTypes = [][2]string{{"a", "all files"}, {"f", "regular file"}, {"d", "directory"}, {"c", "character device"},
	{"b", "block device"}, {"s", "socket"}, {"l", "symbolic link"}, {"p", "named pipe"}}

// fileType is the description of a kind of files.
func fileType(code string) (string, error) {
	var valid []string
	for _, t := range fileTypes {
		if t[0] == code {
			return t[1], nil
		}
		valid = append(valid, t[0])
	}
	return "", modules.SaltInvocationError(fmt.Sprintf("Invalid file type code %s; expected one of: %s", py.Repr(py.Str(code)), strings.Join(valid, ", ")))
}

// rule is a file context as it is asked for; nil is what does not count.
type rule struct {
	name                  string
	filetype              string // "" is any
	selType, user, levels *string
}

// contextDict is a context in its parts.
func contextDict(context string) (*py.Dict, error) {
	w := strings.SplitN(context, ":", 4)
	if len(w) < 4 || w[0] == "" || w[1] == "" || w[2] == "" || w[3] == "" || strings.Contains(w[3], ":") {
		return nil, modules.SaltInvocationError(fmt.Sprintf("Invalid SELinux context string: %s. Expected \"sel_user:sel_role:sel_type:sel_level\"", context))
	}
	return py.DictOf("sel_user", py.Str(w[0]), "sel_role", py.Str(w[1]), "sel_type", py.Str(w[2]), "sel_level", py.Str(w[3])), nil
}

// part is a piece of an expression for grep; "" and nil are anything.
func part(s *string) string {
	if s == nil || *s == "" {
		return "[^:]+"
	}
	return *s
}

// lines are those of the file contexts that an expression matches; one that is
// no expression matches none, as with grep.
func matching(lines []string, expr string) []string {
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil
	}
	var out []string
	for _, line := range lines {
		if re.MatchString(line) {
			out = append(out, line)
		}
	}
	return out
}

var contextLine = regexp.MustCompile(`^ +([a-z ]+) (.*)$`)

func (p *policy) contexts() ([]string, error) {
	return p.list(keyContexts, "semanage", "fcontext", "--list")
}

// context is the rule of the policy that is asked for; nil is none.
func (p *policy) context(r rule) (*py.Dict, error) {
	kind := "[[:alpha:] ]+"
	if r.filetype != "" {
		text, err := fileType(r.filetype)
		if err != nil {
			return nil, err
		}
		kind = text
	}
	lines, err := p.contexts()
	if err != nil {
		return nil, err
	}
	found := matching(lines, fmt.Sprintf("^%s[ ]+%s[ ]+%s:[^:]+:%s:%s[ |\t]*$", regexp.QuoteMeta(r.name), kind, part(r.user), part(r.selType), part(r.levels)))
	if len(found) == 0 {
		return nil, nil
	}
	rest, _ := strings.CutPrefix(found[0], r.name)
	m := contextLine.FindStringSubmatch(rest)
	if m == nil || len(found) > 1 {
		return nil, modules.CommandExecutionError("Output from the fcontext command did not match the expected format")
	}
	out := py.DictOf("filespec", py.Str(r.name), "filetype", py.Str(strings.TrimSpace(m[1])))
	parts, err := contextDict(strings.TrimSpace(m[2]))
	if err != nil {
		return nil, err
	}
	out.Update(parts)
	return out, nil
}

// escaped is a file specification as a program gets it: Salt escapes it as for
// an expression, and splits the command at blanks as a shell does.
func escaped(name string) ([]string, error) {
	words, err := saltargs.ShlexSplit(pyre.Escape(name))
	if err != nil {
		return nil, py.ValueErrorf("%v", err)
	}
	return words, nil
}

// changeContext adds or deletes a rule; a rule of the name is modified instead.
func (p *policy) changeContext(action string, r rule) (*py.Dict, error) {
	if action == "add" {
		lines, err := p.contexts()
		if err != nil {
			return nil, err
		}
		if len(matching(lines, regexp.QuoteMeta(r.name)+" ")) > 0 {
			action = "modify"
		}
	}
	argv := []string{"semanage", "fcontext", "--" + action}
	if r.filetype != "" && r.filetype != "a" {
		if _, err := fileType(r.filetype); err != nil {
			return nil, err
		}
		argv = append(argv, "--ftype", r.filetype)
	}
	for _, o := range []struct {
		name  string
		value *string
	}{{"--type", r.selType}, {"--seuser", r.user}, {"--range", r.levels}} {
		if o.value != nil {
			argv = append(argv, o.name, *o.value)
		}
	}
	words, err := escaped(r.name)
	if err != nil {
		return nil, err
	}
	res, err := p.do(keyContexts, append(argv, words...)...)
	return result(res), err
}

// unapplied is what restorecon would change; "" is nothing.
func (p *policy) unapplied(name string, recursive bool) (string, error) {
	words, err := escaped(name)
	if err != nil {
		return "", err
	}
	argv := []string{"restorecon", "-n", "-v"}
	if recursive {
		argv = append(argv, "-R")
	}
	s, err := p.c.Ask(p.ctx, append(argv, words...)...)
	return s.Out, err
}

var (
	relabel = regexp.MustCompile(`(?m)Would relabel (.*) from (.*) to (.*)$`)
	reset   = regexp.MustCompile(`(?m)restorecon reset (.*) context (.*)->(.*)$`)
)

// applyContext gives files the contexts of the policy.
func (p *policy) applyContext(name string, recursive bool) (*py.Dict, error) {
	before, err := p.unapplied(name, recursive)
	if err != nil {
		return nil, err
	}
	words, err := escaped(name)
	if err != nil {
		return nil, err
	}
	argv := []string{"restorecon", "-v", "-F"}
	if recursive {
		argv = append(argv, "-R")
	}
	r, err := p.c.RunAll(p.ctx, p.w, modules.Command{Argv: append(argv, words...)})
	out := result(r)
	if err != nil || r.Code != 0 {
		return out, err
	}
	var files [][]string
	switch {
	case strings.HasPrefix(before, "Would relabel"):
		files = relabel.FindAllStringSubmatch(before, -1)
	case strings.HasPrefix(before, "restorecon reset"):
		files = reset.FindAllStringSubmatch(before, -1)
	default:
		out.SetStr("retcode", py.Int(1))
		out.SetStr("error", py.Str("Unrecognized response from restorecon command."))
		return out, nil
	}
	changes := py.NewDict()
	for _, f := range files {
		old, err := contextDict(f[2])
		if err != nil {
			return nil, err
		}
		now, err := contextDict(f[3])
		if err != nil {
			return nil, err
		}
		for k, v := range old.Copy().All() {
			if key := py.ToStr(k); py.ToStr(now.Lookup(key)) == py.ToStr(v) {
				old.DeleteStr(key)
				now.DeleteStr(key)
			}
		}
		changes.SetStr(f[1], py.DictOf("old", old, "new", now))
	}
	if len(files) > 0 {
		out.SetStr("changes", changes)
	}
	return out, nil
}
