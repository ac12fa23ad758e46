package archive

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/internal/secret"
	"pinch/modules"
)

type listArgs struct {
	Name            string   `arg:"name,required" doc:"The archive."`
	ArchiveFormat   string   `arg:"archive_format" doc:"tar, zip or rar; guessed from the name when not given."`
	Options         py.Value `arg:"options" doc:"A command that writes a tar archive decompressed to its output."`
	StripComponents py.Value `arg:"strip_components" doc:"How many directories are taken off the names."`
	Clean           bool     `arg:"clean" default:"False" doc:"Removes the archive afterwards."`
	Verbose         bool     `arg:"verbose" default:"False" doc:"Gives directories, files and links apart."`
	Saltenv         string   `arg:"saltenv" default:"base" doc:"Environment of the tree; has no effect."`
	SourceHash      py.Value `arg:"source_hash" doc:"Has no effect."`
	UseEtag         bool     `arg:"use_etag" default:"False" doc:"Has no effect."`
}

type tarArgs struct {
	Options  string   `arg:"options,required" doc:"The options of tar."`
	Tarfile  string   `arg:"tarfile,required" doc:"The archive."`
	Sources  py.Value `arg:"sources" doc:"What to pack: a list, or a text with commas; wildcards are expanded."`
	Dest     string   `arg:"dest" doc:"Where to extract."`
	Cwd      string   `arg:"cwd" doc:"Where tar runs."`
	Template py.Value `arg:"template" doc:"Not supported."`
	Runas    string   `arg:"runas" doc:"Who runs tar."`
}

type gzipArgs struct {
	Sourcefile string   `arg:"sourcefile,required" doc:"The file to compress."`
	Template   py.Value `arg:"template" doc:"Not supported."`
	Runas      string   `arg:"runas" doc:"Who runs gzip."`
	Options    string   `arg:"options" doc:"An option for gzip."`
}

type gunzipArgs struct {
	Gzipfile string   `arg:"gzipfile,required" doc:"The file to decompress."`
	Template py.Value `arg:"template" doc:"Not supported."`
	Runas    string   `arg:"runas" doc:"Who runs gunzip."`
	Options  string   `arg:"options" doc:"An option for gunzip."`
}

type zipArgs struct {
	ZipFile  string   `arg:"zip_file,required" doc:"The archive."`
	Sources  py.Value `arg:"sources,required" doc:"What to pack: a list, or a text with commas; wildcards are expanded."`
	Template py.Value `arg:"template" doc:"Not supported."`
	Cwd      string   `arg:"cwd" doc:"Where relative paths lie."`
	Runas    string   `arg:"runas" doc:"Who packs."`
	Zip64    bool     `arg:"zip64" default:"False" doc:"Large archives are always allowed."`
}

type rarArgs struct {
	Rarfile  string   `arg:"rarfile,required" doc:"The archive."`
	Sources  py.Value `arg:"sources,required" doc:"What to pack: a list, or a text with commas; wildcards are expanded."`
	Template py.Value `arg:"template" doc:"Not supported."`
	Cwd      string   `arg:"cwd" doc:"Where rar runs."`
	Runas    string   `arg:"runas" doc:"Who runs rar."`
}

type unrarArgs struct {
	Rarfile    string   `arg:"rarfile,required" doc:"The archive."`
	Dest       string   `arg:"dest,required" doc:"Where to extract."`
	Excludes   py.Value `arg:"excludes" doc:"Names that are left out."`
	Template   py.Value `arg:"template" doc:"Not supported."`
	Runas      string   `arg:"runas" doc:"Who runs unrar."`
	TrimOutput py.Value `arg:"trim_output" default:"False" doc:"How many lines are given; True is 100."`
}

