package pkg

import (
	"fmt"

	"pinch/internal/py"
	"pinch/modules"
)

// repack turns a list of names and of one-key mappings (name: version) into
// versions by name. Salt's exception for a list with a name twice is also what
// a malformed list gets.
func repack(pkgs py.Value, normalize func(string) string) (*py.Dict, error) {
	out := py.NewDict()
	l, ok := pkgs.(*py.List)
	n := 0
	if ok {
		n = len(l.Items)
		for _, it := range l.Items {
			name, ver, valid := packageItem(it)
			if !valid {
				out = py.NewDict()
				break
			}
			if !py.IsNone(ver) {
				ver = py.Str(py.ToStr(ver))
			}
			out.SetStr(normalize(name), ver)
		}
	} else if n = length(pkgs); n == 0 {
		return out, nil
	}
	if out.Len() != n {
		return nil, modules.SaltInvocationError(fmt.Sprintf("You are passing a list of packages that contains duplicated packages names: %s. This cannot be processed. In case you are targeting different versions of the same package, please target them individually", py.ToStr(pkgs)))
	}
	return out, nil
}

// packageItem reads an item of a package list.
func packageItem(it py.Value) (name string, ver py.Value, ok bool) {
	switch it := it.(type) {
	case py.Str, py.Int, py.Float, py.Bool:
		return py.ToStr(it), py.None, true
	case *py.Dict:
		if it.Len() != 1 {
			return "", nil, false
		}
		for k, v := range it.All() {
			return py.ToStr(k), v, true
		}
	}
	return "", nil, false
}

func length(v py.Value) int {
	switch v := v.(type) {
	case py.Str:
		return len([]rune(string(v)))
	case *py.Dict:
		return v.Len()
	}
	return -1
}

// packSources turns a list of one-key mappings (name: path or URL) into a
// mapping, which is empty when the list is malformed.
func packSources(sources py.Value, normalize func(string) string) *py.Dict {
	out := py.NewDict()
	l, ok := sources.(*py.List)
	if !ok {
		return out
	}
	for _, it := range l.Items {
		d, ok := it.(*py.Dict)
		if !ok || d.Len() != 1 {
			return py.NewDict()
		}
		for k, v := range d.All() {
			out.SetStr(normalize(py.ToStr(k)), v)
		}
	}
	return out
}

func unchanged(s string) string { return s }

// wantedName is name=version as apt takes it, or name with a comparison.
func wantedName(name string, ver py.Value) string {
	v := str(ver)
	if v == "" {
		return name
	}
	switch v[0] {
	case '<', '>', '=':
		return name + v
	}
	return name + "=" + v
}
