package saltfun

import (
	"strings"

	"pinch/internal/jinja"
	"pinch/internal/py"
	"pinch/internal/pypath"
)

func slsutilFuncs() []*function {
	exists := func(name string, test func(c *call, path, env string) bool) *function {
		return parse(name, "path!, saltenv='base'", func(c *call) (py.Value, error) {
			return py.Bool(test(c, py.ToStr(c.arg("path")), py.ToStr(c.arg("saltenv")))), nil
		})
	}
	isFile := func(c *call, p, env string) bool { return c.h.Files.HasFile(p, env) }
	isDir := func(c *call, p, env string) bool { return c.h.Files.HasDir(p, env) }
	either := func(c *call, p, env string) bool { return isFile(c, p, env) || isDir(c, p, env) }
	return []*function{
		parse("slsutil.update", "dest, upd, recursive_update=True, merge_lists=False", func(c *call) (py.Value, error) {
			return Update(c.arg("dest"), c.arg("upd"), c.is("recursive_update"), c.is("merge_lists"))
		}),
		parse("slsutil.merge", "obj_a, obj_b, strategy='smart', renderer='yaml', merge_lists=False", func(c *call) (py.Value, error) {
			return Merge(c.arg("obj_a"), c.arg("obj_b"), py.ToStr(c.arg("strategy")), py.ToStr(c.arg("renderer")), c.is("merge_lists"))
		}),
		parse("slsutil.merge_all", "lst, strategy='smart', renderer='yaml', merge_lists=False", func(c *call) (py.Value, error) {
			items, err := py.Collect(c.arg("lst"))
			if err != nil {
				return nil, err
			}
			var out py.Value = py.NewDict()
			for _, it := range items {
				if out, err = Merge(out, it, py.ToStr(c.arg("strategy")), py.ToStr(c.arg("renderer")), c.is("merge_lists")); err != nil {
					return nil, err
				}
			}
			return out, nil
		}),
		parse("slsutil.renderer", "path=None, string=None, default_renderer='jinja|yaml', **kwargs", slsutilRenderer),
		parse("slsutil.serialize", "serializer, obj, **mod_kwargs", func(c *call) (py.Value, error) {
			return serializeAs(py.ToStr(c.arg("serializer")), c.arg("obj"), cleanKwargs(c.kw))
		}),
		parse("slsutil.deserialize", "serializer, stream_or_string, **mod_kwargs", func(c *call) (py.Value, error) {
			return deserialize(py.ToStr(c.arg("serializer")), c.arg("stream_or_string"))
		}),
		parse("slsutil.banner", "width=72, commentchar='#', borderchar='#', blockstart=None, blockend=None, title=None, text=None, newline=False", slsutilBanner),
		parse("slsutil.boolstr", "value!, true='true', false='false'", func(c *call) (py.Value, error) {
			if c.is("value") {
				return c.arg("true"), nil
			}
			return c.arg("false"), nil
		}),
		exists("slsutil.file_exists", isFile),
		exists("slsutil.dir_exists", isDir),
		exists("slsutil.path_exists", either),
		parse("slsutil.findup", "startpath, filenames, saltenv='base'", func(c *call) (py.Value, error) {
			return findUp(c, func(p string) bool { return either(c, p, py.ToStr(c.arg("saltenv"))) })
		}),
	}
}

// cleanKwargs drops Salt's own arguments (__pub_fun and the like).
func cleanKwargs(kw *py.Dict) *py.Dict {
	out := py.NewDict()
	for k, v := range kw.All() {
		if name := string(k.(py.Str)); !strings.HasPrefix(name, "__") {
			out.SetStr(name, v)
		}
	}
	return out
}

func slsutilRenderer(c *call) (py.Value, error) {
	hasPath, hasText := c.is("path"), c.is("string")
	switch {
	case !hasPath && !hasText:
		return nil, py.Errorf("SaltInvocationError", "Must pass path or string.")
	case hasPath && hasText:
		return nil, py.Errorf("SaltInvocationError", "Must not pass both path and string.")
	case c.h.Render == nil:
		return nil, py.Errorf("CommandExecutionError", "slsutil.renderer cannot render here")
	}
	r := RenderRequest{Pipe: py.ToStr(c.arg("default_renderer")), SaltEnv: "base", Vars: c.kw.Copy()}
	if env, ok := r.Vars.DeleteStr("saltenv"); ok {
		r.SaltEnv = py.ToStr(env)
	}
	if hasText {
		r.Text = py.ToStr(c.arg("string"))
	} else {
		r.URL = py.ToStr(c.arg("path"))
	}
	return c.h.Render(c.ctx, r)
}