type cmdUnzipArgs struct {
	ZipFile    string         `arg:"zip_file,required" doc:"The archive."`
	Dest       string         `arg:"dest,required" doc:"Where to extract."`
	Excludes   py.Value       `arg:"excludes" doc:"Names that are left out."`
	Options    string         `arg:"options" doc:"Options for unzip."`
	Template   py.Value       `arg:"template" doc:"Not supported."`
	Runas      string         `arg:"runas" doc:"Who runs unzip."`
	TrimOutput py.Value       `arg:"trim_output" default:"False" doc:"How many lines are given; True is 100."`
	Password   *secret.String `arg:"password" doc:"Not supported: use archive.unzip."`
}

type unzipArgs struct {
	ZipFile      string         `arg:"zip_file,required" doc:"The archive."`
	Dest         string         `arg:"dest,required" doc:"Where to extract."`
	Excludes     py.Value       `arg:"excludes" doc:"Names that are left out."`
	Options      py.Value       `arg:"options" doc:"Has no effect."`
	Template     py.Value       `arg:"template" doc:"Not supported."`
	Runas        string         `arg:"runas" doc:"Not supported: use archive.cmd_unzip."`
	TrimOutput   py.Value       `arg:"trim_output" default:"False" doc:"How many names are given; True is 100."`
	Password     *secret.String `arg:"password" doc:"The archive's password."`
	ExtractPerms bool           `arg:"extract_perms" default:"True" doc:"Takes permissions from the archive."`
}

type encryptedArgs struct {
	Name       string   `arg:"name,required" doc:"The archive."`
	Clean      bool     `arg:"clean" default:"False" doc:"Removes the archive afterwards."`
	Saltenv    string   `arg:"saltenv" default:"base" doc:"Environment of the tree; has no effect."`
	SourceHash py.Value `arg:"source_hash" doc:"Has no effect."`
	UseEtag    bool     `arg:"use_etag" default:"False" doc:"Has no effect."`
}

// needs is a virtual function for functions that run a program.
func needs(programs ...string) func(*modules.Call) (bool, string) {
	return func(c *modules.Call) (bool, string) {
		for _, p := range programs {
			if c.LookPath(p) != "" {
				return true, ""
			}
		}
		return false, strings.Join(programs, " or ") + " is not installed"
	}
}

func action[A any](name, doc string, virtual func(*modules.Call) (bool, string), run func(context.Context, *modules.Call, host.Writer, *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: "archive." + name, Doc: doc, Virtual: virtual, Run: run}.Func()
}

// program runs a program and returns the lines that it prints.
func program(ctx context.Context, c *modules.Call, w host.Writer, template py.Value, cwd, runas string, argv ...string) (py.Value, error) {
	if err := noTemplate(template); err != nil {
		return nil, err
	}
	res, err := c.RunAll(ctx, w, modules.Command{Argv: argv, Dir: cwd, RunAs: runas, MergeStderr: true})
	if err != nil {
		return nil, err
	}
	return py.Strings(py.SplitLines(res.Stdout, false)...), nil
}

func noTemplate(v py.Value) error {
	if v != nil && py.IsTrue(v) {
		return modules.SaltInvocationError("archive: template is not supported: render the names in the SLS")
	}
	return nil
}

// trimOf is the number that trim_output means, 0 for all.
func trimOf(v py.Value) int {
	if n, ok := py.AsInt(v); ok && v != py.Value(py.True) {
		return int(n)
	}
	if py.IsTrue(v) {
		return 100
	}
	return 0
}

