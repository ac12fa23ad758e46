package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type keyvalueArgs struct {
	Name            string   `arg:"name,required" doc:"Absolute path of the file."`
	Key             py.Value `arg:"key" doc:"The key to set."`
	Value           py.Value `arg:"value" doc:"Its value."`
	KeyValues       py.Value `arg:"key_values" doc:"Mapping of keys to values, instead of one key."`
	Separator       string   `arg:"separator" default:"'='" doc:"What stands between key and value."`
	AppendMissing   bool     `arg:"append_if_not_found" default:"False" doc:"Add missing keys at the end."`
	PrependMissing  bool     `arg:"prepend_if_not_found" default:"False" doc:"Add missing keys at the beginning."`
	SearchOnly      py.Value `arg:"search_only" default:"False" doc:"Has no effect in Salt either."`
	ShowChanges     bool     `arg:"show_changes" default:"True" doc:"Show what changed."`
	IgnoreMissing   bool     `arg:"ignore_if_missing" default:"False" doc:"A missing file is no failure."`
	Count           int      `arg:"count" default:"1" doc:"How many lines of a key to edit; others are deleted. -1 is all."`
	Uncomment       *string  `arg:"uncomment" doc:"Characters in front of a key that are taken away."`
	KeyIgnoreCase   bool     `arg:"key_ignore_case" default:"False" doc:"Find keys in any case."`
	ValueIgnoreCase bool     `arg:"value_ignore_case" default:"False" doc:"Accept values in any case."`
	CreateMissing   bool     `arg:"create_if_missing" default:"False" doc:"Make a missing file."`
	Prune           bool     `arg:"prune" default:"False" doc:"Delete lines of other keys."`
}

const keyvalueDoc = "Sets keys in a file of lines like `key=value`.\n" +
	"```yaml\n" +
	"/etc/default/app:\n" +
	"  file.keyvalue:\n" +
	"    - key_values:\n" +
	"        PORT: '8080'\n" +
	"        USER: app\n" +
	"    - separator: '='\n" +
	"    - uncomment: '# '\n" +
	"    - append_if_not_found: True\n" +
	"```"

func keyvalue() *modules.Func {
	return modules.State[keyvalueArgs]{Name: "file.keyvalue", Doc: keyvalueDoc,
		Check: func(ctx context.Context, c *modules.Call, a *keyvalueArgs) (modules.Plan, error) {
			return plan(ctx, c, func(_ context.Context, o *op) (*ret, error) { return o.keyvalue(a) })
		}}.Func()
}

// kv is a key with the value that it should have.
type kv struct {
	key   string
	value py.Value
	left  int // how many more lines may have it; negative: any
}

// kvEdit is a file's lines while keys are set in them.
type kvEdit struct {
	*keyvalueArgs
	keys    []*kv
	out     []string // the new lines
	diff    []string
	pruned  []string
	changes int
}

func (o *op) keyvalue(a *keyvalueArgs) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	r.result = low.None
	if name == "" {
		return r.fail("Must provide name to file.keyvalue"), nil
	}
	d, isDict := py.OrNone(a.KeyValues).(*py.Dict)
	if !py.IsNone(a.Key) && !py.IsNone(a.Value) {
		if isDict {
			return r.fail("file.keyvalue can not combine key_values with key and value"), nil
		}
		d = py.DictOf(py.ToStr(a.Key), a.Value)
	} else if !isDict || d.Len() == 0 {
		why := "is not a dictionary"
		if !given(a.KeyValues) {
			why = "is empty"
		}
		return r.fail("file.keyvalue key and value not supplied and key_values " + why), nil
	}
	data, err := o.w.ReadFile(name)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) || !a.CreateMissing {
			r.is(low.TriOf(py.Bool(a.IgnoreMissing)), "unable to open "+name)
			return r, nil
		}
		a.AppendMissing = true
	}
	e := &kvEdit{keyvalueArgs: a}
	for k, v := range d.All() {
		e.keys = append(e.keys, &kv{py.ToStr(k), v, a.Count})
	}
	for _, l := range splitBytes(string(data)) {
		e.line(l)
	}
	e.missing()
	for _, l := range e.pruned {
		e.diff = insertAt(e.diff, 1, "- "+l)
	}
	if e.changes == 0 && len(e.pruned) == 0 {
		return r.is(low.True, ""), nil
	}
	if a.ShowChanges {
		r.change("diff", py.Str(strings.Join(e.diff, "")))
	}
	if o.test {
		r.comment = fmt.Sprintf("File %s is set to be changed (%d lines modified, %d deleted)", name, e.changes, len(e.pruned))
		if a.ShowChanges {
			r.comment += "\nPredicted diff:\n\r\t\t" + strings.Join(e.diff, "\r\t\t")
		}
		return r, nil
	}
	opt := host.WriteOptions{KeepLinks: true}
	if !lexists(o.w, name) {
		mode := host.GoPerm(uint32(0o666 &^ o.w.Umask()))
		opt.Mode = &mode
	}
	if err := o.w.WriteFile(name, strings.NewReader(strings.Join(e.out, "")), opt); err != nil {
		return r.fail(name + " not writable"), nil
	}
	return r.is(low.True, fmt.Sprintf("Changed %d, deleted %d lines", e.changes, len(e.pruned))), nil
}

