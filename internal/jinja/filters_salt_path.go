package jinja

import (
	"strings"

	"pinch/internal/py"
	"pinch/internal/pypath"
)

// saltPathFilters are Salt's filters on paths as text.
func saltPathFilters() map[string]Filter {
	return map[string]Filter{
		"path_join": fnRest("join(*parts, **kwargs)", pathJoin),
	}
}

func pathJoin(_ *Context, _ []py.Value, rest *py.Args) (py.Value, error) {
	var parts []string
	for _, p := range rest.Pos {
		s, ok := strOf(p)
		if b, isBytes := p.(py.Bytes); isBytes {
			var err error
			if s, err = py.Decode(string(b), "utf-8", "strict"); err != nil {
				return nil, err
			}
		} else if !ok {
			return nil, py.TypeErrorf("expected str, bytes, or bytearray not <class '%s'>", className(p))
		}
		parts = append(parts, pypath.Norm(s))
	}
	var unknown []string
	for _, k := range rest.Kw {
		if k.Name != "use_posixpath" && !strings.HasPrefix(k.Name, "__") {
			unknown = append(unknown, k.Name+"="+py.ToStr(k.Value))
		}
	}
	if unknown != nil {
		return nil, py.Errorf("SaltInvocationError", "The following keyword arguments are not valid: %s", strings.Join(unknown, ", "))
	}
	if len(parts) == 0 {
		return py.Str(""), nil
	}
	out := parts[0]
	for _, p := range parts[1:] {
		p = strings.TrimLeft(p, "/")
		if out != "" && !strings.HasSuffix(out, "/") {
			out += "/"
		}
		out += p
	}
	return py.Str(pypath.Norm(out)), nil
}
