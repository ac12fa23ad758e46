package states

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/fileserver"
	"pinch/internal/py"
	"pinch/internal/saltfun"
	"pinch/states/low"
)

// Caller runs functions on the host while templates render. It may also be a
// saltfun.Knower and a saltfun.Overrider.
type Caller = saltfun.Caller

// Request is what to compile for one host.
type Request struct {
	Host   string   // minion ID
	Grains *py.Dict // complete grains
	Opts   *py.Dict // options of this host alone, over the tree's; may be nil
	// SaltEnv and PillarEnv are "" for none. Without a SaltEnv, SLS are looked
	// for in base and the top files of all environments count.
	SaltEnv, PillarEnv string
	Pillar             *py.Dict // pillar given on the command line; may be nil
	SLS                []string // the SLS to compile, patterns allowed
	Highstate          bool     // compile what the top file says instead
	Exclude            *py.List // what not to apply, like an SLS's exclude
	Passes             Passes   // how far to compile
	Test               bool
	// Given is the host's pillar when it is compiled already (CompilePillar).
	Given *py.Dict
	// Context are variables for all templates, over all others.
	Context *py.Dict
	// Origins asks CompilePillar for the places that values come from.
	Origins bool
}

// Passes says which of the compiler's passes a function makes. Salt's functions
// that show states leave some out, and what they leave out they cannot refuse.
type Passes int

const (
	// AllPasses is a run's: extend, verify, requisite_in, exclude, low data.
	AllPasses Passes = iota
	// RenderOnly ends with the rendered high data (state.show_highstate).
	RenderOnly
	// VerifyHigh ends with the verified high data (state.show_sls).
	VerifyHigh
	// LowOnly makes low data of the verified high data as it stands: no extend,
	// requisite_in or exclude (state.show_low_sls).
	LowOnly
	// LowWithRequisites leaves out the trees' own extend and exclude
	// (state.sls_id).
	LowWithRequisites
)

// Compiled is what a host is to be like.
type Compiled struct {
	Pillar *py.Dict // with _errors when something is wrong with it
	Top    *py.Dict // {saltenv: [SLS]} that the top file matches; nil without Highstate
	High   *py.Dict // the high data before extend, requisite_in and exclude
	Chunks []low.Chunk
	// Errors are what Salt refuses, in its order. With errors there are no chunks.
	Errors []*Error
	// TopError says why the top file could not be rendered. Salt only logs that
	// and finds no states.
	TopError *Error
	// Disabled are states that the grain state_runs_disabled takes out.
	Disabled []DisabledState
	// Opts are the options that the host was compiled with.
	Opts *py.Dict
	// Origins say where the values of the pillar come from; nil when nobody
	// asked.
	Origins []Origin

	c *compiler
}

// compiler compiles one host.
type compiler struct {
	tree     *Tree
	req      *Request
	out      *Compiled
	opts     *py.Dict
	grains   *py.Dict
	fun      *saltfun.Host
	files    *fileserver.Server
	cacheDir string
	// pillarFiles serves the pillar's own files while a pillar is made.
	pillarFiles *fileserver.Server
	disabled    []string         // disabled_requisites
	declared    map[*py.Dict]int // the place of each chunk as declared, before ordering

	mods     map[string]bool // env:sls that were rendered
	places   map[string]*filePositions
	iorder   int64
	compared int
	depth    int
	aliases  bool // YAML aliases may make parts of the high data shared
	envNames map[string]bool
}

// firstOrder is where Salt begins to number states.
const firstOrder = 10000

