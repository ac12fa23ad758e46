// Package archive has Salt's archive state and functions for tar and zip.
package archive

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type extractedArgs struct {
	Name             string         `arg:"name,required" doc:"The directory to extract into."`
	Source           modules.Source `arg:"source,required" doc:"The archive: salt:// or a path of the host."`
	SourceHash       string         `arg:"source_hash" doc:"What the archive must hash to, such as sha256=..."`
	SourceHashName   py.Value       `arg:"source_hash_name" doc:"Not supported: only hashes given as text are."`
	SourceHashUpdate bool           `arg:"source_hash_update" default:"False" doc:"Not supported."`
	SkipFilesVerify  bool           `arg:"skip_files_list_verify" default:"False" doc:"Not supported."`
	SkipVerify       bool           `arg:"skip_verify" default:"False" doc:"Does not check the hash."`
	Password         py.Value       `arg:"password" doc:"Not supported."`
	Options          py.Value       `arg:"options" doc:"Arguments for the tar program."`
	ListOptions      py.Value       `arg:"list_options" doc:"Not supported."`
	Force            bool           `arg:"force" default:"False" doc:"Removes what is there with another type."`
	Overwrite        bool           `arg:"overwrite" default:"False" doc:"Extracts in any case."`
	Clean            bool           `arg:"clean" default:"False" doc:"Removes the top-level paths of the archive before."`
	CleanParent      bool           `arg:"clean_parent" default:"False" doc:"Removes the directory before."`
	User             py.Value       `arg:"user" doc:"The owner of what is extracted."`
	Group            py.Value       `arg:"group" doc:"The group of what is extracted."`
	IfMissing        py.Value       `arg:"if_missing" doc:"Does nothing when this path exists."`
	TrimOutput       py.Value       `arg:"trim_output" default:"False" doc:"How many names are shown; True is 100."`
	UseCmdUnzip      py.Value       `arg:"use_cmd_unzip" doc:"Extracts a zip archive with the unzip program."`
	ExtractPerms     bool           `arg:"extract_perms" default:"True" doc:"Takes permissions from a zip archive."`
	EnforceToplevel  bool           `arg:"enforce_toplevel" default:"True" doc:"Refuses archives with more than one directory at the top."`
	EnforceOwnership py.Value       `arg:"enforce_ownership_on" doc:"Not supported."`
	ArchiveFormat    string         `arg:"archive_format" doc:"tar or zip; guessed from the name when not given."`
	UseEtag          bool           `arg:"use_etag" default:"False" doc:"Has no effect."`
	Signature        py.Value       `arg:"signature" doc:"Not supported."`
	SourceHashSig    py.Value       `arg:"source_hash_sig" doc:"Not supported."`
	SignedByAny      py.Value       `arg:"signed_by_any" doc:"Not supported."`
	SignedByAll      py.Value       `arg:"signed_by_all" doc:"Not supported."`
	Keyring          py.Value       `arg:"keyring" doc:"Not supported."`
	GnupgHome        py.Value       `arg:"gnupghome" doc:"Not supported."`
	SigBackend       string         `arg:"sig_backend" default:"gpg" doc:"Not supported."`
	Extra            *py.Dict       `arg:"**"`
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return []*modules.Func{modules.State[extractedArgs]{Name: "archive.extracted", Check: checkExtracted,
		Doc: "Extracts a tar or zip archive.\n\n```yaml\n/opt/app:\n  archive.extracted:\n    - source: salt://app/app.tar.gz\n    - user: root\n    - group: root\n```"}.Func()}
}

// refused names the arguments that cannot be supported.
func (a *extractedArgs) refused() string {
	for _, x := range []struct {
		name string
		v    py.Value
	}{
		{"source_hash_name", a.SourceHashName}, {"source_hash_update", py.Bool(a.SourceHashUpdate)}, {"skip_files_list_verify", py.Bool(a.SkipFilesVerify)},
		{"password", a.Password}, {"list_options", a.ListOptions}, {"enforce_ownership_on", a.EnforceOwnership},
		{"signature", a.Signature}, {"source_hash_sig", a.SourceHashSig}, {"signed_by_any", a.SignedByAny}, {"signed_by_all", a.SignedByAll},
	} {
		if py.IsTrue(x.v) {
			return fmt.Sprintf("archive.extracted: %s is not supported: remove it", x.name)
		}
	}
	return ""
}

