package file

import (
	"context"
	"errors"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type managedArgs struct {
	Name              string         `arg:"name,required" doc:"Absolute path of the file."`
	Source            modules.Source `arg:"source" doc:"Where the content comes from: salt://, a path, file://, http(s):// or ftp://; of a list the first that exists."`
	SourceHash        py.Value       `arg:"source_hash" default:"''" doc:"Hash of the source, or the URL or path of a file of hashes."`
	SourceHashName    py.Value       `arg:"source_hash_name" doc:"Name to look for in the file of hashes."`
	KeepSource        py.Value       `arg:"keep_source" default:"True" doc:"Keep Salt's cached copy of the source; pinch keeps none."`
	User              py.Value       `arg:"user" doc:"Owner, by name or number."`
	Group             py.Value       `arg:"group" doc:"Group, by name or number."`
	Mode              py.Value       `arg:"mode" doc:"Permission bits, or keep for those of the source."`
	Attrs             py.Value       `arg:"attrs" doc:"Attribute letters as chattr has them."`
	Template          string         `arg:"template" doc:"Engine that renders the content, such as jinja."`
	Makedirs          bool           `arg:"makedirs" default:"False" doc:"Make missing parent directories."`
	DirMode           py.Value       `arg:"dir_mode" doc:"Permission bits of directories that are made."`
	Context           py.Value       `arg:"context" doc:"Variables for the template."`
	Replace           bool           `arg:"replace" default:"True" doc:"Replace the content of an existing file."`
	Defaults          py.Value       `arg:"defaults" doc:"Variables for the template that context overrides."`
	Backup            py.Value       `arg:"backup" default:"''" doc:"minion keeps the old file in the minion's cache directory."`
	ShowChanges       bool           `arg:"show_changes" default:"True" doc:"Show a diff of the content."`
	Create            bool           `arg:"create" default:"True" doc:"Create the file when it is missing."`
	Contents          py.Value       `arg:"contents" doc:"The content: text or a list of texts."`
	TmpDir            py.Value       `arg:"tmp_dir" doc:"Directory of the temporary file that check_cmd gets."`
	TmpExt            string         `arg:"tmp_ext" default:"''" doc:"End of the name of the temporary file that check_cmd gets."`
	ContentsPillar    py.Value       `arg:"contents_pillar" doc:"Pillar key, or keys, that hold the content."`
	ContentsGrains    py.Value       `arg:"contents_grains" doc:"Grain, or grains, that hold the content."`
	ContentsNewline   bool           `arg:"contents_newline" default:"True" doc:"End the content with a line feed."`
	ContentsDelimiter string         `arg:"contents_delimiter" default:"':'" doc:"Separator of nested keys in contents_pillar and contents_grains."`
	Encoding          string         `arg:"encoding" doc:"Encoding in which contents are written."`
	EncodingErrors    string         `arg:"encoding_errors" default:"'strict'" doc:"What is done with characters that the encoding has not."`
	AllowEmpty        bool           `arg:"allow_empty" default:"True" doc:"Allow empty contents."`
	FollowSymlinks    bool           `arg:"follow_symlinks" default:"True" doc:"Manage the file behind a symlink instead of replacing the link."`
	CheckCmd          string         `arg:"check_cmd" doc:"Command that must succeed on the new content, its path appended, before it is put in place."`
	SkipVerify        bool           `arg:"skip_verify" default:"False" doc:"Do not compare a download with a hash."`
	Selinux           *py.Dict       `arg:"selinux" doc:"Security context: seuser, serole, setype, serange."`
	WinOwner          py.Value       `arg:"win_owner" doc:"For Windows; no effect here."`
	WinPerms          py.Value       `arg:"win_perms" doc:"For Windows; no effect here."`
	WinDenyPerms      py.Value       `arg:"win_deny_perms" doc:"For Windows; no effect here."`
	WinInheritance    py.Value       `arg:"win_inheritance" default:"True" doc:"For Windows; no effect here."`
	WinPermsReset     py.Value       `arg:"win_perms_reset" default:"False" doc:"For Windows; no effect here."`
	VerifySSL         bool           `arg:"verify_ssl" default:"True" doc:"Check the certificate of an https source."`
	UseEtag           bool           `arg:"use_etag" default:"False" doc:"Fetch a web source without a hash."`
	Signature         py.Value       `arg:"signature" doc:"Detached signature of the source; not supported."`
	SourceHashSig     py.Value       `arg:"source_hash_sig" doc:"Signature of the file of hashes; not supported."`
	SignedByAny       py.Value       `arg:"signed_by_any" doc:"Accepted signing keys; not supported."`
	SignedByAll       py.Value       `arg:"signed_by_all" doc:"Required signing keys; not supported."`
	Keyring           py.Value       `arg:"keyring" doc:"Keyring for signatures; not supported."`
	Gnupghome         py.Value       `arg:"gnupghome" doc:"GnuPG home for signatures; not supported."`
	IgnoreOrdering    bool           `arg:"ignore_ordering" default:"False" doc:"Changes of the order of lines do not trigger requisites."`
	IgnoreWhitespace  bool           `arg:"ignore_whitespace" default:"False" doc:"Changes of white space around lines do not trigger requisites."`
	IgnoreComments    py.Value       `arg:"ignore_comment_characters" doc:"Changes behind these characters do not trigger requisites."`
	NewFileDiff       bool           `arg:"new_file_diff" default:"False" doc:"Show a diff for new files as well."`
	SigBackend        py.Value       `arg:"sig_backend" default:"'gpg'" doc:"Module that checks signatures; not supported."`
	Kwargs            *py.Dict       `arg:"**"`
}

// managedCall is file.managed's arguments, and for file.recurse the file of
// the tree that a listing gave.
type managedCall struct {
	*managedArgs
	entry *modules.SourceInfo
}

const managedDoc = "Keeps a file as it should be: its content, from the tree, the web, this host or the state itself, " +
	"and its owner, permissions and attributes. A template is rendered with the state's context. " +
	"Without source and contents only an existing file's permissions are managed.\n" +
	"```yaml\n" +
	"/etc/motd:\n" +
	"  file.managed:\n" +
	"    - contents: Welcome\n" +
	"    - mode: '0644'\n" +
	"\n" +
	"/etc/app.conf:\n" +
	"  file.managed:\n" +
	"    - source: salt://app/app.conf\n" +
	"    - template: jinja\n" +
	"    - user: root\n" +
	"    - makedirs: True\n" +
	"    - context:\n" +
	"        port: 8080\n" +
	"```"

func managed() *modules.Func {
	return modules.State[managedArgs]{Name: "file.managed", Doc: managedDoc,
		Check: func(ctx context.Context, c *modules.Call, a *managedArgs) (modules.Plan, error) {
			return plan(ctx, c, func(ctx context.Context, o *op) (*ret, error) { return o.managed(ctx, managedCall{managedArgs: a}) })
		}}.Func()
}

// refuseSignatures refuses the arguments about signatures.
func refuseSignatures(fun string, args map[string]py.Value) error {
	for _, name := range []string{"signature", "source_hash_sig", "signed_by_any", "signed_by_all"} {
		if v, ok := args[name]; ok && given(v) {
			return invokeError(fun + ": " + name + " is not supported: give source_hash instead")
		}
	}
	return nil
}

// managed does what file.managed does. The steps and their order are Salt's.
func (o *op) managed(ctx context.Context, a managedCall) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	if name == "" {
		return r.fail("Destination file name is required"), nil
	}
	if err := refuseSignatures("file.managed", map[string]py.Value{"signature": a.Signature, "source_hash_sig": a.SourceHashSig,
		"signed_by_any": a.SignedByAny, "signed_by_all": a.SignedByAll}); err != nil {
		return nil, err
	}
	keepMode := false
	if s, ok := a.Mode.(py.Str); ok && strings.EqualFold(string(s), "keep") {
		keepMode = true
	}
	mode := ""
	if !keepMode {
		mode = normalizeMode(a.Mode)
	}
	count := 0
	for _, v := range []py.Value{a.Contents, a.ContentsPillar, a.ContentsGrains} {
		if !py.IsNone(v) {
			count++
		}
	}
	hasSource := a.Source.IsSet()
	switch {
	case hasSource && count > 0:
		return r.fail("'source' cannot be used in combination with 'contents', 'contents_pillar', or 'contents_grains'"), nil
	case keepMode && count > 0:
		return r.fail("Mode preservation cannot be used in combination with 'contents', 'contents_pillar', or 'contents_grains'"), nil
	case count > 1:
		return r.fail("Only one of 'contents', 'contents_pillar', and 'contents_grains' is permitted"), nil
	}
	replace := a.Replace && (hasSource || count > 0)
	if a.Kwargs.Has("file_mode") {
		r.warn("The 'file_mode' argument will be ignored.  Please use 'mode' instead to set file permissions.")
	}
	text, hasContents, problem, err := o.inlineContents(ctx, a.managedArgs)
	if err != nil {
		return nil, err
	}
	if problem != "" {
		return r.fail(problem), nil
	}
	user := ownerArg(a.User, a.Kwargs)
	if !a.Create && !isFile(o.w, name) {
		return r.is(low.True, "File "+name+" is not present and is not set for creation"), nil
	}
	if p := o.checkUser(user, a.Group); p != "" {
		return r.fail(p), nil
	}
	if !isAbs(name) {
		return r.fail("Specified file " + name + " is not an absolute path"), nil
	}
	if isDir(o.w, name) {
		return r.fail("Specified target " + name + " is a directory"), nil
	}
	if !py.IsNone(a.Context) && dictOrNil(a.Context) == nil {
		return r.fail("Context must be formed as a dict"), nil
	}
	if given(a.Defaults) && dictOrNil(a.Defaults) == nil {
		return r.fail("Defaults must be formed as a dict"), nil
	}
	s := &sourceArgs{name: name, source: py.OrNone(a.Source.Value), sourceHash: a.SourceHash, template: a.Template,
		context: dictOrNil(a.Context), defaults: dictOrNil(a.Defaults), skipVerify: a.SkipVerify, useEtag: a.UseEtag, verifyTLS: a.VerifySSL, entry: a.entry}
	if given(a.SourceHashName) {
		s.sourceHashName = py.ToStr(a.SourceHashName)
	}
	if !hasContents && a.Template == "" && hasSource && !a.SkipVerify && replace && exists(o.w, name) && o.webSourceInPlace(ctx, s) {
		replace = false
	}
	t := target{name: name, keepMode: keepMode, backup: a.Backup, makedirs: a.Makedirs, dirMode: modeArg(a.DirMode),
		showChanges: a.ShowChanges, newFileDiff: a.NewFileDiff, hasContents: hasContents,
		ignore: ignoring{a.IgnoreOrdering, a.IgnoreWhitespace, a.IgnoreComments},
		perms:  perms{user: user, group: a.Group, mode: mode, attrs: a.Attrs, follow: a.FollowSymlinks, selinux: selinuxArg(a.Selinux)}}
	if !replace && exists(o.w, name) {
		return o.managedPerms(ctx, r, t)
	}
	if acc := o.accumulated(name); acc != nil {
		s.extra = py.DictOf("accumulator", acc)
	}
	return o.managedContent(ctx, r, a.managedArgs, s, t, text)
}

