package states

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/jinja"
	"pinch/internal/py"
	"pinch/states/low"
)

// renderState renders one SLS with all that it includes (Salt: render_state).
// The state is an empty dict when there is none, and what the SLS rendered to
// when that is no dict; problems are appended to errs. A Go error is an
// exception that Salt lets through.
func (c *compiler) renderState(ctx context.Context, sls, saltenv string, matches *matched, errs *problems) (py.Value, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.depth++; c.depth > maxIncludeDepth {
		return nil, py.Errorf("RecursionError", "maximum recursion depth exceeded (SLS %s is included too deep)", sls)
	}
	defer func() { c.depth-- }()
	file, found := c.files.FindSLS(sls, saltenv)
	var rendered py.Value
	if !found {
		errs.add(problem(ClassSLSMissing, sls,
			"Specified SLS %s in saltenv %s is not available on the salt master or through a configured fileserver", sls, saltenv))
	} else {
		var err error
		rendered, err = c.compileTemplate(ctx, &template{file: file, saltenv: saltenv, sls: sls, context: c.req.Context})
		if err != nil {
			if isFatal(ctx, err) {
				return nil, fmt.Errorf("%s: %w", file.Path, err)
			}
			errs.add(c.slsError(err, sls, saltenv, file.Path))
			rendered = nil
		}
		c.mods[saltenv+":"+sls] = true
	}
	if rendered == nil || !py.IsTrue(rendered) {
		return py.NewDict(), nil
	}
	state, ok := rendered.(*py.Dict)
	if !ok {
		errs.add(problem(ClassSLSNotDict, sls, "SLS %s does not render to a dictionary", sls))
		return rendered, nil
	}
	includes, err := takeIncludes(state, sls, errs)
	if err != nil {
		return nil, err
	}
	if err := handleExtend(state, sls, saltenv, errs); err != nil {
		return nil, err
	}
	if err := handleExclude(state, sls, errs); err != nil {
		return nil, err
	}
	if err := handleStateDecls(state, sls, saltenv, errs); err != nil {
		return nil, err
	}
	isInit := strings.HasSuffix(file.Rel, "/init.sls")
	for _, inc := range includes {
		if err := c.include(ctx, state, inc, includer{sls: sls, env: saltenv, init: isInit}, matches, errs); err != nil {
			return nil, err
		}
	}
	return state, c.handleIorder(state)
}

// maxIncludeDepth bounds how deep includes nest; Python's own recursion limit
// stops Salt at about the same depth.
const maxIncludeDepth = 300

// slsError words a rendering error of an SLS.
func (c *compiler) slsError(err error, sls, saltenv, path string) *Error {
	e := &Error{SLS: sls, Err: err}
	e.Pos.File = path
	class, text := exception(err)
	var own *Error
	switch {
	case errors.As(err, &own) && own.Class == ClassRenderer:
		e.Class, e.Message, e.Pos, e.Hint = ClassRenderer, "Rendering SLS '"+saltenv+":"+sls+"' failed: "+own.Message, own.Pos, own.Hint
		return e
	case class == "SaltRenderError":
		e.Class, e.Message = renderClass(text), "Rendering SLS '"+saltenv+":"+sls+"' failed: "+text
	default:
		e.Class, e.Message = ClassRenderCrash, "Rendering SLS "+sls+" failed, render error: "+text
	}
	c.place(e, err)
	return e
}

// place finds where a rendering error happened, and what may help.
func (c *compiler) place(e *Error, err error) {
	var je *jinja.Error
	if errors.As(err, &je) {
		e.Pos.Line = je.Line
		if je.File != "" {
			e.Pos.File = je.File
		}
	}
	var ye *yamlError
	if errors.As(err, &ye) {
		e.Pos = ye.pos
	}
	if e.Class == ClassJinjaUndefined && len(c.fun.Missing) > 0 {
		name := c.fun.Missing[len(c.fun.Missing)-1]
		if strings.Contains(e.Message, "'"+name+"'") {
			if near := c.fun.Nearest(name); len(near) > 0 {
				e.Hint = "did you mean " + strings.Join(near, " or ") + "?"
			}
		}
	}
}