func guess(name string) string {
	name = strings.ToLower(name)
	for _, e := range []string{"tar", "tar.gz", "tgz", "tar.bz2", "tbz2", "tbz", "tar.xz", "txz", "tar.lzma", "tlz"} {
		if strings.HasSuffix(name, "."+e) {
			return "tar"
		}
	}
	for _, e := range []string{"zip", "rar"} {
		if strings.HasSuffix(name, "."+e) {
			return e
		}
	}
	return ""
}

var stripOption = regexp.MustCompile(`--strip(?:-components)?(?:\s+|=)["']?(\d+)["']?`)

func exists(r host.Reader, p string) bool { _, err := r.Stat(p); return err == nil }

func checkExtracted(ctx context.Context, c *modules.Call, a *extractedArgs) (modules.Plan, error) {
	fail := func(format string, args ...any) (modules.Plan, error) {
		return modules.Fail(fmt.Sprintf(format, args...)), nil
	}
	if s := a.refused(); s != "" {
		return fail("%s", s)
	}
	if !path.IsAbs(a.Name) {
		return fail("%s is not an absolute path", a.Name)
	}
	name := strings.TrimRight(a.Name, "/")
	if fi, err := c.Stat(name); err == nil && fi.IsRegular() {
		return fail("%s exists and is not a directory", name)
	}
	name += "/"
	ifMissing := ""
	if a.IfMissing != py.None {
		if ifMissing = py.ToStr(a.IfMissing); !path.IsAbs(ifMissing) {
			return fail("Value for 'if_missing' is not an absolute path")
		}
		if exists(c, ifMissing) {
			return modules.InOrder(fmt.Sprintf("Path %s exists", ifMissing)), nil
		}
	}
	own, problem := ownerOf(c, a)
	if problem != "" {
		return fail("%s", problem)
	}
	src, ok := a.Source.Value.(py.Str)
	if !ok {
		return fail("archive.extracted: source must be one URL or path, not a %s", a.Source.Value.Type())
	}
	source := string(src)
	local := strings.TrimPrefix(source, "file://")
	tree := strings.HasPrefix(source, "salt://")
	if !tree {
		if strings.Contains(local, "://") || !path.IsAbs(local) {
			return fail("archive.extracted: source %s is not supported: use salt:// or a path of the host", source)
		}
		real, err := host.Realpath(c, local)
		if err != nil {
			return modules.Plan{}, err
		}
		local, source = real, real
		if fi, err := c.Stat(local); err != nil || !fi.IsRegular() {
			return fail("Source file '%s' does not exist", source)
		}
	}
	format := strings.ToLower(a.ArchiveFormat)
	if format == "" {
		if format = guess(source); format == "" {
			return fail("Could not guess archive_format from the value of the 'source' argument. Please set this archive_format to one of the following: tar, rar, zip")
		}
	}
	if format != "tar" && format != "zip" && format != "rar" {
		return fail("Invalid archive_format '%s'. Either set it to a supported value (tar, rar, zip) or remove this argument and the archive format will be guessed based on file extension.", format)
	}
	if format == "rar" {
		return fail("archive.unrar function not available, rar/unrar might not be installed on minion")
	}
	if a.Options != py.None && format == "zip" {
		return fail("archive.extracted: options of a zip archive are not supported: remove them")
	}
	if format == "zip" && py.IsTrue(a.UseCmdUnzip) && c.LookPath("unzip") == "" {
		return fail("archive.cmd_unzip function not available, unzip might not be installed on minion")
	}
	j := &job{c: c, a: a, name: name, source: source, file: local, format: format, own: own, ifMissing: ifMissing, changes: py.NewDict()}
	if !tree {
		return j.plan(ctx)
	}
	if c.Test {
		return modules.Plan{Would: modules.Done{Result: low.None,
			Comment: fmt.Sprintf("Archive %s would be cached (if necessary) and checked to discover if extraction is needed", source)}}, nil
	}
	return modules.Plan{Would: modules.Done{Result: low.None}, Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
		info, err := c.Sources.Stat(ctx, string(src), "")
		var se *modules.SourceError
		if errors.As(err, &se) {
			return modules.Failed(se.Comment), nil
		}
		if err != nil {
			return modules.Done{}, err
		}
		r, err := c.Sources.Open(ctx, info)
		if err != nil {
			return modules.Done{}, err
		}
		defer func() { _ = r.Close() }() // reading tells
		if j.file, err = w.TempFile("", "archive-*"); err != nil {
			return modules.Done{}, err
		}
		if err := w.WriteFile(j.file, r, host.WriteOptions{}); err != nil {
			return modules.Done{}, err
		}
		p, err := j.plan(ctx)
		if err == nil && p.Apply != nil {
			d, err := p.Apply(ctx, w)
			return d, errors.Join(err, w.Remove(j.file))
		}
		return p.Would, errors.Join(err, w.Remove(j.file))
	}}, nil
}