// modeArg is a mode argument that Salt takes as it is written.
func modeArg(v py.Value) string {
	if py.IsNone(v) {
		return ""
	}
	return py.ToStr(v)
}

// webSourceInPlace says whether a web source need not be fetched, because the
// file has the hash that it must have.
func (o *op) webSourceInPlace(ctx context.Context, s *sourceArgs) bool {
	source, hash, err := o.chooseSource(ctx, s)
	if err != nil || !given(hash) || !isRemote(schemeOf(source)) {
		return false
	}
	sum, err := o.readSum(ctx, s, source, hash)
	if err != nil {
		return false
	}
	have, err := fileHash(o.w, s.name, sum.kind)
	return err == nil && have == sum.sum
}

// managedPerms manages the permissions of a file whose content stays.
func (o *op) managedPerms(ctx context.Context, r *ret, t target) (*ret, error) {
	old, err := o.checkPerms(ctx, t.name, r, t.perms, nil)
	if err != nil {
		return nil, err
	}
	switch {
	case o.test && t.perms.mode != "" && t.perms.mode != old.mode:
		r.comment = "File " + t.name + " will be updated with permissions " + t.perms.mode + " from its current state of " + old.mode
	case o.test:
		r.comment = "File " + t.name + " not updated"
	case r.changes.Len() == 0 && r.result == low.True:
		r.comment = "File " + t.name + " exists with proper permissions. No changes made."
	}
	return r, nil
}

