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

type blockreplaceArgs struct {
	Name            string         `arg:"name,required" doc:"Absolute path of the file."`
	MarkerStart     string         `arg:"marker_start" default:"'#-- start managed zone --'" doc:"Text in the line in front of the block."`
	MarkerEnd       string         `arg:"marker_end" default:"'#-- end managed zone --'" doc:"Text in the line behind the block."`
	Source          modules.Source `arg:"source" doc:"File of the tree that holds the block."`
	SourceHash      py.Value       `arg:"source_hash" doc:"Hash of a web source."`
	Template        string         `arg:"template" default:"'jinja'" doc:"Engine that renders the sources."`
	Sources         modules.Source `arg:"sources" doc:"List of sources."`
	SourceHashes    py.Value       `arg:"source_hashes" doc:"Hashes of the sources."`
	Defaults        py.Value       `arg:"defaults" doc:"Variables for the template that context overrides."`
	Context         py.Value       `arg:"context" doc:"Variables for the template."`
	Content         string         `arg:"content" default:"''" doc:"The block's content."`
	AppendNotFound  bool           `arg:"append_if_not_found" default:"False" doc:"Add the block at the end when it is missing."`
	PrependNotFound bool           `arg:"prepend_if_not_found" default:"False" doc:"Add the block at the beginning when it is missing."`
	Backup          py.Value       `arg:"backup" default:"'.bak'" doc:"Ending of the old file's copy; False makes none."`
	ShowChanges     bool           `arg:"show_changes" default:"True" doc:"Show a diff."`
	AppendNewline   py.Value       `arg:"append_newline" doc:"End the content with a line feed; by default when it has none."`
	InsertBefore    py.Value       `arg:"insert_before_match" doc:"Add a missing block in front of the line that this expression matches."`
	InsertAfter     py.Value       `arg:"insert_after_match" doc:"Add a missing block behind the line that this expression matches."`
}

const blockreplaceDoc = "Keeps a block of a file between two marker lines. What file.accumulated gathered for the file is added to it.\n" +
	"```yaml\n" +
	"/etc/hosts:\n" +
	"  file.blockreplace:\n" +
	"    - marker_start: '# BEGIN managed'\n" +
	"    - marker_end: '# END managed'\n" +
	"    - content: 10.0.0.5 db\n" +
	"    - append_if_not_found: True\n" +
	"```"

func blockreplaceState() *modules.Func {
	return modules.State[blockreplaceArgs]{Name: "file.blockreplace", Doc: blockreplaceDoc,
		Check: func(ctx context.Context, c *modules.Call, a *blockreplaceArgs) (modules.Plan, error) {
			return plan(ctx, c, func(ctx context.Context, o *op) (*ret, error) { return o.blockreplaceState(ctx, a) })
		}}.Func()
}