// owner is who what is extracted is to belong to; -1 leaves it.
type owner struct{ uid, gid int }

func (o owner) set() bool { return o.uid >= 0 || o.gid >= 0 }

func ownerOf(c host.Reader, a *extractedArgs) (o owner, problem string) {
	o = owner{-1, -1}
	if py.IsTrue(a.User) {
		s := py.ToStr(a.User)
		if u, ok := c.User(s); ok {
			o.uid = u.UID
		} else if n, ok := py.AsInt(a.User); ok {
			o.uid = int(n)
		} else {
			return o, fmt.Sprintf("User %s does not exist", s)
		}
	}
	if py.IsTrue(a.Group) {
		s := py.ToStr(a.Group)
		if g, ok := c.Group(s); ok {
			o.gid = g.GID
		} else if n, ok := py.AsInt(a.Group); ok {
			o.gid = int(n)
		} else {
			return o, fmt.Sprintf("Group %s does not exist", s)
		}
	}
	return o, ""
}

var hashes = map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha224": sha256.New224, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}

// verify compares the archive's hash; want is what it should be.
func verify(r host.Reader, file, given string) (ok bool, want string, err error) {
	kind, want, found := strings.Cut(given, "=")
	if !found {
		if kind, want, found = strings.Cut(given, ":"); !found {
			want = given
			kind = map[int]string{32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}[len(given)]
		}
	}
	mk := hashes[strings.ToLower(kind)]
	if _, err := hex.DecodeString(want); mk == nil || err != nil {
		return false, want, modules.CommandExecutionError(fmt.Sprintf("source_hash %s is not supported: give it as text, such as sha256=...", given))
	}
	f, err := r.Open(file)
	if err != nil {
		return false, want, err
	}
	defer func() { _ = f.Close() }() // reading tells
	h := mk()
	if _, err := io.Copy(h, f); err != nil {
		return false, want, err
	}
	return strings.EqualFold(hex.EncodeToString(h.Sum(nil)), want), want, nil
}

// job is one archive to extract, which lies in file.
type job struct {
	c                          *modules.Call
	a                          *extractedArgs
	name, source, file, format string
	ifMissing                  string
	own                        owner
	contents                   *contents
	changes                    *py.Dict
}

func (j *job) plan(_ context.Context) (modules.Plan, error) {
	a := j.a
	fail := func(format string, args ...any) (modules.Plan, error) {
		return modules.Fail(fmt.Sprintf(format, args...)), nil
	}
	options, strip := "", 0
	if a.Options != py.None {
		options = py.ToStr(a.Options)
		if m := stripOption.FindStringSubmatch(options); m != nil && j.format == "tar" {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				return modules.Plan{}, err
			}
			strip = n
		}
	}
	var err error
	j.contents, err = list(j.c, j.file, j.format, strip)
	if errors.Is(err, errFormat) {
		msg := fmt.Sprintf("%s is not a ZIP file", j.file)
		if j.format == "tar" {
			msg = fmt.Sprintf("Unable to list contents of %s. If this is an XZ-compressed tar archive, install XZ Utils to enable listing its contents. If it is compressed using something other than XZ, it may be necessary to specify CLI options to decompress the archive. See the documentation for details.", j.file)
		}
		msg += " Additional info follows:\n\narchive location:\n    " + j.file
		var wants []string
		if j.ifMissing == "" {
			wants = append(wants, "'if_missing' must be set")
		}
		if j.own.set() {
			wants = append(wants, "Ownership cannot be managed without setting 'enforce_ownership_on'.")
		}
		if len(wants) > 0 {
			if j.format == "tar" {
				msg += "\n\nIf the source archive is a tar archive compressed using a compression type not natively supported by the tar command, then setting the 'list_options' argument may allow the contents to be listed. Otherwise, if Salt is unable to determine the files/directories in the archive, the following workaround(s) would need to be used for this state to proceed"
			} else {
				msg += "\n\nThe following workarounds must be used for this state to proceed"
			}
			msg += fmt.Sprintf(" (assuming the source file is a valid %s archive):\n\n- ", j.format) + strings.Join(wants, "\n- ")
		}
		return fail("%s", msg)
	}
	if err != nil {
		return modules.Plan{}, fmt.Errorf("%s: list the archive: %w", j.source, err)
	}
	if j.contents.encrypted {
		return fail("Archive %s is password-protected, but no password was specified. Please set the 'password' argument.", j.source)
	}
	if a.EnforceToplevel && (len(j.contents.topDirs) > 1 || len(j.contents.topFiles) > 0) {
		return fail("Archive does not have a single top-level directory. To allow this archive to be extracted, set 'enforce_toplevel' to False. To avoid a '%s-bomb' it may also be advisable to set a top-level directory by adding it to the 'name' value (for example, setting 'name' to %ssome_dir instead of %s).", j.format, j.name, j.name)
	}
	if a.Clean && a.CleanParent {
		return fail("Only one of 'clean' and 'clean_parent' can be set to True")
	}
	missing, wrong, err := j.compare()
	if err != nil {
		return fail("%v", err)
	}
	if len(wrong) > 0 && !a.Clean && !a.CleanParent && !a.Force {
		return fail("The below paths (relative to %s) exist, but are the incorrect type (file instead of directory, symlink instead of file, etc.). To proceed with extraction, set 'force' to True. Note that this will remove these paths before extracting.\n\n- %s", j.name, strings.Join(wrong, "\n- "))
	}
	why := ""
	if missing {
		why = ", due to absence of one or more files/dirs"
	}
	if !a.Overwrite && !missing && len(wrong) == 0 {
		return j.inPlace(), nil
	}
	if a.SourceHash != "" && !a.SkipVerify {
		ok, want, err := verify(j.c, j.file, a.SourceHash)
		var se *modules.Error
		if errors.As(err, &se) {
			return fail("%s", se.Msg)
		}
		if err != nil {
			return modules.Plan{}, err
		}
		if !ok {
			return fail("%s does not match the desired source_hash %s", j.source, want)
		}
	}
	comment := fmt.Sprintf("Archive %s would be extracted to %s", j.source, j.name)
	if a.Clean {
		comment += ", after cleaning destination path(s)"
	}
	return modules.Would(comment+why, nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		return j.apply(ctx, w, options, why, wrong)
	}), nil
}

