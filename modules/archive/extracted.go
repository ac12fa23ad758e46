// Package archive has Salt's archive state and functions: tar and zip
// archives, and with the host's programs rar and xz.
package archive

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
	"pinch/states/low"
)

type extractedArgs struct {
	Name             string         `arg:"name,required" doc:"The directory to extract into."`
	Source           modules.Source `arg:"source,required" doc:"The archive: a file of the tree, of the web or of the host; of a list the first that exists."`
	SourceHash       py.Value       `arg:"source_hash" doc:"What the archive must hash to, or a file of hashes."`
	SourceHashName   py.Value       `arg:"source_hash_name" doc:"The name to look for in a file of hashes."`
	SourceHashUpdate bool           `arg:"source_hash_update" default:"False" doc:"Extracts again when the hash has changed."`
	SkipFilesVerify  bool           `arg:"skip_files_list_verify" default:"False" doc:"Compares the hash with that of the last time only, not the files."`
	SkipVerify       bool           `arg:"skip_verify" default:"False" doc:"Does not check the hash."`
	Password         *secret.String `arg:"password" doc:"Of a zip archive."`
	Options          py.Value       `arg:"options" doc:"Arguments for the tar or unzip program."`
	ListOptions      py.Value       `arg:"list_options" doc:"A command that writes a tar archive decompressed to its output."`
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
	EnforceOwnership py.Value       `arg:"enforce_ownership_on" doc:"The only path whose owner is set, below the directory."`
	ArchiveFormat    string         `arg:"archive_format" doc:"tar, zip or rar; guessed from the name when not given."`
	UseEtag          bool           `arg:"use_etag" default:"False" doc:"Fetches an archive of the web without a hash."`
	Signature        py.Value       `arg:"signature" doc:"Not supported."`
	SourceHashSig    py.Value       `arg:"source_hash_sig" doc:"Not supported."`
	SignedByAny      py.Value       `arg:"signed_by_any" doc:"Not supported."`
	SignedByAll      py.Value       `arg:"signed_by_all" doc:"Not supported."`
	Keyring          py.Value       `arg:"keyring" doc:"Not supported."`
	GnupgHome        py.Value       `arg:"gnupghome" doc:"Not supported."`
	SigBackend       string         `arg:"sig_backend" default:"gpg" doc:"Not supported."`
	Keep             *bool          `arg:"keep" doc:"The same as keep_source."`
	KeepSource       *bool          `arg:"keep_source" doc:"False removes the copy of the archive from the cache."`
	Excludes         py.Value       `arg:"excludes" doc:"Names of a zip archive that are left out."`
	Extra            *py.Dict       `arg:"**"`
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return append([]*modules.Func{modules.State[extractedArgs]{Name: "archive.extracted", Check: checkExtracted,
		Doc: "Extracts an archive.\n\n```yaml\n/opt/app:\n  archive.extracted:\n    - source: salt://app/app.tar.gz\n    - user: root\n    - group: root\n```"}.Func()}, execFuncs()...)
}

// refused names the arguments that cannot be supported.
func (a *extractedArgs) refused() error {
	for _, x := range []struct {
		name string
		v    py.Value
	}{{"signature", a.Signature}, {"source_hash_sig", a.SourceHashSig}, {"signed_by_any", a.SignedByAny}, {"signed_by_all", a.SignedByAll}} {
		if py.IsTrue(x.v) {
			return modules.SaltInvocationError(fmt.Sprintf("archive.extracted: %s is not supported: remove it", x.name))
		}
	}
	for _, k := range []string{"runas", "template"} {
		if a.Extra.Has(k) {
			return modules.SaltInvocationError(fmt.Sprintf("archive.extracted: %s is not supported: remove it", k))
		}
	}
	return nil
}

// guess is the format of an archive by its name.
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

var urlAuth = regexp.MustCompile(`(?i)(https?)://.*@`)

// redact masks who logs in, in the URLs of a text.
func redact(s string) string { return urlAuth.ReplaceAllString(s, "${1}://<redacted>@") }

func exists(r host.Reader, p string) bool { _, err := r.Stat(p); return err == nil }

func isFile(r host.Reader, p string) bool {
	fi, err := r.Stat(p)
	return err == nil && fi.IsRegular()
}

func isDir(r host.Reader, p string) bool {
	fi, err := r.Stat(p)
	return err == nil && fi.IsDir()
}

