package file

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pydiff"
	"pinch/internal/pypath"
	"pinch/modules"
	"pinch/states/low"
)

type appendArgs struct {
	Name             string         `arg:"name,required" doc:"Absolute path of the file."`
	Text             py.Value       `arg:"text" doc:"Text, or a list of texts, each of which is added unless it is there."`
	Makedirs         py.Value       `arg:"makedirs" default:"False" doc:"Make missing parent directories."`
	Source           modules.Source `arg:"source" doc:"File of the tree that holds the text."`
	SourceHash       py.Value       `arg:"source_hash" doc:"Hash of a web source."`
	Template         string         `arg:"template" default:"'jinja'" doc:"Engine that renders the sources."`
	Sources          modules.Source `arg:"sources" doc:"List of sources."`
	SourceHashes     py.Value       `arg:"source_hashes" doc:"Hashes of the sources."`
	Defaults         py.Value       `arg:"defaults" doc:"Variables for the template that context overrides."`
	Context          py.Value       `arg:"context" doc:"Variables for the template."`
	IgnoreWhitespace bool           `arg:"ignore_whitespace" default:"True" doc:"Find the text whatever white space is in it."`
	ShowChanges      bool           `arg:"show_changes" default:"True" doc:"Show a diff."`
}

const appendDoc = "Adds text at the end of a file unless it is in the file already; a missing file is made.\n" +
	"```yaml\n/etc/motd:\n  file.append:\n    - text: Be careful.\n```"

func appendState() *modules.Func {
	return modules.State[appendArgs]{Name: "file.append", Doc: appendDoc,
		Check: func(ctx context.Context, c *modules.Call, a *appendArgs) (modules.Plan, error) {
			return plan(ctx, c, func(ctx context.Context, o *op) (*ret, error) { return o.appendState(ctx, a) })
		}}.Func()
}

// textArgs are the arguments of the states that add text to a file.
type textArgs struct {
	text, makedirs    py.Value
	source, sources   modules.Source
	hash, hashes      py.Value
	template          string
	defaults, context py.Value
}

// unifySources makes one list of source and sources.
func unifySources(a *textArgs) (refs []py.Value, hashes []py.Value, problem string) {
	list := func(v py.Value) []py.Value {
		if l, ok := py.OrNone(v).(*py.List); ok {
			return l.Items
		}
		if given(v) {
			return []py.Value{v}
		}
		return nil
	}
	many, manyHashes := list(a.sources.Value), list(a.hashes)
	switch {
	case a.source.IsSet() && len(many) > 0:
		return nil, nil, "source and sources are mutually exclusive"
	case given(a.hash) && len(manyHashes) > 0:
		return nil, nil, "source_hash and source_hashes are mutually exclusive"
	case a.source.IsSet():
		return []py.Value{a.source.Value}, []py.Value{py.OrNone(a.hash)}, ""
	}
	hashes = make([]py.Value, len(many))
	for i := range many {
		hashes[i] = py.None
		if i < len(manyHashes) {
			hashes[i] = manyHashes[i]
		}
	}
	return many, hashes, ""
}

// sourceTexts returns the rendered texts of sources; on a problem the return
// that Salt gives instead of the state's own.
func (o *op) sourceTexts(ctx context.Context, name string, a *textArgs, refs, hashes []py.Value) (texts []string, bad *ret, err error) {
	for i, v := range refs {
		ref, _, _ := refOf(v)
		s := &sourceArgs{name: name, source: py.Str(ref), sourceHash: hashes[i], template: a.template,
			context: dictOrNil(a.context), defaults: dictOrNil(a.defaults), skipVerify: !given(hashes[i]), verifyTLS: true}
		c, problem, err := o.resolve(ctx, s, ref, hashes[i], "")
		failure := "Failed to load template file " + ref
		switch {
		case problem != "":
		case err != nil:
			return nil, nil, err
		default:
			data, err := c.read(ctx, o)
			if err != nil {
				return nil, nil, err
			}
			if len(data) > 0 {
				texts = append(texts, string(data))
				continue
			}
			failure = fmt.Sprintf("Failed to read rendered template file %s (%s)", o.renderedPath(ref), ref)
		}
		bad = newRet(ref).fail(failure)
		bad.extra = py.DictOf("data", py.NewList())
		return nil, bad, nil
	}
	return texts, nil, nil
}

