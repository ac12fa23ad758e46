package file

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinch/internal/golden"
	"pinch/internal/py"
	"pinch/modules"
)

type regexCase struct {
	Name, Op, Content, Pattern, Regex, Char string
	Repl, Kwargs                            json.RawMessage
	Expect                                  golden.Expect
}

// TestGoldenRegex runs the recorded edits of files with regular expressions.
func TestGoldenRegex(t *testing.T) {
	const file = "regex_cases.json"
	data, err := golden.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Cases []regexCase }
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	var cases []regexCase
	for _, c := range doc.Cases { // the filters of the same file are Jinja's
		if strings.HasPrefix(c.Op, "file.") || strings.HasPrefix(c.Op, "state.file.") {
			cases = append(cases, c)
		}
	}
	dir := t.TempDir()
	golden.Check(t, file, cases, func(c regexCase) string { return c.Name }, func(c regexCase) string {
		h := newTestHost(t, filepath.Join(dir, "f"), c.Content)
		return h.compare(c.Expect, func() (py.Value, error) { return h.regexCase(c) })
	})
}

// compare runs a case; an exception is an outcome as well.
func (h *testHost) compare(want golden.Expect, run func() (py.Value, error)) string {
	got, err := run()
	if err != nil {
		class, msg := exceptionOf(err)
		switch {
		case want.Error == nil:
			return "unexpected error: " + err.Error()
		case want.Error.Class != class || want.Error.Message != msg:
			return "error is " + class + ": " + msg + ", not " + want.Error.Class + ": " + want.Error.Message
		}
		return ""
	}
	if want.Error != nil {
		return "no error, but " + py.Repr(got)
	}
	v, err := golden.Decode(want.Value)
	if err != nil {
		return err.Error()
	}
	return golden.Diff(v, got)
}

func exceptionOf(err error) (class, msg string) {
	var me *modules.Error
	if errors.As(err, &me) {
		return me.Class, me.Msg
	}
	var pe *py.Error
	if errors.As(err, &pe) {
		return strings.TrimPrefix(pe.Class, "re."), pe.Msg
	}
	return "", err.Error()
}

func (h *testHost) regexCase(c regexCase) (py.Value, error) {
	kw := py.NewDict()
	if c.Kwargs != nil {
		v, err := golden.Decode(c.Kwargs)
		if err != nil {
			return nil, err
		}
		kw = v.(*py.Dict)
	}
	repl := py.Value(py.None)
	if c.Repl != nil {
		v, err := golden.Decode(c.Repl)
		if err != nil {
			return nil, err
		}
		repl = v
	}
	all := py.DictOf("backup", py.False)
	switch c.Op {
	case "file.replace", "state.file.replace":
		all.SetStr("pattern", py.Str(c.Pattern))
		all.SetStr("repl", repl)
	case "state.file.comment", "state.file.uncomment":
		all.SetStr("regex", py.Str(c.Regex))
		all.SetStr("char", py.Str(c.Char))
	}
	all.Update(kw)
	switch c.Op {
	case "file.search":
		return h.exec("file.search", py.DictOf("path", py.Str(h.path), "pattern", py.Str(c.Pattern)))
	case "file.contains_regex":
		return h.exec("file.contains_regex", py.DictOf("path", py.Str(h.path), "regex", py.Str(c.Pattern)))
	case "file.replace":
		all.SetStr("path", py.Str(h.path))
		v, err := h.exec("file.replace", all)
		if err != nil {
			return nil, err
		}
		return py.DictOf("result", v, "content", py.Str(h.read())), nil
	}
	all.SetStr("name", py.Str(h.path))
	d, err := h.state(strings.TrimPrefix(c.Op, "state."), all, false)
	if err != nil {
		return nil, err
	}
	return py.DictOf("result", d.Result.Value(), "comment", h.placed(d.Comment), "changes", d.Changes, "content", py.Str(h.read())), nil
}

type diffCase struct {
	Name      string
	A, B      json.RawMessage
	Diff      *outcome `json:"file_get_diff"`
	Source    *outcome `json:"file_managed_source"`
	Contents  *outcome `json:"file_managed_contents"`
	NoNewline *outcome `json:"file_managed_contents_no_newline"`
}

type outcome struct {
	Text  *string
	Value json.RawMessage
	Error *golden.Error
}

// TestGoldenDiff runs file.managed and file.get_diff on the recorded contents.
func TestGoldenDiff(t *testing.T) {
	const file = "diff_cases.json"
	data, err := golden.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Cases []diffCase }
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	golden.Check(t, file, doc.Cases, func(c diffCase) string { return c.Name }, func(c diffCase) string {
		a, err1 := golden.Decode(c.A)
		b, err2 := golden.Decode(c.B)
		if err := errors.Join(err1, err2); err != nil {
			return err.Error()
		}
		old, new := raw(a), raw(b)
		p := filepath.Join(dir, "f")
		for _, x := range []struct {
			what string
			want *outcome
			args *py.Dict
			text bool
		}{
			{"source", c.Source, py.DictOf("source", py.Str("salt://b")), false},
			{"contents", c.Contents, py.DictOf("contents", b), true},
			{"contents without newline", c.NoNewline, py.DictOf("contents", b, "contents_newline", py.False), true},
		} {
			if x.want == nil {
				continue
			}
			h := newTestHost(t, p, old)
			h.tree["salt://b"] = new
			x.args.SetStr("name", py.Str(p))
			wrong := h.compare(golden.Expect{Value: x.want.Value, Error: x.want.Error}, func() (py.Value, error) {
				d, err := h.state("file.managed", x.args, false)
				if err != nil {
					return nil, err
				}
				out := py.DictOf("result", d.Result.Value(), "comment", h.placed(d.Comment), "changes", d.Changes)
				if x.text {
					out.SetStr("content", py.Bytes(h.read()))
				}
				return out, nil
			})
			if wrong != "" {
				return x.what + ": " + wrong
			}
		}
		if c.Diff == nil || c.Diff.Text == nil {
			return ""
		}
		h := newTestHost(t, p, old)
		if err := os.WriteFile(p+"2", []byte(new), 0o600); err != nil {
			return err.Error()
		}
		v, err := h.exec("file.get_diff", py.DictOf("file1", py.Str(p), "file2", py.Str(p+"2"), "show_filenames", py.False))
		if err != nil {
			return err.Error()
		}
		return golden.Diff(py.Str(*c.Diff.Text), v)
	})
}

func raw(v py.Value) string {
	if b, ok := v.(py.Bytes); ok {
		return string(b)
	}
	return py.ToStr(v)
}
