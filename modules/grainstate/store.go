// Package grainstate has Salt's grains states and the grains functions that
// change them: grains kept in /etc/salt/grains of the host.
package grainstate

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/match"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/modules"
)

const (
	grainsFile = "/etc/salt/grains"
	delim      = ":"
)

// get follows a path of keys through the grains; def when there is nothing.
func get(c *modules.Call, key string, def py.Value) (py.Value, error) {
	return match.Traverse(c.Grains, py.Str(key), def, delim)
}

// find is get with a word on whether there is something.
func find(c *modules.Call, key string) (v py.Value, ok bool, err error) {
	none := py.NewList() // an object that is nowhere in the grains
	v, err = get(c, key, none)
	if err != nil || v == py.Value(none) {
		return py.None, false, err
	}
	return v, true, nil
}

// save sets grains of the running process and of the file. said is Salt's
// complaint about a file that it cannot read.
func save(c *modules.Call, w host.Writer, values *py.Dict, destructive bool) (said string, err error) {
	kept := py.NewDict()
	exists := false
	if fi, err := w.Stat(grainsFile); err == nil && fi.IsRegular() {
		exists = true
		data, err := w.ReadFile(grainsFile)
		if err != nil {
			return "", fmt.Errorf("%s: read: %w", grainsFile, err)
		}
		v, err := saltyaml.Load(string(data))
		if err != nil {
			return fmt.Sprintf("Unable to read existing grains file: %v", err), nil
		}
		if d, ok := v.(*py.Dict); ok {
			kept = d
		}
	}
	for k, v := range values.All() {
		for _, d := range []*py.Dict{kept, c.Grains} {
			if v == py.None && destructive {
				if _, _, err := d.Delete(k); err != nil {
					return "", err
				}
			} else if err := d.Set(k, v); err != nil {
				return "", err
			}
		}
	}
	text, err := saltyaml.Dump(kept, saltyaml.Options{FlowStyle: saltyaml.Block})
	if err != nil {
		return "", fmt.Errorf("%s: write the grains: %w", grainsFile, err)
	}
	o := host.WriteOptions{}
	if !exists {
		if err := w.MkdirAll(path.Dir(grainsFile), 0o755); err != nil {
			return "", fmt.Errorf("%s: make the directory: %w", path.Dir(grainsFile), err)
		}
		mode := host.GoPerm(0o666 &^ uint32(w.Umask()))
		o.Mode = &mode
	}
	if err := w.WriteFile(grainsFile, strings.NewReader(text), o); err != nil {
		return "", fmt.Errorf("%s: write: %w", grainsFile, err)
	}
	return "", nil
}

// saved is what grains.setval returns: the grain, or a complaint.
func saved(c *modules.Call, w host.Writer, key string, v py.Value, destructive bool) (py.Value, error) {
	d := py.DictOf(key, v)
	said, err := save(c, w, d, destructive)
	if err != nil || said != "" {
		return py.Str(said), err
	}
	return d, nil
}

func complex(v py.Value) bool {
	switch v.(type) {
	case *py.Dict, *py.List:
		return true
	}
	return false
}

// setResult is what grains.set returns.
type setResult struct {
	comment string
	changes *py.Dict
	ok      bool
}

func (r setResult) value() *py.Dict {
	ch := r.changes
	if ch == nil {
		ch = py.NewDict()
	}
	return py.DictOf("comment", py.Str(r.comment), "changes", ch, "result", py.Bool(r.ok))
}