// haveHash is the hash of the content that a file has, "" when it is missing.
func (o *op) haveHash(name string) string {
	if !isFile(o.w, name) {
		return ""
	}
	sum, err := fileHash(o.w, name, "sha256")
	if err != nil {
		return "" // reading it again tells, when it matters
	}
	return sum
}

// managedContent manages content and permissions.
func (o *op) managedContent(ctx context.Context, r *ret, a *managedArgs, s *sourceArgs, t target, text string) (*ret, error) {
	unable := func(err error) *ret {
		r.changes = py.NewDict()
		return r.fail("Unable to manage file: " + raised(err))
	}
	source, hash, err := o.chooseSource(ctx, s)
	if err != nil {
		return unable(err), nil
	}
	if source != "" && !t.hasContents {
		src, problem, err := o.resolve(ctx, s, source, hash, o.haveHash(t.name))
		switch {
		case err != nil && o.test:
			return nil, err
		case err != nil:
			return unable(err), nil
		case problem != "" && o.test:
			return r.fail(problem), nil
		case problem != "":
			return r.fail("Unable to manage file: " + problem), nil
		}
		t.src = src
	}
	if t.hasContents {
		if o.test {
			t.contents = []byte(text)
		} else if t.contents, err = encode(text, a.Encoding, a.EncodingErrors); err != nil {
			return unable(err), nil
		}
	}
	if o.test {
		return o.managedTest(ctx, r, t)
	}
	if a.CheckCmd != "" {
		tmp, err := o.checkTemp(a.TmpDir, a.TmpExt)
		if err != nil {
			return nil, err
		}
		if bad, _, err := o.checkCommand(ctx, a.CheckCmd, t, tmp); bad != nil || err != nil {
			var re *runError
			switch {
			case errors.As(err, &re):
				return nil, re.err
			case err != nil:
				return r.fail("Unable to check_cmd file: " + raised(err)), nil
			}
			return bad, nil
		}
	}
	r, err = o.manageFile(ctx, r, t)
	if err != nil {
		return unable(err), nil
	}
	return r, nil
}

