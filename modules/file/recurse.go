package file

import (
	"context"
	"errors"
	"maps"
	"path"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
	"pinch/states/low"
)

type recurseArgs struct {
	Name           string         `arg:"name,required" doc:"Absolute path of the directory."`
	Source         modules.Source `arg:"source,required" doc:"Directory of the tree (salt://), or a list of which the first that exists is taken."`
	KeepSource     py.Value       `arg:"keep_source" default:"True" doc:"Keep Salt's cached copies; pinch keeps none."`
	Clean          bool           `arg:"clean" default:"False" doc:"Remove what the source has not."`
	Require        py.Value       `arg:"require" doc:"Requisites; with clean, what they manage is kept."`
	User           py.Value       `arg:"user" doc:"Owner of everything."`
	Group          py.Value       `arg:"group" doc:"Group of everything."`
	DirMode        py.Value       `arg:"dir_mode" doc:"Permission bits of directories."`
	FileMode       py.Value       `arg:"file_mode" doc:"Permission bits of files, or keep for those of the source."`
	SymMode        py.Value       `arg:"sym_mode" doc:"Permission bits of directories made for links."`
	Template       string         `arg:"template" doc:"Engine that renders every file, such as jinja."`
	Context        py.Value       `arg:"context" doc:"Variables for the templates."`
	Replace        bool           `arg:"replace" default:"True" doc:"Replace the content of existing files."`
	Defaults       py.Value       `arg:"defaults" doc:"Variables for the templates that context overrides."`
	IncludeEmpty   bool           `arg:"include_empty" default:"False" doc:"Make empty directories as well."`
	Backup         py.Value       `arg:"backup" default:"''" doc:"minion keeps old files in the minion's cache directory."`
	IncludePat     py.Value       `arg:"include_pat" doc:"Only these names: a glob, or a regular expression behind E@."`
	ExcludePat     py.Value       `arg:"exclude_pat" doc:"Not these names: a glob, or a regular expression behind E@."`
	Maxdepth       *int           `arg:"maxdepth" doc:"How deep to go."`
	KeepSymlinks   bool           `arg:"keep_symlinks" default:"False" doc:"Make links of the tree's symlinks instead of copies."`
	ForceSymlinks  bool           `arg:"force_symlinks" default:"False" doc:"Replace files in the place of links."`
	WinOwner       py.Value       `arg:"win_owner" doc:"For Windows; no effect here."`
	WinPerms       py.Value       `arg:"win_perms" doc:"For Windows; no effect here."`
	WinDenyPerms   py.Value       `arg:"win_deny_perms" doc:"For Windows; no effect here."`
	WinInheritance py.Value       `arg:"win_inheritance" default:"True" doc:"For Windows; no effect here."`
	Merge          bool           `arg:"merge" default:"False" doc:"Take all sources of a list; the first that has a file wins."`
	Kwargs         *py.Dict       `arg:"**"`
}

const recurseDoc = "Copies a directory of the tree, with everything below it.\n" +
	"```yaml\n" +
	"/etc/app:\n" +
	"  file.recurse:\n" +
	"    - source: salt://app/etc\n" +
	"    - dir_mode: '0755'\n" +
	"    - file_mode: '0644'\n" +
	"    - clean: True\n" +
	"```"

func recurse() *modules.Func {
	return modules.State[recurseArgs]{Name: "file.recurse", Doc: recurseDoc,
		Check: func(ctx context.Context, c *modules.Call, a *recurseArgs) (modules.Plan, error) {
			return plan(ctx, c, func(ctx context.Context, o *op) (*ret, error) { return o.recurse(ctx, a) })
		}}.Func()
}

// recursion is what a source directory becomes on the host.
type recursion struct {
	files map[string]recursedFile
	dirs  map[string]bool // parents of files, and empty ones if wanted
	links map[string]string
	keep  map[string]bool
	all   map[string]bool // every directory that something lies in
}

type recursedFile struct {
	entry modules.SourceInfo
	url   string
}

