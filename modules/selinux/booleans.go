package selinux

import (
	"strings"

	"pinch/internal/py"
	"pinch/modules"
)

// boolean is a boolean of the policy: now, and after the next boot.
type boolean struct{ name, state, kept, text string }

func (b boolean) dict() *py.Dict {
	return py.DictOf("State", py.Str(b.state), "Default", py.Str(b.kept), "Description", py.Str(b.text))
}

// booleans are those of the policy, in the order of semanage.
func (p *policy) booleans() ([]boolean, error) {
	lines, err := p.list(keyBooleans, "semanage", "boolean", "--list")
	if err != nil {
		return nil, err
	}
	var out []boolean
	for _, line := range lines[min(1, len(lines)):] {
		w := strings.Fields(line)
		switch {
		case len(w) == 0:
		case len(w) < 4: // NAME (off , off) TEXT
			return nil, &py.Error{Class: "IndexError", Msg: "list index out of range"}
		default:
			out = append(out, boolean{name: w[0], state: w[1][1:], kept: w[3][:len(w[3])-1], text: strings.Join(w[4:], " ")})
		}
	}
	return out, nil
}

func find(all []boolean, name string) *boolean {
	for i := range all {
		if all[i].name == name {
			return &all[i]
		}
	}
	return nil
}

// setBooleans runs setsebool; pairs are NAME=VALUE, or a name and a value.
func (p *policy) setBooleans(persist bool, pairs ...string) (bool, error) {
	argv := []string{"setsebool"}
	if persist {
		argv = append(argv, "-P")
	}
	return p.done(keyBooleans, append(argv, pairs...)...)
}

// modules says of each module of the policy whether it is enabled.
func (p *policy) modules() (*py.Dict, error) {
	lines, err := p.list(keyModules, "semodule", "--list-modules=full")
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	for _, line := range lines {
		w := strings.Fields(line)
		switch {
		case len(w) == 0:
		case len(w) == 1:
			return nil, &py.Error{Class: "IndexError", Msg: "list index out of range"}
		default: // PRIORITY NAME KIND, and "disabled"
			out.SetStr(w[1], py.DictOf("Enabled", py.Bool(len(w) != 4), "Version", py.None))
		}
	}
	return out, nil
}

func (p *policy) setModule(name, state string) (bool, error) {
	switch strings.ToLower(state) {
	case "enabled":
		return p.done(keyModules, "semodule", "--enable", name)
	case "disabled":
		return p.done(keyModules, "semodule", "--disable", name)
	}
	return false, modules.SaltInvocationError("Invalid state " + state)
}

// install installs a module from a file of the host, or of the tree.
func (p *policy) install(path string) (bool, error) {
	if strings.HasPrefix(path, "salt://") {
		v, err := p.c.Funcs.Call(p.ctx, "cp.cache_file", &py.Args{Pos: []py.Value{py.Str(path)}})
		if err != nil {
			return false, err
		}
		path = py.ToStr(v)
	}
	return p.done(keyModules, "semodule", "--install", path)
}

func (p *policy) remove(name string) (bool, error) {
	return p.done(keyModules, "semodule", "--remove", name)
}
