package git

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"pinch/internal/py"
)

// revision is the commit that a revision names; ok is false when there is none.
func (r *repo) revParse(ctx context.Context, dir, rev string, opts ...string) (sha string, ok bool, err error) {
	return r.try(ctx, dir, append(append([]string{"rev-parse"}, opts...), rev)...)
}

// head is the commit and branch that are checked out, "" where there is none.
func (r *repo) head(ctx context.Context, dir string) (rev, branch string, err error) {
	rev, ok, err := r.revParse(ctx, dir, "HEAD")
	if err != nil {
		return "", "", err
	}
	if !ok {
		rev = ""
	}
	branch, ok, err = r.try(ctx, dir, "rev-parse", "--abbrev-ref", "HEAD")
	if err != nil {
		return "", "", err
	}
	if !ok {
		branch = ""
	}
	return rev, branch, nil
}

// refs are the references of a repository, in git's order.
type refs struct {
	names []string
	sha   map[string]string
}

func (f *refs) has(name string) bool { _, ok := f.sha[name]; return ok }

func parseRefs(text string) *refs {
	f := &refs{sha: map[string]string{}}
	for _, line := range strings.Split(text, "\n") {
		sha, name, ok := cutSpace(line)
		if !ok {
			continue
		}
		if !f.has(name) {
			f.names = append(f.names, name)
		}
		f.sha[name] = sha
	}
	return f
}

func (f *refs) dict() *py.Dict {
	d := py.NewDict()
	for _, n := range f.names {
		d.SetStr(n, py.Str(f.sha[n]))
	}
	return d
}

// cutSpace is Python's split(None, 1) into two.
func cutSpace(line string) (first, rest string, ok bool) {
	line = strings.TrimLeft(line, " \t\r\n\v\f")
	i := strings.IndexAny(line, " \t\r\n\v\f")
	if i < 0 {
		return "", "", false
	}
	rest = strings.TrimLeft(line[i:], " \t\r\n\v\f")
	return line[:i], rest, rest != ""
}

func (r *repo) remoteRefs(ctx context.Context, url string, args ...string) (*refs, error) {
	res, err := r.run(ctx, request{args: append(append([]string{"ls-remote"}, args...), url), auth: true})
	if err != nil {
		return nil, err
	}
	return parseRefs(res.Stdout), nil
}

// remote is a remote of a clone.
type remote struct{ name, fetch, push string }

// remotes are the remotes of a clone, in git's order, with their credentials.
func (r *repo) remotes(ctx context.Context, dir string) ([]remote, error) {
	text, err := r.out(ctx, dir, "remote", "--verbose")
	if err != nil {
		return nil, err
	}
	return parseRemotes(text), nil
}

func parseRemotes(text string) []remote {
	var out []remote
	for _, line := range strings.Split(text, "\n") {
		name, rest, ok := cutSpace(line)
		i := strings.LastIndexAny(rest, " \t")
		if !ok || i < 0 {
			continue
		}
		action := strings.ToLower(strings.TrimRight(strings.TrimLeft(rest[i+1:], "("), ")"))
		if action != "fetch" && action != "push" {
			continue
		}
		at := -1
		for j := range out {
			if out[j].name == name {
				at = j
			}
		}
		if at < 0 {
			out, at = append(out, remote{name: name}), len(out)
		}
		url := strings.TrimRight(rest[:i], " \t")
		if action == "fetch" {
			out[at].fetch = url
		} else {
			out[at].push = url
		}
	}
	return out
}

func findRemote(all []remote, name string) (remote, bool) {
	for _, m := range all {
		if m.name == name {
			return m, true
		}
	}
	return remote{}, false
}

// setRemote sets a remote's URL: Salt removes and adds it.
func (r *repo) setRemote(ctx context.Context, dir, name, url string) error {
	all, err := r.remotes(ctx, dir)
	if err != nil {
		return err
	}
	if _, ok := findRemote(all, name); ok {
		if _, err := r.out(ctx, dir, "remote", "rm", name); err != nil {
			return err
		}
	}
	_, err = r.out(ctx, dir, "remote", "add", name, url)
	return err
}

func lines(text string) []string { return py.SplitLines(text, false) }

func (r *repo) branches(ctx context.Context, dir string) ([]string, error) {
	text, err := r.out(ctx, dir, "for-each-ref", "--format", "%(refname:short)", "refs/heads/")
	return lines(text), err
}

func (r *repo) tags(ctx context.Context, dir string) ([]string, error) {
	text, err := r.out(ctx, dir, "for-each-ref", "--format", "%(refname:short)", "refs/tags/")
	return lines(text), err
}