// occupied says whether a path, or a parent that is no directory, is taken by
// an earlier source.
func (x *recursion) occupied(dest string) bool {
	if x.all[dest] {
		return true
	}
	for p := dest; ; p = pypath.Dir(p) {
		if _, ok := x.files[p]; ok {
			return true
		}
		if _, ok := x.links[p]; ok {
			return true
		}
		if p == pypath.Dir(p) {
			return false
		}
	}
}

// takeSources lists the sources that are directories of the tree.
func (o *op) takeSources(ctx context.Context, v py.Value) (refs []string, lists [][]modules.SourceInfo, err error) {
	parts, _, err := strList(py.OrNone(v))
	if err != nil {
		return nil, nil, err
	}
	for i, p := range parts {
		parts[i] = strings.TrimRight(p, "/")
		if !strings.HasPrefix(parts[i], "salt://") {
			return nil, nil, execError("Invalid source '" + parts[i] + "' (must be a salt:// URI)")
		}
	}
	for i, p := range parts {
		raw, _, _ := strList(py.OrNone(v)) // as the tree writes it, which is how it was granted
		l, err := o.Sources.List(ctx, raw[i])
		var se *modules.SourceError
		if errors.As(err, &se) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		refs, lists = append(refs, p), append(lists, l)
	}
	if len(refs) == 0 {
		return nil, nil, execError("none of the specified sources were found")
	}
	return refs, lists, nil
}

// plan lays out the sources below a directory.
func layOut(name string, refs []string, lists [][]modules.SourceInfo, a *recurseArgs) (*recursion, error) {
	x := &recursion{files: map[string]recursedFile{}, dirs: map[string]bool{}, links: map[string]string{}, keep: map[string]bool{}, all: map[string]bool{}}
	f, err := newFilter(a.IncludePat, a.ExcludePat)
	if err != nil {
		return nil, err
	}
	takes := func(rel string) (bool, error) {
		if strings.Contains("/"+rel+"/", "/../") || a.Maxdepth != nil && strings.Count(strings.Trim(rel, "/"), "/") > *a.Maxdepth {
			return false, nil
		}
		return f.takes(rel)
	}
	for i, list := range lists {
		if i > 0 && !a.Merge {
			break
		}
		if a.KeepSymlinks {
			if list, err = x.layLinks(name, list, takes); err != nil {
				return nil, err
			}
		}
		for _, e := range list {
			ok, err := takes(e.Name)
			if err != nil {
				return nil, err
			}
			dest := path.Join(name, e.Name)
			if e.IsDir || !ok || x.occupied(dest) {
				continue
			}
			x.keep[dest], x.dirs[pypath.Dir(dest)] = true, true
			for p := pypath.Dir(dest); !x.all[p]; p = pypath.Dir(p) {
				x.all[p] = true
			}
			x.files[dest] = recursedFile{e, refs[i] + "/" + e.Name}
		}
		if ok, err := takes("."); a.IncludeEmpty && ok && err == nil {
			x.dirs[name+"/."] = true // Salt lists the directory itself as well
		}
		for _, e := range list {
			if !e.IsDir || !a.IncludeEmpty {
				continue
			}
			ok, err := takes(e.Name)
			if err != nil {
				return nil, err
			}
			if dest := path.Join(name, e.Name); ok && !x.occupied(dest) {
				x.dirs[dest], x.all[dest], x.keep[dest] = true, true, true
			}
		}
	}
	return x, nil
}

// layLinks takes the symlinks out of a list; what lies behind a link to a
// directory goes with it.
func (x *recursion) layLinks(name string, list []modules.SourceInfo, takes func(string) (bool, error)) ([]modules.SourceInfo, error) {
	var rest []modules.SourceInfo
	var linked []string
	for _, e := range list {
		if e.Link != "" {
			linked = append(linked, e.Name)
		}
	}
	for _, e := range list {
		if e.Link == "" {
			if !slices.ContainsFunc(linked, func(l string) bool { return strings.HasPrefix(e.Name, l+"/") }) {
				rest = append(rest, e)
			}
			continue
		}
		ok, err := takes(e.Name)
		if err != nil {
			return nil, err
		}
		if dest := path.Join(name, e.Name); ok && !x.occupied(dest) {
			x.links[dest], x.keep[dest] = e.Link, true
		}
	}
	return rest, nil
}

