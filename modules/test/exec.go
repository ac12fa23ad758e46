package test

import (
	"context"
	"time"

	"pinch/internal/py"
	"pinch/modules"
)

type noArgs struct{}

type anyArgs struct {
	Args   []py.Value `arg:"*"`
	Kwargs *py.Dict   `arg:"**"`
}

type kwArgs struct {
	Kwargs *py.Dict `arg:"**"`
}

type textArgs struct {
	Text py.Value `arg:"text,required" doc:"What to give back."`
}

type dataArgs struct {
	Data py.Value `arg:"data,required" doc:"What to give back."`
}

type lengthArgs struct {
	Length float64 `arg:"length,required" doc:"Seconds to wait."`
}

type numArgs struct {
	Num int64 `arg:"num,required" doc:"Numbers up to this one."`
}

type startArgs struct {
	Start int64 `arg:"start,required" doc:"The first number."`
}

type codeArgs struct {
	Code int `arg:"code" default:"42" doc:"The exit status."`
}

type assertArgs struct {
	Assertion py.Value `arg:"assertion,required" doc:"What must be true."`
}

type messageArgs struct {
	Message string `arg:"message" default:"Test Exception" doc:"The exception's text."`
}

// saltVersion is the release whose behaviour pinch has.
const saltVersion = "3008.3"

func query[A any](name, doc string, run func(ctx context.Context, c *modules.Call, a *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "test." + name, Doc: doc, Run: run}.Func()
}

func constant(name, doc string, v py.Value) *modules.Func {
	return query(name, doc, func(context.Context, *modules.Call, *noArgs) (py.Value, error) { return v, nil })
}

func execFuncs() []*modules.Func {
	return []*modules.Func{
		constant("ping", "Says True: the host can be reached and the shim runs there.", py.True),
		constant("true", "Gives True.", py.True),
		constant("false", "Gives False.", py.False),
		constant("version", "Gives the Salt release whose behaviour pinch has.", py.Str(saltVersion)),
		query("echo", "Gives the text back.", func(_ context.Context, _ *modules.Call, a *textArgs) (py.Value, error) { return a.Text, nil }),
		query("outputter", "Gives the data back.", func(_ context.Context, _ *modules.Call, a *dataArgs) (py.Value, error) { return a.Data, nil }),
		query("kwarg", "Gives the keyword arguments back.", func(_ context.Context, _ *modules.Call, a *kwArgs) (py.Value, error) { return a.Kwargs, nil }),
		query("arg", "Gives all arguments back.", arg),
		query("arg_clean", "Gives all arguments back, without Salt's own.", arg),
		query("arg_repr", "Gives all arguments back as Python writes them.", func(_ context.Context, _ *modules.Call, a *anyArgs) (py.Value, error) {
			return py.DictOf("args", py.Str(py.Repr(py.Tuple(a.Args))), "kwargs", py.Str(py.Repr(a.Kwargs))), nil
		}),
		query("arg_type", "Gives the types of all arguments.", argType),
		query("sleep", "Waits.", func(ctx context.Context, _ *modules.Call, a *lengthArgs) (py.Value, error) {
			return py.True, modules.Sleep(ctx, time.Duration(a.Length*float64(time.Second)))
		}),
		query("fib", "Gives a Fibonacci number and the seconds it took.", fib),
		query("collatz", "Gives a Collatz sequence and the seconds it took.", collatz),
		query("retcode", "Succeeds with an exit status.", func(_ context.Context, c *modules.Call, a *codeArgs) (py.Value, error) {
			c.Memo.Put(modules.RetcodeKey, int64(a.Code))
			return py.True, nil
		}),
		query("assertion", "Raises AssertionError unless the argument is true.", func(_ context.Context, _ *modules.Call, a *assertArgs) (py.Value, error) {
			if !py.IsTrue(a.Assertion) {
				return nil, &py.Error{Class: "AssertionError"}
			}
			return py.None, nil
		}),
		query("exception", "Raises an exception.", func(_ context.Context, _ *modules.Call, a *messageArgs) (py.Value, error) {
			return nil, py.Errorf("Exception", "%s", a.Message)
		}),
		query("get_opts", "Gives the minion options.", func(_ context.Context, c *modules.Call, _ *noArgs) (py.Value, error) { return c.Opts, nil }),
		query("attr_call", "Gives the grains.", func(_ context.Context, c *modules.Call, _ *noArgs) (py.Value, error) { return c.Grains, nil }),
	}
}

func arg(_ context.Context, _ *modules.Call, a *anyArgs) (py.Value, error) {
	return py.DictOf("args", py.NewList(a.Args...), "kwargs", a.Kwargs), nil
}

func argType(_ context.Context, _ *modules.Call, a *anyArgs) (py.Value, error) {
	args, kw := py.NewList(), py.NewDict()
	for _, v := range a.Args {
		args.Append(py.Str("<class '" + v.Type() + "'>"))
	}
	for k, v := range a.Kwargs.All() {
		if err := kw.Set(k, py.Str("<class '"+v.Type()+"'>")); err != nil {
			return nil, err
		}
	}
	return py.DictOf("args", args, "kwargs", kw), nil
}

func seconds(c *modules.Call, since time.Time) py.Value {
	return py.Float(c.Now().Sub(since).Seconds())
}

func fib(_ context.Context, c *modules.Call, a *numArgs) (py.Value, error) {
	start := c.Now()
	if a.Num < 2 {
		return py.Tuple{py.Int(a.Num), seconds(c, start)}, nil
	}
	if a.Num > 10_000 {
		return nil, modules.SaltInvocationError("test.fib: numbers above 10000 are refused")
	}
	prev, curr := py.Value(py.Int(0)), py.Value(py.Int(1))
	for range a.Num - 1 {
		next, err := py.Binary(py.OpAdd, prev, curr)
		if err != nil {
			return nil, err
		}
		prev, curr = curr, next
	}
	return py.Tuple{curr, seconds(c, start)}, nil
}

func collatz(ctx context.Context, c *modules.Call, a *startArgs) (py.Value, error) {
	start := c.Now()
	if a.Start < 1 || a.Start > 1<<40 {
		return nil, modules.SaltInvocationError("test.collatz: a positive number is needed")
	}
	steps := py.NewList()
	n := a.Start
	for ; n > 1 && ctx.Err() == nil; steps.Append(py.Int(n)) {
		if n%2 == 0 {
			n /= 2
		} else {
			n = n*3 + 1
		}
	}
	return py.Tuple{steps, seconds(c, start)}, ctx.Err()
}