func orEmpty(v py.Value) py.Value {
	if py.IsNone(v) {
		return py.Str("")
	}
	return v
}

// managedTest says what would change (Salt's check_managed_changes).
func (o *op) managedTest(ctx context.Context, r *ret, t target) (*ret, error) {
	if t.src != nil && t.keepMode {
		t.perms.mode = octal(t.src.mode)
	}
	counts, err := o.metaChanges(ctx, r, t)
	if _, isOS := host.Errno(err); isOS && t.src != nil {
		return nil, osFailure(err)
	} else if isOS {
		r.changes = py.NewDict()
		return r.fail("Unable to manage file: " + osError(err)), nil
	}
	if err != nil {
		return nil, err
	}
	switch {
	case r.result == low.False:
	case r.changes.Len() == 0:
		r.is(low.True, "The file "+t.name+" is in the correct state")
	default:
		r.is(low.None, "The file "+t.name+" is set to be changed\nNote: No changes made, actual changes may\nbe different due to other states.")
		if r.changes.Has("diff") && !t.showChanges {
			r.change("diff", py.Str(hiddenDiff))
		}
	}
	if t.ignore.any() && r.changes.Len() > 0 && !counts {
		r.skipReq()
	}
	return r, nil
}

// metaChanges notes in r how a file differs from what it should be (Salt's
// check_file_meta).
func (o *op) metaChanges(ctx context.Context, r *ret, t target) (counts bool, err error) {
	have, err := stats(o, t.name, t.perms.follow)
	missing := err != nil
	if missing && !t.newFileDiff {
		r.change("newfile", py.Str(t.name))
		return true, nil
	}
	if t.src != nil || t.hasContents {
		diff, c, err := o.testDiff(ctx, t, missing)
		if err != nil {
			return false, err
		}
		if counts = c; diff != "" {
			r.change("diff", py.Str(diff))
		}
	}
	if missing {
		return counts, nil
	}
	p := t.perms
	if !py.IsNone(p.user) && !have.hasUser(p.user) {
		r.change("user", p.user)
	}
	if !py.IsNone(p.group) && !have.hasGroup(p.group) {
		r.change("group", p.group)
	}
	if p.mode != "" && p.mode != have.mode {
		r.change("mode", py.Str(p.mode))
	}
	if given(p.attrs) {
		now, ok, err := fileAttrs(o, t.name)
		if add, remove := attrsDiff(now, py.ToStr(p.attrs)); err == nil && ok && (add != "" || remove != "") {
			r.change("attrs", p.attrs)
		}
	}
	if p.selinux.isSet() {
		o.selinuxChange(r, t.name, p.selinux)
	}
	return counts, nil
}

// selinuxChange notes the last part of the security context that differs, as
// Salt's test mode does.
func (o *op) selinuxChange(r *ret, name string, want selinuxContext) {
	have, ok := splitContext(contextOf(o, name))
	if !ok {
		r.fail("Failed to get selinux attributes")
		return
	}
	for _, p := range []struct{ key, want, have string }{
		{"user", want.user, have.user}, {"role", want.role, have.role}, {"type", want.typ, have.typ}, {"range", want.level, have.level},
	} {
		if p.want != "" && p.want != p.have {
			r.change("selinux", py.DictOf(p.key, py.Str(p.want)))
		}
	}
}

