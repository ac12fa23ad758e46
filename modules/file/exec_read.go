package file

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"pinch/internal/fnmatch"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/internal/saltargs"
	"pinch/modules"
)

func readFuncs() []*modules.Func {
	type statsArgs struct {
		Path     string   `arg:"path,required" doc:"Path of the file."`
		HashType py.Value `arg:"hash_type" doc:"Kind of hash to add."`
		Follow   bool     `arg:"follow_symlinks" default:"True" doc:"Look behind a link."`
	}
	type readArgs struct {
		Path   string `arg:"path,required" doc:"Path of the file."`
		Binary bool   `arg:"binary" default:"False" doc:"Return bytes instead of text."`
	}
	type readlinkArgs struct {
		Path         string `arg:"path,required" doc:"Absolute path of the link."`
		Canonicalize bool   `arg:"canonicalize" default:"False" doc:"Resolve all links."`
	}
	type seekArgs struct {
		Path   string `arg:"path,required" doc:"Path of the file."`
		Size   int64  `arg:"size,required" doc:"How many bytes."`
		Offset int64  `arg:"offset,required" doc:"Where they begin."`
	}
	return []*modules.Func{
		look("stats", "Describes a file.", func(_ context.Context, o *op, a *statsArgs) (py.Value, error) {
			return o.statsDict(a.Path, a.HashType, a.Follow)
		}),
		look("lstat", "Describes a file by the fields of the system call; empty when it is missing.", func(_ context.Context, o *op, a *pathArgs) (py.Value, error) {
			path := expandUser(o, a.Path)
			if !isAbs(path) {
				return nil, invokeError("Path to file must be absolute.")
			}
			i, err := o.Lstat(path)
			if err != nil {
				return py.NewDict(), nil //nolint:nilerr // as Salt
			}
			return py.DictOf("st_atime", seconds(i.AccTime), "st_ctime", seconds(i.ChgTime), "st_gid", py.Int(i.GID), "st_mode", py.Int(sysMode(i)),
				"st_mtime", seconds(i.ModTime), "st_nlink", py.Int(i.Nlink), "st_size", py.Int(i.Size), "st_uid", py.Int(i.UID)), nil
		}),
		look("read", "Returns the content of a file.", func(_ context.Context, o *op, a *readArgs) (py.Value, error) {
			data, err := o.ReadFile(a.Path)
			switch {
			case err != nil:
				return nil, osFailure(err)
			case a.Binary:
				return py.Bytes(data), nil
			case !utf8.Valid(data):
				return nil, py.Errorf("UnicodeDecodeError", "'utf-8' codec can't decode the file %s", a.Path)
			}
			return py.Str(data), nil
		}),
		look("readlink", "Returns what a symbolic link points to.", func(_ context.Context, o *op, a *readlinkArgs) (py.Value, error) {
			path := expandVars(o, expandUser(o, a.Path))
			if !isAbs(path) {
				return nil, invokeError("Path to link must be absolute: " + path)
			}
			if !isLink(o, path) {
				return nil, invokeError("A valid link was not specified: " + path)
			}
			if a.Canonicalize {
				return py.Str(realPath(o, path)), nil
			}
			target, err := o.Readlink(path)
			if err != nil {
				return nil, execError(osError(err))
			}
			return py.Str(target), nil
		}),
		look("readdir", "Lists a directory, with the entries for itself and its parent.", func(_ context.Context, o *op, a *pathArgs) (py.Value, error) {
			path := expandUser(o, a.Path)
			if !isAbs(path) {
				return nil, invokeError("Dir path must be absolute.")
			}
			if !isDir(o, path) {
				return nil, invokeError("A valid directory was not specified: " + path)
			}
			entries, err := o.ScanDir(path)
			if err != nil {
				return nil, osFailure(err)
			}
			out := py.Strings(".", "..")
			for _, e := range entries {
				out.Append(py.Str(e.Name()))
			}
			return out, nil
		}),
		look("seek_read", "Returns bytes from the middle of a file.", func(_ context.Context, o *op, a *seekArgs) (py.Value, error) {
			if a.Size < 0 || a.Offset < 0 {
				return nil, py.Errorf("OSError", "[Errno 22] Invalid argument")
			}
			f, err := o.Open(expandUser(o, a.Path))
			if err != nil {
				return nil, osFailure(err)
			}
			defer func() { _ = f.Close() }() // only read
			if _, err := io.CopyN(io.Discard, f, a.Offset); err != nil && !errors.Is(err, io.EOF) {
				return nil, osFailure(err)
			}
			data, err := io.ReadAll(io.LimitReader(f, a.Size))
			return py.Bytes(data), osFailure(err)
		}),
		look("diskusage", "Returns how many bytes a file, or everything below a directory, has.", func(ctx context.Context, o *op, a *pathArgs) (py.Value, error) {
			return o.diskUsage(ctx, a.Path)
		}),
		look("lsattr", "Returns the attribute letters of a file.", func(_ context.Context, o *op, a *pathArgs) (py.Value, error) {
			if !exists(o, a.Path) {
				return nil, invokeError("File or directory does not exist: " + a.Path)
			}
			letters, ok, err := fileAttrs(o, a.Path)
			if err != nil || !ok {
				return py.NewDict(), osFailure(err)
			}
			return py.DictOf(a.Path, py.Strings(strings.Split(letters, "")...)), nil
		}),
		look("get_selinux_context", "Returns the security context of a file.", func(_ context.Context, o *op, a *pathArgs) (py.Value, error) {
			if c := contextOf(o, a.Path); c != "" {
				return py.Str(c), nil
			}
			return py.Str("No selinux context information is available for " + a.Path), nil
		}),
		look("open_files", "Lists the files that processes have open, with the processes' numbers.", func(_ context.Context, o *op, a *openFilesArgs) (py.Value, error) {
			return o.openFiles(a.ByPID)
		}),
	}
}