func takeIncludes(state *py.Dict, sls string, errs *problems) ([]py.Value, error) {
	v, ok := state.GetStr("include")
	if !ok {
		return nil, nil
	}
	l, ok := v.(*py.List)
	if !ok {
		errs.add(problem(ClassIncludeMalformed, sls, "Include Declaration in SLS %s is not formed as a list", sls))
		return nil, nil
	}
	state.DeleteStr("include")
	return append([]py.Value(nil), l.Items...), nil
}

// includer is the SLS that includes.
type includer struct {
	sls, env string
	init     bool
}

const xenv = "_xenv"

var relativeInclude = regexp.MustCompile(`^(\.+)(.*)$`)

// include resolves one item of an include list and merges what it names into
// state (Salt: the loop over includes in render_state).
func (c *compiler) include(ctx context.Context, state *py.Dict, inc py.Value, from includer, matches *matched, errs *problems) error {
	env := from.env
	if d, ok := inc.(*py.Dict); ok {
		k, v, err := popItem(d)
		if err != nil {
			return err
		}
		env, inc = str(k), v
	}
	if !c.available(env) && !c.available("__env__") {
		errs.add(problem(ClassIncludeEnv, from.sls, "Nonexistent saltenv '%s' found in include of '%s' within SLS '%s:%s'",
			env, str(inc), from.env, from.sls))
		return nil
	}
	text, ok := inc.(py.Str)
	if !ok {
		return py.AttributeErrorf("'%s' object has no attribute 'startswith'", py.TypeName(inc))
	}
	name := string(text)
	if strings.HasPrefix(name, ".") {
		if name, ok = c.relative(name, from, errs); !ok {
			return nil
		}
	}
	var resolved []string
	switch {
	case env == xenv:
		for _, e := range matches.envs() {
			if len(c.filter(e, name)) > 0 {
				resolved = append(resolved, e)
			}
		}
	case matches.has(env) || len(c.filter(env, name)) > 0:
		resolved = []string{env}
	}
	if len(resolved) != 1 && !contains(resolved, from.env) {
		c.unresolved(env, name, from, resolved, matches, errs)
		return nil
	}
	target := from.env
	if len(resolved) == 1 {
		target = resolved[0]
	}
	names := c.filter(from.env, name)
	if len(names) == 0 {
		names = []string{name}
	}
	for _, n := range names {
		if c.mods[target+":"+n] {
			continue
		}
		var own problems
		nested, err := c.renderState(ctx, n, target, matches, &own)
		if err != nil {
			return err
		}
		if py.IsTrue(nested) {
			if err := c.mergeNested(state, nested, from.sls, errs); err != nil {
				return err
			}
		}
		for _, e := range own.list {
			if e.Class == ClassSLSMissing && e.SLS == n && e.Pos == (low.Pos{}) {
				e.Pos = c.positionOf(from.env, from.sls, "include", "")
			}
		}
		errs.list = append(errs.list, own.list...)
	}
	return nil
}

// relative resolves ".x" and "..x".
func (c *compiler) relative(name string, from includer, errs *problems) (string, bool) {
	m := relativeInclude.FindStringSubmatch(name)
	if m == nil {
		errs.add(problem(ClassIncludeMalformed, from.sls, "Badly formatted include %s found in include in SLS '%s:%s'",
			name, from.env, from.sls))
		return "", false
	}
	levels := len(m[1])
	parts := strings.Split(from.sls, ".")
	if from.init {
		parts = append(parts, "init")
	}
	if levels > len(parts) {
		errs.add(problem(ClassIncludeBeyond, from.sls,
			"Attempted relative include of '%s' within SLS '%s:%s' goes beyond top level package ", name, from.env, from.sls))
		return "", false
	}
	return strings.Join(append(parts[:len(parts)-levels:len(parts)-levels], m[2]), "."), true
}

func (c *compiler) unresolved(env, name string, from includer, resolved []string, matches *matched, errs *problems) {
	if len(resolved) == 0 {
		where := env
		if env == xenv {
			where = strings.Join(matches.envs(), ", ")
		}
		e := problem(ClassIncludeMissing, name,
			"Unknown include: Specified SLS %s: %s is not available on the salt master in saltenv(s): %s ", env, name, where)
		e.Pos = c.positionOf(from.env, from.sls, "include", "")
		errs.add(e)
		return
	}
	e := problem(ClassIncludeAmbiguous, name,
		"Ambiguous include: Specified SLS %s: %s is available on the salt master in multiple available saltenvs: %s",
		env, name, strings.Join(resolved, ", "))
	e.Pos = c.positionOf(from.env, from.sls, "include", "")
	errs.add(e)
}

