package pkg

import (
	"context"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// kinds are the forms of a function by manager. A manager without one does not
// have the function.
type kinds struct {
	apt    func(ctx context.Context, c *modules.Call, m *apt, a *namesArgs) (py.Value, error)
	rpm    func(ctx context.Context, m *rpmHost, a *namesArgs) (py.Value, error)
	pacman func(ctx context.Context, m *pacman, a *namesArgs) (py.Value, error)
}

func (k kinds) virtual(c *modules.Call) (bool, string) {
	p := provider(c)
	if has := p == "aptpkg" && k.apt != nil || (p == "yumpkg" || p == "zypperpkg") && k.rpm != nil || p == "pacmanpkg" && k.pacman != nil; !has {
		return false, "this function is not there with the package manager " + py.Repr(py.Str(p))
	}
	return virtual(c)
}

func (k kinds) run(ctx context.Context, c *modules.Call, w host.Writer, a *namesArgs) (v py.Value, err error) {
	switch m := newManager(c, w).(type) {
	case *apt:
		v, err = k.apt(ctx, c, m, a)
	case *pacman:
		v, err = k.pacman(ctx, m, a)
	default:
		v, err = k.rpm(ctx, rpmOf(m), a)
	}
	if err != nil {
		return nil, commandError(err)
	}
	return v, nil
}

// queryKinds declares a function that only looks.
func queryKinds(name, doc string, k kinds) *modules.Func {
	return modules.Query[namesArgs]{Name: name, Doc: doc, Virtual: k.virtual, Run: func(ctx context.Context, c *modules.Call, a *namesArgs) (py.Value, error) {
		return k.run(ctx, c, nil, a)
	}}.Func()
}

// actionKinds declares a function that may change something.
func actionKinds(name, doc string, k kinds) *modules.Func {
	return modules.Action[namesArgs]{Name: name, Doc: doc, Virtual: k.virtual, Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *namesArgs) (py.Value, error) {
		return k.run(ctx, c, w, a)
	}}.Func()
}

// rpmOnly is the __virtual__ of what only dnf and zypper have.
func rpmOnly(c *modules.Call) (bool, string) {
	return kinds{rpm: rpmOwner}.virtual(c)
}