type openFilesArgs struct {
	ByPID bool `arg:"by_pid" default:"False" doc:"List the files of each process instead."`
}

// statsDict is Salt's file.stats.
func (o *op) statsDict(path string, hash py.Value, follow bool) (py.Value, error) {
	s, err := stats(o, path, follow)
	if err != nil {
		return nil, err
	}
	d := py.DictOf("inode", py.Int(s.Inode), "uid", py.Int(s.UID), "gid", py.Int(s.GID), "group", s.group, "user", s.user,
		"atime", seconds(s.AccTime), "mtime", seconds(s.ModTime), "ctime", seconds(s.ChgTime), "size", py.Int(s.Size), "mode", py.Str(s.mode))
	if given(hash) {
		sum, err := fileHash(o, expandUser(o, path), py.ToStr(hash))
		if err != nil {
			return nil, osFailure(err)
		}
		d.SetStr("sum", py.Str(sum))
	}
	d.SetStr("type", py.Str(s.kind()))
	d.SetStr("target", py.Str(s.target))
	return d, nil
}

func (o *op) diskUsage(ctx context.Context, path string) (py.Value, error) {
	if i, err := o.Stat(path); err == nil && i.IsRegular() {
		return py.Int(i.Size), nil
	}
	total, seen := int64(0), map[uint64]bool{}
	walk(o, path, false, func(l *level) {
		if ctx.Err() != nil {
			l.dirs = nil
			return
		}
		for _, f := range l.files {
			if i, err := o.Stat(pypath.Join(l.dir, f)); err == nil && !seen[i.Inode] {
				seen[i.Inode] = true
				total += i.Size
			}
		}
	})
	return py.Int(total), ctx.Err()
}

// openFiles reads /proc.
func (o *op) openFiles(byPID bool) (py.Value, error) {
	entries, err := o.ReadDir("/proc")
	if err != nil {
		return nil, osFailure(err)
	}
	byFile, byProcess := py.NewDict(), py.NewDict()
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		var names []string
		dir := pypath.Join("/proc", e.Name())
		fds, _ := o.ReadDir(pypath.Join(dir, "fd")) // a process may end or be somebody else's
		for _, link := range append([]string{pypath.Join(dir, "exe")}, entryPaths(pypath.Join(dir, "fd"), fds)...) {
			target, err := o.Readlink(link)
			if err != nil || !isAbs(target) || !exists(o, target) {
				continue
			}
			names = append(names, target)
		}
		list := py.NewList()
		for _, n := range sortedSet(names) {
			list.Append(py.Str(n))
			users, ok := py.OrNone(byFile.Lookup(n)).(*py.List)
			if !ok {
				users = py.NewList()
				byFile.SetStr(n, users)
			}
			users.Append(py.Int(pid))
		}
		_ = byProcess.Set(py.Int(pid), list) // a number is a key
	}
	if byPID {
		return byProcess, nil
	}
	return byFile, nil
}

func sortedSet(names []string) []string {
	m := map[string]bool{}
	for _, n := range names {
		m[n] = true
	}
	return slices.Sorted(maps.Keys(m))
}

