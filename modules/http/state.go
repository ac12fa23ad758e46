package http

import (
	"context"
	"fmt"
	"strings"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pyre"
	"pinch/modules"
	"pinch/states/low"
)

type stateArgs struct {
	Name       string   `arg:"name,required" doc:"The URL."`
	Match      py.Value `arg:"match" doc:"What the answer must have."`
	MatchType  string   `arg:"match_type" default:"string" doc:"string, or pcre for a regular expression."`
	Status     py.Value `arg:"status" doc:"The status that the answer must have."`
	StatusType string   `arg:"status_type" default:"string" doc:"string, list, or pcre for a regular expression."`
	WaitFor    py.Value `arg:"wait_for" doc:"Asks for so many seconds until there is an answer without error."`
	Extra      *py.Dict `arg:"**"`
}

type waitStateArgs struct {
	Name    string   `arg:"name,required" doc:"The URL."`
	WaitFor py.Value `arg:"wait_for" default:"300" doc:"Asks for so many seconds until the answer is the wanted one."`
	Extra   *py.Dict `arg:"**"`
}

type waitArgs struct {
	URL     string   `arg:"url,required" doc:"The URL."`
	WaitFor py.Value `arg:"wait_for" default:"300" doc:"Asks for so many seconds until there is an answer without error."`
	Extra   *py.Dict `arg:"**"`
}

// leastInterval is between two attempts where Salt does not wait at all.
const leastInterval = 200 * time.Millisecond

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return []*modules.Func{
		modules.State[stateArgs]{Name: "http.query", Check: checkQuery,
			Doc: "Asks a server and looks at its answer. Other arguments are those of the function http.query.\n\n```yaml\nhttp://127.0.0.1:8080/health:\n  http.query:\n    - status: 200\n    - match: ok\n```"}.Func(),
		modules.State[waitStateArgs]{Name: "http.wait_for_successful_query", Check: checkWait,
			Doc: "Asks a server until its answer is the wanted one. Other arguments are those of http.query.\n\n```yaml\nhttp://127.0.0.1:8080/health:\n  http.wait_for_successful_query:\n    - status: 200\n    - wait_for: 2\n```"}.Func(),
		modules.Query[queryArgs]{Name: "http.query", Doc: "Asks a server and gives its answer.",
			Run: func(ctx context.Context, c *modules.Call, a *queryArgs) (py.Value, error) {
				d, err := query(ctx, c, a)
				if err != nil {
					return nil, err
				}
				return d, nil
			}}.Func(),
		modules.Query[waitArgs]{Name: "http.wait_for_successful_query", Doc: "Asks a server until there is an answer without error, and gives it.",
			Run: func(ctx context.Context, c *modules.Call, a *waitArgs) (py.Value, error) {
				d, err := waitQuery(ctx, c, a.URL, a.WaitFor, a.Extra)
				if err != nil {
					return nil, err
				}
				return d, nil
			}}.Func(),
	}
}

// bind makes the arguments of http.query.
func bind(target string, kw *py.Dict) (*queryArgs, error) {
	kw = kw.Copy()
	kw.SetStr("url", py.Str(target))
	return modules.Bind[queryArgs]("http.query", kw)
}

// seconds reads an argument that is a number of seconds.
func seconds(v py.Value) (time.Duration, error) {
	switch x := v.(type) {
	case py.Float:
		return time.Duration(float64(x) * float64(time.Second)), nil
	case nil, py.NoneType:
		return 0, nil
	}
	n, ok := py.AsInt(v)
	if !ok {
		return 0, py.TypeErrorf("unsupported operand type(s) for +: 'float' and '%s'", v.Type())
	}
	return time.Duration(n) * time.Second, nil
}

// again calls try until it is done, the time is over or the run ends.
func again(ctx context.Context, waitFor, interval py.Value, try func() (bool, error)) error {
	limit, err := seconds(waitFor)
	if err != nil {
		return err
	}
	pause, err := seconds(interval)
	if err != nil {
		return err
	}
	over := time.NewTimer(max(limit, 0))
	defer over.Stop()
	for {
		done, err := try()
		if done || ctx.Err() != nil {
			return err
		}
		select {
		case <-over.C:
			return err
		default:
		}
		if err := modules.Sleep(ctx, max(pause, leastInterval)); err != nil {
			return err
		}
	}
}

// waitQuery is http.wait_for_successful_query.
func waitQuery(ctx context.Context, c *modules.Call, target string, waitFor py.Value, kw *py.Dict) (ret *py.Dict, err error) {
	if _, err := bind(target, kw); err != nil {
		return nil, err
	}
	err = again(ctx, waitFor, kw.Lookup("request_interval"), func() (bool, error) {
		a, err := bind(target, kw)
		if err != nil {
			return true, err
		}
		if err := a.refused(); err != nil {
			return true, err
		}
		d, err := query(ctx, c, a)
		if err == nil {
			ret = d
		}
		return err == nil && !d.Has("error") && !d.Has("Error"), err
	})
	if ret != nil && ctx.Err() == nil {
		return ret, nil
	}
	return ret, err
}

// outcome is what the state returns.
type outcome struct {
	result  py.Value
	comment string
	data    *py.Dict
}

func (o *outcome) done(test bool, kw *py.Dict) modules.Done {
	d := modules.Done{Comment: o.comment, Extra: py.DictOf("data", o.data)}
	switch o.result {
	case py.Value(py.True):
		d.Result = low.True
	case py.Value(py.False):
		d.Result = low.False
	default:
		d.Result = low.None
	}
	if test {
		d.Result = low.None
		d.Comment += " (TEST MODE"
		if u, ok := kw.GetStr("test_url"); ok {
			d.Comment += ", TEST URL WAS: " + py.ToStr(u)
		}
		d.Comment += ")"
	}
	return d
}