func execFuncs() []*modules.Func {
	return []*modules.Func{
		action("list", "Gives what an archive holds.", nil, execList),
		action("is_encrypted", "Says whether a zip archive has a password.", nil, func(ctx context.Context, c *modules.Call, w host.Writer, a *encryptedArgs) (py.Value, error) {
			l, err := execLister(c, w, a.Name, "zip", py.None)
			if err != nil {
				return nil, err
			}
			found, err := l.list(ctx, 0)
			if err != nil {
				return nil, err
			}
			if a.Clean {
				err = w.Remove(a.Name)
			}
			return py.Bool(found.encrypted), err
		}),
		action("tar", "Runs tar.", needs("tar"), func(ctx context.Context, c *modules.Call, w host.Writer, a *tarArgs) (py.Value, error) {
			if a.Options == "" {
				return nil, modules.SaltInvocationError("Tar options can not be empty")
			}
			argv := append(append([]string{"tar"}, strings.Fields(a.Options)...), a.Tarfile)
			if a.Dest != "" {
				argv = append(argv, "-C", a.Dest)
			}
			return program(ctx, c, w, a.Template, a.Cwd, a.Runas, append(argv, expandSources(c, a.Sources)...)...)
		}),
		action("gzip", "Compresses a file.", needs("gzip"), func(ctx context.Context, c *modules.Call, w host.Writer, a *gzipArgs) (py.Value, error) {
			return program(ctx, c, w, a.Template, "", a.Runas, slices.Concat([]string{"gzip"}, optional(a.Options), []string{a.Sourcefile})...)
		}),
		action("gunzip", "Decompresses a file.", needs("gunzip"), func(ctx context.Context, c *modules.Call, w host.Writer, a *gunzipArgs) (py.Value, error) {
			return program(ctx, c, w, a.Template, "", a.Runas, slices.Concat([]string{"gunzip"}, optional(a.Options), []string{a.Gzipfile})...)
		}),
		action("cmd_zip", "Packs files with the zip program.", needs("zip"), func(ctx context.Context, c *modules.Call, w host.Writer, a *zipArgs) (py.Value, error) {
			return program(ctx, c, w, a.Template, a.Cwd, a.Runas, append([]string{"zip", "-r", a.ZipFile}, expandSources(c, a.Sources)...)...)
		}),
		action("rar", "Packs files with the rar program.", needs("rar"), func(ctx context.Context, c *modules.Call, w host.Writer, a *rarArgs) (py.Value, error) {
			return program(ctx, c, w, a.Template, a.Cwd, a.Runas, append([]string{"rar", "a", "-idp", a.Rarfile}, expandSources(c, a.Sources)...)...)
		}),
		action("unrar", "Extracts a rar archive.", needs("unrar", "rar"), func(ctx context.Context, c *modules.Call, w host.Writer, a *unrarArgs) (py.Value, error) {
			if err := noTemplate(a.Template); err != nil {
				return nil, err
			}
			lines, err := unrar(ctx, c, w, a.Rarfile, a.Dest, list(a.Excludes), a.Runas)
			if err != nil {
				return nil, err
			}
			return py.Strings(trimmed(lines, trimOf(a.TrimOutput))...), nil
		}),
		action("cmd_unzip", "Extracts a zip archive with the unzip program.", needs("unzip"), execCmdUnzip),
		action("unzip", "Extracts a zip archive.", nil, execUnzip),
		action("zip", "Packs files into a zip archive.", nil, execZip),
	}
}

func optional(word string) []string {
	if word == "" {
		return nil
	}
	return []string{word}
}

// execLister lists for a function: archives of the host only.
func execLister(c *modules.Call, w host.Writer, name, format string, command py.Value) (*lister, error) {
	if strings.Contains(name, "://") && !strings.HasPrefix(name, "file://") {
		return nil, modules.SaltInvocationError("archive: " + redact(name) + " is not supported: give the path of an archive of the host")
	}
	file := strings.TrimPrefix(name, "file://")
	if !isFile(c, file) {
		return nil, modules.CommandExecutionError("Failed to cache " + name)
	}
	return &lister{c: c, w: w, name: name, file: file, format: format, command: command}, nil
}

