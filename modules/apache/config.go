package apache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type configFileArgs struct {
	Name   string   `arg:"name,required" doc:"The file."`
	Config py.Value `arg:"config,required" doc:"A list of mappings of one directive or section each; this is what follows a section's name."`
}

type configArgs struct {
	Name   string   `arg:"name,required" doc:"The file."`
	Config py.Value `arg:"config,required" doc:"A list of mappings of one directive or section each; this is what follows a section's name."`
	Edit   bool     `arg:"edit" default:"True" doc:"Writes the file."`
}

// maxDepth bounds sections in sections.
const maxDepth = 200

// directives makes the text of a list of directives and sections.
func directives(config py.Value) (string, error) {
	items, err := py.Collect(config)
	if err != nil {
		return "", err
	}
	var out []string
	for _, item := range items {
		d, ok := item.(*py.Dict)
		if !ok {
			return "", py.Errorf("AttributeError", "'%s' object has no attribute 'keys'", py.TypeName(item))
		}
		if d.Len() == 0 {
			return "", py.Errorf("StopIteration", "")
		}
		key := d.Keys()[0]
		v, _, err := d.Get(key)
		if err != nil {
			return "", err
		}
		text, err := block(v, key, 0)
		if err != nil {
			return "", err
		}
		out = append(out, text)
	}
	return strings.Join(out, "\n"), nil
}

// block makes the text of what stands under one name.
func block(v, slot py.Value, depth int) (string, error) {
	if depth > maxDepth {
		return "", py.Errorf("RecursionError", "maximum recursion depth exceeded")
	}
	name := py.ToStr(slot)
	switch v := v.(type) {
	case py.Str:
		if py.IsTrue(slot) {
			return name + " " + string(v), nil
		}
		return string(v), nil
	case *py.List:
		return listBlock(v, name, depth)
	case *py.Dict:
		this, ok := v.GetStr("this")
		if !ok {
			return "", &modules.Error{Class: "SaltException",
				Msg: fmt.Sprintf(`Apache section container "<%s>" expects attribute. Specify it using key "this".`, name)}
		}
		var b strings.Builder
		fmt.Fprintf(&b, "<%s %s>\n", name, py.ToStr(this))
		for k, e := range v.All() {
			if k == py.Str("this") {
				continue
			}
			switch e.(type) {
			case py.Str, *py.List, *py.Dict:
				// A text is a directive whatever its name is.
				if s, ok := e.(py.Str); ok {
					fmt.Fprintf(&b, "%s %s\n", py.ToStr(k), string(s))
					continue
				}
				text, err := block(e, k, depth+1)
				if err != nil {
					return "", err
				}
				b.WriteString(text + "\n")
			}
		}
		fmt.Fprintf(&b, "</%s>\n", name)
		return b.String(), nil
	}
	return "", nil // numbers are left out, as in Salt
}

// listBlock is a section when one of the items has this, else a directive for
// each item.
func listBlock(l *py.List, name string, depth int) (string, error) {
	this, isSection := "", false
	for _, item := range l.Items {
		has, err := py.Contains(item, py.Str("this"))
		if err != nil {
			return "", err
		}
		if has {
			v, err := py.GetItem(item, py.Str("this"))
			if err != nil {
				return "", err
			}
			this, isSection = py.ToStr(v), true
		}
	}
	var b strings.Builder
	add := func(v, slot py.Value) error {
		text, err := block(v, slot, depth+1)
		b.WriteString(text + "\n")
		return err
	}
	if !isSection {
		for _, item := range l.Items {
			if err := add(item, py.Str(name)); err != nil {
				return "", err
			}
		}
		return b.String(), nil
	}
	fmt.Fprintf(&b, "<%s %s>\n", name, this)
	for _, item := range l.Items {
		d, ok := item.(*py.Dict)
		if !ok {
			return "", py.Errorf("AttributeError", "'%s' object has no attribute 'items'", py.TypeName(item))
		}
		for k, v := range d.All() {
			if k == py.Str("this") {
				continue
			}
			if err := add(v, py.Str(py.ToStr(k))); err != nil {
				return "", err
			}
		}
	}
	fmt.Fprintf(&b, "</%s>\n", name)
	return b.String(), nil
}

func write(w host.Writer, file, text string) error {
	return w.WriteFile(file, strings.NewReader(text), host.WriteOptions{KeepLinks: true})
}

func checkConfigFile(_ context.Context, c *modules.Call, a *configFileArgs) (modules.Plan, error) {
	want, err := directives(a.Config)
	if err != nil {
		return modules.Plan{}, err
	}
	data, err := c.ReadFile(a.Name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return modules.Plan{}, modules.OSError(err)
	}
	have := strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\r", "\n")
	if strings.TrimSpace(have) == strings.TrimSpace(want) {
		return modules.InOrder("Configuration is up to date."), nil
	}
	changes := py.DictOf("old", py.Str(have), "new", py.Str(want))
	return modules.Would("Configuration will update.", changes, func(_ context.Context, w host.Writer) (modules.Done, error) {
		if err := write(w, a.Name, want+"\n"); err != nil {
			c.Log.Error(err.Error()) // Salt tells no cause
			return modules.Done{Result: low.False, Comment: "Failed to create apache configuration."}, nil
		}
		return modules.OK("Successfully created configuration.", changes), nil
	}), nil
}

func configStates() []*modules.Func {
	return []*modules.Func{
		modules.State[configFileArgs]{Name: "apache.configfile", Virtual: stateVirtual(installed), Check: checkConfigFile,
			Doc: "Makes sure that a file has these directives and sections.\n\n```yaml\n/etc/apache2/conf-available/shop.conf:\n  apache.configfile:\n    - config:\n" +
				"      - VirtualHost:\n          this: '*:80'\n          ServerName: shop.example.org\n```"}.Func(),
		modules.Action[configArgs]{Name: "apache.config", Doc: "Makes a file of directives and sections, and returns its text.", Virtual: execVirtual,
			Run: func(_ context.Context, _ *modules.Call, w host.Writer, a *configArgs) (py.Value, error) {
				text, err := directives(a.Config)
				if err == nil && a.Edit {
					err = modules.OSError(write(w, a.Name, "# This file is managed by Salt.\n"+text))
				}
				return py.Str(text), err
			}}.Func(),
	}
}