// testDiff is the diff that test mode shows.
func (o *op) testDiff(ctx context.Context, t target, missing bool) (diff string, counts bool, err error) {
	var old []byte
	if !missing {
		if t.src != nil && t.src.sum.isSet() {
			sum, err := fileHash(o, t.name, t.src.sum.kind)
			if err != nil {
				return "", false, err
			}
			if sum == t.src.sum.sum {
				return "", false, nil
			}
		}
		if t.src != nil {
			t.showChanges = true
			return o.sourceDiff(ctx, t.name, t)
		}
		if old, err = o.ReadFile(t.name); err != nil {
			return "", false, err
		}
	}
	new := t.contents
	if t.src != nil {
		if t.src.sum.isSet() { // new_file_diff of a file to be made: Salt fails there
			return "", false, py.KeyError(py.Str("sum"))
		}
		if new, err = t.src.read(ctx, o); err != nil {
			return "", false, err
		}
	}
	diff, counts = contentDiff(old, new, true, t.ignore)
	return diff, counts, nil
}

// checkTemp makes the temporary file that check_cmd gets.
func (o *op) checkTemp(dir py.Value, ext string) (string, error) {
	tmp, err := o.w.TempFile(py.ToStr(orEmpty(dir)), "__salt.tmp.*"+ext)
	return tmp, osFailure(err)
}

// runError says that check_cmd could not be run at all.
type runError struct{ err error }

// Error implements error.
func (e *runError) Error() string { return raised(e.err) }

// Unwrap returns the cause.
func (e *runError) Unwrap() error { return e.err }

// checkCommand runs check_cmd on the content in a temporary file. It returns a
// failed return, and what writing the file would have changed, when the command
// fails; nil when it is content or when there is nothing to change.
func (o *op) checkCommand(ctx context.Context, cmd string, t target, tmp string) (bad *ret, tried *py.Dict, err error) {
	defer func() { _ = o.w.Remove(tmp) }() // the run's end removes it otherwise
	if info, err := o.w.Stat(t.name); err == nil && info.IsRegular() {
		if err := o.copyFile(t.name, tmp, info); err != nil {
			return newRet(t.name).fail("Unable to copy file " + t.name + " to " + tmp + ": " + raised(err)), py.NewDict(), nil
		}
	}
	name := t.name
	t.name, t.backup, t.perms.attrs = tmp, py.Str("none"), py.None
	done, err := o.manageFile(ctx, newRet(tmp), t)
	if err != nil {
		return nil, nil, err
	}
	if done.changes.Len() == 0 {
		return nil, nil, nil
	}
	out, err := o.runAll(ctx, cmd+" "+tmp)
	if err != nil {
		return nil, nil, &runError{err}
	}
	if out.Code == 0 {
		return nil, nil, nil
	}
	bad = newRet(name).fail("check_cmd execution failed")
	for _, s := range [][]byte{out.Stdout, out.Stderr} {
		if len(s) > 0 {
			bad.comment += "\n" + string(s)
		}
	}
	bad.extra = py.DictOf("skip_watch", py.True)
	return bad, done.changes, nil
}

// runAll runs a shell command as cmd.run_all does.
func (o *op) runAll(ctx context.Context, cmd string) (host.Output, error) {
	args := py.NewArgs(py.Str(cmd))
	if sh, ok := o.Grains.GetStr("shell"); ok && given(sh) {
		args.Kw = append(args.Kw, py.KwArg{Name: "shell", Value: sh})
	}
	// Salt's own calls split the command into words: no shell.
	args.Kw = append(args.Kw, py.KwArg{Name: "python_shell", Value: py.False})
	v, err := o.Funcs.Call(ctx, "cmd.run_all", args)
	if err != nil {
		return host.Output{}, err
	}
	d, ok := v.(*py.Dict)
	if !ok {
		return host.Output{}, execError("cmd.run_all gave no result for " + cmd)
	}
	code, _ := py.AsInt(py.OrNone(d.Lookup("retcode")))
	return host.Output{Code: int(code), Stdout: []byte(py.ToStr(orEmpty(d.Lookup("stdout")))), Stderr: []byte(py.ToStr(orEmpty(d.Lookup("stderr"))))}, nil
}