// job is one archive to extract, which lies in file.
type job struct {
	c                          *modules.Call
	a                          *extractedArgs
	name, source, file, format string
	local                      bool // the source is a file of the host
	ifMissing, enforceOn       string
	options                    string
	hasOptions, unzip          bool
	strip                      int
	trim                       int // how many names are shown, 0 all
	own                        owner
	sum                        string // what the archive must hash to
	contents                   *contents
	changes                    *py.Dict
	warnings                   []string
	// previous is the archive's hash of the last time, updated says that it is
	// another one now.
	previous string
	updated  bool
}

func (j *job) fail(format string, args ...any) (modules.Plan, error) {
	return j.plan(low.False, format, args...)
}

func (j *job) plan(result low.Tri, format string, args ...any) (modules.Plan, error) {
	return modules.Plan{Would: modules.Done{Result: result, Comment: fmt.Sprintf(format, args...), Changes: j.changed(), Warnings: j.warnings}}, nil
}

func (j *job) changed() py.Value {
	if j.changes.Len() == 0 {
		return nil
	}
	return j.changes
}

func checkExtracted(ctx context.Context, c *modules.Call, a *extractedArgs) (modules.Plan, error) {
	if err := a.refused(); err != nil {
		return modules.Plan{}, err
	}
	j := &job{c: c, a: a, changes: py.NewDict()}
	if a.Keep != nil && a.KeepSource != nil {
		j.warnings = append(j.warnings, "Both 'keep_source' and 'keep' were used. Since these both do the same thing, 'keep' was ignored.")
	}
	if done, plan, err := j.checkPaths(); done {
		return plan, err
	}
	if a.SourceHashUpdate && !py.IsTrue(a.SourceHash) {
		j.warnings = append(j.warnings, "The 'source_hash_update' argument is ignored when 'source_hash' is not also specified.")
	}
	if problem, err := j.chooseSource(ctx); err != nil || problem != "" {
		if err != nil {
			return modules.Plan{}, err
		}
		return j.fail("%s", problem)
	}
	if problem := j.checkFormat(); problem != "" {
		return j.fail("%s", problem)
	}
	if problem, err := j.wantedSum(ctx); err != nil || problem != "" {
		if err != nil {
			return modules.Plan{}, err
		}
		return j.fail("%s", problem)
	}
	if a.SkipFilesVerify {
		if kept := j.keptSum(); j.sum != "" && kept == j.sum {
			result := low.True
			if c.Test {
				result = low.None
			}
			return j.plan(result, "Archive %s existing source sum is the same as the expected one and skip_files_list_verify argument was set to True. Extraction is not needed", redact(j.source))
		}
	}
	if j.local && a.ListOptions == py.Value(py.None) {
		return j.examine(ctx, nil)
	}
	if !j.local && c.Test {
		return j.plan(low.None, "Archive %s would be cached (if necessary) and checked to discover if extraction is needed", redact(j.source))
	}
	apply := func(ctx context.Context, w host.Writer) (modules.Done, error) { return j.whole(ctx, w) }
	plan := modules.Plan{Would: modules.Done{Result: low.None}, Apply: apply}
	if j.local { // listing runs the command of list_options
		plan.TestApply = apply
	}
	return plan, nil
}

// whole caches, examines and extracts.
func (j *job) whole(ctx context.Context, w host.Writer) (modules.Done, error) {
	if !j.local {
		failed, err := j.cache(ctx, w)
		if err != nil || failed != nil {
			if failed == nil {
				failed = &modules.Done{}
			}
			return *failed, err
		}
	}
	p, err := j.examine(ctx, w)
	d := p.Would
	if err == nil && p.Apply != nil && !j.c.Test {
		d, err = p.Apply(ctx, w)
	}
	keep := j.a.KeepSource
	if keep == nil {
		keep = j.a.Keep
	}
	if err == nil && !j.local && keep != nil && !*keep {
		var gone modules.Done
		gone, err = j.c.State(ctx, w, "file.not_cached", py.DictOf("name", py.Str(j.source), "saltenv", py.Str(j.env())))
		if gone.Result != low.True {
			d.Warnings = append(d.Warnings, gone.Comment)
		}
	}
	return d, err
}