// sections are the comments of a recursion, by path.
type sections struct {
	order []string
	text  map[string][]string
}

func (s *sections) add(path string, lines ...string) {
	if s.text == nil {
		s.text = map[string][]string{}
	}
	if _, ok := s.text[path]; !ok {
		s.order = append(s.order, path)
	}
	s.text[path] = append(s.text[path], lines...)
}

func (s *sections) String() string {
	var parts []string
	for _, p := range s.order {
		parts = append(parts, "\n#### "+p+" ####\n"+strings.Join(s.text[p], "\n"))
	}
	return strings.TrimSpace(strings.Join(parts, "\n"))
}

func (o *op) recurse(ctx context.Context, a *recurseArgs) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	if a.Kwargs.Has("mode") {
		return r.fail("'mode' is not allowed in 'file.recurse'. Please use 'file_mode' and 'dir_mode'."), nil
	}
	user := ownerArg(a.User, a.Kwargs)
	if p := o.checkUser(user, a.Group); p != "" {
		return r.fail(p), nil
	}
	if !isAbs(name) {
		return r.fail("Specified file " + name + " is not an absolute path"), nil
	}
	refs, lists, err := o.takeSources(ctx, a.Source.Value)
	if err != nil {
		return r.fail("Recurse failed: " + raised(err)), nil
	}
	if !isDir(o.w, name) {
		if exists(o.w, name) {
			return r.fail("The path " + name + " exists and is not a directory"), nil
		}
		if !o.test {
			if err := o.mkdirs(ctx, name, user, a.Group, normalizeMode(a.DirMode)); err != nil {
				return nil, err
			}
		}
	}
	x, err := layOut(name, refs, lists, a)
	if err != nil {
		return nil, err
	}
	var notes sections
	merge := func(path string, s *ret) {
		if s.result == low.False || r.result == low.True {
			r.result = s.result
		}
		if s.result != low.True && s.comment != "" {
			notes.add(path, s.comment)
		}
		if s.changes.Len() > 0 {
			r.change(path, s.changes)
		}
	}
	if err := o.recurseAll(ctx, a, user, x, merge); err != nil {
		return nil, err
	}
	if a.Clean {
		keep := append(o.keepFiles(ctx, name, a.Require), slices.Sorted(maps.Keys(x.keep))...)
		exclude, err := newFilter(py.None, a.ExcludePat)
		if err != nil {
			return nil, err
		}
		removed, err := o.cleanDir(name, keep, exclude)
		if err != nil {
			return r.fail(raised(err)), nil
		}
		switch {
		case len(removed) == 0:
		case o.test:
			if r.result == low.True {
				r.result = low.None
			}
			notes.add("removed", removed...)
		default:
			r.change("removed", py.Strings(removed...))
		}
	}
	r.comment = notes.String()
	if r.comment == "" {
		r.comment = "Recursively updated " + name
	}
	if r.changes.Len() == 0 && r.result == low.True {
		r.comment = "The directory " + name + " is in the correct state"
	}
	return r, nil
}

// recurseAll manages directories, then files, then links.
func (o *op) recurseAll(ctx context.Context, a *recurseArgs, user py.Value, x *recursion, merge func(string, *ret)) error {
	for _, d := range slices.Sorted(maps.Keys(x.dirs)) {
		if ok, err := o.replaceOther(a, d, true, merge); !ok || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		s, err := o.directory(ctx, &directoryArgs{Name: d, User: user, Group: a.Group, DirMode: a.DirMode, FileMode: py.None,
			Recurse: py.NewList(), Makedirs: true, Require: py.None, ExcludePat: py.None, AllowSymlink: true, Kwargs: py.NewDict()})
		if err != nil {
			return err
		}
		merge(d, s)
	}
	for _, f := range slices.Sorted(maps.Keys(x.files)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if a.Replace {
			if ok, err := o.replaceOther(a, f, false, merge); !ok || err != nil {
				if err != nil {
					return err
				}
				continue
			}
		}
		s, err := o.managed(ctx, o.recursedCall(a, user, f, x.files[f]))
		if err != nil {
			return err
		}
		merge(f, s)
	}
	for _, l := range x.linkOrder() {
		s, err := o.symlink(ctx, &symlinkArgs{Name: l, Target: x.links[l], Makedirs: true, Force: a.ForceSymlinks, User: user, Group: py.OrNone(a.Group),
			Mode: py.OrNone(a.SymMode), FollowSymlinks: true, Kwargs: py.NewDict()})
		if err != nil {
			return err
		}
		merge(l, s)
	}
	return nil
}

