// Package logrotate has Salt's logrotate module: settings of logrotate(8).
package logrotate

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
	"pinch/states/low"
)

const defaultConf = "/etc/logrotate.conf"

type setArgs struct {
	Name    string   `arg:"name,required" doc:"A name in the results."`
	Key     string   `arg:"key,required" doc:"The directive, or the log files of a block."`
	Value   py.Value `arg:"value,required" doc:"The directive's value, or the directive of the block."`
	Setting py.Value `arg:"setting" doc:"The value of the block's directive."`
	Conf    string   `arg:"conf_file" default:"/etc/logrotate.conf" doc:"The configuration."`
}

type execSetArgs struct {
	Key     string   `arg:"key,required" doc:"The directive, or the log files of a block."`
	Value   py.Value `arg:"value,required" doc:"The directive's value, or the directive of the block."`
	Setting py.Value `arg:"setting" doc:"The value of the block's directive."`
	Conf    string   `arg:"conf_file" default:"/etc/logrotate.conf" doc:"The configuration."`
}

type getArgs struct {
	Key   string   `arg:"key,required" doc:"The directive, or the log files of a block."`
	Value py.Value `arg:"value" doc:"The directive of the block."`
	Conf  string   `arg:"conf_file" default:"/etc/logrotate.conf" doc:"The configuration."`
}

type confArgs struct {
	Conf string `arg:"conf_file" default:"/etc/logrotate.conf" doc:"The configuration."`
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return []*modules.Func{
		modules.State[setArgs]{Name: "logrotate.set", Check: checkSet,
			Doc: "Keeps a setting of logrotate, in the file that has it.\n\n```yaml\nkeep two months:\n  logrotate.set:\n    - key: rotate\n    - value: 8\n```\n\n" +
				"```yaml\nkeep wtmp longer:\n  logrotate.set:\n    - key: /var/log/wtmp\n    - value: rotate\n    - setting: 12\n```"}.Func(),
		modules.Query[confArgs]{Name: "logrotate.show_conf", Doc: "Gives the configuration, included files too.",
			Run: func(_ context.Context, c *modules.Call, a *confArgs) (py.Value, error) {
				d, err := parse(c, a.Conf, 0)
				if err != nil {
					return nil, err
				}
				return d, nil
			}}.Func(),
		modules.Query[getArgs]{Name: "logrotate.get", Doc: "Gives a setting, False when there is none.",
			Run: func(_ context.Context, c *modules.Call, a *getArgs) (py.Value, error) {
				return get(c, a.Key, a.Value, a.Conf)
			}}.Func(),
		modules.Action[execSetArgs]{Name: "logrotate.set", Doc: "Changes a setting; True when that was done.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *execSetArgs) (py.Value, error) {
				return set(ctx, c, w, a.Key, a.Value, a.Setting, a.Conf)
			}}.Func(),
	}
}

func lookup(d *py.Dict, key py.Value) py.Value {
	v, ok, err := d.Get(key)
	if err != nil || !ok {
		return py.False
	}
	return v
}

func get(r host.Reader, key string, value py.Value, conf string) (py.Value, error) {
	d, err := parse(r, conf, 0)
	if err != nil {
		return nil, err
	}
	v := lookup(d, py.Str(key))
	if !py.IsTrue(value) || !py.IsTrue(v) {
		return v, nil
	}
	block, ok := v.(*py.Dict)
	if !ok {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'get'", v.Type())
	}
	return lookup(block, value), nil
}

func equal(a, b py.Value) bool {
	eq, err := py.Equal(a, b)
	return err == nil && eq
}

