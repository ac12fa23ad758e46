package pkg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/serialize"
	"pinch/modules"
)

// dnfConfigs are the files in which the directories of repositories may be
// told; the first that is there counts.
var dnfConfigs = []string{"/etc/yum/yum.conf", "/etc/yum.conf", "/etc/dnf/dnf.conf", "/etc/tdnf/tdnf.conf"}

// repoDirs are the directories of .repo files: those of the argument basedir,
// else those of the configuration, else the usual ones.
func (m *dnf) repoDirs(kw *py.Dict) ([]string, error) {
	var dirs []string
	switch v := kw.Lookup("basedir").(type) {
	case *py.List:
		dirs = texts(v)
	case py.Str:
		dirs = trimmedWords(string(v))
	}
	if len(dirs) > 0 {
		return dirs, nil
	}
	for _, file := range dnfConfigs {
		data, err := m.reader().ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, commandErrorf("Unable to read from %s: %v", file, err)
		}
		var conf serialize.INI
		if err := conf.Read(string(data), file, strictConfig(kw)); err != nil {
			return nil, err
		}
		options, err := conf.Items("main")
		if err != nil {
			return nil, err
		}
		if options != nil && options.Has("reposdir") {
			return trimmedWords(options.String("reposdir")), nil
		}
		return []string{"/etc/yum/repos.d", "/etc/yum.repos.d"}, nil
	}
	return nil, commandErrorf("No suitable yum config file found in: ('%s')", strings.Join(dnfConfigs, "', '"))
}

func trimmedWords(s string) []string {
	words := strings.Split(s, ",")
	for i, w := range words {
		words[i] = strings.TrimSpace(w)
	}
	return words
}

func strictConfig(kw *py.Dict) bool {
	v, ok := kw.GetStr("strict_config")
	return !ok || py.IsTrue(v)
}

// repoFile is a .repo file: the comments at its head, and the options of its
// repositories by name. Comments of a repository are its option "comments".
type repoFile struct {
	head  string
	repos *py.Dict
}

func (m *dnf) repoFile(path string, kw *py.Dict) (*repoFile, error) {
	data, err := m.reader().ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &repoFile{repos: py.NewDict()}
	var conf serialize.INI
	if err := conf.Read(string(data), path, strictConfig(kw)); err != nil {
		var e *py.Error
		if errors.As(err, &e) && e.Class == "MissingSectionHeaderError" {
			return f, nil
		}
		return nil, err
	}
	for _, name := range conf.Sections() {
		f.repos.SetStr(name, conf.Raw(name))
	}
	section, inside := "", false
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#") && !inside:
			f.head += line + "\n"
		case strings.HasPrefix(line, "#"):
			repo, ok := f.repos.Lookup(section).(*py.Dict)
			if !ok {
				continue // of [DEFAULT]
			}
			comments, ok := repo.Lookup("comments").(*py.List)
			if !ok {
				comments = py.NewList()
				repo.SetStr("comments", comments)
			}
			comments.Append(py.Str(strings.TrimLeft(line[1:], " \t")))
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section, inside = line[1:len(line)-1], true
		}
	}
	return f, nil
}

// rpmComments are comments as lines of a .repo file.
func rpmComments(v py.Value) string {
	items := []py.Value{v}
	if l, ok := v.(*py.List); ok {
		items = l.Items
	}
	var b strings.Builder
	for _, it := range items {
		b.WriteString("# " + strings.TrimLeft(strings.TrimLeft(py.ToStr(it), "#"), " \t\r\n\f\v") + "\n")
	}
	return b.String()
}

// stanza is a repository's options, a line each; further lines of a value are
// indented.
func stanza(options *py.Dict) (lines []string, comments string) {
	for k, v := range options.All() {
		if py.ToStr(k) == "comments" {
			comments = rpmComments(v)
			continue
		}
		text := py.ToStr(v)
		switch v := v.(type) {
		case py.Bool:
			text = "0"
			if v {
				text = "1"
			}
		case py.Str:
			text = strings.ReplaceAll(text, "\n", "\n ")
		}
		lines = append(lines, py.ToStr(k)+"="+text)
	}
	return lines, comments
}

