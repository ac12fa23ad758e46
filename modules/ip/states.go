package ip

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pydiff"
	"pinch/modules"
	"pinch/states/low"
)

type managedArgs struct {
	Name     string   `arg:"name,required" doc:"The interface."`
	Enabled  bool     `arg:"enabled" default:"True" doc:"Bring it up, now and at boot."`
	Settings *py.Dict `arg:"**" doc:"type, proto, ipaddr, netmask, gateway, dns and all other settings of the interface."`
}

type namedArgs struct {
	Name     string   `arg:"name,required" doc:"The interface, or a name for the system's settings."`
	Settings *py.Dict `arg:"**" doc:"The settings."`
}

func stateFuncs() []*modules.Func {
	return []*modules.Func{
		modules.State[managedArgs]{Name: "network.managed", Virtual: virtual, Check: check(managed),
			Doc: "Keeps an interface described in the files of the system, and up.\n\n```yaml\neth7:\n  network.managed:\n    - type: eth\n    - proto: static\n" +
				"    - ipaddr: 10.1.2.3\n    - netmask: 255.255.255.0\n    - gateway: 10.1.2.1\n    - dns: [10.1.2.9]\n    - noifupdown: True\n```"}.Func(),
		modules.State[namedArgs]{Name: "network.routes", Virtual: virtual, Check: check(routes),
			Doc: "Keeps the routes of an interface.\n\n```yaml\neth7:\n  network.routes:\n    - routes:\n      - name: office\n" +
				"        ipaddr: 192.168.9.0\n        netmask: 255.255.255.0\n        gateway: 10.1.2.254\n```"}.Func(),
		modules.State[namedArgs]{Name: "network.system", Virtual: virtual, Check: check(system),
			Doc: "Keeps the network settings of the whole host.\n\n```yaml\nsystem:\n  network.system:\n    - enabled: True\n    - hostname: web1.example.com\n" +
				"    - apply_hostname: True\n```"}.Func(),
	}
}

// outcome is what a state returns while it is made. test is set when nothing
// is to be written.
type outcome struct {
	job
	modules.Done
	changes *py.Dict
	test    bool
}

// check makes a state function of one that looks when it has no writer, and
// acts when it has one. Its AttributeErrors are the state's failures.
func check[A any](run func(o *outcome, a *A) error) func(context.Context, *modules.Call, *A) (modules.Plan, error) {
	do := func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (modules.Done, error) {
		m, b := open(ctx, c, w)
		o := &outcome{job: job{m, b}, changes: py.NewDict(), test: w == nil}
		o.Result = low.True
		err := run(o, a)
		var pe *py.Error
		if errors.As(err, &pe) && pe.Class == "AttributeError" {
			o.Result, o.Comment, err = low.False, pe.Msg, nil
		}
		o.Changes = o.changes
		return o.Done, err
	}
	return func(ctx context.Context, c *modules.Call, a *A) (modules.Plan, error) {
		if c.Test {
			d, err := do(ctx, c, nil, a)
			return modules.Plan{Would: d}, err
		}
		return modules.Plan{Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) { return do(ctx, c, w, a) }}, nil
	}
}

// withTest are settings with test as Salt adds it: an argument test of the
// state counts, where it asks for no less than the run does.
func (o *outcome) withTest(opts *py.Dict) *py.Dict {
	out := opts.Copy()
	if !out.Has("test") || o.test {
		out.SetStr("test", py.Bool(o.test))
	}
	o.test = o.test || isTest(out)
	return out
}

// file compares what is with what is to be. what begins the comments; added
// and key are the text and the key of the changes. It says whether there is a change.
func (o *outcome) file(old, new []string, what, toBe, key, added string) bool {
	switch {
	case slices.Equal(old, new):
		return false
	case len(old) == 0 && len(new) > 0 && o.test:
		o.Result, o.Comment = low.None, what+toBe+" set to be added."
	case len(old) == 0 && len(new) > 0:
		o.Comment = what + " added."
		o.changes.SetStr(key, py.Str(added))
	case o.test:
		o.Result, o.Comment = low.None, what+toBe+" set to be updated:\n"+diff(old, new)
	default:
		o.Comment = what + " updated."
		o.changes.SetStr(key, py.Str(diff(old, new)))
	}
	return true
}

// diff is Salt's diff of lines, which have their ends: each gets another.
func diff(old, new []string) string {
	lines := pydiff.Lines(old, new, "", "")
	for i, l := range lines {
		if i < 2 || strings.HasPrefix(l, "@@ ") {
			lines[i] = strings.TrimSuffix(l, "\n")
		}
	}
	return strings.Join(lines, "\n")
}

func routes(o *outcome, a *namedArgs) error {
	o.Comment = fmt.Sprintf("Interface %s routes are up to date.", a.Name)
	opts := o.withTest(a.Settings)
	old, _, err := o.routeLines(a.Name)
	if err != nil {
		return err
	}
	new, _, err := o.buildRoutes(a.Name, opts, o.test)
	if err != nil {
		return err
	}
	changed := o.file(old, new, "Interface "+a.Name+" routes", " are", "network_routes", "Added interface "+a.Name+" routes.")
	if o.test || !changed {
		return nil
	}
	_, err = o.apply(opts)
	return err
}

func system(o *outcome, a *namedArgs) error {
	const upToDate = "Global network settings are up to date."
	o.Comment = upToDate
	old, err := o.settingsLines()
	if err != nil {
		return err
	}
	opts := a.Settings.Copy()
	opts.SetStr("test", py.Bool(o.test))
	new, err := o.buildSettings(opts, o.test)
	var pe *py.Error
	if errors.As(err, &pe) && pe.Class == "KeyError" {
		return py.AttributeErrorf("%s", pe.Msg)
	}
	if err != nil {
		return err
	}
	changed := o.file(old, new, "Global network settings", " are", "network_settings", "Added global network settings.")
	if o.test || !changed {
		return nil
	}
	o.Comment = upToDate // Salt says so of changed settings too
	_, err = o.apply(opts)
	return err
}
