package file

import (
	"context"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type lineArgs struct {
	Name        string   `arg:"name,required" doc:"Absolute path of the file."`
	Content     *string  `arg:"content" doc:"The line."`
	Match       *string  `arg:"match" doc:"Part of the line, or regular expression, that is to be replaced or deleted."`
	Mode        *string  `arg:"mode" doc:"ensure, replace, delete or insert."`
	Location    *string  `arg:"location" doc:"start or end, for insert."`
	Before      *string  `arg:"before" doc:"Regular expression of the line that comes behind."`
	After       *string  `arg:"after" doc:"Regular expression of the line that comes in front."`
	ShowChanges bool     `arg:"show_changes" default:"True" doc:"Show a diff."`
	Backup      bool     `arg:"backup" default:"False" doc:"Keep the old file under a name with the time."`
	Quiet       bool     `arg:"quiet" default:"False" doc:"A missing file is no failure."`
	Indent      bool     `arg:"indent" default:"True" doc:"Take the indentation of the neighbouring line."`
	Create      bool     `arg:"create" default:"False" doc:"Make a missing file."`
	User        py.Value `arg:"user" doc:"Owner of the file."`
	Group       py.Value `arg:"group" doc:"Group of the file."`
	FileMode    py.Value `arg:"file_mode" doc:"Permission bits of the file."`
}

const lineDoc = "Edits one line of a file.\n" +
	"```yaml\n" +
	"/etc/hosts.allow:\n" +
	"  file.line:\n" +
	"    - mode: ensure\n" +
	"    - content: 'sshd: 10.0.0.0/8'\n" +
	"    - after: '^# local.*'\n" +
	"```"

func lineState() *modules.Func {
	return modules.State[lineArgs]{Name: "file.line", Doc: lineDoc,
		Check: func(ctx context.Context, c *modules.Call, a *lineArgs) (modules.Plan, error) {
			return plan(ctx, c, func(ctx context.Context, o *op) (*ret, error) { return o.lineState(ctx, a) })
		}}.Func()
}

func (o *op) lineState(ctx context.Context, a *lineArgs) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	if name == "" {
		return r.fail("Must provide name to file.line"), nil
	}
	m := &managedArgs{Name: name, SourceHash: py.Str(""), SourceHashName: py.None, User: a.User, Group: a.Group, Mode: a.FileMode, Attrs: py.None,
		DirMode: py.None, Context: py.None, Defaults: py.None, Backup: py.Str(""), ShowChanges: true, Create: a.Create, Contents: py.None,
		TmpDir: py.None, ContentsPillar: py.None, ContentsGrains: py.None, FollowSymlinks: true, IgnoreComments: py.None, AllowEmpty: true, Kwargs: py.NewDict()}
	if _, err := o.managed(ctx, managedCall{managedArgs: m}); err != nil {
		return nil, err
	}
	if problem := checkFile(o, name); problem != "" {
		return r.fail(problem), nil
	}
	mode := lower(a.Mode)
	if mode == nil {
		return r.fail("Mode was not defined. How to process the file?"), nil
	}
	if *mode != "delete" && a.Content == nil {
		return r.fail("Content can only be empty if mode is ['delete']"), nil
	}
	e := lineEdit{content: a.Content, match: a.Match, mode: mode, location: a.Location, before: a.Before, after: a.After, backup: a.Backup, quiet: a.Quiet, indent: a.Indent}
	diff, err := o.editLine(name, e)
	switch {
	case err != nil:
		return nil, err
	case diff == "":
		return r.is(low.True, "No changes needed to be made"), nil
	}
	r.change("diff", py.Str(diff))
	if !a.ShowChanges {
		r.change("diff", py.True)
	}
	if o.test {
		return r.is(low.None, "Changes would be made"), nil
	}
	return r.is(low.True, "Changes were made"), nil
}

func lower(s *string) *string {
	if s == nil {
		return nil
	}
	l := strings.ToLower(*s)
	return &l
}

// lineEdit is one change of a line; nil fields are None.
type lineEdit struct {
	content, match, mode, location, before, after *string
	backup, quiet, indent                         bool
}

// isSet says whether a text argument is given and not empty.
func isSet(s *string) bool { return s != nil && *s != "" }