// set is grains.set: it changes a grain, below others where key is a path,
// and refuses to replace what is not a simple value unless force.
func set(c *modules.Call, w host.Writer, key string, val py.Value, force, destructive bool) (setResult, error) {
	refuse := func(format string, args ...any) (setResult, error) {
		return setResult{comment: fmt.Sprintf(format, args...)}, nil
	}
	have, exists, err := find(c, key)
	if err != nil {
		return setResult{}, err
	}
	if exists && (val != py.None || !destructive) {
		same, err := py.Equal(have, val)
		if err != nil {
			return setResult{}, err
		}
		if same {
			return setResult{comment: "Grain is already set", ok: true}, nil
		}
	}
	if exists && have != py.None && !force {
		if complex(have) {
			return refuse("The key '%s' exists but is a dict or a list. Use 'force=True' to overwrite.", key)
		}
		if complex(val) {
			return refuse("The key '%s' exists and the given value is a dict or a list. Use 'force=True' to overwrite.", key)
		}
	}
	for strings.Contains(key, delim) {
		i := strings.LastIndex(key, delim)
		rest := py.Str(key[i+len(delim):])
		key = key[:i]
		parent, err := get(c, key, py.NewDict())
		if err != nil {
			return setResult{}, err
		}
		switch p := parent.(type) {
		case *py.Dict:
			if val == py.None && destructive {
				p.DeleteStr(string(rest))
			} else {
				p.SetStr(string(rest), val)
			}
		case *py.List:
			setInList(p, rest, val)
		default:
			same, err := py.Equal(parent, rest)
			if err != nil {
				return setResult{}, err
			}
			if !same && !force {
				return refuse("The key '%s' value is '%s', which is different from the provided key '%s'. Use 'force=True' to overwrite.", key, py.ToStr(parent), rest)
			}
			parent = py.DictOf(string(rest), val)
		}
		val = parent
	}
	d := py.DictOf(key, val)
	said, err := save(c, w, d, destructive)
	if err != nil {
		return setResult{}, err
	}
	if said != "" {
		return setResult{comment: said}, nil
	}
	return setResult{changes: d, ok: true}, nil
}

// setInList gives an item of a list a value: the item becomes a mapping.
func setInList(l *py.List, item py.Str, val py.Value) {
	done := false
	for i, it := range l.Items {
		if it == py.Value(item) {
			l.Items[i] = py.DictOf(string(item), val)
			done = true
		} else if d, ok := it.(*py.Dict); ok && d.Has(string(item)) {
			d.SetStr(string(item), val)
			done = true
		}
	}
	if !done {
		l.Append(py.DictOf(string(item), val))
	}
}

// store keeps a changed list: the mappings that hold it are stored with it.
func store(c *modules.Call, w host.Writer, key string, v py.Value) (py.Value, error) {
	for strings.Contains(key, delim) {
		i := strings.LastIndex(key, delim)
		rest := key[i+len(delim):]
		key = key[:i]
		parent, err := get(c, key, py.NewDict())
		if err != nil {
			return nil, err
		}
		if d, ok := parent.(*py.Dict); ok {
			d.SetStr(rest, v)
		}
		v = parent
	}
	return saved(c, w, key, v, false)
}

func contains(l *py.List, v py.Value) bool {
	return slices.ContainsFunc(l.Items, func(it py.Value) bool {
		same, err := py.Equal(it, v)
		return err == nil && same
	})
}

// appendTo is grains.append.
func appendTo(c *modules.Call, w host.Writer, key string, val py.Value, convert bool) (py.Value, error) {
	v, err := get(c, key, py.NewList())
	if err != nil {
		return nil, err
	}
	l, ok := v.(*py.List)
	if !ok && convert {
		l, ok = py.NewList(), true
		if v != py.None {
			l.Append(v)
		}
	}
	if !ok {
		return py.Str(fmt.Sprintf("The key %s is not a valid list", key)), nil
	}
	if contains(l, val) {
		return py.Str(fmt.Sprintf("The val %s was already in the list %s", py.ToStr(val), key)), nil
	}
	if more, ok := val.(*py.List); ok {
		l.Items = append(l.Items, more.Items...)
	} else {
		l.Append(val)
	}
	return store(c, w, key, l)
}

// removeFrom is grains.remove.
func removeFrom(c *modules.Call, w host.Writer, key string, val py.Value) (py.Value, error) {
	v, err := get(c, key, py.NewList())
	if err != nil {
		return nil, err
	}
	l, ok := v.(*py.List)
	if !ok {
		return py.Str(fmt.Sprintf("The key %s is not a valid list", key)), nil
	}
	for i, it := range l.Items {
		if same, err := py.Equal(it, val); err == nil && same {
			l.Items = slices.Delete(l.Items, i, i+1)
			return store(c, w, key, l)
		}
	}
	return py.Str(fmt.Sprintf("The val %s was not in the list %s", py.ToStr(val), key)), nil
}
