package saltfun

import (
	"pinch/internal/py"
)

func miscFuncs() []*function {
	return []*function{
		parse("salt_version.get_release_number", "name", func(c *call) (py.Value, error) {
			name, ok := c.arg("name").(py.Str)
			if !ok {
				return nil, py.Errorf("CommandExecutionError", "'name' argument must be a string")
			}
			v, ok := releases[lowerASCII(string(name))]
			switch {
			case !ok:
				return py.None, nil
			case len(v) > 1 && v[1] == 0:
				return py.Str("No version assigned."), nil
			}
			return py.Str(joinInts(v)), nil
		}),
		versionTest("salt_version.equal", func(d int) bool { return d == 0 }),
		versionTest("salt_version.greater_than", func(d int) bool { return d > 0 }),
		versionTest("salt_version.less_than", func(d int) bool { return d < 0 }),
	}
}

// versionTest compares the running release, without its last part, with the
// release of a code name. Unknown names compare as nothing.
func versionTest(fun string, test func(int) bool) *function {
	return parse(fun, "name", func(c *call) (py.Value, error) {
		name, ok := c.arg("name").(py.Str)
		if !ok {
			return nil, py.Errorf("CommandExecutionError", "'name' argument must be a string")
		}
		v, ok := releases[lowerASCII(string(name))]
		if !ok || len(v) > 1 && v[1] == 0 {
			return py.False, nil
		}
		return py.Bool(test(compareInts([]int{3008}, v))), nil
	})
}

func compareInts(a, b []int) int {
	for i := range max(len(a), len(b)) {
		var x, y int
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return x - y
		}
	}
	return 0
}

func joinInts(v []int) string {
	s := ""
	for i, n := range v {
		if i > 0 {
			s += "."
		}
		s += py.ToStr(py.Int(n))
	}
	return s
}
