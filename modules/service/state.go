package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type runningArgs struct {
	Name      string   `arg:"name,required" doc:"The service; a name without ending is a .service unit."`
	Enable    py.Value `arg:"enable" doc:"True starts it at boot, False does not; not given leaves it."`
	Sig       py.Value `arg:"sig" doc:"Text to look for in the process list; not used with systemd."`
	InitDelay py.Value `arg:"init_delay" doc:"Seconds to wait after starting before it is looked at."`
	Extra     *py.Dict `arg:"**"`
}

type nameArgs struct {
	Name  string   `arg:"name,required" doc:"The service."`
	Extra *py.Dict `arg:"**"`
}

type maskArgs struct {
	Name    string `arg:"name,required" doc:"The service."`
	Runtime bool   `arg:"runtime" default:"False" doc:"Until the next boot only."`
}

func stateFuncs() []*modules.Func {
	named := func(name, doc string, check func(context.Context, *modules.Call, *nameArgs) (modules.Plan, error)) *modules.Func {
		return modules.State[nameArgs]{Name: "service." + name, Virtual: virtual, Doc: doc, Check: check,
			Watch: func(context.Context, *modules.Call, *nameArgs) (modules.Plan, error) {
				return modules.Fail("Unable to trigger watch for service." + name), nil
			}}.Func()
	}
	mask := func(name, doc string, masked bool) *modules.Func {
		return modules.State[maskArgs]{Name: "service." + name, Virtual: virtual, Doc: doc,
			Check: func(_ context.Context, c *modules.Call, a *maskArgs) (modules.Plan, error) {
				if otherInit(c) != nil {
					return modules.Fail("Service masking not available on this minion"), nil
				}
				return maskPlan(c, a.Name, a.Runtime, masked), nil
			},
			Watch: func(context.Context, *modules.Call, *maskArgs) (modules.Plan, error) {
				return modules.Fail("Unable to trigger watch for service." + name), nil
			}}.Func()
	}
	return []*modules.Func{
		modules.State[runningArgs]{Name: "service.running", Virtual: virtual, Check: checkRunning, Watch: watchRunning,
			Doc: "Starts a service, and starts it again or reloads it when a watched state changes.\n\n```yaml\nnginx:\n  service.running:\n    - enable: True\n    - reload: True\n    - watch:\n      - file: /etc/nginx/*\n```"}.Func(),
		modules.State[runningArgs]{Name: "service.dead", Virtual: virtual, Check: checkDead, Watch: watchDead,
			Doc: "Stops a service.\n\n```yaml\nnginx:\n  service.dead:\n    - enable: False\n```"}.Func(),
		named("enabled", "Starts a service at boot.\n\n```yaml\nnginx:\n  service.enabled: []\n```", checkEnabled),
		named("disabled", "Does not start a service at boot.\n\n```yaml\nnginx:\n  service.disabled: []\n```", checkDisabled),
		mask("masked", "Makes it impossible to start a service.\n\n```yaml\nnginx:\n  service.masked: []\n```", true),
		mask("unmasked", "Takes the mask off a service.\n\n```yaml\nnginx:\n  service.unmasked: []\n```", false),
	}
}

// tri reads enable: 1 for true, -1 for false, 0 for not given.
func tri(v py.Value) int {
	switch v := v.(type) {
	case py.Bool:
		if v {
			return 1
		}
		return -1
	case py.Str:
		if strings.EqualFold(string(v), "true") || isNonZero(string(v)) {
			return 1
		}
		return -1
	}
	return 0
}

func isNonZero(s string) bool {
	var f float64
	n, err := fmt.Sscan(s, &f)
	return n == 1 && err == nil && f != 0
}

// comment is a failed state for Salt's exceptions; others go up.
func raised(err error) (modules.Done, error) {
	var se *modules.Error
	if errors.As(err, &se) {
		return modules.Failed(se.Msg), nil
	}
	return modules.Done{}, err
}

func unavailable(name string) string {
	return fmt.Sprintf("The named service %s is not available", name)
}

