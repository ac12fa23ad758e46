package file

import (
	"context"
	"errors"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// op is one run of a function: the call and the host that it may change. In
// test mode the writer refuses every change.
type op struct {
	*modules.Call
	w    host.Writer
	test bool
}

// plan makes the Plan of a state that goes through its steps in one function,
// as most file states do: a test run looks with a host that refuses changes,
// a real run does everything in Apply.
func plan(ctx context.Context, c *modules.Call, run func(ctx context.Context, o *op) (*ret, error)) (modules.Plan, error) {
	if c.Test {
		r, err := run(ctx, &op{Call: c, w: host.ReadOnly(c.Reader), test: true})
		if err != nil {
			return modules.Plan{}, err
		}
		return modules.Plan{Would: r.done()}, nil
	}
	return modules.Plan{Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
		r, err := run(ctx, &op{Call: c, w: w})
		if err != nil {
			return modules.Done{}, err
		}
		return r.done(), nil
	}}, nil
}

// ret is a state's return while it is being made (Salt's ret dict).
type ret struct {
	name     string
	result   low.Tri
	comment  string
	changes  *py.Dict
	warnings []string
	extra    *py.Dict
}

func newRet(name string) *ret {
	return &ret{name: name, result: low.True, changes: py.NewDict()}
}

func (r *ret) done() modules.Done {
	return modules.Done{Result: r.result, Changes: r.changes, Comment: r.comment, Warnings: r.warnings, Name: r.name, Extra: r.extra}
}

// fail makes it a failed return and gives it back.
func (r *ret) fail(comment string) *ret {
	r.result, r.comment = low.False, comment
	return r
}

// is sets result and comment and gives it back.
func (r *ret) is(result low.Tri, comment string) *ret {
	r.result, r.comment = result, comment
	return r
}

func (r *ret) change(key string, v py.Value) { r.changes.SetStr(key, v) }

func (r *ret) warn(text string) { r.warnings = append(r.warnings, text) }

func (r *ret) skipReq() {
	if r.extra == nil {
		r.extra = py.NewDict()
	}
	r.extra.SetStr("skip_req", py.True)
}

// raised returns the text of an error as str(exception) has it in Salt.
func raised(err error) string {
	var me *modules.Error
	if errors.As(err, &me) {
		return me.Msg
	}
	var pe *py.Error
	if errors.As(err, &pe) {
		return pe.Msg
	}
	var fe *fetchError
	if errors.As(err, &fe) {
		return fe.msg
	}
	return osError(err)
}

func execError(msg string) error   { return modules.CommandExecutionError(msg) }
func invokeError(msg string) error { return modules.SaltInvocationError(msg) }