func (t *Tree) newCompiler(ctx context.Context, req *Request, caller Caller) (*compiler, error) {
	if err := t.sources.open(ctx); err != nil {
		return nil, err
	}
	c := &compiler{
		tree: t, req: req, files: t.files, iorder: firstOrder,
		mods: map[string]bool{}, places: map[string]*filePositions{},
	}
	c.opts = py.DeepCopy(t.opts).(*py.Dict)
	if req.Opts != nil {
		c.opts.Update(py.DeepCopy(req.Opts).(*py.Dict))
	}
	c.grains = req.Grains
	if c.grains == nil {
		c.grains = py.NewDict()
	}
	c.opts.SetStr("id", py.Str(req.Host))
	c.opts.SetStr("grains", c.grains)
	if req.Test {
		c.opts.SetStr("test", py.True)
	}
	saltenv := req.SaltEnv
	if saltenv == "" {
		saltenv = c.opts.String("saltenv")
	}
	if saltenv == "" && !req.Highstate {
		saltenv = "base"
	}
	c.opts.SetStr("saltenv", py.OptStr(saltenv))
	if req.PillarEnv != "" {
		c.opts.SetStr("pillarenv", py.Str(req.PillarEnv))
	}
	if _, ok := c.opts.Lookup("pillar").(*py.Dict); !ok {
		c.opts.SetStr("pillar", py.NewDict())
	}
	completeOpts(c.opts)
	c.cacheDir = c.opts.String("cachedir")
	var err error
	if c.disabled, err = textList(c.opts.Lookup("disabled_requisites"), "disabled_requisites"); err != nil {
		return nil, err
	}
	c.out = &Compiled{Opts: c.opts, c: c}
	c.fun = &saltfun.Host{
		ID: req.Host, Opts: c.opts, Grains: c.grains, Pillar: py.NewDict(), Files: t.files, PillarFiles: t.pillars.plain,
		CacheDir: c.cacheDir, Caller: caller, Render: c.renderFor, CompilePillar: c.freshPillar,
		Environ: t.cfg.Environ, Log: t.cfg.Log,
	}
	return c, nil
}

// completeOpts adds the options that a state run takes from its master (Salt:
// BaseHighState.__gen_opts), which templates see.
func completeOpts(opts *py.Dict) {
	for _, key := range []string{"nodegroups", "jinja_env", "jinja_sls_env"} {
		if !opts.Has(key) {
			opts.SetStr(key, py.NewDict())
		}
	}
	for _, key := range []string{"jinja_lstrip_blocks", "jinja_trim_blocks"} {
		if !opts.Has(key) {
			opts.SetStr(key, py.False)
		}
	}
	if top := opts.String("state_top"); !strings.HasPrefix(top, "salt://") {
		opts.SetStr("state_top", py.Str("salt://"+strings.TrimPrefix(top, "/")))
	}
}

// Compile compiles one host: its pillar, then the SLS that are asked for or
// those of the top file. What is wrong with the tree stands in the result's
// Errors; a Go error means that the compile could not be carried out.
func (t *Tree) Compile(ctx context.Context, req Request, caller Caller) (*Compiled, error) {
	c, err := t.newCompiler(ctx, &req, caller)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", req.Host, err)
	}
	if err := c.run(ctx); err != nil {
		if isFatal(ctx, err) {
			return nil, fmt.Errorf("%s: %w", req.Host, err)
		}
		c.out.Errors = append(c.out.Errors, crash(err))
		c.out.Chunks = nil
	}
	return c.out, t.sourceErr(req.Host)
}

// sourceErr tells that files could not be looked for, which makes whatever was
// compiled worthless.
func (t *Tree) sourceErr(host string) error {
	if err := t.sources.err(); err != nil {
		return fmt.Errorf("%s: %w", host, err)
	}
	return nil
}

// CompilePillar compiles the pillar alone.
func (t *Tree) CompilePillar(ctx context.Context, req Request, caller Caller) (*Compiled, error) {
	c, err := t.newCompiler(ctx, &req, caller)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", req.Host, err)
	}
	if err := c.compilePillar(ctx); err != nil {
		if isFatal(ctx, err) {
			return nil, fmt.Errorf("%s: %w", req.Host, err)
		}
		c.out.Errors = append(c.out.Errors, crash(err))
	}
	return c.out, t.sourceErr(req.Host)
}