// compare looks for what the archive holds.
func (j *job) compare() (missing bool, wrong []string, err error) {
	for _, x := range []struct {
		paths []string
		is    func(host.Info) bool
	}{
		{j.contents.dirs, host.Info.IsDir},
		{j.contents.files, func(i host.Info) bool { return !i.IsLink() && !i.IsDir() }},
		{j.contents.links, host.Info.IsLink},
	} {
		for _, p := range x.paths {
			full, err := inside(j.name, p)
			if err != nil {
				return false, nil, err
			}
			fi, err := j.c.Lstat(full)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				missing = true
			case err == nil && !x.is(fi):
				wrong = append(wrong, p)
			}
		}
	}
	return missing, wrong, nil
}

// owned lists the paths below the top ones whose owner is not the wanted one.
func (j *job) owned(r host.Reader) (wrong []string, err error) {
	if !j.own.set() {
		return nil, nil
	}
	var visit func(p string) error
	visit = func(p string) error {
		fi, err := r.Lstat(p)
		if err != nil {
			return err
		}
		if j.own.uid >= 0 && fi.UID != j.own.uid || j.own.gid >= 0 && fi.GID != j.own.gid {
			wrong = append(wrong, p)
		}
		if !fi.IsDir() {
			return nil
		}
		entries, err := r.ReadDir(p)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := visit(path.Join(p, e.Name())); err != nil {
				return err
			}
		}
		return nil
	}
	for _, l := range [][]string{j.contents.topDirs, j.contents.topFiles, j.contents.topLinks} {
		for _, p := range l {
			if err := visit(path.Join(j.name, p)); err != nil {
				return nil, err
			}
		}
	}
	return wrong, nil
}

func (j *job) chown(w host.Writer) error {
	paths, err := j.owned(w)
	if err != nil {
		return err
	}
	for _, p := range paths {
		if err := w.Lchown(p, j.own.uid, j.own.gid); err != nil {
			return err
		}
		j.changes.SetStr("updated ownership", py.True)
	}
	return nil
}

// inPlace is the plan when nothing has to be extracted.
func (j *job) inPlace() modules.Plan {
	const comment = "All files in archive are already present"
	wrong, err := j.owned(j.c)
	if err != nil || len(wrong) == 0 {
		return modules.InOrder(comment)
	}
	return modules.Would(comment+". Ownership would be updated on one or more files/directories.", py.DictOf("updated ownership", py.True),
		func(_ context.Context, w host.Writer) (modules.Done, error) {
			err := j.chown(w)
			return modules.OK(comment, j.changes), err
		})
}

