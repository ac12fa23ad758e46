package modules

import (
	"context"
	"fmt"
	"reflect"

	"pinch/internal/host"
	"pinch/internal/py"
)

// Hundreds of functions are declared, each with its own type of arguments, and
// what is generic in that type is compiled once for each: the methods Func of
// State, Query and Action must stay one call. The functions here are generic
// in the pointer P to the arguments instead. The compiler has one body for all
// pointer types, so that a declaration costs the shim some 200 bytes.

// virtual is a module's __virtual__.
type virtual = func(c *Call) (ok bool, reason string)

func eraseState[P any](name, doc string, access Access, platforms []string, v virtual, aggregate Aggregate,
	check, watch func(context.Context, *Call, P) (Plan, error),
) *Func {
	f := newFunc(name, StateKind, doc, platforms, reflect.TypeFor[P]())
	f.Access, f.virtual, f.aggregate = access, v, aggregate
	f.check = func(ctx context.Context, c *Call, args any) (Plan, error) {
		return check(ctx, c, args.(P))
	}
	if watch != nil {
		f.watch = func(ctx context.Context, c *Call, args any) (Plan, error) {
			return watch(ctx, c, args.(P))
		}
	}
	return f
}

func eraseQuery[P any](name, doc string, where Where, platforms []string, v virtual,
	run func(context.Context, *Call, P) (py.Value, error),
) *Func {
	f := newFunc(name, ExecKind, doc, platforms, reflect.TypeFor[P]())
	f.Access, f.Where, f.virtual = ReadOnly, where, v
	f.exec = func(ctx context.Context, c *Call, _ host.Writer, args any) (py.Value, error) {
		return run(ctx, c, args.(P))
	}
	return f
}

func eraseAction[P any](name, doc string, platforms []string, v virtual,
	run func(context.Context, *Call, host.Writer, P) (py.Value, error),
) *Func {
	f := newFunc(name, ExecKind, doc, platforms, reflect.TypeFor[P]())
	f.virtual = v
	f.exec = func(ctx context.Context, c *Call, w host.Writer, args any) (py.Value, error) {
		return run(ctx, c, w, args.(P))
	}
	return f
}

// newFunc returns a function without its body, whose arguments the type
// pointer points to. It panics when their declaration is wrong.
func newFunc(name string, kind Kind, doc string, platforms []string, pointer reflect.Type) *Func {
	f := &Func{Name: name, Kind: kind, Doc: doc, Platforms: platforms, args: pointer.Elem()}
	var err error
	if f.Params, f.KwArgs, f.VarArgs, err = paramsOf(f.args); err != nil {
		panic(fmt.Sprintf("function %s: %v", name, err))
	}
	return f
}
