package states

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/py"
	"pinch/states/low"
)

// Single makes the chunk of one state function with its arguments (state.single):
// fun is "module.function", name the state's name, kwargs its arguments.
func (t *Tree) Single(ctx context.Context, req Request, caller Caller, fun, name string, kwargs *py.Dict) (*Compiled, error) {
	state, f, ok := strings.Cut(fun, ".")
	if !ok || state == "" || f == "" {
		return nil, fmt.Errorf("%s: a state function has the form module.function", fun)
	}
	chunk := py.DictOf("state", py.Str(state), "fun", py.Str(f), "__id__", py.Str(name), "name", py.Str(name))
	if kwargs != nil {
		chunk.Update(kwargs)
	}
	return t.given(ctx, req, caller, func(c *compiler) error {
		c.out.Chunks = []low.Chunk{{Data: chunk}}
		return nil
	})
}

// High compiles high data that was given (state.high).
func (t *Tree) High(ctx context.Context, req Request, caller Caller, data py.Value) (*Compiled, error) {
	return t.given(ctx, req, caller, func(c *compiler) error {
		high, ok := data.(*py.Dict)
		if !ok {
			c.out.Errors = []*Error{problem(ClassHighNotDict, "", "High data is not a dictionary and is invalid")}
			return nil
		}
		c.out.High = high
		c.aliases = true
		return c.lower(high)
	})
}

// Low takes one low chunk or a list of them as they are given (state.low).
func (t *Tree) Low(ctx context.Context, req Request, caller Caller, data py.Value) (*Compiled, error) {
	return t.given(ctx, req, caller, func(c *compiler) error {
		items := []py.Value{data}
		if l, ok := data.(*py.List); ok {
			items = l.Items
		}
		for _, it := range items {
			d, ok := it.(*py.Dict)
			if !ok {
				c.out.Errors = append(c.out.Errors, problem(ClassOther, "", "A low chunk must be a dictionary, not %s", it.Type()))
				continue
			}
			chunk := py.DeepCopy(d).(*py.Dict)
			if !chunk.Has("__id__") {
				chunk.SetStr("__id__", lookup(chunk, "name"))
			}
			for _, key := range []string{"state", "fun", "name"} {
				if !chunk.Has(key) {
					c.out.Errors = append(c.out.Errors, problem(ClassOther, "", "Missing \"%s\" data", key))
				}
			}
			c.out.Chunks = append(c.out.Chunks, low.Chunk{Data: chunk})
		}
		if len(c.out.Errors) > 0 {
			c.out.Chunks = nil
		}
		return nil
	})
}

// Template compiles the text of one SLS that stands outside the tree
// (state.template_str). name is what errors call it.
func (t *Tree) Template(ctx context.Context, req Request, caller Caller, name, text string) (*Compiled, error) {
	return t.given(ctx, req, caller, func(c *compiler) error {
		v, err := c.compileTemplate(ctx, &template{text: text, saltenv: "base"})
		if err != nil {
			if isFatal(ctx, err) {
				return err
			}
			e := c.slsError(err, name, "base", name)
			c.out.Errors = []*Error{e}
			return nil
		}
		if !py.IsTrue(v) {
			return nil
		}
		d, ok := v.(*py.Dict)
		if !ok {
			c.out.Errors = []*Error{problem(ClassSLSNotDict, name, "Template %s does not render to a dictionary", name)}
			return nil
		}
		var errs problems
		if err := padTemplate(d, name, &errs); err != nil {
			return err
		}
		if c.out.Errors = errs.list; len(errs.list) > 0 {
			return nil
		}
		c.out.High = d
		return c.lower(d)
	})
}

// templateStr is what Salt calls the text of state.template_str. Its states
// belong to no SLS.
const templateStr = "<template-str>"

// padTemplate checks and completes the states of a single template (Salt:
// State.render_template).
func padTemplate(high *py.Dict, name string, errs *problems) error {
	for _, item := range []string{"include", "exclude", "extends"} {
		if high.Has(item) {
			errs.add(problem(ClassOther, name, "The '%s' declaration found on '%s' is invalid when rendering single templates", item, name))
			return nil
		}
	}
	for _, id := range high.Keys() {
		body, _, err := high.Get(id)
		if err != nil {
			return err
		}
		d, ok := body.(*py.Dict)
		if !ok {
			if s, ok := body.(py.Str); ok && strings.Contains(string(s), ".") {
				parts := splitDot(string(s))
				short := py.NewDict()
				short.SetStr(parts[0], py.NewList(py.Str(parts[1])))
				d = short
				if err := high.Set(id, d); err != nil {
					return err
				}
			} else {
				errs.add(problem(ClassIDNotDict, name, "ID %s in template %s is not a dictionary", str(id), name))
				continue
			}
		}
		for key, run := range d.All() {
			if _, none := run.(py.NoneType); none {
				errs.add(problem(ClassShortColon, name, "ID '%s' in template %s contains a short declaration (%s) with a trailing colon. "+
					"When not passing any arguments to a state, the colon must be omitted.", str(id), name, str(key)))
			}
		}
		if err := splitDotted(d, func() {
			errs.add(problem(ClassTypeRepeated, name, "ID '%s' in template '%s' contains multiple state declarations of the same type", str(id), name))
		}); err != nil {
			return err
		}
		if name != templateStr {
			d.SetStr("__sls__", py.Str(name))
			d.SetStr("__env__", py.Str("base"))
		}
	}
	return nil
}

// given compiles the pillar and then takes what make gives.
func (t *Tree) given(ctx context.Context, req Request, caller Caller, make func(c *compiler) error) (*Compiled, error) {
	c, err := t.newCompiler(ctx, &req, caller)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", req.Host, err)
	}
	err = c.compilePillar(ctx)
	if err == nil && len(c.out.Errors) == 0 {
		err = make(c)
	}
	if err != nil {
		if isFatal(ctx, err) {
			return nil, fmt.Errorf("%s: %w", req.Host, err)
		}
		c.out.Errors = append(c.out.Errors, crash(err))
		c.out.Chunks = nil
	}
	return c.out, t.sourceErr(req.Host)
}
