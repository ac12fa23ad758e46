package file

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type replaceArgs struct {
	Name             string   `arg:"name,required" doc:"Absolute path of the file."`
	Pattern          py.Value `arg:"pattern,required" doc:"Regular expression, as Python has them."`
	Repl             py.Value `arg:"repl,required" doc:"What takes its place; \\1 and the like are groups."`
	Count            int      `arg:"count" default:"0" doc:"How many to replace; 0 is all."`
	Flags            py.Value `arg:"flags" default:"8" doc:"Flags of the expression: names such as IGNORECASE, or a number."`
	Bufsize          py.Value `arg:"bufsize" default:"1" doc:"How Salt buffers the file; no effect here."`
	AppendNotFound   bool     `arg:"append_if_not_found" default:"False" doc:"Add the text at the end when nothing matches."`
	PrependNotFound  bool     `arg:"prepend_if_not_found" default:"False" doc:"Add the text at the beginning when nothing matches."`
	NotFoundContent  py.Value `arg:"not_found_content" doc:"Text to add instead of repl."`
	Backup           py.Value `arg:"backup" default:"'.bak'" doc:"Ending of the old file's copy; False makes none."`
	ShowChanges      bool     `arg:"show_changes" default:"True" doc:"Show a diff."`
	IgnoreMissing    bool     `arg:"ignore_if_missing" default:"False" doc:"A missing file is no failure."`
	BackslashLiteral bool     `arg:"backslash_literal" default:"False" doc:"Take backslashes in repl as they are."`
	Encoding         *string  `arg:"encoding" doc:"Encoding of the file."`
}

const replaceDoc = "Replaces what a regular expression matches in a file.\n" +
	"```yaml\n" +
	"/etc/ssh/sshd_config:\n" +
	"  file.replace:\n" +
	"    - pattern: '^#?Port .*'\n" +
	"    - repl: Port 2222\n" +
	"    - append_if_not_found: True\n" +
	"```"

func replaceState() *modules.Func {
	return modules.State[replaceArgs]{Name: "file.replace", Doc: replaceDoc,
		Check: func(ctx context.Context, c *modules.Call, a *replaceArgs) (modules.Plan, error) {
			return plan(ctx, c, func(_ context.Context, o *op) (*ret, error) { return o.replaceState(a) })
		}}.Func()
}

func (o *op) replaceState(a *replaceArgs) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	if name == "" {
		return r.fail("Must provide name to file.replace"), nil
	}
	if problem := checkFile(o, name); problem != "" {
		if a.IgnoreMissing && strings.Contains(problem, "file not found") {
			return r.is(low.True, "No changes needed to be made"), nil
		}
		return r.fail(problem), nil
	}
	e := edit{pattern: a.Pattern, repl: a.Repl, count: a.Count, flags: a.Flags, appendMissing: a.AppendNotFound, prependMissing: a.PrependNotFound,
		notFound: a.NotFoundContent, backup: a.Backup, literal: a.BackslashLiteral, encoding: a.Encoding, dryRun: o.test}
	diff, err := o.replace(name, e)
	if err != nil {
		return nil, err
	}
	if diff == "" {
		return r.is(low.True, "No changes needed to be made"), nil
	}
	r.change("diff", py.Str(diff))
	if !a.ShowChanges {
		r.change("diff", py.True)
	}
	if o.test {
		return r.is(low.None, "Changes would have been made"), nil
	}
	return r.is(low.True, "Changes were made"), nil
}

// edit is a replacement to be made in a file.
type edit struct {
	pattern, repl                 py.Value
	count                         int
	flags                         py.Value
	appendMissing, prependMissing bool
	notFound                      py.Value
	backup                        py.Value
	literal                       bool
	encoding                      *string
	dryRun                        bool
}

