package file

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"pinch/internal/py"
)

// strList makes a list of texts of an argument as Salt does: text is one,
// items of a list are turned into text, anything else is one text. ok is false
// for bytes that are no text.
func strList(v py.Value) (parts []string, ok bool, err error) {
	switch v := v.(type) {
	case py.Bytes:
		return []string{string(v)}, utf8.ValidString(string(v)), nil
	case py.Str:
		return []string{string(v)}, true, nil
	case *py.Dict:
		return []string{py.ToStr(v)}, true, nil
	}
	if it, isIter := v.(py.Iterable); isIter {
		v = it
	}
	switch v.(type) {
	case *py.List, py.Tuple, *py.Set:
		items, err := py.Collect(v)
		if err != nil {
			return nil, false, err
		}
		parts = []string{}
		for _, it := range items {
			parts = append(parts, py.ToStr(it))
		}
		return parts, true, nil
	}
	return []string{py.ToStr(v)}, true, nil
}

// joinContents makes a file's content of its parts: each of their lines ends
// in one line feed.
func joinContents(parts []string, newline bool) string {
	var b strings.Builder
	for _, p := range parts {
		for _, l := range py.SplitLines(p, false) {
			b.WriteString(strings.TrimRight(strings.TrimRight(l, "\n"), "\r"))
			b.WriteByte('\n')
		}
	}
	if newline {
		return b.String()
	}
	return strings.TrimRight(strings.TrimRight(b.String(), "\n"), "\r")
}

// contentsArg returns the value of contents, contents_pillar or
// contents_grains, nil when none is given. A problem is Salt's comment.
func (o *op) contentsArg(ctx context.Context, a *managedArgs) (v py.Value, problem string, err error) {
	many := func(keys *py.List, get func(py.Value) (py.Value, bool, error), missing string) (py.Value, string, error) {
		var parts []string
		for i, k := range keys.Items {
			v, ok, err := get(k)
			if err != nil {
				return nil, "", err
			}
			if !ok {
				return nil, fmt.Sprintf(missing, py.ToStr(k)), nil
			}
			s, isText := v.(py.Str)
			if !isText {
				return nil, "", py.TypeErrorf("sequence item %d: expected str instance, %s found", i, v.Type())
			}
			parts = append(parts, string(s))
		}
		return py.Str(strings.Join(parts, "\n")), "", nil
	}
	fromPillar := func(k py.Value) (py.Value, bool, error) { return o.pillarGet(ctx, k, a.ContentsDelimiter) }
	fromGrains := func(k py.Value) (py.Value, bool, error) {
		v, ok := o.grainsGet(py.ToStr(k), a.ContentsDelimiter)
		return v, ok, nil
	}
	key, get, missing := a.ContentsPillar, fromPillar, "Pillar %s does not exist"
	if py.IsNone(key) {
		key, get, missing = a.ContentsGrains, fromGrains, "Grain %s does not exist"
	}
	if py.IsNone(key) {
		if py.IsNone(a.Contents) {
			return nil, "", nil
		}
		return a.Contents, "", nil
	}
	if l, ok := key.(*py.List); ok {
		return many(l, get, missing)
	}
	v, ok, err := get(key)
	if err != nil {
		return nil, "", err
	}
	if !ok {
		return nil, fmt.Sprintf(missing, py.ToStr(key)), nil
	}
	return v, "", nil
}

// inlineContents makes the bytes of contents arguments; given is false when
// there are none.
func (o *op) inlineContents(ctx context.Context, a *managedArgs) (text string, given bool, problem string, err error) {
	v, problem, err := o.contentsArg(ctx, a)
	if v == nil || problem != "" || err != nil {
		return "", false, problem, err
	}
	if !a.AllowEmpty && !py.IsTrue(v) {
		what := "'contents'"
		switch {
		case !py.IsNone(a.ContentsPillar) && py.IsTrue(a.ContentsPillar):
			what = "contents_pillar " + py.ToStr(a.ContentsPillar)
		case !py.IsNone(a.ContentsGrains) && py.IsTrue(a.ContentsGrains):
			what = "contents_grains " + py.ToStr(a.ContentsGrains)
		}
		return "", false, what + " value would result in empty contents. Set allow_empty to True to allow the managed file to be empty.", nil
	}
	parts, isText, err := strList(v)
	if err != nil {
		return "", false, "", err
	}
	switch {
	case !isText && a.Template != "":
		return "", false, "Contents specified by contents/contents_pillar/contents_grains appears to be binary data, and as will not be able to be treated as a Jinja template.", nil
	case !isText:
		return parts[0], true, "", nil
	case len(parts) == 0:
		return "", false, "Contents specified by contents/contents_pillar/contents_grains is not a string or list of strings, and is not binary data. SLS is likely malformed.", nil
	}
	text = joinContents(parts, a.ContentsNewline)
	if a.Template == "" {
		return text, true, "", nil
	}
	if !isTemplate(a.Template) {
		return "", false, "Specified template format " + a.Template + " is not supported", nil
	}
	text, err = o.render(ctx, text, &sourceArgs{template: a.Template, context: dictOrNil(a.Context), defaults: dictOrNil(a.Defaults)})
	return text, true, "", err
}

func dictOrNil(v py.Value) *py.Dict {
	d, _ := v.(*py.Dict)
	return d
}
