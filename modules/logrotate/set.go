package logrotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
)

func checkSet(ctx context.Context, c *modules.Call, a *stateArgs) (modules.Plan, error) {
	inside := py.Value(py.None)
	what, want := fmt.Sprintf("command '%s' value: ", a.Key), toInt(a.Value)
	already, would := fmt.Sprintf("Command '%s' already has value: ", a.Key), fmt.Sprintf("Command '%s' will be set to value: ", a.Key)
	args := &setArgs{Key: a.Key, Value: want, Setting: py.None, File: a.File}
	if a.Setting != py.None {
		inside, want = a.Value, toInt(a.Setting)
		both := fmt.Sprintf("lock '%s' command '%s'", a.Key, py.ToStr(a.Value))
		what, already, would = "b"+both+" value: ", "B"+both+" already has value: ", "B"+both+" will be set to value: "
		args.Value, args.Setting = a.Value, want
	}
	current, err := get(c, a.Key, inside, a.File)
	var pe *py.Error
	switch {
	case errors.As(err, &pe) && (pe.Class == "AttributeError" || pe.Class == "KeyError"):
		current = py.False
	case err != nil:
		return modules.Plan{}, err
	}
	same, err := py.Equal(current, want)
	if err != nil {
		return modules.Plan{}, err
	}
	said := py.ToStr(want)
	if same {
		return modules.InOrder(already + said), nil
	}
	changes := py.DictOf("old", current, "new", want)
	return modules.Would(would+said, changes, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		ok, err := set(ctx, c, w, args)
		if err != nil {
			return modules.Done{}, err
		}
		if !py.IsTrue(ok) {
			d := modules.Failed("Unable to set " + what + said)
			d.Changes = changes
			return d, nil
		}
		return modules.OK("Set "+what+said, changes), nil
	}), nil
}

// set is Salt's logrotate.set.
func set(ctx context.Context, c *modules.Call, r host.Reader, a *setArgs) (py.Value, error) {
	conf, err := read(r, a.File)
	if err != nil {
		return nil, err
	}
	file := holder(conf, a.Key, a.File)
	current, known := conf.GetStr(a.Key)
	if a.Setting == py.None {
		if !known {
			current = py.False
		}
		if _, isBlock := current.(*py.Dict); isBlock {
			return nil, modules.SaltInvocationError(fmt.Sprintf(
				"Error: %s includes a dict, and a specific setting inside the dict was not declared", a.Key))
		}
		if same, err := py.Equal(a.Value, current); err != nil || same {
			return py.True, err
		}
		line := ""
		switch {
		case a.Value == py.True:
			line = a.Key
		case py.IsTrue(a.Value):
			line = a.Key + " " + py.ToStr(a.Value)
		}
		return replace(ctx, c, file, "^"+a.Key+".*", 8, "prepend_if_not_found", line)
	}
	if !known {
		current = py.NewDict()
	}
	block, ok := current.(*py.Dict)
	if !ok && py.IsTrue(current) {
		return nil, modules.SaltInvocationError("Error: A setting for a dict was declared, but the configuration line given is not a dict")
	}
	have, err := inBlock(current, a.Value)
	if err != nil {
		return nil, err
	}
	if same, err := py.Equal(a.Setting, have); err != nil || same {
		return py.True, err
	}
	if py.IsTrue(a.Setting) {
		err = block.Set(a.Value, a.Setting)
	} else if _, had, derr := block.Delete(a.Value); derr != nil || !had {
		err = py.KeyError(a.Value)
	}
	if err != nil {
		return nil, err
	}
	return replace(ctx, c, file, "^"+a.Key+".*?{.*?}", 24, "append_if_not_found", blockText(a.Key, block))
}

// holder is the file that a setting is in: the last included one that has it.
func holder(conf *py.Dict, key, file string) string {
	from, _ := conf.Lookup(includeFiles).(*py.Dict)
	if from == nil {
		return file
	}
	for name, settings := range from.All() {
		if l, ok := settings.(*py.List); ok && slices.Contains(l.Items, py.Value(py.Str(key))) {
			file = pypath.Join(conf.String("include"), py.ToStr(name))
		}
	}
	return file
}

func replace(ctx context.Context, c *modules.Call, file, pattern string, flags int64, missing, text string) (py.Value, error) {
	return c.Funcs.Call(ctx, "file.replace", &py.Args{Kw: []py.KwArg{
		{Name: "flags", Value: py.Int(flags)}, {Name: "backup", Value: py.False}, {Name: "path", Value: py.Str(file)},
		{Name: "pattern", Value: py.Str(pattern)}, {Name: "show_changes", Value: py.False},
		{Name: missing, Value: py.True}, {Name: "repl", Value: py.Str(text)},
	}})
}

// blockText is a block as it is written.
func blockText(key string, block *py.Dict) string {
	var b strings.Builder
	b.WriteString(key + " {\n")
	for k, v := range block.All() {
		name := py.ToStr(k)
		if body, ok := v.(*py.List); ok && slices.Contains(scripts, name) {
			b.WriteString("    " + name + "\n")
			for _, line := range body.Items {
				b.WriteString("        " + py.ToStr(line) + "\n")
			}
			b.WriteString("    endscript\n")
			continue
		}
		text := py.ToStr(v)
		if v == py.True {
			text = ""
		}
		b.WriteString("    " + name + " " + text + "\n")
	}
	return b.String() + "}"
}
