package jinja

import (
	"strings"

	"pinch/internal/py"
)

// Markup is a str that is safe to put into HTML: operators and methods escape
// what they combine it with. Salt's json and yaml filters return it.
type Markup string

// Type implements py.Value.
func (Markup) Type() string { return "Markup" }

// TypeModule is the module of the class, which messages name.
func (Markup) TypeModule() string { return "markupsafe" }

// PyString implements py.StrLike.
func (m Markup) PyString() string { return string(m) }

// PyStr implements py.Stringer.
func (m Markup) PyStr() (string, error) { return string(m), nil }

// PyRepr implements py.Reprer.
func (m Markup) PyRepr() (string, error) { return "Markup(" + quote(string(m)) + ")", nil }

// Truth implements py.Truther.
func (m Markup) Truth() (bool, error) { return m != "", nil }

// Len implements py.Lener.
func (m Markup) Len() int {
	n, err := py.Len(py.Str(m))
	if err != nil {
		return 0
	}
	return n
}

// Iter implements py.Iterable: the characters are plain strings.
func (m Markup) Iter() (py.Iterator, error) { return py.Iterate(py.Str(m)) }

// Contains implements py.Container.
func (m Markup) Contains(v py.Value) (bool, error) { return py.Contains(py.Str(m), v) }

// EqualTo implements py.Equaler.
func (m Markup) EqualTo(other py.Value) (equal, known bool, err error) {
	s, ok := strOf(other)
	return ok && s == string(m), ok, nil
}

// OrderTo implements py.Orderer.
func (m Markup) OrderTo(op py.CmpOp, other py.Value) (holds, known bool, err error) {
	s, ok := strOf(other)
	if !ok {
		return false, false, nil
	}
	return op.Holds(strings.Compare(string(m), s)), true, nil
}

// HashKey implements py.Hasher: the same key as the plain str.
func (m Markup) HashKey() (any, error) { return py.Str(m), nil }

// Item implements py.ItemGetter.
func (m Markup) Item(key py.Value) (py.Value, error) {
	v, err := py.GetItem(py.Str(m), key)
	if s, ok := v.(py.Str); ok && err == nil {
		return Markup(s), nil
	}
	return v, err
}

// PyFormat implements py.Formatter.
func (m Markup) PyFormat(spec string) (string, error) { return py.FormatStr(m, string(m), spec) }

// BinaryOp implements py.Operand: + and % escape the other side.
func (m Markup) BinaryOp(op py.BinOp, other py.Value, reflected bool) (py.Value, bool, error) {
	switch op {
	case py.OpAdd:
		s, ok := strOf(other)
		if !ok {
			return nil, false, nil
		}
		if _, safe := other.(Markup); !safe {
			s = escapeHTML(s)
		}
		if reflected {
			return Markup(s) + m, true, nil
		}
		return m + Markup(s), true, nil
	case py.OpMul:
		if _, err := py.Index(other); err != nil {
			return nil, true, err
		}
		v, err := py.Binary(py.OpMul, py.Str(m), other)
		if s, ok := v.(py.Str); ok {
			return Markup(s), true, err
		}
		return v, true, err
	case py.OpMod:
		if reflected {
			return nil, false, nil
		}
		v, err := py.Binary(py.OpMod, py.Str(m), escapedArgs(other))
		if s, ok := v.(py.Str); ok {
			return Markup(s), true, err
		}
		return v, true, err
	}
	return nil, false, nil
}

// escapedArgs wraps the right side of a % so that what is put in is escaped.
func escapedArgs(v py.Value) py.Value {
	switch v := v.(type) {
	case py.Tuple:
		out := make(py.Tuple, len(v))
		for i, it := range v {
			out[i] = &escapeHelper{it}
		}
		return out
	case py.Str, Markup:
	case *py.Dict, *py.List, py.Bytes, *py.Range, py.ItemGetter:
		return &escapeHelper{v}
	}
	return py.Tuple{&escapeHelper{v}}
}

