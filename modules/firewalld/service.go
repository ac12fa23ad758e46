package firewalld

import (
	"context"
	"slices"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type serviceStateArgs struct {
	Name      string   `arg:"name,required" doc:"The service; it is made when there is none."`
	Ports     []string `arg:"ports" doc:"Its ports, such as 4505/tcp; it has no others."`
	Protocols []string `arg:"protocols" doc:"Its protocols; it has no others."`
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return slices.Concat([]*modules.Func{
		modules.State[presentArgs]{Name: "firewalld.present", Virtual: stateVirtual, Check: checkPresent,
			Doc: "Keeps a zone of the firewall, for good and at work.\n\n```yaml\npublic:\n  firewalld.present:\n    - masquerade: False\n    - ports:\n      - 22/tcp\n" +
				"      - 25/tcp\n    - rich_rules:\n      - rule service name=\"snmp\" accept\n```"}.Func(),
		modules.State[serviceStateArgs]{Name: "firewalld.service", Virtual: stateVirtual, Check: checkService,
			Doc: "Keeps a service of the firewall: its ports and protocols.\n\n```yaml\nsaltmaster:\n  firewalld.service:\n    - ports:\n      - 4505/tcp\n      - 4506/tcp\n```"}.Func(),
	}, zoneFuncs(), serviceFuncs(), settingFuncs())
}

func checkService(ctx context.Context, c *modules.Call, a *serviceStateArgs) (modules.Plan, error) {
	if c.Test {
		d, err := service(&firewall{ctx: ctx, c: c}, a)
		return modules.Plan{Would: d}, err
	}
	return modules.Plan{Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
		return service(&firewall{ctx: ctx, c: c, w: w}, a)
	}}, nil
}

// service is the state. In test mode a new service is one without ports, and
// is not made, as Salt does.
func service(f *firewall, a *serviceStateArgs) (modules.Done, error) {
	all, err := f.services()
	if err != nil {
		return modules.Done{}, err
	}
	settings := zone{py.NewDict()}
	known := slices.Contains(all, a.Name)
	if !known && f.w != nil {
		if _, err := f.do("--new-service="+a.Name, "--permanent"); err != nil {
			return modules.Done{}, err
		}
	}
	if known || f.w != nil {
		if settings, err = f.serviceInfo(a.Name); err != nil {
			return failure(err, py.NewDict())
		}
	}
	changes := py.NewDict()
	for _, s := range []struct {
		key, option string
		want        []string
	}{{"ports", "port", a.Ports}, {"protocols", "protocol", a.Protocols}} {
		have := settings.words(s.key)
		add, remove := without(s.want, have), without(have, s.want)
		if len(add)+len(remove) == 0 {
			continue
		}
		if f.w != nil {
			if err := f.change(a.Name, s.option, add, remove); err != nil {
				return failure(err, changes)
			}
		}
		changes.SetStr(s.key, py.DictOf("old", py.Strings(have...), "new", py.Strings(s.want...)))
	}
	switch {
	case changes.Len() == 0:
		return modules.OK("'"+a.Name+"' is already in the desired state.", nil), nil
	case f.w == nil:
		return modules.Done{Result: low.None, Comment: "Configuration for '" + a.Name + "' will change.", Changes: changes}, nil
	}
	_, err = f.do("--reload")
	return modules.OK("'"+a.Name+"' was configured.", changes), err
}

// serviceInfo are the permanent settings of a service.
func (f *firewall) serviceInfo(name string) (zone, error) {
	return remember(f, "service "+name, func() (zone, error) {
		out, err := f.ask("--permanent", "--info-service="+name)
		if err != nil {
			return zone{}, err
		}
		for _, v := range parseZones(out).All() {
			return zone{v.(*py.Dict)}, nil
		}
		return zone{py.NewDict()}, nil
	})
}

func (f *firewall) change(name, option string, add, remove []string) error {
	for _, change := range []struct {
		verb  string
		items []string
	}{{"add", add}, {"remove", remove}} {
		for _, item := range change.items {
			if _, err := f.do("--permanent", "--service="+name, "--"+change.verb+"-"+option+"="+item); err != nil {
				return err
			}
		}
	}
	return nil
}

// failure is a failed state for a command that failed, which keeps what was changed.
func failure(err error, changes *py.Dict) (modules.Done, error) {
	said, ok := isCommandError(err)
	if !ok {
		return modules.Done{}, err
	}
	d := modules.Failed("Error: " + said)
	d.Changes = changes
	return d, nil
}
