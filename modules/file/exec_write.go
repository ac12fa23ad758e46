package file

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/modules"
)

// linesArgs are the arguments of functions that write lines.
type linesArgs struct {
	Path   string     `arg:"path,required" doc:"Path of the file."`
	Lines  []py.Value `arg:"*"`
	Kwargs *py.Dict   `arg:"**"`
}

// lines returns the lines that are meant: positional ones, or those in args.
func (a *linesArgs) lines() []string {
	items := a.Lines
	if v, ok := a.Kwargs.GetStr("args"); ok {
		items = []py.Value{v}
		if l, ok := v.(*py.List); ok {
			items = l.Items
		}
	}
	out := make([]string, len(items))
	for i, it := range items {
		out[i] = py.ToStr(it)
	}
	return out
}

// joinLines ends every line.
func joinLines(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

// put writes a whole text; a new file gets the umask's mode.
func (o *op) writeText(path, text string) error {
	opt := host.WriteOptions{KeepLinks: true}
	if !exists(o.w, path) {
		mode := fs.FileMode(0o666 &^ o.w.Umask())
		opt.Mode = &mode
	}
	return osFailure(o.w.WriteFile(path, strings.NewReader(text), opt))
}

func writeFuncs() []*modules.Func {
	type touchFileArgs struct {
		Name  string   `arg:"name,required" doc:"Path of the file."`
		Atime py.Value `arg:"atime" doc:"Time of the last access, in seconds since 1970."`
		Mtime py.Value `arg:"mtime" doc:"Time of the last change, in seconds since 1970."`
	}
	type seekWriteArgs struct {
		Path   string   `arg:"path,required" doc:"Path of the file."`
		Data   py.Value `arg:"data,required" doc:"The bytes."`
		Offset int64    `arg:"offset,required" doc:"Where they go."`
	}
	type truncateArgs struct {
		Path   string `arg:"path,required" doc:"Path of the file."`
		Length int64  `arg:"length,required" doc:"The new length."`
	}
	type removeArgs struct {
		Path   string   `arg:"path,required" doc:"Absolute path."`
		Kwargs *py.Dict `arg:"**"`
	}
	return []*modules.Func{
		act("write", "Writes lines to a file, in place of what is in it.", func(_ context.Context, o *op, a *linesArgs) (py.Value, error) {
			l := a.lines()
			path := expandUser(o, a.Path)
			if err := o.writeText(path, joinLines(l)); err != nil {
				return nil, err
			}
			return py.Str(fmt.Sprintf(`Wrote %d lines to "%s"`, len(l), path)), nil
		}),
		act("append", "Adds lines at the end of a file.", func(_ context.Context, o *op, a *linesArgs) (py.Value, error) {
			l := a.lines()
			path := expandUser(o, a.Path)
			old, err := o.w.ReadFile(path)
			if err != nil {
				return nil, osFailure(err)
			}
			text := string(old)
			if text != "" && !strings.HasSuffix(text, "\n") {
				text += "\n"
			}
			if err := o.writeText(path, text+joinLines(l)); err != nil {
				return nil, err
			}
			return py.Str(fmt.Sprintf(`Wrote %d lines to "%s"`, len(l), path)), nil
		}),
		act("prepend", "Adds lines at the beginning of a file.", func(_ context.Context, o *op, a *linesArgs) (py.Value, error) {
			l := a.lines()
			path := expandUser(o, a.Path)
			old, err := o.w.ReadFile(path)
			if err != nil && exists(o.w, path) {
				return nil, osFailure(err)
			}
			if err := o.writeText(path, joinLines(l)+string(old)); err != nil {
				return nil, err
			}
			return py.Str(fmt.Sprintf(`Prepended %d lines to "%s"`, len(l), path)), nil
		}),
		act("touch", "Makes an empty file, or sets the times of what is there.", func(_ context.Context, o *op, a *touchFileArgs) (py.Value, error) {
			ok, err := o.touch(a.Name, a.Atime, a.Mtime)
			return py.Bool(ok), err
		}),
		act("seek_write", "Writes bytes into the middle of a file and returns how many.", func(_ context.Context, o *op, a *seekWriteArgs) (py.Value, error) {
			data, ok := a.Data.(py.Bytes)
			if !ok {
				return nil, py.TypeErrorf("a bytes-like object is required, not '%s'", a.Data.Type())
			}
			path := expandUser(o, a.Path)
			old, err := o.w.ReadFile(path)
			if err != nil {
				return nil, osFailure(err)
			}
			if a.Offset < 0 || a.Offset > int64(len(old))+maxDiff {
				return nil, py.Errorf("OSError", "[Errno 22] Invalid argument")
			}
			new := make([]byte, max(int64(len(old)), a.Offset+int64(len(data))))
			copy(new, old)
			copy(new[a.Offset:], data)
			return py.Int(len(data)), o.writeText(path, string(new))
		}),
		act("truncate", "Sets the length of a file.", func(_ context.Context, o *op, a *truncateArgs) (py.Value, error) {
			path := expandUser(o, a.Path)
			old, err := o.w.ReadFile(path)
			if err != nil {
				return nil, osFailure(err)
			}
			if a.Length < 0 || a.Length > int64(len(old))+maxDiff {
				return nil, py.Errorf("OSError", "[Errno 22] Invalid argument")
			}
			new := make([]byte, a.Length)
			copy(new, old)
			return py.None, o.writeText(path, string(new))
		}),
		act("remove", "Removes a file, link or whole directory.", func(_ context.Context, o *op, a *removeArgs) (py.Value, error) {
			path := expandUser(o, a.Path)
			there := lexists(o.w, path)
			if err := o.remove(path); err != nil {
				return nil, err
			}
			return py.Bool(there), nil
		}),
	}
}

func editFuncs() []*modules.Func {
	type execReplaceArgs struct {
		Path             string   `arg:"path,required" doc:"Path of the file."`
		Pattern          py.Value `arg:"pattern,required" doc:"Regular expression."`
		Repl             py.Value `arg:"repl,required" doc:"What takes its place."`
		Count            int      `arg:"count" default:"0" doc:"How many to replace; 0 is all."`
		Flags            py.Value `arg:"flags" default:"8" doc:"Flags of the expression."`
		Bufsize          py.Value `arg:"bufsize" default:"1" doc:"How Salt buffers the file; no effect here."`
		AppendNotFound   bool     `arg:"append_if_not_found" default:"False" doc:"Add the text at the end when nothing matches."`
		PrependNotFound  bool     `arg:"prepend_if_not_found" default:"False" doc:"Add the text at the beginning when nothing matches."`
		NotFoundContent  py.Value `arg:"not_found_content" doc:"Text to add instead of repl."`
		Backup           py.Value `arg:"backup" default:"'.bak'" doc:"Ending of the old file's copy; False makes none."`
		DryRun           bool     `arg:"dry_run" default:"False" doc:"Change nothing."`
		SearchOnly       bool     `arg:"search_only" default:"False" doc:"Only say whether the pattern occurs."`
		ShowChanges      bool     `arg:"show_changes" default:"True" doc:"Return a diff."`
		IgnoreMissing    bool     `arg:"ignore_if_missing" default:"False" doc:"A missing file is no error."`
		PreserveInode    py.Value `arg:"preserve_inode" default:"True" doc:"Keep hard links; they are kept always."`
		BackslashLiteral bool     `arg:"backslash_literal" default:"False" doc:"Take backslashes in repl as they are."`
		Encoding         *string  `arg:"encoding" doc:"Encoding of the file."`
	}
	type execLineArgs struct {
		Path        string  `arg:"path,required" doc:"Path of the file."`
		Content     *string `arg:"content" doc:"The line."`
		Match       *string `arg:"match" doc:"Part of the line that is to be replaced or deleted."`
		Mode        *string `arg:"mode" doc:"ensure, replace, delete or insert."`
		Location    *string `arg:"location" doc:"start or end, for insert."`
		Before      *string `arg:"before" doc:"Regular expression of the line that comes behind."`
		After       *string `arg:"after" doc:"Regular expression of the line that comes in front."`
		ShowChanges bool    `arg:"show_changes" default:"True" doc:"Return a diff."`
		Backup      bool    `arg:"backup" default:"False" doc:"Keep the old file under a name with the time."`
		Quiet       bool    `arg:"quiet" default:"False" doc:"A missing file is no error."`
		Indent      bool    `arg:"indent" default:"True" doc:"Take the indentation of the neighbouring line."`
	}
	type execBlockArgs struct {
		Path            string   `arg:"path,required" doc:"Path of the file."`
		MarkerStart     string   `arg:"marker_start" default:"'#-- start managed zone --'" doc:"Text in the line in front of the block."`
		MarkerEnd       string   `arg:"marker_end" default:"'#-- end managed zone --'" doc:"Text in the line behind the block."`
		Content         string   `arg:"content" default:"''" doc:"The block's content."`
		AppendNotFound  bool     `arg:"append_if_not_found" default:"False" doc:"Add the block at the end when it is missing."`
		PrependNotFound bool     `arg:"prepend_if_not_found" default:"False" doc:"Add the block at the beginning when it is missing."`
		Backup          py.Value `arg:"backup" default:"'.bak'" doc:"Ending of the old file's copy; False makes none."`
		DryRun          bool     `arg:"dry_run" default:"False" doc:"Change nothing."`
		ShowChanges     bool     `arg:"show_changes" default:"True" doc:"Return a diff."`
		AppendNewline   py.Value `arg:"append_newline" default:"False" doc:"End the content with a line feed."`
		InsertBefore    py.Value `arg:"insert_before_match" doc:"Add a missing block in front of the line that this expression matches."`
		InsertAfter     py.Value `arg:"insert_after_match" doc:"Add a missing block behind the line that this expression matches."`
	}
	type commentLineArgs struct {
		Path   string   `arg:"path,required" doc:"Path of the file."`
		Regex  string   `arg:"regex,required" doc:"Regular expression of the lines."`
		Char   string   `arg:"char" default:"'#'" doc:"What makes a comment."`
		Cmnt   bool     `arg:"cmnt" default:"True" doc:"Add the sign rather than take it away."`
		Backup py.Value `arg:"backup" default:"'.bak'" doc:"Ending of the old file's copy; False makes none."`
	}
	type commentOnlyArgs struct {
		Path   string   `arg:"path,required" doc:"Path of the file."`
		Regex  string   `arg:"regex,required" doc:"Regular expression of the lines."`
		Char   string   `arg:"char" default:"'#'" doc:"What makes a comment."`
		Backup py.Value `arg:"backup" default:"'.bak'" doc:"Ending of the old file's copy; False makes none."`
	}
	type execPatchArgs struct {
		Original string   `arg:"originalfile,required" doc:"File or directory to patch."`
		Patch    string   `arg:"patchfile,required" doc:"Path of the patch."`
		Options  py.Value `arg:"options" default:"''" doc:"Options of patch."`
		DryRun   bool     `arg:"dry_run" default:"False" doc:"Change nothing."`
	}
	// result is what a function with show_changes returns.
	result := func(diff string, show bool) py.Value {
		if show {
			return py.Str(diff)
		}
		return py.Bool(diff != "")
	}
	return append(sedFuncs(),
		act("replace", "Replaces what a regular expression matches in a file; returns a diff.", func(_ context.Context, o *op, a *execReplaceArgs) (py.Value, error) {
			real := realPath(o.w, expandUser(o, a.Path))
			if a.IgnoreMissing && !exists(o.w, real) {
				return py.False, nil
			}
			if a.SearchOnly {
				if a.AppendNotFound || a.PrependNotFound {
					return nil, invokeError("search_only cannot be used with append/prepend_if_not_found")
				}
				flags, err := reFlags(a.Flags)
				if err != nil {
					return nil, err
				}
				hit, err := o.search(a.Path, py.ToStr(a.Pattern), flags)
				return py.Bool(hit), err
			}
			diff, err := o.replace(a.Path, edit{pattern: a.Pattern, repl: a.Repl, count: a.Count, flags: a.Flags, appendMissing: a.AppendNotFound,
				prependMissing: a.PrependNotFound, notFound: a.NotFoundContent, backup: a.Backup, literal: a.BackslashLiteral, encoding: a.Encoding, dryRun: a.DryRun})
			if err != nil {
				return nil, err
			}
			return result(diff, a.ShowChanges), nil
		}),
		act("line", "Edits one line of a file; returns a diff.", func(_ context.Context, o *op, a *execLineArgs) (py.Value, error) {
			diff, err := o.editLine(a.Path, lineEdit{content: a.Content, match: a.Match, mode: lower(a.Mode), location: a.Location, before: a.Before, after: a.After,
				backup: a.Backup, quiet: a.Quiet, indent: a.Indent})
			if err != nil {
				return nil, err
			}
			if diff == "" || !a.ShowChanges {
				return py.Bool(diff != ""), nil
			}
			return py.Str(diff), nil
		}),
		act("blockreplace", "Replaces the block between two marker lines of a file; returns a diff.", func(_ context.Context, o *op, a *execBlockArgs) (py.Value, error) {
			diff, err := o.blockreplace(a.Path, block{start: a.MarkerStart, end: a.MarkerEnd, content: a.Content, appendMissing: a.AppendNotFound,
				prependMissing: a.PrependNotFound, before: a.InsertBefore, after: a.InsertAfter, backup: a.Backup, newline: a.AppendNewline, dryRun: a.DryRun})
			if err != nil {
				return nil, err
			}
			return result(diff, a.ShowChanges), nil
		}),
		act("comment_line", "Adds or takes comment signs of lines; returns a diff of them.", func(_ context.Context, o *op, a *commentLineArgs) (py.Value, error) {
			return o.commentLines(a.Path, a.Regex, a.Char, a.Cmnt, a.Backup)
		}),
		act("comment", "Comments lines of a file out.", func(_ context.Context, o *op, a *commentOnlyArgs) (py.Value, error) {
			return o.commentLines(a.Path, a.Regex, a.Char, true, a.Backup)
		}),
		act("uncomment", "Takes the comment sign from lines of a file.", func(_ context.Context, o *op, a *commentOnlyArgs) (py.Value, error) {
			return o.commentLines(a.Path, a.Regex, a.Char, false, a.Backup)
		}),
		act("patch", "Applies a patch with the program patch.", func(ctx context.Context, o *op, a *execPatchArgs) (py.Value, error) {
			program := o.LookPath("patch")
			if program == "" {
				return nil, execError("patch executable not found. Is the distribution's patch package installed?")
			}
			words, err := saltargs.ShlexSplit(py.ToStr(orEmpty(a.Options)))
			if err != nil {
				return nil, err
			}
			data, err := o.w.ReadFile(a.Patch)
			if err != nil {
				return nil, osFailure(err)
			}
			p := &patcher{op: o, program: program, name: a.Original, options: words, isDir: isDir(o.w, a.Original)}
			out, err := p.patch(ctx, a.DryRun, data)
			if err != nil {
				return nil, err
			}
			return outputDict(out), nil
		}),
	)
}

func sedFuncs() []*modules.Func {
	type sedArgs struct {
		Path        string   `arg:"path,required" doc:"Path of the file."`
		Before      py.Value `arg:"before,required" doc:"Expression as sed has them."`
		After       py.Value `arg:"after,required" doc:"What takes its place."`
		Limit       py.Value `arg:"limit" default:"''" doc:"Expression of the lines to edit."`
		Backup      string   `arg:"backup" default:"'.bak'" doc:"Ending of the old file's copy."`
		Options     string   `arg:"options" default:"'-r -e'" doc:"Options of sed."`
		Flags       string   `arg:"flags" default:"'g'" doc:"Flags of sed's s command."`
		EscapeAll   bool     `arg:"escape_all" default:"False" doc:"Take special characters as they are."`
		NegateMatch bool     `arg:"negate_match" default:"False" doc:"Edit the lines that limit does not match."`
	}
	type sedContainsArgs struct {
		Path  string   `arg:"path,required" doc:"Path of the file."`
		Text  py.Value `arg:"text,required" doc:"Expression as sed has them."`
		Limit py.Value `arg:"limit" default:"''" doc:"Expression of the lines to look at."`
		Flags string   `arg:"flags" default:"'g'" doc:"Flags of sed's s command."`
	}
	type psedArgs struct {
		Path      string   `arg:"path,required" doc:"Path of the file."`
		Before    py.Value `arg:"before,required" doc:"Regular expression."`
		After     py.Value `arg:"after,required" doc:"What takes its place."`
		Limit     string   `arg:"limit" default:"''" doc:"Salt's own function fails with it; refused."`
		Backup    string   `arg:"backup" default:"'.bak'" doc:"Ending of the old file's copy."`
		Flags     string   `arg:"flags" default:"'gMS'" doc:"Letters of the expression's flags; g replaces all."`
		EscapeAll bool     `arg:"escape_all" default:"False" doc:"Take special characters as they are."`
		Multi     bool     `arg:"multi" default:"False" doc:"Salt's own function garbles files with it; refused."`
	}
	limitOf := func(v py.Value, escape bool) string {
		if !given(v) {
			return ""
		}
		return "/" + sedEscape(py.ToStr(v), escape) + "/ "
	}
	return []*modules.Func{
		act("sed", "Edits a file with the program sed.", func(ctx context.Context, o *op, a *sedArgs) (py.Value, error) {
			path := expandUser(o, a.Path)
			if !exists(o.w, path) {
				return py.False, nil
			}
			words, err := saltargs.ShlexSplit(a.Options)
			if err != nil {
				return nil, err
			}
			negate := ""
			if a.NegateMatch {
				negate = "!"
			}
			script := limitOf(a.Limit, a.EscapeAll) + negate + "s/" + sedEscape(py.ToStr(a.Before), a.EscapeAll) + "/" + sedEscape(py.ToStr(a.After), a.EscapeAll) + "/" + a.Flags
			argv := append(append([]string{"sed", "-i" + a.Backup}, words...), script, path)
			out, err := o.w.Run(ctx, host.Cmd{Argv: argv, Env: cLocale()})
			if err != nil {
				return nil, execError(raised(err))
			}
			return outputDict(out), nil
		}),
		act("sed_contains", "Says whether sed finds an expression in a file.", func(ctx context.Context, o *op, a *sedContainsArgs) (py.Value, error) {
			path := expandUser(o, a.Path)
			if !exists(o.w, path) {
				return py.False, nil
			}
			argv := []string{"sed", "-n", "-r", "-e", limitOf(a.Limit, false) + "s/" + sedEscape(py.ToStr(a.Text), false) + "/$/p" + a.Flags, path}
			out, err := o.w.Run(ctx, host.Cmd{Argv: argv, Env: cLocale()})
			if err != nil {
				return nil, execError(raised(err))
			}
			return py.Bool(len(out.Stdout) > 0), nil
		}),
		act("psed", "Edits a file with a Python regular expression; superseded by file.replace.", func(_ context.Context, o *op, a *psedArgs) (py.Value, error) {
			if a.Limit != "" || a.Multi {
				return nil, invokeError("file.psed: limit and multi are not supported; use file.replace")
			}
			path := expandUser(o, a.Path)
			data, err := o.w.ReadFile(path)
			if err != nil {
				return nil, osFailure(err)
			}
			flags, count := 0, 1
			for _, c := range a.Flags {
				if c == 'g' {
					count = 0
					continue
				}
				f, ok := map[rune]int{'I': reIgnoreCase, 'L': reLocale, 'M': reMultiline, 'S': reDotall, 'U': reUnicode, 'X': reVerbose}[c]
				if !ok {
					return nil, py.KeyError(py.Str(string(c)))
				}
				flags |= f
			}
			re, err := compileText(sedEscape(py.ToStr(a.Before), a.EscapeAll), flags)
			if err != nil {
				return nil, err
			}
			new, _, err := re.subn(py.ToStr(a.After), string(data), count)
			if err != nil {
				return nil, err
			}
			info, err := o.w.Stat(path)
			if err == nil {
				err = o.copyPlain(path, path+a.Backup, info)
			}
			if err != nil {
				return nil, osFailure(err)
			}
			return py.None, o.writeText(path, new)
		}),
	}
}
