package hosts

import (
	"context"
	"fmt"
	"slices"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type noArgs struct{}

type hostArgs struct {
	Host string `arg:"host,required" doc:"The host name."`
}

type ipArgs struct {
	IP string `arg:"ip,required" doc:"The address."`
}

type pairArgs struct {
	IP    string   `arg:"ip,required" doc:"The address."`
	Alias py.Value `arg:"alias,required" doc:"The name, or for has_pair a list of names."`
}

type setHostArgs struct {
	IP      string `arg:"ip,required" doc:"The address."`
	Alias   string `arg:"alias,required" doc:"Its names, divided by blanks; none removes it."`
	Comment string `arg:"comment" doc:"Comment behind the entry."`
}

type setCommentArgs struct {
	IP      string `arg:"ip,required" doc:"The address."`
	Comment string `arg:"comment,required" doc:"Comment behind the entry."`
}

func query[A any](name, doc string, run func(t *table, a *A) py.Value) *modules.Func {
	return modules.Query[A]{Name: "hosts." + name, Doc: doc, Run: func(_ context.Context, c *modules.Call, a *A) (py.Value, error) {
		t, err := read(c, file(c))
		if err != nil {
			return nil, err
		}
		return run(t, a), nil
	}}.Func()
}

func action[A any](name, doc string, run func(w host.Writer, path string, a *A) (bool, error)) *modules.Func {
	return modules.Action[A]{Name: "hosts." + name, Doc: doc, Run: func(_ context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
		ok, err := run(w, file(c), a)
		return py.Bool(ok), err
	}}.Func()
}

func execFuncs() []*modules.Func {
	return []*modules.Func{
		query("list_hosts", "Describes the hosts file.", func(t *table, _ *noArgs) py.Value { return t.dict() }),
		query("get_ip", "Gives the first address of a name, or an empty text.", func(t *table, a *hostArgs) py.Value {
			for _, l := range t.lines {
				if slices.Contains(l.aliases, a.Host) {
					return py.Str(l.ip)
				}
			}
			return py.Str("")
		}),
		query("get_alias", "Lists the names of an address.", func(t *table, a *ipArgs) py.Value {
			if e := t.entry(a.IP); e != nil {
				return py.Strings(e.aliases...)
			}
			return py.NewList()
		}),
		query("has_pair", "Says whether an address has a name, or all names of a list.", func(t *table, a *pairArgs) py.Value {
			l, ok := a.Alias.(*py.List)
			if !ok {
				return py.Bool(t.hasPair(a.IP, py.ToStr(a.Alias)))
			}
			e := t.entry(a.IP)
			return py.Bool(e != nil && !slices.ContainsFunc(l.Items, func(v py.Value) bool { return !slices.Contains(e.aliases, py.ToStr(v)) }))
		}),
		action("set_host", "Gives an address exactly these names.", func(w host.Writer, path string, a *setHostArgs) (bool, error) {
			return setHost(w, path, a.IP, a.Alias, a.Comment)
		}),
		action("rm_host", "Takes a name of an address away.", func(w host.Writer, path string, a *pairArgs) (bool, error) {
			err := removeHost(w, path, a.IP, py.ToStr(a.Alias))
			return err == nil, err
		}),
		action("add_host", "Gives an address one more name.", func(w host.Writer, path string, a *pairArgs) (bool, error) {
			return addHost(w, path, a.IP, py.ToStr(a.Alias))
		}),
		action("set_comment", "Sets the comment of an address that is there.", func(w host.Writer, path string, a *setCommentArgs) (bool, error) {
			return setComment(w, path, a.IP, a.Comment)
		}),
	}
}

// dict is the file as Salt shows it.
func (t *table) dict() *py.Dict {
	d := py.NewDict()
	n := 0
	for _, l := range t.lines {
		if l.comment != "" {
			d.SetStr(fmt.Sprintf("comment-%d", n), py.Strings(l.comment))
			n++
			continue
		}
		e := py.DictOf("aliases", py.Strings(l.aliases...))
		if l.hasNote {
			e.SetStr("comment", py.Str(l.note))
		}
		d.SetStr(l.ip, e)
	}
	return d
}