// repos is pkg.list_repos. A repository that two files have is that of the
// second.
func (m *dnf) repos(kw *py.Dict) (*py.Dict, error) {
	dirs, err := m.repoDirs(kw)
	if err != nil {
		return nil, err
	}
	ret := py.NewDict()
	for _, dir := range dirs {
		entries, err := m.reader().ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".repo") {
				continue
			}
			path := dir + "/" + e.Name()
			f, err := m.repoFile(path, kw)
			if err != nil {
				return nil, err
			}
			for k, v := range f.repos.All() {
				repo := v.(*py.Dict)
				repo.SetStr("file", py.Str(path))
				ret.SetStr(py.ToStr(k), repo)
			}
		}
	}
	return ret, nil
}

// coprName is the name of a repository of Fedora's Copr in the place of
// copr:OWNER/PROJECT.
func coprName(name string) (string, error) {
	copr, ok := strings.CutPrefix(name, "copr:")
	if !ok {
		return name, nil
	}
	owner, project, ok := strings.Cut(copr, "/")
	if !ok {
		return "", py.Errorf("IndexError", "list index out of range")
	}
	return "copr:copr.fedorainfracloud.org:" + owner + ":" + project, nil
}

// repoPath is the file that holds a repository; "" when none does.
func repoPath(all *py.Dict, name string) string {
	if repo, ok := all.Lookup(name).(*py.Dict); ok {
		return repo.String("file")
	}
	return ""
}

func (m *dnf) repo(name string, kw *py.Dict) (*py.Dict, error) {
	all, err := m.repos(kw)
	if err != nil {
		return nil, err
	}
	if name, err = coprName(name); err != nil {
		return nil, err
	}
	repo, ok := all.Lookup(name).(*py.Dict)
	if !ok {
		return py.NewDict(), nil
	}
	f, err := m.repoFile(repo.String("file"), kw)
	if err != nil {
		return nil, err
	}
	if own, ok := f.repos.Lookup(name).(*py.Dict); ok {
		return own, nil
	}
	return py.NewDict(), nil
}

func (m *dnf) dropRepo(_ context.Context, name string, kw *py.Dict) (py.Value, error) {
	if m.w == nil {
		return nil, errNeedsWriter
	}
	name, err := coprName(name)
	if err != nil {
		return nil, err
	}
	dirs, err := m.repoDirs(kw)
	if err != nil {
		return nil, err
	}
	all, err := m.repos(kw)
	if err != nil {
		return nil, err
	}
	path := repoPath(all, name)
	if path == "" {
		return py.Str("Error: the " + name + " repo does not exist in " + py.Repr(py.Strings(dirs...))), nil
	}
	defer m.forget()
	if !slices.ContainsFunc(keys(all), func(other string) bool { return other != name && repoPath(all, other) == path }) {
		if err := m.w.Remove(path); err != nil {
			return nil, err
		}
		return py.Str("File " + path + " containing repo " + name + " has been removed"), nil
	}
	f, err := m.repoFile(path, kw)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString(f.head)
	for k, v := range f.repos.All() {
		if py.ToStr(k) != name {
			lines, comments := stanza(v.(*py.Dict))
			fmt.Fprintf(&b, "\n%s\n%s\n", strings.Join(append([]string{"[" + py.ToStr(k) + "]"}, lines...), "\n"), comments)
		}
	}
	if err := m.w.WriteFile(path, strings.NewReader(b.String()), host.WriteOptions{}); err != nil {
		return nil, err
	}
	return py.Str("Repo " + name + " has been removed from " + path), nil
}

// links are the options of which a repository has exactly one.
var links = []string{"baseurl", "mirrorlist", "metalink"}

func (m *dnf) setRepo(ctx context.Context, name, _ string, _ bool, kw *py.Dict) (*py.Dict, error) {
	if m.w == nil {
		return nil, errNeedsWriter
	}
	options, drop, err := repoOptions(kw)
	if err != nil {
		return nil, err
	}
	path, f, err := m.repoToSet(ctx, name, options, kw)
	if err != nil {
		return nil, err
	}
	if name, err = coprName(name); err != nil {
		return nil, err
	}
	repo, ok := f.repos.Lookup(name).(*py.Dict)
	if !ok {
		repo = py.NewDict()
		f.repos.SetStr(name, repo)
	}
	for _, link := range links {
		others := slices.DeleteFunc(slices.Clone(links), func(l string) bool { return l == link })
		if slices.Contains(drop, link) && !slices.ContainsFunc(others, func(l string) bool { return options.Has(l) || repo.Has(l) }) {
			return nil, modules.SaltInvocationError("Cannot delete " + link + " without specifying " + strings.Join(others, " or "))
		}
	}
	for _, k := range drop {
		repo.DeleteStr(k)
	}
	repo.Update(options)
	var b strings.Builder
	b.WriteString(f.head)
	for k, v := range f.repos.All() {
		lines, comments := stanza(v.(*py.Dict))
		b.WriteString(strings.Join(append([]string{"[" + py.ToStr(k) + "]"}, lines...), "\n") + "\n" + comments + "\n")
		v.(*py.Dict).DeleteStr("comments")
	}
	if err := m.w.WriteFile(path, strings.NewReader(b.String()), newFileMode(m.w, path)); err != nil {
		return nil, err
	}
	m.forget()
	return py.DictOf(path, f.repos), nil
}

