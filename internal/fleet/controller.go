package fleet

import (
	"context"
	"errors"
	"io"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/shim"
	"pinch/shim/wire"
	"pinch/states"
)

// controllerFuncs are the functions that the controller carries out, most of
// them with the host's help.
var controllerFuncs = map[string]func(context.Context, *worker) error{
	"state.apply": apply, "state.highstate": apply, "state.sls": apply, "state.test": apply,
	"state.single": single, "state.sls_exists": slsExists, "state.id_exists": idExists,
	"state.sls_id": slsID, "state.high": given, "state.low": given, "state.template_str": given, "state.template": given,
	"state.show_sls": show, "state.show_low_sls": show, "state.show_lowstate": show,
	"state.show_highstate": show, "state.show_top": show, "state.show_states": show,
	"grains.items": grainsItems, "grains.ls": grainsLs,
	"pillar.items": pillarItems, "pillar.ls": pillarItems, "pillar.raw": pillarItems, "pillar.data": pillarItems,
}

// refusedFuncs are Salt's state functions that pinch leaves out, and why.
var refusedFuncs = map[string]string{
	"state.request": keepsNothing, "state.check_request": keepsNothing, "state.clear_request": keepsNothing,
	"state.run_request": keepsNothing, "state.enable": keepsNothing, "state.disable": keepsNothing,
	"state.pause": keepsNothing, "state.resume": keepsNothing, "state.soft_kill": keepsNothing, "state.get_pauses": keepsNothing,
	"state.orchestrate": "it runs on a master", "state.event": "there is no event bus",
	"state.pkg": "it runs what salt-ssh packs", "state.top": "name the SLS, or set state_top",
	"state.graph": noGraph, "state.graph_highstate": noGraph,
}

const (
	keepsNothing = "it needs something that stays on the host, and pinch leaves nothing there"
	noGraph      = "state.show_low_sls tells the requisites"
)

// ControllerFunctions returns the names of the functions that the controller
// carries out.
func ControllerFunctions() []string {
	out := make([]string, 0, len(controllerFuncs))
	for name := range controllerFuncs {
		out = append(out, name)
	}
	return append(out, "mine.get", "publish.publish", "publish.full_data")
}

// askPeers asks other hosts, as a call of a template would.
func (w *worker) askPeers(ctx context.Context) error {
	v, err := peerFunc(w.job.Fun)(ctx, w.f, w.job.Args)
	if err != nil {
		return w.raised(err)
	}
	w.res.Return = v
	return nil
}

func grainsItems(ctx context.Context, w *worker) error {
	if _, err := w.session(ctx); err != nil {
		return err
	}
	w.res.Return, w.res.Out = w.grains, "nested"
	return nil
}

func grainsLs(ctx context.Context, w *worker) error {
	if _, err := w.session(ctx); err != nil {
		return err
	}
	keys, err := py.Sorted(w.grains.Keys(), nil, false)
	if err != nil {
		return err
	}
	w.res.Return = py.NewList(keys...)
	return nil
}

// pillarItems compiles the host's pillar on the controller.
func pillarItems(ctx context.Context, w *worker) error {
	p, err := w.prepare(ctx)
	if err != nil {
		return err
	}
	p.req.Origins = w.job.Origins
	c, err := p.compile(func() (*states.Compiled, error) { return w.f.Tree.CompilePillar(ctx, p.req, p.caller) })
	if err != nil {
		return err
	}
	w.res.Return, w.res.Origins = orEmpty(c.Pillar), c.Origins
	if w.job.Fun == "pillar.ls" {
		w.res.Return = py.NewList(orEmpty(c.Pillar).Keys()...)
	}
	if len(c.Errors) > 0 {
		ce := &CompileError{Host: w.res.ID, Pillar: true}
		for _, e := range c.Errors {
			ce.Errors = append(ce.Errors, e)
		}
		w.res.Retcode = 5
		return ce
	}
	if len(p.pos) > 0 && w.job.Fun == "pillar.items" && !w.job.Origins { // pillar.items a b: as pillar.item
		return w.callCompiled(ctx, p, c, "pillar.item")
	}
	return nil
}

// callPure runs a function that needs no host, with its pillar and grains.
func (w *worker) callPure(ctx context.Context) error {
	fun := w.job.Fun
	if !states.IsPure(fun) {
		text := "'" + fun + "' is not available."
		if why := refusedFuncs[fun]; why != "" {
			text = "'" + fun + "' is not supported: " + why
		}
		w.res.Return = py.Str(text)
		near := w.f.Registry.NearName(modules.ExecKind, fun)
		if near == "" {
			near = modules.Near(fun, ControllerFunctions())
		}
		return &FunctionError{Host: w.res.ID, Fun: fun, Text: text, Near: near}
	}
	p, err := w.prepare(ctx)
	if err != nil {
		return err
	}
	c, err := p.compile(func() (*states.Compiled, error) { return w.f.Tree.CompilePillar(ctx, p.req, p.caller) })
	if err != nil {
		return err
	}
	if len(c.Errors) > 0 {
		return w.refused(c, true)
	}
	return w.callCompiled(ctx, p, c, fun)
}

func (w *worker) callCompiled(ctx context.Context, p *prepared, c *states.Compiled, fun string) error {
	p.turn.mu.Lock()
	defer p.turn.mu.Unlock()
	v, err := c.Call(ctx, fun, w.job.Args)
	if err != nil {
		return w.raised(err)
	}
	w.res.Return = v
	return nil
}

// raised makes the result of a function that raised: Salt's text.
func (w *worker) raised(err error) error {
	var re *wire.RemoteError
	var exc *py.Error
	var text string
	switch {
	case errors.As(err, &re):
		text = raisedText(w.job.Fun, re.Class, re.Msg)
	case errors.As(err, &exc):
		text = raisedText(w.job.Fun, exc.Class, exc.Msg)
	default:
		return &LostError{Host: w.res.ID, Err: err}
	}
	w.res.Return = py.Str(text)
	return &FunctionError{Host: w.res.ID, Fun: w.job.Fun, Text: text}
}

// raisedText is what Salt returns for an exception of a function.
func raisedText(fun, class, msg string) string {
	switch class {
	case "CommandExecutionError":
		return "ERROR: " + msg
	case "SaltInvocationError":
		return "ERROR executing '" + fun + "': " + msg
	case "KeyError":
		return msg
	}
	return "ERROR: " + class + ": " + msg
}

const maxRaw = 64 << 20

// readAll reads what a raw command prints, up to maxRaw.
func readAll(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxRaw+1))
	if err == nil && len(b) > maxRaw {
		return b[:maxRaw], errors.New("the command printed more than 64 MiB; use a state or a file for that")
	}
	return b, err
}

var _ modules.Caller = (*remote)(nil)
var _ shim.Sources = (*grants)(nil)