// checkPaths checks the arguments that are paths, and the owner. done says
// that plan is the end.
func (j *job) checkPaths() (done bool, plan modules.Plan, err error) {
	a, c := j.a, j.c
	end := func(format string, args ...any) (bool, modules.Plan, error) {
		plan, err := j.fail(format, args...)
		return true, plan, err
	}
	if a.SkipFilesVerify && a.SkipVerify {
		return end(`Only one of "skip_files_list_verify" and "skip_verify" can be set to True`)
	}
	if !path.IsAbs(a.Name) {
		return end("%s is not an absolute path", a.Name)
	}
	j.name = strings.TrimRight(a.Name, "/")
	if isFile(c, j.name) {
		return end("%s exists and is not a directory", j.name)
	}
	j.name += "/"
	if a.IfMissing != py.Value(py.None) {
		if j.ifMissing = py.ToStr(a.IfMissing); !path.IsAbs(j.ifMissing) {
			return end("Value for 'if_missing' is not an absolute path")
		}
	}
	if a.EnforceOwnership != py.Value(py.None) {
		if j.enforceOn = py.ToStr(a.EnforceOwnership); !path.IsAbs(j.enforceOn) {
			return end("Value for 'enforce_ownership_on' is not an absolute path")
		}
		if clean := path.Clean(j.enforceOn); clean+"/" != j.name && !strings.HasPrefix(clean, j.name) && clean != path.Dir(strings.TrimRight(j.name, "/")) {
			return end("Value for 'enforce_ownership_on' must be within %s", j.name)
		}
	}
	if j.ifMissing != "" && exists(c, j.ifMissing) {
		plan, err := j.plan(low.True, "Path %s exists", j.ifMissing)
		return true, plan, err
	}
	var problem string
	if j.own, problem = ownerOf(c, a); problem != "" {
		return end("%s", problem)
	}
	return false, plan, nil
}

// checkFormat finds the format, and checks the arguments that depend on it.
func (j *job) checkFormat() string {
	a := j.a
	if j.format = strings.ToLower(a.ArchiveFormat); j.format == "" {
		name, _, _ := strings.Cut(j.source, "?")
		if j.format = guess(strings.TrimRight(name, "/")); j.format == "" {
			return "Could not guess archive_format from the value of the 'source' argument. Please set this archive_format to one of the following: tar, rar, zip"
		}
	}
	if j.format != "tar" && j.format != "zip" && j.format != "rar" {
		return fmt.Sprintf("Invalid archive_format '%s'. Either set it to a supported value (tar, rar, zip) or remove this argument and the archive format will be guessed based on file extension.", j.format)
	}
	if j.hasOptions = a.Options != py.Value(py.None); j.hasOptions {
		j.options = py.ToStr(a.Options)
	}
	if m := stripOption.FindStringSubmatch(j.options); m != nil && j.format == "tar" {
		if n, err := strconv.Atoi(m[1]); err == nil {
			j.strip = n
		}
	}
	if problem := j.checkZip(); problem != "" {
		return problem
	}
	if j.options != "" && j.format == "rar" {
		return "The 'options' argument is only compatible with the following archive formats: tar, zip"
	}
	if py.IsTrue(a.TrimOutput) {
		n, ok := py.AsInt(a.TrimOutput)
		if s, isText := a.TrimOutput.(py.Str); isText {
			i, err := strconv.Atoi(strings.TrimSpace(string(s)))
			n, ok = int64(i), err == nil
		}
		if !ok {
			return "Invalid value for trim_output, must be True/False or an integer"
		}
		if j.trim = int(n); a.TrimOutput == py.Value(py.True) {
			j.trim = 100
		}
	}
	return ""
}

// checkZip checks the arguments for zip archives.
func (j *job) checkZip() string {
	a := j.a
	given := a.UseCmdUnzip != py.Value(py.None)
	j.unzip = j.format == "zip" && py.IsTrue(a.UseCmdUnzip)
	password := a.Password != nil && a.Password.IsSet()
	if j.format != "zip" {
		if password {
			return "The 'password' argument is only supported for zip archives"
		}
		return ""
	}
	if j.options != "" {
		if given && !j.unzip {
			return "'use_cmd_unzip' cannot be set to False if CLI options are being specified (via the 'options' argument). Either remove 'use_cmd_unzip', or set it to True."
		}
		j.unzip = true
	}
	if password && j.unzip {
		return "archive.extracted: password together with use_cmd_unzip or options is not supported, since it would stand in the program's arguments: remove one of them"
	}
	return ""
}
