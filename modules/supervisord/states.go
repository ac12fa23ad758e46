package supervisord

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type runningArgs struct {
	Name    string   `arg:"name,required" doc:"The process, or the group with a colon."`
	Restart py.Value `arg:"restart" default:"False" doc:"Restarts it when it runs."`
	Update  py.Value `arg:"update" default:"False" doc:"Reads the configuration again and does what it says."`
	ctlArgs
	More *py.Dict `arg:"**"`
}

type deadArgs struct {
	Name string `arg:"name,required" doc:"The process, or the group with a colon."`
	ctlArgs
	More *py.Dict `arg:"**"`
}

func isStopped(state string) bool {
	return slices.Contains([]string{"STOPPED", "STOPPING", "EXITED", "FATAL", "BACKOFF"}, state)
}

// settle is a result for what supervisorctl said; failed says that it is one of
// a failure.
func settle(said, success string) (comment string, failed bool) {
	if !strings.Contains(said, "ERROR") {
		return success, false
	}
	for _, harmless := range []string{"already started", "not running", "process group already active"} {
		if strings.Contains(said, harmless) {
			return success, false
		}
	}
	return said, true
}

// of are the processes with a name: one, or those of a group.
func of(all []process, name string) (found []process, isGroup bool) {
	for _, p := range all {
		isGroup = isGroup || strings.Contains(p.name, ":") && p.name[:strings.Index(p.name, ":")+1] == name
	}
	for _, p := range all {
		if p.name == name {
			return []process{p}, isGroup
		}
		if isGroup && strings.HasPrefix(p.name, name) {
			found = append(found, p)
		}
	}
	return found, isGroup
}

func checkRunning(ctx context.Context, c *modules.Call, a *runningArgs) (modules.Plan, error) {
	x, err := a.ctl(c, nil)
	if err != nil {
		return modules.Plan{}, err
	}
	name := group(a.Name)
	all, err := x.status(ctx, nil)
	if err != nil {
		return modules.Plan{}, err
	}
	wouldDone := wouldRun(all, name)
	wouldDone.Name = name
	return modules.Plan{Would: wouldDone, Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
		x.w = w
		r := &run{ctl: x, all: all, name: name, result: low.True}
		done, err := r.run(ctx, a)
		done.Name = name
		return done, err
	}}, nil
}

// wouldRun is what test mode tells.
func wouldRun(all []process, name string) modules.Done {
	isGroup := strings.HasSuffix(name, ":")
	what := "Service " + name
	found, _ := of(all, name)
	if len(found) == 0 {
		if isGroup {
			what = fmt.Sprintf("Group '%s'", name)
		}
		return modules.Done{Result: low.None, Comment: what + " will be added and started"}
	}
	if isGroup {
		what = fmt.Sprintf("All services in group '%s'", name)
	}
	var start []string
	for _, p := range found {
		if strings.ToLower(p.state) != "running" {
			start = append(start, p.name)
		}
	}
	switch {
	case len(start) == 0 && isGroup:
		return modules.Done{Result: low.True, Comment: what + " are already running"}
	case len(start) == 0:
		return modules.Done{Result: low.True, Comment: what + " is already running"}
	case isGroup && len(start) < len(found):
		return modules.Done{Result: low.None, Comment: "The following services will be started: " + strings.Join(start, " ")}
	}
	return modules.Done{Result: low.None, Comment: what + " will be started"}
}

// run is a supervisord.running at work.
type run struct {
	*ctl
	all     []process
	name    string
	result  low.Tri
	comment string
	changes []string
}

// step takes what a command said; change says that it is told in the changes.
func (r *run) step(said, comment string, change bool) {
	text, failed := settle(said, comment)
	r.comment = text
	if failed {
		r.result = low.False
	}
	if change {
		r.changes = append(r.changes, comment)
	}
}

