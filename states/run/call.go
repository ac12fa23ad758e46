package run

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"pinch/internal/elsewhere"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/graph"
	"pinch/states/low"
)

// call runs one chunk: its conditions, the function in apply or test mode,
// check_cmd and retries. nil means that the run was cut off and there is no
// result to give.
func (e *engine) call(ctx context.Context, c *py.Dict, running *results, attempt int) *low.Result {
	chunk := e.chunkOf(c)
	tag := graph.Tag(c)
	prereq := py.IsTrue(py.OrNone(c.Lookup("__prereq__")))
	if !prereq && e.Starting != nil && attempt == 1 {
		e.started++
		e.Starting(e.started, len(e.chunks), chunk)
	}
	start := e.Host.Now()
	f, problem := e.verify(chunk)
	if problem != "" {
		return &low.Result{Tag: tag, Data: py.DictOf("result", py.False, "name", py.OrNone(c.Lookup("name")),
			"changes", py.NewDict(), "comment", py.Str(problem), "__run_num__", e.nextRunNum())}
	}
	data := e.execute(ctx, chunk, f, prereq)
	if ctx.Err() != nil {
		return nil
	}
	if prereq {
		c.SetStr("__prereq__", py.False)
		return &low.Result{Tag: tag, Data: unify(data)}
	}
	data.SetStr("__sls__", py.OrNone(c.Lookup("__sls__")))
	data.SetStr("__run_num__", e.nextRunNum())
	data.SetStr("start_time", startTime(start))
	data.SetStr("duration", milliseconds(e.Host.Now().Sub(start)))
	data.SetStr("__id__", py.OrNone(c.Lookup("__id__")))
	if py.IsTrue(py.OrNone(c.Lookup("no_log"))) {
		mask(data)
	}
	e.refresh(c, data)
	r := &low.Result{Tag: tag, Data: data}
	if _, ok := c.GetStr("retry"); ok && !c.Has("parallel") {
		r = e.retry(ctx, c, running, r, attempt)
	}
	r.Data = unify(r.Data)
	return r
}

// chunkOf returns the chunk with its sources; a chunk that the engine made
// (mod_watch, an aggregate) takes those of the one that it was made from.
func (e *engine) chunkOf(c *py.Dict) *low.Chunk {
	tag := graph.Tag(c)
	if fun := c.Lookup("sfun"); fun != nil {
		t := c.Copy()
		t.SetStr("fun", fun)
		tag = graph.Tag(t)
		if id, ok := strings.CutPrefix(py.ToStr(py.OrNone(c.Lookup("__id__"))), "listener_"); ok && e.byTag[tag] == nil {
			t.SetStr("__id__", py.Str(id))
			tag = graph.Tag(t)
		}
	}
	out := &low.Chunk{Data: c}
	if known := e.byTag[tag]; known != nil {
		out.Pos, out.Sources = known.Pos, known.Sources
	}
	return out
}

// verify finds the function and checks what Salt's verify_data checks. problem
// is the comment of the failed result, one line an error.
func (e *engine) verify(c *low.Chunk) (f *modules.Func, problem string) {
	var errs []string
	name := c.Data.Lookup("name")
	if name == nil {
		errs = append(errs, `Missing "name" data`)
	} else if _, isText := name.(py.Str); !isText && py.IsTrue(name) {
		errs = append(errs, fmt.Sprintf("ID '%s' in SLS '%s' is not formed as a string, but is a %s", py.ToStr(name), c.SLS(), name.Type()))
	}
	if u, ok := c.Data.DeleteStr("umask"); ok {
		n, err := strconv.ParseInt(py.ToStr(u), 8, 32)
		if err != nil {
			errs = append(errs, "Invalid umask: "+py.ToStr(u))
		} else {
			c.Data.SetStr("__umask__", py.Int(n))
		}
	}
	if len(errs) > 0 {
		return nil, strings.Join(errs, "\n") + "\n"
	}
	fun := c.Fun()
	if s, ok := c.Data.GetStr("sfun"); ok {
		fun = py.ToStr(s)
	}
	full := c.State() + "." + c.Fun()
	f = e.Registry.State(c.State() + "." + fun)
	if f != nil && fun != c.Fun() && !f.HasWatch() {
		f = nil
	}
	if f == nil {
		if why := elsewhere.Virtual(c.State(), e.funcs.NewCall(c, e.Sources).Grains.String("kernel")); why != "" {
			return nil, e.notFound(c, full, fmt.Sprintf("'%s' __virtual__ returned False: %s", c.State(), why))
		}
		return nil, e.notFound(c, full, fmt.Sprintf("'%s' is not available.", full))
	}
	if ok, reason := f.Virtual(e.funcs.NewCall(c, e.Sources)); !ok {
		text := fmt.Sprintf("'%s' __virtual__ returned False", c.State())
		if reason != "" {
			text += ": " + reason
		}
		return nil, e.notFound(c, full, text)
	}
	for _, p := range f.Params {
		if p.Required && !c.Data.Has(p.Name) {
			errs = append(errs, fmt.Sprintf("Missing parameter %s for state %s", p.Name, full))
		}
	}
	if len(errs) > 0 {
		return nil, strings.Join(errs, "\n") + "\n"
	}
	return f, ""
}

