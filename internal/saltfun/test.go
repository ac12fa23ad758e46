package saltfun

import (
	"crypto/rand"
	"encoding/hex"
	"math/big"

	"pinch/internal/fileserver"
	"pinch/internal/py"
)

func testFuncs() []*function {
	echo := func(param string) func(c *call) (py.Value, error) {
		return func(c *call) (py.Value, error) { return c.arg(param), nil }
	}
	constant := func(v py.Value) func(c *call) (py.Value, error) {
		return func(*call) (py.Value, error) { return v, nil }
	}
	return []*function{
		parse("test.echo", "text", echo("text")),
		parse("test.outputter", "data", echo("data")),
		parse("test.ping", "", constant(py.True)),
		parse("test.true", "", constant(py.True)),
		parse("test.false", "", constant(py.False)),
		parse("test.version", "", constant(py.Str(Version))),
		parse("test.kwarg", "**kwargs", func(c *call) (py.Value, error) { return c.kw, nil }),
		parse("test.arg", "*args, **kwargs", func(c *call) (py.Value, error) {
			return py.DictOf("args", py.Tuple(c.rest), "kwargs", c.kw), nil
		}),
		parse("test.arg_clean", "*args, **kwargs", func(c *call) (py.Value, error) {
			return py.DictOf("args", py.Tuple(c.rest), "kwargs", cleanKwargs(c.kw)), nil
		}),
		parse("test.arg_repr", "*args, **kwargs", func(c *call) (py.Value, error) {
			args, err := py.ReprErr(py.Tuple(c.rest))
			if err != nil {
				return nil, err
			}
			kw, err := py.ReprErr(c.kw)
			return py.DictOf("args", py.Str(args), "kwargs", py.Str(kw)), err
		}),
		parse("test.arg_type", "*args, **kwargs", func(c *call) (py.Value, error) {
			args, kw := py.NewList(), py.NewDict()
			for _, v := range c.rest {
				args.Append(py.Str("<class '" + v.Type() + "'>"))
			}
			for k, v := range c.kw.All() {
				kw.SetStr(string(k.(py.Str)), py.Str("<class '"+v.Type()+"'>"))
			}
			return py.DictOf("args", args, "kwargs", kw), nil
		}),
		parse("test.exception", "message='Test Exception'", func(c *call) (py.Value, error) {
			return nil, py.Errorf("Exception", "%s", py.ToStr(c.arg("message")))
		}),
		parse("test.assertion", "assertion", func(c *call) (py.Value, error) {
			if !c.is("assertion") {
				return nil, py.Errorf("AssertionError", "")
			}
			return py.None, nil
		}),
		parse("test.provider", "module", provider),
		parse("test.get_opts", "", func(c *call) (py.Value, error) { return c.h.Opts, nil }),
		parse("test.conf_test", "", func(c *call) (py.Value, error) {
			return c.h.Call(c.ctx, "config.option", py.NewArgs(py.Str("test.foo")))
		}),
		parse("test.cross_test", "func, args=None", func(c *call) (py.Value, error) {
			var args []py.Value
			if !c.none("args") {
				var err error
				if args, err = py.Collect(c.arg("args")); err != nil {
					return nil, err
				}
			}
			return c.h.Call(c.ctx, py.ToStr(c.arg("func")), py.NewArgs(args...))
		}),
		parse("test.try", "module, return_try_exception=False, **kwargs", func(c *call) (py.Value, error) {
			args := &py.Args{}
			for k, v := range c.kw.All() {
				args.Kw = append(args.Kw, py.KwArg{Name: string(k.(py.Str)), Value: v})
			}
			v, err := c.h.Call(c.ctx, py.ToStr(c.arg("module")), args)
			switch {
			case err == nil:
				return v, nil
			case c.is("return_try_exception"):
				return py.Str(text(err)), nil
			}
			return py.None, nil
		}),
		parse("test.rand_str", "size=9999999999, hash_type=None", randomHash),
		parse("test.random_hash", "size=9999999999, hash_type=None", randomHash),
	}
}

func randomHash(c *call) (py.Value, error) {
	size, ok := py.AsInt(c.arg("size"))
	if !ok || size < 0 {
		return nil, py.ValueErrorf("empty range for randrange() (0, %s, %s)", py.ToStr(c.arg("size")), py.ToStr(c.arg("size")))
	}
	kind := c.h.Opts.String("hash_type")
	if !c.none("hash_type") {
		kind = py.ToStr(c.arg("hash_type"))
	}
	if kind == "" {
		kind = "sha256"
	}
	h, err := fileserver.NewHash(kind)
	if err != nil {
		return nil, py.AttributeErrorf("module 'hashlib' has no attribute '%s'", kind)
	}
	n, err := rand.Int(rand.Reader, new(big.Int).Add(big.NewInt(size), big.NewInt(1)))
	if err != nil {
		return nil, err
	}
	h.Write([]byte(n.String()))
	return py.Str(hex.EncodeToString(h.Sum(nil))), nil
}