func (o *op) blockreplaceState(ctx context.Context, a *blockreplaceArgs) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	if name == "" {
		return r.fail("Must provide name to file.blockreplace"), nil
	}
	t := &textArgs{source: a.Source, sources: a.Sources, hash: a.SourceHash, hashes: a.SourceHashes, template: a.Template, defaults: a.Defaults, context: a.Context}
	refs, hashes, problem := unifySources(t)
	if problem == "" {
		problem = checkFile(o, name)
	}
	if problem != "" {
		return r.fail(problem), nil
	}
	content := a.Content
	for _, l := range o.accumulatedFor(name) {
		for _, it := range l.Items {
			if content != "" {
				content += "\n"
			}
			content += py.ToStr(it)
		}
	}
	if len(refs) > 0 {
		texts, bad, err := o.sourceTexts(ctx, name, t, refs, hashes)
		if bad != nil || err != nil {
			return bad, err
		}
		content += strings.Join(texts, "")
	}
	b := block{start: a.MarkerStart, end: a.MarkerEnd, content: content, appendMissing: a.AppendNotFound, prependMissing: a.PrependNotFound,
		before: a.InsertBefore, after: a.InsertAfter, backup: a.Backup, newline: a.AppendNewline, dryRun: o.test}
	diff, err := o.blockreplace(name, b)
	if err != nil {
		return r.fail("Encountered error managing block: " + raised(err) + ". See the log for details."), nil
	}
	if diff == "" {
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

// block is a block of a file and what is done when it is missing.
type block struct {
	start, end, content           string
	appendMissing, prependMissing bool
	before, after                 py.Value
	backup, newline               py.Value
	dryRun                        bool
}

// lines returns the block's lines: the marker in front unless the file has it,
// the content, and the end (what the file has behind the end marker goes with it).
func (b block) lines(sep string, withStart bool, end string) []string {
	var out []string
	end = strings.TrimRight(end, "\r\n") + sep
	if withStart {
		out = append(out, b.start+sep)
	}
	newline := given(b.newline)
	if py.IsNone(b.newline) && !strings.HasSuffix(b.content, "\n") {
		newline = true
	}
	parts := strings.Split(strings.ReplaceAll(b.content, "\r\n", "\n"), "\n")
	for i, p := range parts {
		switch {
		case i < len(parts)-1:
			out = append(out, p+sep)
		case newline:
			out = append(out, p+sep, end)
		default:
			out = append(out, p+end)
		}
	}
	return out
}

// blockreplace is Salt's file.blockreplace. It returns the diff, "" when
// nothing changes.
func (o *op) blockreplace(path string, b block) (diff string, err error) {
	ways := 0
	for _, w := range []bool{b.appendMissing, b.prependMissing, given(b.before), given(b.after)} {
		if w {
			ways++
		}
	}
	if ways > 1 {
		return "", invokeError("Only one of append_if_not_found, prepend_if_not_found, insert_before_match, and insert_after_match is permitted")
	}
	path = expandUser(o, path)
	if !exists(o.w, path) {
		return "", invokeError("File not found: " + path)
	}
	_, data, err := o.textFile(path)
	if err != nil {
		return "", err
	}
	for _, m := range []struct {
		v    py.Value
		name string
	}{{b.before, "insert_before_match"}, {b.after, "insert_after_match"}} {
		if _, ok := m.v.(py.Str); given(m.v) && !ok {
			return "", execError("RegEx expected in " + m.name + " parameter.")
		}
	}
	old := keepEnds(string(data))
	new, err := b.apply(old)
	if err != nil {
		return "", err
	}
	diff = textDiff(old, new)
	if diff == "" || b.dryRun {
		return diff, nil
	}
	if b.backup != py.Value(py.False) {
		info, err := o.w.Stat(path)
		if err == nil {
			err = o.copyPlain(path, path+py.ToStr(orEmpty(b.backup)), info)
		}
		if err == nil {
			err = o.w.Chown(path+py.ToStr(orEmpty(b.backup)), info.UID, info.GID)
		}
		if err != nil {
			return "", execError("Unable to make the backup of " + path + ": " + osError(err))
		}
	}
	if err := o.w.WriteFile(path, strings.NewReader(strings.Join(new, "")), host.WriteOptions{KeepLinks: true}); err != nil {
		return "", execError("Unable to write file '" + path + "': " + osError(err))
	}
	return diff, nil
}

// keepEnds splits text at LF, CR and CR LF (a text file with newline=”).
func keepEnds(s string) []string { return splitBytes(s) }

// apply returns the file's new lines.
func (b block) apply(old []string) ([]string, error) {
	var new []string
	sep := ""
	inside, found := false, false
	for _, l := range old {
		if sep == "" {
			sep = "\n"
			if strings.HasSuffix(l, "\r\n") {
				sep = "\r\n"
			}
		}
		write := true
		switch {
		case strings.Contains(l, b.start):
			inside = true
		case inside:
			write = false
			if i := strings.Index(l, b.end); i >= 0 {
				inside, found = false, true
				new = append(new, b.lines(sep, false, l[i:])...)
			}
		}
		if write {
			new = append(new, l)
		}
	}
	if sep == "" {
		sep = "\n"
	}
	if inside {
		return nil, execError("Unterminated marked block. End of file reached before marker_end.")
	}
	if found {
		return new, nil
	}
	whole := b.lines(sep, true, b.end)
	missing := execError("Cannot edit marked block. Markers were not found in file.")
	switch {
	case b.prependMissing:
		return append(whole, new...), nil
	case b.appendMissing:
		if n := len(new); n > 0 && !strings.HasSuffix(new[n-1], sep) {
			new[n-1] += sep
		}
		return append(new, whole...), nil
	case given(b.before) || given(b.after):
		expr := b.before
		if !given(expr) {
			expr = b.after
		}
		re, err := compileText(py.ToStr(expr), 0)
		if err != nil {
			return nil, err
		}
		for i, l := range old {
			ok, err := re.search(l)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			if given(b.after) {
				i++
			}
			return slices.Insert(new, i, whole...), nil
		}
	}
	return nil, missing
}