// mergeNested notes who included each ID and merges the included SLS.
func (c *compiler) mergeNested(state *py.Dict, nested py.Value, by string, errs *problems) error {
	const key = "__sls_included_from__"
	if text, ok := nested.(rendered); ok {
		return text.asIncluded()
	}
	keys, err := py.Collect(nested)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if dunder, err := startsDunder(k); err != nil {
			return err
		} else if dunder {
			continue
		}
		body, err := item(nested, k)
		if err != nil {
			return err
		}
		has, err := in(py.Str(key), body)
		if err != nil {
			return err
		}
		d, ok := body.(*py.Dict)
		if !ok {
			if has {
				return py.TypeErrorf("%s indices must be integers or slices, not str", py.TypeName(body))
			}
			return py.TypeErrorf("'%s' object does not support item assignment", py.TypeName(body))
		}
		l, err := setDefaultList(d, key)
		if err != nil {
			return err
		}
		l.Append(py.Str(by))
	}
	return c.mergeIncluded(state, nested, errs)
}

// mergeIncluded merges an SLS into high data; an ID that both have must be the
// same in both (Salt: merge_included_states).
func (c *compiler) mergeIncluded(high *py.Dict, state py.Value, errs *problems) error {
	if _, isText := state.(rendered); isText {
		return nil // the first "in" reads the file to its end, and there is nothing left
	}
	for _, key := range []string{"__extend__", "__exclude__"} {
		has, err := in(py.Str(key), state)
		if err != nil {
			return err
		}
		d, ok := state.(*py.Dict)
		if !has || !ok {
			continue
		}
		v, _ := d.DeleteStr(key)
		l, err := setDefaultList(high, key)
		if err != nil {
			return err
		}
		if err := extendList(l, v); err != nil {
			return err
		}
	}
	ids, err := py.Collect(state)
	if err != nil {
		return err
	}
	for _, id := range ids {
		old, has, err := high.Get(id)
		if err != nil {
			return err
		}
		if !has {
			continue
		}
		body, err := item(state, id)
		if err != nil {
			return err
		}
		if eq, err := py.Equal(old, body); err != nil {
			return err
		} else if !eq {
			if err := c.conflict(id, old, body, errs); err != nil {
				return err
			}
		}
	}
	if err := py.UpdateDict(high, state); err != nil {
		var pe *py.Error
		if !errors.As(err, &pe) || pe.Class != "ValueError" {
			return err
		}
		errs.add(problem(ClassSLSNotDict, "", "Error when rendering state with contents: %s", py.ToStr(state)))
	}
	return nil
}

// conflict adds the error of an ID that two SLS declare differently.
func (c *compiler) conflict(id, old, body py.Value, errs *problems) error {
	var at [4]string
	for i, src := range []struct {
		body py.Value
		key  string
	}{{old, "__env__"}, {old, "__sls__"}, {body, "__env__"}, {body, "__sls__"}} {
		v, err := item(src.body, py.Str(src.key))
		if err != nil {
			return err
		}
		at[i] = str(v)
	}
	e := problem(ClassIDConflict, at[1], "Detected conflicting IDs, SLS IDs need to be globally unique.\n"+
		"    The conflicting ID is '%s' and is found in SLS '%s:%s' and SLS '%s:%s'", str(id), at[0], at[1], at[2], at[3])
	e.Pos = c.positionOf(at[2], at[3], str(id), "")
	errs.add(e)
	return nil
}

// filter returns the SLS of an environment that a pattern matches. An
// environment that does not exist has none.
func (c *compiler) filter(env, pattern string) []string {
	return filterNames(c.states(env), pattern)
}

func filterNames(names []string, pattern string) []string {
	p := fnmatch.Compile(pattern)
	if p.Plain() {
		if containsSorted(names, pattern) {
			return []string{pattern}
		}
		return nil
	}
	var out []string
	for _, n := range names {
		if p.Match(n) {
			out = append(out, n)
		}
	}
	return out
}