// openForText prepares a file that text is to be added to. bad is a complete
// return: a problem, or what test mode says of a file that is to be made.
func (o *op) openForText(ctx context.Context, r *ret, name string, a *textArgs) (texts []string, old []byte, bad *ret, err error) {
	refs, hashes, problem := unifySources(a)
	if problem != "" {
		return nil, nil, r.fail(problem), nil
	}
	makedirs := a.makedirs == py.Value(py.True)
	if makedirs && !o.test && !isDir(o.w, pypath.Dir(name)) {
		if _, err := o.makedirs(ctx, name, py.None, py.None, ""); err != nil {
			return nil, nil, nil, err
		}
	}
	if problem := checkFile(o, name); problem != "" {
		t, err := o.touchState(ctx, &touchArgs{Name: name, Atime: py.None, Mtime: py.None, Makedirs: given(a.makedirs)})
		if err != nil {
			return nil, nil, nil, err
		}
		if o.test {
			return nil, nil, t, nil
		}
		if checkFile(o, name) != "" {
			return nil, nil, r.fail(problem), nil
		}
	}
	if len(refs) > 0 {
		if texts, bad, err = o.sourceTexts(ctx, name, a, refs, hashes); bad != nil || err != nil {
			return nil, nil, bad, err
		}
	} else if texts, _, err = strList(py.OrNone(a.text)); err != nil {
		return nil, nil, nil, err
	}
	old, err = o.w.ReadFile(name)
	return texts, old, nil, osFailure(err)
}

// renderedPath is where Salt's minion would keep a rendered source.
func (o *op) renderedPath(ref string) string {
	_, rest, _ := strings.Cut(ref, "://")
	return path.Join(o.cacheDir(), "extrn_files", o.env(), rest)
}

// present says whether a chunk of text is in a file.
func present(name string, data []byte, chunk string, anySpace bool) (bool, error) {
	if !isText(data) {
		return false, invokeError("Cannot perform string replacements on a binary file: " + name)
	}
	pattern := chunk
	if anySpace {
		var err error
		if pattern, err = spaceRegex(chunk); err != nil {
			return false, err
		}
	}
	re, err := compileBytes(pattern, reMultiline)
	if err != nil {
		return false, err
	}
	return re.search(string(data))
}

// noteDiff notes the diff of a text edit.
func noteDiff(r *ret, old, new []string, data []byte, show bool, join string) {
	switch {
	case slices.Equal(old, new):
	case !isText(data):
		r.change("diff", py.Str("Replace binary file"))
	case !show:
		r.change("diff", py.Str(hiddenDiff))
	default:
		r.change("diff", py.Str(strings.Join(pydiff.Lines(old, new, "", ""), join)))
	}
}

func (o *op) appendState(ctx context.Context, a *appendArgs) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	if name == "" {
		return r.fail("Must provide name to file.append"), nil
	}
	texts, old, bad, err := o.openForText(ctx, r, name, &textArgs{a.Text, a.Makedirs, a.Source, a.Sources, a.SourceHash, a.SourceHashes, a.Template, a.Defaults, a.Context})
	if bad != nil || err != nil {
		return bad, err
	}
	var add []string
	for _, chunk := range texts {
		there, err := present(name, old, chunk, a.IgnoreWhitespace)
		var me *modules.Error
		if errors.As(err, &me) { // Salt takes its own error for a TypeError
			return r.fail("No text found to append. Nothing appended"), nil
		}
		if err != nil {
			return nil, err
		}
		if !there {
			add = append(add, py.SplitLines(chunk, false)...)
		}
	}
	if len(add) == 0 {
		return r.is(low.True, "File "+name+" is in correct state"), nil
	}
	before := py.SplitLines(string(old), false)
	after := append(slices.Clone(before), add...)
	if o.test {
		noteDiff(r, before, after, old, a.ShowChanges, "\n")
		return r.is(low.None, "File "+name+" is set to be updated"), nil
	}
	text := string(old)
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	text += strings.Join(add, "\n") + "\n"
	if err := o.rewrite(name, text); err != nil {
		return nil, modules.OSError(err) // Salt does not catch it either
	}
	noteDiff(r, before, py.SplitLines(text, false), []byte(text), a.ShowChanges, "\n")
	return r.is(low.True, fmt.Sprintf("Appended %d lines", len(add))), nil
}