// compilePillar makes the host's pillar and gives it to the functions.
func (c *compiler) compilePillar(ctx context.Context) error {
	if c.req.Given != nil {
		c.usePillar(c.req.Given)
		c.out.Errors = append(c.out.Errors, saidErrors(c.req.Given)...)
		return nil
	}
	env := ""
	if v := c.opts.Lookup("pillarenv"); v != nil && py.IsTrue(v) {
		env = str(v)
	} else if saltenv := lookup(c.opts, "saltenv"); py.IsTrue(saltenv) && py.IsTrue(lookup(c.opts, "pillarenv_from_saltenv")) {
		env = str(saltenv)
		c.opts.SetStr("pillarenv", saltenv)
	}
	p, err := c.newPillar(env, c.req.Pillar)
	if err != nil {
		return err
	}
	if c.req.Origins {
		p.track = newTracker()
	}
	d, err := p.compile(ctx)
	if err != nil {
		return err
	}
	if p.track != nil {
		if c.out.Origins, err = p.track.origins(d); err != nil {
			return err
		}
	}
	c.usePillar(d)
	if d.Has("_errors") {
		found := p.problems().list
		if len(found) == 0 { // an external pillar gave the key
			found = saidErrors(d)
		}
		c.out.Errors = append(c.out.Errors, found...)
	}
	return nil
}

// saidErrors makes problems of the texts in a pillar's _errors.
func saidErrors(pillar *py.Dict) []*Error {
	v, ok := pillar.GetStr("_errors")
	if !ok || !py.IsTrue(v) {
		return nil
	}
	items := []py.Value{v}
	if l, ok := v.(*py.List); ok {
		items = l.Items
	}
	var out []*Error
	for _, e := range items {
		out = append(out, problem(ClassPillarOther, "", "%s", str(e)))
	}
	return out
}

func (c *compiler) usePillar(d *py.Dict) {
	c.out.Pillar = d
	c.fun.Pillar = d
	c.opts.SetStr("pillar", d)
}

// freshPillar answers pillar.items: a pillar of its own. The options must not
// hold the host's pillar meanwhile, which would be merged into it. ext is one
// more external pillar, nil for none.
func (c *compiler) freshPillar(ctx context.Context, pillarenv string, override, ext *py.Dict) (*py.Dict, error) {
	saved := c.opts.Lookup("pillar")
	c.opts.SetStr("pillar", py.NewDict())
	defer c.opts.SetStr("pillar", saved)
	if c.depth++; c.depth > maxIncludeDepth {
		return nil, py.Errorf("RecursionError", "maximum recursion depth exceeded")
	}
	defer func() { c.depth-- }()
	if ext != nil {
		list := py.NewList()
		own, ok := c.opts.GetStr("ext_pillar")
		if l, isList := own.(*py.List); isList {
			list.Items = append(list.Items, l.Items...)
		} else if ok {
			return nil, py.AttributeErrorf("'%s' object has no attribute 'append'", py.TypeName(own))
		}
		list.Append(ext)
		c.opts.SetStr("ext_pillar", list)
		defer func() {
			if ok {
				c.opts.SetStr("ext_pillar", own)
			} else {
				c.opts.DeleteStr("ext_pillar")
			}
		}()
	}
	p, err := c.newPillar(pillarenv, override)
	if err != nil {
		return nil, err
	}
	return p.compile(ctx)
}

func (c *compiler) run(ctx context.Context) error {
	if err := c.compilePillar(ctx); err != nil {
		return err
	}
	if len(c.out.Errors) > 0 {
		return nil
	}
	matches, err := c.wanted(ctx)
	if err != nil || len(c.out.Errors) > 0 {
		return err
	}
	var errs problems
	high, err := c.renderHighstate(ctx, matches, &errs)
	if err != nil {
		return err
	}
	passes := c.req.Passes
	if c.out.Errors = errs.list; len(errs.list) > 0 && passes != VerifyHigh {
		return nil
	}
	if passes == RenderOnly || passes == VerifyHigh {
		c.out.High = high
		if passes == VerifyHigh {
			err = c.verifyHigh(high, &errs)
			c.out.Errors = errs.list
		}
		return err
	}
	if passes == AllPasses && c.req.Exclude != nil && c.req.Exclude.Len() > 0 {
		l, err := setDefaultList(high, "__exclude__")
		if err != nil {
			return err
		}
		l.Items = append(l.Items, c.req.Exclude.Items...)
	}
	c.out.High = high
	return c.lower(high)
}