func checkSet(_ context.Context, c *modules.Call, a *setArgs) (modules.Plan, error) {
	inBlock := !py.IsNone(a.Setting)
	asked, wanted := py.Value(py.None), asInt(a.Value)
	what := fmt.Sprintf("ommand '%s'", a.Key)
	if inBlock {
		asked, wanted = a.Value, asInt(a.Setting)
		what = fmt.Sprintf("lock '%s' command '%s'", a.Key, py.ToStr(a.Value))
	}
	first := func(upper bool) string {
		letter := "c"
		if inBlock {
			letter = "b"
		}
		if upper {
			letter = strings.ToUpper(letter)
		}
		return letter + what
	}
	have, err := get(c, a.Key, asked, a.Conf)
	if e, ok := err.(*py.Error); ok && e.Class == "AttributeError" {
		have, err = py.False, nil
	}
	if err != nil {
		return modules.Plan{}, err
	}
	if equal(have, wanted) {
		return modules.InOrder(fmt.Sprintf("%s already has value: %s", first(true), py.ToStr(wanted))), nil
	}
	changes := py.DictOf("old", have, "new", wanted)
	return modules.Would(fmt.Sprintf("%s will be set to value: %s", first(true), py.ToStr(wanted)), changes,
		func(ctx context.Context, w host.Writer) (modules.Done, error) {
			value, setting := wanted, py.Value(py.None)
			if inBlock {
				value, setting = a.Value, wanted
			}
			done, err := set(ctx, c, w, a.Key, value, setting, a.Conf)
			if err != nil {
				return modules.Done{}, err
			}
			d := modules.Done{Result: low.TriOf(done), Changes: changes, Comment: fmt.Sprintf("Set %s value: %s", first(false), py.ToStr(wanted))}
			if !py.IsTrue(done) {
				d.Comment = fmt.Sprintf("Unable to set %s value: %s", first(false), py.ToStr(wanted))
			}
			return d, nil
		}), nil
}

// set is Salt's logrotate.set.
func set(ctx context.Context, c *modules.Call, w host.Writer, key string, value, setting py.Value, conf string) (py.Value, error) {
	all, err := parse(w, conf, 0)
	if err != nil {
		return nil, err
	}
	if files, ok := all.Lookup("include files").(*py.Dict); ok {
		for name, keys := range files.All() {
			for _, k := range keys.(*py.List).Items {
				if py.ToStr(k) == key {
					conf = pypath.Join(all.String("include"), py.ToStr(name))
				}
			}
		}
	}
	args := py.DictOf("path", py.Str(conf), "backup", py.False, "show_changes", py.False)
	have := lookup(all, py.Str(key))
	if py.IsNone(setting) {
		if _, ok := have.(*py.Dict); ok {
			return nil, modules.SaltInvocationError(fmt.Sprintf("Error: %s includes a dict, and a specific setting inside the dict was not declared", key))
		}
		if equal(value, have) {
			return py.True, nil
		}
		line := ""
		switch {
		case value == py.Value(py.True):
			line = key
		case py.IsTrue(value):
			line = key + " " + py.ToStr(value)
		}
		args.SetStr("pattern", py.Str("^"+key+".*"))
		args.SetStr("flags", py.Int(8))
		args.SetStr("prepend_if_not_found", py.True)
		args.SetStr("repl", py.Str(line))
	} else {
		block, ok := have.(*py.Dict)
		switch {
		case !ok && py.IsTrue(have):
			return nil, modules.SaltInvocationError("Error: A setting for a dict was declared, but the configuration line given is not a dict")
		case !ok:
			block = py.NewDict()
		}
		if equal(setting, lookup(block, value)) {
			return py.True, nil
		}
		if py.IsTrue(setting) {
			if err := block.Set(value, setting); err != nil {
				return nil, err
			}
		} else if _, ok, _ := block.Delete(value); !ok {
			return nil, py.KeyError(value)
		}
		args.SetStr("pattern", py.Str("^"+key+".*?{.*?}"))
		args.SetStr("flags", py.Int(24))
		args.SetStr("append_if_not_found", py.True)
		args.SetStr("repl", py.Str(stanza(key, block)))
	}
	call := &py.Args{}
	for k, v := range args.All() {
		call.Kw = append(call.Kw, py.KwArg{Name: py.ToStr(k), Value: v})
	}
	return c.Funcs.Call(ctx, "file.replace", call)
}
