package fleet

import (
	"fmt"
	"strings"

	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/states"
)

// stateArgs are the arguments of a state.* call, told apart.
type stateArgs struct {
	pos []py.Value
	kw  *py.Dict
	req states.Request
	// queue waits for a run that holds the host, concurrent does not care.
	queue, concurrent bool
}

// refusedArgs are arguments of Salt's state functions that would change what a
// run does and that pinch does not have.
var refusedArgs = map[string]string{
	"localconfig": "it names a file of the minion; give --config-dir",
	"mock":        "states are run or, with test=True, tried",
	"pillar_enc":  "the pillar of the command line is taken as it is",
}

// stateArgs reads what all state functions take: test, pillar, saltenv,
// pillarenv, exclude, mods, queue, concurrent.
func (w *worker) stateArgs() (*stateArgs, error) {
	a := &stateArgs{pos: w.job.Args.Pos, kw: w.job.Args.KwDict()}
	a.req = states.Request{Host: w.res.ID, Grains: w.grains, Opts: w.host.MinionOpts}
	if w.job.Fun != "state.single" { // whose other arguments are the state's
		for name, why := range refusedArgs {
			if v := a.kw.Lookup(name); v != nil && py.IsTrue(v) {
				return nil, fmt.Errorf("argument %s is not supported: %s", name, why)
			}
		}
	}
	if err := a.testMode(w); err != nil {
		return nil, err
	}
	if v, ok := a.kw.GetStr("pillar"); ok && v != py.Value(py.None) {
		d, isDict := v.(*py.Dict)
		if !isDict {
			return nil, fmt.Errorf("pillar=%s: a mapping is needed, such as pillar='{web: {port: 80}}'", py.ToStr(v))
		}
		a.req.Pillar = d
	}
	for key, dest := range map[string]*string{"saltenv": &a.req.SaltEnv, "pillarenv": &a.req.PillarEnv} {
		if v, ok := a.kw.GetStr(key); ok && v != py.Value(py.None) {
			*dest = py.ToStr(v)
		}
	}
	if v, ok := a.kw.GetStr("exclude"); ok {
		items, err := saltargs.SplitInput(v)
		if err != nil {
			return nil, err
		}
		a.req.Exclude = py.NewList(items...)
	}
	a.queue = py.IsTrue(py.OrNone(a.kw.Lookup("queue")))
	a.concurrent = py.IsTrue(py.OrNone(a.kw.Lookup("concurrent")))
	return a, nil
}

// testMode reads test= as Salt does: whatever is neither None nor False is test
// mode; without it, or with None, other spellings of the name and the
// configuration decide.
func (a *stateArgs) testMode(w *worker) error {
	if v, ok := a.kw.GetStr("test"); ok && v != py.Value(py.None) {
		a.req.Test = v != py.Value(py.False)
		return nil
	}
	test, err := saltargs.TestMode(a.kw)
	if err != nil {
		return err
	}
	a.req.Test = test || py.IsTrue(py.OrNone(w.f.Tree.Opts().Lookup("test")))
	return nil
}

// positionalTest reads the test argument where it is given by its place.
func (a *stateArgs) positionalTest(i int) {
	if i < len(a.pos) && a.pos[i] != py.Value(py.None) {
		a.req.Test = a.pos[i] != py.Value(py.False)
	}
}

// names reads a list of SLS: "a,b", a list, or several.
func names(v py.Value) ([]string, error) {
	items, err := saltargs.SplitInput(v)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, it := range items {
		if s := strings.TrimSpace(py.ToStr(it)); s != "" {
			out = append(out, s)
		}
	}
	return out, nil
}

// mods returns the SLS that a call names: the first argument, or mods=.
func (a *stateArgs) mods() ([]string, error) {
	var v py.Value
	switch {
	case len(a.pos) > 0:
		v = a.pos[0]
	case a.kw.Has("mods"):
		v = a.kw.Lookup("mods")
	default:
		return nil, nil
	}
	return names(v)
}
