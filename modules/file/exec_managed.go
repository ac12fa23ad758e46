package file

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pinch/internal/py"
	"pinch/internal/pydiff"
	"pinch/internal/pypath"
	"pinch/modules"
)

func backupFuncs() []*modules.Func {
	type listArgs struct {
		Path  string   `arg:"path,required" doc:"Path of the file."`
		Limit py.Value `arg:"limit" doc:"How many at most."`
	}
	type idArgs struct {
		Path string   `arg:"path,required" doc:"Path of the file."`
		ID   py.Value `arg:"backup_id,required" doc:"Number that list_backups gives."`
	}
	list := func(name string) *modules.Func {
		return look(name, "Lists the backups of a file that `backup: minion` made, the newest first.", func(_ context.Context, o *op, a *listArgs) (py.Value, error) {
			l := o.backups(expandUser(o, a.Path))
			if n, ok := py.AsInt(digits(a.Limit)); ok && n >= 0 && int(n) < len(l) {
				l = l[:n]
			}
			return backupDict(l), nil
		})
	}
	remove := func(name string) *modules.Func {
		return act(name, "Removes a backup of a file.", func(_ context.Context, o *op, a *idArgs) (py.Value, error) {
			b, bad := o.backupOf(a.Path, a.ID)
			if bad != nil {
				return bad, nil
			}
			if err := o.w.Remove(b.location); err != nil {
				return py.DictOf("result", py.False, "comment", py.Str("Unable to remove "+b.location+": "+osError(err))), nil
			}
			return py.DictOf("result", py.True, "comment", py.Str("Successfully removed "+b.location)), nil
		})
	}
	return []*modules.Func{
		list("list_backups"), list("list_backup"),
		look("list_backups_dir", "Lists the backups of all files of a directory.", func(_ context.Context, o *op, a *listArgs) (py.Value, error) {
			return o.backupsDir(expandUser(o, a.Path), a.Limit), nil
		}),
		act("restore_backup", "Puts a backup of a file back.", func(_ context.Context, o *op, a *idArgs) (py.Value, error) {
			path := expandUser(o, a.Path)
			b, bad := o.backupOf(path, a.ID)
			if bad != nil {
				return bad, nil
			}
			if err := o.backupMinion(path); err != nil {
				return nil, osFailure(err)
			}
			data, err := o.w.ReadFile(b.location)
			if err == nil {
				err = o.writeText(path, string(data))
			}
			if err != nil {
				return py.DictOf("result", py.False, "comment", py.Str("Unable to restore "+b.location+" to "+path+": "+raised(err))), nil
			}
			return py.DictOf("result", py.True, "comment", py.Str("Successfully restored "+b.location+" to "+path)), nil
		}),
		remove("delete_backup"), remove("remove_backup"),
	}
}

// backupEntry is a kept copy of a file.
type backupEntry struct {
	at       time.Time
	size     int64
	location string
}

// backups lists the copies of a file, newest first.
func (o *op) backups(path string) []backupEntry {
	if !isAbs(path) {
		return nil
	}
	dir := pypath.Join(o.backupRoot(), pypath.Dir(path)[1:])
	var out []backupEntry
	entries, _ := o.ReadDir(dir) // no directory, no backups
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), pypath.Base(path)+"_")
		if !ok {
			continue
		}
		at, ok := strptime(rest, "%a_%b_%d_%H:%M:%S_%f_%Y")
		i, err := o.Stat(pypath.Join(dir, e.Name()))
		if ok && err == nil && i.IsRegular() {
			out = append(out, backupEntry{at, i.Size, pypath.Join(dir, e.Name())})
		}
	}
	slices.SortFunc(out, func(a, b backupEntry) int { return b.at.Compare(a.at) })
	return out
}

func backupDict(l []backupEntry) *py.Dict {
	d := py.NewDict()
	for i, b := range l {
		stamp := b.at.Format("Mon Jan 02 2006 15:04:05.") + fmt.Sprintf("%06d", b.at.Nanosecond()/1000)
		_ = d.Set(py.Int(i), py.DictOf("Backup Time", py.Str(stamp), "Size", py.Int(b.size), "Location", py.Str(b.location))) // a number is a key
	}
	return d
}