// linkOrder lists the links, those that others point to first.
func (x *recursion) linkOrder() []string {
	var out []string
	done := map[string]bool{}
	var visit func(l string)
	visit = func(l string) {
		if done[l] {
			return
		}
		done[l] = true
		if target := path.Join(pypath.Dir(l), x.links[l]); x.links[target] != "" && !isAbs(x.links[l]) {
			visit(target)
		}
		out = append(out, l)
	}
	for _, l := range slices.Sorted(maps.Keys(x.links)) {
		visit(l)
	}
	return out
}

// replaceOther removes, with clean, a file in a directory's place and the
// other way round. ok is false when nothing more is to be done (test mode).
func (o *op) replaceOther(a *recurseArgs, path string, wantDir bool, merge func(string, *ret)) (ok bool, err error) {
	if !a.Clean || !exists(o.w, path) || isDir(o.w, path) == wantDir {
		return true, nil
	}
	s := newRet(a.Name)
	if o.test {
		s.is(low.None, "Replacing directory "+path+" with a file")
		if wantDir {
			s.comment = "Replacing " + path + " with a directory"
		}
		merge(path, s)
		return false, nil
	}
	if err := o.remove(path); err != nil {
		return false, err
	}
	s.change("diff", py.Str("Replaced directory with a new file"))
	if wantDir {
		s.change("diff", py.Str("Replaced file with a directory"))
	}
	merge(path, s)
	return true, nil
}

// recursedCall is file.managed's call for one file of a recursion; further
// arguments of the state are passed on.
func (o *op) recursedCall(a *recurseArgs, user py.Value, dest string, f recursedFile) managedCall {
	m := &managedArgs{Name: dest, Source: modules.Source{Value: py.Str(f.url)}, SourceHash: py.Str(""), SourceHashName: py.None,
		User: user, Group: a.Group, Mode: a.FileMode, Attrs: py.None, Template: a.Template, Makedirs: true, DirMode: py.None,
		Context: a.Context, Replace: a.Replace, Defaults: a.Defaults, Backup: a.Backup, ShowChanges: true, Create: true,
		Contents: py.None, TmpDir: py.None, ContentsPillar: py.None, ContentsGrains: py.None, ContentsNewline: true, EncodingErrors: "strict",
		AllowEmpty: true, FollowSymlinks: true, VerifySSL: true, IgnoreComments: py.None, Kwargs: py.NewDict()}
	for k, v := range a.Kwargs.All() {
		switch py.ToStr(k) {
		case "show_changes":
			m.ShowChanges = py.IsTrue(v)
		case "create":
			m.Create = py.IsTrue(v)
		case "follow_symlinks":
			m.FollowSymlinks = py.IsTrue(v)
		case "new_file_diff":
			m.NewFileDiff = py.IsTrue(v)
		case "check_cmd":
			m.CheckCmd = py.ToStr(orEmpty(v))
		case "tmp_dir":
			m.TmpDir = v
		case "tmp_ext":
			m.TmpExt = py.ToStr(orEmpty(v))
		case "ignore_ordering":
			m.IgnoreOrdering = py.IsTrue(v)
		case "ignore_whitespace":
			m.IgnoreWhitespace = py.IsTrue(v)
		case "ignore_comment_characters":
			m.IgnoreComments = v
		case "selinux":
			m.Selinux = dictOrNil(v)
		}
	}
	e := f.entry
	return managedCall{managedArgs: m, entry: &e}
}