func execList(ctx context.Context, c *modules.Call, w host.Writer, a *listArgs) (py.Value, error) {
	format := a.ArchiveFormat
	if format == "" {
		format = guess(a.Name)
	}
	l, err := execLister(c, w, a.Name, format, a.Options)
	if err != nil {
		return nil, err
	}
	strip := 0
	if py.IsTrue(a.StripComponents) {
		n, ok := py.AsInt(a.StripComponents)
		if !ok || n <= 0 {
			return nil, l.raise("'strip_components' must be a positive integer")
		}
		strip = int(n)
	}
	switch format {
	case "tar", "zip", "rar":
	case "":
		return nil, l.raise("Unable to guess archive format, please pass an 'archive_format' argument.")
	default:
		return nil, l.raise(fmt.Sprintf("Unsupported archive format '%s'", format))
	}
	found, err := l.list(ctx, strip)
	if err != nil {
		return nil, err
	}
	if a.Clean {
		if err := w.Remove(l.file); err != nil {
			return nil, err
		}
	}
	if !a.Verbose {
		all := slices.Concat(found.dirs, found.files, found.links)
		slices.Sort(all)
		return py.Strings(all...), nil
	}
	return py.DictOf("dirs", py.Strings(found.dirs...), "files", py.Strings(found.files...), "links", py.Strings(found.links...),
		"top_level_dirs", py.Strings(found.topDirs...), "top_level_files", py.Strings(found.topFiles...), "top_level_links", py.Strings(found.topLinks...)), nil
}

func execCmdUnzip(ctx context.Context, c *modules.Call, w host.Writer, a *cmdUnzipArgs) (py.Value, error) {
	if err := noTemplate(a.Template); err != nil {
		return nil, err
	}
	if a.Password != nil && a.Password.IsSet() {
		return nil, modules.SaltInvocationError("archive.cmd_unzip: password is not supported, since it would stand in the program's arguments: use archive.unzip")
	}
	opts, err := saltargs.ShlexSplit(a.Options)
	if err != nil {
		return nil, err
	}
	lines, err := cmdUnzip(ctx, c, w, a.ZipFile, a.Dest, list(a.Excludes), opts, a.Runas)
	if err != nil {
		return nil, err
	}
	return py.Strings(trimmed(lines, trimOf(a.TrimOutput))...), nil
}

func execUnzip(ctx context.Context, c *modules.Call, w host.Writer, a *unzipArgs) (py.Value, error) {
	if err := noTemplate(a.Template); err != nil {
		return nil, err
	}
	if a.Runas != "" {
		return nil, modules.SaltInvocationError("archive.unzip: runas is not supported: use archive.cmd_unzip")
	}
	x := &extractor{w: w, file: a.ZipFile, format: "zip", dir: a.Dest, perms: a.ExtractPerms, excludes: list(a.Excludes)}
	if a.Password != nil {
		x.password = a.Password.Reveal()
	}
	if err := w.MkdirAll(a.Dest, 0o777); err != nil {
		return nil, unpacking(err)
	}
	names, err := x.extract(ctx, c)
	if err != nil {
		return nil, unpacking(err)
	}
	return py.Strings(trimmed(names, trimOf(a.TrimOutput))...), nil
}

// expandSources reads a list of paths and expands wildcards.
func expandSources(r host.Reader, v py.Value) []string {
	var out []string
	for _, s := range list(v) {
		if !strings.ContainsAny(s, "*?[") {
			out = append(out, s)
			continue
		}
		out = append(out, glob(r, s)...)
	}
	return out
}

// glob is Python's glob.glob, in the order of names.
func glob(r host.Reader, pattern string) []string {
	found := []string{""}
	for i, part := range strings.Split(pattern, "/") {
		if i == 0 && part == "" {
			found = []string{"/"}
			continue
		}
		if part == "" {
			continue
		}
		var next []string
		for _, dir := range found {
			if !strings.ContainsAny(part, "*?[") {
				if p := path.Join(dir, part); exists(r, path.Join("/", p)) {
					next = append(next, p)
				}
				continue
			}
			entries, err := r.ReadDir(path.Join("/", dir))
			if err != nil {
				continue // no directory
			}
			for _, e := range entries {
				if strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(part, ".") || !fnmatch.Match(part, e.Name()) {
					continue
				}
				next = append(next, path.Join(dir, e.Name()))
			}
		}
		found = next
	}
	return found
}