// look is what both running and dead find out first. plan is set when that
// decides.
func look(ctx context.Context, c *modules.Call, a *runningArgs, verb string, missingOK bool) (u unit, enabled bool, plan *modules.Plan, err error) {
	final := func(p modules.Plan) (unit, bool, *modules.Plan, error) { return u, false, &p, nil }
	if a.Extra.Has("enabled") {
		return final(modules.Fail(fmt.Sprintf("Service %s uses non-existent option \"enabled\".  Perhaps \"enable\" option was intended?", a.Name)))
	}
	if offline(c) {
		return final(modules.InOrder("Running in OFFLINE mode. Nothing to do"))
	}
	if u, err = a.show(ctx, c); err != nil {
		d, err := raised(err)
		if err != nil {
			return u, false, nil, err
		}
		return final(modules.Plan{Would: d})
	}
	if !u.available() {
		if c.Test {
			return final(modules.Plan{Would: modules.Done{Result: low.None,
				Comment: fmt.Sprintf("Service %s not present; if created in this state run, it would have been %s", a.Name, verb)}})
		}
		return final(modules.Plan{Would: modules.Done{Result: low.TriOf(py.Bool(missingOK)), Comment: unavailable(a.Name)}})
	}
	enabled, err = u.enabled(ctx, c.Reader)
	return u, enabled, nil, err
}

func unmaskWanted(a *runningArgs) (want, runtime bool) {
	v, ok := a.Extra.GetStr("unmask")
	r, hasRuntime := a.Extra.GetStr("unmask_runtime")
	return ok && py.IsTrue(v), hasRuntime && py.IsTrue(r)
}