func (e *engine) notFound(c *low.Chunk, full, reason string) string {
	if !c.Data.Has("__sls__") {
		return fmt.Sprintf("Specified state '%s' was not found\n", full)
	}
	return fmt.Sprintf("State '%s' was not found in SLS '%s'\nReason: %s\n", full, c.SLS(), reason)
}

// execute gives the function's return: what a condition says, or what the
// function returned, with check_cmd's verdict. A panic is a failed state.
func (e *engine) execute(ctx context.Context, c *low.Chunk, f *modules.Func, prereq bool) (data *py.Dict) {
	defer func() {
		if p := recover(); p != nil {
			e.Log.Error("panic in a state function", "state", c.FullName(), "id", c.ID(), "panic", p, "stack", string(debug.Stack()))
			data = failure(c, exceptionComment(fmt.Sprintf("panic: %v", p)))
		}
	}()
	data, skip, err := e.conditions(ctx, c)
	if err == nil && !skip {
		if py.IsTrue(py.OrNone(c.Data.Lookup("parallel"))) && !prereq {
			data = e.startParallel(ctx, c, f)
		} else {
			data, err = e.invoke(ctx, c, f, prereq)
		}
	}
	if err == nil && c.Data.Has("check_cmd") && !hasParam(f, "check_cmd") {
		err = e.checkCmd(ctx, c, data)
	}
	if err != nil {
		return failure(c, e.errorComment(err))
	}
	return data
}

func hasParam(f *modules.Func, name string) bool {
	for _, p := range f.Params {
		if p.Name == name {
			return true
		}
	}
	return false
}

func failure(c *low.Chunk, comment string) *py.Dict {
	return py.DictOf("result", py.False, "name", py.Str(c.Name()), "changes", py.NewDict(), "comment", py.Str(comment))
}

// errorComment is what Salt shows for an error that a state function did not
// turn into a result. Python's traceback is left out.
func (e *engine) errorComment(err error) string {
	var bind *modules.BindError
	var salt *modules.Error
	var exc *py.Error
	switch {
	case errors.As(err, &salt):
		return exceptionComment("salt.exceptions." + salt.Class + ": " + salt.Msg)
	case errors.As(err, &bind):
		return exceptionComment("salt.exceptions.SaltInvocationError: " + bind.Msg)
	case errors.As(err, &exc):
		return exceptionComment(exc.Error())
	}
	return exceptionComment(err.Error())
}

// invoke runs the state function itself.
func (e *engine) invoke(ctx context.Context, c *low.Chunk, f *modules.Func, prereq bool) (*py.Dict, error) {
	args, err := e.funcs.fillSlots(ctx, c.Data)
	if err != nil {
		return nil, err
	}
	call := e.funcs.NewCall(c, e.Sources)
	call.Test = e.Bundle.Test || prereq
	call.RunNum = e.runNum
	call.Result = e.resultOf
	call.Lowstate = e.Bundle.Chunks
	restore := e.setUmask(c)
	defer restore()
	look := f.Check
	if c.Data.Has("sfun") {
		look = f.Watch
	}
	plan, err := look(ctx, call, args)
	if err != nil {
		return nil, err
	}
	done := plan.Would
	if plan.TestApply != nil && call.Test && !e.Bundle.ReadOnly {
		if done, err = plan.TestApply(ctx, e.Host); err != nil {
			return nil, err
		}
	}
	if plan.Apply != nil && !call.Test {
		if e.Bundle.ReadOnly {
			return nil, fmt.Errorf("%s would change this host: refused, the run is read-only", c.FullName())
		}
		if done, err = plan.Apply(ctx, e.Host); err != nil {
			return nil, err
		}
	}
	return doneDict(c, done), nil
}

// doneDict is a function's result as Salt's dict.
func doneDict(c *low.Chunk, d modules.Done) *py.Dict {
	out := py.NewDict()
	name := py.Value(py.Str(d.Name))
	if d.Name == "" {
		name = py.OrNone(c.Data.Lookup("name"))
	}
	out.SetStr("name", name)
	changes := d.Changes
	if changes == nil {
		changes = py.NewDict()
	}
	out.SetStr("changes", changes)
	out.SetStr("result", d.Result.Value())
	comment := d.CommentValue
	if comment == nil {
		comment = py.Str(d.Comment)
	}
	out.SetStr("comment", comment)
	for k, v := range d.Extra.All() {
		_ = out.Set(k, v) // k is a key already
	}
	if len(d.Warnings) > 0 {
		out.SetStr("warnings", py.Strings(d.Warnings...))
	}
	return out
}

