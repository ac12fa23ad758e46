package saltfun

import (
	"fmt"

	"pinch/internal/py"
)

// jinjaFuncs are the functions of Salt's module jinja: they load a map file
// and give its value through JSON, so that its dicts are plain.
func jinjaFuncs() []*function {
	load := func(c *call, text string) (py.Value, error) {
		if c.h.Render == nil {
			return nil, py.Errorf("CommandExecutionError", "%s cannot render here", c.fn.name)
		}
		v, err := c.h.Render(c.ctx, RenderRequest{Text: text, Pipe: "jinja|yaml", SaltEnv: "base"})
		if err != nil {
			return nil, err
		}
		return py.Plain(v), nil
	}
	return []*function{
		parse("jinja.load_map", "path!, value", func(c *call) (py.Value, error) {
			name := py.ToStr(c.arg("value"))
			return load(c, fmt.Sprintf("{%% from %q import %s with context %%}\n{{ %s | tojson }}\n",
				py.ToStr(c.arg("path")), name, name))
		}),
		parse("jinja.import_yaml", "path", func(c *call) (py.Value, error) {
			return load(c, fmt.Sprintf("{%% import_yaml %q as imported %%}\n{{ imported | tojson }}\n", py.ToStr(c.arg("path"))))
		}),
		parse("jinja.import_json", "path", func(c *call) (py.Value, error) {
			return load(c, fmt.Sprintf("{%% import_json %q as imported %%}\n{{ imported | tojson }}\n", py.ToStr(c.arg("path"))))
		}),
	}
}
