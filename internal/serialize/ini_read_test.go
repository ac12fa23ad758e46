package serialize

import (
	"strings"
	"testing"

	"pinch/internal/py"
)

func TestReadINI(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"plain", "[a]\nB = 2\nc: x y\n# no\n[d]\n", "{'a': {'b': '2', 'c': 'x y'}, 'd': {}}"},
		{"lines", "[a]\nb = 1\n  2\n\n  3\nc=4\n", "{'a': {'b': '1\\n2\\n\\n3', 'c': '4'}}"},
		{"defaults", "[DEFAULT]\nx=1\n[a]\ny=%(x)s%%\n", "{'a': {'x': '1', 'y': '1%'}}"},
		{"no header", "b=1\n", "File contains no section headers."},
		{"twice", "[a]\nb=1\nB=2\n", "option 'b' in section 'a' already exists"},
		{"no value", "[a]\nbad\n", "Source contains parsing errors: 'f'"},
		{"loop", "[a]\nb=%(b)s\n", "Recursion limit exceeded"},
		{"unknown reference", "[a]\nb=%(c)s\n", "interpolation key 'c'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := Deserialize("configparser", c.text, "f")
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				got = py.Repr(v)
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %s, not %s", got, c.want)
			}
		})
	}
}