func join(lines ...string) string {
	var out []string
	for _, l := range lines {
		if l != "" {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

func checkRunning(ctx context.Context, c *modules.Call, a *runningArgs) (modules.Plan, error) {
	u, enabled, plan, err := look(ctx, c, a, "started", false)
	if plan != nil || err != nil {
		return deref(plan), err
	}
	unmask, runtime := unmaskWanted(a)
	unmask = unmask && otherInit(c) == nil // there are no masks elsewhere
	unmaskNote := ""
	var unmaskPlan modules.Plan
	if unmask {
		unmaskPlan = maskPlan(c, a.Name, runtime, false)
		unmaskNote = unmaskPlan.Would.Comment
	}
	if u.running() {
		comment := join(fmt.Sprintf("The service %s is already running", a.Name), unmaskNote)
		return toggled(c, a, enabled, comment), nil
	}
	return modules.Would(join(fmt.Sprintf("Service %s is set to start", a.Name), unmaskNote), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		note := unmaskNote
		if unmaskPlan.Apply != nil {
			d, err := unmaskPlan.Apply(ctx, w)
			if err != nil {
				return raised(err)
			}
			note = d.Comment
		}
		d, err := a.start(ctx, c, w, u, enabled)
		if err == nil && unmask && d.Result != low.False {
			d.Comment += "\n" + note
		}
		return d, err
	}), nil
}

func deref(p *modules.Plan) modules.Plan {
	if p == nil {
		return modules.Plan{}
	}
	return *p
}

// toggled is the plan of a service whose run state is right: only enabling or
// disabling may be left.
func toggled(c *modules.Call, a *runningArgs, enabled bool, comment string) modules.Plan {
	want := tri(a.Enable)
	if want == 0 || want > 0 == enabled {
		return modules.InOrder(comment)
	}
	word := "enabled"
	if want < 0 {
		word = "disabled"
	}
	return modules.Would(fmt.Sprintf("Service %s set to be %s", a.Name, word), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		d := modules.OK("", nil)
		err := setBoot(ctx, c, w, a.Name, want > 0, enabled, nil, &d, a.Extra)
		return d, err
	})
}

// show looks at the service.
func (a *runningArgs) show(ctx context.Context, c *modules.Call) (unit, error) {
	sig := ""
	if py.IsTrue(py.OrNone(a.Sig)) {
		sig = py.ToStr(a.Sig)
	}
	return showSig(ctx, c, a.Name, sig)
}

func (a *runningArgs) delay() time.Duration {
	v, err := py.ToFloat(a.InitDelay)
	f, ok := v.(py.Float)
	if err != nil || !ok {
		return 0
	}
	return time.Duration(float64(f) * float64(time.Second))
}

func (a *runningArgs) start(ctx context.Context, c *modules.Call, w host.Writer, before unit, wasEnabled bool) (modules.Done, error) {
	want := tri(a.Enable)
	if _, mac := otherInit(c).(launchd); mac && !wasEnabled { // what is disabled cannot be started there
		if want <= 0 {
			return modules.Failed(fmt.Sprintf("The service %s is disabled but enable is not True. Set enable to True to successfully start the service.", a.Name)), nil
		}
		var d modules.Done
		if err := setBoot(ctx, c, w, a.Name, true, false, nil, &d, a.Extra); err != nil {
			return raised(err)
		}
		want = 0
	}
	err := act(ctx, c, w, "start", a.Name, a.Extra)
	if errors.Is(err, errFailed) {
		d := modules.Failed(fmt.Sprintf("Service %s failed to start", a.Name))
		if want != 0 {
			started := false
			err = setBoot(ctx, c, w, a.Name, want > 0, wasEnabled, &started, &d, a.Extra)
			d.Result = low.False
			return d, err
		}
		return d, nil
	}
	if err != nil {
		return raised(err)
	}
	if err := modules.Sleep(ctx, a.delay()); err != nil {
		return modules.Done{}, err
	}
	after, err := a.show(ctx, c)
	if err != nil {
		return raised(err)
	}
	nowEnabled, err := after.enabled(ctx, w)
	if err != nil {
		return modules.Done{}, err
	}
	d := modules.OK("", nil)
	if nowEnabled != wasEnabled || after.running() != before.running() {
		d.Changes = py.DictOf(a.Name, py.Bool(after.running()))
	}
	d.Comment = fmt.Sprintf("Started service %s", a.Name)
	if !after.running() {
		d.Result, d.Comment = low.False, fmt.Sprintf("Service %s failed to start", a.Name)
	}
	if want != 0 {
		started := after.running()
		d.Result = low.TriOf(py.Bool(started))
		if err := setBoot(ctx, c, w, a.Name, want > 0, nowEnabled, &started, &d, a.Extra); err != nil {
			return modules.Done{}, err
		}
	}
	if py.IsTrue(a.InitDelay) {
		d.Comment += fmt.Sprintf("\nDelayed return for %s seconds", py.ToStr(a.InitDelay))
	}
	return d, nil
}

// setBoot enables or disables a service and words the result. started tells
// whether the service runs now; nil means that it was in order before.
func setBoot(ctx context.Context, c *modules.Call, w host.Writer, name string, enable, is bool, started *bool, d *modules.Done, kw *py.Dict) error {
	word, verb := "enabled", "enable"
	if !enable {
		word, verb = "disabled", "disable"
	}
	phrase := "and is in the desired state"
	failed := "but the service was already running"
	switch {
	case started != nil && *started:
		phrase, failed = "and is running", "but the service is running"
		if !enable {
			failed = "and is running"
		}
	case started != nil:
		phrase, failed = "and is dead", "and the service is dead"
	}
	if enable == is {
		if started == nil {
			d.Changes = nil
		}
		d.Comment = fmt.Sprintf("Service %s is already %s, %s", name, word, phrase)
		return nil
	}
	err := act(ctx, c, w, verb, name, kw)
	var se *modules.Error
	if errors.As(err, &se) || errors.Is(err, errFailed) {
		boot := "start at boot"
		if !enable {
			boot = "not start at boot"
		}
		d.Result, d.Comment = low.False, fmt.Sprintf("Failed when setting service %s to %s, %s", name, boot, failed)
		if enable && se != nil {
			d.Comment += ". Additional information follows:\n\n" + se.Msg
		}
		return nil
	}
	if err != nil {
		return err
	}
	u, err := show(ctx, c, name)
	if err != nil {
		return err
	}
	now, err := u.enabled(ctx, w)
	if err != nil {
		return err
	}
	d.Changes = py.NewDict()
	if now != is {
		d.Changes = py.DictOf(name, py.True)
	}
	d.Comment = fmt.Sprintf("Service %s has been %s, %s", name, word, phrase)
	return nil
}

func checkDead(ctx context.Context, c *modules.Call, a *runningArgs) (modules.Plan, error) {
	u, enabled, plan, err := look(ctx, c, a, "stopped", true)
	if plan != nil || err != nil {
		return deref(plan), err
	}
	if !u.running() {
		return toggled(c, a, enabled, fmt.Sprintf("The service %s is already dead", a.Name)), nil
	}
	return modules.Would(fmt.Sprintf("Service %s is set to be killed", a.Name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		return a.stop(ctx, c, w, u, enabled)
	}), nil
}

func (a *runningArgs) stop(ctx context.Context, c *modules.Call, w host.Writer, before unit, wasEnabled bool) (modules.Done, error) {
	want := tri(a.Enable)
	err := act(ctx, c, w, "stop", a.Name, a.Extra)
	var se *modules.Error
	if errors.As(err, &se) || errors.Is(err, errFailed) {
		d := modules.Failed(fmt.Sprintf("Service %s failed to die", a.Name))
		if want != 0 {
			alive := true
			err = setBoot(ctx, c, w, a.Name, want > 0, wasEnabled, &alive, &d, a.Extra)
			d.Result = low.False
			return d, err
		}
		return d, nil
	}
	if err != nil {
		return modules.Done{}, err
	}
	if err := modules.Sleep(ctx, a.delay()); err != nil {
		return modules.Done{}, err
	}
	after, err := a.show(ctx, c)
	if err != nil {
		return raised(err)
	}
	nowEnabled, err := after.enabled(ctx, w)
	if err != nil {
		return modules.Done{}, err
	}
	d := modules.OK(fmt.Sprintf("Service %s was killed", a.Name), nil)
	if nowEnabled != wasEnabled || after.running() != before.running() {
		d.Changes = py.DictOf(a.Name, py.Bool(after.running()))
	}
	if after.running() {
		d.Result, d.Comment = low.False, fmt.Sprintf("Service %s failed to die", a.Name)
	}
	if want != 0 {
		alive := after.running()
		d.Result = low.TriOf(py.Bool(!alive))
		err = setBoot(ctx, c, w, a.Name, want > 0, nowEnabled, &alive, &d, a.Extra)
	}
	return d, err
}

func checkEnabled(ctx context.Context, c *modules.Call, a *nameArgs) (modules.Plan, error) {
	return bootPlan(ctx, c, a, true)
}

func checkDisabled(ctx context.Context, c *modules.Call, a *nameArgs) (modules.Plan, error) {
	return bootPlan(ctx, c, a, false)
}

func bootPlan(ctx context.Context, c *modules.Call, a *nameArgs, enable bool) (modules.Plan, error) {
	if offline(c) {
		return modules.Fail(fmt.Sprintf("Cannot run in offline mode. Failed to get information on unit '%s'", a.Name)), nil
	}
	u, err := show(ctx, c, a.Name)
	if err != nil {
		d, err := raised(err)
		return modules.Plan{Would: d}, err
	}
	if !u.available() {
		switch {
		case !enable:
			return modules.InOrder(unavailable(a.Name)), nil
		case c.Test:
			return modules.Plan{Would: modules.Done{Result: low.None, Comment: fmt.Sprintf("Service %s not present; if created in this state run, it would have been enabled", a.Name)}}, nil
		}
		return modules.Fail(unavailable(a.Name)), nil
	}
	is, err := u.enabled(ctx, c.Reader)
	if err != nil {
		return modules.Plan{}, err
	}
	word := "enabled"
	if !enable {
		word = "disabled"
	}
	if is == enable {
		return modules.InOrder(fmt.Sprintf("Service %s is already %s, and is in the desired state", a.Name, word)), nil
	}
	return modules.Would(fmt.Sprintf("Service %s set to be %s", a.Name, word), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		d := modules.OK("", nil)
		err := setBoot(ctx, c, w, a.Name, enable, is, nil, &d, a.Extra)
		return d, err
	}), nil
}