func insertAt(list []string, i int, s string) []string {
	i = min(i, len(list))
	return append(list[:i:i], append([]string{s}, list[i:]...)...)
}

// line deals with one line of the file.
func (e *kvEdit) line(line string) {
	bare := strings.TrimLeft(line, pythonSpace)
	if e.Uncomment != nil {
		bare = strings.TrimLeft(line, *e.Uncomment)
	}
	uncommented := len(line) > len(bare)
	test := bare
	if e.KeyIgnoreCase {
		test = strings.ToLower(test)
	}
	key, rest, found := strings.Cut(bare, e.Separator)
	fold := func(s string) string {
		if e.KeyIgnoreCase {
			return strings.ToLower(s)
		}
		return s
	}
	if e.Prune {
		known := false
		for _, k := range e.keys {
			known = known || strings.HasPrefix(test, fold(k.key))
		}
		if !known {
			e.pruned = append(e.pruned, line)
			return
		}
	}
	value := rest
	for _, k := range e.keys {
		if !found || !strings.HasPrefix(test, fold(k.key)) || fold(key) != fold(k.key) {
			continue
		}
		value = strings.Trim(value, pythonSpace)
		want := strings.Trim(py.ToStr(k.value), pythonSpace)
		if e.ValueIgnoreCase {
			value, want = strings.ToLower(value), strings.ToLower(want)
		}
		matches, needs := value == want, false
		switch {
		case uncommented && k.left > 0:
			needs = true
		case uncommented && !matches:
			matches = true
		case !uncommented && k.left == 0:
			needs = true
		}
		if !matches || needs {
			e.diff = append(e.diff, "- "+line)
			line = ""
			if k.left != 0 {
				line = key + e.Separator + py.ToStr(k.value) + "\n"
				if _, isText := k.value.(py.Str); isText {
					e.diff = append(e.diff, "+ "+line)
				} else {
					e.diff = append(e.diff, fmt.Sprintf("+ %s (from %s type)\n", strings.TrimRight(line, pythonSpace), k.value.Type()))
				}
			}
			e.changes++
		}
		if k.left > 0 {
			k.left--
		}
	}
	e.out = append(e.out, line)
}

// missing adds the keys that were not found.
func (e *kvEdit) missing() {
	switch {
	case e.AppendMissing:
		var added []string
		for _, k := range e.keys {
			if k.left > 0 {
				l := k.key + e.Separator + py.ToStr(k.value) + "\n"
				added = append(added, "+ "+l)
				e.out = append(e.out, l)
				e.changes++
			}
		}
		if len(added) > 0 {
			e.diff = append(e.diff, "- <EOF>\n")
			e.diff = append(e.diff, added...)
			e.diff = append(e.diff, "+ <EOF>\n")
		}
	case e.PrependMissing:
		first := true
		for _, k := range e.keys {
			if k.left <= 0 {
				continue
			}
			if first {
				e.diff = insertAt(e.diff, 0, "  <SOF>\n")
				first = false
			}
			l := k.key + e.Separator + py.ToStr(k.value) + "\n"
			e.diff = insertAt(e.diff, 1, "+ "+l)
			e.out = insertAt(e.out, 0, l)
			e.changes++
		}
	}
}