// rewrite writes a file's new text, with owner and mode kept.
func (o *op) rewrite(name, text string) error {
	return o.w.WriteFile(name, strings.NewReader(text), host.WriteOptions{KeepLinks: true})
}

type prependArgs struct {
	Name         string         `arg:"name,required" doc:"Absolute path of the file."`
	Text         py.Value       `arg:"text" doc:"Text, or a list of texts, each of which is added unless it is there."`
	Makedirs     py.Value       `arg:"makedirs" default:"False" doc:"Make missing parent directories."`
	Source       modules.Source `arg:"source" doc:"File of the tree that holds the text."`
	SourceHash   py.Value       `arg:"source_hash" doc:"Hash of a web source."`
	Template     string         `arg:"template" default:"'jinja'" doc:"Engine that renders the sources."`
	Sources      modules.Source `arg:"sources" doc:"List of sources."`
	SourceHashes py.Value       `arg:"source_hashes" doc:"Hashes of the sources."`
	Defaults     py.Value       `arg:"defaults" doc:"Variables for the template that context overrides."`
	Context      py.Value       `arg:"context" doc:"Variables for the template."`
	Header       bool           `arg:"header" doc:"Keep the text at the very beginning, wherever else it is."`
	ShowChanges  bool           `arg:"show_changes" default:"True" doc:"Show a diff."`
}

const prependDoc = "Adds text at the beginning of a file unless it is in the file already; a missing file is made.\n" +
	"```yaml\n/etc/motd:\n  file.prepend:\n    - text: Welcome.\n```"

func prependState() *modules.Func {
	return modules.State[prependArgs]{Name: "file.prepend", Doc: prependDoc,
		Check: func(ctx context.Context, c *modules.Call, a *prependArgs) (modules.Plan, error) {
			return plan(ctx, c, func(ctx context.Context, o *op) (*ret, error) { return o.prependState(ctx, a) })
		}}.Func()
}

func (o *op) prependState(ctx context.Context, a *prependArgs) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	if name == "" {
		return r.fail("Must provide name to file.prepend"), nil
	}
	texts, old, bad, err := o.openForText(ctx, r, name, &textArgs{a.Text, a.Makedirs, a.Source, a.Sources, a.SourceHash, a.SourceHashes, a.Template, a.Defaults, a.Context})
	if bad != nil || err != nil {
		return bad, err
	}
	var add []string
	for _, chunk := range texts {
		if !a.Header {
			there, err := present(name, old, chunk, true)
			if err != nil {
				return nil, err
			}
			if there {
				continue
			}
		}
		add = append(add, py.SplitLines(chunk, false)...)
	}
	before := py.SplitLines(string(old), true)
	var head []string
	for _, l := range add {
		head = append(head, l+"\n")
	}
	after := append(slices.Clone(head), before...)
	if o.test {
		noteDiff(r, before, after, old, a.ShowChanges, "")
		if len(add) == 0 {
			return r.is(low.True, "File "+name+" is in correct state"), nil
		}
		return r.is(low.None, "File "+name+" is set to be updated"), nil
	}
	if a.Header {
		var now []string
		for _, l := range before[:min(len(add), len(before))] {
			now = append(now, py.SplitLines(l, false)...)
		}
		if slices.Equal(now, add) {
			add = nil
		}
	}
	if len(add) == 0 {
		return r.is(low.True, "File "+name+" is in correct state"), nil
	}
	text := strings.Join(head, "") + string(old)
	if err := o.rewrite(name, text); err != nil {
		return nil, modules.OSError(err) // Salt does not catch it either
	}
	noteDiff(r, before, py.SplitLines(text, true), []byte(text), a.ShowChanges, "")
	return r.is(low.True, fmt.Sprintf("Prepended %d lines", len(add))), nil
}