// maskPlan masks or unmasks a service.
func maskPlan(c *modules.Call, name string, runtime, mask bool) modules.Plan {
	kind := "masked"
	if runtime {
		kind = "runtime masked"
	}
	word, verb := kind, "mask"
	if !mask {
		word, verb = strings.Replace(kind, "masked", "unmasked", 1), "unmask"
	}
	if isMasked(c.Reader, name, runtime) == mask {
		if mask {
			return modules.InOrder(fmt.Sprintf("Service %s is already %s", name, word))
		}
		return modules.InOrder(fmt.Sprintf("Service %s was already %s", name, word))
	}
	changes := func() py.Value {
		return py.DictOf(kind, py.DictOf("old", py.Bool(!mask), "new", py.Bool(mask)))
	}
	return modules.Would(fmt.Sprintf("Service %s would be %s", name, word), changes(), func(ctx context.Context, w host.Writer) (modules.Done, error) {
		args := []string{verb}
		if runtime {
			args = append(args, "--runtime")
		}
		ok, said, err := systemctl(ctx, c, w, append(args, canonical(name))...)
		if err != nil {
			return modules.Done{}, err
		}
		if !ok {
			if mask {
				return modules.Failed(fmt.Sprintf("Failed to mask service '%s': %s", name, said)), nil
			}
			return modules.Failed(fmt.Sprintf("Failed to unmask service '%s'", name)), nil
		}
		if isMasked(w, name, runtime) != mask {
			return modules.OK(fmt.Sprintf("Failed to %s service %s", verb, name), nil), nil
		}
		return modules.OK(fmt.Sprintf("Service %s was %s", name, word), changes()), nil
	})
}