// editLine is Salt's file.line. It returns the diff, "" when nothing changes.
func (o *op) editLine(path string, e lineEdit) (diff string, err error) {
	real := realPath(o.w, expandUser(o, path))
	if !isFile(o.w, real) {
		if e.quiet {
			return "", nil
		}
		return "", execError(`File "` + real + `" does not exists or is not a file.`)
	}
	switch {
	case !isSet(e.mode):
		return "", execError("Mode was not defined. How to process the file?")
	case !slices.Contains([]string{"insert", "ensure", "delete", "replace"}, *e.mode):
		return "", execError(`Unknown mode: "` + *e.mode + `"`)
	case *e.mode != "delete" && e.content == nil:
		return "", execError(`Content can only be empty if mode is "delete"`)
	}
	data, err := o.w.ReadFile(real)
	if err != nil {
		return "", execError("Unable to open file '" + real + "'. Exception: " + osError(err))
	}
	old := string(data)
	lines := splitBytes(old)
	if len(lines) > 0 && lineEnd(lines[len(lines)-1]) != "" {
		lines = append(lines, "")
	}
	if lines, err = e.apply(lines); err != nil {
		return "", err
	}
	new := strings.Join(endLines(lines), "")
	if new == old {
		return "", nil
	}
	if !o.test {
		if e.backup {
			info, err := o.w.Stat(real)
			if err == nil {
				err = o.copyPlain(real, real+"."+o.w.Now().Format("2006-01-02-15-04-05"), info)
			}
			if err != nil {
				return "", execError("Unable to create the backup file of " + real + ". Exception: " + osError(err))
			}
		}
		if err := o.w.WriteFile(real, strings.NewReader(new), host.WriteOptions{KeepLinks: true}); err != nil {
			return "", execError("Unable to write file '" + real + "'. Exception: " + osError(err))
		}
	}
	return textDiff(py.SplitLines(old, true), endLines(lines)), nil
}

// endLines gives every line but the last an end, that of its neighbour.
func endLines(lines []string) []string {
	out := slices.Clone(lines)
	for i, l := range out {
		if lineEnd(l) != "" || i+1 >= len(out) {
			continue
		}
		prev := 1
		if i > 1 {
			prev = i - 1
		}
		out[i] = withEnd(out[prev], l)
	}
	if n := len(out); n > 0 && out[n-1] == "" {
		out = out[:n-1]
	}
	return out
}

// lineEnd returns the end of a line.
func lineEnd(l string) string {
	switch {
	case strings.HasSuffix(l, "\r\n"):
		return "\r\n"
	case strings.HasSuffix(l, "\n"):
		return "\n"
	case strings.HasSuffix(l, "\r"):
		return "\r"
	}
	return ""
}

// withEnd gives a line the end of another one.
func withEnd(like, l string) string {
	end := lineEnd(like)
	if end == "" {
		end = "\n"
	}
	return strings.TrimRight(l, pythonSpace) + end
}

// pythonSpace is what str.strip takes from ASCII text.
const pythonSpace = " \t\n\r\v\f\x1c\x1d\x1e\x1f"

// indented gives a line the indentation of another one.
func (e lineEdit) indented(like string) string {
	c := *e.content
	if !e.indent {
		return c
	}
	n := len(like) - len(strings.TrimLeft(like, "\t "))
	return like[:n] + strings.TrimLeft(c, pythonSpace)
}

// find lists the lines that match an expression or contain it as text; nil
// when there is none to find.
func find(lines []string, expr *string) ([]string, error) {
	if len(lines) == 0 || !isSet(expr) {
		return nil, nil
	}
	re, err := compileText(*expr, reDotall)
	if err != nil {
		return nil, execError(raised(err) + ": '" + *expr + "'")
	}
	found := []string{}
	for _, l := range lines {
		ok, err := re.search(l)
		if err != nil {
			return nil, execError(raised(err) + ": '" + *expr + "'")
		}
		if ok || strings.Contains(l, *expr) {
			found = append(found, l)
		}
	}
	return found, nil
}

// one fails unless exactly one line was found.
func one(found []string, what string) error {
	switch {
	case len(found) > 1:
		return execError(`Found more than expected occurrences in "` + what + `" expression`)
	case len(found) < 1:
		return execError(`Found less than expected occurrences in "` + what + `" expression`)
	}
	return nil
}