func (r *run) run(ctx context.Context, a *runningArgs) (modules.Done, error) {
	found, isGroup := of(r.all, r.name)
	updated := false
	switch {
	case py.IsTrue(a.Update):
		said, err := r.do(ctx, "update", "")
		if err != nil {
			return modules.Done{}, err
		}
		r.step(said, "Updating supervisor", false)
		updated = strings.Contains(said, r.name+": updated")
	case len(found) == 0:
		if _, err := r.do(ctx, "reread", ""); err != nil {
			return modules.Done{}, err
		}
		said, err := r.do(ctx, "add", bare(r.name))
		if err != nil {
			return modules.Done{}, err
		}
		r.step(said, "Adding service: "+r.name, true)
	}
	stopped, kind := len(found) == 0, ""
	switch {
	case isGroup:
		kind = " group"
		// Every process whose name begins so counts, as in Salt.
		stopped = slices.ContainsFunc(r.all, func(p process) bool { return strings.HasPrefix(p.name, r.name) && isStopped(p.state) })
	case len(found) > 0:
		kind = " service"
		stopped = isStopped(found[0].state)
	}
	act := func(command, verb string) error {
		said, err := r.do(ctx, command, r.name)
		if err == nil {
			r.step(said, verb+kind+": "+r.name, true)
		}
		return err
	}
	var err error
	switch {
	case !stopped && py.IsTrue(a.Restart) && !updated:
		err = act("restart", "Restarting")
	case !stopped && updated:
		r.comment = "Not starting updated" + kind + ": " + r.name
	case !stopped:
		r.comment = "Not starting already running" + kind + ": " + r.name
	case !updated:
		err = act("start", "Starting")
	}
	done := modules.Done{Result: r.result, Comment: r.comment}
	if r.result == low.True && len(r.changes) > 0 {
		done.Changes = py.DictOf(r.name, py.Str(strings.Join(r.changes, " ")))
	}
	return done, err
}

func checkDead(_ context.Context, c *modules.Call, a *deadArgs) (modules.Plan, error) {
	return modules.Would(fmt.Sprintf("Service %s is set to be stopped", a.Name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		x, err := a.ctl(c, w)
		if err != nil {
			return modules.Done{}, err
		}
		all, err := x.status(ctx, nil)
		if err != nil {
			return modules.Done{}, err
		}
		found, isGroup := of(all, a.Name)
		stopped := false
		switch {
		case isGroup:
			stopped = slices.ContainsFunc(all, func(p process) bool { return strings.HasPrefix(p.name, a.Name) && isStopped(p.state) })
		case len(found) == 0:
			return modules.OK(fmt.Sprintf("Service %s doesn't exist", a.Name), nil), nil
		default:
			stopped = isStopped(found[0].state)
		}
		if stopped {
			return modules.OK(fmt.Sprintf("Service %s is not running", a.Name), nil), nil
		}
		if _, err := x.do(ctx, "stop", group(a.Name)); err != nil {
			return modules.Done{}, err
		}
		// Salt looks for an error in a mapping, where there is none.
		comment := "Stopping service: " + a.Name
		return modules.OK(comment, py.DictOf(a.Name, py.Str(comment))), nil
	}), nil
}

// watchRunning is the mod_watch: it restarts unless told otherwise.
func watchRunning(ctx context.Context, c *modules.Call, a *runningArgs) (modules.Plan, error) {
	b := *a
	if c.Chunk == nil || !c.Chunk.Data.Has("restart") {
		b.Restart = py.True
	}
	return checkRunning(ctx, c, &b)
}

func watchDead(ctx context.Context, c *modules.Call, a *deadArgs) (modules.Plan, error) {
	return watchRunning(ctx, c, &runningArgs{Name: a.Name, Restart: py.True, ctlArgs: a.ctlArgs})
}

func stateFuncs() []*modules.Func {
	return []*modules.Func{
		modules.State[runningArgs]{Name: "supervisord.running", Check: checkRunning, Watch: watchRunning,
			Doc: "Makes sure that a process or a group of processes of supervisor runs.\n\n```yaml\nworker:\n  supervisord.running:\n    - update: True\n```"}.Func(),
		modules.State[deadArgs]{Name: "supervisord.dead", Check: checkDead, Watch: watchDead,
			Doc: "Makes sure that a process or a group of processes of supervisor does not run.\n\n```yaml\nworker:\n  supervisord.dead: []\n```"}.Func(),
	}
}