// wanted returns the SLS to compile: those asked for, or the top file's.
func (c *compiler) wanted(ctx context.Context) (*matched, error) {
	matches := newMatched()
	if !c.req.Highstate {
		for _, sls := range c.req.SLS {
			matches.add(c.opts.String("saltenv"), py.Str(sls))
		}
		return matches, nil
	}
	top, err := c.getTop(ctx)
	if err != nil {
		return nil, err
	}
	var errs problems
	err = verifyTops(top, &errs)
	c.out.Errors = errs.list
	if err != nil || len(errs.list) > 0 {
		if len(errs.list) > 0 {
			return matches, nil
		}
		return nil, err
	}
	if matches, err = c.topMatches(top); err != nil {
		return nil, err
	}
	c.out.Top = matches.dict()
	return matches, nil
}

// lower turns high data into chunks. The high data is changed by it, so a copy
// is taken for the passes.
func (c *compiler) lower(high *py.Dict) error {
	high, err := copyHigh(high, c.aliases)
	if err != nil {
		return err
	}
	var errs problems
	passes := c.req.Passes
	if passes == AllPasses {
		if err := c.reconcileExtend(high, false, &errs); err != nil {
			return err
		}
	}
	if err := c.verifyHigh(high, &errs); err != nil {
		return err
	}
	if c.out.Errors = errs.list; len(errs.list) > 0 && passes != LowWithRequisites {
		return nil
	}
	if passes != LowOnly {
		if err := c.requisiteIn(high, &errs); err != nil {
			return err
		}
	}
	if passes == AllPasses {
		if err := c.applyExclude(high); err != nil {
			return err
		}
	}
	if c.out.Errors = errs.list; len(errs.list) > 0 {
		return nil
	}
	chunks, err := c.compileHigh(high, &errs)
	if err != nil {
		return err
	}
	if c.out.Errors = errs.list; len(errs.list) > 0 {
		return nil
	}
	if err := checkListenIn(chunks); err != nil {
		return err
	}
	c.out.Chunks = make([]low.Chunk, len(chunks))
	for i, d := range chunks {
		c.out.Chunks[i] = low.Chunk{Data: d, Declared: c.declared[d], Pos: c.positionOf(str(lookup(d, "__env__")), str(lookup(d, "__sls__")),
			str(lookup(d, "__id__")), str(lookup(d, "state")))}
	}
	return nil
}

// checkListenIn refuses what Salt stumbles over once the whole run is done and
// its results are lost: listen_in knows no bare IDs.
func checkListenIn(chunks []*py.Dict) error {
	for _, chunk := range chunks {
		v, ok := chunk.GetStr("listen_in")
		if !ok {
			continue
		}
		items, err := py.Collect(v)
		if err != nil {
			return err
		}
		for _, it := range items {
			if _, ok := it.(*py.Dict); !ok {
				return py.AttributeErrorf("listen_in of ID '%s' in SLS '%s' has to name the state too: '%s' object has no attribute 'items'",
					str(lookup(chunk, "__id__")), str(lookup(chunk, "__sls__")), it.Type())
			}
		}
	}
	return nil
}

// available says whether SLS of the environment may be rendered.
func (c *compiler) available(env string) bool {
	if env == "base" {
		return true
	}
	if c.envNames == nil {
		c.envNames = map[string]bool{}
		if list, err := c.envList(); err == nil {
			for _, e := range list {
				c.envNames[e] = true
			}
		}
	}
	return c.envNames[env]
}

// states returns the SLS of an environment, sorted.
func (c *compiler) states(env string) []string { return c.files.States(env) }