// apply changes the lines.
func (e lineEdit) apply(lines []string) ([]string, error) {
	match := e.match
	if !isSet(match) && e.before == nil && e.after == nil {
		match = e.content
	}
	if len(lines) == 0 && (*e.mode == "delete" || *e.mode == "replace") {
		return nil, nil
	}
	after, err1 := find(lines, e.after)
	before, err2 := find(lines, e.before)
	matched, err3 := find(lines, match)
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return nil, err
		}
	}
	switch {
	case *e.mode == "delete" && len(matched) > 0:
		return slices.DeleteFunc(lines, func(l string) bool { return l == matched[0] }), nil
	case *e.mode == "replace" && len(matched) > 0:
		i := slices.Index(lines, matched[0])
		lines[i] = e.indented(lines[i])
		return lines, nil
	case *e.mode == "insert":
		return e.insert(lines, before, after)
	case *e.mode == "ensure":
		return e.ensure(lines, before, after)
	}
	return lines, nil
}

func (e lineEdit) insert(lines, before, after []string) ([]string, error) {
	content := *e.content
	trim := func(s string) string { return strings.TrimRight(s, "\r\n") }
	if before == nil && after == nil && e.location == nil {
		return nil, execError(`On insert either "location" or "before/after" conditions are required.`)
	}
	switch {
	case isSet(e.location):
		switch {
		case *e.location == "end" && len(lines) > 0:
			return append(lines, e.indented(lines[len(lines)-1])), nil
		case *e.location == "end":
			return []string{content}, nil
		case *e.location == "start" && len(lines) > 0:
			return slices.Insert(lines, 0, withEnd(lines[0], content)), nil
		case *e.location == "start":
			return []string{content + "\n"}, nil
		}
		return lines, nil
	case len(before) > 0 && len(after) > 0:
		if err := one(before, "before"); err != nil {
			return nil, err
		}
		if err := one(after, "after"); err != nil {
			return nil, err
		}
		i := slices.Index(lines, before[0])
		return slices.Insert(lines, i, e.indented(lines[i])), nil
	case len(after) > 0:
		if err := one(after, "after"); err != nil {
			return nil, err
		}
		i := slices.Index(lines, after[0])
		if i+1 >= len(lines) || trim(lines[i+1]) != trim(content) {
			lines = slices.Insert(lines, i+1, e.indented(lines[i]))
		}
		return lines, nil
	case len(before) > 0:
		if err := one(before, "before"); err != nil {
			return nil, err
		}
		i := slices.Index(lines, before[0])
		if trim(previous(lines, i)) != trim(content) {
			lines = slices.Insert(lines, i, e.indented(lines[i]))
		}
		return lines, nil
	}
	return nil, execError("Neither before or after was found in file")
}

// previous is lines[i-1] as Python indexes: before the first is the last.
func previous(lines []string, i int) string {
	if i == 0 {
		return lines[len(lines)-1]
	}
	return lines[i-1]
}

func (e lineEdit) ensure(lines, before, after []string) ([]string, error) {
	content := *e.content
	trim := func(s string) string { return strings.TrimRight(s, "\r\n") }
	switch {
	case len(before) > 0 && len(after) > 0:
		if err := one(after, "after"); err != nil {
			return nil, err
		}
		if err := one(before, "before"); err != nil {
			return nil, err
		}
		i, j := slices.Index(lines, after[0]), slices.Index(lines, before[0])
		if slices.ContainsFunc(lines, func(l string) bool { return strings.TrimLeft(l, pythonSpace) == content }) {
			return lines, nil
		}
		switch j {
		case i + 1:
			return slices.Insert(lines, i+1, e.indented(lines[i])), nil
		case i + 2:
			lines[i+1] = e.indented(lines[i])
			return lines, nil
		}
		return nil, execError(`Found more than one line between boundaries "before" and "after".`)
	case len(before) > 0:
		if err := one(before, "before"); err != nil {
			return nil, err
		}
		i := slices.Index(lines, before[0])
		if i == 0 || trim(lines[i-1]) != trim(content) {
			lines = slices.Insert(lines, i, e.indented(previous(lines, i)))
		}
		return lines, nil
	case len(after) > 0:
		if err := one(after, "after"); err != nil {
			return nil, err
		}
		i := slices.Index(lines, after[0])
		if i+1 >= len(lines) || trim(lines[i+1]) != trim(content) {
			lines = slices.Insert(lines, i+1, e.indented(lines[i]))
		}
		return lines, nil
	}
	return nil, execError("Wrong conditions? Unable to ensure line without knowing where to put it before and/or after.")
}