// unify makes a return what Salt's OutputUnifier makes of it: a comment that is
// a list is joined, and a return whose changes are no mapping is replaced
// whole, its ID and number included.
func unify(d *py.Dict) *py.Dict {
	if _, ok := d.Lookup("changes").(*py.Dict); !ok {
		return py.DictOf("result", py.False, "name", py.Str("later"), "changes", py.NewDict(),
			"comment", py.Str(exceptionComment("'Changes' should be a dictionary.")))
	}
	if l, ok := d.Lookup("comment").(*py.List); ok {
		parts := make([]string, len(l.Items))
		for i, it := range l.Items {
			parts[i] = py.ToStr(it)
		}
		d.SetStr("comment", py.Str(strings.Join(parts, "\n")))
	}
	d.SetStr("result", low.TriOf(d.Lookup("result")).Value())
	return d
}

const masked = "**********"

// mask hides what a state with no_log returns.
func mask(d *py.Dict) {
	if changes, ok := d.Lookup("changes").(*py.Dict); ok && changes.Len() > 0 {
		hidden := py.NewDict()
		for k := range changes.All() {
			_ = hidden.Set(k, py.Str(masked)) // k is a key already
		}
		d.SetStr("changes", hidden)
	}
	d.SetStr("comment", py.Str(masked))
}

// refresh forgets what was learnt about the host where Salt reloads its
// modules or grains.
func (e *engine) refresh(c, data *py.Dict) {
	for _, k := range []string{"reload_modules", "reload_grains"} {
		if py.IsTrue(py.OrNone(c.Lookup(k))) {
			e.Memo.Drop("path/")
			e.Memo.Drop("grains/")
		}
	}
	if r := low.TriOf(data.Lookup("result")); r == low.True {
		e.Memo.Drop("path/")
	}
}

// resultOf is what a state returned earlier in the run.
func (e *engine) resultOf(tag string) *py.Dict {
	if r := e.running.get(tag); r != nil {
		return r.Data
	}
	return nil
}

func (e *engine) setUmask(c *low.Chunk) func() {
	u, ok := py.AsInt(py.OrNone(c.Data.Lookup("__umask__")))
	if !ok {
		return func() {}
	}
	return umask(int(u))
}

// retryOptions are a chunk's retry settings, Salt's defaults filled in.
type retryOptions struct {
	until                     py.Value
	attempts, interval, splay int64
}

func verifyRetry(v py.Value) retryOptions {
	o := retryOptions{until: py.True, attempts: 2, interval: 30}
	switch v := v.(type) {
	case py.Bool:
		if !v {
			o.attempts = 0
		}
	case *py.Dict:
		if b, ok := v.Lookup("until").(py.Bool); ok {
			o.until = b
		}
		for k, p := range map[string]*int64{"attempts": &o.attempts, "interval": &o.interval, "splay": &o.splay} {
			if n, ok := py.AsInt(py.OrNone(v.Lookup(k))); ok {
				*p = n
			}
		}
	}
	return o
}

// announce is test mode's comment.
func (o *retryOptions) announce(comment string) string {
	return fmt.Sprintf("%s  The state would be retried every %d seconds (with a splay of up to %d seconds) a maximum of %d times or until a result of %s is returned",
		comment, o.interval, o.splay, o.attempts, py.ToStr(o.until))
}

// retry runs a state again until its result is the wanted one.
func (e *engine) retry(ctx context.Context, c *py.Dict, running *results, r *low.Result, attempt int) *low.Result {
	o := verifyRetry(c.Lookup("retry"))
	if e.Bundle.Test {
		r.Data.SetStr("comment", py.Str(o.announce(r.Comment())))
		return r
	}
	if same, err := py.Equal(o.until, r.Data.Lookup("result")); err != nil || same || o.attempts <= int64(attempt) {
		return r
	}
	wait := seconds(o.interval + splay(o.splay))
	if e.stopped() || e.Sleep(ctx, wait) != nil {
		return r
	}
	again := e.call(ctx, c, running, attempt+1)
	if again == nil {
		return r
	}
	again.Data.SetStr("comment", py.Str(attemptComment(attempt, r, again.Data)))
	if a, ok := again.Data.Lookup("duration").(py.Float); ok {
		if b, ok := r.Data.Lookup("duration").(py.Float); ok {
			again.Data.SetStr("duration", a+b+py.Float(o.interval*1000))
		}
	}
	if attempt == 1 {
		again.Data.SetStr("start_time", r.Data.Lookup("start_time"))
	}
	return again
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

// attemptComment joins the comments of two attempts in Salt's words.
func attemptComment(attempt int, before *low.Result, after *py.Dict) string {
	return fmt.Sprintf("Attempt %d: Returned a result of \"%s\", with the following comment: \"%s\"\n%s",
		attempt, py.ToStr(py.OrNone(before.Data.Lookup("result"))), before.Comment(), (&low.Result{Data: after}).Comment())
}
