package states

import (
	"context"

	"pinch/internal/py"
)

// extNodegroups is the list of nodegroups that the host is in. Salt asks the
// master's list of accepted minions, in which a host reached over SSH does not
// stand, so the list is empty there; here too.
func extNodegroups(p *pillar, _ context.Context, _ *py.Dict, args *py.Args) (py.Value, error) {
	a, err := bindArgs(args, []string{"pillar_name"}, 0)
	if err != nil {
		return nil, err
	}
	var name py.Value = py.Str("nodegroups")
	if v := lookup(a, "pillar_name"); py.IsTrue(v) {
		name = v
	}
	if !p.c.opts.Has("nodegroups") {
		return nil, py.KeyError(py.Str("nodegroups"))
	}
	out := py.NewDict()
	return out, out.Set(name, py.NewList())
}

// extGPG decrypts what there is of the pillar so far.
func extGPG(p *pillar, ctx context.Context, data *py.Dict, _ *py.Args) (py.Value, error) {
	return p.c.decrypt(ctx, data)
}

// extraMinionData is what a minion sent beside its grains. Hosts that are
// reached over SSH send nothing.
func extraMinionData(_ *pillar, _ context.Context, _ *py.Dict, args *py.Args) (py.Value, error) {
	if _, err := bindArgs(args, []string{"include", "extra_minion_data"}, 1); err != nil {
		return nil, err
	}
	return py.NewDict(), nil
}