// replace is Salt's file.replace. It returns the diff, "" when nothing changes.
// Without an encoding the expression works on bytes.
func (o *op) replace(path string, e edit) (diff string, err error) {
	real := realPath(o.w, expandUser(o, path))
	if !exists(o.w, real) {
		return "", invokeError("File not found: " + real)
	}
	data, err := o.w.ReadFile(real)
	switch {
	case err != nil && isDir(o.w, real):
		return "", invokeError("Cannot perform string replacements on a binary file: " + real)
	case err != nil:
		return "", execError("Unable to open file '" + real + "'. Exception: " + osError(err))
	case e.encoding == nil && !isText(data):
		return "", invokeError("Cannot perform string replacements on a binary file: " + real)
	case e.appendMissing && e.prependMissing:
		return "", invokeError("Only one of append and prepend_if_not_found is permitted")
	}
	text := string(data)
	comp, lines := compileBytes, splitBytes
	if e.encoding != nil {
		if text, err = decode(data, *e.encoding); err != nil {
			return "", err
		}
		comp, lines = compileText, func(s string) []string { return py.SplitLines(s, true) }
	}
	new, err := e.apply(text, comp, lines)
	if err != nil {
		return "", err
	}
	if slices.Equal(lines(text), new) {
		return "", nil
	}
	if !e.dryRun {
		out := []byte(strings.Join(new, ""))
		if e.encoding != nil {
			if out, err = encode(string(out), *e.encoding, "strict"); err != nil {
				return "", err
			}
		}
		if err := o.store(path, real, out, e.backup); err != nil {
			return "", err
		}
	}
	return textDiff(lines(text), new), nil
}

// apply returns the lines of the edited text. What is added at an end is one
// element, as in the diffs of Salt.
func (e edit) apply(text string, comp func(string, int) (*regex, error), lines func(string) []string) ([]string, error) {
	flags, err := reFlags(e.flags)
	if err != nil {
		return nil, err
	}
	switch e.pattern.(type) {
	case py.Str, py.Bytes:
	default:
		return nil, py.TypeErrorf("expected str, bytes, or bytearray not <class '%s'>", e.pattern.Type())
	}
	re, err := comp(py.ToStr(e.pattern), flags)
	if err != nil {
		return nil, err
	}
	repl := py.ToStr(e.repl)
	template := repl
	if e.literal {
		template = strings.ReplaceAll(repl, `\`, `\\`)
	}
	edited, n, err := re.subn(template, text, e.count)
	if err != nil {
		return nil, err
	}
	new := lines(edited)
	if n > 0 || !e.appendMissing && !e.prependMissing {
		return new, nil
	}
	content := repl
	if given(e.notFound) {
		content = py.ToStr(e.notFound)
	}
	there, err := comp("^"+escapeRegex(content)+"($|(?=\r\n))", flags)
	if err != nil {
		return nil, err
	}
	if ok, err := there.search(text); ok || err != nil {
		return new, err
	}
	if !py.IsNone(e.notFound) {
		content = py.ToStr(e.notFound)
	} else {
		content = repl
	}
	if e.prependMissing {
		return slices.Insert(new, 0, content+"\n"), nil
	}
	if last := len(new) - 1; last >= 0 && !strings.HasSuffix(new[last], "\n") {
		new[last] += "\n"
	}
	return append(new, content+"\n"), nil
}

// store writes an edited file and keeps the old one under the backup's name;
// for a symlink also a link of that name.
func (o *op) store(path, real string, data []byte, backup py.Value) error {
	old, err := o.w.Stat(real)
	if err != nil {
		return execError("Exception: " + osError(err))
	}
	ending := ""
	if given(backup) {
		ending = py.ToStr(backup)
		if err := o.copyPlain(real, real+ending, old); err != nil {
			return execError(fmt.Sprintf("Unable to move the temp file '%s' to the backup file '%s'. Exception: %s", real, real+ending, osError(err)))
		}
	}
	if err := o.w.WriteFile(real, strings.NewReader(string(data)), host.WriteOptions{KeepLinks: true}); err != nil {
		return execError("Unable to write file '" + real + "'. Exception: " + osError(err))
	}
	given := expandUser(o, path)
	if ending == "" || !isLink(o.w, given) {
		return nil
	}
	target, err := o.w.Readlink(given)
	if err != nil {
		return execError("Exception: " + osError(err))
	}
	link := given + ending
	if lexists(o.w, link) && link != real+ending {
		if err := o.w.Remove(link); err != nil {
			return execError("Exception: " + osError(err))
		}
	}
	if err := o.w.Symlink(target+ending, link); err != nil && link != real+ending {
		return execError(fmt.Sprintf("Unable create backup symlink '%s'. Target was '%s'. Exception: %s", link, target+ending, osError(err)))
	}
	return nil
}
