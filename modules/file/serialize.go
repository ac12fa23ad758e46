package file

import (
	"context"
	"errors"
	"strings"

	"pinch/internal/py"
	"pinch/internal/serialize"
	"pinch/modules"
	"pinch/states/low"
)

type serializeArgs struct {
	Name             string   `arg:"name,required" doc:"Absolute path of the file."`
	Dataset          py.Value `arg:"dataset" doc:"The data."`
	DatasetPillar    py.Value `arg:"dataset_pillar" doc:"Pillar key of the data."`
	User             py.Value `arg:"user" doc:"Owner, by name or number."`
	Group            py.Value `arg:"group" doc:"Group, by name or number."`
	Mode             py.Value `arg:"mode" doc:"Permission bits."`
	Backup           py.Value `arg:"backup" default:"''" doc:"minion keeps the old file in the minion's cache directory."`
	Makedirs         bool     `arg:"makedirs" default:"False" doc:"Make missing parent directories."`
	ShowChanges      bool     `arg:"show_changes" default:"True" doc:"Show a diff."`
	Create           bool     `arg:"create" default:"True" doc:"Create the file when it is missing."`
	MergeIfExists    bool     `arg:"merge_if_exists" default:"False" doc:"Merge the data into what the file holds."`
	Encoding         string   `arg:"encoding" doc:"Encoding of the file."`
	EncodingErrors   string   `arg:"encoding_errors" default:"'strict'" doc:"What is done with characters that the encoding has not."`
	Serializer       py.Value `arg:"serializer" doc:"Format: yaml, json, configparser, toml or msgpack; formatter is another name for it."`
	SerializerOpts   py.Value `arg:"serializer_opts" doc:"Options of the serializer."`
	DeserializerOpts py.Value `arg:"deserializer_opts" doc:"Options for reading the old file."`
	CheckCmd         string   `arg:"check_cmd" doc:"Command that must succeed on the new content, its path appended, before it is put in place."`
	TmpDir           py.Value `arg:"tmp_dir" doc:"Directory of the temporary file that check_cmd gets."`
	TmpExt           string   `arg:"tmp_ext" default:"''" doc:"End of the name of the temporary file that check_cmd gets."`
	Kwargs           *py.Dict `arg:"**"`
}

const serializeDoc = "Writes data to a file in a format such as YAML or JSON.\n" +
	"```yaml\n" +
	"/etc/app.json:\n" +
	"  file.serialize:\n" +
	"    - formatter: json\n" +
	"    - dataset:\n" +
	"        port: 8080\n" +
	"        hosts: [a, b]\n" +
	"```"

func serializeState() *modules.Func {
	return modules.State[serializeArgs]{Name: "file.serialize", Doc: serializeDoc,
		Check: func(ctx context.Context, c *modules.Call, a *serializeArgs) (modules.Plan, error) {
			return plan(ctx, c, func(ctx context.Context, o *op) (*ret, error) { return o.serialize(ctx, a) })
		}}.Func()
}

// serializerError is what Salt raises.
func serializerError(class string, err error) error {
	var se *serialize.Error
	if errors.As(err, &se) {
		return &py.Error{Class: "salt.serializers." + class, Msg: se.Error(), Err: err}
	}
	return err
}

