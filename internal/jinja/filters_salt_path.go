package jinja

import (
	"strings"

	"pinch/internal/py"
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
		parts = append(parts, normPath(s))
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
	return py.Str(normPath(out)), nil
}

// relPath is posixpath.relpath of two absolute paths.
func relPath(p, start string) string {
	split := func(s string) []string {
		return strings.FieldsFunc(normPath(s), func(r rune) bool { return r == '/' })
	}
	to, from := split(p), split(start)
	same := 0
	for same < len(to) && same < len(from) && to[same] == from[same] {
		same++
	}
	var out []string
	for range from[same:] {
		out = append(out, "..")
	}
	if out = append(out, to[same:]...); len(out) == 0 {
		return "."
	}
	return strings.Join(out, "/")
}

// normPath is posixpath.normpath, which keeps two leading slashes.
func normPath(p string) string {
	if p == "" {
		return "."
	}
	lead := ""
	if strings.HasPrefix(p, "/") {
		lead = "/"
		if strings.HasPrefix(p, "//") && !strings.HasPrefix(p, "///") {
			lead = "//"
		}
	}
	var out []string
	for _, part := range strings.Split(p, "/") {
		switch {
		case part == "" || part == ".":
		case part != ".." || lead == "" && len(out) == 0 || len(out) > 0 && out[len(out)-1] == "..":
			out = append(out, part)
		case len(out) > 0:
			out = out[:len(out)-1]
		}
	}
	if s := lead + strings.Join(out, "/"); s != "" {
		return s
	}
	return "."
}