// backupOf finds a backup by its number, or returns what Salt's functions
// return instead.
func (o *op) backupOf(path string, id py.Value) (backupEntry, py.Value) {
	path = expandUser(o, path)
	n, err := strconv.Atoi(py.ToStr(id))
	if err != nil || strconv.Itoa(n) != py.ToStr(id) {
		return backupEntry{}, py.DictOf("result", py.False, "comment", py.Str("Invalid backup_id '"+py.ToStr(id)+"'"))
	}
	l := o.backups(path)
	if n < 0 || n >= len(l) {
		return backupEntry{}, py.DictOf("result", py.False, "comment", py.Str(fmt.Sprintf("backup_id '%d' does not exist for %s", n, path)))
	}
	return l[n], nil
}

// backupsDir lists the backups of every file of a directory, whose name is what
// stands in front of the first underscore.
func (o *op) backupsDir(path string, limit py.Value) py.Value {
	dir := pypath.Join(o.backupRoot(), strings.TrimPrefix(pypath.Dir(path), "/"))
	d := py.NewDict()
	entries, _ := o.ReadDir(dir) // no directory, no backups
	for _, e := range entries {
		name, _, _ := strings.Cut(e.Name(), "_")
		if d.Has(name) {
			continue
		}
		l := o.backups(pypath.Join(pypath.Dir(path), name))
		if n, ok := py.AsInt(digits(limit)); ok && n >= 0 && int(n) < len(l) {
			l = l[:n]
		}
		d.SetStr(name, backupDict(l))
	}
	return d
}

// checkArgs are the arguments of Salt's functions behind file.managed.
type checkArgs struct {
	Name           string         `arg:"name,required" doc:"Path of the file."`
	Source         modules.Source `arg:"source,required" doc:"Where the content comes from."`
	SourceHash     py.Value       `arg:"source_hash,required" doc:"Hash of the source."`
	SourceHashName py.Value       `arg:"source_hash_name,required" doc:"Name to look for in a file of hashes."`
	User           py.Value       `arg:"user,required" doc:"Owner."`
	Group          py.Value       `arg:"group,required" doc:"Group."`
	Mode           py.Value       `arg:"mode,required" doc:"Permission bits."`
	Attrs          py.Value       `arg:"attrs,required" doc:"Attribute letters."`
	Template       string         `arg:"template,required" doc:"Engine that renders the content."`
	Context        py.Value       `arg:"context,required" doc:"Variables for the template."`
	Defaults       py.Value       `arg:"defaults,required" doc:"Variables that context overrides."`
	Saltenv        string         `arg:"saltenv,required" doc:"Environment of the tree."`
	Contents       py.Value       `arg:"contents" doc:"The content itself."`
	SkipVerify     bool           `arg:"skip_verify" default:"False" doc:"Do not compare with a hash."`
	KeepMode       bool           `arg:"keep_mode" default:"False" doc:"Take the permission bits of the source."`
	Kwargs         *py.Dict       `arg:"**"`
}