// isWorktree says whether a directory is a linked worktree: its .git is a file
// that names the repository.
func (r *repo) isWorktree(ctx context.Context, dir string) (bool, error) {
	if !isDir(r.c, dir) {
		return false, nil
	}
	top, ok, err := r.try(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil || !ok {
		return false, err
	}
	gitdir := strings.TrimSuffix(top, "/") + "/.git"
	if !isFile(r.c, gitdir) {
		return false, nil
	}
	data, err := r.c.ReadFile(gitdir)
	if err != nil {
		return false, nil //nolint:nilerr // Salt: what cannot be read is no worktree
	}
	first, _, _ := strings.Cut(string(data), "\n")
	label, path, ok := cutSpace(first)
	return ok && label == "gitdir:" && strings.HasPrefix(path, "/"), nil
}

var fetched = regexp.MustCompile(`^[\s*]*(?:([0-9a-f]+)\.\.([0-9a-f]+)|\[(?:new (tag|branch)|tag update)\])\s+(.+)->`)

// fetch fetches and returns what was updated, as Salt's git.fetch does.
func (r *repo) fetch(ctx context.Context, dir string, args []string) (*py.Dict, error) {
	res, err := r.run(ctx, request{dir: dir, args: append([]string{"fetch"}, args...), auth: true, merge: true})
	if err != nil {
		return nil, err
	}
	return parseFetch(res.Stdout), nil
}

func parseFetch(text string) *py.Dict {
	ret := py.NewDict()
	list := func(key, name string) {
		l, ok := ret.Lookup(key).(*py.List)
		if !ok {
			l = py.NewList()
			ret.SetStr(key, l)
		}
		l.Append(py.Str(name))
	}
	for _, line := range strings.Split(text, "\n") {
		m := fetched.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name := strings.TrimRight(m[4], " \t\r\n\v\f")
		switch {
		case m[3] == "tag":
			list("new tags", name)
		case m[3] == "branch":
			list("new branches", name)
		case m[1] != "":
			d, ok := ret.Lookup("updated branches").(*py.Dict)
			if !ok {
				d = py.NewDict()
				ret.SetStr("updated branches", d)
			}
			d.SetStr(name, py.DictOf("old", py.Str(m[1]), "new", py.Str(m[2])))
		default:
			list("updated tags", name)
		}
	}
	return ret
}

// status is git status by kind, as Salt's git.status returns it.
func (r *repo) status(ctx context.Context, dir string) (*py.Dict, error) {
	text, err := r.out(ctx, dir, "status", "-z", "--porcelain")
	if err != nil {
		return nil, err
	}
	kinds := map[string]string{"M": "modified", "A": "new", "D": "deleted", "??": "untracked"}
	ret := py.NewDict()
	for _, entry := range strings.Split(text, "\x00") {
		kind, name, ok := cutSpace(entry)
		if !ok {
			continue
		}
		if k := kinds[kind]; k != "" {
			kind = k
		}
		l, ok := ret.Lookup(kind).(*py.List)
		if !ok {
			l = py.NewList()
			ret.SetStr(kind, l)
		}
		l.Append(py.Str(name))
	}
	return ret, nil
}

// configGet are the values of a key; set is false when it has none.
func (r *repo) configGet(ctx context.Context, dir, key string, global, ignore bool) (values []string, set bool, err error) {
	res, err := r.run(ctx, request{dir: dir, args: []string{"config", scope(global), "--get-all", key}, soft: true, ignore: ignore})
	if err != nil || res.Code == 1 {
		return nil, false, err
	}
	return lines(res.Stdout), true, nil
}

// configMatches are the keys that match, with their values, in git's order.
func (r *repo) configMatches(ctx context.Context, dir, key string, valueRegex *string, global, ignore bool) (*py.Dict, error) {
	args := []string{"config", scope(global), "--get-regexp", key}
	if valueRegex != nil {
		args = append(args, *valueRegex)
	}
	res, err := r.run(ctx, request{dir: dir, args: args, soft: true, ignore: ignore})
	ret := py.NewDict()
	if err != nil || res.Code == 1 {
		return ret, err
	}
	for _, line := range lines(res.Stdout) {
		k, v, ok := cutSpace(line)
		if !ok {
			continue
		}
		l, ok := ret.Lookup(k).(*py.List)
		if !ok {
			l = py.NewList()
			ret.SetStr(k, l)
		}
		l.Append(py.Str(v))
	}
	return ret, nil
}

func scope(global bool) string {
	if global {
		return "--global"
	}
	return "--local"
}

// configSet sets a key to values, of which the first replaces all.
func (r *repo) configSet(ctx context.Context, dir, key string, values []string, global, add, ignore bool) error {
	for i, v := range values {
		args := []string{"config"}
		if global {
			args = append(args, "--global")
		}
		how := "--replace-all"
		if add || i > 0 {
			how = "--add"
		}
		if _, err := r.run(ctx, request{dir: dir, args: append(args, how, key, v), ignore: ignore}); err != nil {
			return err
		}
	}
	return nil
}

// configUnset removes a key.
func (r *repo) configUnset(ctx context.Context, dir, key string, valueRegex *string, global, all, ignore bool) error {
	how := "--unset"
	if all {
		how = "--unset-all"
	}
	args := []string{"config", how, scope(global), key}
	if valueRegex != nil {
		args = append(args, *valueRegex)
	}
	res, err := r.run(ctx, request{dir: dir, args: args, soft: true, ignore: ignore})
	if err != nil {
		return err
	}
	switch res.Code {
	case 0:
		return nil
	case 1:
		return commandError("Section or key is invalid")
	case 5:
		_, set, err := r.configGet(ctx, dir, key, false, ignore)
		if err != nil {
			return err
		}
		if !set {
			return commandError(fmt.Sprintf("Key '%s' does not exist", key))
		}
		msg := fmt.Sprintf("Multiple values exist for key '%s'", key)
		if valueRegex != nil {
			msg += " and value_regex matches multiple values"
		}
		return commandError(msg)
	case 6:
		return commandError("The value_regex is invalid")
	}
	msg := fmt.Sprintf("Failed to unset key '%s', git config returned exit code %d", key, res.Code)
	if res.Stderr != "" {
		msg += "; " + res.Stderr
	}
	return commandError(msg)
}
