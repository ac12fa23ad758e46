package jinja

import "pinch/internal/py"

// Undefined is the value of what does not exist: a missing variable,
// attribute, item or macro argument.
type Undefined struct {
	kind  UndefinedKind
	hint  string
	obj   py.Value // nil: a variable
	name  py.Value // nil: none
	class string   // of the exception, "" for UndefinedError
}

func (c *Context) undefinedName(name string) *Undefined {
	return &Undefined{kind: c.rt.opts.Undefined, name: py.Str(name)}
}

func (c *Context) undefinedHint(hint, name string) *Undefined {
	u := &Undefined{kind: c.rt.opts.Undefined, hint: hint}
	if name != "" {
		u.name = py.Str(name)
	}
	return u
}

// UndefinedHint returns an undefined value of the render's kind whose error
// text is hint. Filters return it for "nothing there".
func (c *Context) UndefinedHint(hint string) py.Value { return c.undefinedHint(hint, "") }

func (c *Context) undefinedOf(obj, name py.Value) *Undefined {
	return &Undefined{kind: c.rt.opts.Undefined, obj: obj, name: name}
}

// IsUndefined says whether v is an undefined value.
func IsUndefined(v py.Value) bool {
	_, ok := v.(*Undefined)
	return ok
}

func (u *Undefined) message() string {
	switch {
	case u.hint != "":
		return u.hint
	case u.obj == nil:
		return reprName(u.name) + " is undefined"
	}
	if _, ok := strOf(u.name); !ok {
		return objectType(u.obj) + " has no element " + reprName(u.name)
	}
	return quote(objectType(u.obj)) + " has no attribute " + reprName(u.name)
}

func reprName(v py.Value) string {
	if v == nil {
		return "None"
	}
	return py.Repr(v)
}

// fail is the error of using the value.
func (u *Undefined) fail() error {
	class := u.class
	if class == "" {
		class = classUndefined
	}
	return py.Errorf(class, "%s", u.message())
}

func (u *Undefined) strict() bool { return u.kind == Strict }

// Type implements py.Value.
func (u *Undefined) Type() string {
	return [...]string{"StrictUndefined", "Undefined", "ChainableUndefined", "DebugUndefined"}[u.kind]
}

// TypeModule is the module of the class, which messages name.
func (u *Undefined) TypeModule() string { return "jinja2.runtime" }

// Truth implements py.Truther.
func (u *Undefined) Truth() (bool, error) {
	if u.strict() {
		return false, u.fail()
	}
	return false, nil
}

// PyStr implements py.Stringer.
func (u *Undefined) PyStr() (string, error) {
	switch u.kind {
	case Strict:
		return "", u.fail()
	case Debug:
		switch {
		case u.hint != "":
			return "{{ undefined value printed: " + u.hint + " }}", nil
		case u.obj == nil:
			return "{{ " + py.ToStr(u.name) + " }}", nil
		}
		return "{{ no such element: " + objectType(u.obj) + "[" + reprName(u.name) + "] }}", nil
	}
	return "", nil
}

// PyRepr implements py.Reprer.
func (u *Undefined) PyRepr() (string, error) { return "Undefined", nil }

func (u *Undefined) iter() (py.Iterator, error) {
	if u.strict() {
		return nil, u.fail()
	}
	return py.Iterate(py.Tuple(nil))
}

// Iter implements py.Iterable.
func (u *Undefined) Iter() (py.Iterator, error) { return u.iter() }

// Length is len(): an error when strict.
func (u *Undefined) Length() (int, error) {
	if u.strict() {
		return 0, u.fail()
	}
	return 0, nil
}

// Contains implements py.Container.
func (u *Undefined) Contains(py.Value) (bool, error) {
	if u.strict() {
		return false, u.fail()
	}
	return false, nil
}

// EqualTo implements py.Equaler.
func (u *Undefined) EqualTo(other py.Value) (equal, known bool, err error) {
	if u.strict() {
		return false, true, u.fail()
	}
	o, ok := other.(*Undefined)
	if ok && o.strict() {
		return false, true, o.fail()
	}
	return ok && o.kind == u.kind, true, nil
}

// HashKey implements py.Hasher.
func (u *Undefined) HashKey() (any, error) {
	if u.strict() {
		return nil, u.fail()
	}
	return undefinedKey(u.kind), nil
}

type undefinedKey UndefinedKind

// OrderTo implements py.Orderer.
func (u *Undefined) OrderTo(py.CmpOp, py.Value) (holds, known bool, err error) {
	return false, true, u.fail()
}

// BinaryOp implements py.Operand.
func (u *Undefined) BinaryOp(op py.BinOp, other py.Value, reflected bool) (py.Value, bool, error) {
	if reflected && op == py.OpMod { // a format string prints it
		switch other.(type) {
		case py.Str, Markup, py.Bytes:
			return nil, false, nil
		}
	}
	return nil, true, u.fail()
}

// UnaryOp implements py.UnaryOperand.
func (u *Undefined) UnaryOp(py.UnaryOp) (py.Value, bool, error) { return nil, true, u.fail() }

// Item implements py.ItemGetter.
func (u *Undefined) Item(py.Value) (py.Value, error) {
	if u.kind == Chainable {
		return u, nil
	}
	return nil, u.fail()
}

// Attr implements py.AttrGetter.
func (u *Undefined) Attr(name string) (py.Value, bool, error) {
	if len(name) > 4 && name[:2] == "__" && name[len(name)-2:] == "__" {
		return nil, false, nil
	}
	if u.kind == Chainable {
		return u, true, nil
	}
	return nil, false, u.fail()
}

// ToInt implements py.Inter.
func (u *Undefined) ToInt() (py.Value, error) { return nil, u.fail() }

// ToFloat implements py.Floater.
func (u *Undefined) ToFloat() (py.Value, error) { return nil, u.fail() }
