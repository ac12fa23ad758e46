// Package event has Salt's event state. There is no master to send an event
// to: it fails as in a minion that runs without one.
package event

import (
	"context"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type sendArgs struct {
	Name        string   `arg:"name,required" doc:"The tag of the event."`
	Data        py.Value `arg:"data" doc:"What the event carries."`
	Preload     py.Value `arg:"preload" doc:"Further data for the master."`
	WithEnv     py.Value `arg:"with_env" default:"False" doc:"Adds the environment."`
	WithGrains  py.Value `arg:"with_grains" default:"False" doc:"Adds the grains."`
	WithPillar  py.Value `arg:"with_pillar" default:"False" doc:"Adds the pillar."`
	ShowChanged bool     `arg:"show_changed" default:"True" doc:"Shows the event in the changes."`
	Extra       *py.Dict `arg:"**"`
}

type waitArgs struct {
	Name string   `arg:"name,required" doc:"The tag of the event."`
	Sfun py.Value `arg:"sfun" doc:"Set by Salt."`
	Data py.Value `arg:"data" doc:"What the event carries."`
}

type execArgs struct {
	Tag        string   `arg:"tag,required" doc:"The tag of the event."`
	Data       py.Value `arg:"data" doc:"What the event carries."`
	Preload    py.Value `arg:"preload" doc:"Further data for the master."`
	WithEnv    py.Value `arg:"with_env" default:"False" doc:"Adds the environment."`
	WithGrains py.Value `arg:"with_grains" default:"False" doc:"Adds the grains."`
	WithPillar py.Value `arg:"with_pillar" default:"False" doc:"Adds the pillar."`
	Opts       py.Value `arg:"with_env_opts" default:"False" doc:"Adds the environment's options."`
	Timeout    py.Value `arg:"timeout" default:"60" doc:"Seconds to wait for the master."`
	Extra      *py.Dict `arg:"**"`
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	send := func(name, doc string) *modules.Func {
		return modules.State[sendArgs]{Name: name, Doc: doc, Check: check, Watch: check}.Func()
	}
	return []*modules.Func{
		send("event.send", "Sends an event to the master. Without a master, as here, it always fails.\n\n```yaml\nmycompany/web/done:\n  event.send:\n    - data:\n        status: ok\n```"),
		send("event.fire_master", "Sends an event to the master. Without a master, as here, it always fails.\n\n```yaml\nmycompany/web/done:\n  event.fire_master: []\n```"),
		modules.State[waitArgs]{Name: "event.wait", Access: modules.ReadOnly,
			Doc: "Sends an event when a watched state changes. Without a master, as here, it then fails.\n\n```yaml\nmycompany/web/changed:\n  event.wait:\n    - watch:\n      - file: /etc/web.conf\n```",
			Check: func(context.Context, *modules.Call, *waitArgs) (modules.Plan, error) {
				return modules.InOrder(""), nil
			},
			Watch: func(ctx context.Context, c *modules.Call, a *waitArgs) (modules.Plan, error) {
				return check(ctx, c, &sendArgs{Name: a.Name, Data: a.Data, ShowChanged: true})
			}}.Func(),
		modules.Query[execArgs]{Name: "event.send", Doc: "Sends an event to the master; returns False, as there is none.",
			Run: func(context.Context, *modules.Call, *execArgs) (py.Value, error) { return py.False, nil }}.Func(),
	}
}

func check(_ context.Context, _ *modules.Call, a *sendArgs) (modules.Plan, error) {
	var changes py.Value
	if a.ShowChanged {
		changes = py.DictOf("tag", py.Str(a.Name), "data", a.Data)
	}
	return modules.Would("Event would have been fired", changes, func(context.Context, host.Writer) (modules.Done, error) {
		return modules.Done{Result: low.False, Changes: changes, Comment: "Event fired"}, nil
	}), nil
}