const wantsSomething = " Either match text (match) or a status code (status) is required."

func isNone(v py.Value) bool { return v == nil || v == py.Value(py.None) }

func checkQuery(ctx context.Context, c *modules.Call, a *stateArgs) (modules.Plan, error) {
	if isNone(a.Match) && isNone(a.Status) {
		return modules.Plan{Would: modules.Done{Result: low.False, Comment: wantsSomething, Extra: py.DictOf("data", py.NewDict())}}, nil
	}
	q, err := bind(a.Name, a.Extra)
	if err == nil {
		err = q.refused()
	}
	if err != nil {
		return modules.Plan{}, err
	}
	run := func(ctx context.Context, _ host.Writer) (modules.Done, error) {
		o, err := ask(ctx, c, a)
		if err != nil {
			return modules.Done{}, err
		}
		return o.done(c.Test, a.Extra), nil
	}
	if c.Test && q.TestURL == "" {
		d, err := run(ctx, nil)
		return modules.Plan{Would: d}, err
	}
	return modules.Plan{Would: modules.Done{Result: low.None}, Apply: run, TestApply: run}, nil
}

// ask is Salt's state http.query.
func ask(ctx context.Context, c *modules.Call, a *stateArgs) (*outcome, error) {
	kw := a.Extra.Copy()
	if !kw.Has("decode") {
		kw.SetStr("decode", py.False)
	}
	kw.SetStr("text", py.True)
	kw.SetStr("status", py.True)
	if c.Test {
		kw.SetStr("test", py.True)
	}
	o := &outcome{result: py.None}
	var err error
	if isTrue(a.WaitFor) {
		o.data, err = waitQuery(ctx, c, a.Name, a.WaitFor, kw)
	} else {
		var q *queryArgs
		if q, err = bind(a.Name, kw); err == nil {
			o.data, err = query(ctx, c, q)
		}
	}
	if err != nil {
		return nil, err
	}
	if !isNone(a.Match) {
		if err := o.match(a); err != nil {
			return nil, err
		}
	}
	if !isNone(a.Status) {
		if err := o.status(a); err != nil {
			return nil, err
		}
	}
	o.comment = strings.TrimSpace(o.comment)
	return o, nil
}

func isTrue(v py.Value) bool { return v != nil && py.IsTrue(v) }

// found notes whether something was found.
func (o *outcome) found(yes bool, what string) {
	if yes {
		o.comment += fmt.Sprintf(" %s found.", what)
	} else {
		o.comment += fmt.Sprintf(" %s not found.", what)
	}
}

func (o *outcome) match(a *stateArgs) error {
	text, want := textOf(o.data, "text"), py.ToStr(a.Match)
	switch a.MatchType {
	case "string":
		yes := strings.Contains(text, want)
		o.result = py.Bool(yes)
		o.found(yes, fmt.Sprintf("Match text \"%s\" was", want))
	case "pcre":
		yes, err := search(want, text)
		if err != nil {
			return err
		}
		o.result = py.Bool(yes)
		o.found(yes, fmt.Sprintf("Match pattern \"%s\" was", want))
	}
	return nil
}

func (o *outcome) status(a *stateArgs) error {
	have, want := textOf(o.data, "status"), py.ToStr(a.Status)
	yes, what := false, ""
	switch a.StatusType {
	case "list":
		items, err := py.Collect(a.Status)
		if err != nil {
			return err
		}
		for _, it := range items {
			if have == py.ToStr(it) {
				o.found(true, "Status "+py.ToStr(it)+" was")
				if o.result == py.Value(py.None) {
					o.result = py.True
				}
			}
		}
		if o.result != py.Value(py.True) {
			o.found(false, "Statuses "+want+" were")
			o.result = py.False
		}
		return nil
	case "pcre":
		var err error
		if yes, err = search(want, have); err != nil {
			return err
		}
		what = fmt.Sprintf("Status pattern \"%s\" was", want)
	case "string":
		yes, what = have == want, "Status "+want+" was"
	default:
		return nil
	}
	o.found(yes, what)
	switch {
	case !yes:
		o.result = py.False
	case o.result == py.Value(py.None):
		o.result = py.True
	}
	return nil
}

func textOf(d *py.Dict, key string) string {
	if v, ok := d.GetStr(key); ok {
		return py.ToStr(v)
	}
	return ""
}

// search is Python's re.search.
func search(pattern, text string) (bool, error) {
	re, err := pyre.Compile(pattern, 0)
	if err != nil {
		return false, err
	}
	m, err := re.Search(text)
	return m != nil, err
}

func checkWait(ctx context.Context, c *modules.Call, a *waitStateArgs) (modules.Plan, error) {
	kw := a.Extra.Copy()
	kw.SetStr("name", py.Str(a.Name))
	inner, err := modules.Bind[stateArgs]("http.query", kw)
	if err != nil {
		return modules.Plan{}, err
	}
	p, err := checkQuery(ctx, c, inner)
	if err != nil || p.Apply == nil || c.Test {
		return p, err // Salt asks on in test mode, in vain
	}
	p.Apply = func(ctx context.Context, _ host.Writer) (modules.Done, error) {
		var last *outcome
		err := again(ctx, a.WaitFor, a.Extra.Lookup("request_interval"), func() (bool, error) {
			o, err := ask(ctx, c, inner)
			if err == nil {
				last = o
			}
			return err == nil && o.result == py.Value(py.True), err
		})
		if last == nil || ctx.Err() != nil {
			return modules.Done{}, err
		}
		return last.done(false, a.Extra), nil
	}
	return p, nil
}