func searchFuncs() []*modules.Func {
	type textArg struct {
		Path string   `arg:"path,required" doc:"Path of the file."`
		Text py.Value `arg:"text,required" doc:"Text to look for."`
	}
	type regexArg struct {
		Path  string `arg:"path,required" doc:"Path of the file."`
		Regex string `arg:"regex,required" doc:"Regular expression."`
		Lchar string `arg:"lchar" default:"''" doc:"Characters to take from the beginning of lines first."`
	}
	type globArg struct {
		Path string `arg:"path,required" doc:"Path of the file."`
		Expr string `arg:"glob_expr,required" doc:"Glob that the content must fit."`
	}
	type searchArgs struct {
		Path          string   `arg:"path,required" doc:"Path of the file."`
		Pattern       py.Value `arg:"pattern,required" doc:"Regular expression."`
		Flags         py.Value `arg:"flags" default:"8" doc:"Flags of the expression."`
		Bufsize       py.Value `arg:"bufsize" default:"1" doc:"How Salt buffers the file; no effect here."`
		IgnoreMissing bool     `arg:"ignore_if_missing" default:"False" doc:"A missing file is no error."`
		Multiline     bool     `arg:"multiline" default:"False" doc:"Let ^ and $ match at every line."`
	}
	type grepArgs struct {
		Path    string     `arg:"path,required" doc:"Path or glob of the files."`
		Pattern string     `arg:"pattern,required" doc:"Expression as grep has them."`
		Opts    []py.Value `arg:"*"`
	}
	type findArgs struct {
		Path   string     `arg:"path,required" doc:"Path or glob where the search begins."`
		Args   []py.Value `arg:"*"`
		Kwargs *py.Dict   `arg:"**"`
	}
	content := func(o *op, path string) (string, bool) {
		data, err := o.ReadFile(expandUser(o, path))
		return string(data), err == nil
	}
	return []*modules.Func{
		look("contains", "Says whether a file contains a text.", func(_ context.Context, o *op, a *textArg) (py.Value, error) {
			data, ok := content(o, a.Path)
			return py.Bool(ok && data != "" && strings.Contains(data, strings.TrimSpace(py.ToStr(a.Text)))), nil
		}),
		look("contains_regex", "Says whether a line of a file matches a regular expression.", func(_ context.Context, o *op, a *regexArg) (py.Value, error) {
			data, ok := content(o, a.Path)
			if !ok {
				return py.False, nil
			}
			re, err := compileText(a.Regex, 0)
			if err != nil {
				return nil, err
			}
			for _, l := range splitBytes(data) {
				if a.Lchar != "" {
					l = strings.TrimLeft(l, a.Lchar)
				}
				if hit, err := re.search(l); hit || err != nil {
					return py.Bool(hit), err
				}
			}
			return py.False, nil
		}),
		look("contains_glob", "Says whether the content of a file fits a glob.", func(_ context.Context, o *op, a *globArg) (py.Value, error) {
			data, ok := content(o, a.Path)
			return py.Bool(ok && data != "" && fnmatch.Match(a.Expr, data)), nil
		}),
		look("search", "Says whether a regular expression occurs in a file.", func(_ context.Context, o *op, a *searchArgs) (py.Value, error) {
			flags, err := reFlags(a.Flags)
			if err != nil {
				return nil, err
			}
			if a.Multiline {
				flags |= reMultiline
			}
			if a.IgnoreMissing && !exists(o, realPath(o, expandUser(o, a.Path))) {
				return py.False, nil
			}
			hit, err := o.search(a.Path, py.ToStr(a.Pattern), flags)
			if err != nil {
				return nil, err
			}
			return py.Bool(hit), nil
		}),
		look("grep", "Runs grep on files.", func(ctx context.Context, o *op, a *grepArgs) (py.Value, error) {
			argv := []string{"grep"}
			for _, v := range a.Opts {
				words, err := saltargs.ShlexSplit(py.ToStr(v))
				if err != nil {
					return nil, err
				}
				if len(words) > 1 {
					return nil, invokeError("Passing multiple command line arguments in a single string is not supported, please pass the following arguments separately: " + py.ToStr(v))
				}
				argv = append(argv, words...)
			}
			path := expandUser(o, a.Path)
			files := glob(o, path)
			if len(files) == 0 {
				files = []string{path}
			}
			out, err := o.Query(ctx, host.Cmd{Argv: append(append(argv, a.Pattern), files...), Env: cLocale()})
			if err != nil {
				return nil, execError(errText(err))
			}
			return outputDict(out), nil
		}),
		look("find", "Finds files by name, type, size, time, owner or content.", func(ctx context.Context, o *op, a *findArgs) (py.Value, error) {
			return o.find(ctx, a.Path, a.Args, a.Kwargs)
		}),
	}
}

// sedEscape makes text an expression between slashes.
func sedEscape(s string, all bool) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "'", `'"'"'`), "/", `\/`)
	if all {
		for _, c := range `^.[$()|*+?{` {
			s = strings.ReplaceAll(s, string(c), `\`+string(c))
		}
	}
	return s
}

func entryPaths(dir string, entries []fs.DirEntry) []string {
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = pypath.Join(dir, e.Name())
	}
	return out
}