func (o *op) serialize(ctx context.Context, a *serializeArgs) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	if name == "" {
		return r.fail("Must provide name to file.serialize"), nil
	}
	if !a.Create && !isFile(o.w, name) {
		return r.is(low.True, "File "+name+" is not present and is not set for creation"), nil
	}
	formatter := py.OrNone(a.Kwargs.Lookup("formatter"))
	if given(a.Serializer) && given(formatter) {
		return r.fail("Only one of serializer and formatter are allowed"), nil
	}
	format := "yaml"
	for _, v := range []py.Value{formatter, a.Serializer} {
		if given(v) {
			format = strings.ToLower(py.ToStr(v))
		}
	}
	if given(a.Dataset) && given(a.DatasetPillar) {
		return r.fail("Only one of 'dataset' and 'dataset_pillar' is permitted"), nil
	}
	data := py.OrNone(a.Dataset)
	if given(a.DatasetPillar) {
		v, ok, err := o.pillarGet(ctx, a.DatasetPillar, "")
		if err != nil {
			return nil, err
		}
		if data = v; !ok {
			data = py.Str("") // pillar.get's default
		}
	}
	if py.IsNone(data) {
		return r.fail("Neither 'dataset' nor 'dataset_pillar' was defined"), nil
	}
	f := serialize.File{Format: format, Name: name, Encoding: a.Encoding != "", Opts: py.OrNone(a.SerializerOpts), Merge: a.MergeIfExists}
	switch {
	case a.MergeIfExists && isFile(o.w, name):
		text, err := o.w.ReadFile(name)
		if err != nil {
			return nil, err
		}
		existing := string(text)
		f.Existing = &existing
	case !a.MergeIfExists && given(a.DeserializerOpts):
		r.warn("The 'deserializer_opts' option is ignored unless merge_if_exists is set to True.")
	}
	content, err := f.Content(data)
	var refused *serialize.Refused
	switch {
	case errors.As(err, &refused):
		return r.fail(refused.Comment), nil
	case errors.Is(err, serialize.ErrSame):
		return r.is(low.True, "The file "+name+" is in the correct state"), nil
	case err != nil:
		return nil, serializerError("SerializationError", err)
	}
	text := py.ToStr(content.Value)
	if b, ok := content.Value.(py.Bytes); ok {
		text = string(b)
	}
	if r, err = o.serialized(ctx, r, a, text); err != nil {
		return nil, err
	}
	if content.Merged != nil {
		r.change("diff", recursiveDiff(content.Merged, content.Old))
	}
	return r, nil
}

// recursiveDiff is Salt's dictdiffer.recursive_diff(old, new).diffs.
func recursiveDiff(new, old *py.Dict) *py.Dict {
	out := py.NewDict()
	for k, n := range new.All() {
		h, found, _ := old.Get(k) // k is a key already
		switch {
		case !found:
			_ = out.Set(k, py.DictOf("new", n, "old", py.Str("<_null_>"))) // k is a key already
		case !same(n, h):
			nd, ok1 := n.(*py.Dict)
			od, ok2 := h.(*py.Dict)
			if !ok1 || !ok2 {
				_ = out.Set(k, py.DictOf("new", n, "old", h)) // k is a key already
			} else if sub := recursiveDiff(nd, od); sub.Len() > 0 {
				_ = out.Set(k, sub) // k is a key already
			}
		}
	}
	return out
}

// serialized manages the file with its new text.
func (o *op) serialized(ctx context.Context, r *ret, a *serializeArgs, text string) (*ret, error) {
	mode := normalizeMode(a.Mode)
	t := target{name: r.name, hasContents: true, contents: []byte(text), backup: a.Backup, makedirs: a.Makedirs, showChanges: a.ShowChanges,
		perms: perms{user: a.User, group: a.Group, mode: mode, attrs: py.None, follow: true}}
	if o.test {
		t.showChanges, t.perms.follow = true, false
		if _, err := o.metaChanges(ctx, r, t); err != nil {
			return nil, err
		}
		if r.changes.Len() == 0 {
			return r.is(low.True, "The file "+r.name+" is in the correct state"), nil
		}
		if !a.ShowChanges {
			r.change("diff", py.Str(hiddenDiff))
		}
		return r.is(low.None, "Dataset will be serialized and stored into "+r.name), nil
	}
	var err error
	if t.contents, err = encode(text, a.Encoding, a.EncodingErrors); err != nil {
		return nil, err
	}
	if a.CheckCmd != "" {
		tmp, err := o.checkTemp(a.TmpDir, a.TmpExt)
		if err != nil {
			return nil, err
		}
		bad, tried, err := o.checkCommand(ctx, a.CheckCmd, t, tmp)
		if err != nil {
			return r.fail("Unable to check_cmd file: " + raised(err)), nil
		}
		if bad != nil {
			bad.changes = tried
			return bad, nil
		}
	}
	return o.manageFile(ctx, r, t)
}