func slsutilBanner(c *call) (py.Value, error) {
	width, ok := py.AsInt(c.arg("width"))
	if !ok {
		return nil, py.TypeErrorf("unsupported operand type(s) for -: '%s' and 'int'", py.TypeName(c.arg("width")))
	}
	comment, border := py.ToStr(c.arg("commentchar")), py.ToStr(c.arg("borderchar"))
	title, text := "THIS FILE IS MANAGED BY SALT - DO NOT EDIT",
		"The contents of this file are managed by Salt. Any changes to this file may be overwritten automatically and without warning."
	if !c.none("title") {
		title = py.ToStr(c.arg("title"))
	}
	if !c.none("text") {
		text = py.ToStr(c.arg("text"))
	}
	left, right := strings.TrimRight(comment, " \t\n\r\f\v"), strings.TrimSpace(comment)
	inner := int(width) - length(left) - 1 - length(right) - 1
	if inner <= 0 {
		return nil, py.Errorf("ArgumentValueError", "Width is too small to render banner")
	}
	edge := ""
	if border != "" {
		first, _ := py.Collect(py.Str(border))
		edge = strings.Repeat(string(first[0].(py.Str)), max(0, int(width)-length(left)-length(right)))
	}
	rule := comment + edge + right
	spacer := comment + strings.Repeat(" ", max(0, int(width)-length(comment)*2)) + comment
	var lines []string
	if !c.none("blockstart") {
		lines = append(lines, py.ToStr(c.arg("blockstart")))
	}
	lines = append(lines, rule, spacer)
	titleLines, err := jinja.WrapText(title, inner)
	if err != nil {
		return nil, err
	}
	textLines, err := jinja.WrapText(text, inner)
	if err != nil {
		return nil, err
	}
	for _, l := range titleLines {
		lines = append(lines, left+" "+center(l, inner)+" "+right)
	}
	lines = append(lines, spacer)
	for _, l := range textLines {
		lines = append(lines, left+" "+l+strings.Repeat(" ", inner-length(l))+" "+right)
	}
	lines = append(lines, rule)
	if !c.none("blockend") {
		lines = append(lines, py.ToStr(c.arg("blockend")))
	}
	out := strings.Join(lines, "\n")
	if c.is("newline") {
		out += "\n"
	}
	return py.Str(out), nil
}

func length(s string) int { return len([]rune(s)) }

// center is str.center, which puts the odd blank left when the width is odd.
func center(s string, width int) string {
	pad := width - length(s)
	if pad <= 0 {
		return s
	}
	left := pad/2 + pad&width&1
	return strings.Repeat(" ", left) + s + strings.Repeat(" ", pad-left)
}

func findUp(c *call, exists func(string) bool) (py.Value, error) {
	start := ""
	if c.is("startpath") {
		start = pypath.Norm(py.ToStr(c.arg("startpath")))
		if !exists(start) {
			return nil, py.Errorf("SaltInvocationError", "Starting path not found in the state tree: %s", start)
		}
	}
	var names []py.Value
	switch f := c.arg("filenames").(type) {
	case py.Str:
		names = []py.Value{f}
	case *py.List:
		names = f.Items
	default:
		return nil, py.Errorf("SaltInvocationError", "Filenames argument must be a string or list of strings")
	}
	for {
		for _, n := range names {
			full := py.ToStr(n)
			if start != "" {
				full = pypath.Norm(pypath.Join(start, full))
			}
			if exists(full) {
				return py.Str(full), nil
			}
		}
		if start == "" {
			return nil, py.Errorf("CommandExecutionError", "File pattern(s) not found in path ancestry")
		}
		start = pypath.Dir(start)
	}
}