// isTrue reads an extra argument.
func isTrue(kw *py.Dict, name string) bool {
	v, ok := kw.GetStr(name)
	return ok && py.IsTrue(v)
}

func watchRunning(ctx context.Context, c *modules.Call, a *runningArgs) (modules.Plan, error) {
	if offline(c) {
		return modules.InOrder("Running in OFFLINE mode. Nothing to do"), nil
	}
	u, err := a.show(ctx, c)
	if err != nil {
		d, err := raised(err)
		return modules.Plan{Would: d}, err
	}
	verb, said := "start", "start"
	switch {
	case !u.running():
	case isTrue(a.Extra, "reload") && isTrue(a.Extra, "force"):
		verb, said = "force-reload", "forcefully reload"
	case isTrue(a.Extra, "reload"):
		verb, said = "reload", "reload"
	default:
		verb, said = "restart", "restart"
	}
	return watchPlan(c, a, verb, said, said+"ed"), nil
}

func watchDead(ctx context.Context, c *modules.Call, a *runningArgs) (modules.Plan, error) {
	u, err := a.show(ctx, c)
	if err != nil {
		d, err := raised(err)
		return modules.Plan{Would: d}, err
	}
	if !u.running() {
		return modules.InOrder("Service is already stopped"), nil
	}
	return watchPlan(c, a, "stop", "stop", "stopped"), nil
}

func watchPlan(c *modules.Call, a *runningArgs, verb, said, past string) modules.Plan {
	return modules.Would("Service is set to be "+past, nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		if verb == "start" { // what is left of it is stopped first, as in Salt
			if err := stopRest(ctx, c, w, a.Name); err != nil {
				return raised(err)
			}
		}
		err := act(ctx, c, w, verb, a.Name, a.Extra)
		var se *modules.Error
		if verb == "stop" && errors.As(err, &se) || errors.Is(err, errFailed) {
			return modules.Done{Result: low.False, Comment: "Failed to " + said + " the service", Changes: py.DictOf(a.Name, py.False)}, nil
		}
		if err != nil {
			return raised(err)
		}
		if err := modules.Sleep(ctx, a.delay()); err != nil {
			return modules.Done{}, err
		}
		return modules.OK("Service "+past, py.DictOf(a.Name, py.True)), nil
	})
}

// stopRest stops a service that does not run.
func stopRest(ctx context.Context, c *modules.Call, w host.Writer, name string) error {
	if i := otherInit(c); i != nil {
		_, err := i.do(ctx, c, w, "stop", name, py.NewDict())
		return err
	}
	_, _, err := systemctl(ctx, c, w, "stop", canonical(name))
	return err
}