func managedFuncs() []*modules.Func {
	type diffArgs struct {
		File1          string   `arg:"file1,required" doc:"First file: a path or a salt:// URL."`
		File2          string   `arg:"file2,required" doc:"Second file."`
		Saltenv        string   `arg:"saltenv" default:"'base'" doc:"Environment of the tree."`
		ShowFilenames  bool     `arg:"show_filenames" default:"True" doc:"Name the files in the diff."`
		ShowChanges    bool     `arg:"show_changes" default:"True" doc:"Show the diff."`
		Template       py.Value `arg:"template" default:"False" doc:"The files are templates' results; no effect here."`
		Hash1          py.Value `arg:"source_hash_file1" doc:"Hash of the first file, when it is on the web; no effect here."`
		Hash2          py.Value `arg:"source_hash_file2" doc:"Hash of the second file, when it is on the web; no effect here."`
		IgnoreOrdering bool     `arg:"ignore_ordering" default:"False" doc:"The order of lines does not count."`
		IgnoreSpace    bool     `arg:"ignore_whitespace" default:"False" doc:"White space around lines does not count."`
		IgnoreComments py.Value `arg:"ignore_comment_characters" doc:"What stands behind these characters does not count."`
	}
	type sumArgs struct {
		FileName       string   `arg:"file_name" default:"''" doc:"The file that it is for."`
		Source         string   `arg:"source" default:"''" doc:"The source that it is of."`
		SourceHash     py.Value `arg:"source_hash" doc:"Hash, or file of hashes."`
		SourceHashName py.Value `arg:"source_hash_name" doc:"Name to look for."`
		Saltenv        string   `arg:"saltenv" default:"'base'" doc:"Environment of the tree."`
		VerifySSL      bool     `arg:"verify_ssl" default:"True" doc:"Check certificates."`
	}
	type extractArgs struct {
		HashFn         string   `arg:"hash_fn,required" doc:"Path of the file of hashes."`
		HashType       py.Value `arg:"hash_type" default:"'sha256'" doc:"Kind of hash to look for."`
		FileName       string   `arg:"file_name" default:"''" doc:"Name to look for."`
		Source         string   `arg:"source" default:"''" doc:"Source whose name to look for."`
		SourceHashName py.Value `arg:"source_hash_name" doc:"Name to look for first."`
	}
	type sourceListArgs struct {
		Source     py.Value `arg:"source,required" doc:"A source, or a list of which the first that exists is taken."`
		SourceHash py.Value `arg:"source_hash,required" doc:"Hash of the source."`
		Saltenv    string   `arg:"saltenv,required" doc:"Environment of the tree."`
	}
	sumDict := func(c checksum) py.Value { return py.DictOf("hsum", py.Str(c.sum), "hash_type", py.Str(c.kind)) }
	return []*modules.Func{
		look("get_diff", "Returns the diff of two files.", func(ctx context.Context, o *op, a *diffArgs) (py.Value, error) {
			old, err := o.fileOrSource(ctx, a.File1, a.Saltenv)
			if err != nil {
				return nil, err
			}
			new, err := o.fileOrSource(ctx, a.File2, a.Saltenv)
			if err != nil {
				return nil, err
			}
			from, to := "", ""
			if a.ShowFilenames {
				from, to = a.File1, a.File2
			}
			g := ignoring{a.IgnoreOrdering, a.IgnoreSpace, a.IgnoreComments}
			diff, counts := "", !bytes.Equal(old, new)
			switch {
			case !counts:
			case !a.ShowChanges:
				diff = hiddenDiff
			case g.any() && isText(old) && isText(new):
				counts, diff = pydiff.Conditional(pydiff.FileLines(old), pydiff.FileLines(new), from, to, g.pydiff())
			default:
				diff = pydiff.FileNamed(old, new, from, to)
			}
			if g.any() {
				return py.Tuple{py.Bool(counts), py.Str(diff)}, nil
			}
			return py.Str(diff), nil
		}),
		look("get_source_sum", "Returns the hash that source_hash means.", func(ctx context.Context, o *op, a *sumArgs) (py.Value, error) {
			o.test = true // nothing is written: a file of hashes stays in memory
			s := &sourceArgs{name: a.FileName, verifyTLS: a.VerifySSL}
			if given(a.SourceHashName) {
				s.sourceHashName = py.ToStr(a.SourceHashName)
			}
			sum, err := o.readSum(ctx, s, a.Source, a.SourceHash)
			if err != nil {
				return nil, err
			}
			return sumDict(sum), nil
		}),
		look("extract_hash", "Finds the hash of a file in a file of hashes.", func(_ context.Context, o *op, a *extractArgs) (py.Value, error) {
			data, err := o.ReadFile(a.HashFn)
			if err != nil {
				return nil, osFailure(err)
			}
			name := ""
			if given(a.SourceHashName) {
				name = py.ToStr(a.SourceHashName)
			}
			text := string(data)
			if k, ok := hashNamed(py.ToStr(orEmpty(a.HashType))); ok { // other lengths are none
				text = keepHashes(text, k)
			}
			sum, ok := findHash(text, a.FileName, a.Source, name)
			if !ok {
				return py.None, nil
			}
			return sumDict(sum), nil
		}),
		look("source_list", "Takes of a list of sources the first that exists, with its hash.", func(ctx context.Context, o *op, a *sourceListArgs) (py.Value, error) {
			if _, isList := a.Source.(*py.List); !isList {
				return py.Tuple{a.Source, a.SourceHash}, nil
			}
			ref, hash, err := o.chooseSource(ctx, &sourceArgs{source: a.Source, sourceHash: a.SourceHash})
			if err != nil {
				return nil, err
			}
			return py.Tuple{py.Str(ref), hash}, nil
		}),
		look("check_managed_changes", "Returns what file.managed would change.", func(ctx context.Context, o *op, a *checkArgs) (py.Value, error) {
			r, problem, err := o.checkManaged(ctx, a)
			if err != nil {
				return nil, err
			}
			if problem != "" {
				return py.Tuple{py.False, py.Str(problem)}, nil
			}
			return r.changes, nil
		}),
		look("check_managed", "Says whether file.managed would change a file.", func(ctx context.Context, o *op, a *checkArgs) (py.Value, error) {
			r, problem, err := o.checkManaged(ctx, a)
			switch {
			case err != nil:
				return nil, err
			case problem != "":
				return py.Tuple{py.False, py.Str(problem)}, nil
			case r.changes.Len() == 0:
				return py.Tuple{py.True, py.Str("The file " + a.Name + " is in the correct state")}, nil
			}
			text := "The following values are set to be changed:\n"
			for k, v := range r.changes.All() {
				text += py.ToStr(k) + ": " + py.ToStr(v) + "\n"
			}
			return py.Tuple{py.None, py.Str(text)}, nil
		}),
		look("statvfs", "Describes the file system that a path is on.", func(_ context.Context, o *op, a *pathArgs) (py.Value, error) {
			path := expandUser(o, a.Path)
			if !isAbs(path) {
				return nil, invokeError("File path must be absolute.")
			}
			s, err := o.StatFS(path)
			if err != nil {
				return nil, execError("Could not statvfs '" + path + "'")
			}
			return py.DictOf("f_bavail", py.Int(s.BlocksAvail), "f_bfree", py.Int(s.BlocksFree), "f_blocks", py.Int(s.Blocks), "f_bsize", py.Int(s.BlockSize),
				"f_favail", py.Int(s.FilesAvail), "f_ffree", py.Int(s.FilesFree), "f_files", py.Int(s.Files), "f_flag", py.Int(s.Flags),
				"f_frsize", py.Int(s.FragSize), "f_namemax", py.Int(s.NameMax)), nil
		}),
	}
}

