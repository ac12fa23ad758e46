package jinja

import (
	"context"
	"slices"

	"pinch/internal/py"
)

// Module is an imported template: the names it exports and its text.
type Module struct {
	name string
	body string
	vars *py.Dict
}

// Type implements py.Value.
func (m *Module) Type() string { return "TemplateModule" }

// TypeModule is the module of the class, which messages name.
func (m *Module) TypeModule() string { return "jinja2.environment" }

// PyStr implements py.Stringer: the text that the template rendered to.
func (m *Module) PyStr() (string, error) { return m.body, nil }

// PyRepr implements py.Reprer.
func (m *Module) PyRepr() (string, error) { return "<TemplateModule " + quote(m.name) + ">", nil }

// Attr implements py.AttrGetter.
func (m *Module) Attr(name string) (py.Value, bool, error) {
	if v, ok := m.vars.GetStr(name); ok {
		return v, true, nil
	}
	if name == "__name__" {
		return py.Str(m.name), true, nil
	}
	if name == "_body_stream" {
		return py.NewList(py.Str(m.body)), true, nil
	}
	return nil, false, nil
}

// selfRef is the variable self: the template's blocks.
type selfRef struct{ c *Context }

func (s *selfRef) Type() string       { return "TemplateReference" }
func (s *selfRef) TypeModule() string { return "jinja2.runtime" }
func (s *selfRef) PyRepr() (string, error) {
	name := "None"
	if s.c.tmpl.name != "" {
		name = quote(s.c.tmpl.name)
	}
	return "<TemplateReference " + name + ">", nil
}

func (s *selfRef) Item(key py.Value) (py.Value, error) {
	if name, ok := strOf(key); ok {
		if stack := s.c.blocks[name]; stack != nil {
			return &blockRef{name, s.c, stack, 0}, nil
		}
	}
	if err := py.Hashable(key); err != nil {
		return nil, err
	}
	return nil, py.KeyError(key)
}

// Iter implements py.Iterable: it looks for the block 0, as Python does with
// what has items but no iterator.
func (s *selfRef) Iter() (py.Iterator, error) { return s, nil }

// Next implements py.Iterator.
func (s *selfRef) Next() (py.Value, bool, error) { return nil, false, py.KeyError(py.Int(0)) }

// blockRef is one block of an inheritance chain as a function.
type blockRef struct {
	name  string
	c     *Context
	stack []*function
	depth int
}

func (b *blockRef) Type() string       { return "BlockReference" }
func (b *blockRef) TypeModule() string { return "jinja2.runtime" }

func (b *blockRef) PyRepr() (string, error) { return "<jinja2.runtime.BlockReference object>", nil }

func (b *blockRef) Attr(name string) (py.Value, bool, error) {
	switch name {
	case "super":
		if b.depth+1 >= len(b.stack) {
			return b.c.noParent(b.name), true, nil
		}
		return &blockRef{b.name, b.c, b.stack, b.depth + 1}, true, nil
	case "name":
		return py.Str(b.name), true, nil
	}
	return nil, false, nil
}

func (b *blockRef) Call(_ context.Context, args *py.Args) (py.Value, error) {
	if n := len(args.Pos); n > 0 {
		return nil, py.TypeErrorf("BlockReference.__call__() takes 1 positional argument but %d were given", n+1)
	}
	rt := b.c.rt
	w := rt.writer()
	defer rt.release(w)
	if err := b.c.runBlock(b.stack[b.depth], w); err != nil {
		return nil, err
	}
	if b.c.escape {
		return Markup(w.String()), nil
	}
	return py.Str(w.String()), nil
}

func (c *Context) noParent(name string) *Undefined {
	return c.undefinedHint("there is no parent block called "+quote(name)+".", "super")
}

// super is the variable super inside a block.
func (c *Context) super(fn *function) py.Value {
	stack := c.blocks[fn.block]
	i := slices.Index(stack, fn)
	if i < 0 || i+1 >= len(stack) {
		return c.noParent(fn.block)
	}
	return &blockRef{fn.block, c, stack, i + 1}
}