// repoOptions splits the arguments of pkg.mod_repo into options to set and
// those to delete, which are given without a value.
func repoOptions(kw *py.Dict) (set *py.Dict, drop []string, err error) {
	set = py.NewDict()
	var given []string
	for k, v := range kw.All() {
		key := py.ToStr(k)
		if strings.HasPrefix(key, "__") || key == "saltenv" || key == "basedir" {
			continue
		}
		if slices.Contains(links, key) {
			given = append(given, key)
		}
		if zero, err := py.Equal(py.OrNone(v), py.Int(0)); err == nil && !zero && !py.IsTrue(v) {
			drop = append(drop, key)
			continue
		}
		set.SetStr(key, v)
	}
	if len(given) >= 2 {
		return nil, nil, modules.SaltInvocationError("One and only one of " + joined(links) + " can be used")
	}
	if len(given) == 1 && set.Has(given[0]) {
		drop = append(drop, slices.DeleteFunc(slices.Clone(links), func(l string) bool { return l == given[0] })...)
	}
	if slices.Contains(drop, "name") {
		return nil, nil, modules.SaltInvocationError("The repo name cannot be deleted")
	}
	return set, drop, nil
}

// repoToSet is the file in which a repository is, or is to be.
func (m *dnf) repoToSet(ctx context.Context, name string, options, kw *py.Dict) (path string, f *repoFile, err error) {
	id, err := coprName(name)
	if err != nil {
		return "", nil, err
	}
	dirs, err := m.repoDirs(kw)
	if err != nil {
		return "", nil, err
	}
	all, err := m.repos(kw)
	if err != nil {
		return "", nil, err
	}
	if path = repoPath(all, id); path == "" {
		i := slices.IndexFunc(dirs, func(d string) bool { _, err := m.w.Stat(d); return err == nil })
		if i < 0 {
			return "", nil, modules.SaltInvocationError("The repo does not exist and needs to be created, but none of the following basedir directories exist: " + py.Repr(py.Strings(dirs...)))
		}
		if id == name {
			switch {
			case !options.Has("name"):
				return "", nil, modules.SaltInvocationError("The repo does not exist and needs to be created, but a name was not given")
			case !slices.ContainsFunc(links, options.Has):
				return "", nil, modules.SaltInvocationError("The repo does not exist and needs to be created, but none of " + joined(links) + " was given")
			}
			return dirs[i] + "/" + id + ".repo", &repoFile{repos: py.NewDict()}, nil
		}
		if err := m.enableCopr(ctx, strings.TrimPrefix(name, "copr:")); err != nil {
			return "", nil, err
		}
		if all, err = m.repos(kw); err != nil {
			return "", nil, err
		}
		if path = repoPath(all, id); path == "" {
			return "", nil, py.KeyError(py.Str(id))
		}
	}
	f, err = m.repoFile(path, kw)
	return path, f, err
}

func (m *dnf) enableCopr(ctx context.Context, project string) error {
	plugin := "yum-plugin-copr"
	if m.isDNF() {
		plugin = "dnf-plugins-core"
	}
	have, err := m.list(ctx, installed)
	if err != nil {
		return err
	}
	if len(have[plugin]) == 0 {
		return modules.SaltInvocationError(plugin + " must be installed to use COPR")
	}
	out, err := m.change(ctx, "", nil, m.program, "copr", "enable", project, "-y")
	if err != nil {
		return err
	}
	if out.code != 0 {
		return commandErrorf("Unable to add COPR '%s'. '%s' exited with status %d: '%s' ", project, m.program, out.code, out.stderr)
	}
	return nil
}