func (j *job) apply(ctx context.Context, w host.Writer, options, why string, wrong []string) (modules.Done, error) {
	remove := wrong
	if j.a.Clean {
		remove = append(append([]string{}, j.contents.topDirs...), j.contents.topFiles...)
	}
	if j.a.CleanParent {
		remove = nil
		if err := w.RemoveAll(strings.TrimRight(j.name, "/")); err != nil {
			return modules.Done{}, err
		}
		j.changes.SetStr("removed", py.Str(fmt.Sprintf("Directory %s was removed prior to the extraction", j.name)))
	}
	removed := py.NewList()
	for _, p := range remove {
		full, err := inside(j.name, p)
		if err != nil {
			return modules.Done{}, err
		}
		if _, err := w.Lstat(full); err != nil {
			continue // nothing to clean
		}
		if err := w.RemoveAll(full); err != nil {
			return modules.Done{}, err
		}
		removed.Append(py.Str(j.name + p))
	}
	if removed.Len() > 0 {
		j.changes.SetStr("removed", removed)
	}
	created := !exists(w, j.name)
	if created {
		if err := w.MkdirAll(j.name, 0o755); err != nil {
			return modules.Done{}, err
		}
		if j.own.uid >= 0 {
			if err := w.Chown(j.name, j.own.uid, -1); err != nil {
				return modules.Done{}, err
			}
		}
	}
	files, failed, err := j.run(ctx, w, options)
	if err != nil {
		return modules.Done{}, fmt.Errorf("%s: extract to %s: %w", j.source, j.name, err)
	}
	if failed != nil {
		return modules.Done{Result: low.False, Changes: failed}, nil
	}
	comment := fmt.Sprintf("%s extracted to %s%s", j.source, j.name, why)
	if py.IsTrue(j.a.TrimOutput) {
		n, ok := py.AsInt(j.a.TrimOutput)
		if j.a.TrimOutput == py.True || !ok {
			n = 100
		}
		files = files[:min(int(n), len(files))]
		comment += fmt.Sprintf(". Output was trimmed to %d number of lines", n)
	}
	if err := j.chown(w); err != nil {
		return modules.Done{}, err
	}
	if len(files) == 0 {
		return modules.Done{Result: low.False, Comment: "No files were extracted from " + j.source, Changes: j.changes}, nil
	}
	if created {
		j.changes.SetStr("directories_created", py.Strings(j.name))
	}
	j.changes.SetStr("extracted_files", pyList(files))
	return modules.OK(comment, j.changes), nil
}

// run extracts, with the tar program when there are options for it; failed is
// what the program said then.
func (j *job) run(ctx context.Context, w host.Writer, options string) (files []string, failed *py.Dict, err error) {
	if j.format == "zip" && py.IsTrue(j.a.UseCmdUnzip) {
		return j.unzip(ctx, w)
	}
	if options == "" {
		files, err = extract(w, j.file, j.format, j.name, j.a.ExtractPerms || j.format == "tar")
		return files, nil, err
	}
	short, long := "xv", []string(nil)
	for i, o := range strings.Fields(options) {
		switch {
		case o == "v" || o == "-v" || o == "--verbose":
		case strings.HasPrefix(o, "-") || i > 0:
			long = append(long, strings.Trim(o, `"'`))
		default:
			short += strings.NewReplacer("x", "", "f", "").Replace(o)
		}
	}
	argv := append(append([]string{"tar", short}, long...), "-f", j.file)
	out, err := w.Run(ctx, host.Cmd{Argv: argv, Dir: j.name})
	if err != nil {
		return nil, nil, err
	}
	text := strings.TrimRight(string(out.Stdout), "\n")
	if out.Code != 0 {
		return nil, py.DictOf("pid", py.Int(int64(out.PID)), "retcode", py.Int(int64(out.Code)), "stdout", py.Str(text), "stderr", py.Str(strings.TrimRight(string(out.Stderr), "\n"))), nil
	}
	if text == "" {
		return []string{"no tar output so far"}, nil, nil
	}
	return strings.Split(text, "\n"), nil, nil
}

// unzip extracts with the unzip program and returns what it said.
func (j *job) unzip(ctx context.Context, w host.Writer) (files []string, failed *py.Dict, err error) {
	out, err := w.Run(ctx, host.Cmd{Argv: []string{"unzip", "-o", j.file, "-d", j.name}})
	if err != nil {
		return nil, nil, err
	}
	if out.Code != 0 {
		return nil, nil, modules.CommandExecutionError(strings.TrimRight(string(out.Stderr), "\n"))
	}
	return strings.Split(strings.TrimRight(string(out.Stdout), " \r\n"), "\n"), nil, nil
}
