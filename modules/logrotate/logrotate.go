// Package logrotate has Salt's logrotate module: settings of logrotate(8), read
// from its files and changed in the one where they are.
package logrotate

import (
	"context"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type stateArgs struct {
	Name    string   `arg:"name,required" doc:"A name for the state."`
	Key     string   `arg:"key,required" doc:"The command, or the block such as /var/log/wtmp."`
	Value   py.Value `arg:"value,required" doc:"The value of the command, or the command inside the block."`
	Setting py.Value `arg:"setting" doc:"The value of the command inside the block."`
	File    string   `arg:"conf_file" default:"/etc/logrotate.conf" doc:"The file to begin with; its include is looked into."`
}

type showArgs struct {
	File string `arg:"conf_file" default:"/etc/logrotate.conf" doc:"The file to begin with; its include is looked into."`
}

type getArgs struct {
	Key   string   `arg:"key,required" doc:"The command or the block."`
	Value py.Value `arg:"value" doc:"The command inside the block."`
	File  string   `arg:"conf_file" default:"/etc/logrotate.conf" doc:"The file to begin with; its include is looked into."`
}

type setArgs struct {
	Key     string   `arg:"key,required" doc:"The command or the block."`
	Value   py.Value `arg:"value,required" doc:"The value of the command, or the command inside the block."`
	Setting py.Value `arg:"setting" doc:"The value of the command inside the block."`
	File    string   `arg:"conf_file" default:"/etc/logrotate.conf" doc:"The file to begin with; its include is looked into."`
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return []*modules.Func{
		modules.State[stateArgs]{Name: "logrotate.set", Check: checkSet,
			Doc: "Keeps a setting of logrotate, of its own or of a block.\n\n```yaml\nlogrotate-wtmp-rotate:\n  logrotate.set:\n    - key: /var/log/wtmp\n" +
				"    - value: rotate\n    - setting: 2\n```"}.Func(),
		modules.Query[showArgs]{Name: "logrotate.show_conf", Doc: "Shows the settings of logrotate, those of included files too.",
			Run: func(_ context.Context, c *modules.Call, a *showArgs) (py.Value, error) { return read(c, a.File) }}.Func(),
		modules.Query[getArgs]{Name: "logrotate.get", Doc: "Gives a setting of logrotate, False when there is none.",
			Run: func(_ context.Context, c *modules.Call, a *getArgs) (py.Value, error) {
				return get(c, a.Key, a.Value, a.File)
			}}.Func(),
		modules.Action[setArgs]{Name: "logrotate.set", Doc: "Changes a setting of logrotate, in the file where it is.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *setArgs) (py.Value, error) {
				return set(ctx, c, w, a)
			}}.Func(),
	}
}