// escapeHelper is markupsafe's _MarkupEscapeHelper: its texts are escaped.
type escapeHelper struct{ v py.Value }

// Type implements py.Value.
func (*escapeHelper) Type() string { return "_MarkupEscapeHelper" }

// PyStr implements py.Stringer.
func (h *escapeHelper) PyStr() (string, error) {
	s, err := py.StrErr(h.v)
	if _, safe := h.v.(Markup); safe {
		return s, err
	}
	return escapeHTML(s), err
}

// PyRepr implements py.Reprer.
func (h *escapeHelper) PyRepr() (string, error) {
	s, err := py.ReprErr(h.v)
	return escapeHTML(s), err
}

// Item implements py.ItemGetter.
func (h *escapeHelper) Item(key py.Value) (py.Value, error) {
	v, err := py.GetItem(h.v, key)
	return &escapeHelper{v}, err
}

// ToInt implements py.Inter.
func (h *escapeHelper) ToInt() (py.Value, error) { return py.ToInt(h.v) }

// ToFloat implements py.Floater.
func (h *escapeHelper) ToFloat() (py.Value, error) { return py.ToFloat(h.v) }

// escapePlain escapes a plain str and unwraps Markup.
func escapePlain(v py.Value) py.Value {
	switch v := v.(type) {
	case py.Str:
		return py.Str(escapeHTML(string(v)))
	case Markup:
		return py.Str(v)
	}
	return v
}

// plainArgs unwraps Markup arguments for functions that know only str.
func plainArgs(a *py.Args) *py.Args {
	found := false
	for _, v := range a.Pos {
		if _, ok := v.(Markup); ok {
			found = true
		}
	}
	for _, k := range a.Kw {
		if _, ok := k.Value.(Markup); ok {
			found = true
		}
	}
	if !found {
		return a
	}
	out := &py.Args{Pos: append([]py.Value(nil), a.Pos...), Kw: append([]py.KwArg(nil), a.Kw...)}
	for i, v := range out.Pos {
		if m, ok := v.(Markup); ok {
			out.Pos[i] = py.Str(m)
		}
	}
	for i, k := range out.Kw {
		if m, ok := k.Value.(Markup); ok {
			out.Kw[i].Value = py.Str(m)
		}
	}
	return out
}

func markupResult(name string, v py.Value) py.Value {
	switch v := v.(type) {
	case py.Str:
		return Markup(v)
	case *py.List:
		switch name {
		case "split", "rsplit", "splitlines":
			for i, it := range v.Items {
				if s, ok := it.(py.Str); ok {
					v.Items[i] = Markup(s)
				}
			}
		}
	case py.Tuple:
		switch name {
		case "partition", "rpartition":
			out := make(py.Tuple, len(v))
			for i, it := range v {
				if s, ok := it.(py.Str); ok {
					out[i] = Markup(s)
				} else {
					out[i] = it
				}
			}
			return out
		}
	}
	return v
}

// markupOf is Markup(v) of a string value; others stay.
func markupOf(v py.Value) py.Value {
	if s, ok := v.(py.Str); ok {
		return Markup(s)
	}
	return v
}

// markupJoin concatenates for ~ under autoescaping: everything is escaped as
// soon as one part is safe.
func markupJoin(vals []py.Value) (py.Value, error) {
	var b strings.Builder
	safe := false
	for _, v := range vals {
		if _, ok := v.(Markup); ok {
			safe = true
		}
	}
	for _, v := range vals {
		s, err := py.StrErr(v)
		if err != nil {
			return nil, err
		}
		if _, ok := v.(Markup); safe && !ok {
			s = escapeHTML(s)
		}
		b.WriteString(s)
	}
	if safe {
		return Markup(b.String()), nil
	}
	return py.Str(b.String()), nil
}

// escapeHTML is markupsafe.escape.
func escapeHTML(s string) string {
	if !strings.ContainsAny(s, `&<>'"`) {
		return s
	}
	return strings.NewReplacer("&", "&amp;", ">", "&gt;", "<", "&lt;", "'", "&#39;", `"`, "&#34;").Replace(s)
}
