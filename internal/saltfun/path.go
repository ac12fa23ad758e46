package saltfun

import (
	"pinch/internal/py"
	"pinch/internal/pypath"
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
		one("file.basename", pypath.Base),
		one("file.dirname", pypath.Dir),
		one("file.normpath", pypath.Norm),
		parse("file.join", "*args", func(c *call) (py.Value, error) {
			if len(c.rest) == 0 {
				return nil, py.TypeErrorf("join() missing 1 required positional argument: 'a'")
			}
			parts := make([]string, len(c.rest))
			for i, v := range c.rest {
				s, ok := v.(py.Str)
				if !ok {
					if i == 0 {
						return nil, py.TypeErrorf("expected str, bytes or os.PathLike object, not %s", py.TypeName(v))
					}
					return nil, py.TypeErrorf("join() argument must be str, bytes, or os.PathLike object, not '%s'", v.Type())
				}
				parts[i] = string(s)
			}
			return py.Str(pypath.Join(parts...)), nil
		}),
	}
}
