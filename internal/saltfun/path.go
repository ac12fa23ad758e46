package saltfun

import (
	"strings"

	"pinch/internal/py"
)

func pathFuncs() []*function {
	one := func(name string, f func(string) string) *function {
		return parse(name, "path", func(c *call) (py.Value, error) {
			p, err := c.text("path")
			if err != nil {
				return nil, err
			}
			return py.Str(f(p)), nil
		})
	}
	return []*function{
		one("file.basename", baseName),
		one("file.dirname", dirName),
		one("file.normpath", normPath),
		parse("file.join", "*args", func(c *call) (py.Value, error) {
			if len(c.rest) == 0 {
				return nil, py.TypeErrorf("join() missing 1 required positional argument: 'a'")
			}
			parts := make([]string, len(c.rest))
			for i, v := range c.rest {
				s, ok := v.(py.Str)
				if !ok {
					if i == 0 {
						return nil, py.TypeErrorf("expected str, bytes or os.PathLike object, not %s", v.Type())
					}
					return nil, py.TypeErrorf("join() argument must be str, bytes, or os.PathLike object, not '%s'", v.Type())
				}
				parts[i] = string(s)
			}
			return py.Str(joinPath(parts...)), nil
		}),
	}
}

// The functions below are Python's posixpath, which differs from Go's path:
// dirname("a/") is "a", join does not clean, and "//" stays.

func baseName(p string) string { return p[strings.LastIndexByte(p, '/')+1:] }

func dirName(p string) string {
	head := p[:strings.LastIndexByte(p, '/')+1]
	if t := strings.TrimRight(head, "/"); t != "" {
		return t
	}
	return head
}

func joinPath(parts ...string) string {
	out := parts[0]
	for _, p := range parts[1:] {
		switch {
		case strings.HasPrefix(p, "/"):
			out = p
		case out == "" || strings.HasSuffix(out, "/"):
			out += p
		default:
			out += "/" + p
		}
	}
	return out
}

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
