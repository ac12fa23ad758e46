package serialize

import (
	"errors"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

// File makes the content of a file for the state file.serialize.
type File struct {
	// Format is the serializer's name, in any case; "" is yaml.
	Format string
	// Name is the file's path, for messages.
	Name string
	// Encoding says that an encoding was given: then text is not escaped.
	Encoding bool
	// Opts is serializer_opts: a list of one-key mappings; nil for none.
	Opts py.Value
	// Merge is merge_if_exists and Existing the file's present content, nil
	// when there is no file.
	Merge    bool
	Existing *string
}

// Refused is a result of the state that is no exception: it fails with
// Comment.
type Refused struct{ Comment string }

// Error implements error.
func (r *Refused) Error() string { return r.Comment }

// ErrSame says that merging changes nothing: the state is in order.
var ErrSame = errors.New("the existing data includes the dataset")

// Content is a file's new content.
type Content struct {
	// Value is a py.Str with a line break at its end, or py.Bytes of a binary
	// format.
	Value py.Value
	// Old is what the file holds and Merged what it becomes, when they were
	// merged.
	Old, Merged *py.Dict
}

// Content returns the file's new content. Errors are *Refused, ErrSame,
// *Error, and *py.Error for what Salt lets escape.
func (f *File) Content(v py.Value) (Content, error) {
	var c Content
	format := py.Lower(f.Format)
	if format == "" {
		format = "yaml"
	}
	if !Known(format) {
		return c, &Refused{"The " + format + " serializer could not be found. It either does " +
			"not exist or its prerequisites are not installed."}
	}
	opts := defaults(format, f.Encoding)
	if f.Opts != nil && py.IsTrue(f.Opts) {
		given, err := RepackDictList(f.Opts)
		if err != nil {
			return c, err
		}
		opts.Update(given)
	}
	if f.Merge && f.Existing != nil {
		var err error
		if c.Old, c.Merged, err = f.merged(format, v); err != nil {
			return c, err
		}
		if c.Merged != nil {
			v = c.Merged
		}
	}
	out, err := Serialize(format, v, opts)
	if s, ok := out.(py.Str); ok {
		out = s + "\n"
	}
	c.Value = out
	return c, err
}

// merged merges the dataset into the existing data; nil when there is none.
func (f *File) merged(format string, v py.Value) (old, merged *py.Dict, err error) {
	if format != "yaml" && format != "json" && format != "configparser" {
		return nil, nil, &Refused{"merge_if_exists is not supported for the " + format + " serializer"}
	}
	have, err := Deserialize(format, *f.Existing, f.Name)
	if err != nil {
		return nil, nil, &Refused{"Failed to deserialize existing data: " + err.Error()}
	}
	if py.IsNone(have) {
		return nil, nil, nil
	}
	out := py.DeepCopy(have)
	if err := update(out, v, 0); err != nil {
		return nil, nil, err
	}
	old, merged = have.(*py.Dict), out.(*py.Dict) // update refuses others
	if same, err := py.Equal(old, merged); err == nil && same {
		return nil, nil, ErrSame
	}
	return old, merged, nil
}

// update is salt.utils.dictupdate.update without merging lists.
func update(dest, upd py.Value, depth int) error {
	d, okD := dest.(*py.Dict)
	u, okU := upd.(*py.Dict)
	if !okD || !okU {
		return py.TypeErrorf("Cannot update using non-dict types in dictupdate.update()")
	}
	if depth > 900 {
		return py.Errorf("RecursionError", "maximum recursion depth exceeded")
	}
	for k, v := range u.All() {
		old, _, err := d.Get(k)
		if err != nil {
			return err
		}
		_, isDict := old.(*py.Dict)
		if _, ok := v.(*py.Dict); ok && isDict {
			if err := update(old, v, depth+1); err != nil {
				return err
			}
			continue
		}
		if err := d.Set(k, v); err != nil {
			return err
		}
	}
	return nil
}

// defaults are the options that file.serialize gives a serializer.
func defaults(format string, encoding bool) *py.Dict {
	opts := py.NewDict()
	switch format {
	case "yaml":
		opts.SetStr("default_flow_style", py.False)
		if encoding {
			opts.SetStr("allow_unicode", py.True)
		}
	case "json":
		opts.SetStr("indent", py.Int(2))
		opts.SetStr("separators", py.Tuple{py.Str(","), py.Str(": ")})
		opts.SetStr("sort_keys", py.True)
		if encoding {
			opts.SetStr("ensure_ascii", py.False)
		}
	}
	return opts
}

// RepackDictList is salt.utils.data.repack_dictlist: one mapping made of a
// list of one-key mappings. A text is read as YAML. Data of another form
// gives an empty mapping, as in Salt, which only logs it.
func RepackDictList(v py.Value) (*py.Dict, error) {
	if s, ok := v.(py.Str); ok {
		var err error
		if v, err = saltyaml.Load(string(s)); err != nil {
			var e *saltyaml.Error
			if errors.As(err, &e) && e.Class == "ParserError" {
				return py.NewDict(), nil
			}
			return nil, err
		}
	}
	out := py.NewDict()
	l, ok := v.(*py.List)
	if !ok {
		return out, nil
	}
	for _, it := range l.Items {
		switch it := it.(type) {
		case *py.Dict:
			if it.Len() != 1 {
				return py.NewDict(), nil
			}
			out.Update(it)
		case py.Str, py.Int, py.Bool, py.Float, *py.Long:
			if err := out.Set(it, py.None); err != nil {
				return nil, err
			}
		default:
			return py.NewDict(), nil
		}
	}
	return out, nil
}