// keepHashes blanks words of hex digits of other lengths than a kind's.
func keepHashes(text string, k hashKind) string {
	return hashWord.ReplaceAllStringFunc(text, func(w string) string {
		if len(w) >= 32 && len(w) != k.digits {
			return strings.Repeat("-", len(w))
		}
		return w
	})
}

// fileOrSource reads a file of the host or of the tree.
func (o *op) fileOrSource(ctx context.Context, ref, env string) ([]byte, error) {
	if schemeOf(ref) != "salt" {
		data, err := o.ReadFile(expandUser(o, ref))
		if err != nil {
			return nil, execError("Failed to cache one or more files: File " + ref + " not found")
		}
		return data, nil
	}
	data, ok, err := o.treeText(ctx, ref, env)
	if err == nil && !ok {
		err = execError("Failed to cache one or more files: File " + ref + " not found")
	}
	return data, err
}

// treeText asks the controller for a file of the tree, where no state was
// granted it. Only text can be asked for.
func (o *op) treeText(ctx context.Context, ref, env string) ([]byte, bool, error) {
	if o.Remote == nil {
		return nil, false, execError(ref + ": no controller to ask for it")
	}
	v, err := o.Remote.Call(ctx, "cp.get_file_str", py.NewArgs(py.Str(ref), py.Str(env)))
	if err != nil {
		return nil, false, err
	}
	switch v := v.(type) {
	case py.Str:
		return []byte(v), true, nil
	case py.Bytes:
		return []byte(v), true, nil
	}
	return nil, false, nil
}

// checkManaged looks at what file.managed would change.
func (o *op) checkManaged(ctx context.Context, a *checkArgs) (r *ret, problem string, err error) {
	s := &sourceArgs{name: a.Name, source: py.OrNone(a.Source.Value), sourceHash: a.SourceHash, template: a.Template,
		context: dictOrNil(a.Context), defaults: dictOrNil(a.Defaults), skipVerify: a.SkipVerify, verifyTLS: true}
	if given(a.SourceHashName) {
		s.sourceHashName = py.ToStr(a.SourceHashName)
	}
	t := target{name: a.Name, keepMode: a.KeepMode, showChanges: true,
		perms: perms{user: a.User, group: a.Group, mode: normalizeMode(a.Mode), attrs: a.Attrs}}
	source, hash, err := o.chooseSource(ctx, s)
	if err != nil {
		return nil, "", err
	}
	if !py.IsNone(a.Contents) {
		t.hasContents, t.contents = true, []byte(py.ToStr(a.Contents))
	} else if source != "" {
		if t.src, problem, err = o.resolve(ctx, s, source, hash, o.haveHash(a.Name)); problem != "" || err != nil {
			return nil, problem, err
		}
		if t.keepMode {
			t.perms.mode = octal(t.src.mode)
		}
	}
	r = newRet(a.Name)
	_, err = o.metaChanges(ctx, r, t)
	return r, "", err
}
